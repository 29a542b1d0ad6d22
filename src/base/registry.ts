/** Registries are explicit lists, one line per entry; this finds an entry by its id. */
import { OptionError } from './options.ts';
import { available, shown } from './wording.ts';

/** @throws {OptionError} that says what exists. */
export function findEntry<Entry extends { readonly id: string }>(
  family: string,
  entries: readonly Entry[],
  id: string,
): Entry {
  const entry = entries.find((candidate) => candidate.id === id);
  if (entry === undefined) {
    const ids = entries.map((candidate) => candidate.id);
    throw new OptionError(`There is no ${family} ${shown(id)}; ${available(ids, id)}.`);
  }
  return entry;
}

/** Registries are explicit lists, one line per entry; this finds an entry by its id. */
import { OptionError } from './options.ts';

/** @throws {OptionError} that lists what exists. */
export function findEntry<Entry extends { readonly id: string }>(
  family: string,
  entries: readonly Entry[],
  id: string,
): Entry {
  const entry = entries.find((candidate) => candidate.id === id);
  if (entry === undefined) {
    const known = entries.map((candidate) => candidate.id).join(', ');
    throw new OptionError(`There is no ${family} "${id}"; there are ${known}.`);
  }
  return entry;
}

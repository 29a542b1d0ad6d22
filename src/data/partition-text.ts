/**
 * A partition in one word, as URLs and the command line write it: `iid`, `shards:2`, `dirichlet:0.3`.
 * What follows the colon is the value of the partitioner's first option.
 */
import { completeOptions, OptionError, type Options } from '../base/options.ts';
import { findEntry } from '../base/registry.ts';
import { PARTITIONS } from './index.ts';

export interface PartitionChoice {
  readonly id: string;
  readonly options: Options;
}

/** @throws {OptionError} in one line that says what is allowed. */
export function parsePartition(text: string): PartitionChoice {
  const colon = text.indexOf(':');
  const id = (colon < 0 ? text : text.slice(0, colon)).trim();
  const entry = findEntry('partition', PARTITIONS, id);
  if (colon < 0) return { id, options: completeOptions('partition', entry.options) };
  const [option] = Object.keys(entry.options);
  if (option === undefined) throw new OptionError(`partition: ${id} takes no value; write just "${id}".`);
  return { id, options: completeOptions('partition', entry.options, { [option]: text.slice(colon + 1) }) };
}

/** The inverse of `parsePartition`. @throws {OptionError} for an unknown partitioner. */
export function partitionText(choice: PartitionChoice): string {
  const entry = findEntry('partition', PARTITIONS, choice.id);
  const [option] = Object.keys(entry.options);
  return option === undefined
    ? choice.id
    : `${choice.id}:${choice.options[option] ?? entry.options[option]?.default}`;
}

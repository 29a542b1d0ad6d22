/**
 * The option that all data sets from files share: whether every tab brings a file of its own. Peers then
 * agree on columns and classes alone, and a worker trains on all the rows that its tab has.
 */
import type { OptionSpec, Options } from '../base/options.ts';

export const PRIVATE = {
  kind: 'boolean',
  label: 'private',
  help: 'Every tab takes a file of its own with the same columns and classes, and its workers train on all of it; nothing is dealt.',
  default: false,
} as const satisfies OptionSpec;

export const isPrivate = (options: Options): boolean => options.private === true;

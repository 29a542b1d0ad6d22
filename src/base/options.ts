/**
 * Option schemas: how an algorithm, compressor, topology, model or dataset declares its settings.
 *
 * One declaration drives the form in the page, the URL, the command line and `run.json`; nothing else
 * has to change when an entry gains an option. This is not a general validation library: messages from
 * peers are checked with valibot in `src/protocol`.
 */

import { shown } from './wording.ts';

interface Described {
  /** Words for the form, e.g. "consensus step size". */
  readonly label: string;
  /** One sentence of explanation: what it does, in which unit, and when to change it. */
  readonly help: string;
}

export interface NumberOption extends Described {
  readonly kind: 'number';
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly integer?: boolean;
  /** A word for 0 where 0 means something of its own ("full"); 0 is then a value whatever `min` is, written as that word. */
  readonly zero?: string;
}
export interface ChoiceOption extends Described {
  readonly kind: 'choice';
  readonly default: string;
  readonly choices: readonly string[];
}
export interface BooleanOption extends Described {
  readonly kind: 'boolean';
  readonly default: boolean;
}
export interface NumbersOption extends Described {
  readonly kind: 'numbers';
  readonly default: readonly number[];
  readonly min: number;
  readonly max: number;
  readonly integer?: boolean;
  readonly maxLength: number;
}

/** Free text of one line, such as the name of a column; or text of a form of its own. */
export interface TextOption extends Described {
  readonly kind: 'text';
  readonly default: string;
  readonly maxLength: number;
  /** What the whole text must look like, and that in words for whoever writes it. */
  readonly pattern?: { readonly expression: RegExp; readonly words: string };
}

export type OptionSpec = NumberOption | ChoiceOption | BooleanOption | NumbersOption | TextOption;
export type OptionSchema = Readonly<Record<string, OptionSpec>>;
export type OptionValue = number | string | boolean | readonly number[];
export type Options = Readonly<Record<string, OptionValue>>;

/** A bad option value: the message names the option, what was given and what is allowed. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

/** What a value of this option may be, in words a person can act on. */
export function allowed(spec: OptionSpec): string {
  switch (spec.kind) {
    case 'number': {
      const range = `${spec.integer ? 'a whole number' : 'a number'} from ${spec.min} to ${spec.max}`;
      return spec.zero === undefined ? range : `${spec.zero}, or ${range}`;
    }
    case 'choice':
      return `one of ${spec.choices.join(', ')}`;
    case 'boolean':
      return 'true or false (on or off)';
    case 'numbers':
      return `up to ${spec.maxLength} ${spec.integer ? 'whole numbers' : 'numbers'} from ${spec.min} to ${spec.max}, separated by commas`;
    case 'text':
      return `${spec.pattern?.words ?? 'text of one line'}, up to ${spec.maxLength} characters`;
  }
}

/** Control characters, line ends among them. */
const UNPRINTABLE = /\p{Cc}/u;

function isNumberWithin(value: unknown, spec: NumberOption | NumbersOption): value is number {
  return (
    typeof value === 'number' &&
    Number.isFinite(value) &&
    ((value >= spec.min && value <= spec.max) ||
      (value === 0 && spec.kind === 'number' && spec.zero !== undefined)) &&
    (!spec.integer || Number.isInteger(value))
  );
}

/** What a yes or no may be written as. */
const SWITCH: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['on', true],
  ['false', false],
  ['off', false],
]);

function fromText(spec: OptionSpec, text: string): unknown {
  const trimmed = text.trim();
  switch (spec.kind) {
    case 'number':
      if (spec.zero !== undefined) {
        if (trimmed === spec.zero) return 0;
        // What 0 stands for is a word: nobody is to write 0 and get all there is.
        if (Number(trimmed) === 0) return Number.NaN;
      }
      return trimmed === '' ? Number.NaN : Number(trimmed);
    case 'choice':
    case 'text':
      return trimmed;
    case 'boolean':
      return SWITCH.get(trimmed) ?? trimmed;
    case 'numbers':
      return trimmed === ''
        ? []
        : trimmed.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  }
}

/**
 * Checks one value (already typed, or text from a URL or a flag) against its declaration.
 * @throws {OptionError} with one line that says what is allowed.
 */
export function parseOption(path: string, spec: OptionSpec, given: unknown): OptionValue {
  const value = typeof given === 'string' ? fromText(spec, given) : given;
  const refuse = () =>
    new OptionError(`${path}: ${shown(given)} is not allowed; it must be ${allowed(spec)}.`);
  switch (spec.kind) {
    case 'number':
      if (!isNumberWithin(value, spec)) throw refuse();
      return value;
    case 'choice':
      if (typeof value !== 'string' || !spec.choices.includes(value)) throw refuse();
      return value;
    case 'boolean':
      if (typeof value !== 'boolean') throw refuse();
      return value;
    case 'numbers': {
      if (!Array.isArray(value) || value.length > spec.maxLength) throw refuse();
      const numbers: number[] = [];
      for (const item of value) {
        if (!isNumberWithin(item, spec)) throw refuse();
        numbers.push(item);
      }
      return numbers;
    }
    case 'text':
      if (typeof value !== 'string' || value.length > spec.maxLength || UNPRINTABLE.test(value))
        throw refuse();
      if (spec.pattern?.expression.test(value) === false) throw refuse();
      return value;
  }
}

/** A value as text that `parseOption` reads back: for URLs and forms. */
export function optionText(spec: OptionSpec | undefined, value: OptionValue): string {
  if (spec?.kind === 'number' && value === 0 && spec.zero !== undefined) return spec.zero;
  return Array.isArray(value) ? value.join(',') : String(value);
}

/**
 * The full set of options of an entry: defaults overlaid with what was given.
 * @throws {OptionError} for an unknown name or a value outside what is allowed.
 */
export function completeOptions(
  path: string,
  schema: OptionSchema,
  given: Readonly<Record<string, unknown>> = {},
): Options {
  const names = Object.keys(schema);
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(schema, name)) {
      const known = names.length > 0 ? `its options are ${names.join(', ')}` : 'it has no options';
      throw new OptionError(`${path}.${name.slice(0, 40)} does not exist; ${known}.`);
    }
  }
  const complete: Record<string, OptionValue> = {};
  for (const name of names) {
    const spec = schema[name];
    if (spec === undefined) continue;
    complete[name] = Object.hasOwn(given, name)
      ? parseOption(`${path}.${name}`, spec, given[name])
      : spec.default;
  }
  return complete;
}

/** Reads a number option that `completeOptions` has already checked. */
export function numberOption(options: Options, name: string): number {
  const value = options[name];
  if (typeof value !== 'number') throw new OptionError(`${name} must be a number.`);
  return value;
}

/** Reads a choice option that `completeOptions` has already checked. */
export function choiceOption(options: Options, name: string): string {
  const value = options[name];
  if (typeof value !== 'string') throw new OptionError(`${name} must be a choice.`);
  return value;
}

/** Reads a yes-or-no option that `completeOptions` has already checked. */
export function booleanOption(options: Options, name: string): boolean {
  const value = options[name];
  if (typeof value !== 'boolean') throw new OptionError(`${name} must be true or false.`);
  return value;
}

/** Reads a text option that `completeOptions` has already checked. */
export function textOption(options: Options, name: string): string {
  const value = options[name];
  if (typeof value !== 'string') throw new OptionError(`${name} must be text.`);
  return value;
}

/** Reads a list option that `completeOptions` has already checked. */
export function numbersOption(options: Options, name: string): readonly number[] {
  const value = options[name];
  if (!Array.isArray(value)) throw new OptionError(`${name} must be a list of numbers.`);
  return value;
}

/**
 * Option schemas: how an algorithm, compressor, topology, model or dataset declares its settings.
 *
 * One declaration drives the form in the page, the URL, the command line and `run.json`; nothing else
 * has to change when an entry gains an option. This is not a general validation library: messages from
 * peers are checked with valibot in `src/protocol`.
 */

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

export type OptionSpec = NumberOption | ChoiceOption | BooleanOption | NumbersOption;
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
    case 'number':
      return `${spec.integer ? 'a whole number' : 'a number'} from ${spec.min} to ${spec.max}`;
    case 'choice':
      return `one of ${spec.choices.join(', ')}`;
    case 'boolean':
      return 'true or false';
    case 'numbers':
      return `up to ${spec.maxLength} ${spec.integer ? 'whole numbers' : 'numbers'} from ${spec.min} to ${spec.max}, separated by commas`;
  }
}

function isNumberWithin(value: unknown, spec: NumberOption | NumbersOption): value is number {
  return (
    typeof value === 'number' &&
    Number.isFinite(value) &&
    value >= spec.min &&
    value <= spec.max &&
    (!spec.integer || Number.isInteger(value))
  );
}

function fromText(spec: OptionSpec, text: string): unknown {
  const trimmed = text.trim();
  switch (spec.kind) {
    case 'number':
      return trimmed === '' ? Number.NaN : Number(trimmed);
    case 'choice':
      return trimmed;
    case 'boolean':
      return trimmed === 'true' ? true : trimmed === 'false' ? false : trimmed;
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
    new OptionError(`${path}: ${JSON.stringify(given)} is not allowed; it must be ${allowed(spec)}.`);
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
  }
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
      throw new OptionError(`${path}.${name} does not exist; ${known}.`);
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

/** Reads a list option that `completeOptions` has already checked. */
export function numbersOption(options: Options, name: string): readonly number[] {
  const value = options[name];
  if (!Array.isArray(value)) throw new OptionError(`${name} must be a list of numbers.`);
  return value;
}

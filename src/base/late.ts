/**
 * Parts of the lab that are fetched after the rest: panels, readers of files, the graphics engine. What came
 * stays; what failed is fetched anew when it is asked for again, since a server may be away for a moment.
 *
 * A second `import()` of a module that could not be fetched does fetch it again, it and what it imports, in
 * pages and in workers (measured in Chromium 156; HTML's module map keeps no failed fetches). So no address
 * needs changing, and there is never a second instance of a module.
 */
import { type Clock, realClock } from './clock.ts';

/** Milliseconds until what could not be fetched ahead is tried again. */
const AGAIN_MILLISECONDS = 30_000;

/** A part did not come; the message is one sentence for people. */
export class LateError extends Error {
  override readonly name = 'LateError';
}

/** One part: a module, or what is wanted of it. */
export class Late<Part> {
  readonly #name: string;
  readonly #fetch: () => Promise<Part>;
  #loading: Promise<Part> | null = null;
  #part: Part | null = null;

  /** `name` begins a sentence, as in "The reader of tables". */
  constructor(name: string, fetch: () => Promise<Part>) {
    this.#name = name;
    this.#fetch = fetch;
  }

  /** The part if it is here, else null. */
  get part(): Part | null {
    return this.#part;
  }

  /** Resolves with the part; fetches it unless it is here or under way. @throws {LateError} as a rejection. */
  load(): Promise<Part> {
    this.#loading ??= this.#fetch().then(
      (part) => {
        this.#part = part;
        return part;
      },
      (cause: unknown) => {
        this.#loading = null;
        throw new LateError(sentence(this.#name, cause), { cause });
      },
    );
    return this.#loading;
  }
}

/** Browsers report a module that could not be fetched as a TypeError; anything else is the module's own fault. */
function sentence(name: string, cause: unknown): string {
  if (cause instanceof TypeError) {
    return `${name} could not be fetched: the lab’s server does not answer, or has another version of the lab now.`;
  }
  return `${name} does not start: ${cause instanceof Error ? cause.message : String(cause)}`;
}

/**
 * Fetches parts one after the other; those that fail are tried again every half minute, without a word:
 * whoever asks for one is told then.
 */
export async function fetchAhead(
  parts: readonly { load(): Promise<unknown> }[],
  clock: Pick<Clock, 'after'> = realClock,
): Promise<void> {
  const missing: { load(): Promise<unknown> }[] = [];
  for (const part of parts) {
    try {
      await part.load();
    } catch {
      missing.push(part);
    }
  }
  if (missing.length > 0) clock.after(AGAIN_MILLISECONDS, () => void fetchAhead(missing, clock));
}

/**
 * The files that the lab itself serves to sessions (data sets): fetched once, ahead if there is time, and
 * kept as they came, so that a data set can be chosen when the server is gone.
 */

/** @throws an Error in one sentence that names the file and the problem. */
async function fetchServed(url: URL, path: string): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw new Error(`${path} could not be fetched: the lab’s server does not answer.`, { cause });
  }
  if (!response.ok) throw new Error(`${path} answered ${response.status} ${response.statusText}.`);
  // Some hosts answer every address with their page.
  if (response.headers.get('content-type')?.startsWith('text/html') === true) {
    throw new Error(`${path} is not there: the server answered with a page.`);
  }
  return new Uint8Array(await response.arrayBuffer());
}

export class ServedFiles {
  readonly #base: string;
  readonly #held = new Map<string, Promise<Uint8Array>>();

  /** `base`: where the lab's files are, absolute. */
  constructor(base: string) {
    this.#base = base;
  }

  /** The bytes of a file, shared by all who read it. What could not be fetched is fetched anew. */
  read(path: string): Promise<Uint8Array> {
    const held = this.#held.get(path) ?? fetchServed(new URL(path, this.#base), path);
    this.#held.set(path, held);
    held.catch(() => this.#held.delete(path));
    return held;
  }
}

/**
 * The files of one tab: keeps them, fetches them, reads them for data sets, and says what they are. One
 * thing is done at a time, in the order of asking; a state tells the page all there is to know.
 */
import type { Options } from '../base/options.ts';
import { DataError, type FetchBytes } from '../data/dataset.ts';
import { type Recognised, recognise } from '../data/files-recognise.ts';
import type { PictureDecoder } from '../data/images-picture.ts';
import { isPrivate } from '../data/private.ts';
import { MAX_ARCHIVE_BYTES, MAX_FILES, packZip } from '../data/zip.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { Shelf } from './file-shelf.ts';
import type { FilesAsk, FilesState, ReadAs } from './file-state.ts';

/** The room's recipe needs a file that this tab does not have. */
export class MissingFileError extends Error {
  override readonly name = 'MissingFileError';
}

export interface FileDeskOptions {
  readonly shelf: Shelf;
  readonly decoder: PictureDecoder;
  /** What the lab itself serves. */
  readonly fetchBytes: FetchBytes;
  /** A person's address, with progress. */
  fetchUrl(url: string, progress: (done: number, total: number | null) => void): Promise<Blob>;
  /** The file that this tab used before, where a recipe wants each tab's own. */
  readonly own: string | null;
  seed(): number;
  report(state: FilesState): void;
  /** There is a file that was not there before; what it rejects with is told as a problem. */
  onFile(rejoin: boolean): Promise<void>;
}

const EMPTY: FilesState = { files: null, work: null, recognised: null, problem: null, own: null, room: null };

export class FileDesk {
  readonly #options: FileDeskOptions;
  #state: FilesState;
  #queue: Promise<void> = Promise.resolve();

  constructor(options: FileDeskOptions) {
    this.#options = options;
    this.#state = { ...EMPTY, own: options.own };
  }

  /** Reads what a recipe's data set asks for: of the lab, or of this tab's files. */
  fetcher({ dataset }: Recipe): FetchBytes {
    return async (path) => {
      if (!path.startsWith('file:')) return this.#options.fetchBytes(path);
      const named = path.slice('file:'.length);
      const { own } = this.#state;
      if (!isPrivate(dataset.options)) return this.#read(named);
      if (own === null) {
        throw new MissingFileError('Every tab here brings a file of its own; drop yours here to take part.');
      }
      return this.#read(own);
    };
  }

  /** The options of a recipe's data set as this tab reads it: by the name of its own file, where it has one. */
  optionsFor({ dataset: { options } }: Recipe): Options {
    const { own } = this.#state;
    return isPrivate(options) && own !== null ? { ...options, file: own } : options;
  }

  /** Resolves when it has been done, or its problem told. */
  ask(ask: FilesAsk): Promise<void> {
    this.#queue = this.#queue.then(() => this.#do(ask));
    return this.#queue;
  }

  async #read(name: string): Promise<Uint8Array> {
    const bytes = await this.#options.shelf.read(name);
    if (bytes === null) {
      throw new MissingFileError(`This tab does not have ${name}; drop it here to take part.`);
    }
    return bytes;
  }

  async #do(ask: FilesAsk): Promise<void> {
    // Looking at the list does away with nothing: a panel does that as it opens to tell a problem.
    if (ask.do !== 'list') this.#tell({ problem: null });
    try {
      await this.#perform(ask);
    } catch (error) {
      this.#tell({ problem: error instanceof Error ? error.message : String(error) });
    }
    this.#tell({ work: null });
  }

  async #perform(ask: FilesAsk): Promise<void> {
    const { shelf } = this.#options;
    switch (ask.do) {
      case 'list':
        return this.#list();
      case 'keep':
        return this.#keep(ask.name, ask.files);
      case 'fetch': {
        const name = nameOfUrl(ask.url);
        const progress = (done: number, total: number | null) =>
          this.#tell({ work: { step: 'fetching', name, done, total } });
        progress(0, null);
        const blob = await this.#options.fetchUrl(ask.url, progress);
        return this.#keep(name, [{ path: name, blob }], ask.as);
      }
      case 'forget':
        await shelf.remove(ask.name);
        if (this.#state.recognised?.name === ask.name) this.#tell({ recognised: null });
        return this.#list();
      case 'recognise':
        this.#tell({
          recognised: await this.#recognise(
            ask.name,
            (path) => this.#read(path.slice('file:'.length)),
            ask.as,
          ),
        });
        return;
      case 'own': {
        const before = this.#state.own;
        this.#tell({ own: ask.name });
        try {
          await this.#options.onFile(ask.rejoin);
        } catch (error) {
          // It does not fit what the room runs: another may be chosen.
          this.#tell({ own: before });
          throw error;
        }
      }
    }
  }

  async #list(): Promise<void> {
    const { shelf } = this.#options;
    this.#tell({ files: await shelf.list(), room: await shelf.room() });
  }

  async #keep(name: string, given: Extract<FilesAsk, { do: 'keep' }>['files'], as?: ReadAs): Promise<void> {
    const files = given.flatMap(({ path, blob }) => (blob instanceof Blob ? [{ path, blob }] : []));
    const total = files.reduce((sum, { blob }) => sum + blob.size, 0);
    if (total === 0) throw new DataError(`${name} is empty.`);
    if (files.length > MAX_FILES) {
      throw new DataError(`${name} has ${files.length} files; at most ${MAX_FILES} are read.`);
    }
    if (total > MAX_ARCHIVE_BYTES) {
      throw new DataError(`${name} has ${total} bytes; at most ${MAX_ARCHIVE_BYTES} (256 MiB) are read.`);
    }
    const progress = (done: number) => this.#tell({ work: { step: 'keeping', name, done, total } });
    progress(0);
    let whole = files[0]?.blob ?? new Blob();
    // A folder stays one, even of a single file.
    if (files.length > 1 || files[0]?.path.includes('/') === true) {
      const packed: { path: string; bytes: Uint8Array }[] = [];
      let done = 0;
      for (const { path, blob } of files) {
        packed.push({ path, bytes: new Uint8Array(await blob.arrayBuffer()) });
        done += blob.size;
        progress(done);
      }
      whole = new Blob([new Uint8Array(await packZip(packed))]);
    }
    // What cannot be read is not kept.
    const read = async () => new Uint8Array(await whole.arrayBuffer());
    const recognised = await this.#recognise(name, read, as);
    await this.#options.shelf.write(name, whole, files.length);
    this.#tell({ recognised });
    await this.#list();
    await this.#options.onFile(false);
  }

  async #recognise(name: string, read: FetchBytes, as?: ReadAs): Promise<Recognised> {
    const { decoder, seed } = this.#options;
    let pictures = 0;
    const reading = () => this.#tell({ work: { step: 'reading', name, done: pictures, total: null } });
    reading();
    const counting: PictureDecoder = {
      formats: decoder.formats,
      decode(bytes, format) {
        pictures += 1;
        if (pictures % 50 === 0) reading();
        return decoder.decode(bytes, format);
      },
    };
    // A choice that cannot be leaves what was recognised before.
    if (as === undefined) this.#tell({ recognised: null });
    return recognise(name, read, counting, seed(), as);
  }

  #tell(change: Partial<FilesState>): void {
    this.#state = { ...this.#state, ...change };
    this.#options.report(this.#state);
  }
}

/** What a file from an address is called here. @throws {DataError} unless it is an address of the web. */
function nameOfUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new DataError(`${JSON.stringify(text.slice(0, 100))} is no address; it begins with https://.`);
  }
  const { pathname, hostname } = new URL(text);
  const last = pathname.split('/').findLast((part) => part !== '');
  return (last === undefined ? hostname : decodeURIComponent(last)).slice(0, 200);
}

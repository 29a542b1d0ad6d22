/** What a page can ask about the files of its tab, and what it is told. Plain data and Blobs. */
import type { OptionValue } from '../base/options.ts';
import type { Recognised } from '../data/files-recognise.ts';

/** Where a tab remembers, until it is closed, the file that it brings where each brings its own. */
export const OWN_FILE_KEY = 'murmuration.own-file';

/** By which data set a file is to be read, and with which of its options. */
export interface ReadAs {
  readonly id: string;
  readonly options: Readonly<Record<string, OptionValue>>;
}

export interface KeptFile {
  readonly name: string;
  readonly bytes: number;
  /** Files in it, for a folder or a set that was dropped together. */
  readonly files: number;
}

export type FilesAsk =
  | { readonly do: 'list' }
  /**
   * Keeps one file as it is, or several as one under this name. Each is a Blob, which crosses threads
   * without being read; what drives a page from outside cannot pass one.
   */
  | {
      readonly do: 'keep';
      readonly name: string;
      readonly files: readonly { readonly path: string; readonly blob: unknown }[];
    }
  | { readonly do: 'fetch'; readonly url: string; readonly as?: ReadAs }
  | { readonly do: 'forget'; readonly name: string }
  | { readonly do: 'recognise'; readonly name: string; readonly as?: ReadAs }
  /** Uses this file where a recipe wants each tab's own; `rejoin`: for what the room runs already. */
  | { readonly do: 'own'; readonly name: string; readonly rejoin: boolean };

export interface FilesState {
  /** null until they have been looked through. */
  readonly files: readonly KeptFile[] | null;
  /** What is being done, and how far; `total` null if nobody knows. */
  readonly work: {
    readonly step: 'fetching' | 'keeping' | 'reading';
    readonly name: string;
    readonly done: number;
    readonly total: number | null;
  } | null;
  readonly recognised: Recognised | null;
  /** What went wrong with the last thing asked for, in a sentence. */
  readonly problem: string | null;
  /** The file of this tab for recipes that want each tab's own. */
  readonly own: string | null;
  /** Bytes in use and to be had, as far as the browser says. */
  readonly room: { readonly used: number; readonly most: number } | null;
}

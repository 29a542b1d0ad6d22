/**
 * The registry of compressors. A new compressor is one file plus one line here; its option schema makes
 * the form, the URL and the command line, and its wire number names it in a frame's header.
 */
import type { CompressorEntry } from './compressor.ts';
import { none } from './none.ts';
import { oneBit } from './one-bit.ts';
import { topK } from './top-k.ts';

export const COMPRESSORS: readonly CompressorEntry[] = [none, oneBit, topK];

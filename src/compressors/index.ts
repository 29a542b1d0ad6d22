/**
 * The registry of compressors. A new compressor is one file plus one line here; its option schema makes
 * the form, the URL and the command line, and its wire number names it in a frame's header.
 */
import { binGrad } from './bingrad.ts';
import type { CompressorEntry } from './compressor.ts';
import { fp16 } from './fp16.ts';
import { gaussianK } from './gaussian-k.ts';
import { linear } from './linear.ts';
import { minMax8 } from './min-max-8.ts';
import { msTopK } from './ms-top-k.ts';
import { none } from './none.ts';
import { oneBit } from './one-bit.ts';
import { oneBitColumns } from './one-bit-columns.ts';
import { orq } from './orq.ts';
import { qsgd } from './qsgd.ts';
import { randomK } from './random-k.ts';
import { ternary } from './ternary.ts';
import { topK } from './top-k.ts';
import { uniform } from './uniform.ts';

export const COMPRESSORS: readonly CompressorEntry[] = [
  none,
  fp16,
  oneBit,
  oneBitColumns,
  ternary,
  binGrad,
  minMax8,
  uniform,
  qsgd,
  linear,
  orq,
  topK,
  randomK,
  msTopK,
  gaussianK,
];

/** What the contract suite expects of every compressor, by its id: one file and one line each. */
import { binGrad } from './bingrad.ts';
import type { Expectation } from './expectation.ts';
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

export const EXPECTATIONS: Readonly<Record<string, Expectation>> = {
  none,
  fp16,
  ternary,
  'one-bit-columns': oneBitColumns,
  bingrad: binGrad,
  uniform,
  qsgd,
  'min-max-8': minMax8,
  linear,
  orq,
  'one-bit': oneBit,
  'top-k': topK,
  'random-k': randomK,
  'ms-top-k': msTopK,
  'gaussian-k': gaussianK,
};

/** @throws if nobody has written down what to expect of the compressor. */
export function expectationOf(id: string): Expectation {
  const expectation = EXPECTATIONS[id];
  if (expectation === undefined) throw new Error(`${id} has no entry in src/compressors/expectations.`);
  return expectation;
}

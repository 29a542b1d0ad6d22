/** The nearest half: multiples of 2^(e - 10) between 2^e and 2^(e+1), ties to even; no further than 65504. */
import { type Expectation, unusedBits } from './expectation.ts';

function half(value: number): number {
  const magnitude = Math.abs(value);
  if (magnitude >= 65504) return Math.sign(value) * 65504;
  let exponent = -14;
  while (magnitude >= 2 ** (exponent + 1)) exponent++;
  const unit = 2 ** (exponent - 10);
  const below = Math.floor(magnitude / unit);
  const rest = magnitude / unit - below;
  const up = rest > 0.5 || (rest === 0.5 && below % 2 === 1);
  return Math.sign(value) * (below + (up ? 1 : 0)) * unit;
}

export const fp16: Expectation = {
  wire: 4,
  variants: [],
  bytes: ({ length }) => 4 * Math.ceil(length / 2),
  squaredError: (v) => v.reduce((sum, value) => sum + (value - half(value)) ** 2, 0),
  fields: ({ length }) => [{ kind: 'f16', from: 0, to: length >> 1 }],
  padding: ({ length }) => [[Math.ceil(length / 2) - 1, unusedBits(length, 16)]],
  idempotent: () => ({ cpu: 0, webgpu: 0 }),
  // The range of halves is bounded on both sides.
  equivariant: () => false,
};

/** 256 values on a grid that holds 0, step by step in single precision as the equations have it. */
import { chunks } from './chunks.ts';
import type { Expectation } from './expectation.ts';
import { greatest, least, partsOf, streamed } from './levels.ts';

const f32 = Math.fround;

/** Half to even, by way of strings of tenths: 0.5 is exact in binary. */
function rint(x: number): number {
  const rounded = Math.round(x);
  return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

function error(part: Float32Array): number {
  const [low, high] = [least(part), greatest(part)];
  if (low === high) return 0;
  const scale = f32(255 / f32(f32(high - low) + f32(1e-7)));
  const upper = rint(f32(high * scale));
  return part.reduce((sum, value) => {
    const q = Math.min(rint(f32(value * scale)), upper) - (upper - 255);
    const clamped = Math.min(255, Math.max(0, q));
    return sum + ((clamped + upper - 255) / scale - value) ** 2;
  }, 0);
}

export const minMax8: Expectation = {
  wire: 10,
  variants: [{ granularity: 'tensor' }, { blockSize: 256 }],
  ...streamed(
    chunks,
    () => 2,
    () => 8,
  ),
  squaredError: (v, layout, options) =>
    partsOf(v, chunks(layout, options)).reduce((sum, part) => sum + error(part), 0),
  // Each number stays within its own magnitude of itself.
  delta: () => 0,
  // 1e-7 is a length.
  equivariant: () => false,
};

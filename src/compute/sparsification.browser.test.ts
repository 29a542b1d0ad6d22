/**
 * Sparsification kernels against the TypeScript implementation. Gathered bits are equal; the selections are
 * too wherever no magnitude lies within rounding of a threshold, which the device may place a last bit off.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Compute } from './compute.ts';
import { createTypeScriptCompute } from './cpu/index.ts';
import { createWebGpuCompute, type WebGpuCompute } from './webgpu/index.ts';
import { bitsOf, firstDifference, integers, noise, vectorOf, wordsOf } from './webgpu/testing.ts';

const cpu = createTypeScriptCompute();
let gpu: WebGpuCompute;
beforeAll(async () => {
  gpu = await createWebGpuCompute();
});
afterAll(() => gpu.destroy());

const LENGTHS = [1, 3, 31, 64, 67, 1021, 4099, 70_001];
const shares = (length: number) =>
  new Set([1, Math.ceil(length / 100), Math.ceil(length / 3), Math.ceil(length / 1.5), length]);

const SOURCES: readonly (readonly [string, (length: number) => Float32Array])[] = [
  ['uniform', (length) => noise(length, 3)],
  ['heavy-tailed', (length) => noise(length, 4).map((value) => value ** 9)],
  ['tied', (length) => noise(length, 5).map((value) => Math.round(value * 3) / 2)],
  ['mostly zero', (length) => noise(length, 6).map((value, k) => (k % 9 === 0 ? value : 0))],
  ['constant', (length) => new Float32Array(length).fill(-0.1)],
  ['zero', (length) => new Float32Array(length)],
  ['huge', (length) => noise(length, 7).map((value) => 3.4e38 * value)],
  ['tiny', (length) => noise(length, 8).map((value) => 1e-30 * value)],
];

async function onBoth(run: (compute: Compute) => Promise<Uint32Array>): Promise<[Uint32Array, Uint32Array]> {
  return [await run(gpu), await run(cpu)];
}

function expectSame(name: string, [ours, theirs]: readonly [Uint32Array, Uint32Array]): void {
  const at = firstDifference(ours, theirs);
  expect([name, at, ours[at]]).toEqual([name, -1, theirs[-1]]);
}

/** Share of the first k words of `ours` that are not among those of `theirs`. */
function missing(ours: Uint32Array, theirs: Uint32Array): number {
  const known = new Set(theirs);
  return ours.filter((index) => !known.has(index)).length / Math.max(1, ours.length);
}

describe.each(SOURCES)('%s', (name, make) => {
  it('approximate top-k picks what the TypeScript implementation picks', async () => {
    for (const length of LENGTHS) {
      const values = make(length);
      for (const k of shares(length)) {
        for (const draw of [0, 0x9e3779b9, 0xffffffff]) {
          const [ours, theirs] = await onBoth(async (compute) => {
            const source = vectorOf(compute, values);
            const out = compute.words(2 * k);
            compute.sparsification.approximateTopK(source, k, draw, out);
            const words = await compute.readWords(out);
            compute.free(source, out);
            return words;
          });
          const where = `${name}: ${k} of ${length}`;
          const share = missing(ours.subarray(0, k), theirs.subarray(0, k));
          expect(share, where).toBeLessThanOrEqual(name === 'heavy-tailed' ? 0.01 : 0);
          expectPairsOf(where, ours, k, values);
        }
      }
    }
  });

  it('the corrected threshold keeps what it keeps in TypeScript', async () => {
    for (const length of LENGTHS) {
      const values = make(length);
      for (const k of shares(length)) {
        for (const z of [0, 0.7, 2.5]) {
          const [ours, theirs] = await onBoth(async (compute) => {
            const source = vectorOf(compute, values);
            const out = compute.words(2 * k + 1);
            compute.sparsification.thresholdTopK(source, k, z, out);
            const words = await compute.readWords(out);
            compute.free(source, out);
            return words.slice(0, 1 + 2 * (words[0] ?? 0));
          });
          const where = `${name}: ${k} of ${length}, z = ${z}`;
          const [count = 0, expected = 0] = [ours[0], theirs[0]];
          expect(Math.abs(count - expected), where).toBeLessThanOrEqual(0.001 * length);
          const share = missing(ours.subarray(1, 1 + count), theirs.subarray(1, 1 + expected));
          expect(share, where).toBeLessThanOrEqual(0.01);
          expectPairsOf(where, ours.subarray(1), count, values);
        }
      }
    }
  });
});

/** Rising indices, and the bits of the values that they name. */
function expectPairsOf(where: string, words: Uint32Array, k: number, values: Float32Array): void {
  const bits = bitsOf(values);
  for (let j = 0; j < k; j++) {
    const index = words[j] ?? 0;
    const rises = j === 0 || index > (words[j - 1] ?? 0);
    if (!rises || words[k + j] !== bits[index]) throw new Error(`${where}: pair ${j} is wrong.`);
  }
}

it('selections send what is not finite, and leave the state fit for the next', async () => {
  for (const bad of [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]) {
    for (const length of [1, 67, 4099]) {
      const values = noise(length, 9);
      const k = Math.min(3, length);
      for (const spoiled of [true, false]) {
        const source = spoiled ? values.map((value, i) => (i === length >> 1 ? bad : value)) : values;
        const results = await onBoth(async (compute) => {
          const vector = vectorOf(compute, source);
          const [approximate, threshold] = [compute.words(2 * k), compute.words(2 * k + 1)];
          compute.sparsification.approximateTopK(vector, k, 7, approximate);
          compute.sparsification.thresholdTopK(vector, k, 2, threshold);
          const words = await compute.readWords(threshold);
          const kept = words.subarray(0, 1 + 2 * (words[0] ?? 0));
          return Uint32Array.of(...(await compute.readWords(approximate)), ...kept);
        });
        expectSame(`${bad} in ${length}`, results);
      }
    }
  }
});

it('gathers the same bits, whatever the indices', async () => {
  for (const length of LENGTHS) {
    const values = noise(length, 11);
    for (const factor of [1, 100 / 3, -0.3]) {
      const k = Math.ceil(length / 2);
      const indices = integers(k, length + 2, 12);
      const results = await onBoth(async (compute) => {
        const out = compute.words(k);
        compute.sparsification.gather(vectorOf(compute, values), wordsOf(compute, indices), k, factor, out);
        return compute.readWords(out);
      });
      expectSame(`${k} of ${length} times ${factor}`, results);
    }
  }
});

/** Compression kernels against the TypeScript implementation: bit for bit, but for the chunk means. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Compute, WriteMode } from './compute.ts';
import { createCpuCompute } from './cpu/index.ts';
import { createWebGpuCompute, type WebGpuCompute } from './webgpu/index.ts';
import {
  bitsOf,
  distance,
  firstDifference,
  floatsOf,
  integers,
  noise,
  vectorOf,
  wordsOf,
} from './webgpu/testing.ts';

const cpu = createCpuCompute();
let gpu: WebGpuCompute;
beforeAll(async () => {
  gpu = await createWebGpuCompute();
});
afterAll(() => gpu.destroy());

async function expectSameWords(run: (compute: Compute) => Promise<Uint32Array>): Promise<Uint32Array> {
  const ours = await run(gpu);
  const theirs = await run(cpu);
  const at = firstDifference(ours, theirs);
  expect([at, ours[at]]).toEqual([at, theirs[at]]);
  expect(at).toBe(-1);
  return ours;
}

/** Numbers that comparisons are known to get wrong. */
const AWKWARD = Float32Array.of(
  0,
  -0,
  1e-40,
  -1e-40,
  1.4e-45,
  -1.4e-45,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
  3.4e38,
  -3.4e38,
  1,
  -1,
);

const awkward = (length: number) =>
  Float32Array.from({ length }, (_, i) => AWKWARD[integers(1, AWKWARD.length, i)[0] ?? 0] ?? 0);
/** Few distinct magnitudes, so that most comparisons tie. */
const tied = (length: number) => noise(length, 5).map((value) => Math.round(value * 3) / 2);

const LENGTHS = [1, 3, 32, 33, 100, 4099, 70_001];

function blocks(length: number, size: number): number[] {
  const bounds = [];
  for (let start = 0; start < length; start += size) bounds.push(start);
  return [...bounds, length];
}

/** Tensors of very unequal lengths, an empty one among them. */
function unequal(length: number): number[] {
  const third = Math.floor(length / 3);
  return [0, third, third, Math.min(length, third + 1), length];
}

/** Unequal chunks that begin at whole words, an empty one among them. */
function unequalWords(length: number): number[] {
  return [0, 32, 32, 128].filter((start) => start < length).concat(length);
}

describe.each(LENGTHS)('signs of %i numbers', (length) => {
  it.each([
    ['random', noise],
    ['awkward', awkward],
  ])('packs %s ones, and leaves padding bits and other words alone', async (_, make) => {
    const words = Math.ceil(length / 32);
    const packed = await expectSameWords((compute) => {
      const out = wordsOf(compute, new Uint32Array(words + 5).fill(0xabcdef01));
      compute.signPack(vectorOf(compute, make(length, 1)), out, 3);
      return compute.readWords(out);
    });
    expect([...packed.subarray(0, 3)]).toEqual([0xabcdef01, 0xabcdef01, 0xabcdef01]);
    if (length % 32 > 0) expect((packed[words + 2] ?? 0) >>> (length % 32)).toBe(0);
  });

  describe.each([
    ['whole', [0, length]],
    ['in blocks', blocks(length, 37)],
    ['in unequal tensors', unequal(length)],
    ['in blocks of whole words', blocks(length, 64)],
    ['in unequal blocks of whole words', unequalWords(length)],
  ])('decoded %s', (_, bounds) => {
    const chunks = bounds.length - 1;
    const scales = bitsOf(noise(chunks, 6));
    const signs = integers(Math.ceil(length / 32), 2 ** 32, 7);
    it.each([
      ['set', 1],
      ['set', -0.37],
      ['add', 1],
      ['add', 0.1],
    ] as const)('%s with weight %f', async (mode: WriteMode, weight: number) => {
      await expectSameWords(async (compute) => {
        const source = wordsOf(compute, Uint32Array.of(...scales, 99, ...signs));
        const dest = vectorOf(compute, noise(length, 8));
        compute.signUnpack(source, bounds, chunks + 1, dest, weight, mode);
        return bitsOf(await compute.read(dest));
      });
    });
  });

  it.each([
    ['one', [0, length]],
    ['blocks of 37', blocks(length, 37)],
    ['blocks of 4096', blocks(length, 4096)],
    ['unequal tensors', unequal(length)],
  ])('means over chunks: %s', async (_, bounds) => {
    const run = async (compute: Compute) => {
      const out = compute.words(bounds.length + 3);
      compute.chunkMeans(vectorOf(compute, noise(length, 9)), bounds, out, 2);
      return compute.readWords(out);
    };
    const ours = await run(gpu);
    expect(distance(floatsOf(ours), floatsOf(await run(cpu)))).toBeLessThan(1e-6);
    expect([ours[0], ours[1], ours[bounds.length + 1]]).toEqual([0, 0, 0]);
  });
});

/** Equal up to the rounding of sums; what is not finite is so in both. */
function alike(a: number, b: number): boolean {
  return Number.isFinite(a) ? Math.abs(a - b) <= 1e-6 * Math.abs(b) : !Number.isFinite(b);
}

describe.each([
  ['one chunk', 70_001, 70_001],
  ['too few to share a pass', 4096 * 3, 4096],
  ['blocks of 4096, the last one short', 70_001, 4096],
  ['blocks of 32, more than a dispatch holds', 40_037, 32],
  ['blocks of 64, whole', 6400, 64],
  ['more blocks than get many lanes, the last one of one number', 96 * 100 + 1, 96],
  ['blocks that words of signs cross', 70_001, 37],
])('means and signs at once: %s', (_, length, size) => {
  it.each([
    ['random', noise],
    ['awkward', (length: number) => awkward(length).map((value) => (Number.isNaN(value) ? -0 : value))],
  ])('of %s numbers are those made one after the other, means but for rounding', async (_, make) => {
    const bounds = blocks(length, size);
    const chunks = bounds.length - 1;
    const all = chunks + Math.ceil(length / 32);
    const run = async (compute: Compute, fused: boolean) => {
      const source = vectorOf(compute, make(length, 12));
      const out = wordsOf(compute, new Uint32Array(all + 2).fill(7));
      if (fused) {
        compute.signPackMeans(source, bounds, out);
      } else {
        compute.chunkMeans(source, bounds, out, 0);
        compute.signPack(source, out, chunks);
      }
      return compute.readWords(out);
    };
    const ours = await run(gpu, true);
    const apart = await run(gpu, false);
    expect(firstDifference(ours.subarray(chunks), apart.subarray(chunks))).toBe(-1);
    const [means, theirMeans] = [ours, apart].map((words) => floatsOf(words.slice(0, chunks)));
    const wrong = means?.findIndex((mean, c) => !alike(mean, theirMeans?.[c] ?? Number.NaN));
    expect(wrong, `${means?.[wrong ?? 0]}, ${theirMeans?.[wrong ?? 0]}`).toBe(-1);
    expect([ours[all], ours[all + 1]]).toEqual([7, 7]);
    const theirs = await run(cpu, true);
    expect(firstDifference(theirs, await run(cpu, false))).toBe(-1);
    expect(firstDifference(ours.subarray(chunks), theirs.subarray(chunks))).toBe(-1);
  });
});

it('shows a NaN in the mean of its chunk', async () => {
  const data = noise(4096 * 5, 1);
  data[4096 * 3 + 77] = Number.NaN;
  const out = gpu.words(5 + data.length / 32);
  gpu.signPackMeans(vectorOf(gpu, data), blocks(data.length, 4096), out);
  const means = floatsOf((await gpu.readWords(out)).slice(0, 5));
  expect([...means].map(Number.isNaN)).toEqual([false, false, false, true, false]);
});

it('takes more chunks than one dispatch holds', async () => {
  const length = 20_003;
  const bounds = blocks(length, 2);
  const data = noise(length, 1);
  const run = async (compute: Compute) => {
    const out = compute.words(bounds.length - 1 + Math.ceil(length / 32));
    const source = vectorOf(compute, data);
    compute.chunkMeans(source, bounds, out, 0);
    compute.signPack(source, out, bounds.length - 1);
    const decoded = compute.vector(length);
    compute.signUnpack(out, bounds, bounds.length - 1, decoded, 1, 'set');
    return compute.read(decoded);
  };
  expect(distance(await run(gpu), await run(cpu))).toBeLessThan(1e-6);
});

describe.each(LENGTHS)('top-k of %i numbers', (length) => {
  const inputs: readonly (readonly [string, Float32Array])[] = [
    ['random', noise(length, 1)],
    ['tied', tied(length)],
    ['awkward', awkward(length)],
    ['all-zero', new Float32Array(length)],
    ['all-equal', new Float32Array(length).fill(-2.5)],
    ['zero and negative zero', noise(length, 2).map((value) => (value > 0 ? 0 : -0))],
    ['mostly zero', noise(length, 3).map((value) => (value > 0.95 ? value : 0))],
  ];
  const ks = [...new Set([1, 2, Math.ceil(length / 100), Math.ceil(length / 3), length - 1, length])];

  it.each(inputs)('is exact for %s ones', async (_, data) => {
    for (const k of ks.filter((k) => k >= 1 && k <= length)) {
      const pairs = await expectSameWords(async (compute) => {
        const source = vectorOf(compute, data);
        const found = await compute.topK(source, k);
        compute.free(source);
        return found;
      });
      expect(pairs.length).toBe(2 * k);
    }
  });

  it.each([
    ['set', 1],
    ['set', -0.37],
    ['add', 1],
    ['add', 0.1],
  ] as const)('scatters back: %s with weight %f', async (mode: WriteMode, weight: number) => {
    const k = Math.ceil(length / 3);
    await expectSameWords(async (compute) => {
      const out = wordsOf(compute, await compute.topK(vectorOf(compute, noise(length, 1)), k));
      const dest = vectorOf(compute, noise(length, 4));
      compute.scatter(out, k, dest, weight, mode);
      return bitsOf(await compute.read(dest));
    });
  });
});

it('selects from a million and more, several times at once', async () => {
  const length = 1_200_003;
  const data = noise(length, 11);
  await expectSameWords(async (compute) => {
    const source = vectorOf(compute, data);
    const found = await Promise.all([1000, 12_000, 200_000].map((k) => compute.topK(source, k)));
    compute.free(source);
    return Uint32Array.from(found.flatMap((pairs) => [...pairs]));
  });
});

/** Where top-k-bound.wgsl looks: one place in each of 2048 runs. */
function sampledPlaces(length: number): number[] {
  const run = Math.floor(length / 2048);
  return Array.from({ length: 2048 }, (_, j) => {
    let h = Math.imul(j, 0x9e3779b9) >>> 0;
    h = Math.imul(h ^ (h >>> 15), 0x85ebca6b) >>> 0;
    return j * run + ((((h ^ (h >>> 13)) >>> 16) * run) >>> 16);
  });
}

describe.each([8192, 200_003])('top-k by candidates, of %i numbers', (length) => {
  const ks = [1, 2, 777, Math.floor(length / 8), Math.floor(length / 8) + 1, length - 1, length];
  const random = noise(length, 21);
  const changed = (places: readonly number[], value: number, from = random) => {
    const copy = from.slice();
    for (const place of places) copy[place] = value;
    return copy;
  };
  const sampled = sampledPlaces(length);
  const rare = Array.from({ length: 9 }, (_, i) => Math.floor(((i + 0.5) * length) / 9));
  const inputs: readonly (readonly [string, Float32Array])[] = [
    ['random', random],
    ['awkward', awkward(length)],
    ['tied', tied(length)],
    ['all-equal', new Float32Array(length).fill(-2.5)],
    ['all-zero', new Float32Array(length)],
    ['all NaN', new Float32Array(length).fill(Number.NaN)],
    ['mostly zero', random.map((value) => (value > 0.99 ? value : 0))],
    ['rising', Float32Array.from({ length }, (_, i) => i)],
    ['falling', Float32Array.from({ length }, (_, i) => -length + i)],
    ['a few huge, NaN and infinite ones among', changed(rare, Number.NaN, changed([3, 4, 5], -3e38))],
    // The sample sees too much: its bound leaves out some of the k largest.
    ['large only where sampled, among', changed(sampled, 1e6)],
    // The sample sees nothing of it: its bound lets everything through.
    ['small only where sampled, among', changed(sampled, 1e-30)],
    ['zero where sampled, equal elsewhere, among', changed(sampled, 0, new Float32Array(length).fill(3))],
  ];

  it.each(inputs)('is exact for %s ones', async (_, data) => {
    for (const k of ks) {
      const pairs = await expectSameWords(async (compute) => {
        const source = vectorOf(compute, data);
        const found = await compute.topK(source, k);
        compute.free(source);
        return found;
      });
      expect(pairs.length).toBe(2 * k);
    }
  });
});

it('keeps apart candidates of vectors of different lengths', async () => {
  const lengths = [100_000, 1_048_576, 70_003, 3_000_001];
  await expectSameWords(async (compute) => {
    const found = await Promise.all(
      lengths.map((length) => compute.topK(vectorOf(compute, noise(length, length)), 1000)),
    );
    return Uint32Array.from(found.flatMap((pairs) => [...pairs]));
  });
});

it('skips an index that is out of range when it scatters', async () => {
  const dest = gpu.vector(3);
  gpu.scatter(
    wordsOf(gpu, Uint32Array.of(1, 0xffffffff, ...bitsOf(Float32Array.of(2, 5)))),
    2,
    dest,
    1,
    'set',
  );
  expect([...(await gpu.read(dest))]).toEqual([0, 2, 0]);
});

it('refuses bounds that do not cover the vector, and more entries than there are', async () => {
  const source = gpu.vector(10);
  const out = gpu.words(100);
  expect(() => gpu.chunkMeans(source, [0, 9], out, 0)).toThrow(RangeError);
  expect(() => gpu.chunkMeans(source, [0, 6, 5, 10], out, 0)).toThrow(RangeError);
  expect(() => gpu.signPackMeans(source, [0, 9], out)).toThrow(RangeError);
  expect(() => gpu.signPackMeans(source, [0, 10], gpu.words(1))).toThrow(RangeError);
  await expect(gpu.topK(source, 11)).rejects.toThrow(RangeError);
});

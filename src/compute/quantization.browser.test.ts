/**
 * Quantization kernels and random words against the TypeScript implementation: bit for bit wherever
 * nothing is summed; sums within f32; what follows from sums, in all but a few places.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChunkBounds, Compute } from './compute.ts';
import { createTypeScriptCompute } from './cpu/index.ts';
import { type CodeRule, codeShape, codeWords, type NormKind } from './quantization.ts';
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

const cpu = createTypeScriptCompute();
let gpu: WebGpuCompute;
beforeAll(async () => {
  gpu = await createWebGpuCompute();
});
afterAll(() => gpu.destroy());

/** Around words and blocks, and one that takes many workgroups. */
const LENGTHS = [1, 33, 1024, 4099];
const MANY = 70_001;

/** Runs both; the first difference in words as [place, ours, theirs], null if none. */
async function difference(run: (compute: Compute) => Promise<Uint32Array>): Promise<number[] | null> {
  const [ours, theirs] = await Promise.all([run(gpu), run(cpu)]);
  const at = firstDifference(ours, theirs);
  return at < 0 ? null : [at, ours[at] ?? -1, theirs[at] ?? -1];
}

function blocks(length: number, size: number): number[] {
  const bounds = [];
  for (let start = 0; start < length; start += size) bounds.push(start);
  return [...bounds, length];
}

function unequal(length: number): number[] {
  const third = Math.floor(length / 3);
  return [0, third, third, Math.min(length, third + 1), length];
}

/** Unequal chunks that begin at whole words, an empty one among them. */
function unequalWords(length: number): number[] {
  return [0, 32, 32, 128].filter((start) => start < length).concat(length);
}

const boundsOf = (length: number): readonly (readonly [string, ChunkBounds])[] => [
  ['one chunk', [0, length]],
  ['blocks of 37', blocks(length, 37)],
  ['blocks of 512', blocks(length, 512)],
  ['unequal tensors', unequal(length)],
  ['unequal blocks of whole words', unequalWords(length)],
];

/** Numbers of all magnitudes a half can and cannot hold, ties of rounding, and every awkward pattern. */
function awkward(length: number): Float32Array {
  const special = Uint32Array.of(
    0, 0x80000000, 1, 0x80000001, 0x7fffff, 0x800000, 0x33000000, 0x33000001, 0x33800000, 0x33c00000,
    0x387fc000, 0x387fe000, 0x38800000, 0x477fe000, 0x477fefff, 0x477ff000, 0x47800000, 0x7f7fffff,
    0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00001, 0x3f801000, 0x3f803000, 0x3f801001,
  ); // biome-ignore format: bit patterns
  const random = integers(length, 2 ** 32, 77);
  return floatsOf(Uint32Array.from(random, (bits, k) => (k % 2 === 0 ? bits : (special[k % 26] ?? 0))));
}
const wide = (length: number, seed: number) =>
  noise(length, seed).map((value, k) => value * 2 ** ((k % 120) - 60));

it.each([1, 3, 4, 5, 64, 1023, 70_001])('draws the same %i random words', async (length) => {
  const from = { counter: [7, 0xffffffff, 123_456_789], key: [0xdeadbeef, 6] } as const;
  const found = await difference((compute) => {
    const out = compute.words(length);
    compute.randomWords.fill(out, from);
    return compute.readWords(out);
  });
  expect(found).toBeNull();
});

describe.each([...LENGTHS, MANY])('%i numbers', (length) => {
  it('become the same halves, and the same numbers again', async () => {
    const halves = Math.ceil(length / 2);
    for (const data of [noise(length, 1), wide(length, 2), awkward(length)]) {
      const packed = await difference((compute) => {
        const out = wordsOf(compute, new Uint32Array(halves + 3).fill(7));
        compute.quantization.packHalves(vectorOf(compute, data), out);
        return compute.readWords(out);
      });
      expect(packed).toBeNull();
    }
    // Every finite half.
    const finite = integers(halves, 2 ** 32, 3).map((word) => word & 0xbbffbbff);
    for (const [mode, weight] of [
      ['set', 1],
      ['set', -0.37],
      ['add', 1],
      ['add', 0.1],
    ] as const) {
      const unpacked = await difference(async (compute) => {
        const dest = vectorOf(compute, noise(length, 4));
        compute.quantization.unpackHalves(wordsOf(compute, finite), dest, weight, mode);
        return bitsOf(await compute.read(dest));
      });
      expect(unpacked).toBeNull();
    }
  });

  it('have the same signs and zeros in two planes', async () => {
    const plane = Math.ceil(length / 32);
    for (const data of [
      noise(length, 1).map(Math.round),
      awkward(length).map((v) => (Number.isNaN(v) ? 0 : v)),
    ]) {
      const found = await difference((compute) => {
        const out = wordsOf(compute, new Uint32Array(2 * plane + 3).fill(7));
        compute.quantization.packTernary(vectorOf(compute, data), out, 2);
        return compute.readWords(out);
      });
      expect(found).toBeNull();
    }
  });

  // Of many numbers, the extremes of chunks are enough.
  const some = boundsOf(length).filter((_, at) => length !== MANY || at % 2 === 0);

  describe.each(some)('in %s', (_, bounds) => {
    const chunks = bounds.length - 1;

    it('have the same ranges, and NaN where a number is not finite', async () => {
      for (const data of [noise(length, 1), wide(length, 2), awkward(length), new Float32Array(length)]) {
        const found = await difference((compute) => {
          const out = wordsOf(compute, new Uint32Array(2 * chunks + 3).fill(7));
          compute.quantization.chunkRanges(vectorOf(compute, data), bounds, out, 2);
          return compute.readWords(out);
        });
        expect(found).toBeNull();
      }
    });

    it.each<NormKind>(['norm', 'rms', 'rms-nonzero'])(
      'have the same %s, however large or small',
      async (kind) => {
        const sparse = noise(length, 3).map((value) => (value > 0.9 ? value : 0));
        const sets = [1, 2 ** -100, 2 ** 100].map((factor) =>
          noise(length, 1).map((value) => factor * value),
        );
        for (const data of [...sets, sparse, wide(length, 2), new Float32Array(length)]) {
          const run = async (compute: Compute) => {
            const out = compute.words(chunks + 3);
            compute.quantization.chunkNorms(vectorOf(compute, data), bounds, kind, out, 2);
            return floatsOf(await compute.readWords(out));
          };
          const [ours, theirs] = [await run(gpu), await run(cpu)];
          const k = theirs.findIndex((value, c) => Math.abs((ours[c] ?? Number.NaN) - value) > 2e-6 * value);
          expect(k, `${ours[k]} instead of ${theirs[k]}`).toBe(-1);
        }
      },
    );

    it.each([
      ['zero', 1],
      ['mean', 5],
    ] as const)('have the same two means, from %s in %i steps', async (start, steps) => {
      for (const data of [
        noise(length, 1),
        noise(length, 5).map((value) => value ** 9),
        noise(length, 2).map(Math.abs),
      ]) {
        const run = async (compute: Compute) => {
          const out = compute.words(2 * chunks + 3);
          compute.quantization.chunkPairs(vectorOf(compute, data), bounds, start, steps, out, 2);
          return floatsOf(await compute.readWords(out));
        };
        expect(distance(await run(gpu), await run(cpu))).toBeLessThan(2e-6);
      }
    });

    it.each([3, 5, 9] as const)(
      'have the same %i levels of least cost, but for a rounded rank here and there',
      async (levels) => {
        const tied = noise(length, 2).map((value) => Math.round(4 * value) / 4);
        for (const data of [noise(length, 1), noise(length, 5).map((value) => value ** 5), tied]) {
          const run = async (compute: Compute) => {
            const out = compute.words(levels * chunks + 3);
            compute.quantization.chunkLevels(vectorOf(compute, data), bounds, levels, out, 2);
            return floatsOf(await compute.readWords(out));
          };
          const [ours, theirs] = [await run(gpu), await run(cpu)];
          const apart = ours.filter((value, k) => value !== theirs[k]).length;
          expect(apart, `${apart} of ${levels * chunks}`).toBeLessThanOrEqual(
            Math.ceil(0.01 * levels * chunks),
          );
        }
      },
    );

    it('mark what is not finite in every statistic', async () => {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const data = noise(length, 1);
        data[length >> 1] = bad;
        const found = await difference(async (compute) => {
          const out = compute.words(chunks * (1 + 2 + 3));
          const source = vectorOf(compute, data);
          compute.quantization.chunkNorms(source, bounds, 'norm', out, 0);
          compute.quantization.chunkPairs(source, bounds, 'mean', 2, out, chunks);
          compute.quantization.chunkLevels(source, bounds, 3, out, 3 * chunks);
          return (await compute.readWords(out)).map((bits) =>
            (bits & 0x7f800000) === 0x7f800000 ? bits : 0,
          );
        });
        expect(found).toBeNull();
      }
    });

    it.each<CodeRule>([
      ...[2, 3, 5, 9, 128, 256].map((levels) => ({ kind: 'uniform', levels }) as const),
      { kind: 'min-max' },
      ...[1, 4, 127].map((levels) => ({ kind: 'signed', levels }) as const),
      ...[3, 9].map((levels) => ({ kind: 'levels', levels }) as const),
      { kind: 'nearest' },
    ])('become the same codes by %j, and the same numbers again', async (rule) => {
      const { fields, bits } = codeShape(rule);
      const random = integers(length, 2 ** 32, 9);
      const offset = chunks * fields + 1;
      const words = codeWords(length, bits);
      for (const data of [noise(length, 1), wide(length, 2), noise(length, 3).map(Math.round)]) {
        const statistics = statisticsFor(data, bounds, rule);
        const codes: Uint32Array[] = [];
        const found = await difference(async (compute) => {
          const out = wordsOf(compute, new Uint32Array(offset + words + 3).fill(7));
          compute.uploadWords(out, bitsOf(statistics));
          compute.quantization.packCodes(
            vectorOf(compute, data),
            bounds,
            rule,
            wordsOf(compute, random),
            out,
            offset,
          );
          codes.push(await compute.readWords(out));
          return codes.at(-1) ?? missing();
        });
        expect(found).toBeNull();
        const row = 2 ** bits;
        const coded = { row, bits, offset: chunks * row, form: 'stream' } as const;
        const table = new Uint32Array(coded.offset + words);
        table.set(bitsOf(noise(coded.offset, 6)));
        table.set((codes[0] ?? missing()).subarray(offset, offset + words), coded.offset);
        for (const mode of ['set', 'add'] as const) {
          const decoded = await difference(async (compute) => {
            const dest = vectorOf(compute, noise(length, 8));
            compute.quantization.unpackLevels(wordsOf(compute, table), bounds, coded, dest, mode);
            return bitsOf(await compute.read(dest));
          });
          expect(decoded).toBeNull();
        }
      }
    });
  });
});

function missing(): never {
  throw new Error('Both backends encode.');
}

/** Statistics as the chunks might have them, made here so that both backends start from the same bits. */
function statisticsFor(data: Float32Array, bounds: ChunkBounds, rule: CodeRule): Float32Array {
  const all: number[] = [];
  for (let c = 0; c + 1 < bounds.length; c++) {
    const chunk = data.subarray(bounds[c], bounds[c + 1]);
    const least = chunk.reduce((a, b) => Math.min(a, b), chunk[0] ?? 0);
    const greatest = chunk.reduce((a, b) => Math.max(a, b), chunk[0] ?? 0);
    if (rule.kind === 'signed') all.push(Math.hypot(...chunk));
    else if (rule.kind === 'levels') {
      const sorted = chunk.slice().sort();
      for (let j = 0; j < rule.levels; j++) {
        all.push(sorted[Math.floor((j * (sorted.length - 1)) / (rule.levels - 1))] ?? 0);
      }
    } else if (rule.kind === 'nearest') all.push(least / 2, greatest / 2);
    else all.push(least, greatest);
  }
  return Float32Array.from(all);
}

it('takes more chunks than one dispatch holds, and words that two dispatches share', async () => {
  const length = 20_003;
  const bounds = blocks(length, 7);
  const chunks = bounds.length - 1;
  const rule = { kind: 'uniform', levels: 8 } as const;
  const offset = 2 * chunks;
  const found = await difference(async (compute) => {
    const source = vectorOf(compute, noise(length, 1));
    const random = compute.words(length);
    compute.randomWords.fill(random, { counter: [1, 2, 3], key: [4, 5] });
    const out = compute.words(offset + codeWords(length, 3));
    compute.quantization.chunkRanges(source, bounds, out, 0);
    compute.quantization.packCodes(source, bounds, rule, random, out, offset);
    return compute.readWords(out);
  });
  expect(found).toBeNull();
});

it.each([
  [1, 100],
  [33, 100],
  [4099, 100],
  [4099, 64],
])('decodes two planes of %i codes alike, in blocks of %i', async (length, size) => {
  const bounds = blocks(length, size);
  const chunks = bounds.length - 1;
  const plane = Math.ceil(length / 32);
  const positive = integers(plane, 2 ** 32, 1);
  const negative = integers(plane, 2 ** 32, 2).map((word, k) => word & ~(positive[k] ?? 0));
  const table = bitsOf(noise(3 * chunks, 3));
  const coded = { row: 3, bits: 2, offset: 3 * chunks, form: 'planes' } as const;
  for (const mode of ['set', 'add'] as const) {
    const found = await difference(async (compute) => {
      const source = wordsOf(compute, Uint32Array.of(...table, ...positive, ...negative));
      const dest = vectorOf(compute, noise(length, 4));
      compute.quantization.unpackLevels(source, bounds, coded, dest, mode);
      return bitsOf(await compute.read(dest));
    });
    expect(found).toBeNull();
  }
});

it('refuses arrays that are too short, and rules without draws', () => {
  const source = gpu.vector(100);
  const { quantization } = gpu;
  expect(() => quantization.packHalves(source, gpu.words(49))).toThrow(RangeError);
  expect(() => quantization.chunkRanges(source, [0, 50, 100], gpu.words(3), 0)).toThrow(RangeError);
  expect(() => quantization.chunkRanges(source, [0, 50], gpu.words(30), 0)).toThrow(RangeError);
  const rule = { kind: 'uniform', levels: 256 } as const;
  expect(() => quantization.packCodes(source, [0, 100], rule, null, gpu.words(99), 2)).toThrow(
    /random words/,
  );
  const random = gpu.words(100);
  expect(() => quantization.packCodes(source, [0, 100], rule, random, gpu.words(26), 2)).toThrow(RangeError);
});

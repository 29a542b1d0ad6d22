/** Halves, statistics of chunks, codes and random words against formulas written as naively as possible. */
import { describe, expect, it } from 'vitest';
import { philox4x32 } from '../../math/random.ts';
import type { ChunkBounds } from '../compute.ts';
import { bitsFor, type CodeRule, codeShape, codeWords } from '../quantization.ts';
import { halfOf, magnitudeOfHalf } from './halves.ts';
import { createTypeScriptCompute } from './index.ts';
import { benches, load, normals } from './testing.ts';

const compute = createTypeScriptCompute();
const bitsOf = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;
const floatsOf = (words: Uint32Array) => new Float32Array(words.buffer, words.byteOffset, words.length);

describe('halves', () => {
  /** Every finite half that is not negative, rising. */
  const all = Array.from({ length: 0x7c00 }, (_, half) => magnitudeOfHalf(half));

  it('are the 31744 numbers of IEEE binary16', () => {
    expect([all[1], all[0x3ff], all[0x400], all[0x3c00], all[0x7bff]]).toEqual([
      2 ** -24,
      1023 * 2 ** -24,
      2 ** -14,
      1,
      65504,
    ]);
    expect(all.every((value, half) => half === 0 || value > (all[half - 1] ?? 0))).toBe(true);
  });

  it('come back from the number they stand for', () => {
    const lost = all.findIndex((value, half) => halfOf(bitsOf(value)) !== half);
    expect(lost).toBe(-1);
    expect(halfOf(bitsOf(-1.5))).toBe(0xbe00);
  });

  it('are the nearest, with ties to even, between any two neighbours', () => {
    for (let half = 0; half < 0x7bff; half++) {
      const [below, above] = [all[half] ?? 0, all[half + 1] ?? 0];
      const middle = (below + above) / 2; // exact in f32
      const bits = bitsOf(middle);
      const found = [halfOf(bits - 1), halfOf(bits), halfOf(bits + 1)];
      expect(found).toEqual([half, half % 2 === 0 ? half : half + 1, half + 1]);
    }
  });

  it('stay finite for finite numbers, and only for them', () => {
    const cases = [65504, 65519, 65520, 1e6, 3.4e38].map((value) => halfOf(bitsOf(value)));
    expect(cases).toEqual([0x7bff, 0x7bff, 0x7bff, 0x7bff, 0x7bff]);
    expect(halfOf(0x7f800000)).toBe(0x7c00);
    expect(halfOf(0xff800000)).toBe(0xfc00);
    for (const nan of [0x7f800001, 0x7fc00000, 0xffffffff]) expect(halfOf(nan) & 0x7fff).toBe(0x7e00);
    expect([halfOf(1), halfOf(0x007fffff), halfOf(0x80000001)]).toEqual([0, 0, 0x8000]);
  });
});

it('fills words with the blocks of Philox, the last of them cut', async () => {
  const out = compute.words(7);
  compute.randomWords.fill(out, { counter: [5, 6, 7], key: [8, 9] });
  const expected = [...philox4x32([0, 5, 6, 7], [8, 9]), ...philox4x32([1, 5, 6, 7], [8, 9]).slice(0, 3)];
  expect([...(await compute.readWords(out))]).toEqual(expected);
});

const BOUNDS: ChunkBounds = [0, 1, 1, 500, 999, 1000];

describe.each(benches())('statistics, $name precision', (bench) => {
  const measured = async (
    values: Float32Array,
    fields: number,
    record: (source: ReturnType<typeof load>, out: ReturnType<typeof compute.words>) => void,
  ): Promise<Float32Array> => {
    const out = bench.compute.words(fields * 5 + 2);
    record(load(bench.compute, values), out);
    const words = await bench.compute.readWords(out);
    expect([words[0], words[1]]).toEqual([0, 0]);
    return floatsOf(words.slice(2));
  };
  const each = <Value>(values: Float32Array, measure: (chunk: number[]) => Value[]): Value[] =>
    BOUNDS.slice(0, -1).flatMap((start, c) => measure([...values.subarray(start, BOUNDS[c + 1])]));
  const { quantization } = bench.compute;

  it.each(['norm', 'rms', 'rms-nonzero'] as const)('takes the %s of every chunk', async (kind) => {
    const values = normals(1000, 2).map((value, k) => (k % 3 === 0 ? 0 : value));
    const found = await measured(values, 1, (source, out) =>
      quantization.chunkNorms(source, BOUNDS, kind, out, 2),
    );
    const expected = each(values, (chunk) => {
      const some = chunk.filter((value) => value !== 0).length;
      const n = { norm: 1, rms: chunk.length, 'rms-nonzero': some }[kind];
      return [some === 0 ? 0 : Math.fround(Math.hypot(...chunk) / Math.sqrt(n))];
    });
    found.forEach((value, c) => {
      expect(Math.abs(value - (expected[c] ?? Number.NaN))).toBeLessThanOrEqual(1e-7 * value);
    });
  });

  it('takes least and greatest of every chunk, 0 of an empty one', async () => {
    const values = normals(1000, 3);
    const found = await measured(values, 2, (source, out) =>
      quantization.chunkRanges(source, BOUNDS, out, 2),
    );
    const expected = each(values, (chunk) =>
      chunk.length === 0 ? [0, 0] : [Math.min(...chunk), Math.max(...chunk)],
    );
    expect([...found]).toEqual(expected);
  });

  it('takes the means on both sides of 0, the same twice where one side is empty', async () => {
    const values = normals(1000, 4).map((value, k) => (k < 500 ? Math.abs(value) : value));
    const found = await measured(values, 2, (source, out) =>
      quantization.chunkPairs(source, BOUNDS, 'zero', 1, out, 2),
    );
    const mean = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
    const expected = each(values, (chunk) => {
      if (chunk.length === 0) return [0, 0];
      const sides = [chunk.filter((value) => value < 0), chunk.filter((value) => value >= 0)];
      const means = sides.map((side) => (side.length === 0 ? mean(chunk) : mean(side)));
      return means.map(Math.fround);
    });
    expect([...found]).toEqual(expected);
  });

  it('finds two levels that no shift of the threshold betters', async () => {
    const values = normals(1000, 5).map((value) => value ** 3);
    const cost = (chunk: readonly number[], pair: readonly number[]) =>
      chunk.reduce((sum, v) => sum + Math.min(...pair.map((level) => (v - level) ** 2)), 0);
    const costs: number[] = [];
    for (const steps of [1, 2, 5, 50]) {
      const found = await measured(values, 2, (source, out) =>
        quantization.chunkPairs(source, BOUNDS, 'mean', steps, out, 2),
      );
      costs.push(cost([...values.subarray(1, 500)], [...found.subarray(4, 6)]));
    }
    const [one = 0, two = 0, five = 0, many = 0] = costs;
    expect(two).toBeLessThanOrEqual(one);
    expect(five).toBeLessThanOrEqual(two);
    expect(five).toBeLessThanOrEqual(1.05 * many);
  });

  it.each([3, 5, 9] as const)(
    'places %i levels at a cost below that of even ones, near the least',
    async (n) => {
      const values = normals(1000, 6).map((value) => value ** 3);
      const found = await measured(values, n, (source, out) =>
        quantization.chunkLevels(source, BOUNDS, n, out, 2),
      );
      const levels = [...found.subarray(3 * n, 4 * n)];
      const chunk = [...values.subarray(500, 999)];
      const cost = (list: readonly number[]) =>
        chunk.reduce((sum, v) => {
          const above = list.find((level) => level >= v) ?? Number.NaN;
          const below = list.findLast((level) => level <= v) ?? Number.NaN;
          return sum + (above - v) * (v - below);
        }, 0);
      const [low, high] = [Math.min(...chunk), Math.max(...chunk)];
      expect([levels[0], levels[n - 1]]).toEqual([low, high]);
      expect(levels).toEqual([...levels].sort((a, b) => a - b));
      expect(levels.every((level) => chunk.includes(level))).toBe(true);
      const even = levels.map((_, j) => low + ((high - low) * j) / (n - 1));
      expect(cost(levels)).toBeLessThan(0.6 * cost([...even.slice(0, -1), high]));
      // The middle level against every other choice of it.
      const best = Math.min(...chunk.map((middle) => cost([low, middle, high])));
      expect(cost([low, levels[(n - 1) / 2] ?? 0, high])).toBeLessThanOrEqual(best * (1 + 1e-2));
    },
  );

  it('marks chunks that hold NaN or an infinity, and no others', async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const values = normals(1000, 7);
      values[700] = bad;
      const found = await measured(values, 3, (source, out) =>
        quantization.chunkLevels(source, BOUNDS, 3, out, 2),
      );
      expect([...found].map(Number.isFinite)).toEqual(Array.from({ length: 15 }, (_, k) => k < 9 || k > 11));
    }
  });
});

describe('codes', () => {
  const rules: readonly CodeRule[] = [
    ...[2, 3, 4, 5, 8, 9, 32, 64, 128, 256].map((levels) => ({ kind: 'uniform', levels }) as const),
    { kind: 'signed', levels: 5 },
    { kind: 'levels', levels: 9 },
  ];

  it.each(rules)('lie least significant bit first at k · bits, by %j', async (rule) => {
    const n = 203;
    const { fields, bits } = codeShape(rule);
    const offset = fields + 1;
    const words = offset + codeWords(n, bits);
    const out = compute.words(words + 1);
    compute.uploadWords(out, new Uint32Array(words + 1).fill(0xabcdef01));
    const statistics = { uniform: [-4, 4], signed: [6], levels: [-4, -3, -2, -1, 0, 1, 2, 3, 4] };
    if (rule.kind === 'min-max' || rule.kind === 'nearest') throw new Error('These have no case here.');
    compute.uploadWords(out, new Uint32Array(Float32Array.from(statistics[rule.kind]).buffer));
    const random = compute.words(n);
    compute.randomWords.fill(random, { counter: [1, 2, 3], key: [4, 5] });
    const draws = await compute.readWords(random);
    const values = normals(n, 8);
    compute.quantization.packCodes(load(compute, values), [0, n], rule, random, out, offset);
    const packed = await compute.readWords(out);
    expect([packed[offset - 1], packed[words]]).toEqual([0xabcdef01, 0xabcdef01]);
    const stream = [...packed.subarray(offset, words)].flatMap((word) =>
      Array.from({ length: 32 }, (_, i) => (word >>> i) & 1),
    );
    expect(stream.slice(n * bits).every((bit) => bit === 0)).toBe(true);
    const code = (k: number) =>
      stream.slice(k * bits, (k + 1) * bits).reduce((sum, bit, i) => sum + bit * 2 ** i, 0);
    const roundUp = (x: number, k: number) => Math.floor(x) + ((draws[k] ?? 0) / 2 ** 32 < x % 1 ? 1 : 0);
    const expected = [...values].map((v, k) => {
      if (rule.kind === 'uniform') return roundUp(((v + 4) * (rule.levels - 1)) / 8, k);
      if (rule.kind === 'levels') return roundUp(v + 4, k);
      const level = roundUp((5 * Math.abs(v)) / 6, k);
      return level + (v < 0 && level > 0 ? 8 : 0);
    });
    expect([...values].map((_, k) => code(k))).toEqual(expected);
  });

  it('span a symmetric range without falling off its lower end', async () => {
    const f32 = Math.fround;
    let fallen = 0;
    for (let i = 0; i < 500; i++) {
      const m = f32(2 + 1.37 * i);
      const out = compute.words(3);
      compute.uploadWords(out, new Uint32Array(Float32Array.of(-m, m).buffer));
      const source = load(compute, Float32Array.of(-m, m, 0, -m / 2));
      compute.quantization.packCodes(source, [0, 4], { kind: 'min-max' }, null, out, 2);
      const code = (await compute.readWords(out))[2] ?? 0;
      expect(code & 255).toBeLessThanOrEqual(1);
      expect((code >>> 8) & 255).toBe(255);
      // m · s is 127.5 at times, which goes to 128, and -127.5 to -128: 256 apart.
      const end = f32(m * f32(255 / f32(f32(2 * m) + f32(1e-7))));
      if (end === 127.5) fallen++;
    }
    expect(fallen).toBeGreaterThan(100);
  });

  it('refuse rules that have no meaning', () => {
    const source = compute.vector(4);
    const out = compute.words(20);
    const pack = (rule: CodeRule) =>
      compute.quantization.packCodes(source, [0, 4], rule, compute.words(4), out, 10);
    expect(() => pack({ kind: 'uniform', levels: 257 })).toThrow(RangeError);
    expect(() => pack({ kind: 'uniform', levels: 1 })).toThrow(RangeError);
    expect(() => pack({ kind: 'signed', levels: 128 })).toThrow(RangeError);
    expect(() => pack({ kind: 'levels', levels: 10 })).toThrow(RangeError);
    expect(() => compute.quantization.packCodes(source, [0, 3], { kind: 'nearest' }, null, out, 10)).toThrow(
      RangeError,
    );
  });

  it('need ⌈log2 count⌉ bits', () => {
    expect([2, 3, 4, 5, 8, 9, 128].map(bitsFor)).toEqual([1, 2, 2, 3, 3, 4, 7]);
  });
});

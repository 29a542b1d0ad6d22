/** What the contract suite does not reach: odd options and messages of the quantising compressors. */
import { describe, expect, it } from 'vitest';
import { completeOptions } from '../base/options.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { packLayout } from '../models/layout.ts';
import type { CompressorEntry } from './compressor.ts';
import { minMax8 } from './min-max-8.ts';
import { oneBitColumns } from './one-bit-columns.ts';
import { orq } from './orq.ts';
import { codeFault } from './packing.ts';
import { KEY, samples } from './testing.ts';
import { uniform } from './uniform.ts';
import { bytesOfWords } from './wire.ts';

const compute = createCpuCompute();
const layoutOf = (length: number) => packLayout([['a', [length]]]);
const codecOf = (entry: CompressorEntry, length: number) =>
  entry.create(compute, layoutOf(length), completeOptions('compressor', entry.options));

async function decoded(entry: CompressorEntry, values: Float32Array): Promise<Float32Array> {
  const codec = codecOf(entry, values.length);
  const vector = compute.vector(values.length);
  compute.upload(vector, values);
  const bytes = await codec.encode(vector, KEY);
  expect(codec.decode(bytes, vector, 1, 'set')).toEqual({ ok: true });
  return compute.read(vector);
}

const floats = (...values: number[]) => [...new Uint32Array(Float32Array.from(values).buffer)];

describe('min-max-8', () => {
  it('keeps a symmetric range symmetric, though 8 bits have no middle', async () => {
    for (const m of [1.5, 2.7182817, 100, 33333]) {
      const [low = 0, high = 0, zero] = await decoded(minMax8, Float32Array.of(-m, m, 0));
      const step = (2 * m) / 255;
      expect(Math.abs(low + m)).toBeLessThanOrEqual(1.01 * step);
      expect(Math.abs(high - m)).toBeLessThanOrEqual(1.01 * step);
      expect(zero).toBe(0);
    }
  });

  it('sends equal numbers exactly', async () => {
    for (const value of [0, 1e-20, 0.1, -7, 1e30]) {
      const expected = Math.fround(value);
      expect([...(await decoded(minMax8, new Float32Array(5).fill(value)))]).toEqual(Array(5).fill(expected));
    }
  });

  it('leaves no number further away than it is large', async () => {
    for (const [name, values] of samples(5000)) {
      const result = await decoded(minMax8, values);
      const k = result.findIndex((value, place) => {
        const v = values[place] ?? 0;
        return Math.abs(value - v) > Math.abs(v) * (1 + 1e-6);
      });
      expect(k, `${name}: ${result[k]} instead of ${values[k]}`).toBe(-1);
    }
  });
});

describe.each([minMax8, uniform])('$id on receipt', (entry) => {
  const codec = codecOf(entry, 4);
  const message = (low: number, high: number) =>
    bytesOfWords(Uint32Array.of(...floats(low, high), 0xff800100));

  it('refuses a range that no f32 holds', () => {
    const dest = compute.vector(4);
    expect(codec.decode(message(-3e38, 3e38), dest, 1, 'set')).toMatchObject({ error: 'not-finite' });
  });

  it('gives finite numbers for ranges that stand on their heads or are tiny', async () => {
    const dest = compute.vector(4);
    for (const [low, high] of [
      [1, -1],
      [1e-7, 0],
      [0, 1.2e-38],
      [3.4e38, 3.4e38],
      [-3.4e38, 0],
      [0, 3.4028234663852886e38],
    ] as const) {
      expect(codec.decode(message(low, high), dest, 1, 'set')).toEqual({ ok: true });
      expect([...(await compute.read(dest))].every(Number.isFinite)).toBe(true);
    }
  });
});

describe('codes that name no level', () => {
  const format = { id: 'x', form: 'stream', levels: 5, bits: 3 } as const;

  it('are found wherever they lie, across words too, and padding is not looked at', () => {
    for (const length of [1, 10, 11, 21, 22, 32, 33, 64]) {
      for (let k = 0; k < Math.ceil((length * 3) / 32) * 10; k++) {
        const words = new Uint32Array(1 + Math.ceil((length * 3) / 32));
        words[0] = 0xffffffff;
        for (let i = 0; i < 3; i++) {
          const bit = 32 + 3 * k + i;
          words[bit >> 5] = ((words[bit >> 5] ?? 0) | (1 << (bit & 31))) >>> 0;
        }
        const fault = codeFault(words, 1, length, format);
        if (k < length) expect(fault).toContain(`coordinate ${k} `);
        else expect(fault).toBeNull();
      }
    }
  });

  it('are found in both of two planes at once', () => {
    const planes = { id: 'x', form: 'planes', levels: 3, bits: 2 } as const;
    for (const k of [0, 31, 32, 39]) {
      const words = new Uint32Array(5);
      words[1 + (k >> 5)] = 2 ** (k & 31);
      expect(codeFault(words, 1, 40, planes)).toBeNull();
      words[3 + (k >> 5)] = 2 ** (k & 31);
      expect(codeFault(words, 1, 40, planes)).toContain(`coordinate ${k} `);
      expect(codeFault(words, 1, k, planes)).toBeNull();
    }
  });
});

it('gives every output unit a column, and a bias one', () => {
  const layout = packLayout([
    ['weight', [10, 128]],
    ['bias', [10]],
    ['kernel', [4, 3, 5, 5]],
    ['none', [0, 7]],
  ]);
  expect(oneBitColumns.bytes(layout, {})).toBe(8 * (10 + 1 + 4) + 4 * Math.ceil(layout.length / 32));
});

it('orders the levels of ORQ as they were found, from least to greatest', async () => {
  const values = Float32Array.from({ length: 1000 }, (_, k) => k);
  const codec = orq.create(
    compute,
    layoutOf(1000),
    completeOptions('compressor', orq.options, { levels: '5' }),
  );
  const vector = compute.vector(1000);
  compute.upload(vector, values);
  const bytes = await codec.encode(vector, KEY);
  const levels = new Float32Array(bytes.slice(0, 20).buffer);
  // Even numbers want even levels, to one place.
  const expected = [0, 250, 500, 750, 999];
  expect(levels.every((level, j) => Math.abs(level - (expected[j] ?? 0)) <= 1)).toBe(true);
});

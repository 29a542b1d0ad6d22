/** Schedules, warm-up, the linear-scaling rule, whole powers, and clipping. */
import { describe, expect, it } from 'vitest';
import { completeOptions, parseOption } from '../base/options.ts';
import { findEntry } from '../base/registry.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { CLIP, clip } from './clip.ts';
import { biasCorrection, wholePower } from './powers.ts';
import { learningRate, SCHEDULES } from './schedules.ts';

const rate = (round: number, id: string, given: Record<string, unknown>, workers = 1) => {
  const options = completeOptions('schedule', findEntry('schedule', SCHEDULES, id).options, given);
  return learningRate(round, 0.4, { id, options }, workers);
};

describe('the learning rate', () => {
  it('is constant unless asked otherwise', () => {
    expect([0, 1, 999_999].map((round) => rate(round, 'constant', {}))).toEqual([0.4, 0.4, 0.4]);
  });

  it('falls by a factor every so many rounds', () => {
    const given = { every: 10, factor: 0.5 };
    expect([0, 9, 10, 19, 20, 35].map((round) => rate(round, 'step', given))).toEqual([
      0.4, 0.4, 0.2, 0.2, 0.1, 0.05,
    ]);
    expect(rate(9, 'step', { ...given, factor: 0 })).toBe(0.4);
    expect(rate(10, 'step', { ...given, factor: 0 })).toBe(0);
  });

  it('falls along half a cosine to zero and stays there', () => {
    const given = { rounds: 100 };
    for (let round = 0; round < 100; round++) {
      const expected = 0.2 * (1 + Math.cos((Math.PI * round) / 100));
      expect(Math.abs(rate(round, 'cosine', given) - expected)).toBeLessThan(1e-15);
    }
    expect([100, 101, 5000].map((round) => rate(round, 'cosine', given))).toEqual([0, 0, 0]);
  });

  it('rises evenly to its full value first', () => {
    const given = { warmupRounds: 4 };
    expect([0, 1, 2, 3, 4].map((round) => rate(round, 'constant', given))).toEqual(
      [0.1, 0.2, 0.3, 0.4, 0.4].map((v) => expect.closeTo(v, 15)),
    );
    // The cosine runs over what is left.
    const cosine = { rounds: 104, warmupRounds: 4 };
    expect(rate(4, 'cosine', cosine)).toBe(0.4);
    expect(rate(54, 'cosine', cosine)).toBeCloseTo(0.2, 15);
    expect(rate(104, 'cosine', cosine)).toBe(0);
    // A warm-up longer than the cosine leaves nothing of it.
    expect(rate(200, 'cosine', { rounds: 100, warmupRounds: 200 })).toBe(0);
  });

  it('is multiplied by the number of workers if asked', () => {
    expect(rate(3, 'constant', { linearScaling: true }, 8)).toBe(3.2);
    expect(rate(3, 'constant', {}, 8)).toBe(0.4);
    expect(rate(1, 'constant', { linearScaling: true, warmupRounds: 4 }, 8)).toBeCloseTo(1.6, 15);
  });

  it('is never negative, and never above its peak', () => {
    for (const { id, options } of SCHEDULES) {
      const given = Object.fromEntries(
        Object.entries({ every: 7, rounds: 333, warmupRounds: 13, linearScaling: true }).filter(
          ([name]) => name in options,
        ),
      );
      for (let round = 0; round < 400; round++) {
        const value = rate(round, id, given, 3);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(0.4 * 3);
      }
    }
  });
});

describe('whole powers', () => {
  it('agree with the library to rounding', () => {
    for (const base of [0, 0.1, 0.9, 0.999, 1, 2]) {
      for (const n of [0, 1, 2, 3, 10, 63, 64, 1000]) {
        const expected = base ** n;
        expect(Math.abs(wholePower(base, n) - expected)).toBeLessThanOrEqual(1e-12 * expected);
      }
    }
    expect(biasCorrection(0.999, 1)).toBeCloseTo(0.001, 15);
    expect(biasCorrection(0.9, 100_000)).toBe(1);
    expect(biasCorrection(0, 1)).toBe(1);
  });
});

describe('clipping', () => {
  const compute = createCpuCompute();
  const clipped = async (most: number) => {
    const gradient = compute.vector(2);
    compute.upload(gradient, Float32Array.of(3, -4));
    clip(compute, gradient, most);
    return [...(await compute.read(gradient))];
  };

  it('is off by default', async () => {
    expect(parseOption('clip', CLIP, 'off')).toBe(CLIP.default);
    expect(await clipped(CLIP.default)).toEqual([3, -4]);
  });

  it('shortens what is too long and leaves what is not', async () => {
    expect(await clipped(1)).toEqual([expect.closeTo(0.6, 6), expect.closeTo(-0.8, 6)]);
    expect(await clipped(5)).toEqual([3, -4]);
  });
});

import { describe, expect, it } from 'vitest';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { randomStream } from '../math/random.ts';
import { Consensus, distancesToMean, SKETCH_LENGTH, SKETCH_SEED } from './consensus.ts';
import { bytesOfFloats, floatsOfBytes } from './floats.ts';
import { Traffic } from './traffic.ts';

const vectors = [Float32Array.of(1, 0), Float32Array.of(-1, 0), Float32Array.of(0, 3)];

describe('the consensus distance', () => {
  it('is the root mean square distance to the mean', () => {
    const { mean, distances, value } = distancesToMean(vectors);
    expect([...mean]).toEqual([0, 1]);
    expect(distances).toEqual([Math.SQRT2, Math.SQRT2, 2]);
    expect(value).toBeCloseTo(Math.sqrt((2 + 2 + 4) / 3), 12);
  });

  it('comes once the last worker’s numbers for a round are in', () => {
    const consensus = new Consensus();
    const add = (round: number, seat: number) =>
      consensus.add(round, seat, vectors[seat] ?? new Float32Array(2), [0, 1, 2], true);
    expect(add(10, 0)).toBe(null);
    expect(add(20, 0)).toBe(null);
    expect(add(10, 2)).toBe(null);
    const result = add(10, 1);
    expect(result?.round).toBe(10);
    expect(result?.distances[2]).toBe(2);
    expect([...(result?.mean ?? [])]).toEqual([0, 1]);
    // Rounds that nobody completes do not pile up.
    for (let round = 30; round < 200; round += 1) add(round, 0);
    add(20, 1);
    expect(add(20, 2)).toBe(null);
  });

  it('is estimated without bias from sketches', async () => {
    const compute = createCpuCompute();
    const d = 5000;
    const n = 6;
    let ratio = 0;
    const trials = 40;
    for (let trial = 0; trial < trials; trial += 1) {
      const models = Array.from({ length: n }, (_, worker) => {
        const random = randomStream(trial, 96, worker, 0);
        return Float32Array.from({ length: d }, () => random.normal());
      });
      const x = compute.vector(d);
      const out = compute.vector(SKETCH_LENGTH);
      const sketches: Float32Array[] = [];
      for (const model of models) {
        compute.upload(x, model);
        compute.sketch(x, SKETCH_SEED + trial, out);
        sketches.push(await compute.read(out));
      }
      compute.free(x, out);
      ratio += distancesToMean(sketches).value ** 2 / distancesToMean(models).value ** 2 / trials;
    }
    // The standard error of this mean is about 9 % / sqrt(n - 1) / sqrt(40) = 0.6 %.
    expect(Math.abs(ratio - 1)).toBeLessThan(0.03);
  });
});

describe('floats as bytes', () => {
  it('come back, or are refused', () => {
    const numbers = Float32Array.of(1.5, -0, 3e38);
    expect(floatsOfBytes(bytesOfFloats(numbers), 3)).toEqual(numbers);
    expect(floatsOfBytes(bytesOfFloats(numbers), 2)).toBe(null);
    expect(floatsOfBytes(bytesOfFloats(Float32Array.of(1, Number.NaN)), 2)).toBe(null);
    expect(floatsOfBytes(bytesOfFloats(Float32Array.of(Number.POSITIVE_INFINITY)), 1)).toBe(null);
  });
});

describe('traffic', () => {
  it('follows the rate of an edge, both ways, and falls to zero', () => {
    const traffic = new Traffic();
    for (let now = 0; now <= 10_000; now += 250) {
      traffic.observe(0, 1, now * 2, now);
      traffic.observe(1, 0, now, now);
    }
    expect(traffic.rate(0, 1, 10_000)).toBeGreaterThan(2900);
    expect(traffic.rate(1, 0, 10_000)).toBeLessThan(3001);
    expect(traffic.rate(0, 1, 60_000)).toBe(0);
    expect(traffic.rate(2, 3, 10_000)).toBe(0);
  });
});

/** The figures of run.json against values worked out by hand. */
import { describe, expect, it } from 'vitest';
import type { WorkerModel } from '../../src/session/handle.ts';
import { distancesToMean, meanParameters } from './summary.ts';

const model = (seat: number, values: readonly number[]): WorkerModel => ({
  seat,
  round: 1,
  layout: { tensors: [], length: values.length },
  parameters: Float32Array.from(values),
});

describe('the average model', () => {
  it('is the mean of the parameters, and there is none without models', () => {
    const models = [model(0, [1, 2, 3]), model(1, [3, 2, -5])];
    expect(meanParameters(models)).toEqual(Float32Array.of(2, 2, -1));
    expect(meanParameters([])).toBeNull();
  });

  it('is a Euclidean distance away from each model', () => {
    const models = [model(0, [3, 0]), model(1, [-3, 8])];
    expect(distancesToMean(models, Float32Array.of(0, 4))).toEqual([5, 5]);
  });
});

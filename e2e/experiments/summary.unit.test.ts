/** The figures of run.json against values worked out by hand. */
import { describe, expect, it } from 'vitest';
import type { WorkerModel } from '../../src/session/handle.ts';
import { snapshotOf, workerAt } from '../../src/store/fixtures/snapshot.ts';
import { distancesToMean, meanParameters, stalenessOf } from './summary.ts';

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

describe('staleness', () => {
  it('is that of all gradients, each told by the tab that used it; there is none of synchronous rounds', () => {
    const own = (seat: number, staleness: readonly (readonly [number, number])[]) =>
      workerAt(seat, { mine: true, staleness });
    const others = workerAt(9, { mine: false, staleness: [[7, 100]] });
    const snapshots = [
      snapshotOf({
        workers: [
          own(0, [
            [0, 4],
            [3, 1],
          ]),
          others,
        ],
      }),
      snapshotOf({ workers: [own(1, [[1, 5]]), own(2, [])] }),
    ];
    expect(stalenessOf(snapshots)).toEqual({
      mean: 0.8,
      most: 3,
      histogram: [
        [0, 4],
        [1, 5],
        [3, 1],
      ],
    });
    expect(stalenessOf([snapshotOf({ workers: [workerAt(0)] })])).toBeNull();
  });
});

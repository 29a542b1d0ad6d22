/** The figures of run.json against values worked out by hand. */
import { describe, expect, it } from 'vitest';
import { buildRecipe } from '../../src/recipe/schema.ts';
import type { WorkerModel } from '../../src/session/handle.ts';
import { snapshotOf, workerAt } from '../../src/store/fixtures/snapshot.ts';
import { reportedOf } from './reported.ts';
import { stalenessOf } from './summary.ts';

const model = (seat: number, values: readonly number[], weight = 1): WorkerModel => ({
  seat,
  round: 1,
  weight,
  current: true,
  layout: { tensors: [], length: values.length },
  parameters: Float32Array.from(values),
});

describe('the model that a run reports', () => {
  const recipe = (id: string, topology = 'ring') =>
    buildRecipe({ algorithm: { id }, topology: { id: topology } });
  const models = [model(0, [1, 2, 3]), model(2, [3, 2, -5], 3)];
  const of = (id: string, topology?: string) => reportedOf(recipe(id, topology), models);

  it('is that of the algorithm, and there is none without models', () => {
    expect(of('d-psgd')).toMatchObject({ of: 'average', seat: null, parameters: Float32Array.of(2, 2, -1) });
    expect(of('sgp')?.parameters).toEqual(Float32Array.of(2.5, 2, -3));
    expect(of('allreduce-sgd', 'complete')?.parameters).toEqual(Float32Array.of(1, 2, 3));
    const server = {
      of: 'server',
      seat: 0,
      says: 'the server’s model',
      parameters: Float32Array.of(1, 2, 3),
    };
    expect(of('fedavg', 'star')).toMatchObject(server);
    expect(reportedOf(recipe('d-psgd'), [])).toBeNull();
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

/** Which model the figures of a run are of, by hand; and that what each algorithm says of itself is so. */
import { describe, expect, it } from 'vitest';
import { TRAITS } from '../simulator/traits.ts';
import { graphOfEdges } from '../topology/graph.ts';
import { ALGORITHMS } from './index.ts';
import { combined, partsOf, serverOf } from './reported.ts';

const star = graphOfEdges(4, [
  [0, 2],
  [1, 2],
  [2, 3],
]);
const complete = graphOfEdges(3, [
  [0, 1],
  [0, 2],
  [1, 2],
]);

describe('the reported model', () => {
  it('is the server’s, any replica, the average, or the average of numerators', () => {
    const models = [Float32Array.of(1, 0), Float32Array.of(3, 2), Float32Array.of(5, 10)];
    const of = (reported: Parameters<typeof partsOf>[0], weights = [1, 1, 1]) => [
      ...combined(models, partsOf(reported, complete, weights)),
    ];
    expect(of('server')).toEqual([1, 0]);
    expect(of('replica')).toEqual([1, 0]);
    expect(of('average')).toEqual([3, 4]);
    // u = (2, 0), (3, 2) and (2.5, 5), of the weights 2, 1 and 0.5.
    expect(of('de-biased', [2, 1, 0.5])).toEqual([7.5 / 3.5, 2]);
  });

  it('is the server’s wherever in the star it is', () => {
    expect([serverOf(star), serverOf(complete)]).toEqual([2, 0]);
    expect(partsOf('server', star, [1, 1, 1, 1])).toEqual([0, 0, 1, 0]);
  });

  it('of models that are all the same is that model, to the last bit', () => {
    const model = Float32Array.of(0.1, -1 / 3, 1e-30);
    const same = Array.from({ length: 7 }, () => model);
    expect(Float32Array.from(combined(same, partsOf('average', star, Array(7).fill(1))))).toEqual(model);
  });

  it.each(ALGORITHMS)(
    '$id: who says that all hold one model is held to it bit for bit',
    ({ id, reports }) => {
      if (reports === 'replica') expect(TRAITS[id]?.replicas).toBe(true);
      // Gossip that keeps its mean reports that mean.
      if (TRAITS[id]?.keepsMean === true) expect(reports).toBe('average');
    },
  );
});

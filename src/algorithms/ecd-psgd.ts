/**
 * ECD-PSGD: extrapolation compression. Neighbours hold estimates of each other that grow more exact as the
 * run goes on, because every message counts for less.
 *
 *   x_i⁺ = Σ_j W_ij x̂_j − γ g_i(x_i)                (x̂_i, the estimate of itself, among them)
 *   z_i = x_i + (k/2) (x_i⁺ − x_i),   send C(z_i),   everybody: x̂_i ← (1 − 2/k) x̂_i + (2/k) C(z_i)
 *
 * with k = 1, 2, … Tang et al., NeurIPS 2018, arXiv 1803.06443, algorithm 2; z in the form that does not
 * cancel when k is large. Only unbiased compressors are legal: the estimates average their errors away.
 * Estimates are kept as their sum Σ_j W_ij x̂_j. Differences from the paper: after a view change estimates
 * are exact again and k begins at 1.
 *
 * The paper has no momentum; with it, the optimizer's step takes the place of −γ g_i, and what it remembers stays
 * with the worker, as Koloskova, Lin, Stich, Jaggi ran ECD-PSGD beside CHOCO-SGD (ICLR 2020, arXiv 1907.09356).
 */
import { type AlgorithmEntry, counted, held } from './algorithm.ts';
import { shareCost } from './costs.ts';
import { beginOptimizer, MOMENTUM_OPTIMIZERS, stepTerms } from './local-optimizer.ts';
import { needsFixedSymmetric, needsUnbiased } from './needs.ts';
import { beginCopies } from './public-copies.ts';

const EXTRAPOLATED = 1;

export const ecdPsgd: AlgorithmEntry = {
  id: 'ecd-psgd',
  label: 'ECD-PSGD',
  description: 'Neighbours estimate each other from compressed extrapolations.',
  paper: 'Tang et al., NeurIPS 2018, arXiv 1803.06443, algorithm 2',
  needs: 'an undirected graph that stays the same; an unbiased compressor',
  lossPolicy: 'view-change',
  reports: 'average',
  startsApart: true,
  options: {},
  optimizers: MOMENTUM_OPTIMIZERS,
  prefers: { compressor: { id: 'uniform' } },
  refuses: (given) => needsUnbiased('ECD-PSGD', given) ?? needsFixedSymmetric('ECD-PSGD', given),
  cost: shareCost,

  async enter(node, start) {
    const { s } = await beginCopies(node, start);
    return { x: start.x, s, k: 1, ...beginOptimizer(node, start.previous) };
  },

  async round(node, state) {
    const { compute } = node;
    const k = counted(state, 'k');
    const s = node.next('s');
    const x = node.next('x');
    const z = node.scratch('z');
    const { terms, remembered } = await stepTerms(node, state);
    compute.linear(x, [[1, held(state, 's')], ...terms]);
    const change = node.scratch('change');
    compute.linear(change, [
      [1, x],
      [-1, state.x],
    ]);
    compute.linear(z, [
      [1, state.x],
      [k / 2, change],
    ]);
    const own = await node.share(EXTRAPOLATED, z);
    compute.linear(s, [[1 - 2 / k, held(state, 's')]]);
    node.decode(own, s, (2 / k) * node.selfWeight, 'add');
    for (const message of await node.gather(EXTRAPOLATED)) {
      node.decode(message, s, (2 / k) * message.weight, 'add');
    }
    return { x, s, k: k + 1, ...remembered };
  },
};

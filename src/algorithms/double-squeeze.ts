/**
 * DoubleSqueeze: error-compensated compression in both directions, from workers to server and back.
 *
 *   v_i = g_i + e_i,  q_i = C(v_i),  e_i ← v_i − q_i;   v = (1/n) Σ q_i + E,  q = C(v),  E ← v − q;   x ← x − γ q
 *
 * Tang, Yu, Lian, Zhang, Liu: DoubleSqueeze: Parallel Stochastic Gradient Descent with Double-Pass
 * Error-Compensated Compression, ICML 2019, arXiv 1905.05957. The server is the centre of a star or, on the
 * complete graph, every worker for its part. Residuals are in gradient units, so the virtual iterate
 * x − γ (E + mean e) is exact while γ is constant. Difference from the authors' code: the server averages,
 * it does not sum.
 */
import type { AlgorithmEntry } from './algorithm.ts';
import { beginResiduals, residualsIn, twoPassCost, twoPassMean } from './collectives/two-pass.ts';
import { needsBoundedError, needsCompleteOrStar, needsContraction } from './needs.ts';
import { adoptReplicas, stepReplica } from './replicas.ts';

const GRADIENT = 1;

const common = {
  lossPolicy: 'view-change',
  reports: 'replica',
  options: {},
  cost: twoPassCost,
  enter: async (node, start) => ({
    ...(await adoptReplicas(node, start, { vectors: [], numbers: {} })),
    ...beginResiduals(node, start),
  }),
  async round(node, state) {
    const mean = node.scratch('mean');
    const x = node.next('x');
    const gradient = await node.gradient(state.x);
    const residuals = await twoPassMean(node, GRADIENT, gradient, mean, residualsIn(state));
    stepReplica(node, state.x, mean, node.learningRate, x);
    return { x, ...residuals };
  },
} as const satisfies Partial<AlgorithmEntry>;

export const doubleSqueeze: AlgorithmEntry = {
  ...common,
  id: 'double-squeeze',
  label: 'DoubleSqueeze',
  description: 'Gradients are compressed on the way to the average and back, both with error feedback.',
  paper: 'Tang et al., ICML 2019, arXiv 1905.05957',
  needs: 'complete graph or star; any compressor whose error is bounded',
  prefers: { topology: { id: 'complete' }, compressor: { id: 'one-bit', options: { scale: 'l2' } } },
  refuses: (given) =>
    needsCompleteOrStar('DoubleSqueeze', given) ?? needsBoundedError('DoubleSqueeze', given),
};

/**
 * 1-bit SGD: Seide, Fu, Droppo, Li, Yu, Interspeech 2014. The same two passes; one bit a weight and two
 * reconstruction values for each column of a matrix.
 */
export const oneBitSgd: AlgorithmEntry = {
  ...common,
  id: 'one-bit-sgd',
  label: '1-bit SGD',
  description: 'The first of its kind: one bit a weight, two values a column, errors fed back.',
  paper: 'Seide et al., Interspeech 2014',
  needs: 'complete graph or star; one-bit-columns (or another contraction)',
  prefers: { topology: { id: 'complete' }, compressor: { id: 'one-bit-columns' } },
  refuses: (given) => needsCompleteOrStar('1-bit SGD', given) ?? needsContraction('1-bit SGD', given),
};

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
 *
 * The paper has no momentum. The same two passes with Nesterov's momentum of each worker's own gradients are
 * dist-EF-SGDM (Zheng, Huang, Kwok: Communication-Efficient Distributed Blockwise Momentum SGD with
 * Error-Feedback, NeurIPS 2019, arXiv 1905.10936, algorithm 3), which is what μ > 0 makes of it:
 *
 *   m_i ← μ m_i + g_i,   v_i = μ m_i + g_i + (γ⁻ / γ) e_i,   and E is weighed by γ⁻ / γ likewise
 *
 * with γ⁻ the learning rate of the round before: what is owed keeps its size in steps when the rate changes.
 */
import { numberOption } from '../base/options.ts';
import { type AlgorithmEntry, counted, type Node, type State } from './algorithm.ts';
import {
  beginResiduals,
  type Residuals,
  residualsIn,
  twoPassCost,
  twoPassMean,
} from './collectives/two-pass.ts';
import { ERROR_FEEDBACK, needsForErrors } from './feedback.ts';
import { needsBoundedError, needsCompleteOrStar, needsContraction } from './needs.ts';
import { beginMomentum, OWN_MOMENTUM, pushed } from './own-momentum.ts';
import { adoptReplicas, stepReplica } from './replicas.ts';

const GRADIENT = 1;

const common = {
  lossPolicy: 'view-change',
  reports: 'replica',
  options: ERROR_FEEDBACK,
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
  options: { momentum: OWN_MOMENTUM, ...ERROR_FEEDBACK },
  refuses: (given) =>
    needsCompleteOrStar('DoubleSqueeze', given) ?? needsForErrors('DoubleSqueeze', given, needsBoundedError),
  enter: async (node, start) => {
    const state = await common.enter(node, start);
    if (numberOption(node.options, 'momentum') === 0) return state;
    const { previous } = start;
    const before = previous === null ? 0 : counted(previous, 'gamma');
    return { ...state, ...beginMomentum(node, start), gamma: before };
  },
  round: (node, state) =>
    numberOption(node.options, 'momentum') === 0 ? common.round(node, state) : momentumRound(node, state),
};

/** A round of dist-EF-SGDM. `gamma` is the learning rate of the round before, 0 in the first. */
async function momentumRound(node: Node, state: State): Promise<State> {
  const { compute, learningRate } = node;
  const mu = numberOption(node.options, 'momentum');
  const gradient = await node.gradient(state.x);
  const { direction: m, kept } = pushed(node, state, gradient);
  const ahead = node.scratch('look-ahead');
  compute.linear(ahead, [
    [mu, m],
    [1, gradient],
  ]);
  const owed = inUnitsOf(node, residualsIn(state), counted(state, 'gamma'));
  const mean = node.scratch('mean');
  const x = node.next('x');
  const residuals = await twoPassMean(node, GRADIENT, ahead, mean, owed);
  stepReplica(node, state.x, mean, learningRate, x);
  return { x, ...kept, ...residuals, gamma: learningRate };
}

/** Residuals that were in gradients of rate `before`, in gradients of this round's rate; in scratch. */
function inUnitsOf(node: Node, residuals: Residuals | null, before: number): Residuals | null {
  const { compute, learningRate } = node;
  // While nothing moves there are no such units.
  if (residuals === null || before === learningRate || learningRate === 0) return residuals;
  const { e, E, offset } = residuals;
  const scaled = (name: string, vector: Residuals['e']) => {
    const dest = node.scratch(name, vector.length);
    compute.linear(dest, [[before / learningRate, vector]]);
    return dest;
  };
  return { e: scaled('scaled e', e), ...(E === undefined ? {} : { E: scaled('scaled E', E) }), offset };
}

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
  refuses: (given) =>
    needsCompleteOrStar('1-bit SGD', given) ?? needsForErrors('1-bit SGD', given, needsContraction),
};

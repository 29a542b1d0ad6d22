/**
 * gTop-k SGD: error feedback over a sum of steps that stays k-sparse on its way through a tree.
 *
 *   p_i = e_i + γ m_i,   q_i = top-k(p_i),   q = gTop-k(Σ_i q_i),   x ← x − q / n
 *   e_i ← p_i − (what of p_i, and of what this worker merged, is in q)
 *
 * with m_i ← μ m_i + g_i. Shi et al., "A distributed synchronous SGD algorithm with global top-k
 * sparsification for low bandwidth networks", ICDCS 2019, arXiv 1901.04359. Residuals are in step units. In
 * the leak-free mode x − mean e moves exactly by −γ mean m; as published, some of it is lost on the way
 * (see `collectives/g-top-k.ts`). A worker that is alone compresses nothing.
 */
import { booleanOption } from '../base/options.ts';
import { addResidual } from '../compressors/error-feedback.ts';
import { type AlgorithmEntry, type Configuration, held } from './algorithm.ts';
import { gTopKCost, gTopKSum } from './collectives/g-top-k.ts';
import { beginResidual, ERROR_FEEDBACK, feedsBack, needsFeedback } from './feedback.ts';
import { needsComplete } from './needs.ts';
import { beginMomentum, OWN_MOMENTUM, pushed } from './own-momentum.ts';
import { impossible, type Refusal } from './refusal.ts';
import { adoptReplicas, stepReplica } from './replicas.ts';

const STEP = 1;

export const gTopKSgd: AlgorithmEntry = {
  id: 'g-top-k-sgd',
  label: 'gTop-k SGD',
  description:
    'Sparse steps are merged two by two, each time down to the largest, so traffic grows with log n.',
  paper: 'Shi et al., ICDCS 2019, arXiv 1901.04359',
  needs: 'complete graph; top-k (or ms-top-k)',
  lossPolicy: 'view-change',
  reports: 'replica',
  options: {
    leakFree: {
      kind: 'boolean',
      default: true,
      label: 'leak-free',
      help: 'What is dropped in the middle of the tree stays with the worker that dropped it; without, as published, some of it is lost.',
    },
    ...ERROR_FEEDBACK,
    momentum: OWN_MOMENTUM,
  },
  prefers: { topology: { id: 'complete' }, compressor: { id: 'top-k' } },
  refuses: (given) =>
    needsComplete('gTop-k SGD', given) ??
    needsPairs(given) ??
    needsFeedback('gTop-k SGD', given.compressor, given),
  cost: gTopKCost,

  async enter(node, start) {
    const { x } = await adoptReplicas(node, start, { vectors: [], numbers: {} });
    return { x, ...beginMomentum(node, start), ...beginResidual(node, start) };
  },

  async round(node, state) {
    const { compute, options, size } = node;
    const fed = feedsBack(options);
    const e = fed ? node.next('e') : node.scratch('left out');
    const x = node.next('x');
    const p = node.scratch('p');
    const { direction, kept } = pushed(node, state, await node.gradient(state.x));
    addResidual(compute, p, [[node.learningRate, direction]], fed ? held(state, 'e') : null);
    const sum = size === 1 ? p : node.scratch('sum');
    if (size === 1) compute.linear(e, []);
    else await gTopKSum(node, STEP, p, sum, e, booleanOption(options, 'leakFree'));
    stepReplica(node, state.x, sum, 1 / size, x);
    return { x, ...kept, ...(fed ? { e } : {}) };
  },
};

function needsPairs({ compressor }: Configuration): Refusal | null {
  if (compressor === 'top-k' || compressor === 'ms-top-k') return null;
  return impossible(
    `gTop-k SGD merges coordinates with their values, which ${compressor} does not send: choose top-k.`,
  );
}

/**
 * AllReduce-SGD: the synchronous baseline. Every worker takes the same step along the mean gradient.
 *
 *   ḡ = (1/n) Σ_i g_i(x),   x ← x − γ ḡ
 *
 * or the step of another optimizer along ḡ: with Adam, what 1-bit Adam and its kin are compared to.
 * Known as C-PSGD or S-SGD in the literature on decentralised training. On a complete graph or a ring the
 * sum is a ring all-reduce (Patarasuk and Yuan 2009), on a star a parameter server; replicas are the same
 * bits on every worker either way, because every part is summed once and then copied.
 *
 * With DeAR's schedule (Zhang, Shi et al., arXiv 2302.12445) the all-reduce goes bucket by bucket: its first
 * half during the backward pass, its second, and the step, with the γ of the round that the gradient is of,
 * during the forward pass of the next round. A view that begins after an abort drops what is not gathered,
 * as if that round had been rolled back, too.
 */
import { type AlgorithmEntry, counted, held, type Node, type State } from './algorithm.ts';
import {
  dearCost,
  type Gathering,
  gatherBuckets,
  isDear,
  needsOfSchedule,
  SCHEDULE,
  scatterBuckets,
} from './collectives/dear.ts';
import { COLLECTIVE, meanOverAll, meanOverAllCost, needsOfCollective } from './collectives/mean.ts';
import { needsAllReduce, needsWholeNumbers } from './needs.ts';
import {
  optimizerReplicas,
  REPLICA_OPTIMIZERS,
  stepAlongMean,
  stepBucketAlongMean,
} from './replica-optimizer.ts';
import { adoptReplicas } from './replicas.ts';

const GRADIENT = 1;

/** The step that the last round put off, if it did, under way: `now` is the state after it, once all has come. */
function catchUp(node: Node, state: State): Gathering & { readonly now: State } {
  if (state.pending === undefined) return { now: state, come: async () => undefined };
  const now = { x: node.next('x') };
  const rate = counted(state, 'rate');
  const { come } = gatherBuckets(node, GRADIENT, held(state, 'pending'), (bucket, mean) =>
    stepBucketAlongMean(node, state, bucket, mean, rate, now),
  );
  return { now, come };
}

export const allreduceSgd: AlgorithmEntry = {
  id: 'allreduce-sgd',
  label: 'AllReduce-SGD',
  description: 'All workers keep one model and step along the mean of their gradients.',
  paper: 'Patarasuk and Yuan, JPDC 2009 (ring all-reduce); the baseline of Lian et al., arXiv 1705.09056',
  needs: 'complete graph, ring or star; whole numbers (none or fp16)',
  lossPolicy: 'view-change',
  reports: 'replica',
  optimizers: REPLICA_OPTIMIZERS,
  prefers: { topology: { id: 'complete' }, compressor: { id: 'none' } },
  options: { ...COLLECTIVE, ...SCHEDULE },
  refuses: (given) =>
    needsAllReduce('AllReduce-SGD', given) ??
    needsOfCollective('AllReduce-SGD', given) ??
    needsOfSchedule('AllReduce-SGD', given) ??
    needsWholeNumbers('AllReduce-SGD', 'Choose none or fp16, or DoubleSqueeze, which compresses.', given),
  cost: (given) => (isDear(given.options) ? dearCost(given) : meanOverAllCost(given)),

  // Of two with as many rounds behind them, one may have taken the step that the other still puts off.
  enter: (node, start) =>
    adoptReplicas(
      node,
      start,
      optimizerReplicas(node.optimizer),
      2 * start.committed + (start.previous?.pending === undefined ? 1 : 0),
    ),

  async settle(node, state) {
    const { now, come } = catchUp(node, state);
    await come(0, node.layout.length);
    return now;
  },

  async round(node, state) {
    if (isDear(node.options) && node.size > 1) {
      const { now, come } = catchUp(node, state);
      const { ready, parts } = scatterBuckets(node, GRADIENT, 'pending');
      await node.gradient(now.x, 0, { needed: come, ready });
      return { ...now, pending: await parts(), rate: node.learningRate };
    }
    const mean = node.scratch('mean');
    await meanOverAll(node, GRADIENT, await node.gradient(state.x), mean);
    return stepAlongMean(node, state, mean);
  },
};

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
 * With DeAR's schedule (Zhang, Shi et al., arXiv 2302.12445) the second half of the all-reduce, and the
 * step, with the γ of the round that the gradient is of, come at the beginning of the next round. A view
 * that begins after an abort drops what is not gathered, as if that round had been rolled back, too.
 */
import { type AlgorithmEntry, counted, held, type Node, type State } from './algorithm.ts';
import {
  dearCost,
  gatherBuckets,
  isDear,
  needsOfSchedule,
  SCHEDULE,
  scatterBuckets,
} from './collectives/dear.ts';
import { COLLECTIVE, meanOverAll, meanOverAllCost, needsOfCollective } from './collectives/mean.ts';
import { needsAllReduce, needsWholeNumbers } from './needs.ts';
import { optimizerReplicas, REPLICA_OPTIMIZERS, stepAlongMean } from './replica-optimizer.ts';
import { adoptReplicas } from './replicas.ts';

const GRADIENT = 1;

/** Takes the step that the last round put off, if it did. */
async function settled(node: Node, state: State): Promise<State> {
  if (state.pending === undefined) return state;
  const mean = node.scratch('mean');
  await gatherBuckets(node, GRADIENT, held(state, 'pending'), mean);
  return stepAlongMean(node, state, mean, counted(state, 'rate'));
}

export const allreduceSgd: AlgorithmEntry = {
  id: 'allreduce-sgd',
  label: 'AllReduce-SGD',
  description: 'All workers keep one model and step along the mean of their gradients.',
  paper: 'Patarasuk and Yuan, JPDC 2009 (ring all-reduce); the baseline of Lian et al., arXiv 1705.09056',
  needs: 'complete graph, ring or star; whole numbers (none or fp16)',
  lossPolicy: 'view-change',
  optimizers: REPLICA_OPTIMIZERS,
  prefers: { topology: { id: 'complete' }, compressor: { id: 'none' } },
  options: { ...COLLECTIVE, ...SCHEDULE },
  refuses: (given) =>
    needsAllReduce('AllReduce-SGD', given) ??
    needsOfCollective('AllReduce-SGD', given) ??
    needsOfSchedule('AllReduce-SGD', given) ??
    needsWholeNumbers('AllReduce-SGD', 'Choose none or fp16, or DoubleSqueeze, which compresses.', given),
  cost: (given) => (isDear(given.options) ? dearCost(given) : meanOverAllCost(given)),

  enter: (node, start) => adoptReplicas(node, start, optimizerReplicas(node.optimizer)),

  settle: settled,

  async round(node, state) {
    if (isDear(node.options) && node.size > 1) {
      const now = await settled(node, state);
      const pending = await scatterBuckets(node, GRADIENT, await node.gradient(now.x), 'pending');
      return { ...now, pending, rate: node.learningRate };
    }
    const mean = node.scratch('mean');
    await meanOverAll(node, GRADIENT, await node.gradient(state.x), mean);
    return stepAlongMean(node, state, mean);
  },
};

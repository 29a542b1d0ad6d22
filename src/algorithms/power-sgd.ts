/**
 * PowerSGD: all-reduce of the factors of a rank-r approximation, found by one step of power iteration.
 *
 *   M_i = g_i + E_i,   Q ← orthonormal(Q),   P = orthonormal(mean_i M_i Q),   Q ← mean_i M_iᵀ P
 *   M̂ = P Qᵀ,   E_i ← M_i − M̂,   x ← x − γ M̂
 *
 * for every matrix; vectors, and matrices too small to gain, are averaged whole. Vogels, Karimireddy, Jaggi:
 * PowerSGD: Practical Low-Rank Gradient Compression for Distributed Optimization, NeurIPS 2019, arXiv
 * 1905.13727. Q goes on from the last round (warm start). In every coordinate mean g + mean E = M̂ + mean E';
 * residuals are in gradient units, so x − γ mean E is exact while γ is constant. Differences from the paper:
 * the step along M̂ is the recipe's optimizer's, as in AllReduce-SGD; there are no rounds of whole gradients
 * before it sets in; a worker that is alone compresses nothing.
 */
import { numberOption, type OptionSchema } from '../base/options.ts';
import { addResidual, keepResidual } from '../compressors/error-feedback.ts';
import { type AlgorithmEntry, type Costing, held, type Node } from './algorithm.ts';
import { COLLECTIVE, meanOverAll, meanOverAllCost, needsOfCollective } from './collectives/mean.ts';
import { beginResidual, ERROR_FEEDBACK, feedsBack, needsFeedback } from './feedback.ts';
import {
  clearWholes,
  expand,
  factorReplicas,
  lowRankOf,
  orthonormal,
  packWholes,
  project,
  unpackWholes,
} from './low-rank.ts';
import { needsAllReduce, needsWholeNumbers } from './needs.ts';
import { optimizerReplicas, REPLICA_OPTIMIZERS, stepAlongMean } from './replica-optimizer.ts';
import { adoptReplicas } from './replicas.ts';

const FIRST = 1;
const SECOND = 2;

const RANK: OptionSchema = {
  rank: {
    kind: 'number',
    default: 2,
    min: 1,
    max: 64,
    integer: true,
    label: 'rank',
    help: 'Columns of the two factors that stand for a matrix; more is closer to its gradient, and more bytes.',
  },
};

const planOf = ({ layout, options }: Pick<Costing | Node, 'layout' | 'options'>) =>
  lowRankOf(layout, numberOption(options, 'rank'));

export const powerSgd: AlgorithmEntry = {
  id: 'power-sgd',
  label: 'PowerSGD',
  description: 'Averages two thin factors of each matrix instead of its gradient, with error feedback.',
  paper: 'Vogels et al., NeurIPS 2019, arXiv 1905.13727',
  needs: 'complete graph, ring or star; whole numbers (none or fp16)',
  lossPolicy: 'view-change',
  reports: 'replica',
  optimizers: REPLICA_OPTIMIZERS,
  options: { ...RANK, ...COLLECTIVE, ...ERROR_FEEDBACK },
  prefers: { topology: { id: 'complete' }, compressor: { id: 'none' } },
  refuses: (given) =>
    needsAllReduce('PowerSGD', given) ??
    needsOfCollective('PowerSGD', given) ??
    needsFeedback('PowerSGD', 'a low rank', given) ??
    needsWholeNumbers('PowerSGD', 'Choose none or fp16: its factors are the compression.', given),
  cost(given) {
    const plan = planOf(given);
    const first = meanOverAllCost({ ...given, layout: plan.messages.P });
    if (plan.matrices.length === 0) return first;
    const second = meanOverAllCost({ ...given, layout: plan.factors.Q });
    return { messages: first.messages + second.messages, bytes: first.bytes + second.bytes };
  },

  async enter(node, start) {
    const sized = factorReplicas(node, planOf(node), ['Q']);
    const replicas = await adoptReplicas(node, start, { ...optimizerReplicas(node.optimizer), sized });
    return { ...replicas, ...beginResidual(node, start, 'E') };
  },

  async round(node, state) {
    const { compute, size } = node;
    const plan = planOf(node);
    const M = node.scratch('M');
    const fed = feedsBack(node.options);
    const E = fed ? node.next('E') : node.scratch('left out');
    const mean = node.scratch('mean');
    addResidual(compute, M, [[1, await node.gradient(state.x)]], fed ? held(state, 'E') : null);
    if (size === 1 || plan.matrices.length === 0) {
      await meanOverAll(node, FIRST, M, mean);
      compute.linear(E, []);
      return { ...state, ...stepAlongMean(node, state, mean), ...(fed ? { E } : {}) };
    }
    const { factors, messages } = plan;
    const oldQ = node.scratch('old Q', factors.Q.length);
    const ownP = node.scratch('own P', messages.P.length);
    const meanP = node.scratch('mean P', messages.P.length);
    const P = node.scratch('P', factors.P.length);
    const ownQ = node.scratch('own Q', factors.Q.length);
    const Q = node.next('Q', factors.Q.length);

    await orthonormal(node, plan, 'Q', held(state, 'Q'), oldQ);
    project(node, plan, 'P', M, oldQ, ownP);
    packWholes(node, plan, 'P', M, ownP);
    await meanOverAll(node, FIRST, ownP, meanP, undefined, messages.P);
    await orthonormal(node, plan, 'P', meanP, P);
    project(node, plan, 'Q', M, P, ownQ);
    await meanOverAll(node, SECOND, ownQ, Q, undefined, factors.Q);

    expand(node, plan, { P, Q }, mean);
    unpackWholes(node, plan, 'P', meanP, mean);
    keepResidual(compute, E, M, (dest, weight) => {
      compute.linear(dest, [
        [1, dest],
        [weight, mean],
      ]);
    });
    clearWholes(node, plan, E);
    return { ...stepAlongMean(node, state, mean), Q, ...(fed ? { E } : {}) };
  },
};

/**
 * ACP-SGD: alternating compressed PowerSGD. Half a power iteration a round, and a single all-reduce in it.
 *
 *   M_i = g_i + E_i
 *   even:  Q ← orthonormal(Q),   P_i = M_i Q,    E_i ← M_i − P_i Qᵀ,   P = mean P_i
 *   odd:   P ← orthonormal(P),   Q_i = M_iᵀ P,   E_i ← M_i − P Q_iᵀ,   Q = mean Q_i
 *   both:  x ← x − γ P Qᵀ
 *
 * for every matrix; vectors, and matrices too small to gain, are averaged whole in the same message. Zhang
 * et al., ICDCS 2023. The factor that is made orthonormal is the one that was averaged last, the same bits on
 * every worker. Residuals are taken from a worker's own factor; in every coordinate mean g + mean E =
 * M̂ + mean E'. A worker that is alone compresses nothing.
 */
import { numberOption, type OptionSchema } from '../base/options.ts';
import { addResidual, keepResidual } from '../compressors/error-feedback.ts';
import { type AlgorithmEntry, type Costing, counted, held, type Node } from './algorithm.ts';
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
  type Side,
  subtractProduct,
  unpackWholes,
} from './low-rank.ts';
import { needsAllReduce, needsWholeNumbers } from './needs.ts';
import { optimizerReplicas, REPLICA_OPTIMIZERS, stepAlongMean } from './replica-optimizer.ts';
import { adoptReplicas } from './replicas.ts';

const FACTOR = 1;
/** Whose turn it is, by the number `turn` of the state. */
const SIDES: readonly [Side, Side] = ['P', 'Q'];

const RANK: OptionSchema = {
  rank: {
    kind: 'number',
    default: 4,
    min: 1,
    max: 64,
    integer: true,
    label: 'rank',
    help: 'Columns of the factor that stands for a matrix in a round; more is closer to its gradient, and more bytes.',
  },
};

const planOf = ({ layout, options }: Pick<Costing | Node, 'layout' | 'options'>) =>
  lowRankOf(layout, numberOption(options, 'rank'));

export const acpSgd: AlgorithmEntry = {
  id: 'acp-sgd',
  label: 'ACP-SGD',
  description: 'PowerSGD by halves: each round averages one of the two factors, in a single all-reduce.',
  paper: 'Zhang et al., ICDCS 2023',
  needs: 'complete graph, ring or star; whole numbers (none or fp16)',
  lossPolicy: 'view-change',
  reports: 'replica',
  optimizers: REPLICA_OPTIMIZERS,
  options: { ...RANK, ...COLLECTIVE, ...ERROR_FEEDBACK },
  prefers: { topology: { id: 'complete' }, compressor: { id: 'none' } },
  refuses: (given) =>
    needsAllReduce('ACP-SGD', given) ??
    needsOfCollective('ACP-SGD', given) ??
    needsFeedback('ACP-SGD', 'a low rank', given) ??
    needsWholeNumbers('ACP-SGD', 'Choose none or fp16: its factors are the compression.', given),
  /** The mean of its two kinds of rounds. */
  cost(given) {
    const { messages } = planOf(given);
    const [p, q] = SIDES.map((side) => meanOverAllCost({ ...given, layout: messages[side] }));
    if (p === undefined || q === undefined) return { messages: 0, bytes: 0 };
    return { messages: p.messages, bytes: (p.bytes + q.bytes) / 2 };
  },

  async enter(node, start) {
    const { vectors, numbers } = optimizerReplicas(node.optimizer);
    const sized = factorReplicas(node, planOf(node), SIDES);
    const replicas = await adoptReplicas(node, start, { vectors, numbers: { ...numbers, turn: 0 }, sized });
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
      await meanOverAll(node, FACTOR, M, mean);
      compute.linear(E, []);
      return { ...state, ...stepAlongMean(node, state, mean), ...(fed ? { E } : {}) };
    }
    const turn = counted(state, 'turn');
    const side: Side = turn === 0 ? 'P' : 'Q';
    const other: Side = turn === 0 ? 'Q' : 'P';
    const { factors, messages } = plan;
    const fixed = node.scratch(`fixed ${other}`, factors[other].length);
    const own = node.scratch(`own ${side}`, messages[side].length);
    const averaged = node.scratch(`mean ${side}`, messages[side].length);
    const next = node.next(side, factors[side].length);

    await orthonormal(node, plan, other, held(state, other), fixed);
    project(node, plan, side, M, fixed, own);
    keepResidual(compute, E, M, (dest) => {
      subtractProduct(node, plan, side === 'P' ? { P: own, Q: fixed } : { P: fixed, Q: own }, dest);
    });
    clearWholes(node, plan, E);
    packWholes(node, plan, side, M, own);
    await meanOverAll(node, FACTOR, own, averaged, undefined, messages[side]);

    compute.slices.copy(next, 0, averaged, 0, next.length);
    expand(node, plan, side === 'P' ? { P: next, Q: fixed } : { P: fixed, Q: next }, mean);
    unpackWholes(node, plan, side, averaged, mean);
    const kept = fed ? { E } : {};
    return { ...state, ...stepAlongMean(node, state, mean), ...kept, [side]: next, turn: 1 - turn };
  },
};

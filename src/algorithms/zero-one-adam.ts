/**
 * 0/1 Adam: a variance that is updated ever more rarely, then frozen, and local steps in between ever rarer
 * exchanges: most rounds send one bit a weight, or nothing.
 *
 * Stage 1, for `warmupRounds` rounds; h begins at 1 and doubles with every `varianceUpdates` updates of v:
 *   where h divides t:  ḡ dense,  m ← β1 m + (1 − β1) ḡ,  v ← β2 v + (1 − β2) ḡ²
 *   else:               ĝ = two-pass mean of C(g_i),  m ← β1 m + (1 − β1) ĝ
 *   x ← x − γ (m̂ / (√v̂ + ε) + λ x)
 * Stage 2, v̂ frozen, residuals begun anew; x_i = x + U_i with x that of the last exchange:
 *   m_i ← β1 m_i + (1 − β1) g_i,   U_i ← U_i − γ m̂_i / (√v̂ + ε),   Γ ← Γ + γ
 *   every h steps, h doubling every `localDoubling` steps up to `longestInterval`:
 *   Z = two-pass mean of C(U_i (√v̂ + ε)),   m ← −Z / Γ,   x ← x + Z / (√v̂ + ε) − λ Γ x,   U_i ← 0,   Γ ← 0
 *
 * Lu, Li, Zhang, De Sa, He: Maximizing Communication Efficiency for Large-scale Training via 0/1 Adam, ICLR
 * 2023, arXiv 2202.06009. Differences from the authors' code: moments are corrected for their start at
 * zero, unless `biasCorrection` is off (m̂ = m, v̂ = v); ε is 1e-5, not 1e-8; weight decay is applied at exchanges,
 * to the common x; coordinates that had no gradient are left alone (see `frozen-adam.ts`); each part and block
 * has a scale of its own. While γ is 0 nothing moves, and each keeps its own momentum. Figures are of
 * the average of the workers' models: after an exchange all hold it, and between two it is what local steps
 * have come to together.
 */
import { numberOption, type OptionSchema } from '../base/options.ts';
import { type AlgorithmEntry, counted, held, type Node, type State } from './algorithm.ts';
import { meanOverAll } from './collectives/mean.ts';
import {
  beginResiduals,
  type Residuals,
  residualsIn,
  twoPassCost,
  twoPassMean,
} from './collectives/two-pass.ts';
import { ERROR_FEEDBACK, needsForErrors } from './feedback.ts';
import { dense, freeze, maskBy } from './frozen-adam.ts';
import { needsBoundedError, needsCompleteOrStar } from './needs.ts';
import {
  adamDirection,
  addReplicaDecay,
  addReplicas,
  betasOf,
  corrected,
  FROZEN_ADAM_OPTIONS,
  runningMean,
  runningSquare,
  weightOf,
} from './replica-moments.ts';
import { adoptReplicas, stepReplica } from './replicas.ts';

const DENSE = 1;
const GRADIENT = 2;
const STEPS = 3;

const whole = { kind: 'number', min: 1, max: 10_000_000, integer: true } as const;

const options: OptionSchema = {
  ...ERROR_FEEDBACK,
  warmupRounds: {
    ...whole,
    default: 100,
    label: 'warm-up rounds',
    help: 'Rounds before the variance is frozen and workers take steps by themselves: 15 to 25 % of the run.',
  },
  varianceUpdates: {
    ...whole,
    default: 16,
    label: 'variance updates κ',
    help: 'Updates of the variance, each of which sends whole gradients, before their interval doubles.',
  },
  localDoubling: {
    ...whole,
    default: 100,
    label: 'interval doubles every',
    help: 'Rounds after the warm-up until workers exchange half as often.',
  },
  longestInterval: {
    ...whole,
    default: 16,
    max: 4096,
    label: 'longest interval',
    help: 'Rounds between two exchanges, at most.',
  },
  ...FROZEN_ADAM_OPTIONS,
};

/** The interval that begins at 1 and doubles every `period` counts, up to `most`. */
function doubling(count: number, period: number, most: number): number {
  let interval = 1;
  for (let rest = count; rest >= period && interval < most; rest -= period) interval *= 2;
  return Math.min(interval, most);
}

export const zeroOneAdam: AlgorithmEntry = {
  id: 'zero-one-adam',
  label: '0/1 Adam',
  description: 'Adam whose variance is updated ever more rarely, with local steps between one-bit exchanges.',
  paper: 'Lu et al., ICLR 2023, arXiv 2202.06009',
  needs: 'complete graph or star; any compressor whose error is bounded',
  lossPolicy: 'view-change',
  reports: 'average',
  options,
  prefers: { topology: { id: 'complete' }, compressor: { id: 'one-bit', options: { scale: 'l2' } } },
  refuses: (given) =>
    needsCompleteOrStar('0/1 Adam', given) ?? needsForErrors('0/1 Adam', given, needsBoundedError),
  /** The mean over the longest interval: one exchange in it. */
  cost(given) {
    const { messages, bytes } = twoPassCost(given);
    const interval = numberOption(given.options, 'longestInterval');
    return { messages: messages / interval, bytes: bytes / interval };
  },
  enter: async (node, start) => ({
    // Who is behind takes the source's local steps over, too: its x is x of the last exchange plus U.
    ...(await adoptReplicas(node, start, {
      vectors: ['m', 'v', 'common', 'U'],
      numbers: { t: 0, updates: 0, frozen: 0, local: 0, since: 0, gamma: 0 },
    })),
    ...beginResiduals(node, start),
  }),
  round: (node, state) =>
    counted(state, 'frozen') === 1 ? localRound(node, state) : commonRound(node, state),
};

async function commonRound(node: Node, state: State): Promise<State> {
  const { compute, options: given } = node;
  const betas = betasOf(given);
  const before = counted(state, 't');
  const t = before + 1;
  let updates = counted(state, 'updates');
  let residuals = residualsIn(state);
  let v = held(state, 'v');
  const m = node.next('m');
  const x = node.next('x');
  const mean = node.scratch('mean');
  const u = node.scratch('direction');
  const gradient = await node.gradient(state.x);
  const interval = doubling(updates, numberOption(given, 'varianceUpdates'), Number.POSITIVE_INFINITY);
  if (before % interval === 0) {
    await meanOverAll(node, DENSE, gradient, mean, dense(node));
    v = node.next('v');
    runningSquare(node, v, held(state, 'v'), mean, betas.beta2);
    updates += 1;
  } else {
    residuals = (await twoPassMean(node, GRADIENT, gradient, mean, residuals)) ?? residuals;
    maskBy(node, v, mean);
  }
  runningMean(node, m, held(state, 'm'), mean, betas.beta1);
  const vHat = node.scratch('corrected v');
  corrected(node, vHat, v, weightOf(betas, 'beta2', updates));
  adamDirection(node, u, m, vHat, t, betas);
  addReplicaDecay(node, u, state.x, betas.weightDecay);
  stepReplica(node, state.x, u, node.learningRate, x);

  const numbers = { t, updates, frozen: 0, local: 0, since: 0, gamma: 0 };
  const U = held(state, 'U');
  if (t < numberOption(given, 'warmupRounds')) {
    return { x, m, v, common: held(state, 'common'), U, ...numbers, ...residuals };
  }
  const frozen = node.next('v');
  // In the last round without an update, v is the committed one.
  freeze(node, m, vHat, frozen);
  const common = node.next('common');
  compute.linear(common, [[1, x]]);
  const none = zeroResiduals(node, residuals);
  return { x, m, v: frozen, common, U, ...numbers, frozen: 1, ...none };
}

/** Residuals of gradients are not residuals of steps. */
function zeroResiduals(node: Node, residuals: Residuals | null): Residuals | null {
  if (residuals === null) return null;
  const { e, E, offset } = residuals;
  const { compute } = node;
  const zero = (name: string, length: number) => {
    const zeros = node.next(name, length);
    compute.linear(zeros, []);
    return zeros;
  };
  const server = E === undefined ? {} : { E: zero('E', E.length) };
  return { e: zero('e', e.length), ...server, offset };
}

async function localRound(node: Node, state: State): Promise<State> {
  const { compute, learningRate, options: given } = node;
  const { portable, optimization } = compute;
  const betas = betasOf(given);
  const t = counted(state, 't') + 1;
  const local = counted(state, 'local') + 1;
  const since = counted(state, 'since') + 1;
  const gamma = counted(state, 'gamma') + learningRate;
  const v = held(state, 'v');
  const common = held(state, 'common');
  const m = node.next('m');
  const U = node.next('U');
  const x = node.next('x');
  const u = node.scratch('direction');
  const numbers = { t, updates: counted(state, 'updates'), frozen: 1, local };
  runningMean(node, m, held(state, 'm'), await node.gradient(state.x), betas.beta1);
  maskBy(node, v, m);
  adamDirection(node, u, m, v, t, betas);
  compute.linear(U, [
    [1, held(state, 'U')],
    [-learningRate, u],
  ]);
  const interval = doubling(
    local - 1,
    numberOption(given, 'localDoubling'),
    numberOption(given, 'longestInterval'),
  );
  if (since < interval) {
    addReplicas(node, x, common, U);
    return { x, m, v, common, U, ...numbers, since, gamma, ...residualsIn(state) };
  }

  const Z = node.scratch('mean');
  const own = node.scratch('own steps');
  optimization.unprecondition(own, U, v, betas.epsilon);
  const residuals = await twoPassMean(node, STEPS, own, Z, residualsIn(state));
  maskBy(node, v, Z);
  // The momentum whose m̂ would have made these steps: the correction that they have had, if any, is taken out.
  if (gamma > 0) compute.linear(m, [[-weightOf(betas, 'beta1', t) / gamma, Z]]);
  const synced = node.next('common');
  portable.preconditioned(u, Z, v, betas.epsilon);
  addReplicas(node, synced, common, u);
  const decay = betas.weightDecay * gamma;
  if (decay > 0) {
    compute.linear(u, []);
    addReplicaDecay(node, u, common, decay);
    compute.linear(synced, [
      [1, synced],
      [-1, u],
    ]);
  }
  compute.linear(x, [[1, synced]]);
  compute.linear(U, []);
  return { x, m, v, common: synced, U, ...numbers, since: 0, gamma: 0, ...residuals };
}

/**
 * Adam in two stages, for algorithms that send compressed momentum: 1-bit Adam, APMSqueeze and QAdam.
 *
 * Warm-up, dense:  m ← β1 m + (1 − β1) ḡ,  v ← β2 v + (1 − β2) ḡ²,  x ← x − γ (m̂ / (√v̂ + ε) + λ x)
 * then, v̂ frozen:  m_i = β1 m + (1 − β1) g_i,  m ← mean of C(m_i),  x ← x − γ (m̂ / (√v̂ + ε) + λ x)
 *
 * with m̂ = m / (1 − β1^t) and v̂ = v / (1 − β2^t) in both stages, or m̂ = m and v̂ = v with `biasCorrection` off:
 * then it is the rule of the papers and of DeepSpeed, which correct nothing. Corrected by default, because the
 * papers warm up for many times 1 / (1 − β2) steps, where the correction is 1, and the lab does not: v after 100
 * steps with β2 = 0.999 is a tenth of what it estimates, and frozen so it would make every later step 3.2 times
 * as long. Coordinates whose momentum is exactly zero at the end of the warm-up are left alone from then on: a bit
 * cannot say zero, and their v̂ of zero would make its sign a huge step. (DeepSpeed takes such a mask from its
 * user.) For the same reason ε is 1e-5 by default, and 1e-8 in the papers. λ is decoupled and on weights only.
 */
import type { Vector } from '../compute/compute.ts';
import { counted, held, type Node, type State } from './algorithm.ts';
import { meanOverAll } from './collectives/mean.ts';
import { type Residuals, residualsIn, twoPassMean } from './collectives/two-pass.ts';
import {
  adamDirection,
  addReplicaDecay,
  betasOf,
  corrected,
  runningMean,
  runningSquare,
  weightOf,
} from './replica-moments.ts';
import { stepReplica } from './replicas.ts';
import { afterWarmUpStep, WARM_UP_NUMBERS, warmUpIn } from './warm-up.ts';

const GRADIENT = 1;
const MOMENTUM = 2;

/** What the replicas of a two-stage Adam hold besides x. */
export const FROZEN_ADAM = { vectors: ['m', 'v'], numbers: WARM_UP_NUMBERS };

/** Whole numbers, whatever the recipe's compressor is. */
export const dense = (node: Node) => (layout: Node['layout']) => node.dense(layout.length);

/** v ← v̂ where m is not zero, and 0 where it is: what is frozen, and the mask with it. */
export function freeze(node: Node, m: Vector, vHat: Vector, v: Vector): void {
  const mask = node.scratch('mask');
  node.compute.portable.support(mask, m);
  node.compute.optimization.product(v, vHat, mask);
}

/** m ← m where v is not zero, and 0 where it is. */
export function maskBy(node: Node, v: Vector, m: Vector): void {
  const mask = node.scratch('mask');
  node.compute.portable.support(mask, v);
  node.compute.optimization.product(m, m, mask);
}

/** One round of either stage; with residuals if the state has any. */
export async function frozenAdamRound(node: Node, state: State): Promise<State> {
  const betas = betasOf(node.options);
  const t = counted(state, 't') + 1;
  const frozen = counted(state, 'frozen') === 1;
  let residuals: Residuals | null = residualsIn(state);
  const m = node.next('m');
  const x = node.next('x');
  const u = node.scratch('direction');
  const gradient = await node.gradient(state.x);
  let v = held(state, 'v');
  let vHat = v;
  let stage: Record<string, number> = { ...warmUpIn(state), t };

  if (frozen) {
    const own = node.scratch('own momentum');
    runningMean(node, own, held(state, 'm'), gradient, betas.beta1);
    residuals = await twoPassMean(node, MOMENTUM, own, m, residuals);
    maskBy(node, v, m);
  } else {
    const mean = node.scratch('mean');
    await meanOverAll(node, GRADIENT, gradient, mean, dense(node));
    v = node.next('v');
    vHat = node.scratch('corrected v');
    runningMean(node, m, held(state, 'm'), mean, betas.beta1);
    runningSquare(node, v, held(state, 'v'), mean, betas.beta2);
    corrected(node, vHat, v, weightOf(betas, 'beta2', t));
  }
  adamDirection(node, u, m, vHat, t, betas);
  addReplicaDecay(node, u, state.x, betas.weightDecay);
  stepReplica(node, state.x, u, node.learningRate, x);
  if (!frozen) {
    stage = await afterWarmUpStep(node, state, t, v, betas);
    if (stage.frozen === 1) freeze(node, m, vHat, v);
  }
  return { x, m, v, ...stage, ...residuals };
}

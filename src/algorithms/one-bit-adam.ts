/**
 * 1-bit Adam: Adam until its variance has settled, then compressed momentum over a frozen variance.
 *
 *   m_i = β1 m + (1 − β1) g_i from the common m,   m ← two-pass mean of m_i with both residuals,
 *   x ← x − γ (m̂ / (√v̂_{T_w} + ε) + λ x)
 *
 * Tang, Gan, Awan, Rajbhandari, Li, Lian, Liu, Zhang, He: 1-bit Adam, ICML 2021, arXiv 2102.02888. Residuals
 * are in momentum units. Differences from the paper: moments are corrected for their start at zero, as in
 * Adam, before and after the switch, unless `biasCorrection` is off (why: see `frozen-adam.ts`); ε is 1e-5, not
 * 1e-8; coordinates without momentum at the end of the warm-up are left alone; every part and block has a scale
 * of its own, where the authors' code has one for each tensor and worker.
 */
import type { AlgorithmEntry } from './algorithm.ts';
import { beginResiduals, twoPassCost } from './collectives/two-pass.ts';
import { ERROR_FEEDBACK, needsForErrors } from './feedback.ts';
import { FROZEN_ADAM, frozenAdamRound } from './frozen-adam.ts';
import { needsBoundedError, needsCompleteOrStar } from './needs.ts';
import { FROZEN_ADAM_OPTIONS } from './replica-moments.ts';
import { adoptReplicas } from './replicas.ts';
import { WARM_UP } from './warm-up.ts';

const common = {
  needs: 'complete graph or star; any compressor whose error is bounded',
  lossPolicy: 'view-change',
  reports: 'replica',
  options: { ...WARM_UP, ...ERROR_FEEDBACK, ...FROZEN_ADAM_OPTIONS },
  prefers: { topology: { id: 'complete' }, compressor: { id: 'one-bit', options: { scale: 'l2' } } },
  cost: twoPassCost,
  enter: async (node, start) => ({
    ...(await adoptReplicas(node, start, FROZEN_ADAM)),
    ...beginResiduals(node, start),
  }),
  round: frozenAdamRound,
} as const satisfies Partial<AlgorithmEntry>;

export const oneBitAdam: AlgorithmEntry = {
  ...common,
  id: 'one-bit-adam',
  label: '1-bit Adam',
  description: 'Adam at first; once its variance has settled, momentum is sent at one bit a weight.',
  paper: 'Tang et al., ICML 2021, arXiv 2102.02888',
  refuses: (given) =>
    needsCompleteOrStar('1-bit Adam', given) ?? needsForErrors('1-bit Adam', given, needsBoundedError),
};

/** APMSqueeze has the same two stages and the same rule; its paper came first. */
export const apmSqueeze: AlgorithmEntry = {
  ...common,
  id: 'apm-squeeze',
  label: 'APMSqueeze',
  description: 'Adam-preconditioned momentum, compressed with error feedback: 1-bit Adam by its first name.',
  paper: 'Tang et al., 2020, arXiv 2008.11343',
  refuses: (given) =>
    needsCompleteOrStar('APMSqueeze', given) ?? needsForErrors('APMSqueeze', given, needsBoundedError),
};

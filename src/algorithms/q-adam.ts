/**
 * QAdam: Adam for a warm-up, then momentum in one byte a number over a frozen variance, without residuals.
 *
 *   m_i = β1 m + (1 − β1) g_i,   m ← two-pass mean of C(m_i),   x ← x − γ (m̂ / (√v̂_{T_w} + ε) + λ x)
 *
 * Gan, Lian, Wang, et al.: BAGUA: Scaling up Distributed Learning with System Relaxations, VLDB 2022, arXiv
 * 2107.01499. 1-bit Adam's rule (arXiv 2102.02888) with 8 bits, whose errors may be forgotten. Differences
 * from its code: the frozen variance is corrected once, when it is frozen; corrected anew in every round it
 * would shrink, and the steps grow (`biasCorrection` off corrects nothing at all, as 1-bit Adam's paper does); ε
 * is 1e-5, not 1e-8, and coordinates without momentum at the end of the warm-up are left alone (see
 * `frozen-adam.ts`).
 */
import type { AlgorithmEntry } from './algorithm.ts';
import { twoPassCost } from './collectives/two-pass.ts';
import { FROZEN_ADAM, frozenAdamRound } from './frozen-adam.ts';
import { needsCompleteOrStar, needsFineSteps } from './needs.ts';
import { FROZEN_ADAM_OPTIONS } from './replica-moments.ts';
import { adoptReplicas } from './replicas.ts';
import { WARM_UP } from './warm-up.ts';

export const qAdam: AlgorithmEntry = {
  id: 'q-adam',
  label: 'QAdam',
  description: 'Adam at first; then momentum is sent in one byte a number, without error feedback.',
  paper: 'Gan et al., 2021, arXiv 2107.01499',
  needs: 'complete graph or star; min-max-8 or another compressor of small error',
  lossPolicy: 'view-change',
  reports: 'replica',
  options: { ...WARM_UP, ...FROZEN_ADAM_OPTIONS },
  prefers: { topology: { id: 'complete' }, compressor: { id: 'min-max-8' } },
  refuses: (given) => needsCompleteOrStar('QAdam', given) ?? needsFineSteps('QAdam', '1-bit Adam', given),
  cost: twoPassCost,
  enter: (node, start) => adoptReplicas(node, start, FROZEN_ADAM),
  round: frozenAdamRound,
};

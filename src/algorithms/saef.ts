/**
 * SAEF: step ahead, and error averaging. Error feedback whose gradient is taken where the residual would
 * put the worker, not where the server's model is.
 *
 *   y_i = x − e_i,   m_i ← μ m_i + g_i(y_i),   Δ_i = e_i + γ m_i,   q_i = C(Δ_i),   e_i ← Δ_i − q_i
 *   v = (1/n) Σ q_i + E,   q = C(v),   E ← v − q,   x ← x − q
 *
 * and every `averagePeriod` rounds e_i ← mean_j e_j, sent whole. Xu, Huo, Huang: Step-Ahead Error Feedback
 * for Distributed Training with Compressed Gradient, AAAI 2021, arXiv 2008.05823. Residuals are in step
 * units: x − mean e − E moves by −γ mean m. μ is 0 by default; with momentum it is the workers' own SGD with
 * momentum at y_i, as in the authors' code and experiments (μ = 0.9). Without error feedback no step leads
 * ahead, either: y_i = x.
 */
import { numberOption } from '../base/options.ts';
import type { AlgorithmEntry } from './algorithm.ts';
import { meanOverAll } from './collectives/mean.ts';
import { beginResiduals, residualsIn, twoPassCost, twoPassMean } from './collectives/two-pass.ts';
import { ERROR_FEEDBACK, needsForErrors } from './feedback.ts';
import { needsCompleteOrStar, needsContraction } from './needs.ts';
import { beginMomentum, OWN_MOMENTUM, pushed } from './own-momentum.ts';
import { adoptReplicas, stepReplica } from './replicas.ts';

const STEP = 1;
const AVERAGE = 2;

export const saef: AlgorithmEntry = {
  id: 'saef',
  label: 'SAEF',
  description: 'Error feedback one step ahead: gradients are taken where the residual leads.',
  paper: 'Xu, Huo, Huang, AAAI 2021, arXiv 2008.05823',
  needs: 'complete graph or star; a contraction',
  lossPolicy: 'view-change',
  reports: 'replica',
  options: {
    averagePeriod: {
      kind: 'number',
      default: 0,
      min: 0,
      max: 100000,
      integer: true,
      label: 'error averaging every',
      help: 'Rounds between two exchanges of whole residuals, after which all hold their mean; 0 is never.',
    },
    momentum: OWN_MOMENTUM,
    ...ERROR_FEEDBACK,
  },
  prefers: { topology: { id: 'complete' }, compressor: { id: 'one-bit', options: { scale: 'l1' } } },
  refuses: (given) => needsCompleteOrStar('SAEF', given) ?? needsForErrors('SAEF', given, needsContraction),
  cost: twoPassCost,
  enter: async (node, start) => ({
    ...(await adoptReplicas(node, start, { vectors: [], numbers: {} })),
    ...beginResiduals(node, start),
    ...beginMomentum(node, start),
  }),

  async round(node, state) {
    const { compute, round } = node;
    const period = numberOption(node.options, 'averagePeriod');
    let residuals = residualsIn(state);
    if (residuals !== null && period > 0 && round > 0 && round % period === 0) {
      const e = node.scratch('mean of e');
      await meanOverAll(node, AVERAGE, residuals.e, e, (layout) => node.dense(layout.length));
      residuals = { ...residuals, e };
    }
    const y = node.scratch('y');
    compute.linear(y, [[1, state.x], ...(residuals === null ? [] : [[-1, residuals.e] as const])]);
    const step = node.scratch('step');
    const { direction, kept } = pushed(node, state, await node.gradient(y));
    compute.linear(step, [[node.learningRate, direction]]);
    const mean = node.scratch('mean');
    const x = node.next('x');
    const after = await twoPassMean(node, STEP, step, mean, residuals);
    stepReplica(node, state.x, mean, 1, x);
    return { x, ...kept, ...after };
  },
};

/**
 * QSGD: gradients rounded at random to a few levels, without any residual.
 *
 *   x ← x − γ (1/n) Σ_i Q_s(g_i)
 *
 * Alistarh, Grubic, Li, Tomioka, Vojnovic: QSGD, NeurIPS 2017, arXiv 1610.02132. Unbiased, so that errors
 * average away; the variance of the gradient grows instead. The baseline of methods with error feedback.
 */
import type { AlgorithmEntry } from './algorithm.ts';
import { allGatherCost, allGatherMean } from './collectives/all-gather.ts';
import { needsComplete, needsUnbiased } from './needs.ts';
import { adoptReplicas, stepReplica } from './replicas.ts';

const GRADIENT = 1;

export const qsgd: AlgorithmEntry = {
  id: 'qsgd',
  label: 'QSGD',
  description: 'Everybody sends everybody its gradient, rounded at random to a few levels.',
  paper: 'Alistarh et al., NeurIPS 2017, arXiv 1610.02132',
  needs: 'complete graph; an unbiased compressor',
  lossPolicy: 'view-change',
  reports: 'replica',
  options: {},
  prefers: { topology: { id: 'complete' }, compressor: { id: 'qsgd' } },
  refuses: (given) => needsComplete('QSGD', given) ?? needsUnbiased('QSGD', given),
  cost: allGatherCost,
  enter: (node, start) => adoptReplicas(node, start, { vectors: [], numbers: {} }),

  async round(node, state) {
    const mean = node.scratch('mean');
    const x = node.next('x');
    await allGatherMean(node, GRADIENT, await node.gradient(state.x), mean);
    stepReplica(node, state.x, mean, node.learningRate, x);
    return { x };
  },
};

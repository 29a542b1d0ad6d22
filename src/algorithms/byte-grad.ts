/**
 * ByteGrad: gradients in one byte a number, to their owners and back, without residuals.
 *
 *   ḡ = two-pass mean of C(g_i),   then the recipe's optimizer along ḡ
 *
 * Gan, Lian, Wang, et al.: BAGUA: Scaling up Distributed Learning with System Relaxations, VLDB 2022, arXiv
 * 2107.01499. Difference from its code: codes are held to 0..255 (see `min-max-8`).
 */
import type { AlgorithmEntry } from './algorithm.ts';
import { twoPassCost, twoPassMean } from './collectives/two-pass.ts';
import { needsCompleteOrStar, needsFineSteps } from './needs.ts';
import { optimizerReplicas, REPLICA_OPTIMIZERS, stepAlongMean } from './replica-optimizer.ts';
import { adoptReplicas } from './replicas.ts';

const GRADIENT = 1;

export const byteGrad: AlgorithmEntry = {
  id: 'byte-grad',
  label: 'ByteGrad',
  description: 'Gradients travel in one byte a number, both ways; nothing is kept of the errors.',
  paper: 'Gan et al., 2021, arXiv 2107.01499',
  needs: 'complete graph or star; min-max-8 or another compressor of small error',
  lossPolicy: 'view-change',
  reports: 'replica',
  optimizers: REPLICA_OPTIMIZERS,
  options: {},
  prefers: { topology: { id: 'complete' }, compressor: { id: 'min-max-8' } },
  refuses: (given) =>
    needsCompleteOrStar('ByteGrad', given) ?? needsFineSteps('ByteGrad', 'DoubleSqueeze', given),
  cost: twoPassCost,
  enter: (node, start) => adoptReplicas(node, start, optimizerReplicas(node.optimizer)),

  async round(node, state) {
    const mean = node.scratch('mean');
    await twoPassMean(node, GRADIENT, await node.gradient(state.x), mean, null);
    return stepAlongMean(node, state, mean);
  },
};

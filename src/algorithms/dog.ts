/**
 * DOG: decentralised online gradient. Every worker plays its model on the data that come, suffers their
 * loss, and gossips; what counts is the regret against the best fixed model in hindsight.
 *
 *   suffer f_{i,t}(x_i);   x_i ← Σ_j W_ij x_j − γ ∇f_{i,t}(x_i)
 *
 * Zhao et al., 2019, arXiv 1901.09593. The step is that of D-PSGD; a batch is what arrives in a round, and
 * the training loss of a round is the loss suffered in it, at the model before the step. The experiment
 * command writes the regret of a run into run.json.
 */
import type { AlgorithmEntry } from './algorithm.ts';
import { dPsgd } from './d-psgd.ts';
import { needsDoublyStochastic, needsWholeNumbers } from './needs.ts';

export const dog: AlgorithmEntry = {
  ...dPsgd,
  id: 'dog',
  online: true,
  label: 'DOG',
  description: 'Online learning with gossip: what counts is the loss suffered on the way.',
  paper: 'Zhao et al., 2019, arXiv 1901.09593',
  refuses: (given) =>
    needsWholeNumbers('DOG', 'Choose none or fp16.', given) ?? needsDoublyStochastic('DOG', given),
};

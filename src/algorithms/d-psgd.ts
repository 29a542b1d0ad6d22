/**
 * D-PSGD: decentralised parallel stochastic gradient descent.
 *
 *   CTA (combine then adapt, the paper's order):  x_i ← Σ_j W_ij x_j − γ g_i(x_i)
 *   ATC (adapt then combine):                     x_i ← Σ_j W_ij (x_j − γ g_j(x_j))
 *
 * Lian, Zhang, Zhang, Hsieh, Zhang, Liu: Can Decentralized Algorithms Outperform Centralized Algorithms?
 * NeurIPS 2017, arXiv 1705.09056, algorithm 1. Models travel whole, and each worker keeps only its own. With
 * another optimizer its step takes the place of −γ g_i, and what it remembers is the worker's own, not mixed.
 */
import { choiceOption } from '../base/options.ts';
import type { AlgorithmEntry } from './algorithm.ts';
import { shareCost } from './costs.ts';
import { beginOptimizer, type OptimizerEntries } from './local-optimizer.ts';
import { descend, LOCAL_STEPS, localSteps } from './local-steps.ts';
import { needsDoublyStochastic, needsWholeNumbers } from './needs.ts';

const MODEL = 1;

export const dPsgd: AlgorithmEntry = {
  id: 'd-psgd',
  label: 'D-PSGD',
  description: 'Every worker averages its model with its neighbours’ and takes a gradient step.',
  paper: 'Lian et al., NeurIPS 2017, arXiv 1705.09056',
  needs: 'any graph whose mixing matrix is doubly stochastic; whole models',
  lossPolicy: 'view-change',
  reports: 'average',
  optimizers: 'local',
  startsApart: true,
  options: {
    order: {
      kind: 'choice',
      default: 'cta',
      choices: ['cta', 'atc'],
      label: 'order',
      help: 'cta: average, then step (sending overlaps the gradient). atc: step, then average.',
    },
    ...LOCAL_STEPS,
  },
  refuses: (given) =>
    needsWholeNumbers('D-PSGD', 'Choose none, or CHOCO-SGD, which compresses differences.', given) ??
    needsDoublyStochastic('D-PSGD', given),

  gradients: localSteps,
  cost: shareCost,

  async enter(node, { x, previous }) {
    return { x, ...beginOptimizer(node, previous) };
  },

  async round(node, state) {
    const { x } = state;
    const next = node.next('x');
    const half = node.scratch('half');
    let remembered: OptimizerEntries;
    if (choiceOption(node.options, 'order') === 'atc') {
      remembered = await descend(node, state, half);
      await node.share(MODEL, half);
      node.compute.linear(next, [[node.selfWeight, half]]);
    } else {
      const sending = node.share(MODEL, x);
      remembered = await descend(node, state, half);
      // W_ii x + (half − x): the way of the local steps, taken from the average.
      node.compute.linear(next, [
        [node.selfWeight - 1, x],
        [1, half],
      ]);
      await sending;
    }
    for (const message of await node.gather(MODEL)) {
      node.decode(message, next, message.weight, 'add');
    }
    return { x: next, ...remembered };
  },
};

/**
 * D-PSGD: decentralised parallel stochastic gradient descent.
 *
 *   CTA (combine then adapt, the paper's order):  x_i ← Σ_j W_ij x_j − γ g_i(x_i)
 *   ATC (adapt then combine):                     x_i ← Σ_j W_ij (x_j − γ g_j(x_j))
 *
 * Lian, Zhang, Zhang, Hsieh, Zhang, Liu: Can Decentralized Algorithms Outperform Centralized Algorithms?
 * NeurIPS 2017, arXiv 1705.09056, algorithm 1. Models travel whole, and each worker keeps only its own.
 */
import { choiceOption } from '../base/options.ts';
import type { AlgorithmEntry } from './algorithm.ts';

const MODEL = 1;

export const dPsgd: AlgorithmEntry = {
  id: 'd-psgd',
  label: 'D-PSGD',
  description: 'Every worker averages its model with its neighbours’ and takes a gradient step.',
  paper: 'Lian et al., NeurIPS 2017, arXiv 1705.09056',
  lossPolicy: 'view-change',
  options: {
    order: {
      kind: 'choice',
      default: 'cta',
      choices: ['cta', 'atc'],
      label: 'order',
      help: 'cta: average, then step (sending overlaps the gradient). atc: step, then average.',
    },
  },
  refuses: ({ compressor, compressorClass }) =>
    compressorClass === 'lossless'
      ? null
      : `D-PSGD sends whole models, and with ${compressor} its error would never shrink. ` +
        'Choose the compressor none, or CHOCO-SGD, which compresses differences.',

  async enter(_node, x) {
    return { x };
  },

  async round(node, { x }) {
    const next = node.next('x');
    if (choiceOption(node.options, 'order') === 'atc') {
      const half = node.scratch('half');
      node.compute.linear(half, [
        [1, x],
        [-node.learningRate, node.gradient(x)],
      ]);
      await node.share(MODEL, half);
      node.compute.linear(next, [[node.selfWeight, half]]);
    } else {
      const sending = node.share(MODEL, x);
      node.compute.linear(next, [
        [node.selfWeight, x],
        [-node.learningRate, node.gradient(x)],
      ]);
      await sending;
    }
    for (const { payload, weight } of await node.gather(MODEL)) {
      node.decode(payload, next, weight, 'add');
    }
    return { x: next };
  },
};

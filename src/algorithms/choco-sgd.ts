/**
 * CHOCO-SGD: gossip of compressed differences, with any contraction as compressor.
 *
 *   h_i = x_i − γ g_i(x_i)
 *   q_i = C(h_i − x̂_i),  sent to every neighbour
 *   x̂_i ← x̂_i + q_i,   s_i ← s_i + Σ_j W_ij q_j   (own q_i included)
 *   x_i ← h_i + η (s_i − x̂_i)
 *
 * x̂_i is the public copy of x_i that every neighbour could hold; s_i = Σ_j W_ij x̂_j sums them, so that
 * nothing is kept for a single neighbour. Koloskova, Stich, Jaggi: Decentralized Stochastic Optimization
 * and Gossip Algorithms with Compressed Communication, ICML 2019, arXiv 1902.00340, algorithm 2 in the
 * memory-efficient form of its appendix. Differences from the paper: public copies start at the common
 * x_0 instead of zero; after a view change they start again from each worker's own x, sent whole once.
 */
import { numberOption } from '../base/options.ts';
import { type AlgorithmEntry, held } from './algorithm.ts';

const DIFFERENCE = 1;
const PUBLIC_COPY = 2;

export const chocoSgd: AlgorithmEntry = {
  id: 'choco-sgd',
  label: 'CHOCO-SGD',
  description: 'Neighbours exchange compressed differences to a public copy of each model.',
  paper: 'Koloskova, Stich, Jaggi, ICML 2019, arXiv 1902.00340',
  lossPolicy: 'view-change',
  options: {
    eta: {
      kind: 'number',
      default: 0.5,
      min: 0,
      max: 1,
      label: 'consensus step size η',
      help: 'How far to move towards the neighbours each round. Lower it if a strong compressor diverges.',
    },
  },
  refuses: ({ compressor, compressorClass }) =>
    compressorClass === 'lossless' || compressorClass === 'contraction'
      ? null
      : `CHOCO-SGD needs a compressor that is a contraction, which ${compressor} is not. ` +
        'Choose one-bit, top-k or none.',

  // A rule of thumb from our own runs of the default model on a ring: the top 1 % diverges slowly at
  // η = 0.5 and learns at 0.1; the top 10 % learns at 0.5.
  caution({ options, compressor, compressorOptions }) {
    const kept = compressorOptions.ratio;
    const eta = numberOption(options, 'eta');
    if (compressor !== 'top-k' || typeof kept !== 'number' || eta <= 10 * kept) return null;
    const better = Number((10 * kept).toPrecision(2));
    return `With the top ${Number((100 * kept).toPrecision(3))} %, η = ${eta} may diverge; try η = ${better}.`;
  },

  async enter(node, x, fresh) {
    const xHat = node.next('xHat');
    const s = node.next('s');
    if (fresh) {
      node.compute.linear(xHat, [[1, x]]);
      node.compute.linear(s, [[1, x]]);
      return { x, xHat, s };
    }
    const own = await node.resync(PUBLIC_COPY, x);
    node.decodeDense(own, xHat, 1, 'set');
    node.decodeDense(own, s, node.selfWeight, 'set');
    for (const { payload, weight } of await node.gather(PUBLIC_COPY)) {
      node.decodeDense(payload, s, weight, 'add');
    }
    return { x, xHat, s };
  },

  async round(node, state) {
    const { compute } = node;
    const eta = numberOption(node.options, 'eta');
    const xHat = node.next('xHat');
    const s = node.next('s');
    const x = node.next('x');
    const h = node.scratch('h');
    const difference = node.scratch('difference');

    compute.linear(h, [
      [1, state.x],
      [-node.learningRate, node.gradient(state.x)],
    ]);
    compute.linear(difference, [
      [1, h],
      [-1, held(state, 'xHat')],
    ]);
    const own = await node.share(DIFFERENCE, difference);
    compute.linear(xHat, [[1, held(state, 'xHat')]]);
    node.decode(own, xHat, 1, 'add');
    compute.linear(s, [[1, held(state, 's')]]);
    node.decode(own, s, node.selfWeight, 'add');
    for (const { payload, weight } of await node.gather(DIFFERENCE)) {
      node.decode(payload, s, weight, 'add');
    }
    compute.linear(x, [
      [1, h],
      [eta, s],
      [-eta, xHat],
    ]);
    return { x, xHat, s };
  },
};

/**
 * Naive compressed gossip: the one that fails, to see why the others are needed.
 *
 *   x_i ← Σ_j W_ij C(x_j) − γ g_i(x_i)
 *
 * Every message carries the whole model, so the error of compression is as large as the model and never
 * shrinks: a floor that grows as bits get fewer. The strawman of Tang et al., arXiv 1803.06443, section 3,
 * and of Koloskova et al., arXiv 1902.00340.
 */
import type { AlgorithmEntry } from './algorithm.ts';
import { shareCost } from './costs.ts';
import { needsDoublyStochastic } from './needs.ts';

const MODEL = 1;

export const naiveCompressed: AlgorithmEntry = {
  id: 'naive-compressed',
  label: 'naive compressed gossip',
  description: 'Neighbours average compressed models as they are. It fails: a baseline to compare with.',
  paper: 'the strawman of Tang et al., NeurIPS 2018, arXiv 1803.06443',
  needs: 'a doubly stochastic mixing matrix; any compressor',
  lossPolicy: 'view-change',
  reports: 'average',
  startsApart: true,
  options: {},
  prefers: { compressor: { id: 'uniform' } },
  refuses: (given) => needsDoublyStochastic('Naive compressed gossip', given),
  caution: ({ compressorClass }) =>
    compressorClass === 'lossless'
      ? null
      : 'This one is here to fail: the error of compressing whole models never shrinks.',
  cost: shareCost,
  enter: async (_node, { x }) => ({ x }),

  async round(node, state) {
    const x = node.next('x');
    const sending = node.share(MODEL, state.x);
    const gradient = await node.gradient(state.x);
    node.decode(await sending, x, node.selfWeight, 'set');
    for (const message of await node.gather(MODEL)) node.decode(message, x, message.weight, 'add');
    node.compute.linear(x, [
      [1, x],
      [-node.learningRate, gradient],
    ]);
    return { x };
  },
};

/**
 * Gradient tracking: beside its model, every worker gossips an estimate y of the mean gradient.
 *
 *   y_i = Σ_j W_ij y_j⁻ + g_i(x_i) − g_i⁻,   y_i = g_i(x_i) at first
 *   x_i ← Σ_j W_ij x_j − γ y_i
 *
 * Nedić, Olshevsky, Shi, SIAM J. Optim. 2017 (arXiv 1607.03218); Pu and Nedić, 2018 (arXiv 1805.11454). The
 * mean of y is the mean gradient in every round, so differences between the workers' data do not bias the
 * fixed point, whatever the spectrum of W. Two messages along every edge.
 */
import { type AlgorithmEntry, counted, held } from './algorithm.ts';
import { shareCost } from './costs.ts';
import { needsDoublyStochastic, needsWholeNumbers } from './needs.ts';

const MODEL = 1;
const TRACKER = 2;

export const gradientTracking: AlgorithmEntry = {
  id: 'gradient-tracking',
  label: 'gradient tracking',
  description: 'Neighbours gossip models and, beside them, estimates of the mean gradient.',
  paper: 'Nedić, Olshevsky, Shi, SIAM J. Optim. 2017, arXiv 1607.03218',
  needs: 'a doubly stochastic mixing matrix; whole numbers, twice',
  lossPolicy: 'view-change',
  reports: 'average',
  startsApart: true,
  options: {},
  refuses: (given) =>
    needsWholeNumbers('Gradient tracking', 'Choose none or fp16.', given) ??
    needsDoublyStochastic('Gradient tracking', given),
  cost(given) {
    const { messages, bytes } = shareCost(given);
    return { messages: 2 * messages, bytes: 2 * bytes };
  },

  async enter(node, { x }) {
    const mixedY = node.next('mixedY');
    const g = node.next('g');
    node.compute.linear(mixedY, []);
    node.compute.linear(g, []);
    return { x, mixedY, g, begun: 0 };
  },

  async round(node, state) {
    const { compute } = node;
    const g = node.next('g');
    const mixedY = node.next('mixedY');
    const x = node.next('x');
    const y = node.scratch('y');
    const ownX = node.share(MODEL, state.x);
    compute.linear(g, [[1, await node.gradient(state.x)]]);
    compute.linear(y, [
      [1, held(state, 'mixedY')],
      [1, g],
      [-counted(state, 'begun'), held(state, 'g')],
    ]);
    const ownY = node.share(TRACKER, y);
    node.decode(await ownX, x, node.selfWeight, 'set');
    node.decode(await ownY, mixedY, node.selfWeight, 'set');
    for (const message of await node.gather(MODEL)) node.decode(message, x, message.weight, 'add');
    for (const message of await node.gather(TRACKER)) node.decode(message, mixedY, message.weight, 'add');
    compute.linear(x, [
      [1, x],
      [-node.learningRate, y],
    ]);
    return { x, mixedY, g, begun: 1 };
  },
};

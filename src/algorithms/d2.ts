/**
 * D²: decentralised training over decentralised data, whose fixed point does not depend on how different
 * the workers' data are.
 *
 *   m_i ← β m_i + (1 − β) g_i(x_i),   ψ_i = x_i − γ m_i        (β = 0 by default: m_i = g_i)
 *   h_i = ψ_i at first, then ψ_i + x_i − ψ_i⁻        (ψ⁻: the ψ of the round before)
 *   x_i ← Σ_j W_ij h_j
 *
 * Tang, Lian, Yan, Zhang, Liu: D²: Decentralized Training over Decentralized Data, ICML 2018, arXiv
 * 1803.07068. In this form the old learning rate stays inside ψ⁻, so the average goes on moving exactly
 * along the mean gradient when the rate changes. It is stable only while the smallest eigenvalue of W is
 * above −1/3; where it is not, W is replaced by the lazy (W + I) / 2, and the page says so, unless the recipe
 * allows `d2-spectrum` to see it diverge. Differences from the paper: after a view change every worker begins
 * again with h = ψ. β > 0, which the paper does not have, is Exact-Diffusion with Momentum (Hu et al., A
 * Bias-Correction Decentralized Stochastic Gradient Algorithm with Momentum Acceleration, 2025): D² along each
 * worker's own running mean of gradients.
 */
import { choiceOption, numberOption } from '../base/options.ts';
import { spectrum } from '../topology/spectrum.ts';
import { type AlgorithmEntry, counted, held, type Node } from './algorithm.ts';
import { shareCost } from './costs.ts';
import { needsFixedSymmetric, needsWholeNumbers } from './needs.ts';
import { beginMomentum, pushed } from './own-momentum.ts';
import { unsound } from './refusal.ts';

const CORRECTED = 1;
/** Rounding must not decide for the textbook case, the even ring, which lies exactly on the boundary. */
const THRESHOLD = -1 / 3 + 1e-9;

const smallest = new WeakMap<object, number>();

function isUnstable(graph: Node['graph']): boolean {
  let lambda = smallest.get(graph);
  if (lambda === undefined) {
    lambda = spectrum(graph.weights).lambdaN;
    smallest.set(graph, lambda);
  }
  return lambda <= THRESHOLD;
}

export const d2: AlgorithmEntry = {
  id: 'd2',
  label: 'D²',
  description: 'Gossip that corrects for differences between the workers’ data.',
  paper: 'Tang et al., ICML 2018, arXiv 1803.07068',
  needs: 'an undirected graph that stays the same, λn > −1/3 (or the lazy matrix); whole numbers',
  lossPolicy: 'view-change',
  reports: 'average',
  startsApart: true,
  options: {
    momentum: {
      kind: 'number',
      default: 0,
      min: 0,
      max: 0.999,
      label: 'momentum β',
      help: 'Share of the running mean of a worker’s gradients that is kept each round; 0 is D² itself.',
    },
    mixing: {
      kind: 'choice',
      default: 'auto',
      choices: ['auto', 'metropolis', 'lazy'],
      label: 'mixing matrix',
      help: 'auto: lazy, (W + I) / 2, only where D² would not be stable with W itself.',
    },
  },
  refuses(given) {
    const unfit = needsWholeNumbers('D²', 'Choose none or fp16.', given) ?? needsFixedSymmetric('D²', given);
    if (unfit !== null) return unfit;
    const asIs = choiceOption(given.options, 'mixing') === 'metropolis';
    if (!asIs || given.graph === null || !isUnstable(given.graph)) return null;
    const why =
      `D² needs a mixing matrix whose smallest eigenvalue is above −1/3, which that of ${given.topology} ` +
      'is not. Choose the lazy matrix (mixing auto or lazy), or another topology.';
    return unsound(given, 'd2-spectrum', why);
  },
  caution({ options, graph, topology, allow }) {
    if (choiceOption(options, 'mixing') !== 'auto' || graph === null || !isUnstable(graph)) return null;
    const why = `The smallest eigenvalue of this ${topology} is not above −1/3, as D² needs it: `;
    return allow.includes('d2-spectrum')
      ? `${why}a negative control (d2-spectrum), in which W is used as it is.`
      : `${why}the lazy matrix (W + I) / 2 is used (allowing d2-spectrum runs it with W as it is).`;
  },
  cost: shareCost,

  async enter(node, start) {
    const { x } = start;
    const psi = node.next('psi');
    node.compute.linear(psi, [[1, x]]);
    return { x, psi, begun: 0, ...beginMomentum(node, start) };
  },

  async round(node, state) {
    const { compute } = node;
    const mixing = choiceOption(node.options, 'mixing');
    const repairs = mixing === 'auto' && !node.allow.includes('d2-spectrum');
    const lazy = mixing === 'lazy' || (repairs && isUnstable(node.graph));
    const psi = node.next('psi');
    const h = node.scratch('h');
    const x = node.next('x');
    const beta = numberOption(node.options, 'momentum');
    const { direction, kept } = pushed(node, state, await node.gradient(state.x), 1 - beta);
    compute.linear(psi, [
      [1, state.x],
      [-node.learningRate, direction],
    ]);
    if (counted(state, 'begun') === 0) compute.linear(h, [[1, psi]]);
    else {
      compute.linear(h, [
        [1, psi],
        [1, state.x],
        [-1, held(state, 'psi')],
      ]);
    }
    const own = await node.share(CORRECTED, h);
    node.decode(own, x, lazy ? (1 + node.selfWeight) / 2 : node.selfWeight, 'set');
    for (const message of await node.gather(CORRECTED)) {
      node.decode(message, x, lazy ? message.weight / 2 : message.weight, 'add');
    }
    return { x, psi, begun: 1, ...kept };
  },
};

/**
 * CHOCO-SGD: gossip of compressed differences, with any contraction as compressor.
 *
 *   h_i = x_i − γ g_i(x_i)
 *   q_i = C(h_i − x̂_i),  sent to every neighbour
 *   x̂_i ← x̂_i + q_i,   s_i ← s_i + Σ_j W_ij q_j   (own q_i included)
 *   x_i ← h_i + η (s_i − x̂_i)
 *
 * C is a contraction, or an unbiased compressor divided by 1 + α² (qsgd, uniform), as the paper has it.
 * x̂_i is the public copy of x_i that every neighbour could hold; s_i = Σ_j W_ij x̂_j sums them, so that
 * nothing is kept for a single neighbour. Koloskova, Stich, Jaggi: Decentralized Stochastic Optimization
 * and Gossip Algorithms with Compressed Communication, ICML 2019, arXiv 1902.00340, algorithm 2 in the
 * memory-efficient form of its appendix. Workers that start apart begin with public copies of zero, as in
 * the paper. Differences from it: where all start at a common x_0 copies begin there; after a view change
 * they begin again from each worker's own x, sent whole once.
 * `delayed` is the order of the authors' code: the gossip step uses the copies of the round before, so
 * that sending overlaps the next gradient. CHOCO-Gossip is the same with no gradient: consensus alone.
 */
import { choiceOption, numberOption, type OptionSchema } from '../base/options.ts';
import type { Vector } from '../compute/compute.ts';
import {
  type AlgorithmEntry,
  type Configuration,
  held,
  type Node,
  type Start,
  type State,
} from './algorithm.ts';
import { shareCost } from './costs.ts';
import { beginOptimizer } from './local-optimizer.ts';
import { descend, LOCAL_STEPS, localSteps } from './local-steps.ts';
import { needsContractible, needsFixedSymmetric } from './needs.ts';
import { beginCopies, emptyCopies } from './public-copies.ts';

const DIFFERENCE = 1;

const OPTIONS: OptionSchema = {
  eta: {
    kind: 'number',
    default: 0.5,
    min: 0,
    max: 1,
    label: 'consensus step size η',
    help: 'How far to move towards the neighbours each round. Lower it if a strong compressor diverges.',
  },
  order: {
    kind: 'choice',
    default: 'textbook',
    choices: ['textbook', 'delayed'],
    label: 'order',
    help: 'textbook: compress, then gossip. delayed: gossip with the copies of the round before, then compress.',
  },
};

export const chocoSgd: AlgorithmEntry = {
  id: 'choco-sgd',
  label: 'CHOCO-SGD',
  description: 'Neighbours exchange compressed differences to a public copy of each model.',
  paper: 'Koloskova, Stich, Jaggi, ICML 2019, arXiv 1902.00340',
  needs: 'an undirected graph that stays the same; a contraction, or unbiased',
  lossPolicy: 'view-change',
  reports: 'average',
  startsApart: true,
  contracts: true,
  optimizers: 'local',
  options: { ...OPTIONS, ...LOCAL_STEPS },
  gradients: localSteps,
  refuses: (given) => needsContractible('CHOCO-SGD', given) ?? needsFixedSymmetric('CHOCO-SGD', given),
  caution: stepTooLarge,
  cost: shareCost,
  enter: async (node, start) => ({
    x: start.x,
    ...(await publicCopies(node, start)),
    ...beginOptimizer(node, start.previous),
  }),

  async round(node, state) {
    const h = node.scratch('h');
    const remembered = await descend(node, state, h);
    return { ...(await gossip(node, state, h)), ...remembered };
  },
};

export const chocoGossip: AlgorithmEntry = {
  id: 'choco-gossip',
  label: 'CHOCO-Gossip',
  description: 'Consensus alone, by compressed differences; nobody learns.',
  paper: 'Koloskova, Stich, Jaggi, ICML 2019, arXiv 1902.00340, algorithm 1',
  needs: 'an undirected graph that stays the same; a contraction, or unbiased',
  lossPolicy: 'view-change',
  reports: 'average',
  startsApart: true,
  contracts: true,
  options: OPTIONS,
  prefers: { init: 'spread' },
  gradients: () => 0,
  refuses: (given) => needsContractible('CHOCO-Gossip', given) ?? needsFixedSymmetric('CHOCO-Gossip', given),
  caution: stepTooLarge,
  cost: shareCost,
  enter: async (node, start) => ({ x: start.x, ...(await publicCopies(node, start)) }),
  round: (node, state) => gossip(node, state, state.x),
};

/** At the start of a run nobody knows where the others are, unless all start at one point: copies are zero. */
const publicCopies = (node: Node, start: Start) =>
  start.apart ? emptyCopies(node) : beginCopies(node, start);

/** What follows once the worker has moved from x_i to h_i. */
async function gossip(node: Node, state: State, h: Vector): Promise<State> {
  const { compute } = node;
  const eta = numberOption(node.options, 'eta');
  const delayed = choiceOption(node.options, 'order') === 'delayed';
  const before = { xHat: held(state, 'xHat'), s: held(state, 's') };
  const xHat = node.next('xHat');
  const s = node.next('s');
  const x = node.next('x');
  const difference = node.scratch('difference');
  const moveTowards = (copies: { xHat: Vector; s: Vector }) =>
    compute.linear(x, [
      [1, h],
      [eta, copies.s],
      [-eta, copies.xHat],
    ]);

  if (delayed) moveTowards(before);
  compute.linear(difference, [
    [1, delayed ? x : h],
    [-1, before.xHat],
  ]);
  const own = await node.share(DIFFERENCE, difference);
  const packer = node.compressed();
  const scale = packer.contraction;
  compute.linear(xHat, [[1, before.xHat]]);
  packer.decode(own, xHat, scale, 'add');
  compute.linear(s, [[1, before.s]]);
  packer.decode(own, s, scale * node.selfWeight, 'add');
  for (const message of await node.gather(DIFFERENCE)) {
    packer.decode(message, s, scale * message.weight, 'add');
  }
  if (!delayed) moveTowards({ xHat, s });
  return { x, xHat, s };
}

// A rule of thumb from our own runs of the default model on a ring: the top 1 % diverges slowly at
// η = 0.5 and learns at 0.1; the top 10 % learns at 0.5.
function stepTooLarge({ options, compressor, compressorOptions }: Configuration): string | null {
  const kept = compressorOptions.ratio;
  const eta = numberOption(options, 'eta');
  if (compressor !== 'top-k' || typeof kept !== 'number' || eta <= 10 * kept) return null;
  const better = Number((10 * kept).toPrecision(2));
  return `With the top ${Number((100 * kept).toPrecision(3))} %, η = ${eta} may diverge; try η = ${better}.`;
}

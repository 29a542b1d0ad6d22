/**
 * Stochastic gradient push: gossip over one-way edges. Every worker splits a numerator and a weight among
 * those it sends to; their quotient forgets that some are heard more than others.
 *
 *   u_i ← u_i − γ g_i(z_i),   u_i ← Σ_j P_ij u_j,   w_i ← Σ_j P_ij w_j,   z_i = u_i / w_i
 *
 * with P_ij = 1 / (1 + outdegree j), whose columns sum to one. Assran, Loizou, Ballas, Rabbat: Stochastic
 * Gradient Push for Distributed Deep Learning, ICML 2019, arXiv 1811.10792; push-sum: Kempe, Dobra, Gehrke,
 * FOCS 2003. The state's x is z, the model; u and w ride beside it. `overlap-sgp` adds messages `delay`
 * rounds late, so that nobody waits for the present one. Online push-sum (He, Tan, Tang et al., 2019, arXiv
 * 1910.04956) is the same on a stream of data, where a worker need only know whom it trusts. After a view
 * change every worker begins again with u = z and w = 1, so that the weights sum to n.
 */
import { numberOption } from '../base/options.ts';
import { type AlgorithmEntry, type Costing, counted, held, type Node, type State } from './algorithm.ts';
import { shareCost } from './costs.ts';
import { beginOptimizer, stepLocally } from './local-optimizer.ts';
import { needsWholeNumbers } from './needs.ts';

const NUMERATOR = 1;
const WEIGHT = 2;
const WEIGHT_BYTES = 4;

const common = {
  lossPolicy: 'view-change',
  reports: 'de-biased',
  // Σ w_i z_i / Σ w_i = Σ u_i / Σ w_i.
  weight: ({ w = 1 }) => w,
  startsApart: true,
  optimizers: 'local',
  options: {},
  prefers: { topology: { id: 'directed-random' } },
  needs: 'any graph, one-way edges too; whole numbers',
  cost(given: Costing) {
    const { messages, bytes } = shareCost(given);
    return { messages: 2 * messages, bytes: bytes + messages * given.dense(1) };
  },
  async enter(node, { x, previous }) {
    const u = node.next('u');
    node.compute.linear(u, [[1, x]]);
    return { x, u, w: 1, ...beginOptimizer(node, previous) };
  },
  round: (node, state) => push(node, state, 0),
} as const satisfies Partial<AlgorithmEntry>;

export const sgp: AlgorithmEntry = {
  ...common,
  id: 'sgp',
  label: 'SGP',
  description: 'Stochastic gradient push: gossip that is right on one-way edges, too.',
  paper: 'Assran et al., ICML 2019, arXiv 1811.10792',
  refuses: (given) => needsWholeNumbers('SGP', 'Choose none or fp16.', given),
};

export const overlapSgp: AlgorithmEntry = {
  ...common,
  id: 'overlap-sgp',
  label: 'overlap SGP',
  description: 'Stochastic gradient push that adds its neighbours’ messages some rounds late.',
  paper: 'Assran et al., ICML 2019, arXiv 1811.10792, algorithm 2',
  options: {
    delay: {
      kind: 'number',
      default: 1,
      min: 1,
      max: 8,
      integer: true,
      label: 'delay',
      help: 'Rounds after which a message is added; the slowest link then has that long.',
    },
  },
  lookBack: (options) => numberOption(options, 'delay'),
  refuses: (given) => needsWholeNumbers('Overlap SGP', 'Choose none or fp16.', given),
  round: (node, state) => push(node, state, numberOption(node.options, 'delay')),
};

export const onlinePushSum: AlgorithmEntry = {
  ...common,
  id: 'online-push-sum',
  online: true,
  label: 'online push-sum',
  description: 'Push-sum on a stream of data: a worker need only know whom it trusts.',
  paper: 'He, Tan, Tang et al., 2019, arXiv 1910.04956',
  refuses: (given) => needsWholeNumbers('Online push-sum', 'Choose none or fp16.', given),
};

async function push(node: Node, state: State, delay: number): Promise<State> {
  const { compute, rank } = node;
  const u = node.next('u');
  const x = node.next('x');
  const half = node.scratch('half');
  // The numerator steps along the gradient at the model.
  const remembered = await stepLocally(node, state, held(state, 'u'), half, 1, () => node.gradient(state.x));
  const before = counted(state, 'w');
  for (const to of node.recipients) node.send(to, WEIGHT, { payload: bytesOf(before), wire: 0, length: 1 });
  await node.share(NUMERATOR, half);
  compute.linear(u, [[node.selfWeight, half]]);
  let w = node.selfWeight * before;
  // What was sent `delay` rounds ago, by the graph of that round; nothing before this view began.
  const then = node.round - delay;
  const graph = then < node.since ? null : node.graphAt(then);
  const senders = graph?.receivesFrom(rank) ?? [];
  const weightOf = (from: number) => graph?.weights[rank]?.[from] ?? 0;
  for (const message of await node.gather(NUMERATOR, senders, 0, delay)) {
    node.decode(message, u, weightOf(message.rank), 'add');
  }
  for (const message of await node.gather(WEIGHT, senders, 0, delay)) {
    const { payload } = message;
    if (payload.length !== WEIGHT_BYTES) node.refuse(message, `its weight has ${payload.length} bytes.`);
    const theirs = new DataView(payload.buffer, payload.byteOffset, WEIGHT_BYTES).getFloat32(0, true);
    if (!(theirs > 0 && Number.isFinite(theirs))) node.refuse(message, `its weight is ${theirs}.`);
    w += weightOf(message.rank) * theirs;
  }
  w = Math.fround(w);
  compute.linear(x, [[1 / w, u]]);
  return { x, u, w, ...remembered };
}

function bytesOf(weight: number): Uint8Array {
  const payload = new Uint8Array(WEIGHT_BYTES);
  new DataView(payload.buffer).setFloat32(0, weight, true);
  return payload;
}

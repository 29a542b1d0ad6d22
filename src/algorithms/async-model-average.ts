/**
 * Asynchronous model averaging: every worker goes on with SGD of its own, and now and then, in the
 * background, all models are averaged.
 *
 *   x_i ← x_i − γ g_i(x_i)        and, when the m-th snapshots s_j of all workers are there,
 *   x_i ← x_i + (1/n) Σ_j s_j − s_i
 *
 * Gan, Lian et al.: BAGUA, VLDB 2022, arXiv 2107.01499 (async model average). What is added is a difference,
 * so steps taken meanwhile are not lost, and the sum of all models moves by gradients alone. Nobody waits: a
 * worker opens the next averaging some steps after the last, the others join as soon as they hear of it,
 * also in the middle of a gradient. Differences from the authors' code: the interval is a number of steps
 * instead of milliseconds, snapshots go from everybody to everybody, and there is no warm-up with all-reduce.
 * A view change ends what is under way; an averaging that some have added is then added by all.
 */
import { numberOption } from '../base/options.ts';
import { type AlgorithmEntry, counted, held, type Node, type Start, type State } from './algorithm.ts';
import { needsComplete, needsWholeNumbers } from './needs.ts';
import { whileComputing } from './serving.ts';

const SNAPSHOT = 1;
/** In `enter`: averagings done, and the mean of the last. */
const DONE = 1;
const MEAN = 2;

/** Numbers of averagings as messages carry them. */
const short = (count: number) => count & 0xffff;

/** Sums of two averagings: the next one, and the one that a faster worker may have opened after it. */
const sumOf = (averaging: number) => `sum ${averaging % 2}`;
const heardOf = (averaging: number) => `heard ${averaging % 2}`;

const everyoneElse = ({ size, rank: own }: Node): readonly number[] =>
  Array.from({ length: size }, (_, rank) => rank).filter((rank) => rank !== own);

/** Adds a snapshot, as `add` writes it, to the sum of an averaging. */
function gather(node: Node, state: State, averaging: number, add: (sum: State['x']) => void): State {
  const sum = node.next(sumOf(averaging));
  const heard = counted(state, heardOf(averaging));
  node.compute.linear(sum, heard === 0 ? [] : [[1, held(state, sumOf(averaging))]]);
  add(sum);
  return { ...state, [sumOf(averaging)]: sum, [heardOf(averaging)]: heard + 1 };
}

/** Takes what has come, joins or opens an averaging if it is time, and ends one that is complete. */
async function attend(node: Node, from: State): Promise<State> {
  const packer = node.compressed();
  let state = from;
  for (;;) {
    const next = counted(state, 'averaged') + 1;
    const came = node.arrived(SNAPSHOT);
    if (came !== null) {
      const ahead = short(came.step - next);
      if (ahead > 1) node.refuse(came, `it is of averaging ${came.step}, and ${short(next)} is the next.`);
      state = gather(node, state, next + ahead, (sum) => packer.decode(came, sum, 1, 'add'));
      node.commit(state);
      continue;
    }
    const joined = counted(state, 'joined') === next;
    const due =
      counted(state, heardOf(next)) > 0 || counted(state, 'since') >= numberOption(node.options, 'interval');
    if (!joined && due && node.size > 1) {
      const message = await packer.encode(state.x, SNAPSHOT);
      const snapshot = node.next('snapshot');
      packer.decode(message, snapshot, 1, 'set');
      state = gather(node, state, next, (sum) => packer.decode(message, sum, 1, 'add'));
      state = { ...state, snapshot, joined: next, since: 0 };
      node.commit(state);
      for (const to of everyoneElse(node)) node.send(to, SNAPSHOT, message, short(next));
      continue;
    }
    if (!joined || counted(state, heardOf(next)) < node.size) return state;
    const mean = node.next('mean');
    node.compute.linear(mean, [[1 / node.size, held(state, sumOf(next))]]);
    state = { ...towards(node, state, mean), mean, averaged: next, [heardOf(next)]: 0 };
    node.commit(state);
  }
}

/** x ← x + mean − snapshot. */
function towards(node: Node, state: State, mean: State['x']): State {
  const x = node.next('x');
  node.compute.linear(x, [
    [1, state.x],
    [1, mean],
    [-1, held(state, 'snapshot')],
  ]);
  return { ...state, x };
}

function begin(node: Node, x: State['x'], averaged: number): State {
  const zeros = (name: string) => {
    const vector = node.next(name);
    node.compute.linear(vector, []);
    return vector;
  };
  return {
    x,
    ...{
      snapshot: zeros('snapshot'),
      mean: zeros('mean'),
      [sumOf(0)]: zeros(sumOf(0)),
      [sumOf(1)]: zeros(sumOf(1)),
    },
    ...{ averaged, joined: averaged, since: 0, [heardOf(0)]: 0, [heardOf(1)]: 0 },
  };
}

/** An averaging that one worker has ended is ended by all that took part; one that nobody has ended is dropped. */
async function enter(node: Node, { x, fresh, previous }: Start): Promise<State> {
  if (fresh) return begin(node, x, 0);
  const others = everyoneElse(node);
  // A newcomer has nothing to end: 0; the others say one more than they have ended.
  const mine = previous === null ? 0 : counted(previous, 'averaged') + 1;
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, mine, true);
  for (const to of others) node.send(to, DONE, { payload, wire: 0, length: 1 });
  const standing = new Array<number>(node.size).fill(0);
  standing[node.rank] = mine;
  for (const message of await node.gather(DONE, others)) {
    const { payload: theirs, rank } = message;
    if (theirs.length !== 4) node.refuse(message, `its count has ${theirs.length} bytes instead of 4.`);
    standing[rank] = new DataView(theirs.buffer, theirs.byteOffset, 4).getUint32(0, true);
  }
  const most = Math.max(...standing);
  const source = standing.indexOf(most);
  const behind = standing.flatMap((count, rank) => (count > 0 && count === most - 1 ? [rank] : []));
  const dense = node.dense();
  let model = x;
  if (previous !== null && node.rank === source && behind.length > 0) {
    const message = await dense.encode(held(previous, 'mean'), MEAN);
    for (const to of behind) node.send(to, MEAN, message);
  } else if (previous !== null && behind.includes(node.rank)) {
    const mean = node.scratch('mean');
    for (const message of await node.gather(MEAN, [source])) dense.decode(message, mean, 1, 'set');
    model = towards(node, previous, mean).x;
  }
  return begin(node, model, Math.max(0, most - 1));
}

export const asyncModelAverage: AlgorithmEntry = {
  id: 'async-model-average',
  label: 'Asynchronous model averaging',
  description: 'Everybody learns alone, and all models are averaged in the background now and then.',
  paper: 'Gan, Lian et al., VLDB 2022, arXiv 2107.01499',
  needs: 'complete graph; whole models (none or fp16)',
  lossPolicy: 'view-change',
  reports: 'average',
  startsApart: true,
  asynchronous: true,
  options: {
    interval: {
      kind: 'number',
      default: 5,
      min: 1,
      max: 10_000,
      integer: true,
      label: 'interval',
      help: 'Gradient steps of its own after which a worker opens the next averaging, if nobody has before.',
    },
  },
  prefers: { topology: { id: 'complete' }, compressor: { id: 'none' } },
  refuses: (given) =>
    needsComplete('Asynchronous model averaging', given) ??
    needsWholeNumbers('Asynchronous model averaging', 'Choose none or fp16.', given),
  /** Everybody to everybody once in so many rounds, where all are equally fast. */
  cost({ graph: { n }, options, layout, compressed }) {
    const messages = (n * (n - 1)) / numberOption(options, 'interval');
    return { messages, bytes: messages * compressed(layout) };
  },
  enter,
  serves: [SNAPSHOT],
  serve: attend,

  async round(node, begun) {
    let state = begun;
    const gradient = await whileComputing(node, node.gradient(begun.x), [SNAPSHOT], async () => {
      state = await attend(node, state);
    });
    node.staleness(counted(state, 'averaged') - counted(begun, 'averaged'));
    const x = node.next('x');
    node.compute.linear(x, [
      [1, state.x],
      [-node.learningRate, gradient],
    ]);
    return { ...state, x, since: counted(state, 'since') + 1 };
  },
};

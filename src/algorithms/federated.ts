/**
 * What federated algorithms share: a star whose centre is an ordinary worker, clients drawn at random, and
 * local training from the server's model.
 *
 * In a round every client that was drawn trains from the model it holds and sends it to the centre; the
 * centre makes the next model and sends it to those drawn for the next round, all of which know from the
 * common seed who they are. A client that is not drawn rests and keeps the model it got last; its state is
 * parked on the host, so that many more clients than train at once fit on a device. The centre is a client,
 * too. When it leaves, the graph has another centre, and all take over the latest model that
 * anybody holds. McMahan, Moore, Ramage, Hampson, Agüera y Arcas, AISTATS 2017, arXiv 1602.05629.
 */
import { numberOption, type OptionSchema } from '../base/options.ts';
import type { Vector } from '../compute/compute.ts';
import {
  type Configuration,
  type Cost,
  type Costing,
  counted,
  type Encoded,
  type Node,
  type Numbers,
  type Start,
  type State,
} from './algorithm.ts';
import { stepAfresh } from './local-optimizer.ts';
import { impossible, type Refusal } from './refusal.ts';
import { adoptReplicas } from './replicas.ts';
import { serverOf } from './reported.ts';

const ROWS = 3;
const DRAW = 7;

export const FEDERATED_OPTIONS: OptionSchema = {
  localSteps: {
    kind: 'number',
    default: 5,
    min: 1,
    max: 1000,
    integer: true,
    label: 'local steps',
    help: 'Gradient steps that a client takes in a round, unless it is to go through its rows so many times.',
  },
  localEpochs: {
    kind: 'number',
    default: 0,
    min: 1,
    max: 100,
    integer: true,
    zero: 'local steps',
    label: 'local epochs E',
    help: 'How often a client goes through all its rows in a round, instead of a number of steps: who has more rows takes more steps.',
  },
  clientFraction: {
    kind: 'number',
    default: 1,
    min: 0.001,
    max: 1,
    label: 'share of clients',
    help: 'Share of all workers that train in a round, at least one; drawn anew every round.',
  },
};

/** For `AlgorithmEntry.epochs`. */
export const localEpochs = (options: Node['options']): number => numberOption(options, 'localEpochs');

/** For algorithms whose papers have the server take its step at a rate of its own. */
export const SERVER_RATE: OptionSchema = {
  serverRate: {
    kind: 'number',
    default: 1,
    min: 1e-6,
    max: 1000,
    label: 'server rate η',
    help: 'How far the server goes towards the mean of the clients’ models: 1 is all the way, more goes beyond.',
  },
};

/** η of `SERVER_RATE`. */
export const serverRate = ({ options }: Pick<Node, 'options'>): number => numberOption(options, 'serverRate');

/** Ranks of the clients of a round, ascending: a uniform draw without replacement. */
export function clientsOf(node: Node, round: number): readonly number[] {
  const ranks = Array.from({ length: node.size }, (_, rank) => rank);
  const order = node.commonRandom(DRAW, round).shuffle(ranks);
  return order.slice(0, clientCount(node.options, node.size)).sort((a, b) => a - b);
}

/** Neither in this round nor, to be sent the model, in the next; the server never rests. */
export function rests(node: Node): boolean {
  if (node.rank === serverOf(node.graph)) return false;
  return ![node.round, node.round + 1].some((round) => clientsOf(node, round).includes(node.rank));
}

/** Whether a worker holds the model of this round: the server, and those that it was sent to. */
export function isCurrent({ at }: Numbers, round: number): boolean {
  return at === round;
}

function clientCount(options: Node['options'], n: number): number {
  return Math.max(1, Math.round(numberOption(options, 'clientFraction') * n));
}

export function needsStar(name: string, { topology, graph }: Configuration): Refusal | null {
  if (topology === 'star' || topology === 'complete' || graph?.isComplete === true) return null;
  return impossible(`${name} has a server that every client reaches: choose the topology star.`);
}

/**
 * The common state at the start of a view, and at the server every client's number of rows, as `rows 0`,
 * `rows 1`, …; the latest model that anybody holds is everybody's.
 */
export async function beginFederated(node: Node, start: Start, vectors: readonly string[]): Promise<State> {
  const seen = start.previous === null ? 0 : counted(start.previous, 'at');
  const { x, ...rest } = await adoptReplicas(node, start, { vectors, numbers: { at: 0 } }, seen);
  const server = serverOf(node.graph);
  const rows: Record<string, number> = {};
  if (node.rank !== server) {
    const payload = new Uint8Array(4);
    new DataView(payload.buffer).setUint32(0, node.samples, true);
    node.send(server, ROWS, { payload, wire: 0, length: 1 });
  } else {
    rows[`rows ${server}`] = node.samples;
    const clients = Array.from({ length: node.size }, (_, rank) => rank).filter((rank) => rank !== server);
    for (const message of await node.gather(ROWS, clients)) {
      const { payload, rank } = message;
      if (payload.length !== 4) node.refuse(message, `its number of rows has ${payload.length} bytes.`);
      rows[`rows ${rank}`] = new DataView(payload.buffer, payload.byteOffset, 4).getUint32(0, true);
    }
  }
  return { x, ...rest, ...rows };
}

/** The numbers of rows in a state, to be carried over. */
export function rowsIn(state: State): Record<string, number> {
  return Object.fromEntries(
    Object.entries(state).filter((entry): entry is [string, number] => entry[0].startsWith('rows ')),
  );
}

/** n_k / Σ n_k over the clients of a round; equal shares if nobody holds any row. */
export function clientWeights(state: State, clients: readonly number[]): ReadonlyMap<number, number> {
  const rows = rowsIn(state);
  const total = clients.reduce((sum, rank) => sum + (rows[`rows ${rank}`] ?? 0), 0);
  const share = (rank: number) => (total === 0 ? 1 / clients.length : (rows[`rows ${rank}`] ?? 0) / total);
  return new Map(clients.map((rank) => [rank, share(rank)]));
}

/**
 * y ← the client's local steps from x, so many or E epochs of them, along `direction(y, g)`: the gradient, or a correction of it. What the
 * optimizer remembers begins anew every round, as a client may not be drawn again for long.
 */
export async function trainLocally(
  node: Node,
  x: Vector,
  y: Vector,
  direction: (y: Vector, gradient: Vector) => readonly (readonly [number, Vector])[],
): Promise<void> {
  await stepAfresh(node, x, y, node.gradients, async (at, step) => {
    const gradient = await node.gradient(at, step);
    const terms = direction(at, gradient);
    const [first, ...corrections] = terms;
    if (corrections.length === 0 && first?.[0] === 1) return first[1];
    const corrected = node.scratch('corrected gradient');
    node.compute.linear(corrected, terms);
    return corrected;
  });
}

/** A client's vector of a round, as it came to the server. */
export interface Collected extends Encoded {
  readonly rank: number;
}

/** The clients' vectors of a round at the server, by rank, its own encoded like the others; else nothing. */
export async function collect(
  node: Node,
  tag: number,
  clients: readonly number[],
  own: Vector,
): Promise<readonly Collected[]> {
  const server = serverOf(node.graph);
  const message = clients.includes(node.rank) ? await node.compressed().encode(own, tag) : null;
  if (node.rank !== server) {
    if (message !== null) node.send(server, tag, message);
    return [];
  }
  const received: Collected[] = [
    ...(await node.gather(
      tag,
      clients.filter((rank) => rank !== server),
    )),
  ];
  if (message !== null) received.push({ rank: server, payload: message.payload, wire: message.wire });
  return received.sort((a, b) => a.rank - b.rank);
}

/** The server's vector goes to the clients of the next round; resolves to whether this worker has it. */
export async function distribute(node: Node, tag: number, vector: Vector): Promise<boolean> {
  const server = serverOf(node.graph);
  const next = clientsOf(node, node.round + 1);
  if (node.rank === server) {
    const others = next.filter((rank) => rank !== server);
    if (others.length === 0) return true;
    const message = await node.compressed().encode(vector, tag);
    for (const to of others) node.send(to, tag, message);
    // What it goes on with itself is what it told the others.
    node.decode(message, vector, 1, 'set');
    return true;
  }
  if (!next.includes(node.rank)) return false;
  for (const message of await node.gather(tag, [server])) node.decode(message, vector, 1, 'set');
  return true;
}

/** Up for every client of a round, down for every client of the next; the server's own cost nothing. */
export function federatedCost({ options, graph, layout, compressed }: Costing): Cost {
  const clients = clientCount(options, graph.n);
  // In the mean over draws: the server is among the clients as often as anybody else.
  const messages = (2 * clients * (graph.n - 1)) / graph.n;
  return { messages, bytes: messages * compressed(layout) };
}

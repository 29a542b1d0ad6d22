/**
 * Replicas: what central algorithms hold in common (parameters, momentum, counters), the same bits on
 * every worker, and how a view begins with the same bits again.
 *
 * After an abort one worker may have committed a round that another rolled back, and a newcomer has
 * nothing. So everybody first says how many rounds it has behind it; the worker of lowest rank among
 * those with the most is the source, and sends whole vectors to those that are behind. A round is
 * therefore repeated or taken over whole, never half applied. Everything here counts as re-sync.
 */
import type { Vector } from '../compute/compute.ts';
import { counted, held, type Node, type Start, type State } from './algorithm.ts';

const ROUNDS = 240;
const VECTOR = 241;
const NUMBERS = 242;

/** What every worker's replica consists of besides `x`, and what a new run starts it with. */
export interface Replicated {
  /** Names of vectors; zeros at the start. */
  readonly vectors: readonly string[];
  /** Names of numbers and their starting values. */
  readonly numbers: Readonly<Record<string, number>>;
  /** Vectors of other lengths than the model's (factors of its matrices). */
  readonly sized?: readonly Sized[];
}

export interface Sized {
  readonly name: string;
  readonly length: number;
  /** Writes what a new run starts it with: the same numbers on every worker. */
  begin(vector: Vector): void;
}

/** The common part of the state at the start of a view: the same on every worker, bit for bit. */
export async function adoptReplicas(
  node: Node,
  start: Start,
  what: Replicated,
  /**
   * How far this worker's replica has come, by the same measure for all: rounds behind it, unless it may have
   * slept through some, or put off a part of the last.
   */
  seen = start.committed,
): Promise<State> {
  const { compute, layout } = node;
  const zeros = (vector: Vector) => compute.linear(vector, []);
  const vectors: readonly Sized[] = [
    ...what.vectors.map((name) => ({ name, length: layout.length, begin: zeros })),
    ...(what.sized ?? []),
  ];
  const mine = start.previous === null ? 0 : seen + 1;
  const standing = start.fresh ? [] : await everybodysRounds(node, mine);
  const most = Math.max(0, ...standing);
  if (most === 0) {
    // Nobody has anything yet: a new run, where all hold the same x_0. Otherwise (every device was lost
    // at once) the first worker's parameters are taken, and what goes with them begins anew.
    const x = start.fresh ? start.x : await adoptVector(node, 'x', start.x, 0, true, everyoneElse(node));
    const state: Record<string, State[string]> & { x: State['x'] } = { x, ...what.numbers };
    for (const { name, length, begin } of vectors) {
      const vector = node.next(name, length);
      begin(vector);
      state[name] = vector;
    }
    return state;
  }
  const source = standing.indexOf(most);
  const behind = standing.flatMap((rounds, rank) => (rounds < most ? [rank] : []));
  const wanting = behind.includes(node.rank);
  const previous = start.previous;
  const x = await adoptVector(node, 'x', start.x, source, wanting, behind);
  const state: Record<string, State[string]> & { x: State['x'] } = { x };
  for (const [index, { name, length }] of vectors.entries()) {
    const own = previous === null ? null : held(previous, name);
    state[name] = await adoptVector(node, name, own, source, wanting, behind, index + 1, length);
  }
  const numbers = Object.keys(what.numbers);
  const own = previous === null ? [] : numbers.map((name) => counted(previous, name));
  const values = await adoptNumbers(node, own, numbers.length, source, wanting, behind);
  numbers.forEach((name, index) => {
    state[name] = values[index] ?? 0;
  });
  return state;
}

function everyoneElse(node: Node): number[] {
  return Array.from({ length: node.size }, (_, rank) => rank).filter((rank) => rank !== node.rank);
}

/** Rounds behind every worker, plus one; 0 for those that have no state. */
async function everybodysRounds(node: Node, mine: number): Promise<number[]> {
  const others = everyoneElse(node);
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, mine, true);
  for (const to of others) node.send(to, ROUNDS, { payload, wire: 0, length: 1 });
  const standing = new Array<number>(node.size).fill(0);
  standing[node.rank] = mine;
  for (const message of await node.gather(ROUNDS, others)) {
    const { payload: theirs, rank } = message;
    if (theirs.length !== 4) node.refuse(message, `its round has ${theirs.length} bytes instead of 4.`);
    standing[rank] = new DataView(theirs.buffer, theirs.byteOffset, 4).getUint32(0, true);
  }
  return standing;
}

async function adoptVector(
  node: Node,
  name: string,
  own: State['x'] | null,
  source: number,
  wanting: boolean,
  behind: readonly number[],
  step = 0,
  length = node.layout.length,
): Promise<State['x']> {
  const dense = node.dense(length);
  if (node.rank === source) {
    if (own === null) throw new Error(`The source of ${name} has none.`);
    if (behind.length > 0) {
      const message = await dense.encode(own, VECTOR, step);
      for (const to of behind) if (to !== source) node.send(to, VECTOR, message, step);
    }
    return own;
  }
  if (!wanting) {
    if (own === null) throw new Error(`A worker that is up to date has no ${name}.`);
    return own;
  }
  const taken = node.next(name, length);
  for (const message of await node.gather(VECTOR, [source], step)) dense.decode(message, taken, 1, 'set');
  return taken;
}

async function adoptNumbers(
  node: Node,
  own: readonly number[],
  count: number,
  source: number,
  wanting: boolean,
  behind: readonly number[],
): Promise<readonly number[]> {
  if (count === 0) return [];
  if (node.rank === source) {
    const payload = new Uint8Array(Float64Array.from(own).buffer);
    for (const to of behind) node.send(to, NUMBERS, { payload, wire: 0, length: 2 * count });
    return own;
  }
  if (!wanting) return own;
  let values: readonly number[] = own;
  for (const message of await node.gather(NUMBERS, [source])) {
    const { payload } = message;
    if (payload.length !== 8 * count) node.refuse(message, `${payload.length} bytes for ${count} numbers.`);
    values = [...new Float64Array(payload.slice().buffer)];
    if (!values.every(Number.isFinite)) node.refuse(message, 'a number in it is not finite.');
  }
  return values;
}

/**
 * next ← x − rate · direction, in two steps that every device rounds alike: a product, then a sum. In one
 * step some devices would round once and others twice, and replicas on different devices would part.
 */
export function stepReplica(
  node: Pick<Node, 'compute'>,
  x: Vector,
  direction: Vector,
  rate: number,
  next: Vector,
): void {
  const { compute } = node;
  compute.linear(next, [[rate, direction]]);
  compute.linear(next, [
    [1, x],
    [-1, next],
  ]);
}

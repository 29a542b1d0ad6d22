/**
 * A server of gradients at the centre of a star, and workers that each go at their own speed: what A-PSGD
 * and n-softsync have in common. A worker computes a gradient at the model it holds, pushes it with that
 * model's version, and gets the newest model back; the server takes gradients one at a time, in the order
 * of their arrival, and knows of each how many versions its model was behind (its staleness τ).
 *
 * The server is an ordinary worker: it learns too, and answers in the middle of its own gradients. When it
 * leaves, whoever is then at the centre goes on from the newest model that anybody holds. What had been
 * pushed to one that left is lost, and so is its momentum; a round that a view change rolled back is done
 * again, so its gradient may count twice.
 */
import type { Vector } from '../compute/compute.ts';
import { type AlgorithmEntry, counted, type Node, type Start, type State } from './algorithm.ts';
import { needsStar, needsWholeNumbers } from './needs.ts';
import { adoptReplicas, type Replicated } from './replicas.ts';
import { serverOf } from './reported.ts';
import { whileComputing } from './serving.ts';

const PUSH = 1;
const MODEL = 2;

/** A gradient that the server holds: adds it, times a factor, to a vector. */
export type AddGradient = (dest: Vector, factor: number) => void;

export interface ServerRule {
  /** What the server keeps besides x and its version. */
  readonly keeps: Replicated;
  /** What a gradient makes of the server's state; a new x has the next `version`. */
  take(node: Node, state: State, add: AddGradient, staleness: number): State;
}

/** Versions as messages carry them. */
const short = (version: number) => version & 0xffff;

/** Takes all gradients that have come, and sends each of their workers the model as it is then. */
async function servePushes(node: Node, rule: ServerRule, from: State): Promise<State> {
  const packer = node.compressed();
  let state = from;
  for (let next = node.arrived(PUSH); next !== null; next = node.arrived(PUSH)) {
    const push = next;
    const staleness = short(counted(state, 'version') - push.step);
    node.staleness(staleness);
    const add: AddGradient = (dest, factor) => packer.decode(push, dest, factor, 'add');
    state = rule.take(node, state, add, staleness);
    node.commit(state);
    const model = await packer.encode(state.x, MODEL);
    node.send(push.rank, MODEL, model, short(counted(state, 'version')));
  }
  return state;
}

async function serverRound(node: Node, rule: ServerRule, begun: State): Promise<State> {
  let state = begun;
  const gradient = await whileComputing(node, node.gradient(begun.x), [PUSH], async () => {
    state = await servePushes(node, rule, state);
  });
  const staleness = counted(state, 'version') - counted(begun, 'version');
  node.staleness(staleness);
  const add: AddGradient = (dest, factor) => {
    node.compute.linear(dest, [
      [1, dest],
      [factor, gradient],
    ]);
  };
  return rule.take(node, state, add, staleness);
}

/** Of a worker that is no server nobody may want anything. */
function refusePushes(node: Node, state: State): Promise<State> {
  const push = node.arrived(PUSH);
  if (push !== null) node.refuse(push, 'this worker is not the server.');
  return Promise.resolve(state);
}

async function workerRound(node: Node, state: State): Promise<State> {
  const packer = node.compressed();
  const push = await packer.encode(await node.gradient(state.x), PUSH);
  node.send(serverOf(node.graph), PUSH, push, short(counted(state, 'version')));
  await node.arrival([MODEL]);
  const x = node.next('x');
  let version = counted(state, 'version');
  for (let model = node.arrived(MODEL); model !== null; model = node.arrived(MODEL)) {
    packer.decode(model, x, 1, 'set');
    version += short(model.step - version);
  }
  return { ...state, x, version };
}

/** All begin a view with the newest model: the server's, unless it has left. */
async function enter(node: Node, rule: ServerRule, start: Start): Promise<State> {
  const { keeps } = rule;
  const numbers = { ...keeps.numbers, version: 0 };
  const { previous } = start;
  const standing = previous === null ? 0 : 2 * counted(previous, 'version') + counted(previous, 'served');
  const adopted = await adoptReplicas(node, { ...start, committed: standing }, { ...keeps, numbers });
  return { ...adopted, served: node.rank === serverOf(node.graph) ? 1 : 0 };
}

/** What is the same for all algorithms with such a server. */
export function gradientServer(name: string, ruleOf: (node: Node) => ServerRule) {
  return {
    lossPolicy: 'view-change',
    reports: 'server',
    asynchronous: true,
    prefers: { topology: { id: 'star' }, compressor: { id: 'none' } },
    refuses: (given) => needsStar(name, given) ?? needsWholeNumbers(name, 'Choose none or fp16.', given),
    /** One round of every worker: a gradient up and a model down for each but the server. */
    cost: ({ graph: { n }, layout, compressed }) => ({
      messages: 2 * (n - 1),
      bytes: 2 * (n - 1) * compressed(layout),
    }),
    enter: (node, start) => enter(node, ruleOf(node), start),
    serves: [PUSH],
    serve: (node, state) =>
      node.rank === serverOf(node.graph) ? servePushes(node, ruleOf(node), state) : refusePushes(node, state),
    round: (node, state) =>
      node.rank === serverOf(node.graph) ? serverRound(node, ruleOf(node), state) : workerRound(node, state),
  } as const satisfies Partial<AlgorithmEntry>;
}

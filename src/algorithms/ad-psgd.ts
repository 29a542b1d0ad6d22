/**
 * AD-PSGD: asynchronous decentralised SGD. Nobody waits for the slowest; pairs of neighbours average.
 *
 *   g_i at a snapshot of x_i; while it is computed, if i asks j:   δ = (s_i − x_j) / 2   (s_i: x_i when i asked)
 *   x_j ← x_j + δ at j,   x_i ← x_i − δ at i when δ is there;      then   x_i ← x_i − γ g_i
 *
 * Lian, Zhang, Zhang, Liu: Asynchronous Decentralized Parallel Stochastic Gradient Descent, ICML 2018, arXiv
 * 1710.06952. Workers have one of two parts. An active one asks a random neighbour of the other part in
 * every round and waits for its answer; a passive one asks nobody, and answers at once, also in the middle
 * of a gradient and when it has no round to do. As passive workers never wait, no circle of waiting can close.
 *
 * Differences from the paper: the passive worker answers with δ instead of its model, and both add the same
 * bits. So the sum of all models moves by gradients alone, whatever falls between the two halves (with
 * (x + received) / 2 it would not). Requests are numbered; an answer is kept until the next request of its
 * asker, is given again if it is asked for again, and settles what a view change left half done. Where the
 * graph is not bipartite, edges between workers of one part are not used, and the page says so.
 *
 * With momentum the step −γ g_i is that of each worker's own optimizer, whose momentum is never exchanged, as
 * Assran, Loizou, Ballas, Rabbat ran AD-PSGD beside SGP (ICML 2019, arXiv 1811.10792; Nesterov's, 0.9).
 */
import {
  type AlgorithmEntry,
  type Configuration,
  held,
  type Node,
  type Received,
  type Start,
  type State,
} from './algorithm.ts';
import { beginOptimizer, MOMENTUM_OPTIMIZERS, stepTerms } from './local-optimizer.ts';
import { needsUndirected, needsWholeNumbers } from './needs.ts';
import { rolesOf, unusedEdges } from './roles.ts';
import { whileComputing } from './serving.ts';

const REQUEST = 1;
const ANSWER = 2;
/** In `enter`: how far two workers are with each other, and an answer that did not arrive. */
const STANDING = 1;
const MISSED = 2;

/** Names in the state, by the other's seat: ranks change with the members, seats do not. */
const asked = (seat: number) => `asked ${seat}`;
const answered = (seat: number) => `answered ${seat}`;
const delta = (seat: number) => `delta ${seat}`;

/** Requests to, or from, a seat that are settled so far. */
function countOf(state: State, name: string): number {
  const value = state[name];
  return typeof value === 'number' ? value : 0;
}

/** A request's number as messages carry it. */
const short = (count: number) => count & 0xffff;

/** The state after an event that changes x, and how many such events there were. */
interface Changed {
  readonly state: State;
  readonly changes: number;
}

/** Whom this worker asks in this round, or null. */
function partnerOf(node: Node) {
  const roles = rolesOf(node.graph);
  if (roles[node.rank] !== 'active') return null;
  const choices = node.neighbours.filter(({ rank }) => roles[rank] === 'passive');
  return choices.length === 0 ? null : (choices[node.random(0).integer(choices.length)] ?? null);
}

/** Answers all requests that have come, in the order of their arrival. */
async function answerRequests(node: Node, from: State): Promise<Changed> {
  const packer = node.compressed();
  let state = from;
  let changes = 0;
  for (let request = node.arrived(REQUEST); request !== null; request = node.arrived(REQUEST)) {
    const { seat, rank, step } = request;
    const before = countOf(state, answered(seat));
    if (before > 0 && short(before) === step) {
      // It was answered already: the same answer again, and nothing is added twice.
      node.send(rank, ANSWER, await packer.encode(held(state, delta(seat)), ANSWER), step);
      continue;
    }
    if (short(before + 1) !== step) {
      node.refuse(request, `it is request ${step}, and ${short(before + 1)} was due.`);
    }
    const half = node.scratch('half');
    packer.decode(request, half, 0.5, 'set');
    node.compute.linear(half, [
      [1, half],
      [-0.5, state.x],
    ]);
    const answer = await packer.encode(half, ANSWER);
    // Both ends add what the message says, not what it was made from.
    const kept = node.next(delta(seat));
    packer.decode(answer, kept, 1, 'set');
    const x = node.next('x');
    node.compute.linear(x, [
      [1, state.x],
      [1, kept],
    ]);
    state = { ...state, x, [delta(seat)]: kept, [answered(seat)]: before + 1 };
    node.commit(state);
    node.send(rank, ANSWER, answer, step);
    changes += 1;
  }
  return { state, changes };
}

/** Takes the partner's answer if it has come; one that was given twice is taken once. */
function takeAnswers(node: Node, from: State, partner: number | null): Changed {
  let state = from;
  let changes = 0;
  for (let answer = node.arrived(ANSWER); answer !== null; answer = node.arrived(ANSWER)) {
    const { seat, step } = answer;
    const count = countOf(state, asked(seat)) + 1;
    if (short(count) !== step) continue;
    if (seat !== partner) node.refuse(answer, 'nobody asked for it.');
    const x = node.next('x');
    node.compute.linear(x, [[1, state.x]]);
    node.compressed().decode(answer, x, -1, 'add');
    state = { ...state, x, [asked(seat)]: count };
    node.commit(state);
    changes += 1;
  }
  return { state, changes };
}

export const adPsgd: AlgorithmEntry = {
  id: 'ad-psgd',
  label: 'AD-PSGD',
  description: 'Asynchronous gossip: pairs of neighbours average, and nobody waits for the slowest.',
  paper: 'Lian et al., ICML 2018, arXiv 1710.06952',
  needs: 'an undirected graph, best a bipartite one; whole models',
  lossPolicy: 'view-change',
  reports: 'average',
  startsApart: true,
  asynchronous: true,
  optimizers: MOMENTUM_OPTIMIZERS,
  options: {},
  refuses: (given) =>
    needsWholeNumbers('AD-PSGD', 'Choose none or fp16.', given) ?? needsUndirected('AD-PSGD', given),
  caution: cautionOf,
  /** One round of every worker: each active one sends a model, and receives one. */
  cost({ graph, layout, compressed }) {
    const roles = rolesOf(graph);
    const asking = roles.filter(
      (role, rank) => role === 'active' && graph.sendsTo(rank).some((other) => roles[other] === 'passive'),
    ).length;
    return { messages: 2 * asking, bytes: 2 * asking * compressed(layout) };
  },
  enter: settleWithOthers,
  serves: [REQUEST],
  serve: async (node, state) => (await answerRequests(node, state)).state,

  async round(node, begun) {
    const computing = node.gradient(begun.x);
    const partner = partnerOf(node);
    if (partner !== null) {
      const { rank, seat } = partner;
      const request = await node.compressed().encode(begun.x, REQUEST);
      node.send(rank, REQUEST, request, short(countOf(begun, asked(seat)) + 1));
    }
    let state = begun;
    let answers = 0;
    let changes = 0;
    const gradient = await whileComputing(
      node,
      computing,
      [REQUEST, ANSWER],
      async () => {
        const taken = takeAnswers(node, state, partner?.seat ?? null);
        const served = await answerRequests(node, taken.state);
        state = served.state;
        answers += taken.changes;
        changes += taken.changes + served.changes;
      },
      () => partner === null || answers > 0,
    );
    node.staleness(changes);
    const x = node.next('x');
    const { terms, remembered } = await stepTerms(node, state, gradient);
    node.compute.linear(x, [[1, state.x], ...terms]);
    return { ...state, ...remembered, x };
  },
};

function cautionOf({ graph, topology }: Configuration): string | null {
  if (graph === null) return null;
  const unused = unusedEdges(graph).length;
  if (unused === 0) return null;
  const which = unused === 1 ? 'One of its edges is' : `${unused} of its edges are`;
  return (
    `This ${topology} is not bipartite: AD-PSGD lets one half of the workers ask and the other half answer. ` +
    `${which} not used, being within one half.`
  );
}

// ---- entering a view ---------------------------------------------------------------------------------

/** What a worker says of its past with one seat. */
interface Standing {
  readonly asked: number;
  readonly answered: number;
}

const ENTRY = 12;

/** Everything this worker has behind it with others: nothing at all for a newcomer. */
function standingMessage(previous: State | null): Uint8Array<ArrayBuffer> {
  const seats = new Set<number>();
  for (const name of Object.keys(previous ?? {})) {
    const [, seat] = /^(?:asked|answered) (\d+)$/.exec(name) ?? [];
    if (seat !== undefined) seats.add(Number(seat));
  }
  const view = new DataView(new ArrayBuffer(4 + ENTRY * seats.size));
  view.setUint32(0, previous === null ? 0 : 1, true);
  [...seats].forEach((seat, index) => {
    if (previous === null) return;
    const at = 4 + ENTRY * index;
    view.setUint32(at, seat, true);
    view.setUint32(at + 4, countOf(previous, asked(seat)), true);
    view.setUint32(at + 8, countOf(previous, answered(seat)), true);
  });
  return new Uint8Array(view.buffer);
}

/** What another worker says of its past with this one; null for a newcomer. */
function standingIn(node: Node, message: Received): Standing | null {
  const { payload } = message;
  if (payload.length % ENTRY !== 4) node.refuse(message, `its standing has ${payload.length} bytes.`);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  if (view.getUint32(0, true) === 0) return null;
  for (let at = 4; at < payload.length; at += ENTRY) {
    if (view.getUint32(at, true) !== node.seat) continue;
    return { asked: view.getUint32(at + 4, true), answered: view.getUint32(at + 8, true) };
  }
  return { asked: 0, answered: 0 };
}

/**
 * Brings every pair to an end that a view change has interrupted: an answer that was added at one end and
 * did not reach the other is given again. So what the change leaves out of the mean is the models of those
 * who have left, and nothing else. Counts go on; those with seats that are held by others now begin again.
 */
async function settleWithOthers(node: Node, { x, fresh, previous }: Start): Promise<State> {
  const optimizer = beginOptimizer(node, previous);
  if (fresh) return { x, ...optimizer };
  const others = Array.from({ length: node.size }, (_, rank) => rank).filter((rank) => rank !== node.rank);
  const payload = standingMessage(previous);
  for (const to of others) node.send(to, STANDING, { payload, wire: 0, length: payload.length / 4 });
  const state: Record<string, State[string]> & { x: State['x'] } = { x, ...optimizer };
  const missing: number[] = [];
  const dense = node.dense();
  for (const message of await node.gather(STANDING, others)) {
    const { rank, seat } = message;
    const theirs = standingIn(node, message);
    if (theirs === null || previous === null) continue;
    const mine = { asked: countOf(previous, asked(seat)), answered: countOf(previous, answered(seat)) };
    if (mine.answered > 0) {
      state[answered(seat)] = mine.answered;
      state[delta(seat)] = held(previous, delta(seat));
    }
    if (mine.answered === theirs.asked + 1) {
      node.send(rank, MISSED, await dense.encode(held(previous, delta(seat)), MISSED));
    }
    const missed = theirs.answered === mine.asked + 1;
    if (missed) missing.push(rank);
    if (mine.asked > 0 || missed) state[asked(seat)] = mine.asked + (missed ? 1 : 0);
  }
  if (missing.length === 0) return state;
  const settled = node.next('x');
  node.compute.linear(settled, [[1, x]]);
  for (const message of await node.gather(MISSED, missing)) dense.decode(message, settled, -1, 'add');
  return { ...state, x: settled };
}

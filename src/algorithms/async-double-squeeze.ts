/**
 * Asynchronous DoubleSqueeze: a server that applies compressed steps as they come, and tells everybody what
 * it did, compressed too; both directions feed their errors back.
 *
 *   worker i:  v = γ g_i + e_i,  q = C(v),  e_i ← v − q,  push q
 *   server, for every q:  w = q + E,  r = C(w),  E ← w − r,  x ← x − r,  send r to all
 *   worker, for every r, in the order of the server's steps:  x ← x − r
 *
 * Tang, Yu, Lian, Zhang, Liu: DoubleSqueeze, ICML 2019, arXiv 1905.05957, whose abstract says that it can be
 * made asynchronous; how is ours. A worker's model is the server's of some steps ago, bit for bit, because it
 * takes the same steps from the same bytes. x − E − Σ_i e_i moves by −γ g at every gradient, whatever C and
 * γ are: residuals are in units of steps, unlike in the synchronous form. A worker computes its next
 * gradient once it has the step that its last one led to, and takes the others' steps meanwhile. The server
 * is an ordinary worker, and compresses its own gradients like everybody. When it leaves, whoever is then at
 * the centre goes on; what was pushed to it and not yet told is lost.
 */
import { addResidual, keepResidual } from '../compressors/error-feedback.ts';
import type { Vector } from '../compute/compute.ts';
import {
  type AlgorithmEntry,
  counted,
  type Encoded,
  held,
  type Message,
  type Node,
  type Received,
  type Start,
  type State,
} from './algorithm.ts';
import { ERROR_FEEDBACK, feedsBack, needsForErrors } from './feedback.ts';
import { needsBoundedError, needsStar } from './needs.ts';
import { adoptReplicas } from './replicas.ts';
import { serverOf } from './reported.ts';
import { whileComputing } from './serving.ts';

const PUSH = 1;
/** A step of the server, to whom its gradient is from, and to the others. */
const ANSWER = 2;
const NEWS = 3;

/** Versions of the model as messages carry them. */
const short = (version: number) => version & 0xffff;

/** The state after the server's next step, on any worker: x ← x − r. */
function follow(node: Node, state: State, step: Encoded): State {
  const x = node.next('x');
  node.compute.linear(x, [[1, state.x]]);
  // A weight of one: no device rounds it differently.
  node.compressed().decode(step, x, -1, 'add');
  return { ...state, x, version: counted(state, 'version') + 1 };
}

/** v = γ g + e compressed, and what that leaves out. */
async function squeeze(
  node: Node,
  gradient: Vector,
  state: State,
): Promise<{ q: Message; left: { readonly e?: Vector } }> {
  const packer = node.compressed();
  const v = node.scratch('v');
  const fed = feedsBack(node.options);
  addResidual(node.compute, v, [[node.learningRate, gradient]], fed ? held(state, 'e') : null);
  const q = await packer.encode(v, PUSH);
  if (!fed) return { q, left: {} };
  const e = node.next('e');
  keepResidual(node.compute, e, v, (dest, weight, mode) => {
    packer.decode(q, dest, weight, mode);
  });
  return { q, left: { e } };
}

// ---- the server --------------------------------------------------------------------------------------

/** Takes a compressed step, compresses it again with what was left out before, and tells all. */
async function applyPush(node: Node, state: State, q: Encoded, from: number, seen: number): Promise<State> {
  const packer = node.compressed();
  node.staleness(short(counted(state, 'version') - seen));
  const fed = feedsBack(node.options);
  const v = node.scratch('server v');
  addResidual(node.compute, v, [], fed ? held(state, 'E') : null);
  packer.decode(q, v, 1, 'add');
  const r = await packer.encode(v, NEWS);
  const left = fed ? { E: node.next('E') } : {};
  if (left.E !== undefined) {
    keepResidual(node.compute, left.E, v, (dest, weight, mode) => {
      packer.decode(r, dest, weight, mode);
    });
  }
  const version = counted(state, 'version') + 1;
  const next = { ...follow(node, state, r), ...left };
  node.commit(next);
  for (let to = 0; to < node.size; to += 1) {
    if (to !== node.rank) node.send(to, to === from ? ANSWER : NEWS, r, short(version));
  }
  return next;
}

async function servePushes(node: Node, from: State): Promise<State> {
  let state = from;
  for (let push = node.arrived(PUSH); push !== null; push = node.arrived(PUSH)) {
    state = await applyPush(node, state, push, push.rank, push.step);
  }
  return state;
}

async function serverRound(node: Node, begun: State): Promise<State> {
  let state = begun;
  const gradient = await whileComputing(node, node.gradient(begun.x), [PUSH], async () => {
    state = await servePushes(node, state);
  });
  const { q, left } = await squeeze(node, gradient, state);
  return applyPush(node, { ...state, ...left }, q, node.rank, short(counted(begun, 'version')));
}

// ---- the others --------------------------------------------------------------------------------------

/** Follows the server's steps that have come; says whether one of them is this worker's own. */
function takeNews(node: Node, from: State): { state: State; answered: boolean } {
  let state = from;
  let answered = false;
  let step: Received | null = node.arrived(ANSWER, NEWS);
  while (step !== null) {
    const expected = short(counted(state, 'version') + 1);
    if (step.step !== expected) node.refuse(step, `it is step ${step.step}, and ${expected} was due.`);
    state = follow(node, state, step);
    node.commit(state);
    answered ||= step.tag === ANSWER;
    step = node.arrived(ANSWER, NEWS);
  }
  return { state, answered };
}

async function workerRound(node: Node, begun: State): Promise<State> {
  let state = begun;
  let answered = false;
  const take = async () => {
    const news = takeNews(node, state);
    state = news.state;
    answered ||= news.answered;
  };
  const gradient = await whileComputing(node, node.gradient(begun.x), [NEWS], take);
  const { q, left } = await squeeze(node, gradient, state);
  state = { ...state, ...left };
  node.commit(state);
  node.send(serverOf(node.graph), PUSH, q, short(counted(begun, 'version')));
  for (answered = false; !answered; await take()) await node.arrival([ANSWER, NEWS]);
  return state;
}

/** All begin with the newest model. What a server still owed goes on as a worker's own residual. */
async function enter(node: Node, start: Start): Promise<State> {
  const { compute } = node;
  const { previous } = start;
  const standing = previous === null ? 0 : 2 * counted(previous, 'version') + counted(previous, 'served');
  const adopted = await adoptReplicas(
    node,
    { ...start, committed: standing },
    { vectors: [], numbers: { version: 0 } },
  );
  const served = node.rank === serverOf(node.graph) ? 1 : 0;
  if (!feedsBack(node.options)) return { ...adopted, served };
  const e = node.next('e');
  const E = node.next('E');
  const owed = previous === null ? null : { e: held(previous, 'e'), E: held(previous, 'E') };
  compute.linear(E, owed === null || served === 0 ? [] : [[1, owed.E]]);
  compute.linear(e, owed === null ? [] : [[1, owed.e], ...(served === 0 ? [[1, owed.E] as const] : [])]);
  return { ...adopted, e, E, served };
}

const isServer = (node: Node) => node.rank === serverOf(node.graph);

export const asyncDoubleSqueeze: AlgorithmEntry = {
  id: 'async-double-squeeze',
  label: 'Asynchronous DoubleSqueeze',
  description: 'A server that takes compressed gradients as they come and sends compressed steps to all.',
  paper: 'Tang et al., ICML 2019, arXiv 1905.05957',
  needs: 'star; any compressor whose error is bounded',
  lossPolicy: 'view-change',
  reports: 'server',
  asynchronous: true,
  options: ERROR_FEEDBACK,
  prefers: { topology: { id: 'star' }, compressor: { id: 'one-bit', options: { scale: 'l2' } } },
  refuses: (given) =>
    needsStar('Asynchronous DoubleSqueeze', given) ??
    needsForErrors('Asynchronous DoubleSqueeze', given, needsBoundedError),
  /** One round of every worker: n − 1 pushes, and n steps told to n − 1 workers each. */
  cost: ({ graph: { n }, layout, compressed }) => {
    const messages = (n - 1) * (n + 1);
    return { messages, bytes: messages * compressed(layout) };
  },
  enter,
  serves: [PUSH, ANSWER, NEWS],
  async serve(node, state) {
    const strange = isServer(node) ? node.arrived(ANSWER, NEWS) : node.arrived(PUSH);
    if (strange !== null) node.refuse(strange, 'only a server is sent gradients, and only it sends steps.');
    return isServer(node) ? servePushes(node, state) : takeNews(node, state).state;
  },
  round: (node, state) => (isServer(node) ? serverRound(node, state) : workerRound(node, state)),
};

/**
 * The recipe's optimizer as a worker's own: steps along its own gradients, between exchanges.
 *
 * What the optimizer remembers stays with the worker and is not mixed with the neighbours', the usual
 * choice for gossip with momentum (Lian et al., arXiv 1705.09056; Assran et al., arXiv 1811.10792). It is
 * part of the algorithm's state, under names that begin with `optimizer `: zeros at the start, kept when
 * members change, and built anew beside the committed vectors, so that a round stays a transaction. With
 * another optimizer than SGD the mean of the models no longer moves by −γ times the mean gradient.
 */
import type { Term, Vector } from '../compute/compute.ts';
import { initialState, type OptimizerState } from '../optimizers/optimizer.ts';
import type { Node, State } from './algorithm.ts';

const PREFIX = 'optimizer ';

/** What an optimizer remembers, as entries of an algorithm's state. */
export type OptimizerEntries = Readonly<Record<string, Vector | number>>;

/** The direction of a step: the gradient where the steps have led so far, unless the algorithm has another. */
export type Direction = (at: Vector, step: number) => Promise<Vector>;

/** The entries of a state with which a worker enters a view: its own of before, or zeros. */
export function beginOptimizer(node: Node, previous: State | null): OptimizerEntries {
  if (previous !== null) return optimizerEntries(previous);
  return entriesOf(initialState(node.compute, node.optimizer.rule, (name) => node.next(PREFIX + name)));
}

/** The optimizer's entries of a state, to be carried over. */
export function optimizerEntries(state: State): OptimizerEntries {
  return Object.fromEntries(Object.entries(state).filter(([name]) => name.startsWith(PREFIX)));
}

/** `to` ← `steps` steps from `from`; the entries of the next state. `to` must not be `from`. */
export async function stepLocally(
  node: Node,
  state: State,
  from: Vector,
  to: Vector,
  steps = 1,
  direction: Direction = (at, step) => node.gradient(at, step),
): Promise<OptimizerEntries> {
  const before = Object.fromEntries(
    Object.entries(optimizerEntries(state)).map(([name, value]) => [name.slice(PREFIX.length), value]),
  );
  const next = (name: string) => node.next(PREFIX + name);
  return entriesOf(await walk(node, before, next, from, to, steps, direction));
}

/**
 * For algorithms that write their rule with a gradient, not with a step: what stands for −γ g_i(x_i), as terms of
 * a sum. Of plain SGD that is all there is; of another optimizer it is its step, h − x_i.
 */
export async function stepTerms(
  node: Node,
  state: State,
  /** That was computed already, maybe at an older x_i than the state's. */
  gradient?: Vector,
): Promise<{ readonly terms: readonly Term[]; readonly remembered: OptimizerEntries }> {
  const { id, options } = node.optimizer;
  if (id === 'sgd' && options.weightDecay === 0) {
    return { terms: [[-node.learningRate, gradient ?? (await node.gradient(state.x))]], remembered: {} };
  }
  const h = node.scratch('local step');
  const along = gradient === undefined ? undefined : () => Promise.resolve(gradient);
  const remembered = await stepLocally(node, state, state.x, h, 1, along);
  return {
    terms: [
      [1, h],
      [-1, state.x],
    ],
    remembered,
  };
}

/** Optimizers of `stepTerms` and its kin where a paper has run the algorithm with momentum, and with nothing else. */
export const MOMENTUM_OPTIMIZERS: readonly string[] = ['sgd', 'momentum', 'nesterov'];

/** The same by an optimizer that remembers nothing from round to round. */
export async function stepAfresh(
  node: Node,
  from: Vector,
  to: Vector,
  steps: number,
  direction: Direction,
): Promise<void> {
  const { vectors, numbers } = node.optimizer.rule;
  const before: Record<string, Vector | number> = { ...numbers };
  // No step writes to what it reads: one vector of zeros does for all.
  for (const name of vectors) before[name] = node.scratch(`${PREFIX}zeros`);
  if (vectors.length > 0) node.compute.linear(node.scratch(`${PREFIX}zeros`), []);
  await walk(node, before, (name) => node.scratch(`${PREFIX}new ${name}`), from, to, steps, direction);
}

/** The last step lands where it should; those before take turns with scratch, as no step may write to what it reads. */
async function walk(
  node: Node,
  before: OptimizerState,
  next: (name: string) => Vector,
  from: Vector,
  to: Vector,
  steps: number,
  direction: Direction,
): Promise<OptimizerState> {
  let x = from;
  let state = before;
  for (let step = 0; step < steps; step += 1) {
    const lands = (steps - 1 - step) % 2 === 0;
    const place = (name: string) => {
      if (!lands) return node.scratch(`${PREFIX}between ${name}`);
      return name === 'x' ? to : next(name);
    };
    const along = await direction(x, step);
    ({ x, state } = await node.optimizer.rule.step(place, state, x, along, node.learningRate));
  }
  return state;
}

function entriesOf(state: OptimizerState): OptimizerEntries {
  return Object.fromEntries(Object.entries(state).map(([name, value]) => [PREFIX + name, value]));
}

/**
 * Momentum of a worker's own gradients, before they are compressed or mixed: m_i ← μ m_i + g_i. It stays with the worker
 * and is not averaged; with μ = 0 there is none, and nothing is kept.
 */
import { type NumberOption, numberOption } from '../base/options.ts';
import type { Vector } from '../compute/compute.ts';
import { held, type Node, type Start, type State } from './algorithm.ts';

/** The option `momentum` of algorithms that take it, off by default. */
export const OWN_MOMENTUM: NumberOption = {
  kind: 'number',
  default: 0,
  min: 0,
  max: 0.999,
  label: 'momentum μ',
  help: 'Momentum of each worker’s own gradients, before they are compressed; 0 is the plain gradient.',
};

/** What it is in a state: a vector, or nothing. */
export type OwnMomentum = Readonly<Record<string, Vector>>;

/** With which a worker enters a view: its own of before, or zeros. */
export function beginMomentum(node: Node, { previous }: Start): OwnMomentum {
  if (numberOption(node.options, 'momentum') === 0) return {};
  const m = node.next('m');
  node.compute.linear(m, previous === null ? [] : [[1, held(previous, 'm')]]);
  return { m };
}

/** The direction to go on with (m_i, or the gradient itself), and what the next state keeps. */
export function pushed(
  node: Node,
  state: State,
  gradient: Vector,
  /** Of the gradient in m: 1, or 1 − μ for a running mean. */
  share = 1,
): { readonly direction: Vector; readonly kept: OwnMomentum } {
  const mu = numberOption(node.options, 'momentum');
  if (mu === 0) return { direction: gradient, kept: {} };
  const m = node.next('m');
  node.compute.linear(m, [
    [mu, held(state, 'm')],
    [share, gradient],
  ]);
  return { direction: m, kept: { m } };
}

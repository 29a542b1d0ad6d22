/**
 * What replicas do with the mean gradient: the recipe's optimizer, on every worker alike.
 *
 *   sgd:        x ← x − γ g,        g = ḡ + λ x
 *   momentum:   m ← μ m + g,   x ← x − γ m
 *   nesterov:   m ← μ m + g,   x ← x − γ (g + μ m)
 *   adam:       m, v as Adam's along g;   x ← x − γ m̂ / (√v̂ + ε)
 *   adamw:      m, v as Adam's along ḡ;   x ← x − γ (m̂ / (√v̂ + ε) + λ x)
 *
 * The papers are named in `src/optimizers`. λ is on weights only. The same rules as there, by operations that
 * all devices round alike: who holds a replica recomputes it, and is not told.
 */

import { numberOption } from '../base/options.ts';
import type { Vector } from '../compute/compute.ts';
import { type BoundOptimizer, counted, held, type Node, type State } from './algorithm.ts';
import type { Part } from './collectives/parts.ts';
import {
  adamDirection,
  addReplicaDecay,
  addReplicas,
  betasOf,
  corrected,
  runningMean,
  runningSquare,
  type Workbench,
  weightOf,
} from './replica-moments.ts';
import { type Replicated, stepReplica } from './replicas.ts';

/** For `AlgorithmEntry.optimizers`: LARS and LAMB weigh layers by a read-back, which one worker must do for all. */
export const REPLICA_OPTIMIZERS: readonly string[] = ['sgd', 'momentum', 'nesterov', 'adam', 'adamw'];

/** What replicas hold besides x. */
export function optimizerReplicas({ rule: { vectors, numbers } }: BoundOptimizer): Replicated {
  return { vectors, numbers };
}

/** The state after a step along the mean gradient `mean`, which is overwritten; `rate` is γ. */
export function stepAlongMean(
  node: Workbench & Pick<Node, 'next' | 'optimizer' | 'learningRate'>,
  state: State,
  mean: Vector,
  rate = node.learningRate,
): State {
  const { compute } = node;
  const { id, options } = node.optimizer;
  const weightDecay = numberOption(options, 'weightDecay');
  const decoupled = id === 'adamw';
  if (!decoupled) addReplicaDecay(node, mean, state.x, weightDecay);
  const x = node.next('x');
  if (id === 'sgd') {
    stepReplica(node, state.x, mean, rate, x);
    return { x };
  }
  const m = node.next('m');
  if (id === 'momentum' || id === 'nesterov') {
    const mu = numberOption(options, 'momentum');
    compute.linear(m, [[mu, held(state, 'm')]]);
    addReplicas(node, m, m, mean);
    let u = m;
    if (id === 'nesterov') {
      u = node.scratch('direction');
      compute.linear(u, [[mu, m]]);
      addReplicas(node, u, u, mean);
    }
    stepReplica(node, state.x, u, rate, x);
    return { x, m };
  }
  const betas = betasOf(options);
  const t = counted(state, 't') + 1;
  const v = node.next('v');
  const vHat = node.scratch('corrected v');
  const u = node.scratch('direction');
  runningMean(node, m, held(state, 'm'), mean, betas.beta1);
  runningSquare(node, v, held(state, 'v'), mean, betas.beta2);
  corrected(node, vHat, v, weightOf(betas, 'beta2', t));
  adamDirection(node, u, m, vHat, t, betas);
  if (decoupled) addReplicaDecay(node, u, state.x, weightDecay);
  stepReplica(node, state.x, u, rate, x);
  return { x, m, v, t };
}

/** The same for a run of layers alone: `next` gets its entries of every vector, which has room for all. */
export function stepBucketAlongMean(
  node: Node,
  state: State,
  { offset, layout }: Omit<Part, 'length'>,
  mean: Vector,
  rate: number,
  next: Record<string, State[string]>,
): void {
  const { compute, optimizer, learningRate } = node;
  const { slices } = compute;
  const scratch = (name: string, length = layout.length) => node.scratch(`${name} from ${offset}`, length);
  const cut = (name: string) => {
    const run = scratch(`past ${name}`);
    slices.copy(run, 0, held(state, name), offset, layout.length);
    return run;
  };
  const before: Record<string, State[string]> & State = { x: cut('x') };
  const { vectors, numbers } = optimizerReplicas(optimizer);
  for (const name of vectors) before[name] = cut(name);
  for (const name of Object.keys(numbers)) before[name] = counted(state, name);
  const bench = {
    compute,
    layout,
    optimizer,
    learningRate,
    scratch,
    next: (name: string) => scratch(`next ${name}`),
  };
  for (const [name, value] of Object.entries(stepAlongMean(bench, before, mean, rate))) {
    if (typeof value === 'number') {
      next[name] = value;
    } else {
      const whole = node.next(name);
      slices.copy(whole, offset, value, 0, layout.length);
      next[name] = whole;
    }
  }
}

/**
 * Dirichlet label skew with equal sizes: every worker draws its own mix of classes (Hsu, Qi, Brown,
 * arXiv:1909.06335, section 3).
 *
 * Worker i draws q_i ~ Dir(α · prior), the prior being the mix of all rows, then takes its share of rows
 * one by one: a class by q_i, renormalised over the classes that still have rows, and a row of it. Workers
 * take turns in order of their seats, so the last ones get what is left. Proportions stay logarithms,
 * because for a small α most are below the smallest double.
 */
import { numberOption } from '../base/options.ts';
import { exp } from '../math/portable.ts';
import { PURPOSE, type RandomStream, randomStream } from '../math/random.ts';
import { blocks } from './contiguous.ts';
import { needsClasses, type PartitionEntry } from './dataset.ts';
import { logGamma } from './dirichlet.ts';

/** Rows of one class that nobody has yet, in random order. */
interface Pool {
  readonly rows: number[];
  /** Share of all rows at the start. */
  readonly prior: number;
}

export const dirichletEqual: PartitionEntry = {
  id: 'dirichlet-equal',
  label: 'in unlike mixes of equal size',
  description:
    'Everybody gets equally many rows in a mix of classes of its own, the last ones what is left; a small α is severe.',
  options: {
    alpha: {
      kind: 'number',
      label: 'α',
      help: 'Concentration of the Dirichlet distribution of each mix: 1 is severe, 1000 nearly even.',
      default: 1,
      min: 0.01,
      max: 10000,
    },
  },
  refuses: needsClasses('dirichlet-equal'),
  deal(rows, labels, seats, seed, options) {
    const stream = randomStream(seed, PURPOSE.partition, 0, 0);
    const alpha = numberOption(options, 'alpha');
    const byClass = new Map<number, number[]>();
    for (const row of stream.shuffle(rows.slice())) {
      const label = labels[row] ?? 0;
      const members = byClass.get(label);
      if (members === undefined) byClass.set(label, [row]);
      else members.push(row);
    }
    const pools: Pool[] = [...byClass]
      .sort(([a], [b]) => a - b)
      .map(([, members]) => ({ rows: members, prior: members.length / rows.length }));
    return blocks(rows, seats).map((part) => {
      const logs = pools.map(({ prior }) => logGamma(stream, alpha * prior));
      return take(stream, pools, logs, part.length);
    });
  },
};

/** `count` rows out of the pools, classes by e^logs; there are enough. */
function take(
  stream: RandomStream,
  pools: readonly Pool[],
  logs: readonly number[],
  count: number,
): Uint32Array {
  const taken = new Uint32Array(count);
  let weights: readonly number[] = [];
  for (let i = 0; i < count; i++) {
    // Weights change only when a class runs out.
    if (i === 0 || weights.some((weight, k) => weight > 0 && pools[k]?.rows.length === 0)) {
      weights = normalised(pools, logs);
    }
    taken[i] = pools[pick(stream.uniform(), weights)]?.rows.pop() ?? 0;
  }
  return taken;
}

/** Proportions of the classes that have rows; 0 of the others. */
function normalised(pools: readonly Pool[], logs: readonly number[]): readonly number[] {
  const open = logs.map((log, k) => (pools[k]?.rows.length === 0 ? Number.NEGATIVE_INFINITY : log));
  const largest = Math.max(...open);
  const weights = open.map((log) => exp(log - largest));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** The class whose interval holds u; the last one with a weight where rounding leaves u beyond all. */
function pick(u: number, weights: readonly number[]): number {
  let share = 0;
  let last = 0;
  for (const [k, weight] of weights.entries()) {
    if (weight === 0) continue;
    share += weight;
    last = k;
    if (u < share) return k;
  }
  return last;
}

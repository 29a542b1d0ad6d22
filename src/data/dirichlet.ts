/**
 * Dirichlet label skew: the usual dial from iid to one-class workers (Yurochkin et al., arXiv:1905.12022;
 * Hsu, Qi, Brown, arXiv:1909.06335 use the per-worker form).
 *
 * For every class the rows are handed out in proportions drawn from Dir(α, …, α) over the seats. Sizes
 * are unequal. A draw that leaves a seat with almost nothing is drawn again, a bounded number of times;
 * after that, rows move from the largest seats to the smallest.
 */
import { numberOption } from '../base/options.ts';
import { exp, ln } from '../math/portable.ts';
import { PURPOSE, type RandomStream, randomStream } from '../math/random.ts';
import { needsClasses, type PartitionEntry } from './dataset.ts';

const SMALLEST_PART = 10;
const TRIES = 50;

export const dirichlet: PartitionEntry = {
  id: 'dirichlet',
  label: 'unevenly by label',
  description: 'Every class is split in random proportions; a small α makes workers very different.',
  options: {
    alpha: {
      kind: 'number',
      label: 'α',
      help: 'Concentration of the Dirichlet distribution: 0.1 is severe, 1 moderate, 100 nearly even.',
      default: 0.3,
      min: 0.01,
      max: 1000,
    },
  },
  refuses: needsClasses('dirichlet'),
  deal(rows, labels, seats, seed, options) {
    const alpha = numberOption(options, 'alpha');
    const classes: number[][] = [];
    for (const row of rows) {
      const label = labels[row] ?? 0;
      classes[label] ??= [];
      classes[label].push(row);
    }
    const smallest = Math.min(SMALLEST_PART, Math.floor(rows.length / seats));
    let parts: number[][] = [];
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const stream = randomStream(seed, PURPOSE.partition, 0, attempt);
      parts = Array.from({ length: seats }, () => []);
      for (const members of classes) {
        if (members === undefined) continue;
        handOut(stream.shuffle(members.slice()), dirichletDraw(stream, alpha, seats), parts);
      }
      if (parts.every((part) => part.length >= smallest)) break;
    }
    fillUp(parts, smallest);
    return parts.map((part) => Uint32Array.from(part));
  },
};

function handOut(members: readonly number[], proportions: Float64Array, parts: readonly number[][]): void {
  let share = 0;
  let start = 0;
  parts.forEach((part, seat) => {
    share += proportions[seat] ?? 0;
    const last = seat === parts.length - 1;
    const end = last ? members.length : Math.min(members.length, Math.floor(share * members.length));
    for (let i = start; i < end; i++) part.push(members[i] ?? 0);
    start = Math.max(start, end);
  });
}

/** Moves rows one by one from the largest part until every part has `smallest`. */
function fillUp(parts: readonly number[][], smallest: number): void {
  for (const part of parts) {
    while (part.length < smallest) {
      const largest = parts.reduce((a, b) => (b.length > a.length ? b : a));
      const row = largest.pop();
      if (row === undefined) return;
      part.push(row);
    }
  }
}

/**
 * One draw of Dir(α, …, α) over n: normalised gamma variates, kept as logarithms because for small α
 * most of them are below the smallest double.
 */
export function dirichletDraw(stream: RandomStream, alpha: number, n: number): Float64Array {
  const logs = Array.from({ length: n }, () => logGamma(stream, alpha));
  const largest = Math.max(...logs);
  const weights = Float64Array.from(logs, (log) => exp(log - largest));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/**
 * Logarithm of a Gamma(α, 1) variate: Marsaglia and Tsang (2000) for α >= 1; below, with
 * Gamma(α) = Gamma(α + 1) · U^(1/α).
 */
export function logGamma(stream: RandomStream, alpha: number): number {
  if (alpha < 1) return logGamma(stream, alpha + 1) + ln(1 - stream.uniform()) / alpha;
  const d = alpha - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const z = stream.normal();
    const root = 1 + c * z;
    if (root <= 0) continue;
    const cube = root * root * root;
    const u = 1 - stream.uniform();
    if (ln(u) < 0.5 * z * z + d - d * cube + d * ln(cube)) return ln(d * cube);
  }
}

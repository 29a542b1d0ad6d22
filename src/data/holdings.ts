/**
 * Who holds what: for each worker how many of its rows fall into each class, or for numbers to predict
 * into each eighth of all values; and how different the workers' shares are.
 */

import type { Labels } from './dataset.ts';
import { labelHeterogeneity } from './heterogeneity.ts';

/** Parts of equal size that numbers are sorted into. */
export const QUANTILES = 8;

export interface Holdings {
  /** Names of the classes, or of the ranges of values. */
  readonly bins: readonly string[];
  /** counts[part][bin], rows. */
  readonly counts: readonly (readonly number[])[];
  /** Mean total-variation distance to everybody together: 0 (the same mix) to nearly 1 (nothing in common). */
  readonly heterogeneity: number;
}

/** `classNames` has a name for each class; none means that the labels are numbers. */
export function holdingsOf(
  parts: readonly Uint32Array[],
  labels: Labels,
  classNames: readonly string[],
): Holdings {
  const sorted = classNames.length > 0 ? { bins: classNames, binned: labels } : quantiles(parts, labels);
  const { bins, binned } = sorted;
  const counts = parts.map((part) => {
    const count = new Array<number>(bins.length).fill(0);
    for (const row of part) {
      const bin = binned[row] ?? 0;
      count[bin] = (count[bin] ?? 0) + 1;
    }
    return count;
  });
  return { bins, counts, heterogeneity: labelHeterogeneity(parts, binned, bins.length) };
}

const short = (value: number) => String(Number(value.toPrecision(3)));

/** The rows that anybody holds, by rank; equal values fall into one bin. */
function quantiles(parts: readonly Uint32Array[], labels: Labels) {
  const held = Float64Array.from(
    new Set(parts.flatMap((part) => [...part])),
    (row) => labels[row] ?? 0,
  ).sort();
  const edges: number[] = [];
  for (let k = 1; k < QUANTILES; k++) {
    const edge = held[Math.floor((k * held.length) / QUANTILES)];
    if (edge !== undefined && edge > (edges.at(-1) ?? held[0] ?? edge)) edges.push(edge);
  }
  const all = [held[0] ?? 0, ...edges, held.at(-1) ?? 0];
  const bins = [...edges, 0].map((_, at) => `${short(all[at] ?? 0)} to ${short(all[at + 1] ?? 0)}`);
  const binned = Uint8Array.from(labels, (value) => edges.filter((edge) => value >= edge).length);
  return { bins, binned };
}

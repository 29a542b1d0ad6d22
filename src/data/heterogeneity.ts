/**
 * How different the workers' data are, as one number: the mean total-variation distance of their label
 * histograms to that of everybody together. 0: all hold the same mix; near 1: each has classes of its own.
 */
import type { Labels } from './dataset.ts';

/** labels[row] is a row's class, below `classes`. Parts without rows do not count. */
export function labelHeterogeneity(parts: readonly Uint32Array[], labels: Labels, classes: number): number {
  const held = parts.filter((part) => part.length > 0);
  const total = held.reduce((sum, part) => sum + part.length, 0);
  if (total === 0) return 0;
  const histograms = held.map((part) => {
    const histogram = new Float64Array(classes);
    for (const row of part) {
      const label = labels[row] ?? 0;
      histogram[label] = (histogram[label] ?? 0) + 1;
    }
    return { histogram, size: part.length };
  });
  let sum = 0;
  for (const { histogram, size } of histograms) {
    for (let label = 0; label < classes; label++) {
      const everybody = histograms.reduce((count, other) => count + (other.histogram[label] ?? 0), 0);
      sum += Math.abs((histogram[label] ?? 0) / size - everybody / total) / 2;
    }
  }
  return sum / held.length;
}

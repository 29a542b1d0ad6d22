/**
 * Sorted by label and cut into blocks: the worst case of label skew, where every worker sees only its
 * range of classes (or, for regression, of the number to predict); neighbours share a class whose border
 * they straddle. The sort is stable over the file's
 * order, and nothing is drawn.
 */
import { blocks } from './contiguous.ts';
import type { PartitionEntry } from './dataset.ts';

export const sorted: PartitionEntry = {
  id: 'sorted',
  label: 'sorted by label',
  description:
    'All rows are sorted by label and cut into blocks: every worker sees only a stretch of the labels.',
  options: {},
  fixed: true,
  deal(rows, labels, seats) {
    const order = rows.slice().sort((a, b) => (labels[a] ?? 0) - (labels[b] ?? 0) || a - b);
    return blocks(order, seats);
  },
};

/** How old gradients were when they were applied: a short list of bars. */
import type { CSSProperties } from 'react';
import type { WorkerStatus } from '../session/snapshot.ts';
import { grouped, percent } from './format.ts';
import { words } from './words.ts';

type Histogram = NonNullable<WorkerStatus['staleness']>;

export interface Bin {
  /** Staleness from `first` to `last`, in updates. */
  readonly first: number;
  readonly last: number;
  readonly count: number;
}

const MAX_BINS = 8;

/** A histogram in at most eight bins of equal width, from the lowest staleness to the highest. */
export function binsOf(histogram: Histogram): readonly Bin[] {
  const [lowest = 0] = histogram[0] ?? [];
  const [highest = 0] = histogram.at(-1) ?? [];
  const width = Math.ceil((highest - lowest + 1) / MAX_BINS);
  const bins: Bin[] = [];
  for (let first = lowest; first <= highest && histogram.length > 0; first += width) {
    const last = first + width - 1;
    const count = histogram.reduce((sum, [at, times]) => (at >= first && at <= last ? sum + times : sum), 0);
    bins.push({ first, last, count });
  }
  return bins;
}

export function Staleness({ histogram }: { readonly histogram: Histogram }) {
  const bins = binsOf(histogram);
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  const most = Math.max(1, ...bins.map(({ count }) => count));
  const { title, help, none } = words.staleness;
  return (
    <section className="staleness">
      <h3>{title}</h3>
      <p>{total === 0 ? none : help}</p>
      <ul>
        {bins.map(({ first, last, count }) => {
          const share: CSSProperties & { '--share': number } = { '--share': count / most };
          const name = first === last ? String(first) : `${first}–${last}`;
          return (
            <li key={first} style={share} title={`${grouped(count)} (${percent(count / total)})`}>
              <span className="number">{name}</span>
              <span className="bar" />
              <span className="number">{grouped(count)}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

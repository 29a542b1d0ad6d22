/** How old gradients were when they were applied: a histogram that is a table, each count drawn as a bar. */
import type { CSSProperties } from 'react';
import type { WorkerStatus } from '../session/snapshot.ts';
import { grouped, percent, three } from './format.ts';
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
  const { title, help, none, summary, updates, gradients } = words.staleness;
  if (total === 0) {
    return (
      <section className="staleness">
        <h3>{title}</h3>
        <p>{none}</p>
      </section>
    );
  }
  const mean = histogram.reduce((sum, [at, times]) => sum + at * times, 0) / total;
  return (
    <section className="staleness">
      <h3>{title}</h3>
      <p>
        {help} {summary(three(mean), grouped(histogram.at(-1)?.[0] ?? 0))}
      </p>
      <table aria-label={title}>
        <thead>
          <tr>
            <th scope="col">{updates}</th>
            <th scope="col">{gradients}</th>
          </tr>
        </thead>
        <tbody>
          {bins.map(({ first, last, count }) => {
            const share: CSSProperties & { '--share': number } = { '--share': count / most };
            return (
              <tr key={first} style={share} title={`${grouped(count)} (${percent(count / total)})`}>
                <th scope="row" className="number">
                  {first === last ? grouped(first) : `${grouped(first)}–${grouped(last)}`}
                </th>
                <td className="number">{grouped(count)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

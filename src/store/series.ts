/**
 * A series: one measured line, kept outside React. Bounded: when its buffer is full it is thinned by
 * pairs that keep the lowest and highest value of every group, so a spike survives any run length.
 * Not a chart: `rows.ts` turns series into what is drawn.
 */

/** One measurement: x in rounds, y in the series' own unit. */
export interface Sample {
  readonly x: number;
  readonly y: number;
}

/** Most samples kept; thinning halves the buffer when it is full. */
export const SERIES_CAPACITY = 4096;

/** Of each group of four neighbours, the lowest and the highest, in the order in which they came. */
export function thin(samples: readonly Sample[]): Sample[] {
  const kept: Sample[] = [];
  for (let start = 0; start < samples.length; start += 4) {
    const group = samples.slice(start, start + 4);
    if (group.length <= 2) {
      kept.push(...group);
      continue;
    }
    let low = 0;
    let high = 0;
    group.forEach((sample, index) => {
      if (sample.y < (group[low]?.y ?? 0)) low = index;
      if (sample.y >= (group[high]?.y ?? 0)) high = index;
    });
    // All equal: the first and the last, so that the line keeps its ends.
    const [first, second] = low === high ? [0, group.length - 1] : [Math.min(low, high), Math.max(low, high)];
    for (const index of [first, second]) {
      const sample = group[index];
      if (sample !== undefined) kept.push(sample);
    }
  }
  return kept;
}

export class Series {
  #samples: Sample[] = [];

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  get last(): Sample | undefined {
    return this.#samples.at(-1);
  }

  /**
   * Appends a measurement. A later value for the same x replaces the earlier one; an x that goes back
   * (a round that was rolled back) drops what had been drawn after it. Values that are not finite are
   * left out.
   */
  push(x: number, y: number): void {
    if (!Number.isFinite(x) || !Number.isFinite(y)) return;
    while (this.#samples.length > 0 && (this.#samples.at(-1)?.x ?? -1) >= x) this.#samples.pop();
    this.#samples.push({ x, y });
    if (this.#samples.length >= SERIES_CAPACITY) this.#samples = thin(this.#samples);
  }

  /** y at x, linear between measurements; undefined before the first. */
  at(x: number): number | undefined {
    const samples = this.#samples;
    let low = 0;
    let high = samples.length - 1;
    if (high < 0) return undefined;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((samples[middle]?.x ?? Number.POSITIVE_INFINITY) <= x) low = middle;
      else high = middle - 1;
    }
    const before = samples[low];
    if (before === undefined || before.x > x) return undefined;
    const after = samples[low + 1];
    if (after === undefined) return before.y;
    return before.y + ((after.y - before.y) * (x - before.x)) / (after.x - before.x);
  }
}

/** Axis arithmetic: domains and ticks that people would choose themselves. Pure. */

/** 1, 2 or 5 times a power of ten: the smallest such step that needs at most `most` steps. */
export function niceStep(span: number, most: number): number {
  const rough = span / Math.max(1, most);
  if (!(rough > 0) || !Number.isFinite(rough)) return 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** Ticks from the first multiple of a nice step at or above `low` up to `high`. */
export function linearTicks(low: number, high: number, most = 5): number[] {
  const step = niceStep(high - low, most);
  const ticks: number[] = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + step * 1e-9; index += 1) {
    ticks.push(Number((index * step).toPrecision(12)));
  }
  return ticks;
}

/** A linear domain from a nice number at or below `low` to a nice one at or above `high`. */
export function linearDomain(low: number, high: number, most = 4): readonly [number, number] {
  if (!(high > low)) return [low, low + (Math.abs(low) || 1)];
  const step = niceStep(high - low, most);
  return [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step];
}

/** Whole powers of ten around the positive values `low` to `high`. */
export function logDomain(low: number, high: number): readonly [number, number] {
  const from = Math.floor(Math.log10(low) + 1e-9);
  const to = Math.ceil(Math.log10(high) - 1e-9);
  return [10 ** from, 10 ** Math.max(to, from + 1)];
}

/** Powers of ten within a domain, thinned to at most `most`; with 2 and 5 between when there is one decade. */
export function logTicks([low, high]: readonly [number, number], most = 5): number[] {
  const from = Math.round(Math.log10(low));
  const to = Math.round(Math.log10(high));
  if (to - from <= 1) return [1, 2, 5, 10].map((factor) => factor * 10 ** from);
  const every = Math.ceil((to - from) / (most - 1));
  const ticks: number[] = [];
  for (let power = from; power <= to; power += every) ticks.push(10 ** power);
  return ticks;
}

/**
 * Moves labels apart so that no two are nearer than `gap`, keeping their order and staying within
 * `top` to `bottom` as far as there is room.
 */
export function spread(places: readonly number[], gap: number, top: number, bottom: number): number[] {
  const order = places.map((place, index) => ({ place, index })).sort((a, b) => a.place - b.place);
  let floor = top;
  for (const item of order) {
    item.place = Math.max(item.place, floor);
    floor = item.place + gap;
  }
  let ceiling = bottom;
  for (const item of [...order].reverse()) {
    item.place = Math.min(item.place, ceiling);
    ceiling = item.place - gap;
  }
  const result = [...places];
  for (const item of order) result[item.index] = item.place;
  return result;
}

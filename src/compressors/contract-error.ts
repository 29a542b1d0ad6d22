/**
 * Of the compressors' contract suite: the error that the class promises, ‖C(v) - v‖², by the entry's
 * formula, its δ or its α², and the mean over many keys where something is drawn. For tests only.
 *
 * Means are held to bands of six standard errors. The draws themselves tell the standard error where many
 * coordinates share the vector; where a few do, which may not have been drawn at all, it is bounded by what
 * the class says: a contraction's error lies in [0, ‖v‖²] with mean (1 - δ)‖v‖², so its variance is at most
 * δ(1 - δ)‖v‖⁴, and that of an unbiased one's projections at most α²‖v‖². Unbiasedness is checked twice: by
 * the mean's projections onto a few directions, and, where there are many coordinates, by its whole squared
 * distance from v, which draws alone make (1/m) E‖C(v) - v‖².
 */

import { expect, it } from 'vitest';
import { randomStream } from '../math/random.ts';
import { type Codec, contractionOf } from './compressor.ts';
import type { Rig } from './contract-rig.ts';
import { square } from './expectations/expectation.ts';
import { KEY, LAYOUTS, SEED, samples, squaredDistance, sum } from './testing.ts';

/** Keys to average over. */
const DRAWS = 120;
/** Keys for a large vector of any kind but normal; enough for their spread to mean something. */
const FEW_DRAWS = 20;
const BAND = 6;
/** Samples in which one number may outweigh all others. */
const UNEVEN = ['heavy-tailed', 'one large'];
/** From this many coordinates on, the whole distance of the mean is a narrow quantity. */
const MANY = 1000;

/** Rounding of decoded products, and of scales. */
const SLACK = 1e-5;

export function itKeepsItsClass(rig: Rig): void {
  const { options, expectation, subjects } = rig;
  const { draws } = expectation;
  const isUneven = (name: string, length: number) => length < MANY || UNEVEN.includes(name);

  it('states what its class needs', () => {
    const [layout] = LAYOUTS;
    if (layout === undefined) throw new Error('There are layouts.');
    const alphaSquared = expectation.alphaSquared?.(layout, options) ?? Number.NaN;
    // What is measured below is what algorithms that ask for a contraction divide by.
    const contraction = rig.class === 'unbiased' ? 1 / (1 + alphaSquared) : 1;
    expect(contractionOf(rig.entry, layout, options)).toBe(contraction);
    if (rig.class === 'contraction') expect(expectation.delta?.(layout, options)).toBeGreaterThan(0);
    if (rig.class === 'unbiased') expect(alphaSquared).toBeGreaterThanOrEqual(0);
    if (rig.class === 'lossless') expect(expectation.squaredError).toBeDefined();
  });

  /** Checks the mean of squared errors, known up to `error`, against the entry's promises. */
  const judge = (name: string, values: Float32Array, at: number, mean: number, error: number) => {
    const layout = subjects[at]?.layout;
    if (layout === undefined) throw new Error('There is a layout for every subject.');
    const norm = square(values);
    const slack = SLACK * norm + BAND * error;
    const { squaredError, delta, alphaSquared } = expectation;
    const where = `${name}, ${layout.length} coordinates`;
    if (squaredError !== undefined && !(draws && isUneven(name, layout.length))) {
      const formula = squaredError(values, layout, options);
      expect(Math.abs(mean - formula), `${where}: ${mean} instead of ${formula}`).toBeLessThanOrEqual(slack);
    }
    if (delta !== undefined && rig.class === 'contraction') {
      expect(mean, where).toBeLessThanOrEqual((1 - delta(layout, options)) * norm + slack);
    }
    if (alphaSquared !== undefined && rig.class === 'unbiased') {
      expect(mean, where).toBeLessThanOrEqual(alphaSquared(layout, options) * norm + slack);
    }
  };

  if (draws === undefined) {
    it('leaves the error that its class promises', async () => {
      for (const [at, { layout, sender }] of subjects.entries()) {
        for (const [name, values] of rig.samples(layout.length)) {
          judge(name, values, at, squaredDistance(await rig.compressed(sender, values), values), 0);
        }
      }
    });
    return;
  }

  it('leaves the error that its class promises, in the mean over many keys', async () => {
    for (const [at, { layout, sender }] of subjects.entries()) {
      for (const [name, values] of rig.samples(layout.length)) {
        const count = layout.length >= MANY && name !== 'normal' ? FEW_DRAWS : DRAWS / 2;
        const errors: number[] = [];
        await forEachDraw(rig, sender, values, count, (result) => {
          errors.push(squaredDistance(result, values));
        });
        const mean = sum(errors) / count;
        const deviations = errors.map((error) => (error - mean) ** 2);
        const delta = rig.class === 'contraction' ? (expectation.delta?.(layout, options) ?? 0) : 0;
        const bound = isUneven(name, layout.length) ? delta * (1 - delta) * square(values) ** 2 : 0;
        const variance = Math.max(bound, sum(deviations) / (count - 1));
        judge(name, values, at, mean, Math.sqrt(variance / count));
      }
    }
  });

  if (rig.class !== 'unbiased') return;

  it('has the mean of its vector over many keys', async () => {
    const count = DRAWS;
    for (const [at, { layout, sender }] of subjects.entries()) {
      // One large vector is enough.
      if (layout.length >= MANY && at < subjects.length - 1) continue;
      for (const name of ['normal', 'mostly zero']) {
        const values = samples(layout.length).get(name) ?? new Float32Array();
        const norm = square(values);
        const directions = directionsFor(values);
        const products = directions.map((): number[] => []);
        const total = new Float64Array(layout.length);
        const bound = (expectation.alphaSquared?.(layout, options) ?? 0) * norm;
        let errors = 0;
        await forEachDraw(rig, sender, values, count, (result) => {
          errors += squaredDistance(result, values);
          for (const [d, direction] of directions.entries())
            products[d]?.push(dot(direction, result, values));
          for (let k = 0; k < total.length; k++) total[k] = (total[k] ?? 0) + (result[k] ?? 0);
        });
        for (const sample of products) {
          const mean = sum(sample) / count;
          const spread = sum(sample.map((value) => (value - mean) ** 2)) / (count - 1);
          const variance = Math.max(spread, layout.length < MANY ? bound : 0);
          const band = BAND * Math.sqrt(variance / count) + SLACK * Math.sqrt(norm);
          expect(Math.abs(mean), `${name}, ${layout.length} coordinates`).toBeLessThanOrEqual(band);
        }
        if (layout.length >= MANY) {
          const distance = total.reduce(
            (rest, value, k) => rest + (value / count - (values[k] ?? 0)) ** 2,
            0,
          );
          const expected = errors / count / count;
          expect(distance, `${name}: ${expected} expected`).toBeLessThanOrEqual(1.5 * expected + 1e-5 * norm);
        }
      }
    }
  });
}

/** Calls `visit` with C(values) under `count` keys. */
async function forEachDraw(
  rig: Rig,
  codec: Codec,
  values: Float32Array,
  count: number,
  visit: (result: Float32Array) => void,
): Promise<void> {
  const { compute } = rig;
  const source = rig.load(values);
  const dest = compute.vector(values.length);
  for (let draw = 0; draw < count; draw++) {
    const bytes = await codec.encode(source, { ...KEY, round: draw, tag: draw & 1 });
    expect(codec.decode(bytes, dest, 1, 'set')).toEqual({ ok: true });
    visit(await compute.read(dest));
  }
  compute.free(source, dest);
}

/** Unit vectors: along v, along (1, ..., 1), and two at random. */
function directionsFor(values: Float32Array): Float64Array[] {
  const stream = randomStream(SEED, 0, 2, values.length);
  const raw = [
    Float64Array.from(values),
    Float64Array.from(values, () => 1),
    Float64Array.from(values, () => stream.normal()),
    Float64Array.from(values, () => stream.normal()),
  ];
  return raw.map((direction) => {
    const length = Math.sqrt(direction.reduce((total, value) => total + value * value, 0));
    return direction.map((value) => (length === 0 ? 0 : value / length));
  });
}

/** ⟨direction, result - values⟩. */
function dot(direction: Float64Array, result: Float32Array, values: Float32Array): number {
  return direction.reduce((total, u, k) => total + u * ((result[k] ?? 0) - (values[k] ?? 0)), 0);
}

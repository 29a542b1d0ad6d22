/** Dense layers, their gradients and the loss against naive formulas on awkward shapes, in both precisions. */
import { describe, expect, it } from 'vitest';
import type { Vector } from '../compute.ts';
import { type Bench, benches, load, normals } from './testing.ts';

const SHAPES = [1, 2, 3, 5, 8].flatMap((batch) =>
  [1, 3, 64, 67].flatMap((inputs) => [1, 4, 7, 10].map((outputs) => ({ batch, inputs, outputs }))),
);

/** Sum of the terms must equal `found` up to rounding. */
function expectSum(found: number | undefined, terms: readonly number[], { tolerance }: Bench): void {
  const sum = terms.reduce((total, term) => total + term, 0);
  const size = terms.reduce((total, term) => total + Math.abs(term), 0);
  expect(Math.abs((found ?? Number.NaN) - sum)).toBeLessThanOrEqual(tolerance * size);
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const at = (values: ArrayLike<number>, i: number) => values[i] ?? Number.NaN;

describe.each(benches())('$name precision', (bench) => {
  const { compute, read } = bench;
  const slice = (vector: Vector, offset: number) => ({ vector, offset });

  it('dense: y = act(x wᵀ + bias) at any offsets', async () => {
    for (const shape of SHAPES) {
      const { batch, inputs, outputs } = shape;
      const x = normals(batch * inputs, 1);
      const p = normals(3 + outputs * (inputs + 1), 2);
      const biasAt = 3 + inputs * outputs;
      const y = compute.vector(batch * outputs + 1);
      const activated = compute.vector(batch * outputs);
      const [input, weights] = [load(compute, x), load(compute, p)];
      compute.dense(shape, input, slice(weights, 3), slice(weights, biasAt), y, 'none');
      compute.dense(shape, input, slice(weights, 3), slice(weights, biasAt), activated, 'relu');
      const [linear, relu] = [await read(y), await read(activated)];
      for (const b of range(batch)) {
        for (const o of range(outputs)) {
          const terms = range(inputs).map((i) => at(x, b * inputs + i) * at(p, 3 + o * inputs + i));
          expectSum(linear[b * outputs + o], [...terms, at(p, biasAt + o)], bench);
          expect(relu[b * outputs + o]).toBe(Math.max(0, at(linear, b * outputs + o)));
        }
      }
      expect(linear[batch * outputs]).toBe(0);
    }
  });

  it('weight gradient: dyᵀ x and the column sums of dy, overwriting', async () => {
    for (const shape of SHAPES) {
      const { batch, inputs, outputs } = shape;
      const x = normals(batch * inputs, 3);
      const dy = normals(batch * outputs, 4);
      const gradient = load(compute, normals(2 + outputs * (inputs + 1), 5));
      const weightAt = 2 + outputs;
      compute.denseWeightGradient(
        shape,
        load(compute, x),
        load(compute, dy),
        slice(gradient, weightAt),
        slice(gradient, 2),
      );
      const found = await read(gradient);
      for (const o of range(outputs)) {
        expectSum(
          found[2 + o],
          range(batch).map((b) => at(dy, b * outputs + o)),
          bench,
        );
        for (const i of range(inputs)) {
          const terms = range(batch).map((b) => at(dy, b * outputs + o) * at(x, b * inputs + i));
          expectSum(found[weightAt + o * inputs + i], terms, bench);
        }
      }
      expect(found.slice(0, 2)).toEqual([...normals(2 + outputs * (inputs + 1), 5)].slice(0, 2));
    }
  });

  it('input gradient: dy w where the ReLU let through', async () => {
    for (const shape of SHAPES) {
      const { batch, inputs, outputs } = shape;
      const x = normals(batch * inputs, 6).map((value) => Math.max(0, value));
      const dy = normals(batch * outputs, 7);
      const w = normals(1 + outputs * inputs, 8);
      const dx = load(compute, normals(batch * inputs, 9));
      compute.denseInputGradient(shape, load(compute, dy), slice(load(compute, w), 1), load(compute, x), dx);
      const found = await read(dx);
      for (const b of range(batch)) {
        for (const i of range(inputs)) {
          const terms = range(outputs).map((o) => at(dy, b * outputs + o) * at(w, 1 + o * inputs + i));
          if (at(x, b * inputs + i) > 0) expectSum(found[b * inputs + i], terms, bench);
          else expect(found[b * inputs + i]).toBe(0);
        }
      }
    }
  });

  it.each([
    [1, 1],
    [1, 2],
    [5, 10],
    [7, 3],
  ])('softmax cross-entropy of %i rows of %i classes', async (batch, classes) => {
    const logits = normals(batch * classes, 10).map((value) => 3 * value);
    const labels = range(batch).map((b) => b % classes);
    const words = compute.words(batch);
    compute.uploadWords(words, Uint32Array.from(labels));
    const out = load(compute, Float32Array.of(9, 0.5, 2));
    const dLogits = compute.vector(batch * classes);
    compute.softmaxCrossEntropy(batch, classes, load(compute, logits), words, 0.25, dLogits, out, 1);
    const found = await read(dLogits);
    const losses: number[] = [];
    let correct = 0;
    for (const b of range(batch)) {
      const row = range(classes).map((c) => at(logits, b * classes + c));
      const total = row.reduce((sum, z) => sum + Math.exp(z), 0);
      const label = at(labels, b);
      losses.push(-Math.log(Math.exp(at(row, label)) / total) * 0.25);
      if (row.indexOf(Math.max(...row)) === label) correct++;
      row.forEach((z, c) => {
        expectSum(found[b * classes + c], [(Math.exp(z) / total) * 0.25, c === label ? -0.25 : 0], bench);
      });
    }
    const [first, loss, hits] = await read(out);
    expect(first).toBe(9);
    // Each loss is itself a difference of numbers up to about 10.
    expect(Math.abs((loss ?? Number.NaN) - losses.reduce((a, b) => a + b, 0.5))).toBeLessThan(
      bench.tolerance * 10 * batch,
    );
    expect(hits).toBe(2 + correct);
  });

  it('softmax stays finite for logits of ±300 and counts ties for the lower class', async () => {
    const words = compute.words(3);
    compute.uploadWords(words, Uint32Array.of(0, 1, 1));
    const logits = load(compute, Float32Array.of(300, -300, 300, -300, 2, 2));
    const dLogits = compute.vector(6);
    const out = compute.vector(2);
    compute.softmaxCrossEntropy(3, 2, logits, words, 1, dLogits, out, 0);
    const [loss, correct] = await read(out);
    expect(loss).toBeCloseTo(600 + Math.log(2), 3);
    expect(correct).toBe(1);
    expect((await read(dLogits)).map((value) => Math.round(value * 10) / 10)).toEqual([
      0, 0, 1, -1, 0.5, -0.5,
    ]);
  });
});

/** Layer kernels against the TypeScript implementation, on shapes that fit no tile. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Compute, DenseShape } from './compute.ts';
import { createCpuCompute } from './cpu/index.ts';
import { createWebGpuCompute, type WebGpuCompute } from './webgpu/index.ts';
import { distance, firstDifference, integers, noise, vectorOf, wordsOf } from './webgpu/testing.ts';

const cpu = createCpuCompute();
let gpu: WebGpuCompute;
/** The same with dense layers of the other family. */
let tiled: WebGpuCompute;
beforeAll(async () => {
  gpu = await createWebGpuCompute(undefined, { products: { small: 'direct', large: 'direct' } });
  tiled = await createWebGpuCompute(undefined, { products: { small: 'tiled', large: 'tiled' } });
});
afterAll(() => {
  gpu.destroy();
  tiled.destroy();
});

/** Runs the same operations on both and returns both results. */
async function onBoth<Result>(
  operations: (compute: Compute) => Promise<Result>,
  device = gpu,
): Promise<[Result, Result]> {
  return [await operations(device), await operations(cpu)];
}

/** [batch, inputs, outputs, offset of the weights in their vector] */
const SHAPES: readonly (readonly [number, number, number, number])[] = [
  [1, 1, 1, 0],
  [1, 4, 1, 0],
  [7, 13, 5, 3],
  [3, 8, 10, 4],
  [64, 784, 128, 0],
  [64, 128, 10, 100480],
  [33, 127, 31, 1],
  [5, 20, 7, 2],
  [130, 36, 67, 8],
  [2, 4099, 3, 0],
  [257, 3, 2, 5],
];

const CASES = (['direct', 'tiled'] as const).flatMap((family) =>
  SHAPES.map((shape) => [family, ...shape] as const),
);

describe.each(CASES)('%s dense layer of batch %i, %i inputs, %i outputs, weights at %i', (...given) => {
  const [family, batch, inputs, outputs, at] = given;
  const device = () => (family === 'tiled' ? tiled : gpu);
  const shape: DenseShape = { batch, inputs, outputs };
  const biasAt = at + inputs * outputs;
  const x = noise(batch * inputs, 1);
  const dy = noise(batch * outputs, 2);
  const parameters = noise(biasAt + outputs + 3, 3);

  it.each(['none', 'relu'] as const)('runs forward with activation %s', async (activation) => {
    const [ours, theirs] = await onBoth((compute) => {
      const held = vectorOf(compute, parameters);
      const y = compute.vector(batch * outputs);
      const weight = { vector: held, offset: at };
      const bias = { vector: held, offset: biasAt };
      compute.dense(shape, vectorOf(compute, x), weight, bias, y, activation);
      return compute.read(y);
    }, device());
    expect(distance(ours, theirs)).toBeLessThan(1e-5);
  });

  it('makes the gradient of weights and biases, and leaves the rest of the vector alone', async () => {
    const [ours, theirs] = await onBoth((compute) => {
      const gradient = vectorOf(compute, parameters);
      const dWeight = { vector: gradient, offset: at };
      const dBias = { vector: gradient, offset: biasAt };
      compute.denseWeightGradient(shape, vectorOf(compute, x), vectorOf(compute, dy), dWeight, dBias);
      return compute.read(gradient);
    }, device());
    expect(distance(ours, theirs)).toBeLessThan(1e-5);
    expect(ours.subarray(0, at)).toEqual(parameters.subarray(0, at));
    expect(ours.subarray(biasAt + outputs)).toEqual(parameters.subarray(biasAt + outputs));
  });

  it('makes the gradient of the inputs, through their ReLU', async () => {
    const activated = x.map((value) => Math.max(value, 0));
    const [ours, theirs] = await onBoth((compute) => {
      const dx = compute.vector(batch * inputs);
      const weight = { vector: vectorOf(compute, parameters), offset: at };
      compute.denseInputGradient(shape, vectorOf(compute, dy), weight, vectorOf(compute, activated), dx);
      return compute.read(dx);
    }, device());
    expect(distance(ours, theirs)).toBeLessThan(1e-5);
    expect(ours.every((value, i) => value === 0 || (activated[i] ?? 0) > 0)).toBe(true);
  });
});

describe.each([
  [1, 1],
  [1, 10],
  [64, 10],
  [65, 7],
  [500, 10],
  [67, 101],
])('softmax cross-entropy of %i rows and %i classes', (batch, classes) => {
  const logits = noise(batch * classes, 4).map((value) => value * 8);
  const labels = integers(batch, classes, 5);

  it.each([true, false])('adds loss and hits to what is there; gradient wanted: %s', async (wanted) => {
    const [ours, theirs] = await onBoth(async (compute) => {
      const out = vectorOf(compute, Float32Array.of(9, 0.5, 3, 9));
      const dLogits = wanted ? compute.vector(batch * classes) : null;
      const gold = wordsOf(compute, labels);
      compute.softmaxCrossEntropy(batch, classes, vectorOf(compute, logits), gold, 0.25, dLogits, out, 1);
      return [await compute.read(out), dLogits === null ? new Float32Array(0) : await compute.read(dLogits)];
    });
    expect(distance(ours[0] as Float32Array, theirs[0] as Float32Array)).toBeLessThan(1e-5);
    expect(distance(ours[1] as Float32Array, theirs[1] as Float32Array)).toBeLessThan(1e-5);
    expect(ours[0]?.[2]).toBe(theirs[0]?.[2]);
  });
});

it('counts the lower class where logits tie, and survives logits of a thousand', async () => {
  const logits = Float32Array.of(1000, 1000, -1000, 2, 3, 3);
  const [ours, theirs] = await onBoth(async (compute) => {
    const out = compute.vector(2);
    const dLogits = compute.vector(6);
    const labels = wordsOf(compute, Uint32Array.of(0, 2));
    compute.softmaxCrossEntropy(2, 3, vectorOf(compute, logits), labels, 1, dLogits, out, 0);
    return [await compute.read(out), await compute.read(dLogits)] as const;
  });
  expect(ours[0][1]).toBe(1);
  expect(distance(ours[0], theirs[0])).toBeLessThan(1e-5);
  expect(distance(ours[1], theirs[1])).toBeLessThan(1e-5);
});

describe.each([
  [1, 1, 1],
  [10, 784, 64],
  [13, 7, 5],
  [300, 30, 301],
  // More rows than one dispatch takes, and more workgroups than one dimension takes.
  [4, 2, 40_001],
  [3, 1030, 16_300],
])('a data set of %i rows of %i', (rows, width, batch) => {
  const data = {
    rows,
    width,
    classes: 10,
    scale: 1 / 255,
    features: Uint8Array.from(integers(rows * width, 256, 6)),
    labels: Uint8Array.from(integers(rows, 10, 7)),
  };

  it(`gathers ${batch} rows, with the same bits`, async () => {
    const wanted = integers(batch, rows, 8);
    const [ours, theirs] = await onBoth(async (compute) => {
      const dataset = compute.dataset(data);
      const out = compute.vector(batch * width);
      const labels = compute.words(batch);
      compute.gatherRows(dataset, wanted, out, labels);
      return [await compute.read(out), await compute.readWords(labels)] as const;
    });
    expect(distance(ours[0], theirs[0])).toBe(0);
    expect(firstDifference(ours[1], theirs[1])).toBe(-1);
  });
});

it('refuses a row that does not exist', () => {
  const data = gpu.dataset({
    rows: 1,
    width: 1,
    classes: 1,
    scale: 1,
    features: new Uint8Array(1),
    labels: new Uint8Array(1),
  });
  const out = gpu.vector(1);
  const labels = gpu.words(1);
  expect(() => gpu.gatherRows(data, Uint32Array.of(1), out, labels)).toThrow(RangeError);
});

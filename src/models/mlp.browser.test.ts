/** The MLP on WebGPU against the same program on the TypeScript backend: gradients, losses and scores. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completeOptions } from '../base/options.ts';
import type { Compute, HostDataset } from '../compute/compute.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { createWebGpuCompute } from '../compute/webgpu/index.ts';
import { randomStream } from '../math/random.ts';
import { mlp } from './mlp.ts';

/** Random bytes and labels; the random purpose 0 belongs to tests. */
function noise(rows: number, width: number, classes: number): HostDataset {
  const stream = randomStream(4, 0, 0, 0);
  return {
    rows,
    width,
    classes,
    scale: 1 / 255,
    features: Uint8Array.from({ length: rows * width }, () => stream.integer(256)),
    labels: Uint8Array.from({ length: rows }, () => stream.integer(classes)),
  };
}

describe('WebGPU and TypeScript', () => {
  const cpu = createCpuCompute();
  let gpu: Compute;
  beforeAll(async () => {
    gpu = await createWebGpuCompute();
  });
  afterAll(() => gpu.destroy());

  it.each([
    { hidden: [], width: 5, classes: 2, batch: 1 },
    { hidden: [7], width: 13, classes: 3, batch: 5 },
    { hidden: [33, 17], width: 65, classes: 10, batch: 31 },
    { hidden: [128], width: 784, classes: 10, batch: 32 },
    { hidden: [33, 17], width: 65, classes: 10, batch: 31, activation: 'tanh' },
    { hidden: [33, 17], width: 65, classes: 10, batch: 31, activation: 'gelu' },
  ])('agree on gradient, loss and score: %j', async ({ width, classes, batch, ...given }) => {
    const host = noise(700, width, classes);
    const options = completeOptions('model', mlp.options, given);
    const layout = mlp.layout(options, host);
    const start = mlp.initialise(layout, 1);
    const stream = randomStream(6, 0, 0, 0);
    const rows = Uint32Array.from({ length: batch }, () => stream.integer(host.rows));
    const all = Uint32Array.from({ length: host.rows }, (_, row) => row);
    const results = [];
    for (const compute of [cpu, gpu]) {
      const program = mlp.program(compute, layout, options, batch);
      const parameters = compute.vector(layout.length);
      const gradient = compute.vector(layout.length);
      const losses = compute.vector(2);
      const data = compute.dataset(host);
      compute.upload(parameters, start);
      program.gradient(parameters, data, rows, gradient, losses, 0);
      // A second worker's batch through the same scratch, recorded before anything is read.
      compute.linear(parameters, [
        [1, parameters],
        [-0.1, gradient],
      ]);
      const score = program.evaluate(parameters, data, all);
      results.push({
        gradient: await compute.read(gradient),
        losses: await compute.read(losses),
        score: await score,
      });
      program.destroy();
      compute.free(parameters, gradient, losses, data);
    }
    const [expected, found] = results;
    if (expected === undefined || found === undefined) throw new Error('two backends');
    const norm = Math.hypot(...expected.gradient);
    const error = Math.hypot(
      ...expected.gradient.map((value, k) => value - (found.gradient[k] ?? Number.NaN)),
    );
    expect(norm).toBeGreaterThan(0.01);
    expect(error / norm).toBeLessThan(1e-5);
    expect(found.losses[0]).toBeCloseTo(expected.losses[0] ?? Number.NaN, 4);
    expect(found.losses[1]).toBe(expected.losses[1]);
    expect(found.score.loss).toBeCloseTo(expected.score.loss, 4);
    // A logit tied but for rounding may tip a row.
    expect(Math.abs(found.score.accuracy - expected.score.accuracy)).toBeLessThanOrEqual(1 / host.rows);
  });
});

/** LeNet and the small ResNet on WebGPU against the same programs on the TypeScript backend. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completeOptions } from '../base/options.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { createWebGpuCompute, type WebGpuCompute } from '../compute/webgpu/index.ts';
import { randomStream } from '../math/random.ts';
import { stripes } from './layers/testing.ts';
import { lenet } from './lenet.ts';
import { resnetMini } from './resnet-mini.ts';

const cpu = createCpuCompute();
let gpu: WebGpuCompute;
beforeAll(async () => {
  gpu = await createWebGpuCompute();
});
afterAll(() => gpu.destroy());

describe('WebGPU and TypeScript', () => {
  it.each([
    { model: lenet, given: {}, side: 28, batch: 32 },
    { model: lenet, given: { filters: [3, 5], pool: 'average', hidden: 7 }, side: 17, batch: 5 },
    { model: lenet, given: { filters: [7] }, side: 19, batch: 1 },
    { model: resnetMini, given: {}, side: 28, batch: 8 },
    { model: resnetMini, given: { width: 6, blocks: 3, groups: 3 }, side: 13, batch: 3 },
  ])('agree on gradient, loss and score: $model.id $given, batch $batch', async (setting) => {
    const { model, given, side, batch } = setting;
    const host = stripes(130, side, 5, 4);
    const options = completeOptions('model', model.options, given);
    const layout = model.layout(options, host);
    const start = model.initialise(layout, 1);
    const stream = randomStream(6, 0, 0, 0);
    const rows = Uint32Array.from({ length: batch }, () => stream.integer(host.rows));
    const all = Uint32Array.from({ length: host.rows }, (_, row) => row);
    const results = [];
    for (const compute of [cpu, gpu]) {
      const program = model.program(compute, layout, options, batch);
      const parameters = compute.vector(layout.length);
      const gradient = compute.vector(layout.length);
      const losses = compute.vector(2);
      const data = compute.dataset(host);
      compute.upload(parameters, start);
      program.gradient(parameters, data, rows, gradient, losses, 0);
      // A second worker's batch through the same scratch, recorded before anything is read.
      compute.linear(parameters, [
        [1, parameters],
        [-0.05, gradient],
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
    expect(error / norm).toBeLessThan(1e-4);
    expect(found.losses[0]).toBeCloseTo(expected.losses[0] ?? Number.NaN, 4);
    expect(found.losses[1]).toBe(expected.losses[1]);
    expect(found.score.loss).toBeCloseTo(expected.score.loss, 3);
    // A logit tied but for rounding may tip a row.
    expect(Math.abs(found.score.accuracy - expected.score.accuracy)).toBeLessThanOrEqual(1 / host.rows);
  });

  it('holds a constant amount of memory over many steps', async () => {
    const host = stripes(50, 16, 3, 4);
    const options = completeOptions('model', lenet.options, { filters: [4, 5], hidden: 9 });
    const layout = lenet.layout(options, host);
    const before = gpu.memoryUse;
    const program = lenet.program(gpu, layout, options, 6);
    const parameters = gpu.vector(layout.length);
    const gradient = gpu.vector(layout.length);
    const losses = gpu.vector(2);
    const data = gpu.dataset(host);
    const step = (rows: number) => {
      program.gradient(
        parameters,
        data,
        Uint32Array.from({ length: rows }, (_, k) => k),
        gradient,
        losses,
        0,
      );
      gpu.submit();
    };
    step(6);
    const running = gpu.memoryUse;
    for (let count = 0; count < 60; count++) step(1 + (count % 6));
    await gpu.finish();
    expect(gpu.memoryUse.bindGroups).toBe(running.bindGroups);
    expect(gpu.memoryUse.bytes - running.bytes).toBeLessThanOrEqual(256);
    program.destroy();
    gpu.free(parameters, gradient, losses, data);
    // What the convolution keeps for its partial sums may stay.
    expect(gpu.memoryUse.buffers).toBeLessThanOrEqual(before.buffers + 2);
  });
});

/** The GPT on WebGPU against the same program on the TypeScript backend: gradients, scores, and what it writes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completeOptions } from '../base/options.ts';
import type { Compute, HostDataset } from '../compute/compute.ts';
import { createDoubleCompute } from '../compute/cpu/index.ts';
import { createWebGpuCompute, type WebGpuCompute } from '../compute/webgpu/index.ts';
import { randomStream } from '../math/random.ts';
import { gpt } from './gpt.ts';

const rowsTo = (n: number) => Uint32Array.from({ length: n }, (_, row) => row);

/** Windows of tokens of which the next is often one more; the random purpose 0 belongs to tests. */
function windows(rows: number, context: number, classes: number): HostDataset {
  const stream = randomStream(4, 0, 0, 0);
  let token = 0;
  const features = Uint8Array.from({ length: rows * (context + 1) }, () => {
    token = stream.uniform() < 0.7 ? (token + 1) % classes : stream.integer(classes);
    return token;
  });
  return { rows, width: context + 1, classes, scale: 1, features, labels: new Uint8Array(rows) };
}

describe('WebGPU and TypeScript', () => {
  const cpu = createDoubleCompute();
  let gpu: WebGpuCompute;
  beforeAll(async () => {
    gpu = await createWebGpuCompute();
  });
  afterAll(() => gpu.destroy());

  it.each([
    { layers: 1, heads: 1, width: 4, tied: false, context: 2, classes: 2, batch: 1 },
    { layers: 2, heads: 3, width: 12, tied: true, context: 7, classes: 11, batch: 5 },
    { layers: 1, heads: 2, width: 40, tied: false, context: 33, classes: 101, batch: 3 },
    { layers: 2, heads: 4, width: 64, tied: false, context: 64, classes: 97, batch: 8 },
  ])('agree on gradient, loss, score and text: %j', async ({ context, classes, batch, ...given }) => {
    const host = windows(30, context, classes);
    const options = completeOptions('model', gpt.options, given);
    const layout = gpt.layout(options, { width: context + 1, classes, tokens: true });
    const stream = randomStream(6, 0, 0, 0);
    // Away from its beginning, where attention hardly matters yet.
    const start = gpt.initialise(layout, 1).map((value) => value + 0.1 * stream.normal());
    const rows = Uint32Array.from({ length: batch }, () => stream.integer(host.rows));
    const results = [];
    for (const compute of [cpu, gpu] as Compute[]) {
      const program = gpt.program(compute, layout, options, batch);
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
      const score = program.evaluate(parameters, data, rowsTo(host.rows));
      results.push({
        gradient: await compute.read(gradient),
        losses: await compute.read(losses),
        score: await score,
        text: await program.sample?.(parameters, Uint8Array.of(1, 0), context + 2, 0, () => 0),
      });
      program.destroy();
      compute.free(parameters, gradient, losses, data);
    }
    const [expected, found] = results;
    if (expected === undefined || found === undefined) throw new Error('two backends');
    for (const { name, offset, length } of layout.tensors) {
      const [ours, theirs] = [found, expected].map(({ gradient }) =>
        gradient.subarray(offset, offset + length),
      ) as [Float32Array, Float32Array];
      const norm = Math.hypot(...theirs);
      expect(Math.hypot(...ours.map((value, k) => value - (theirs[k] ?? Number.NaN))), name).toBeLessThan(
        2e-5 * Math.max(norm, 0.01),
      );
    }
    expect(Math.hypot(...expected.gradient)).toBeGreaterThan(0.01);
    expect(found.losses[0]).toBeCloseTo(expected.losses[0] ?? Number.NaN, 4);
    expect(found.score.loss).toBeCloseTo(expected.score.loss, 4);
    // A logit tied but for rounding may tip a token.
    const tokens = host.rows * context;
    expect(Math.abs(found.score.accuracy - expected.score.accuracy)).toBeLessThan(1.5 / tokens);
    expect(found.text).toEqual(expected.text);
  });

  it('learns on the device, with no more memory from step to step', async () => {
    const [context, classes] = [16, 12];
    const host = windows(64, context, classes);
    const options = completeOptions('model', gpt.options, { layers: 1, heads: 2, width: 16 });
    const layout = gpt.layout(options, { width: context + 1, classes, tokens: true });
    const program = gpt.program(gpu, layout, options, 8);
    const [parameters, gradient] = [gpu.vector(layout.length), gpu.vector(layout.length)];
    const losses = gpu.vector(2);
    const data = gpu.dataset(host);
    gpu.upload(parameters, gpt.initialise(layout, 1));
    const stream = randomStream(7, 0, 0, 0);
    const train = (steps: number) => {
      for (let step = 0; step < steps; step++) {
        const rows = Uint32Array.from({ length: 8 }, () => stream.integer(host.rows));
        program.gradient(parameters, data, rows, gradient, losses, 0);
        gpu.linear(parameters, [
          [1, parameters],
          [-0.5, gradient],
        ]);
        gpu.submit();
      }
      return program.evaluate(parameters, data, rowsTo(host.rows));
    };
    const before = await train(2);
    const use = gpu.memoryUse;
    const after = await train(200);
    expect(gpu.memoryUse).toEqual(use);
    expect(before.loss).toBeCloseTo(Math.log(classes), 0);
    expect(after.loss).toBeLessThan(1.7);
    program.destroy();
    gpu.free(parameters, gradient, losses, data);
  });
});

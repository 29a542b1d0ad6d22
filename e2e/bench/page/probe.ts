/**
 * What the adapter can do at most, for shares of it: its rate of multiply-adds out of registers, and its
 * bandwidth when it copies. And how long something takes on a device, by repeating it long enough.
 */

import code from './probe.wgsl?raw';
import { median } from './turns.ts';

export interface Peaks {
  /** Multiply-adds count as two. */
  readonly gigaflops: number;
  /** Reading and writing together, GB/s. */
  readonly bandwidth: number;
}

const WORKGROUPS = 2048;
const INVOCATIONS = 256;
const OPERATIONS = 128;
/** Numbers of a copy: 64 MiB, more than caches hold. */
const NUMBERS = 16 * 2 ** 20;
const TURNS = 5;
const TURN_MS = 40;

/**
 * Milliseconds a repetition: `record(n)` hands n of them to the device, `finish` waits for it. Median of a
 * few turns, each so long that waiting does not count.
 */
export async function timeOnDevice(
  record: (repetitions: number) => void,
  finish: () => Promise<unknown>,
  turnMs = TURN_MS,
): Promise<number> {
  const turn = async (repetitions: number) => {
    const started = performance.now();
    record(repetitions);
    await finish();
    return performance.now() - started;
  };
  await turn(1);
  let repetitions = 1;
  for (let took = await turn(1); took < turnMs / 2; took = await turn(repetitions)) {
    repetitions = Math.ceil(repetitions * Math.min(8, Math.max(2, turnMs / Math.max(took, 0.01))));
  }
  const times: number[] = [];
  for (let at = 0; at < TURNS; at++) times.push((await turn(repetitions)) / repetitions);
  return median(times);
}

export async function measurePeaks(device: GPUDevice): Promise<Peaks> {
  const module = device.createShaderModule({ code });
  const usage = GPUBufferUsage.STORAGE;
  const source = device.createBuffer({ size: NUMBERS * 4, usage });
  const dest = device.createBuffer({ size: NUMBERS * 4, usage });
  const parameters = device.createBuffer({
    size: 16,
    usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  });
  const access = ['uniform', 'read-only-storage', 'storage'] as const;
  const layout = device.createBindGroupLayout({
    entries: access.map((type, binding) => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type },
    })),
  });
  const bindGroup = device.createBindGroup({
    layout,
    entries: [parameters, source, dest].map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const pipelineOf = (entryPoint: string, constants: Record<string, number>) =>
    device.createComputePipelineAsync({
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint, constants },
    });
  const finish = () => device.queue.onSubmittedWorkDone();
  const dispatch = (pipeline: GPUComputePipeline, x: number, y: number, count: number) => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    for (let at = 0; at < count; at++) pass.dispatchWorkgroups(x, y);
    pass.end();
    device.queue.submit([encoder.finish()]);
  };
  let gigaflops = 0;
  // A driver may have either of the two as one instruction, and the other as two or as a function.
  for (const fused of [0, 1]) {
    const pipeline = await pipelineOf('multiply', { fused });
    const time = await timeOnDevice((loops) => {
      device.queue.writeBuffer(parameters, 0, Uint32Array.of(loops, 0));
      dispatch(pipeline, WORKGROUPS, 1, 1);
    }, finish);
    gigaflops = Math.max(gigaflops, (WORKGROUPS * INVOCATIONS * OPERATIONS) / time / 1e6);
  }
  const copy = await pipelineOf('copy', {});
  device.queue.writeBuffer(parameters, 0, Uint32Array.of(0, NUMBERS / 4));
  const groups = NUMBERS / 4 / INVOCATIONS;
  const time = await timeOnDevice((count) => dispatch(copy, groups / 16, 16, count), finish);
  for (const buffer of [source, dest, parameters]) buffer.destroy();
  return { gigaflops, bandwidth: (2 * NUMBERS * 4) / time / 1e6 };
}

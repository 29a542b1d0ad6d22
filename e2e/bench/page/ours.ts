/** The step as the lab takes it: one gradient, one linear update, one submit. */
import type { Compute } from '../../../src/compute/compute.ts';
import { createWebGpuCompute } from '../../../src/compute/webgpu/index.ts';
import { mlp } from '../../../src/models/mlp.ts';
import { MLP_LAYOUT, MLP_OPTIONS, type Subject, type Task } from './subject.ts';

export async function openCompute(): Promise<Compute> {
  return createWebGpuCompute();
}

export function ours(compute: Compute, task: Task): Subject {
  const program = mlp.program(compute, MLP_LAYOUT, MLP_OPTIONS, task.batch);
  const data = compute.dataset(task.data);
  const rows = Uint32Array.from({ length: task.batch }, (_, row) => row);
  const x = compute.vector(MLP_LAYOUT.length);
  const gradient = compute.vector(MLP_LAYOUT.length);
  const losses = compute.vector(2);
  compute.upload(x, task.initial);
  return {
    name: 'Murmuration',
    step: () => {
      program.gradient(x, data, rows, gradient, losses, 0);
      compute.linear(x, [
        [1, x],
        [-task.learningRate, gradient],
      ]);
      compute.submit();
    },
    finish: () => compute.finish(),
    loss: async () => (await program.evaluate(x, data, rows)).loss,
    destroy: () => {
      program.destroy();
      compute.free(data, x, gradient, losses);
    },
  };
}

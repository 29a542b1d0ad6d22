/** The step as the lab takes it: one gradient, one linear update, one submit. */
import type { Compute } from '../../../src/compute/compute.ts';
import type { Subject, Task } from './subject.ts';

export function ours(compute: Compute, task: Task, name = 'Murmuration'): Subject {
  const { model, layout, options, batch, learningRate } = task;
  const program = model.program(compute, layout, options, batch);
  const data = compute.dataset(task.data);
  const rows = Uint32Array.from({ length: batch }, (_, row) => row);
  const x = compute.vector(layout.length);
  const gradient = compute.vector(layout.length);
  const losses = compute.vector(2);
  compute.upload(x, task.initial);
  return {
    name,
    step: () => {
      program.gradient(x, data, rows, gradient, losses, 0);
      compute.linear(x, [
        [1, x],
        [-learningRate, gradient],
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

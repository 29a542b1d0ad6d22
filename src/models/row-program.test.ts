import { expect, it } from 'vitest';
import { completeOptions } from '../base/options.ts';
import type { Compute, Vector } from '../compute/compute.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { stripes } from './layers/testing.ts';
import { lenet } from './lenet.ts';

/** A backend that adds up how many numbers its vectors have room for. */
function counting(): { readonly compute: Compute; room(): number } {
  const compute = createCpuCompute();
  let room = 0;
  const vector = (length: number): Vector => {
    room += length;
    return compute.vector(length);
  };
  const handler: ProxyHandler<Compute> = {
    get(target, name) {
      if (name === 'vector') return vector;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  };
  return { compute: new Proxy(compute, handler), room: () => room };
}

it('makes room for scores, many times that of a small batch, once there is one to make', async () => {
  const { compute, room } = counting();
  const host = stripes(20, 16, 3, 1);
  const options = completeOptions('model', lenet.options, {});
  const layout = lenet.layout(options, host);
  const vectors = [compute.vector(layout.length), compute.vector(layout.length), compute.vector(2)] as const;
  const [parameters, gradient, losses] = vectors;
  const before = room();
  const program = lenet.program(compute, layout, options, 4);
  const data = compute.dataset(host);
  const rows = Uint32Array.of(1, 2, 3, 4);
  program.gradient(parameters, data, rows, gradient, losses, 0);
  const training = room() - before;
  await program.evaluate(parameters, data, rows);
  const scoring = room() - before - training;
  expect(scoring).toBeGreaterThan(10 * training);
  await program.evaluate(parameters, data, rows);
  expect(room() - before - training).toBe(scoring);
});

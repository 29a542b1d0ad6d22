/**
 * Replicas on different devices: some workers compute on WebGPU, others on the cpu. Their gradients differ
 * in the last bits; what they hold in common must not.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Compute } from '../compute/compute.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { createWebGpuCompute } from '../compute/webgpu/index.ts';
import { buildRecipe } from '../recipe/schema.ts';
import { Assets } from '../session/assets.ts';
import { Flock, syntheticDigits } from './flock.ts';

const cpu = createCpuCompute();
let gpu: Compute;
beforeAll(async () => {
  gpu = await createWebGpuCompute();
});
afterAll(() => {
  gpu.destroy();
  cpu.destroy();
});

const ADAM = { beta2: 0.99, weightDecay: 0.1 };
const ONE_BIT = { id: 'one-bit', options: { scale: 'l2' } };
const NONE = { id: 'none', options: {} };

it.each([
  ['allreduce-sgd', {}, NONE, ['x', 'm'], { id: 'momentum', options: { weightDecay: 0.1 } }],
  ['allreduce-sgd', {}, NONE, ['x', 'm'], { id: 'nesterov', options: { weightDecay: 0.1 } }],
  ['allreduce-sgd', {}, NONE, ['x', 'm', 'v'], { id: 'adam', options: ADAM }],
  ['allreduce-sgd', {}, NONE, ['x', 'm', 'v'], { id: 'adamw', options: ADAM }],
  ['one-bit-adam', { warmupRounds: 3, ...ADAM }, ONE_BIT, ['x', 'm', 'v']],
  ['q-adam', { warmupRounds: 3, ...ADAM }, { id: 'min-max-8', options: {} }, ['x', 'm', 'v']],
  ['one-bit-lamb', { warmupRounds: 3, ...ADAM }, ONE_BIT, ['x', 'm', 'v', 'vNow']],
  [
    'zero-one-adam',
    { warmupRounds: 3, varianceUpdates: 1, longestInterval: 1, ...ADAM },
    ONE_BIT,
    ['x', 'm', 'v'],
  ],
  ['large-batch', { rule: 'lars', weightDecay: 0.1 }, NONE, ['x', 'm']],
  ['large-batch', { rule: 'clars', weightDecay: 0.1 }, NONE, ['x', 'm']],
  ['large-batch', { rule: 'lamb', ...ADAM }, NONE, ['x', 'm', 'v']],
  ['power-sgd', { rank: 2 }, NONE, ['x', 'm', 'Q'], { id: 'momentum', options: {} }],
  ['acp-sgd', { rank: 2 }, NONE, ['x', 'm', 'P', 'Q'], { id: 'momentum', options: {} }],
  ['g-top-k-sgd', {}, { id: 'top-k', options: { ratio: 0.02 } }, ['x']],
  ['ef-sgd', { collective: 'hierarchical' }, { id: 'top-k', options: { ratio: 0.02 } }, ['x']],
  ['allreduce-sgd', { collective: 'hierarchical' }, NONE, ['x', 'm'], { id: 'momentum', options: {} }],
])(
  '%s with %o: the same bits on every device',
  async (id, options, compressor, names, optimizer = undefined) => {
    const recipe = buildRecipe({
      model: { id: 'mlp', options: { hidden: [4] } },
      batch: 8,
      lr: 0.01,
      seed: 5,
      algorithm: { id, options },
      topology: { id: 'complete', options: {} },
      compressor,
      optimizer,
    });
    const host = syntheticDigits();
    const flock = await Flock.make(gpu, recipe, host, 3);
    const assets = new Assets(cpu, recipe, host);
    const moved = flock.workers[1];
    moved?.unequip();
    moved?.equip(assets);
    moved?.place(assets.initial);
    await flock.change({});
    for (let round = 0; round < 8; round += 1) await flock.step();
    for (const name of names) {
      const all = await Promise.all(
        flock.workers.map((worker) => {
          const vector = worker.state?.[name];
          if (vector === undefined || typeof vector === 'number') throw new Error(`No vector ${name}.`);
          return (worker === moved ? cpu : gpu).read(vector);
        }),
      );
      const [first = new Float32Array(), ...others] = all.map((values) => new Uint32Array(values.buffer));
      for (const other of others) expect(other.findIndex((bits, k) => bits !== first[k])).toBe(-1);
    }
    flock.destroy();
    assets.destroy();
  },
);

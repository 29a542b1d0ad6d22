/** The choice between the families of matrix products: measured, remembered, overridable. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDevice, ownGpu } from './webgpu/device.ts';
import type { Stopwatch } from './webgpu/families.ts';
import { createWebGpuCompute } from './webgpu/index.ts';
import { compileKernels, type Kernels } from './webgpu/kernels.ts';
import { chosenFamilies, measureFamilies, recall } from './webgpu/tuning.ts';

let device: GPUDevice;
let kernels: Kernels;
let isSoftware = false;
beforeAll(async () => {
  const adapter = await ownGpu()?.requestAdapter();
  isSoftware = adapter?.info.isFallbackAdapter ?? false;
  ({ device } = await openDevice(ownGpu()));
  ({ kernels } = await compileKernels(device));
});
afterAll(() => device.destroy());

it('finds on a software adapter that register tiles are faster', async () => {
  const found = await measureFamilies(device, kernels);
  if (isSoftware) expect(found).toEqual({ small: 'direct', large: 'direct' });
  else expect(['direct', 'tiled']).toContain(found.large);
});

it('times either family, and leaves nothing behind', async () => {
  const choose = async (time: Stopwatch) => {
    for (const size of ['small', 'large'] as const) {
      expect(await time('direct', size, 1)).toBeGreaterThan(0);
      expect(await time('tiled', size, 1)).toBeGreaterThan(0);
    }
    return { small: 'tiled', large: 'direct' } as const;
  };
  expect(await measureFamilies(device, kernels, choose)).toEqual({ small: 'tiled', large: 'direct' });
});

it('does not choose what the driver refuses', async () => {
  const layout = device.createBindGroupLayout({ entries: [] });
  const broken: Kernels = Object.create(kernels, {
    tiledProduct: { value: { ...kernels.tiledProduct, layout } },
  });
  const choose = async (time: Stopwatch) => {
    await time('tiled', 'small', 1);
    return { small: 'tiled', large: 'tiled' } as const;
  };
  expect(await measureFamilies(device, broken, choose)).toEqual({ small: 'direct', large: 'direct' });
});

it('remembers what it found, for this adapter alone', async () => {
  expect(await recall('an adapter of the test')).toBeNull();
  const found = await chosenFamilies(device, kernels, 'an adapter of the test');
  expect(await recall('an adapter of the test')).toEqual(found);
  expect(await recall('another adapter of the test')).toBeNull();
  // Known, it is not measured again: no device is touched.
  const none: GPUDevice = Object.create(null);
  expect(await chosenFamilies(none, kernels, 'an adapter of the test')).toEqual(found);
});

it('takes what it is told, and keeps nothing of it', async () => {
  const told = { small: 'tiled', large: 'direct' } as const;
  const gpu = await createWebGpuCompute(undefined, { products: told });
  expect(gpu.products).toEqual(told);
  gpu.destroy();
  const own = await createWebGpuCompute();
  expect(await recall(own.adapter)).toEqual(own.products);
  own.destroy();
});

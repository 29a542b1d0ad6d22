/** Every optimizer on WebGPU against its equations in double precision. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completeOptions } from '../base/options.ts';
import { createWebGpuCompute, type WebGpuCompute } from '../compute/webgpu/index.ts';
import { OPTIMIZERS } from './index.ts';
import { difference, LAYOUT, reference, run, settings, startingPoint } from './testing.ts';

const STEPS = 20;
let gpu: WebGpuCompute;
beforeAll(async () => {
  gpu = await createWebGpuCompute();
});
afterAll(() => gpu.destroy());

describe.each(OPTIMIZERS)('$id', (entry) => {
  it.each(settings(entry))(`follows its equations over ${STEPS} steps with %o`, async (given) => {
    const expected = reference(entry.id, LAYOUT, completeOptions(entry.id, entry.options, given), STEPS);
    expect(difference(startingPoint(LAYOUT), expected)).toBeGreaterThan(1e-3);
    const found = await gpu.read(await run(gpu, entry, LAYOUT, given, STEPS));
    expect(difference(found, expected)).toBeLessThan(1e-5);
  });
});

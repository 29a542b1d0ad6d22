/** Operations with the same bits on every device: the device's bits against those of the TypeScript one. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Compute } from './compute.ts';
import { createTypeScriptCompute } from './cpu/index.ts';
import { createWebGpuCompute, type WebGpuCompute } from './webgpu/index.ts';
import { bitsOf, firstDifference, floatsOf, integers, noise, vectorOf } from './webgpu/testing.ts';

const cpu = createTypeScriptCompute();
let gpu: WebGpuCompute;
beforeAll(async () => {
  gpu = await createWebGpuCompute();
});
afterAll(() => gpu.destroy());

async function expectSameBits(run: (compute: Compute) => Promise<Float32Array>): Promise<void> {
  // Which NaN it is, an engine may choose.
  const [device, host] = [await run(gpu), await run(cpu)].map((values) =>
    bitsOf(values.map((value) => (Number.isNaN(value) ? Number.NaN : value))),
  );
  expect(firstDifference(device ?? new Uint32Array(), host ?? new Uint32Array(1))).toBe(-1);
}

/** Every bit pattern is as likely as another: all sizes, NaN and infinity among them. */
const anyBits = (length: number, seed: number) => floatsOf(integers(length, 2 ** 32, seed));

describe.each([1, 2, 3, 4, 5, 63, 64, 257, 1021, 70_001])('over %i numbers', (length) => {
  it.each([1e-8, 1e-30, 0.5])('divides by the root of v plus %d, bit for bit', async (epsilon) => {
    for (const [m, v] of [
      [noise(length, 1), noise(length, 2).map((value) => value * value)],
      [anyBits(length, 3), anyBits(length, 4)],
      [anyBits(length, 5), anyBits(length, 6).map(Math.abs)],
    ] as const) {
      await expectSameBits((compute) => {
        const dest = compute.vector(length);
        compute.portable.preconditioned(dest, vectorOf(compute, m), vectorOf(compute, v), epsilon);
        return compute.read(dest);
      });
    }
  });

  it('finds the support', async () => {
    const source = anyBits(length, 7).map((value, k) => (k % 3 === 0 ? 0 : value));
    await expectSameBits((compute) => {
      const dest = compute.vector(length);
      compute.portable.support(dest, vectorOf(compute, source));
      return compute.read(dest);
    });
  });
});

it('rounds halves to even, and carries into the exponent', async () => {
  // Numerators about powers of two over √1 + ε, with ε one unit in the last place of one.
  const m = Float32Array.from({ length: 4096 }, (_, k) => 1 + (k - 2048) * 2 ** -23);
  const v = Float32Array.from({ length: 4096 }, (_, k) => 1 + ((k * 7) % 4096) * 2 ** -23);
  await expectSameBits((compute) => {
    const dest = compute.vector(m.length);
    compute.portable.preconditioned(dest, vectorOf(compute, m), vectorOf(compute, v), 2 ** -23);
    return compute.read(dest);
  });
});

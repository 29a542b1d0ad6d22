/** An engine without WebAssembly SIMD: TypeScript computes, and the adapter's name says so. */
import { afterEach, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

it.each([
  ['without SIMD', { Module: refuse }],
  ['without WebAssembly', undefined],
])('computes in TypeScript %s', async (_, webAssembly) => {
  vi.stubGlobal('WebAssembly', webAssembly);
  vi.resetModules();
  const { createCpuCompute } = await import('../index.ts');
  const compute = createCpuCompute();
  expect(compute.adapter).toBe('TypeScript');
  const vector = compute.vector(2);
  compute.upload(vector, Float32Array.of(1, 2));
  compute.linear(vector, [
    [2, vector],
    [1, vector],
  ]);
  expect([...(await compute.read(vector))]).toEqual([3, 6]);
});

function refuse(): never {
  throw new Error('Wasm SIMD unsupported');
}

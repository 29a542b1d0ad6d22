/** In a browser, on the page's own thread: the kernels are there, and give the bits that Node gives. */
import { expect, it } from 'vitest';
import { createCpuCompute } from '../index.ts';
import { multiply, needSimd, PRODUCTS } from './testing.ts';

it('computes with WebAssembly', () => {
  expect(createCpuCompute().adapter).toBe('WebAssembly SIMD');
});

it('gives every product the promised bits', () => {
  const simd = needSimd();
  for (const product of PRODUCTS) {
    const { found, expected } = multiply(simd, product);
    expect(found, JSON.stringify(product)).toEqual(expected);
  }
});

/** Proof that Compute runs in a dedicated worker: adds two vectors there and posts the sum. */
import { createWebGpuCompute } from './index.ts';
import { vectorOf } from './testing.ts';

const compute = await createWebGpuCompute();
const sum = compute.vector(3);
compute.linear(sum, [
  [1, vectorOf(compute, Float32Array.of(1, 2, 3))],
  [1, vectorOf(compute, Float32Array.of(4, 5, 6))],
]);
const result = await compute.read(sum);
compute.destroy();
self.postMessage([...result]);

/**
 * For tests of the cpu backend only: seeded data, and all its kinds under one roof.
 *
 * Each operation is checked for each kind against a formula written as naively as possible: in double
 * precision, where an error of order or indexing cannot hide behind rounding, and in single precision as
 * shipped, in WebAssembly (where an operation has kernels there) and in TypeScript.
 */
import { randomStream } from '../../math/random.ts';
import type { Compute, Vector } from '../compute.ts';
import { createCpuCompute, createDoubleCompute, createTypeScriptCompute } from './index.ts';

export interface Bench {
  readonly name: string;
  readonly compute: Compute;
  /** Allowed error, relative to the sum of the magnitudes that went into a number. */
  readonly tolerance: number;
  /** All that the vector holds, unrounded. */
  read(vector: Vector): Promise<readonly number[]>;
}

export function benches(): readonly Bench[] {
  const simd = createCpuCompute();
  const single = createTypeScriptCompute();
  const double = createDoubleCompute();
  return [
    {
      name: 'WebAssembly single',
      compute: simd,
      tolerance: 1e-6,
      read: async (vector) => [...(await simd.read(vector))],
    },
    {
      name: 'single',
      compute: single,
      tolerance: 1e-6,
      read: async (vector) => [...(await single.read(vector))],
    },
    {
      name: 'double',
      compute: double,
      tolerance: 1e-13,
      read: async (vector) => [...double.readDouble(vector)],
    },
  ];
}

/** A vector on the device that holds `values`. */
export function load(compute: Compute, values: Float32Array): Vector {
  const vector = compute.vector(values.length);
  compute.upload(vector, values);
  return vector;
}

/** Standard normal numbers in single precision; purpose 0 belongs to tests. */
export function normals(length: number, seed: number): Float32Array {
  const stream = randomStream(seed, 0, 0, 0);
  return Float32Array.from({ length }, () => stream.normal());
}

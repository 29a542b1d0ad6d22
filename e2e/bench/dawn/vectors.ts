/** Kernels that only move numbers: how much of the card's copy bandwidth they reach. */
import type { Compute, Vector } from '../../../src/compute/compute.ts';

/** 32 MiB a vector: more than caches hold. */
const LENGTH = 8 * 2 ** 20;

export interface VectorKernel {
  readonly name: string;
  /** Traffic of one call: what has to be read and written at least. */
  readonly bytes: number;
  /** Floating-point operations of one call; roots and divisions count as one. */
  readonly operations: number;
  run(): void;
}

/** The kernels, and what frees their vectors. */
export function vectorKernels(compute: Compute): { kernels: readonly VectorKernel[]; free(): void } {
  const made: Vector[] = [];
  const vector = () => {
    const one = compute.vector(LENGTH);
    made.push(one);
    return one;
  };
  const [x, g, m, v] = [vector(), vector(), vector(), vector()];
  const next = { x: vector(), m: vector(), v: vector() };
  const norm = compute.vector(1);
  made.push(norm);
  const bounds = [0, LENGTH];
  const signs = compute.words(1 + LENGTH / 32);
  const rates = { bounds, rates: [0.01], decays: [0.1] };
  const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, correction: [0.5, 0.5] } as const;
  /** `vectors`: how many are read or written; `operations`: for each number. */
  const kernel = (name: string, vectors: number, operations: number, run: () => void): VectorKernel => ({
    name,
    bytes: vectors * LENGTH * 4,
    operations: operations * LENGTH,
    run,
  });
  const { optimization } = compute;
  return {
    kernels: [
      kernel('linear, 2 vectors', 3, 4, () => {
        compute.linear(next.x, [
          [1, x],
          [-0.01, g],
        ]);
      }),
      kernel('linear, 3 vectors', 4, 6, () => {
        compute.linear(next.x, [
          [1, x],
          [-0.01, g],
          [0.5, m],
        ]);
      }),
      kernel('momentum step', 5, 6, () => {
        optimization.momentumStep(next, { x, m }, g, rates, { momentum: 0.9, nesterov: false, rate: 'step' });
      }),
      kernel('AdamW step', 7, 16, () => {
        const step = { ...adam, decay: 'decoupled', result: 'step' } as const;
        optimization.adaptiveStep(next, { x, m, v }, g, rates, step);
      }),
      kernel('squared distance', 2, 3, () => compute.squaredDistance(x, g, norm, 0)),
      kernel('one-bit encode', 1 + 1 / 32, 3, () => compute.signPackMeans(x, bounds, signs)),
      kernel('one-bit decode', 1 + 1 / 32, 2, () => {
        compute.signUnpack(signs, bounds, 1, next.x, 1, 'set');
      }),
    ],
    free: () => compute.free(...made, signs),
  };
}

/** Sums of residual blocks on the device: one dispatch each; see `shaders/residual-sum.wgsl`. */
import residualSum from '../../../shaders/residual-sum.wgsl?raw';
import type { Vector } from '../compute.ts';
import type { Residual } from '../residual.ts';
import { type Access, apart } from './access.ts';

export const RESIDUAL_KERNELS = {
  residualSum: { code: residualSum, entry: 'main', storage: 'rrrw' },
};

export class ResidualOperations implements Residual {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  addRelu(count: number, a: Vector, b: Vector, y: Vector): void {
    this.#add(count, a, b, a, y, 0);
  }

  addGradients(count: number, da: Vector, db: Vector, rectified: Vector | null, dx: Vector): void {
    this.#add(count, da, db, rectified ?? da, dx, rectified === null ? 1 : 2);
  }

  #add(count: number, a: Vector, b: Vector, x: Vector, out: Vector, mode: number): void {
    const left = this.#access.vector(a, count);
    const right = this.#access.vector(b, count);
    const mask = this.#access.vector(x, count);
    const result = this.#access.vector(out, count);
    apart(result, left, right, mask);
    const { kernels, recorder } = this.#access;
    recorder.run(kernels.residualSum, [left, right, mask, result], Math.ceil(count / 256), [count, mode]);
  }
}

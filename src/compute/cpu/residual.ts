/** Sums of residual blocks on the TypeScript backend. */
import type { Vector } from '../compute.ts';
import type { Residual } from '../residual.ts';
import type { Access } from './access.ts';

export class CpuResidual implements Residual {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  addRelu(count: number, a: Vector, b: Vector, y: Vector): void {
    const left = this.#access.vector(a, count);
    const right = this.#access.vector(b, count);
    const out = this.#access.vector(y, count);
    for (let k = 0; k < count; k++) {
      const sum = (left[k] as number) + (right[k] as number);
      out[k] = Math.max(0, sum);
    }
  }

  addGradients(count: number, da: Vector, db: Vector, rectified: Vector | null, dx: Vector): void {
    const left = this.#access.vector(da, count);
    const right = this.#access.vector(db, count);
    const mask = rectified === null ? null : this.#access.vector(rectified, count);
    const out = this.#access.vector(dx, count);
    for (let k = 0; k < count; k++) {
      const sum = (left[k] as number) + (right[k] as number);
      out[k] = mask !== null && (mask[k] as number) <= 0 ? 0 : sum;
    }
  }
}

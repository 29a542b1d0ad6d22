/**
 * Operations with the same bits everywhere on the TypeScript backend; see `Portable`. A root or a quotient
 * of f32 numbers that is taken in double precision and then rounded is the correctly rounded one.
 */
import type { Vector } from '../compute.ts';
import type { Portable } from '../portable.ts';
import type { Access } from './access.ts';
import { apart } from './slices.ts';

/** The smallest normal f32: devices may flush what is smaller. */
const SMALLEST = 2 ** -126;

export class CpuPortable implements Portable {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  preconditioned(dest: Vector, m: Vector, v: Vector, epsilon: number): void {
    const to = this.#access.vector(dest);
    const first = this.#access.sameLength(m, to.length);
    const second = this.#access.sameLength(v, to.length);
    apart(to, first, second);
    const { round } = this.#access;
    const e = round(epsilon);
    for (let k = 0; k < to.length; k++) {
      const root = round(Math.sqrt(flushed(second[k] as number)));
      to[k] = flushed(flushed(first[k] as number) / round(root + e));
    }
  }

  support(dest: Vector, source: Vector): void {
    const to = this.#access.vector(dest);
    const from = this.#access.sameLength(source, to.length);
    apart(to, from);
    for (let k = 0; k < to.length; k++) to[k] = Math.abs(from[k] as number) < SMALLEST ? 0 : 1;
  }
}

/** Zero of the same sign for what is smaller than normal. */
function flushed(value: number): number {
  return Math.abs(value) < SMALLEST ? value * 0 : value;
}

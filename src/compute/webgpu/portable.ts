/** Operations with the same bits on every device; see `Portable` and `shaders/portable-*.wgsl`. */
import preconditioned from '../../../shaders/portable-preconditioned.wgsl?raw';
import support from '../../../shaders/portable-support.wgsl?raw';
import type { Vector } from '../compute.ts';
import type { Portable } from '../portable.ts';
import { type Access, apart } from './access.ts';

export const PORTABLE_KERNELS = {
  portablePreconditioned: { code: preconditioned, entry: 'main', storage: 'rrw' },
  portableSupport: { code: support, entry: 'main', storage: 'rw' },
};

export class PortableOperations implements Portable {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  preconditioned(dest: Vector, m: Vector, v: Vector, epsilon: number): void {
    const to = this.#access.vector(dest);
    const { length } = to;
    const first = this.#access.sameLength(m, length);
    const second = this.#access.sameLength(v, length);
    apart(to, first, second);
    const { kernels, recorder } = this.#access;
    const workgroups = Math.ceil(length / 256);
    recorder.run(kernels.portablePreconditioned, [first, second, to], workgroups, [length], [epsilon]);
  }

  support(dest: Vector, source: Vector): void {
    const to = this.#access.vector(dest);
    const from = this.#access.sameLength(source, to.length);
    apart(to, from);
    const { kernels, recorder } = this.#access;
    recorder.run(kernels.portableSupport, [from, to], Math.ceil(to.length / 256), [to.length]);
  }
}

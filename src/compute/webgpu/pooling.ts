/** Pooling on the device: one dispatch each way; the arithmetic is in `shaders/pool-*.wgsl`. */
import poolForward from '../../../shaders/pool-forward.wgsl?raw';
import poolGradient from '../../../shaders/pool-gradient.wgsl?raw';
import type { Vector } from '../compute.ts';
import { type Pooling, type PoolingShape, type PoolingSizes, poolingSizes } from '../pooling.ts';
import { type Access, apart } from './access.ts';

export const POOLING_KERNELS = {
  poolForward: { code: poolForward, entry: 'main', storage: 'rw' },
  poolGradient: { code: poolGradient, entry: 'main', storage: 'rrw' },
};

export class PoolingOperations implements Pooling {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  forward(shape: PoolingShape, x: Vector, y: Vector): void {
    const sizes = poolingSizes(shape);
    const input = this.#access.vector(x, sizes.input);
    const output = this.#access.vector(y, sizes.output);
    apart(output, input);
    const { kernels, recorder } = this.#access;
    const workgroups = Math.ceil(sizes.output / 64);
    recorder.run(kernels.poolForward, [input, output], workgroups, geometry(shape, sizes));
  }

  gradient(shape: PoolingShape, x: Vector, dy: Vector, dx: Vector, rectified: boolean): void {
    const sizes = poolingSizes(shape);
    const input = this.#access.vector(x, sizes.input);
    const delta = this.#access.vector(dy, sizes.output);
    const out = this.#access.vector(dx, sizes.input);
    apart(out, input, delta);
    const { planes, height, width, windowHeight, windowWidth } = shape;
    const windows = planes * Math.ceil(height / windowHeight) * Math.ceil(width / windowWidth);
    const { kernels, recorder } = this.#access;
    const integers = [...geometry(shape, sizes), rectified ? 1 : 0];
    recorder.run(kernels.poolGradient, [input, delta, out], Math.ceil(windows / 64), integers);
  }
}

/** The fields that both blocks of parameters begin with. */
function geometry(shape: PoolingShape, { outHeight, outWidth }: PoolingSizes): number[] {
  const { kind, planes, height, width, windowHeight, windowWidth } = shape;
  return [planes, height, width, windowHeight, windowWidth, outHeight, outWidth, kind === 'max' ? 1 : 0];
}

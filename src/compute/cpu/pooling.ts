/** Pooling of the TypeScript backend: plain loops over windows, sums in double precision. */
import type { Vector } from '../compute.ts';
import { type Pooling, type PoolingShape, poolingSizes } from '../pooling.ts';
import type { Access } from './access.ts';
import type { Numbers } from './handles.ts';

export class CpuPooling implements Pooling {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  forward(shape: PoolingShape, x: Vector, y: Vector): void {
    const sizes = poolingSizes(shape);
    const input = this.#access.vector(x, sizes.input);
    const output = this.#access.vector(y, sizes.output);
    const area = shape.windowHeight * shape.windowWidth;
    everyWindow(shape, (corner, out) => {
      output[out] =
        shape.kind === 'max'
          ? (input[firstLargest(shape, input, corner)] as number)
          : windowSum(shape, input, corner) / area;
    });
  }

  gradient(shape: PoolingShape, x: Vector, dy: Vector, dx: Vector, rectified: boolean): void {
    const sizes = poolingSizes(shape);
    const input = this.#access.vector(x, sizes.input);
    const delta = this.#access.vector(dy, sizes.output);
    const out = this.#access.vector(dx, sizes.input);
    const { kind, width, windowHeight, windowWidth } = shape;
    const passes = (at: number) => !rectified || (input[at] as number) > 0;
    out.fill(0, 0, sizes.input);
    everyWindow(shape, (corner, from) => {
      const value = delta[from] as number;
      if (kind === 'max') {
        const at = firstLargest(shape, input, corner);
        if (passes(at)) out[at] = value;
        return;
      }
      const share = value / (windowHeight * windowWidth);
      for (let u = 0; u < windowHeight; u++) {
        for (let v = 0, at = corner + u * width; v < windowWidth; v++, at++) if (passes(at)) out[at] = share;
      }
    });
  }
}

/** Calls `visit` with the top left corner of every window and the place of its result. */
function everyWindow(shape: PoolingShape, visit: (corner: number, result: number) => void): void {
  const { planes, height, width, windowHeight, windowWidth } = shape;
  const { outHeight, outWidth } = poolingSizes(shape);
  for (let plane = 0, result = 0; plane < planes; plane++) {
    for (let i = 0; i < outHeight; i++) {
      const row = (plane * height + i * windowHeight) * width;
      for (let j = 0; j < outWidth; j++, result++) visit(row + j * windowWidth, result);
    }
  }
}

/** Where the window's largest entry is; of several, the first in row-major order. */
function firstLargest(shape: PoolingShape, x: Numbers, corner: number): number {
  const { width, windowHeight, windowWidth } = shape;
  let best = corner;
  for (let u = 0; u < windowHeight; u++) {
    for (let v = 0, at = corner + u * width; v < windowWidth; v++, at++) {
      if ((x[at] as number) > (x[best] as number)) best = at;
    }
  }
  return best;
}

function windowSum(shape: PoolingShape, x: Numbers, corner: number): number {
  const { width, windowHeight, windowWidth } = shape;
  let sum = 0;
  for (let u = 0; u < windowHeight; u++) {
    for (let v = 0, at = corner + u * width; v < windowWidth; v++, at++) sum += x[at] as number;
  }
  return sum;
}

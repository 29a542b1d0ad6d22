/**
 * One worker's optimizer in double precision, number by number from the papers' equations: what runs of
 * whole flocks are compared with. Not part of the lab.
 */
import type { Layout } from '../base/layout.ts';
import type { Choice } from '../recipe/recipe.ts';

export type Numbers = Float64Array;

export class ReferenceOptimizer {
  readonly #layout: Layout;
  readonly #choice: Choice;
  readonly m: Numbers;
  readonly v: Numbers;
  #t = 0;

  constructor(layout: Layout, choice: Choice) {
    this.#layout = layout;
    this.#choice = choice;
    this.m = new Float64Array(layout.length);
    this.v = new Float64Array(layout.length);
  }

  /** Where a step from x along g leads. */
  step(x: ArrayLike<number>, g: ArrayLike<number>, rate: number): Numbers {
    const { id, options } = this.#choice;
    const of = (name: string) => Number(options[name]);
    const { m, v } = this;
    this.#t += 1;
    const next = Float64Array.from(x);
    for (const { offset, length, shape } of this.#layout.tensors) {
      const lambda = shape.length > 1 ? of('weightDecay') : 0;
      const u = new Float64Array(length);
      for (let k = 0; k < length; k += 1) {
        const at = offset + k;
        const own = x[at] ?? Number.NaN;
        const plain = g[at] ?? Number.NaN;
        const decayed = plain + lambda * own;
        if (id === 'sgd' || id === 'lars') {
          u[k] = decayed;
        } else if (id === 'momentum' || id === 'nesterov') {
          m[at] = of('momentum') * (m[at] ?? 0) + decayed;
          u[k] = id === 'nesterov' ? decayed + of('momentum') * (m[at] ?? 0) : (m[at] ?? 0);
        } else {
          const along = id === 'adam' ? decayed : plain;
          m[at] = of('beta1') * (m[at] ?? 0) + (1 - of('beta1')) * along;
          v[at] = of('beta2') * (v[at] ?? 0) + (1 - of('beta2')) * along ** 2;
          const mean = (m[at] ?? 0) / (1 - of('beta1') ** this.#t);
          const square = (v[at] ?? 0) / (1 - of('beta2') ** this.#t);
          u[k] = mean / (Math.sqrt(square) + of('epsilon')) + (id === 'adam' ? 0 : lambda * own);
        }
      }
      const norm = (values: ArrayLike<number>, from: number) => {
        let sum = 0;
        for (let k = 0; k < length; k += 1) sum += (values[from + k] ?? Number.NaN) ** 2;
        return Math.sqrt(sum);
      };
      const size = norm(x, offset);
      let factor = 1;
      if (id === 'lars' && shape.length > 1 && size > 0) {
        factor = (of('trust') * size) / (norm(g, offset) + of('weightDecay') * size);
      }
      if (id === 'lamb') {
        const ratio = size > 0 && norm(u, 0) > 0 ? size / norm(u, 0) : 1;
        factor = Math.min(of('maxRatio'), Math.max(of('minRatio'), ratio));
      }
      for (let k = 0; k < length; k += 1) {
        let moved = rate * factor * (u[k] ?? Number.NaN);
        if (id === 'lars') {
          moved += of('momentum') * (m[offset + k] ?? 0);
          m[offset + k] = moved;
        }
        next[offset + k] = (x[offset + k] ?? Number.NaN) - moved;
      }
    }
    return next;
  }
}

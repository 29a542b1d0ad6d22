/**
 * Element-wise operations of optimizers on the TypeScript backend; see `Optimization`. Arithmetic in
 * double precision, rounded once, when stored; only + - * / and roots, which are exact in every engine.
 */
import { checkBounds } from '../chunks.ts';
import type { ChunkBounds, Vector } from '../compute.ts';
import type { AdaptiveStep, Optimization } from '../optimization.ts';
import { checkFactors } from '../slices.ts';
import type { Access } from './access.ts';
import type { Numbers } from './handles.ts';
import { apart } from './slices.ts';

export class CpuOptimization implements Optimization {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  secondMoment(dest: Vector, v: Vector, g: Vector, beta: number): void {
    const [to, old, gradient] = this.#three(dest, v, g);
    const keep = this.#access.round(beta);
    const take = this.#access.round(1 - beta);
    for (let k = 0; k < to.length; k++) {
      to[k] = keep * (old[k] as number) + take * (gradient[k] as number) ** 2;
    }
  }

  adaptiveStep(dest: Vector, x: Vector, m: Vector, v: Vector, step: AdaptiveStep): void {
    const [to, first, second] = this.#three(dest, m, v);
    const old = this.#access.sameLength(x, to.length);
    apart(to, first, second);
    const { round } = this.#access;
    const [c1, c2] = step.correction ?? [1, 1];
    const i1 = round(1 / c1);
    const i2 = round(1 / c2);
    const rate = round(step.rate);
    const epsilon = round(step.epsilon);
    const { weightDecay = 0 } = step;
    const decays =
      typeof weightDecay === 'number' ? { bounds: [0, to.length], factors: [weightDecay] } : weightDecay;
    checkBounds(decays.bounds, to.length);
    checkFactors(decays);
    decays.factors.forEach((factor, c) => {
      const decay = round(factor);
      const end = decays.bounds[c + 1] as number;
      for (let k = decays.bounds[c] as number; k < end; k++) {
        const held = old[k] as number;
        const scaled = ((first[k] as number) * i1) / (Math.sqrt((second[k] as number) * i2) + epsilon);
        to[k] = held - rate * (scaled + decay * held);
      }
    });
  }

  precondition(dest: Vector, m: Vector, v: Vector, epsilon: number): void {
    const [to, first, second] = this.#three(dest, m, v);
    const e = this.#access.round(epsilon);
    for (let k = 0; k < to.length; k++) {
      to[k] = (first[k] as number) / (Math.sqrt(second[k] as number) + e);
    }
  }

  unprecondition(dest: Vector, u: Vector, v: Vector, epsilon: number): void {
    const [to, scaled, second] = this.#three(dest, u, v);
    const e = this.#access.round(epsilon);
    for (let k = 0; k < to.length; k++) {
      to[k] = (scaled[k] as number) * (Math.sqrt(second[k] as number) + e);
    }
  }

  product(dest: Vector, a: Vector, b: Vector): void {
    const [to, left, right] = this.#three(dest, a, b);
    for (let k = 0; k < to.length; k++) to[k] = (left[k] as number) * (right[k] as number);
  }

  maximumRatio(a: Vector, b: Vector, bounds: ChunkBounds, epsilon: number, out: Vector, index: number): void {
    const above = this.#access.vector(a);
    const below = this.#access.sameLength(b, above.length);
    checkBounds(bounds, above.length);
    const to = this.#access.vector(out, bounds.length - 1, index);
    apart(to, above, below);
    const e = this.#access.round(epsilon);
    for (let c = 0; c + 1 < bounds.length; c++) {
      let largest = 0;
      for (let k = bounds[c] as number; k < (bounds[c + 1] as number); k++) {
        // Math.max lets NaN through.
        largest = Math.max(
          largest,
          (Math.sqrt(above[k] as number) + e) / (Math.sqrt(below[k] as number) + e),
        );
      }
      to[index + c] = largest;
    }
  }

  scaleToNorm(dest: Vector, source: Vector, maxNorm: number): void {
    const to = this.#access.vector(dest);
    const from = this.#access.sameLength(source, to.length);
    let sum = 0;
    for (let k = 0; k < from.length; k++) sum += (from[k] as number) ** 2;
    const norm = Math.sqrt(this.#access.round(sum));
    const most = this.#access.round(maxNorm);
    const factor = Number.isFinite(norm) && norm > most ? most / norm : 1;
    for (let k = 0; k < to.length; k++) to[k] = factor * (from[k] as number);
  }

  #three(dest: Vector, a: Vector, b: Vector): readonly [Numbers, Numbers, Numbers] {
    const to = this.#access.vector(dest);
    return [to, this.#access.sameLength(a, to.length), this.#access.sameLength(b, to.length)];
  }
}

/**
 * Element-wise operations of optimizers on the TypeScript backend; see `Optimization`. Arithmetic in
 * double precision, rounded once, when stored; only + - * / and roots, which are exact in every engine.
 */
import { checkBounds } from '../chunks.ts';
import type { ChunkBounds, Vector } from '../compute.ts';
import {
  type AdaptiveState,
  type AdaptiveStep,
  type ChunkRates,
  checkRates,
  type MomentumState,
  type MomentumStep,
  type Optimization,
} from '../optimization.ts';
import type { Access } from './access.ts';
import type { Numbers } from './handles.ts';
import { apart } from './slices.ts';

export class CpuOptimization implements Optimization {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  descend(dest: Vector, x: Vector, g: Vector, rates: ChunkRates): void {
    const [to, held, along] = this.#three(dest, x, g);
    apart(to, held);
    this.#eachChunk(to.length, rates, (start, end, rate, decay) => {
      for (let k = start; k < end; k++) {
        const own = held[k] as number;
        to[k] = own - rate * ((along[k] as number) + decay * own);
      }
    });
  }

  momentumStep(
    next: MomentumState,
    held: MomentumState,
    g: Vector,
    rates: ChunkRates,
    { momentum, nesterov, rate: place }: MomentumStep,
  ): void {
    const [x, oldX, oldM] = this.#three(next.x, held.x, held.m);
    const m = this.#access.sameLength(next.m, x.length);
    const along = this.#access.sameLength(g, x.length);
    for (const result of [x, m]) apart(result, oldX, oldM, along);
    apart(x, m);
    const mu = this.#access.round(momentum);
    const inside = place === 'momentum';
    this.#eachChunk(x.length, rates, (start, end, rate, decay) => {
      for (let k = start; k < end; k++) {
        const own = oldX[k] as number;
        const gradient = (along[k] as number) + decay * own;
        const pull = inside ? rate * gradient : gradient;
        m[k] = mu * (oldM[k] as number) + pull;
        const mean = m[k] as number;
        x[k] = own - (inside ? 1 : rate) * (nesterov ? pull + mu * mean : mean);
      }
    });
  }

  adaptiveStep(
    next: AdaptiveState,
    held: AdaptiveState,
    g: Vector,
    rates: ChunkRates,
    step: AdaptiveStep,
  ): void {
    const [x, m, v] = this.#three(next.x, next.m, next.v);
    const [oldX, oldM, oldV] = this.#three(held.x, held.m, held.v);
    const along = this.#access.sameLength(g, x.length);
    this.#access.sameLength(held.x, x.length);
    apart(x, m, v, oldX, oldM, oldV, along);
    apart(m, v, oldX, oldM, oldV, along);
    apart(v, oldX, oldM, oldV, along);
    const { round } = this.#access;
    const [keep1, take1] = [round(step.beta1), round(1 - step.beta1)];
    const [keep2, take2] = [round(step.beta2), round(1 - step.beta2)];
    const [i1, i2] = [round(1 / step.correction[0]), round(1 / step.correction[1])];
    const epsilon = round(step.epsilon);
    const coupled = step.decay === 'coupled';
    const moves = step.result === 'step';
    this.#eachChunk(x.length, rates, (start, end, rate, decay) => {
      for (let k = start; k < end; k++) {
        const own = oldX[k] as number;
        const pull = (along[k] as number) + (coupled ? decay * own : 0);
        m[k] = keep1 * (oldM[k] as number) + take1 * pull;
        v[k] = keep2 * (oldV[k] as number) + take2 * pull ** 2;
        const scaled = ((m[k] as number) * i1) / (Math.sqrt((v[k] as number) * i2) + epsilon);
        const u = coupled ? scaled : scaled + decay * own;
        x[k] = moves ? own - rate * u : u;
      }
    });
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

  #eachChunk(
    length: number,
    given: ChunkRates,
    visit: (start: number, end: number, rate: number, decay: number) => void,
  ): void {
    const { bounds, rates, decays } = given;
    checkBounds(bounds, length);
    checkRates(given);
    const { round } = this.#access;
    rates.forEach((rate, c) => {
      visit(bounds[c] as number, bounds[c + 1] as number, round(rate), round(decays[c] as number));
    });
  }

  #three(dest: Vector, a: Vector, b: Vector): readonly [Numbers, Numbers, Numbers] {
    const to = this.#access.vector(dest);
    return [to, this.#access.sameLength(a, to.length), this.#access.sameLength(b, to.length)];
  }
}

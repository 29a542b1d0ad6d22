/**
 * Activation functions on the TypeScript backend; see `Activation`.
 *
 * Both tanh and GELU are made from the logistic function σ(z) = 1 / (1 + e^-z): tanh z = 2 σ(2z) - 1, and
 * (1 + tanh u) / 2 = σ(2u). Far out, where σ has long reached its limit, its argument is held, so that no
 * infinity meets a zero.
 */
import type { Activation, ActivationKind } from '../activation.ts';
import type { Vector } from '../compute.ts';
import type { Access } from './access.ts';
import { exp } from './exponential.ts';
import type { Numbers } from './handles.ts';
import { apart } from './slices.ts';

/** √(8/π), twice the factor in GELU's tanh. */
const GELU_SLOPE = 1.5957691216057308;
const GELU_CUBE = 0.044715;

export class CpuActivation implements Activation {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  apply(kind: ActivationKind, count: number, x: Vector, y: Vector): void {
    const input = this.#access.vector(x, count);
    const output = this.#access.vector(y, count);
    apart(output, input);
    FUNCTIONS[kind](count, input, output);
  }

  gradient(kind: ActivationKind, count: number, x: Vector, dy: Vector, dx: Vector): void {
    const input = this.#access.vector(x, count);
    const delta = this.#access.vector(dy, count);
    const output = this.#access.vector(dx, count);
    apart(output, input, delta);
    SLOPES[kind](count, input, delta, output);
  }
}

const FUNCTIONS: Record<ActivationKind, (count: number, x: Numbers, y: Numbers) => void> = {
  relu(count, x, y) {
    for (let k = 0; k < count; k++) y[k] = Math.max(0, x[k] as number);
  },
  tanh(count, x, y) {
    for (let k = 0; k < count; k++) y[k] = tanh(x[k] as number);
  },
  gelu(count, x, y) {
    for (let k = 0; k < count; k++) {
      const value = x[k] as number;
      const near = Math.max(-10, Math.min(10, value));
      y[k] = Math.max(-10, value) * logistic(GELU_SLOPE * (near + GELU_CUBE * near * near * near));
    }
  },
};

const SLOPES: Record<ActivationKind, (count: number, x: Numbers, dy: Numbers, dx: Numbers) => void> = {
  relu(count, x, dy, dx) {
    for (let k = 0; k < count; k++) dx[k] = (x[k] as number) > 0 ? (dy[k] as number) : 0;
  },
  tanh(count, x, dy, dx) {
    for (let k = 0; k < count; k++) {
      const y = tanh(x[k] as number);
      dx[k] = (dy[k] as number) * (1 - y * y);
    }
  },
  gelu(count, x, dy, dx) {
    for (let k = 0; k < count; k++) {
      const value = Math.max(-10, Math.min(10, x[k] as number));
      const square = value * value;
      const share = logistic(GELU_SLOPE * (value + GELU_CUBE * square * value));
      const inner = GELU_SLOPE * (1 + 3 * GELU_CUBE * square);
      dx[k] = (dy[k] as number) * (share + value * share * (1 - share) * inner);
    }
  },
};

function logistic(z: number): number {
  return 1 / (1 + exp(-z));
}

/** Odd, and for small arguments a series, where 1 - 2 / (e^2z + 1) would cancel. */
function tanh(z: number): number {
  const size = Math.abs(z);
  if (size < 0.02) {
    const square = z * z;
    return z * (1 - square * (1 / 3 - square * (2 / 15 - square * (17 / 315 - square * (62 / 2835)))));
  }
  const value = 1 - 2 / (exp(2 * size) + 1);
  return z < 0 ? -value : value;
}

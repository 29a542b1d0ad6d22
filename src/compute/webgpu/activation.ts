/** Activation functions on the device: how they are cut into dispatches; the arithmetic is in `shaders/`. */
import activation from '../../../shaders/activation.wgsl?raw';
import type { Activation, ActivationKind } from '../activation.ts';
import type { Vector } from '../compute.ts';
import { type Access, apart } from './access.ts';
import type { KernelSource } from './kernels.ts';

export const ACTIVATION_KERNELS = {
  activationApply: { code: activation, entry: 'apply', storage: 'rw' },
  activationSlope: { code: activation, entry: 'slope', storage: 'rrw' },
} satisfies Record<string, KernelSource>;

/** Numbers of the kinds in the shader. */
const KINDS: Record<ActivationKind, number> = { relu: 0, tanh: 1, gelu: 2 };

export class ActivationOperations implements Activation {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  apply(kind: ActivationKind, count: number, x: Vector, y: Vector): void {
    const { kernels, recorder } = this.#access;
    const input = this.#access.vector(x, count);
    const output = this.#access.vector(y, count);
    apart(output, input);
    recorder.run(kernels.activationApply, [input, output], Math.ceil(count / 256), [count, KINDS[kind]]);
  }

  gradient(kind: ActivationKind, count: number, x: Vector, dy: Vector, dx: Vector): void {
    const { kernels, recorder } = this.#access;
    const input = this.#access.vector(x, count);
    const delta = this.#access.vector(dy, count);
    const output = this.#access.vector(dx, count);
    apart(output, input, delta);
    const arrays = [input, delta, output];
    recorder.run(kernels.activationSlope, arrays, Math.ceil(count / 256), [count, KINDS[kind]]);
  }
}

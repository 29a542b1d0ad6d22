/** Causal attention on the device: how it is cut into dispatches; the arithmetic is in `shaders/`. */
import attention from '../../../shaders/attention.wgsl?raw';
import { type Attention, type AttentionShape, headSize } from '../attention.ts';
import type { Vector } from '../compute.ts';
import { type Access, apart } from './access.ts';
import type { KernelSource } from './kernels.ts';

export const ATTENTION_KERNELS = {
  attentionForward: { code: attention, entry: 'forward', storage: 'rww' },
  attentionQuerySlope: { code: attention, entry: 'querySlope', storage: 'rrwrw' },
  attentionKeySlope: { code: attention, entry: 'keySlope', storage: 'rrwrw' },
} satisfies Record<string, KernelSource>;

export class AttentionOperations implements Attention {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  forward(shape: AttentionShape, qkv: Vector, out: Vector, stats: Vector): void {
    const { kernels, recorder } = this.#access;
    const places = shape.windows * shape.context;
    const input = this.#access.vector(qkv, 3 * places * shape.width);
    const output = this.#access.vector(out, places * shape.width);
    const kept = this.#access.vector(stats, 2 * places * shape.heads);
    apart(output, input, kept);
    apart(kept, input);
    const { workgroups, integers, scale } = cut(shape);
    recorder.run(kernels.attentionForward, [input, output, kept], workgroups, integers, [scale]);
  }

  backward(shape: AttentionShape, qkv: Vector, out: Vector, stats: Vector, dOut: Vector, dQkv: Vector): void {
    const { kernels, recorder } = this.#access;
    const places = shape.windows * shape.context;
    const input = this.#access.vector(qkv, 3 * places * shape.width);
    const output = this.#access.vector(out, places * shape.width);
    const kept = this.#access.vector(stats, 2 * places * shape.heads);
    const delta = this.#access.vector(dOut, places * shape.width);
    const slope = this.#access.vector(dQkv, 3 * places * shape.width);
    apart(slope, input, output, kept, delta);
    apart(kept, input, output, delta);
    const { workgroups, integers, scale } = cut(shape);
    const arrays = [input, output, kept, delta, slope];
    recorder.run(kernels.attentionQuerySlope, arrays, workgroups, integers, [scale]);
    recorder.run(kernels.attentionKeySlope, arrays, workgroups, integers, [scale]);
  }
}

/** One invocation for each pair of places and block of up to four vec4 of a head. */
function cut(shape: AttentionShape): { workgroups: number; integers: number[]; scale: number } {
  const { windows, context, heads } = shape;
  const size = headSize(shape);
  const invocations = windows * Math.ceil(context / 2) * heads * Math.ceil(size / 16);
  return {
    workgroups: Math.ceil(invocations / 64),
    integers: [windows, context, heads, size / 4],
    scale: 1 / Math.sqrt(size),
  };
}

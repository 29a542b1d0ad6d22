/**
 * The workgroup-tiled family of matrix products: how a product is cut into tiles of 64 x 64 and, where those
 * are few, along k as well. The arithmetic is in `shaders/multiply-tiled.wgsl`.
 */
import multiplyTiled from '../../../shaders/multiply-tiled.wgsl?raw';
import type { Access, ArraySlice } from './access.ts';
import type { KernelSource } from './kernels.ts';
import type { DenseFamily } from './layers.ts';
import type { DeviceArray } from './memory.ts';
import { Scratch } from './scratch.ts';

export const TILED_KERNELS = {
  tiledProduct: { code: multiplyTiled, entry: 'tiles', storage: 'rrrw' },
  tiledTotal: { code: multiplyTiled, entry: 'total', storage: 'rrrw' },
} satisfies Record<string, KernelSource>;

const TILE = 64;
/** Steps of k that are in workgroup memory at once. */
const STEPS = 16;
/** A split has at least so many steps of k: fewer cost more in sums to add than they gain. */
const LEAST_STEPS = 64;
/** Workgroups that keep a large adapter busy; k is split until there are about so many. */
const WORKGROUPS = 128;
/** Most numbers of partial sums. 16 MiB. */
const MOST_PARTIALS = 4_194_304;

export interface TiledProduct {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** What becomes of a sum; see the shader. `extra` is the bias, or the numbers that mask. */
export type Ending =
  | { readonly kind: 'linear'; readonly alpha: number; readonly beta: number }
  | { readonly kind: 'dense'; readonly bias: ArraySlice; readonly relu: boolean }
  | { readonly kind: 'masked'; readonly mask: DeviceArray };

/** Into how many runs k is cut, and the steps of each, a multiple of 16. It follows from the shape alone. */
export function splitOf({ m, k, n }: TiledProduct): { readonly splits: number; readonly steps: number } {
  const tiles = Math.ceil(m / TILE) * Math.ceil(n / TILE);
  const most = Math.min(WORKGROUPS / tiles, k / LEAST_STEPS, MOST_PARTIALS / (m * n));
  const steps = Math.max(1, Math.ceil(k / Math.max(1, Math.floor(most)) / STEPS)) * STEPS;
  return { splits: Math.max(1, Math.ceil(k / steps)), steps };
}

export class TiledProducts {
  readonly #access: Access;
  readonly #partials: Scratch;

  constructor(access: Access) {
    this.#access = access;
    this.#partials = new Scratch(access);
  }

  /** Gives the scratch back; it comes again with the next product that wants it. */
  free(): void {
    this.#partials.free();
  }

  /** dest = ending(op(a) op(b)); operands have been checked, and none of them is dest's array. */
  run(shape: TiledProduct, a: ArraySlice, b: ArraySlice, dest: ArraySlice, ending: Ending): void {
    const { m, k, n, transposeA, transposeB } = shape;
    const { kernels, recorder } = this.#access;
    const { splits, steps } = splitOf(shape);
    const byFours = (length: number, { offset }: ArraySlice) => length % 4 === 0 && offset % 4 === 0;
    const fours = (byFours(transposeA ? m : k, a) ? 1 : 0) + (byFours(transposeB ? k : n, b) ? 2 : 0);
    const turned = [transposeA ? 1 : 0, transposeB ? 1 : 0, fours];
    const { extra, fields, floats } = endingOf(ending, a.array);
    const integers = [m, k, n, a.offset, b.offset, dest.offset, ...turned, splits, steps, ...fields];
    const workgroups = Math.ceil(m / TILE) * Math.ceil(n / TILE) * splits;
    const to = splits === 1 ? dest.array : this.#partials.of(splits * m * n);
    recorder.run(kernels.tiledProduct, [a.array, b.array, extra, to], workgroups, integers, floats);
    if (splits === 1) return;
    const arrays = [to, to, ending.kind === 'linear' ? to : extra, dest.array];
    recorder.run(kernels.tiledTotal, arrays, Math.ceil((m * n) / 64), integers, floats);
  }
}

/** The shader's fields for an ending; `spare` is bound where it takes nothing more. */
function endingOf(ending: Ending, spare: DeviceArray) {
  switch (ending.kind) {
    case 'linear':
      return { extra: spare, fields: [0, 0, 0], floats: [ending.alpha, ending.beta] };
    case 'dense':
      return { extra: ending.bias.array, fields: [1, ending.bias.offset, ending.relu ? 1 : 0], floats: [] };
    case 'masked':
      return { extra: ending.mask, fields: [2, 0, 0], floats: [] };
  }
}

const whole = (array: DeviceArray): ArraySlice => ({ array, offset: 0 });

export function tiledDense(products: TiledProducts): DenseFamily {
  return {
    forward({ batch, inputs, outputs }, x, weight, bias, y, relu) {
      const shape = { m: batch, k: inputs, n: outputs, transposeA: false, transposeB: true };
      products.run(shape, whole(x), weight, whole(y), { kind: 'dense', bias, relu });
    },
    weightGradient({ batch, inputs, outputs }, x, dy, dWeight) {
      const shape = { m: outputs, k: batch, n: inputs, transposeA: true, transposeB: false };
      products.run(shape, whole(dy), whole(x), dWeight, { kind: 'linear', alpha: 1, beta: 0 });
    },
    inputGradient({ batch, inputs, outputs }, dy, weight, x, dx) {
      const shape = { m: batch, k: outputs, n: inputs, transposeA: false, transposeB: false };
      products.run(shape, whole(dy), weight, whole(dx), { kind: 'masked', mask: x });
    },
  };
}

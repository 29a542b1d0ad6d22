/**
 * Layers of a model as algorithms weigh them: every tensor is one. Norms are read back, one number for each
 * tensor and vector, in a single small read.
 */
import type { Layout } from '../base/layout.ts';
import type { Vector } from '../compute/compute.ts';
import type { Node } from './algorithm.ts';

/** Where each tensor begins, and d at the end. */
export function layerBounds({ tensors }: Layout): readonly number[] {
  return [0, ...tensors.map(({ offset, length }) => offset + length)];
}

/** ‖v_l‖ for every tensor l of each vector. */
export async function layerNorms(
  node: Node,
  vectors: readonly Vector[],
): Promise<readonly (readonly number[])[]> {
  const { compute, layout } = node;
  const bounds = layerBounds(layout);
  const count = layout.tensors.length;
  const out = node.scratch(`norms of ${vectors.length}`, count * vectors.length);
  for (const [at, vector] of vectors.entries()) {
    compute.slices.chunkNorms(vector, bounds, 'sum-squares', out, at * count);
  }
  const squares = await compute.read(out);
  return vectors.map((_, at) => Array.from(squares.subarray(at * count, (at + 1) * count), Math.sqrt));
}

/** next ← x − rate_l · direction, on every worker alike. `next` must be neither. */
export function stepLayers(
  node: Node,
  x: Vector,
  direction: Vector,
  rates: readonly number[],
  next: Vector,
): void {
  const { compute, layout } = node;
  compute.slices.addScaledChunks(next, direction, layerBounds(layout), rates, 'set');
  compute.linear(next, [
    [1, x],
    [-1, next],
  ]);
}

/** clip(‖x_l‖ / ‖u_l‖, least, most) for every layer; 1 where a norm is 0. LAMB, arXiv 1904.00962. */
export function trustRatios(
  sizes: readonly number[],
  steps: readonly number[],
  least: number,
  most: number,
): readonly number[] {
  return sizes.map((size, l) => {
    const step = steps[l] ?? 0;
    return size === 0 || step === 0 ? 1 : Math.min(most, Math.max(least, size / step));
  });
}

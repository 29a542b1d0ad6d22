/**
 * Cutting a model into n parts, one for each worker: part j is everybody's business, worker j's duty.
 *
 * Parts differ in size by at most one coordinate, larger first, so nothing is padded and no padding can
 * enter a scale or a residual. A part's layout is what the parts of tensors in it look like, so that
 * compressors with a scale for each tensor go on making sense.
 */
import type { Layout, Tensor } from '../../base/layout.ts';

/** A run of coordinates of the whole. */
export interface Part {
  readonly offset: number;
  readonly length: number;
  readonly layout: Layout;
}

const known = new WeakMap<Layout, Map<number, readonly Part[]>>();

/** The n parts of a layout, in the order of their owners' ranks; some are empty if n > d. */
export function partsOf(layout: Layout, n: number): readonly Part[] {
  let bySize = known.get(layout);
  if (bySize === undefined) {
    bySize = new Map();
    known.set(layout, bySize);
  }
  let parts = bySize.get(n);
  if (parts === undefined) {
    parts = Array.from({ length: n }, (_, index) => {
      const small = Math.floor(layout.length / n);
      const larger = layout.length % n;
      const offset = index * small + Math.min(index, larger);
      const length = small + (index < larger ? 1 : 0);
      return { offset, length, layout: cut(layout, offset, length) };
    });
    bySize.set(n, parts);
  }
  return parts;
}

/** A tensor that is cut keeps its row length (fan-in) if whole rows remain, else it counts as a vector. */
function cut(layout: Layout, offset: number, length: number): Layout {
  const tensors: Tensor[] = [];
  for (const tensor of layout.tensors) {
    const start = Math.max(offset, tensor.offset);
    const end = Math.min(offset + length, tensor.offset + tensor.length);
    if (start >= end) continue;
    const whole = start === tensor.offset && end === tensor.offset + tensor.length;
    const shape = whole ? tensor.shape : [end - start];
    tensors.push({ name: tensor.name, shape, offset: start - offset, length: end - start });
  }
  return { tensors, length };
}

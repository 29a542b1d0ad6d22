/**
 * `top-k`: the k coordinates of largest magnitude, exactly; all others count as zero.
 *
 * Stich, Cordonnier and Jaggi, "Sparsified SGD with memory", 2018 (arXiv 1809.07599). A contraction with
 * δ >= k/d. Ties go to the lower index, so that every device picks the same set; NaN counts as the largest
 * magnitude, so that a diverged vector is refused by its receivers instead of passing for a finite one.
 *
 * Message: k indices (u32, strictly ascending), then k values (f32) in the same order: 8k bytes. Indices
 * are sent whole; ⌈log2 d⌉ bits each would do, at the price of a bit unpacker in every kernel.
 */
import type { CompressorEntry } from './compressor.ts';
import { keptCount, PairsCodec, SPARSE_OPTIONS } from './sparse.ts';

const ID = 'top-k';

export const topK: CompressorEntry = {
  id: ID,
  wire: 3,
  label: 'top-k',
  description: 'Only the numbers of largest magnitude, with their places.',
  class: 'contraction',
  options: SPARSE_OPTIONS,
  bytes: (layout, options) => 8 * keptCount(layout.length, options),
  create(compute, layout, options) {
    const k = keptCount(layout.length, options);
    return new PairsCodec(ID, compute, layout.length, k, (source) => compute.topK(source, k));
  },
};

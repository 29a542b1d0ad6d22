/**
 * `ms-top-k`: nearly the k coordinates of largest magnitude, found by counting over thresholds.
 *
 * MSTopK of Shi et al., "Towards scalable distributed training of deep learning on public cloud clusters",
 * 2020 (arXiv 2010.10458): thirty bisection steps leave a threshold that k1 <= k coordinates reach, and a
 * lower one that more than k do; what is missing is taken from between the two, as a run of neighbours that
 * starts where the message's key says. A contraction; close to top-k's, and with δ >= 1/d whatever the
 * vector. Differences from the paper: where fewer than k coordinates reach the mean magnitude, below which
 * its thresholds never go, and where one is not finite, the exact top-k is sent.
 *
 * Message: as of top-k, 8k bytes.
 */
import type { CompressorEntry } from './compressor.ts';
import { drawSeed } from './random-indices.ts';
import { keptCount, PairsCodec, SPARSE_OPTIONS } from './sparse.ts';

const ID = 'ms-top-k';

export const msTopK: CompressorEntry = {
  id: ID,
  wire: 13,
  label: 'multi-sampling top-k',
  description: 'Nearly the numbers of largest magnitude, found by counting alone, with their places.',
  class: 'contraction',
  options: SPARSE_OPTIONS,
  bytes: (layout, options) => 8 * keptCount(layout.length, options),
  create(compute, layout, options) {
    const k = keptCount(layout.length, options);
    return new PairsCodec(ID, compute, layout.length, k, (source, message, key) => {
      compute.sparsification.approximateTopK(source, k, drawSeed(key), message);
      return compute.readWords(message);
    });
  },
};

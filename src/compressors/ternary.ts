/**
 * `ternary`: plus, minus or zero for every coordinate, and one scale a chunk.
 *
 * The compressor of the authors' code of DoubleSqueeze (Tang et al. 2019, arXiv 1905.05957): chunk v_c becomes
 * s · sgn(v_c), with sgn(0) = 0 and s = ‖v_c‖2 / √n, n being how many of its entries are not 0. It keeps
 * the norm, and for sparse vectors the zeros; as with `one-bit` and the scale l2 the error may exceed ‖v‖,
 * so it is neither unbiased nor a contraction. Subnormal numbers count as 0.
 *
 * Message of m chunks: m f32 scales, then two planes of ⌈d/32⌉ words: bit k & 31 of word k >> 5 is set in the
 * first where v_k > 0, in the second where v_k < 0; never in both.
 */
import { chunkBounds, chunkOptions } from './chunks.ts';
import type { CompressorEntry } from './compressor.ts';
import { LevelCodec, type LevelFormat, messageWords } from './level-codec.ts';

const FORMAT: LevelFormat = {
  id: 'ternary',
  fields: 1,
  statistic: 'scale',
  bits: 2,
  form: 'planes',
  levels: 3,
  draws: false,
  encode({ compute, source, bounds, message, offset }) {
    compute.quantization.chunkNorms(source, bounds, 'rms-nonzero', message, 0);
    compute.quantization.packTernary(source, message, offset);
  },
  decode([scale = 0], levels) {
    levels.set([0, scale, -scale]);
    return true;
  },
};

export const ternary: CompressorEntry = {
  id: FORMAT.id,
  wire: 5,
  label: 'ternary',
  description: 'Plus, minus or zero for every number, and one scale for each block or tensor.',
  class: 'neither',
  options: chunkOptions(32),
  bytes: (layout, options) => 4 * messageWords(FORMAT, layout.length, chunkBounds(layout, options)),
  create: (compute, layout, options) =>
    new LevelCodec(FORMAT, compute, layout.length, chunkBounds(layout, options)),
};

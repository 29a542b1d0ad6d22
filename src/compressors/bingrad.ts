/**
 * `bingrad`: one bit a coordinate, between the two levels of least squared error of its chunk.
 *
 * BinGrad-b (Xu, Huo, Huang: "Optimal gradient quantization condition ...", 2020, arXiv 2002.11082): Lloyd's
 * method with two levels. From the threshold θ = mean(v), five times over: b0 = mean of the numbers below
 * θ, b1 = mean of the others, θ = (b0 + b1) / 2; then every number goes to the nearer level. Biased and
 * deterministic; no step raises the error, so it is at most that of the first split, which makes a
 * contraction with δ_c >= 1 / d_c.
 *
 * Message of m chunks: b0 and b1 of every chunk (f32), then ⌈d/32⌉ words of bits, set where b1 is nearer.
 */
import { chunkBounds, chunkOptions } from './chunks.ts';
import type { CompressorEntry } from './compressor.ts';
import { LevelCodec, type LevelFormat, messageWords } from './level-codec.ts';

const ITERATIONS = 5;

const FORMAT: LevelFormat = {
  id: 'bingrad',
  fields: 2,
  statistic: 'level',
  bits: 1,
  form: 'stream',
  levels: 2,
  draws: false,
  encode({ compute, source, bounds, message, offset }) {
    compute.quantization.chunkPairs(source, bounds, 'mean', ITERATIONS, message, 0);
    compute.quantization.packCodes(source, bounds, { kind: 'nearest' }, null, message, offset);
  },
  decode(statistics, levels) {
    levels.set(statistics);
    return true;
  },
};

export const binGrad: CompressorEntry = {
  id: FORMAT.id,
  wire: 7,
  label: 'BinGrad',
  description: 'One bit for every number: the nearer of the two values that fit its block best.',
  class: 'contraction',
  options: chunkOptions(32),
  bytes: (layout, options) => 4 * messageWords(FORMAT, layout.length, chunkBounds(layout, options)),
  create: (compute, layout, options) =>
    new LevelCodec(FORMAT, compute, layout.length, chunkBounds(layout, options)),
};

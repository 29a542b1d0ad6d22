/**
 * `min-max-8`: eight bits a coordinate on a grid of 256 values that spans its chunk and contains 0.
 *
 * MinMaxUInt8 of BAGUA's ByteGrad and QAdam (Gan et al. 2021, arXiv 2107.01499): s = 255 / (max - min + 1e-7),
 * U = rint(max · s), L = U - 255; q = min(rint(v · s), U) - L; decoded as (q + L) / s. Deterministic, biased;
 * no number moves by more than its own magnitude, but a chunk whose numbers are all far below 1e-7 is lost
 * as a whole, hence no contraction in the strict sense. Differences from BAGUA: q is held to 0..255 (with
 * a symmetric range rint(min · s) may lie 256 below U, and -1 would come out as +max), and a chunk of
 * equal numbers is exact. A range beyond the largest f32 is refused on receipt.
 *
 * Message of m chunks: min and max of every chunk (f32), then d bytes, padded to whole words.
 */
import { chunkBounds, chunkOptions } from './chunks.ts';
import type { CompressorEntry } from './compressor.ts';
import { LevelCodec, type LevelFormat, messageWords } from './level-codec.ts';

const round = Math.fround;
const TOP = 255;

const FORMAT: LevelFormat = {
  id: 'min-max-8',
  fields: 2,
  statistic: 'range',
  bits: 8,
  form: 'stream',
  levels: TOP + 1,
  draws: false,
  encode({ compute, source, bounds, message, offset }) {
    compute.quantization.chunkRanges(source, bounds, message, 0);
    compute.quantization.packCodes(source, bounds, { kind: 'min-max' }, null, message, offset);
  },
  decode([least = 0, greatest = 0], levels) {
    const range = round(greatest - least);
    if (!Number.isFinite(range)) return false;
    if (!(range > 0)) {
      levels.fill(least);
      return true;
    }
    // Rounded step by step as the encoder's: another last bit here could shift the whole grid.
    const scale = round(TOP / round(range + round(1e-7)));
    const lower = round(nearestEven(round(greatest * scale)) - TOP);
    for (let q = 0; q <= TOP; q++) levels[q] = held((q + lower) / scale);
    return true;
  },
};

const LARGEST = 3.4028234663852886e38;
const held = (value: number) => Math.min(Math.max(value, -LARGEST), LARGEST);

function nearestEven(x: number): number {
  const floor = Math.floor(x);
  const fraction = x - floor;
  if (fraction !== 0.5) return fraction < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

export const minMax8: CompressorEntry = {
  id: FORMAT.id,
  wire: 10,
  label: '8 bits',
  description: 'Every number as one of 256 values between the least and the greatest of its block or tensor.',
  class: 'neither',
  options: chunkOptions(256),
  bytes: (layout, options) => 4 * messageWords(FORMAT, layout.length, chunkBounds(layout, options)),
  create: (compute, layout, options) =>
    new LevelCodec(FORMAT, compute, layout.length, chunkBounds(layout, options)),
};

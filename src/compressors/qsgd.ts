/**
 * `qsgd`: sign and magnitude, the magnitude randomly rounded to a multiple of 1/s of its bucket's norm.
 *
 * Q_s of Alistarh et al., "QSGD: communication-efficient SGD via gradient quantization and encoding", 2017
 * (arXiv 1610.02132): with N = ‖v‖2 of the bucket and x = s |v_k| / N, the number becomes N sgn(v_k) l / s,
 * l being ⌊x⌋, or one more with probability x - ⌊x⌋. Unbiased, α² <= min(d/s², √d/s) for a bucket of d.
 * Difference from the paper: codes of a fixed length instead of Elias's, so that sizes are known.
 *
 * Message of m buckets: m f32 norms, then codes of ⌈log2(s + 1)⌉ + 1 bits: l, and above it the sign, set
 * where negative. A zero has no sign; one that is set says nothing. l beyond s is refused.
 */
import { numberOption, type Options } from '../base/options.ts';
import { codeShape } from '../compute/quantization.ts';
import { blockBounds, longest } from './chunks.ts';
import type { CompressorEntry } from './compressor.ts';
import { LevelCodec, type LevelFormat, messageWords } from './level-codec.ts';

const ID = 'qsgd';

export const qsgd: CompressorEntry = {
  id: ID,
  wire: 9,
  label: 'QSGD',
  description: 'Sign and size of every number, the size rounded at random to a few steps; right on average.',
  class: 'unbiased',
  options: {
    levels: {
      kind: 'number',
      label: 'steps',
      help: 'Steps from zero to the norm of a bucket; one less than a power of two wastes no bits.',
      default: 7,
      min: 1,
      max: 127,
      integer: true,
    },
    bucket: {
      kind: 'number',
      label: 'bucket size',
      help: 'Coordinates that share a norm; smaller is more exact and costs 4 bytes a bucket.',
      default: 512,
      min: 128,
      max: 65536,
      integer: true,
    },
  },
  bytes: (layout, options) =>
    4 * messageWords(formatOf(options), layout.length, buckets(layout.length, options)),
  noise({ length }, options) {
    const d = longest(buckets(length, options));
    const s = numberOption(options, 'levels');
    return Math.min(d / s ** 2, Math.sqrt(d) / s);
  },
  create: (compute, { length }, options) =>
    new LevelCodec(formatOf(options), compute, length, buckets(length, options)),
};

const buckets = (length: number, options: Options) => blockBounds(length, numberOption(options, 'bucket'));

function formatOf(options: Options): LevelFormat {
  const steps = numberOption(options, 'levels');
  const rule = { kind: 'signed', levels: steps } as const;
  const { bits } = codeShape(rule);
  const sign = 2 ** (bits - 1);
  return {
    id: ID,
    fields: 1,
    statistic: 'norm',
    bits,
    form: 'stream',
    levels: 2 * steps + 1,
    valid: (code) => code % sign <= steps,
    draws: true,
    encode({ compute, source, bounds, message, offset, random }) {
      compute.quantization.chunkNorms(source, bounds, 'norm', message, 0);
      compute.quantization.packCodes(source, bounds, rule, random, message, offset);
    },
    decode([norm = 0], levels) {
      for (let l = 0; l <= steps; l++) {
        levels[l] = (norm * l) / steps;
        levels[sign + l] = (-norm * l) / steps;
      }
      return true;
    },
  };
}

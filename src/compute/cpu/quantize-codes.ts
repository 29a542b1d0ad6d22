/**
 * Numbers to codes and back on the TypeScript backend. Every step is rounded to single precision in the
 * order of `shaders/quantize-pack.wgsl`, so that the same statistics and draws give the same codes.
 */
import type { ChunkBounds, WriteMode } from '../compute.ts';
import { type CodedWords, type CodeRule, codeShape, codeWords } from '../quantization.ts';
import type { Numbers } from './handles.ts';

type Singles = Float32Array<ArrayBuffer>;
type Words = Uint32Array<ArrayBuffer>;

const round = Math.fround;
const LARGEST = 3.4028234663852886e38;
const SMALLEST_NORMAL = 2 ** -126;

/** a / b for a, b > 0 as the kernel has it: rounded once, at most the largest number, else 0 if subnormal. */
function quotient(a: number, b: number): number {
  const value = Math.min(round(a / b), LARGEST);
  return value < SMALLEST_NORMAL ? 0 : value;
}

/** x >= 0 to ⌊x⌋, or one more where the draw lies below the fraction; at most `top`. */
function roundRandomly(x: number, draw: number, top: number): number {
  const floor = Math.floor(x);
  return Math.min(floor + (draw < x - floor ? 1 : 0), top);
}

/** To the nearest whole number, ties to even. */
function rint(x: number): number {
  const floor = Math.floor(x);
  const fraction = x - floor;
  if (fraction !== 0.5) return fraction < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

type Encoder = (value: number, draw: number) => number;

/** How numbers of a chunk with these statistics are encoded; draws are in [0, 1). */
function encoderOf(rule: CodeRule, statistics: Singles): Encoder {
  const [first = 0, second = 0] = statistics;
  switch (rule.kind) {
    case 'uniform': {
      const top = rule.levels - 1;
      const perStep = second > first ? quotient(top, round(second - first)) : 0;
      return (value, draw) => roundRandomly(round(Math.max(0, round(value - first)) * perStep), draw, top);
    }
    case 'min-max': {
      if (!(second > first)) return () => 0;
      const scale = quotient(255, round(round(second - first) + round(1e-7)));
      const upper = rint(round(second * scale));
      const lower = round(upper - 255);
      return (value) =>
        Math.min(Math.max(round(Math.min(rint(round(value * scale)), upper) - lower), 0), 255);
    }
    case 'signed': {
      const perNorm = first > 0 ? quotient(rule.levels, first) : 0;
      const sign = 1 << (codeShape(rule).bits - 1);
      return (value, draw) => {
        const level = roundRandomly(round(Math.abs(value) * perNorm), draw, rule.levels);
        return value < 0 && level > 0 ? level | sign : level;
      };
    }
    case 'levels':
      return (value, draw) => {
        let code = 0;
        while (code + 2 < rule.levels && value >= (statistics[code + 1] as number)) code++;
        const low = statistics[code] as number;
        const gap = round((statistics[code + 1] as number) - low);
        return round(draw * gap) < round(value - low) ? code + 1 : code;
      };
    case 'nearest': {
      const threshold = round(round(first + second) * 0.5);
      return (value) => (value >= threshold ? 1 : 0);
    }
  }
}

export function packCodes(
  source: Singles,
  bounds: ChunkBounds,
  rule: CodeRule,
  random: Words | null,
  out: Words,
  offset: number,
): void {
  const { fields, bits } = codeShape(rule);
  const floats = new Float32Array(out.buffer, out.byteOffset, out.length);
  out.fill(0, offset, offset + codeWords(source.length, bits));
  for (let c = 0; c + 1 < bounds.length; c++) {
    const encode = encoderOf(rule, floats.subarray(c * fields, (c + 1) * fields));
    const end = bounds[c + 1] as number;
    for (let k = bounds[c] as number; k < end; k++) {
      const draw = random === null ? 0 : ((random[k] as number) >>> 8) * 2 ** -24;
      const code = encode(source[k] as number, draw);
      const word = offset + ((k * bits) >>> 5);
      const shift = (k * bits) & 31;
      out[word] = (out[word] as number) | (code << shift);
      if (shift + bits > 32) out[word + 1] = code >>> (32 - shift);
    }
  }
}

export function packTernary(source: Singles, out: Words, offset: number): void {
  const plane = Math.ceil(source.length / 32);
  out.fill(0, offset, offset + 2 * plane);
  for (let k = 0; k < source.length; k++) {
    const value = source[k] as number;
    if (!(Math.abs(value) >= SMALLEST_NORMAL)) continue;
    const word = offset + (k >>> 5) + (value > 0 ? 0 : plane);
    out[word] = (out[word] as number) | (1 << (k & 31));
  }
}

export function unpackLevels(
  source: Words,
  bounds: ChunkBounds,
  { row, bits, offset, form }: CodedWords,
  dest: Numbers,
  mode: WriteMode,
): void {
  const table = new Float32Array(source.buffer, source.byteOffset, source.length);
  const mask = 2 ** bits - 1;
  const plane = Math.ceil(dest.length / 32);
  const streamed = (k: number) => {
    const word = offset + ((k * bits) >>> 5);
    const shift = (k * bits) & 31;
    const next = shift + bits > 32 ? (source[word + 1] as number) << (32 - shift) : 0;
    return (((source[word] as number) >>> shift) | next) & mask;
  };
  const planar = (k: number) => {
    const word = offset + (k >>> 5);
    const [one, two] = [source[word] as number, source[word + plane] as number];
    return ((one >>> (k & 31)) & 1) + 2 * ((two >>> (k & 31)) & 1);
  };
  const codeAt = form === 'stream' ? streamed : planar;
  for (let c = 0; c + 1 < bounds.length; c++) {
    const end = bounds[c + 1] as number;
    for (let k = bounds[c] as number; k < end; k++) {
      const value = table[c * row + codeAt(k)] as number;
      dest[k] = mode === 'set' ? value : (dest[k] as number) + value;
    }
  }
}

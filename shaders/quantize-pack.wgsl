// Numbers to codes: the code of number k, `bits` bits long, begins at bit k · bits of the words from
// `codesOffset` of out, least significant bit first. Padding bits are 0. u = (random_k >> 8) / 2^24.
//   uniform  of (min, max): randomly rounded (v - min) · top / (max - min), top = count
//   min-max  of (min, max): rint(v · s) - rint(max · s) + 255 held to 0..255, s = 255 / (max - min + 1e-7)
//   signed   of a norm N:   randomly rounded s · |v| / N, s = count; the sign as the highest bit, where not 0
//   levels   of count levels: the one below v, or the next if u · (next - below) < v - below
//   nearest  of (b0, b1):   1 if v >= (b0 + b1) / 2
//
// Shapes: source[length] f32, read as bits; chunk c is [bounds[c], bounds[c + 1]), bounds at `listOffset` of
// the list buffer; the statistics of chunk c begin at word c · fields of out. This dispatch encodes
// [first, end), the span of its `chunks` chunks, and completes a word that the span before it began.
// Workgroup of 64: one invocation encodes 32 numbers, which fill `bits` whole words, so that no two share one.
// Deterministic. All steps are rounded one by one (xor with a zero that the compiler cannot know keeps it
// from fusing them) and the one quotient a chunk is divided in integers: with the same statistics and
// draws the codes are the same on every device.

override rule: u32;
const UNIFORM = 0u;
const MIN_MAX = 1u;
const SIGNED = 2u;
const LEVELS = 3u;
const NEAREST = 4u;

struct Parameters {
  first: u32,
  end: u32,
  chunks: u32,
  listOffset: u32,
  firstChunk: u32,
  codesOffset: u32,
  fields: u32,
  bits: u32,
  count: u32,
  zero: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> list: array<u32>;
@group(0) @binding(3) var<storage, read> random: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<u32>;

// Of the chunk at hand: its levels, or what its rule makes of its statistics.
var<private> levels: array<f32, 9>;
var<private> low: f32;
var<private> scale: f32;
var<private> upper: f32;
var<private> threshold: u32;

fn fence(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) ^ p.zero);
}

fn rank(bits: u32) -> u32 {
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}

// a / b for a, b > 0, rounded once to the nearest, ties to even: WGSL's own may be off by 2.5 units. At
// most the largest number; 0 where the quotient is subnormal.
fn quotient(a: f32, b: f32) -> f32 {
  let aBits = bitcast<u32>(a);
  let bBits = bitcast<u32>(b);
  var exponent = i32(aBits >> 23u) - i32(bBits >> 23u) + 127;
  var rest = (aBits & 0x7fffffu) | 0x800000u;
  let divisor = (bBits & 0x7fffffu) | 0x800000u;
  if (rest < divisor) {
    rest <<= 1u;
    exponent -= 1;
  }
  // 24 binary digits and one more to round by.
  var digits = 0u;
  for (var i = 0u; i < 25u; i++) {
    digits <<= 1u;
    if (rest >= divisor) {
      rest -= divisor;
      digits |= 1u;
    }
    rest <<= 1u;
  }
  var significand = digits >> 1u;
  if ((digits & 1u) == 1u && (rest > 0u || (significand & 1u) == 1u)) {
    significand += 1u;
  }
  if (exponent < 1) {
    return 0.0;
  }
  if (exponent > 254) {
    return 0x1.fffffep+127f;
  }
  return bitcast<f32>(min((u32(exponent) << 23u) + significand - 0x800000u, 0x7f7fffffu));
}

fn prepare(chunk: u32) {
  let at = (p.firstChunk + chunk) * p.fields;
  let one = bitcast<f32>(out[at]);
  if (rule == LEVELS) {
    for (var i = 0u; i < p.count; i++) {
      levels[i] = bitcast<f32>(out[at + i]);
    }
    return;
  }
  scale = 0.0;
  if (rule == SIGNED) {
    if (one > 0.0) {
      scale = quotient(f32(p.count), one);
    }
    return;
  }
  let two = bitcast<f32>(out[at + 1u]);
  low = one;
  if (rule == NEAREST) {
    let middle = bitcast<u32>((one + two) * 0.5);
    threshold = rank(select(middle, 0x80000000u, (middle & 0x7f800000u) == 0u));
  } else if (two > one) {
    let range = fence(two - one);
    if (rule == UNIFORM) {
      scale = quotient(f32(p.count), range);
    } else {
      scale = quotient(255.0, fence(range + 1e-7));
      upper = round(fence(two * scale));
    }
  }
}

// x >= 0 to its floor, or one more where the draw lies below the fraction; at most `top`.
fn roundRandomly(x: f32, k: u32, top: u32) -> u32 {
  let draw = f32(random[k] >> 8u) * 0x1p-24;
  let below = floor(x);
  return min(u32(below) + select(0u, 1u, draw < x - below), top);
}

fn codeOf(k: u32) -> u32 {
  let bits = source[k];
  let v = bitcast<f32>(bits);
  if (rule == UNIFORM) {
    return roundRandomly(fence(max(0.0, fence(v - low)) * scale), k, p.count);
  }
  if (rule == MIN_MAX) {
    if (scale == 0.0) {
      return 0u;
    }
    let lower = fence(upper - 255.0);
    return u32(clamp(fence(min(round(fence(v * scale)), upper) - lower), 0.0, 255.0));
  }
  if (rule == SIGNED) {
    let level = roundRandomly(fence(abs(v) * scale), k, p.count);
    return select(level, level | (1u << (p.bits - 1u)), level > 0u && bits > 0x80000000u);
  }
  if (rule == LEVELS) {
    var code = 0u;
    while (code + 2u < p.count && v >= levels[code + 1u]) {
      code++;
    }
    let below = levels[code];
    let gap = fence(levels[code + 1u] - below);
    let draw = f32(random[k] >> 8u) * 0x1p-24;
    return code + select(0u, 1u, fence(draw * gap) < fence(v - below));
  }
  return select(0u, 1u, rank(bits) >= threshold);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let part = p.first / 32u + (group.y * groups.x + group.x) * 64u + local;
  let start = max(part * 32u, p.first);
  let end = min(part * 32u + 32u, p.end);
  if (start >= end) {
    return;
  }
  // The last chunk that begins at or before the first number; it is not empty, for the next begins after.
  var chunk = 0u;
  var above = p.chunks;
  while (above - chunk > 1u) {
    let middle = (chunk + above) / 2u;
    if (list[p.listOffset + middle] <= start) {
      chunk = middle;
    } else {
      above = middle;
    }
  }
  var chunkEnd = list[p.listOffset + chunk + 1u];
  prepare(chunk);
  let before = (start - part * 32u) * p.bits;
  var word = p.codesOffset + part * p.bits + before / 32u;
  var used = before & 31u;
  var held = select(0u, out[word], used > 0u);
  for (var k = start; k < end; k++) {
    while (k >= chunkEnd) {
      chunk++;
      chunkEnd = list[p.listOffset + chunk + 1u];
      if (k < chunkEnd) {
        prepare(chunk);
      }
    }
    let code = codeOf(k);
    held |= code << used;
    used += p.bits;
    if (used >= 32u) {
      out[word] = held;
      word++;
      used -= 32u;
      held = select(0u, code >> (p.bits - used), used > 0u);
    }
  }
  if (used > 0u) {
    out[word] = held;
  }
}

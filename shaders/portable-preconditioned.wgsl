// dest = m / (√v + ε), the same bits on every device: root and quotient are worked out bit by bit in whole
// numbers and rounded to nearest, ties to even. WGSL's own sqrt and / may be a few units off.
//
// Shapes: m, v and dest, `length` f32 each, read and written as their bits. Magnitudes below 2^-126 (all
// with exponent field 0) count as zero, in and out.
//   root:     √(M 2^25) of a 24 or 25 bit M, 25 binary digits of it, one in each turn (restoring);
//   quotient: A 2^24 / B of 24 bit A and B, 25 digits in the same way.
// The 25th digit and what remains decide the rounding. The sum in between is a single f32 addition.
// Workgroup of 64: each invocation makes four results, 64 apart, so that neighbours read neighbours.
// Deterministic: one invocation makes one result.

struct Parameters {
  length: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> m: array<u32>;
@group(0) @binding(2) var<storage, read> v: array<u32>;
@group(0) @binding(3) var<storage, read_write> dest: array<u32>;

const SIGN = 0x80000000u;
const INFINITY = 0x7f800000u;
const NAN = 0x7fc00000u;

/// Bits of the root of a number's bits.
fn root(bits: u32) -> u32 {
  let field = (bits >> 23u) & 0xffu;
  if (field == 0u) {
    return 0u;
  }
  if (bits >= INFINITY) {
    // Infinity is its own root; the others are NaN or negative.
    return select(NAN, INFINITY, bits == INFINITY);
  }
  // value = M 2^(e - 23) with e even; the exponent field is e + 127, so e is odd where the field is even.
  let odd = 1u - (field & 1u);
  let mantissa = ((bits & 0x7fffffu) | 0x800000u) << odd;
  let half = (field - odd + 127u) / 2u;
  var rest = mantissa << 7u;
  var remainder = 0u;
  var digits = 0u;
  for (var turn = 0u; turn < 25u; turn++) {
    remainder = (remainder << 2u) | (rest >> 30u);
    rest <<= 2u;
    let trial = (digits << 2u) | 1u;
    digits <<= 1u;
    if (remainder >= trial) {
      remainder -= trial;
      digits |= 1u;
    }
  }
  // No root of these is half-way between two numbers, so the last digit decides alone.
  return (half << 23u) + ((digits >> 1u) + (digits & 1u) - 0x800000u);
}

/// Bits of the quotient of two numbers' bits; the divisor is not negative.
fn quotient(a: u32, b: u32) -> u32 {
  let sign = a & SIGN;
  let above = a & ~SIGN;
  if (above > INFINITY || b > INFINITY || (above == INFINITY && b == INFINITY)) {
    return NAN;
  }
  let fieldA = above >> 23u;
  let fieldB = b >> 23u;
  if (fieldA == 0u) {
    return select(sign, NAN, fieldB == 0u);
  }
  if (above == INFINITY || fieldB == 0u) {
    return sign | INFINITY;
  }
  if (b == INFINITY) {
    return sign;
  }
  let divisor = (b & 0x7fffffu) | 0x800000u;
  var remainder = (above & 0x7fffffu) | 0x800000u;
  var exponent = i32(fieldA) - i32(fieldB) + 127;
  if (remainder < divisor) {
    remainder <<= 1u;
    exponent--;
  }
  var digits = 0u;
  for (var turn = 0u; turn < 25u; turn++) {
    digits <<= 1u;
    if (remainder >= divisor) {
      remainder -= divisor;
      digits |= 1u;
    }
    remainder <<= 1u;
  }
  if (exponent <= 0) {
    return sign;
  }
  if (exponent >= 255) {
    return sign | INFINITY;
  }
  var mantissa = digits >> 1u;
  if ((digits & 1u) == 1u && (remainder != 0u || (mantissa & 1u) == 1u)) {
    mantissa++;
  }
  return sign | ((u32(exponent) << 23u) + (mantissa - 0x800000u));
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let first = (group.y * groups.x + group.x) * 256u;
  let end = min(first + 256u, p.length);
  for (var k = first + local; k < end; k += 64u) {
    var divisor = root(v[k]);
    if (divisor < INFINITY) {
      divisor = bitcast<u32>(bitcast<f32>(divisor) + p.epsilon);
    }
    dest[k] = quotient(m[k], divisor);
  }
}

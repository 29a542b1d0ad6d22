// Half precision: word w of out = the halves nearest to source_2w (low) and source_2w+1 (high), ties to even.
//
// Shapes: source[length] f32, read as bits; out gets ceil(length / 2) words; a missing last number is 0.
// In integers, because pack2x16float may round either way and make infinities of large numbers: numbers
// beyond 65504 become 65504, subnormal halves are rounded like all others, NaN and infinities stay.
// Workgroup of 64: one invocation a word; nothing is shared.
// Deterministic, and the same bits on every device.

struct Parameters {
  length: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;

fn halfOf(bits: u32) -> u32 {
  let sign = (bits >> 16u) & 0x8000u;
  let magnitude = bits & 0x7fffffffu;
  if (magnitude >= 0x7f800000u) {
    return sign | select(0x7c00u, 0x7e00u, magnitude > 0x7f800000u);
  }
  if (magnitude >= 0x477fe000u) {
    return sign | 0x7bffu;
  }
  if (magnitude >= 0x38800000u) {
    return sign | ((magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13u) & 1u)) >> 13u);
  }
  // In units of 2^-24, the smallest subnormal half; below half a unit there is nothing left.
  let shift = 126u - (magnitude >> 23u);
  if (shift > 24u) {
    return sign;
  }
  let significand = (magnitude & 0x7fffffu) | 0x800000u;
  let whole = significand >> shift;
  let rest = significand & ((1u << shift) - 1u);
  let half = 1u << (shift - 1u);
  return sign | (whole + select(0u, 1u, rest > half || (rest == half && (whole & 1u) == 1u)));
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let word = (group.y * groups.x + group.x) * 64u + local;
  let k = word * 2u;
  if (k >= p.length) {
    return;
  }
  var bits = halfOf(source[k]);
  if (k + 1u < p.length) {
    bits |= halfOf(source[k + 1u]) << 16u;
  }
  out[word] = bits;
}

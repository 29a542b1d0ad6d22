// Sign packing: bit (k & 31) of word (offset + (k >> 5)) of out = source_k >= 0. Padding bits are 0.
//
// Shapes: source[length] f32, read as bits; out gets ceil(length / 32) words.
// On bits, because a comparison may take a negative subnormal for zero, and NaN tests fold away: +0 to +inf
// and -0 give 1; NaN gives 0, as `v >= 0` does in TypeScript.
// Workgroup of 64: one invocation makes one word from eight vec4; no barrier, no subgroup operation.
// Deterministic, and the same bits on every device.

struct Parameters {
  length: u32,
  offset: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let word = (group.y * groups.x + group.x) * 64u + local;
  let first = word * 32u;
  if (first >= p.length) {
    return;
  }
  let count = min(32u, p.length - first);
  var bits = 0u;
  for (var c = 0u; c < count; c += 4u) {
    let v = source[(first + c) / 4u];
    let ones = select(vec4u(0), vec4u(1), (v <= vec4u(0x7f800000u)) | (v == vec4u(0x80000000u)));
    bits |= dot(ones, vec4u(1u, 2u, 4u, 8u)) << c;
  }
  if (count < 32u) {
    bits &= (1u << count) - 1u;
  }
  out[p.offset + word] = bits;
}

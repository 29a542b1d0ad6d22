// Ternary packing: two bit planes, bit (k & 31) of word (offset + (k >> 5)) of out = source_k > 0, and of the
// word `plane` words further = source_k < 0. Padding bits are 0.
//
// Shapes: source[length] f32, read as bits; each plane has ceil(length / 32) words.
// On bits, as in sign-pack.wgsl; subnormal numbers count as 0, and NaN goes by its sign bit.
// Workgroup of 64: one invocation makes a word of each plane from eight vec4; no barrier.
// Deterministic, and the same bits on every device.

struct Parameters {
  length: u32,
  offset: u32,
  plane: u32,
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
  var positive = 0u;
  var negative = 0u;
  for (var c = 0u; c < count; c += 4u) {
    let v = source[(first + c) / 4u];
    let isNumber = (v & vec4u(0x7fffffffu)) >= vec4u(0x00800000u);
    let isNegative = v >= vec4u(0x80000000u);
    let places = vec4u(1u, 2u, 4u, 8u);
    positive |= dot(select(vec4u(0), places, isNumber & !isNegative), vec4u(1)) << c;
    negative |= dot(select(vec4u(0), places, isNumber & isNegative), vec4u(1)) << c;
  }
  if (count < 32u) {
    positive &= (1u << count) - 1u;
    negative &= (1u << count) - 1u;
  }
  out[p.offset + word] = positive;
  out[p.offset + p.plane + word] = negative;
}

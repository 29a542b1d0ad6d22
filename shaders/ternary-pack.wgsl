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
  // Quad q ends up in bits 4q + 3, from where each of its components goes to its own place.
  var numbers = vec4u(0);
  var signs = vec4u(0);
  for (var q = word * 8u; q < word * 8u + 8u; q++) {
    let inside = vec4u(q * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(p.length);
    let v = select(vec4u(0), source[q], inside);
    // The highest bit, where |v| is not below the smallest normal number: there the difference is negative.
    let isNumber = (vec4u(0x007fffffu) - (v & vec4u(0x7fffffffu))) & vec4u(0x80000000u);
    numbers = (numbers >> vec4u(4u)) | isNumber;
    signs = (signs >> vec4u(4u)) | (isNumber & v);
  }
  let any = (numbers.x >> 3u) | (numbers.y >> 2u) | (numbers.z >> 1u) | numbers.w;
  let negative = (signs.x >> 3u) | (signs.y >> 2u) | (signs.z >> 1u) | signs.w;
  let positive = any & ~negative;
  out[p.offset + word] = positive;
  out[p.offset + p.plane + word] = negative;
}

// Half precision decoded: dest_k = or += weight · half k of source, two halves a word, the even one low.
//
// Shapes: source of ceil(length / 2) words of finite halves; dest[length] f32.
// Workgroup of 64: one invocation writes four vec4 from eight words, with selects instead of branches.
// Deterministic, and the same bits on every device: a half is exact in f32, and its sign goes onto the
// rounded product as a bit, which leaves nothing for a compiler to fuse; a weight of 1 copies.

struct Parameters {
  length: u32,
  add: u32,
  copies: u32,
  weight: f32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> dest: array<vec4u>;

fn numbersOf(halves: vec4u) -> vec4u {
  let code = halves & vec4u(0x7fffu);
  // A subnormal half is its mantissa in units of 2^-24; the others need another exponent's bias.
  let small = bitcast<vec4u>(vec4f(code) * 0x1p-24);
  let magnitude = select((code << vec4u(13u)) + vec4u(0x38000000u), small, code < vec4u(0x400u));
  let product = bitcast<vec4u>(p.weight * bitcast<vec4f>(magnitude));
  let value = select(product, magnitude, p.copies == 1u);
  return value ^ ((halves & vec4u(0x8000u)) << vec4u(16u));
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let length = p.length;
  let add = p.add == 1u;
  let first = ((group.y * groups.x + group.x) * 64u + local) * 4u;
  for (var quad = first; quad < first + 4u && quad * 4u < length; quad++) {
    let low = source[quad * 2u];
    let high = source[quad * 2u + 1u];
    var value = numbersOf(vec4u(low & 0xffffu, low >> 16u, high & 0xffffu, high >> 16u));
    if (add) {
      value = bitcast<vec4u>(bitcast<vec4f>(dest[quad]) + bitcast<vec4f>(value));
    }
    if (quad * 4u + 4u <= length) {
      dest[quad] = value;
      continue;
    }
    for (var e = 0u; quad * 4u + e < length; e++) {
      dest[quad][e] = value[e];
    }
  }
}

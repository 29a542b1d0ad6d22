// Half precision decoded: dest_k = or += weight · half k of source, two halves a word, the even one low.
//
// Shapes: source of ceil(length / 2) words of finite halves; dest[length] f32.
// Workgroup of 64: one invocation writes the two numbers of a word; nothing is shared.
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
@group(0) @binding(2) var<storage, read_write> dest: array<u32>;

fn write(k: u32, half: u32) {
  let code = half & 0x7fffu;
  // A subnormal half is its mantissa in units of 2^-24; the others need another exponent's bias.
  let small = bitcast<u32>(f32(code) * 0x1p-24);
  let magnitude = select((code << 13u) + 0x38000000u, small, code < 0x400u);
  let product = bitcast<u32>(p.weight * bitcast<f32>(magnitude));
  let value = select(product, magnitude, p.copies == 1u) ^ ((half & 0x8000u) << 16u);
  if (p.add == 1u) {
    dest[k] = bitcast<u32>(bitcast<f32>(dest[k]) + bitcast<f32>(value));
  } else {
    dest[k] = value;
  }
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
  let halves = source[word];
  write(k, halves & 0xffffu);
  if (k + 1u < p.length) {
    write(k + 1u, halves >> 16u);
  }
}

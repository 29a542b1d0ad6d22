// Scatter: dest[index_j] = or += weight · value_j, for the k pairs of source.
//
// Shapes: source words 0..k-1 are indices, words k..2k-1 the values' f32 bits; dest[length] f32. Indices must
// not repeat (two invocations would race); those outside dest are skipped.
// Workgroup of 64: one invocation a pair.
// Deterministic, and the same bits on every device: xor with a zero that the compiler cannot know keeps it
// from fusing product and sum; a weight of 1 copies the bits.

struct Parameters {
  k: u32,
  length: u32,
  add: u32,
  copies: u32,
  zero: u32,
  weight: f32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> dest: array<u32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let j = (group.y * groups.x + group.x) * 64u + local;
  if (j >= p.k) {
    return;
  }
  let index = source[j];
  if (index >= p.length) {
    return;
  }
  let bits = source[p.k + j];
  let value = select(bitcast<u32>(p.weight * bitcast<f32>(bits)), bits, p.copies == 1u) ^ p.zero;
  if (p.add == 1u) {
    dest[index] = bitcast<u32>(bitcast<f32>(dest[index]) + bitcast<f32>(value));
  } else {
    dest[index] = value;
  }
}

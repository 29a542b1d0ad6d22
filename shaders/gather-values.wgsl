// Gather: out[j] = bits of factor · source[indices[j]], the reverse of scatter.wgsl.
//
// Shapes: indices[k] u32; source[length] f32, read as bits; out[k]. Indices beyond the source give 0.
// Workgroup of 64: one invocation a value.
// Deterministic, and the same bits on every device: a product is rounded once, and a factor of 1 copies.

struct Parameters {
  k: u32,
  length: u32,
  copies: u32,
  factor: f32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> indices: array<u32>;
@group(0) @binding(2) var<storage, read> source: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<u32>;

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
  let index = indices[j];
  if (index >= p.length) {
    out[j] = 0u;
    return;
  }
  let bits = source[index];
  out[j] = select(bitcast<u32>(p.factor * bitcast<f32>(bits)), bits, p.copies == 1u);
}

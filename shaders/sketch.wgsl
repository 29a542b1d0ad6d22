// Count sketch: out[bucket] = Σ_g sign(i) · source_i, with i = g · buckets + (bucket - shift(g)) mod buckets.
// (Charikar, Chen, Farach-Colton 2002, with rotations in place of a free hash so that it needs no atomics.)
//
// Shapes: source[length], out[buckets]. `sketchHash` has the same bits as src/math/sketch-hash.ts.
// Workgroup of 64: one invocation owns one bucket and walks the groups; neighbours read neighbours.
// Deterministic: each bucket is summed by one invocation in order of the groups.

struct Parameters {
  length: u32,
  buckets: u32,
  seed: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

fn sketchHash(seed: u32, index: u32) -> u32 {
  var x = index ^ (seed * 0x9e3779b9u);
  x ^= x >> 16u;
  x *= 0x7feb352du;
  x ^= x >> 15u;
  x *= 0x846ca68bu;
  x ^= x >> 16u;
  return x;
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let bucket = (workgroup.y * workgroups.x + workgroup.x) * 64u + local;
  if (bucket >= p.buckets) {
    return;
  }
  var sum = 0.0;
  var start = 0u;
  for (var group = 0u; start < p.length; group++) {
    let shift = sketchHash(p.seed ^ 0x5bd1e995u, group) % p.buckets;
    let i = start + select(bucket - shift, bucket + p.buckets - shift, bucket < shift);
    if (i < p.length) {
      let value = source[i];
      sum += select(value, -value, (sketchHash(p.seed, i) >> 31u) == 1u);
    }
    start += p.buckets;
  }
  out[bucket] = sum;
}

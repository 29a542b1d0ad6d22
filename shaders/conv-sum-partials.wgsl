// The end of a convolution's weight gradient: dest[destOffset + k] = Σ_split partials[split, first + k],
// k < count. See conv-weight-gradient.wgsl.
//
// Shapes: partials[splits, partialLength], row-major f32.
// Workgroup of 64: one invocation sums one column; neighbours read neighbours.
// Deterministic: each result is summed by one invocation in order of the splits.

struct Parameters {
  count: u32,
  splits: u32,
  partialLength: u32,
  first: u32,
  destOffset: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> partials: array<f32>;
@group(0) @binding(2) var<storage, read_write> dest: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let k = (group.y * groups.x + group.x) * 64u + local;
  if (k >= p.count) {
    return;
  }
  var sum = 0.0;
  for (var split = 0u; split < p.splits; split++) {
    sum += partials[split * p.partialLength + p.first + k];
  }
  dest[p.destOffset + k] = sum;
}

// Dense layer, gradient of the biases: dBias[o] = Σ_b dy[b, o]. Overwrites.
//
// Shapes: dy[batch, outputs] row-major, dBias[outputs] at biasOffset.
// A kernel of its own, because dWeight and dBias are usually slices of one gradient vector, and a buffer
// can be bound for writing only once.
// Workgroup of 64: one invocation sums one column; neighbours read neighbours.
// Deterministic: each result is summed by one invocation in order of the batch.

struct Parameters {
  batch: u32,
  outputs: u32,
  biasOffset: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dBias: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let o = (group.y * groups.x + group.x) * 64u + local;
  if (o >= p.outputs) {
    return;
  }
  var sum = 0.0;
  for (var b = 0u; b < p.batch; b++) {
    sum += dy[b * p.outputs + o];
  }
  dBias[p.biasOffset + o] = sum;
}

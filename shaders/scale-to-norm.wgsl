// Clipping by the global norm: dest = source · min(1, maxNorm / √square), square = ‖source‖² being word 0 of
// `total`, which squared-distance.wgsl has left there. A square that is NaN or infinite scales nothing.
//
// Shapes: dest, source have `length` f32, padded to whole vec4, and padding may be written. A buffer bound
// read_write cannot also be bound read, so with `own` the source is read from dest.
// Workgroup of 64: no sharing between invocations, a multiple of every subgroup size in use; an invocation
// makes four vec4, a workgroup's width apart, so that neighbours touch neighbours.
// Deterministic: one invocation makes one result.

// 1: the source is dest itself.
override own: u32 = 0u;

struct Parameters {
  length: u32,
  maxNorm: f32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read> total: array<u32>;
@group(0) @binding(3) var<storage, read_write> dest: array<vec4f>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  var factor = 1.0;
  // By bits: tests for NaN in floats may be folded away.
  if ((total[0] & 0x7f800000u) != 0x7f800000u) {
    let norm = sqrt(bitcast<f32>(total[0]));
    if (norm > p.maxNorm) {
      factor = p.maxNorm / norm;
    }
  }
  let start = (group.y * groups.x + group.x) * 256u;
  let end = min(start + 256u, (p.length + 3u) / 4u);
  for (var i = start + local; i < end; i += 64u) {
    if (own == 1u) {
      dest[i] = factor * dest[i];
    } else {
      dest[i] = factor * source[i];
    }
  }
}

// Runs of vectors: dest[destOffset + k] = source[sourceOffset + k], or += weight · source[sourceOffset + k],
// for k in [0, length).
//
// Shapes: f32 numbers, handled as their bits, so that a copy changes none of them (not even those of a NaN).
// `quads` needs both offsets to be multiples of 4, moves vec4 and leaves the rest, at most three numbers, to
// `singles`, which takes any offsets.
// Workgroup of 64: a multiple of every subgroup size in use; an invocation moves four items, a workgroup's
// width apart, so that neighbours touch neighbours.
// Deterministic: one invocation writes one item.

// 0: copy; 1: add.
override adds: u32 = 0u;

struct Parameters {
  // In items of the entry point: numbers or vec4.
  length: u32,
  destOffset: u32,
  sourceOffset: u32,
  weight: f32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read> source4: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> dest: array<u32>;
@group(0) @binding(2) var<storage, read_write> dest4: array<vec4u>;

@compute @workgroup_size(64)
fn singles(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let first = (group.y * groups.x + group.x) * 256u;
  let end = min(first + 256u, p.length);
  for (var i = first + local; i < end; i += 64u) {
    var value = source[p.sourceOffset + i];
    if (adds == 1u) {
      value = bitcast<u32>(bitcast<f32>(dest[p.destOffset + i]) + p.weight * bitcast<f32>(value));
    }
    dest[p.destOffset + i] = value;
  }
}

@compute @workgroup_size(64)
fn quads(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let first = (group.y * groups.x + group.x) * 256u;
  let end = min(first + 256u, p.length);
  for (var i = first + local; i < end; i += 64u) {
    var value = source4[p.sourceOffset + i];
    if (adds == 1u) {
      value = bitcast<vec4u>(bitcast<vec4f>(dest4[p.destOffset + i]) + p.weight * bitcast<vec4f>(value));
    }
    dest4[p.destOffset + i] = value;
  }
}

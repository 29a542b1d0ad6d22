// Linear combination: dest = Σ_p coefficient_p · v_p, summed in the order given.
//
// Shapes: all vectors have `length` f32; buffers are padded to whole vec4, and padding may be written.
// Up to seven inputs (with dest that is the eight storage buffers of the default limits). A buffer bound
// read_write cannot also be bound read, so a `dest` that is one of the terms is read through its own
// binding: it is added just before input `own` (8: not at all).
// Pipelines for few inputs fix their number and the place of dest by override constants, which takes the
// branches out of the loop: a software adapter runs those six times faster than the general one.
// Workgroup of 64: no sharing between invocations, a multiple of every subgroup size in use; an invocation
// makes four vec4, a workgroup's width apart, so that neighbours touch neighbours.
// Deterministic: one invocation makes one result, in a fixed order.

// 0 to 7; 8: as many as the parameters say.
override fixedInputs: u32 = 8u;
// 0: dest is no term; 1: it is the first; 2: as the parameters say.
override ownPlace: u32 = 2u;

struct Parameters {
  length: u32,
  inputs: u32,
  own: u32,
  ownCoefficient: f32,
  c0: f32,
  c1: f32,
  c2: f32,
  c3: f32,
  c4: f32,
  c5: f32,
  c6: f32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read_write> dest: array<vec4f>;
@group(0) @binding(2) var<storage, read> v0: array<vec4f>;
@group(0) @binding(3) var<storage, read> v1: array<vec4f>;
@group(0) @binding(4) var<storage, read> v2: array<vec4f>;
@group(0) @binding(5) var<storage, read> v3: array<vec4f>;
@group(0) @binding(6) var<storage, read> v4: array<vec4f>;
@group(0) @binding(7) var<storage, read> v5: array<vec4f>;
@group(0) @binding(8) var<storage, read> v6: array<vec4f>;

fn uses(input: u32) -> bool {
  if (fixedInputs < 8u) {
    return input < fixedInputs;
  }
  return input < p.inputs;
}

fn withOwn(sum: vec4f, place: u32, i: u32) -> vec4f {
  if ((ownPlace == 1u && place == 0u) || (ownPlace == 2u && place == p.own)) {
    return sum + p.ownCoefficient * dest[i];
  }
  return sum;
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let first = (group.y * groups.x + group.x) * 256u;
  let end = min(first + 256u, (p.length + 3u) / 4u);
  for (var i = first + local; i < end; i += 64u) {
    var sum = withOwn(vec4f(0), 0u, i);
    if (uses(0u)) { sum = withOwn(sum + p.c0 * v0[i], 1u, i); }
    if (uses(1u)) { sum = withOwn(sum + p.c1 * v1[i], 2u, i); }
    if (uses(2u)) { sum = withOwn(sum + p.c2 * v2[i], 3u, i); }
    if (uses(3u)) { sum = withOwn(sum + p.c3 * v3[i], 4u, i); }
    if (uses(4u)) { sum = withOwn(sum + p.c4 * v4[i], 5u, i); }
    if (uses(5u)) { sum = withOwn(sum + p.c5 * v5[i], 6u, i); }
    if (uses(6u)) { sum = withOwn(sum + p.c6 * v6[i], 7u, i); }
    dest[i] = sum;
  }
}

// The largest ratio of every chunk: out[index + c] = max_{k in chunk c} (√a_k + ε) / (√b_k + ε).
//
// Shapes: chunk c is [bounds[c], bounds[c + 1]), bounds at `listOffset` of the list buffer; an empty chunk
// gives 0. Two stages without a barrier, as in chunk-norms: `lanes` invocations a chunk (a multiple of 64),
// then one.
// Ratios are not negative, so their bits in unsigned order are their order, with infinity above all numbers
// and NaN above infinity: an integer maximum lets a NaN through, where `max` of floats may swallow it.
// Workgroup of 64: a multiple of every subgroup size in use; neighbours read neighbours.
// Deterministic: a maximum does not depend on the order.

struct Parameters {
  chunks: u32,
  listOffset: u32,
  index: u32,
  lanes: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> list: array<u32>;
@group(0) @binding(4) var<storage, read_write> partials: array<u32>;

@group(0) @binding(1) var<storage, read> maxima: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;

@compute @workgroup_size(64)
fn partial(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + local;
  let c = i / p.lanes;
  if (c >= p.chunks) {
    return;
  }
  let end = list[p.listOffset + c + 1u];
  var largest = 0u;
  for (var k = list[p.listOffset + c] + i % p.lanes; k < end; k += p.lanes) {
    let ratio = (sqrt(a[k]) + p.epsilon) / (sqrt(b[k]) + p.epsilon);
    largest = max(largest, bitcast<u32>(ratio) & 0x7fffffffu);
  }
  partials[i] = largest;
}

@compute @workgroup_size(64)
fn total(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= p.chunks) {
    return;
  }
  var largest = vec4u(0);
  for (var q = c * p.lanes / 4u; q < (c + 1u) * p.lanes / 4u; q++) {
    largest = max(largest, maxima[q]);
  }
  out[p.index + c] = max(max(largest.x, largest.y), max(largest.z, largest.w));
}

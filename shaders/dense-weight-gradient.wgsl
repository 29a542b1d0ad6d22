// Dense layer, gradient of the weights: dWeight[o, i] = Σ_b dy[b, o] · x[b, i]. Overwrites.
//
// Shapes: x[batch, inputs], dy[batch, outputs], dWeight[outputs, inputs] at weightOffset; row-major f32.
// The direct family (see dense-forward.wgsl): one invocation makes a tile of 4 outputs x 4 inputs in
// registers; `vectors` takes four rows of the batch at a time, as products of 4 x 4 matrices.
// Workgroup of 64: invocations share nothing; tiles are numbered along inputs first, so that neighbours
// load and store neighbouring inputs.
// `vectors` needs inputs and weightOffset to be multiples of 4; `scalars` takes any shape.
// Deterministic: each result is summed by one invocation in order of the batch.

struct Parameters {
  batch: u32,
  inputs: u32,
  outputs: u32,
  weightOffset: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dWeight: array<f32>;
@group(0) @binding(3) var<storage, read_write> dWeight4: array<vec4f>;

// dy of output o in the four rows from b on.
fn column(b: u32, o: u32) -> vec4f {
  let at = b * p.outputs + o;
  return vec4f(dy[at], dy[at + p.outputs], dy[at + 2u * p.outputs], dy[at + 3u * p.outputs]);
}

@compute @workgroup_size(64)
fn vectors(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = (group.y * groups.x + group.x) * 64u + local;
  let n = p.inputs / 4u;
  let i = tile % n;
  let o = tile / n * 4u;
  if (o >= p.outputs) {
    return;
  }
  let last = p.outputs - 1u;
  let columns = vec4u(o, min(o + 1u, last), min(o + 2u, last), min(o + 3u, last));
  var s0 = vec4f(0);
  var s1 = vec4f(0);
  var s2 = vec4f(0);
  var s3 = vec4f(0);
  var b = 0u;
  for (; b + 4u <= p.batch; b += 4u) {
    let start = b * n + i;
    let values = mat4x4f(x4[start], x4[start + n], x4[start + 2u * n], x4[start + 3u * n]);
    s0 += values * column(b, columns.x);
    s1 += values * column(b, columns.y);
    s2 += values * column(b, columns.z);
    s3 += values * column(b, columns.w);
  }
  for (; b < p.batch; b++) {
    let row = b * p.outputs;
    let v = x4[b * n + i];
    s0 += dy[row + columns.x] * v;
    s1 += dy[row + columns.y] * v;
    s2 += dy[row + columns.z] * v;
    s3 += dy[row + columns.w] * v;
  }
  let at = p.weightOffset / 4u + o * n + i;
  dWeight4[at] = s0;
  if (o + 1u < p.outputs) { dWeight4[at + n] = s1; }
  if (o + 2u < p.outputs) { dWeight4[at + 2u * n] = s2; }
  if (o + 3u < p.outputs) { dWeight4[at + 3u * n] = s3; }
}

fn storeRow(o: u32, i: u32, sums: vec4f) {
  if (o >= p.outputs) {
    return;
  }
  for (var c = 0u; c < min(4u, p.inputs - i); c++) {
    dWeight[p.weightOffset + o * p.inputs + i + c] = sums[c];
  }
}

@compute @workgroup_size(64)
fn scalars(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = (group.y * groups.x + group.x) * 64u + local;
  let across = (p.inputs + 3u) / 4u;
  let i = tile % across * 4u;
  let o = tile / across * 4u;
  if (o >= p.outputs) {
    return;
  }
  let last = p.outputs - 1u;
  let columns = vec4u(o, min(o + 1u, last), min(o + 2u, last), min(o + 3u, last));
  let lastInput = p.inputs - 1u;
  let places = vec4u(i, min(i + 1u, lastInput), min(i + 2u, lastInput), min(i + 3u, lastInput));
  var s0 = vec4f(0);
  var s1 = vec4f(0);
  var s2 = vec4f(0);
  var s3 = vec4f(0);
  for (var b = 0u; b < p.batch; b++) {
    let row = b * p.outputs;
    let start = b * p.inputs;
    let v = vec4f(x[start + places.x], x[start + places.y], x[start + places.z], x[start + places.w]);
    s0 += dy[row + columns.x] * v;
    s1 += dy[row + columns.y] * v;
    s2 += dy[row + columns.z] * v;
    s3 += dy[row + columns.w] * v;
  }
  storeRow(o, i, s0);
  storeRow(o + 1u, i, s1);
  storeRow(o + 2u, i, s2);
  storeRow(o + 3u, i, s3);
}

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

fn column(rows: vec4u, o: u32) -> vec4f {
  let at = rows * p.outputs + o;
  return vec4f(dy[at.x], dy[at.y], dy[at.z], dy[at.w]);
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
  for (var b = 0u; b < p.batch; b += 4u) {
    // Past the end of the batch: the last row again, with a dy of zero.
    let rows = min(vec4u(b) + vec4u(0u, 1u, 2u, 3u), vec4u(p.batch - 1u));
    let here = select(vec4f(0), vec4f(1), vec4u(b) + vec4u(0u, 1u, 2u, 3u) < vec4u(p.batch));
    let values = mat4x4f(
      x4[rows.x * n + i], x4[rows.y * n + i], x4[rows.z * n + i], x4[rows.w * n + i]);
    s0 += values * (here * column(rows, columns.x));
    s1 += values * (here * column(rows, columns.y));
    s2 += values * (here * column(rows, columns.z));
    s3 += values * (here * column(rows, columns.w));
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

// Dense layer, forward: y[b, o] = act(Σ_i x[b, i] · weight[o, i] + bias[o]), act = identity or ReLU.
//
// Shapes: x[batch, inputs], weight[outputs, inputs] at weightOffset, bias[outputs] at biasOffset,
// y[batch, outputs]; all row-major f32.
// The direct family: one invocation makes a tile of y in registers (8 rows x 4 outputs in `vectors`, 4 x 4
// in `scalars`), with no workgroup memory and no barriers, which software adapters run several times
// faster than a shared-memory tiling.
// Workgroup of 64: invocations share nothing; tiles are numbered along outputs first.
// `vectors` loads four inputs at once and needs inputs and weightOffset to be multiples of 4;
// `scalars` takes any shape. Tiles that stick out over an edge recompute the last row, and do not store.
// Deterministic: each result is summed by one invocation in a fixed order.

struct Parameters {
  batch: u32,
  inputs: u32,
  outputs: u32,
  weightOffset: u32,
  biasOffset: u32,
  relu: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> weight4: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

fn storeRow(b: u32, o: u32, sums: vec4f) {
  if (b >= p.batch) {
    return;
  }
  for (var c = 0u; c < min(4u, p.outputs - o); c++) {
    let value = sums[c] + bias[p.biasOffset + o + c];
    y[b * p.outputs + o + c] = select(value, max(value, 0.0), p.relu == 1u);
  }
}

@compute @workgroup_size(64)
fn vectors(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = (group.y * groups.x + group.x) * 64u + local;
  let across = (p.outputs + 3u) / 4u;
  let b = tile / across * 8u;
  let o = tile % across * 4u;
  if (b >= p.batch) {
    return;
  }
  let n = p.inputs / 4u;
  let w = p.weightOffset / 4u;
  let last = p.batch - 1u;
  let row0 = b * n;
  let row1 = min(b + 1u, last) * n;
  let row2 = min(b + 2u, last) * n;
  let row3 = min(b + 3u, last) * n;
  let row4 = min(b + 4u, last) * n;
  let row5 = min(b + 5u, last) * n;
  let row6 = min(b + 6u, last) * n;
  let row7 = min(b + 7u, last) * n;
  let w0 = w + o * n;
  let w1 = w + min(o + 1u, p.outputs - 1u) * n;
  let w2 = w + min(o + 2u, p.outputs - 1u) * n;
  let w3 = w + min(o + 3u, p.outputs - 1u) * n;
  var s0 = vec4f(0);
  var s1 = vec4f(0);
  var s2 = vec4f(0);
  var s3 = vec4f(0);
  var s4 = vec4f(0);
  var s5 = vec4f(0);
  var s6 = vec4f(0);
  var s7 = vec4f(0);
  for (var i = 0u; i < n; i++) {
    let weights = mat4x4f(weight4[w0 + i], weight4[w1 + i], weight4[w2 + i], weight4[w3 + i]);
    s0 += x4[row0 + i] * weights;
    s1 += x4[row1 + i] * weights;
    s2 += x4[row2 + i] * weights;
    s3 += x4[row3 + i] * weights;
    s4 += x4[row4 + i] * weights;
    s5 += x4[row5 + i] * weights;
    s6 += x4[row6 + i] * weights;
    s7 += x4[row7 + i] * weights;
  }
  storeRow(b, o, s0);
  storeRow(b + 1u, o, s1);
  storeRow(b + 2u, o, s2);
  storeRow(b + 3u, o, s3);
  storeRow(b + 4u, o, s4);
  storeRow(b + 5u, o, s5);
  storeRow(b + 6u, o, s6);
  storeRow(b + 7u, o, s7);
}

@compute @workgroup_size(64)
fn scalars(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = (group.y * groups.x + group.x) * 64u + local;
  let across = (p.outputs + 3u) / 4u;
  let b = tile / across * 4u;
  let o = tile % across * 4u;
  if (b >= p.batch) {
    return;
  }
  let n = p.inputs;
  let xs = vec4u(b, min(b + 1u, p.batch - 1u), min(b + 2u, p.batch - 1u), min(b + 3u, p.batch - 1u)) * n;
  let last = p.outputs - 1u;
  let ws = p.weightOffset + vec4u(o, min(o + 1u, last), min(o + 2u, last), min(o + 3u, last)) * n;
  var s0 = vec4f(0);
  var s1 = vec4f(0);
  var s2 = vec4f(0);
  var s3 = vec4f(0);
  for (var i = 0u; i < n; i++) {
    let weights = vec4f(weight[ws.x + i], weight[ws.y + i], weight[ws.z + i], weight[ws.w + i]);
    s0 += x[xs.x + i] * weights;
    s1 += x[xs.y + i] * weights;
    s2 += x[xs.z + i] * weights;
    s3 += x[xs.w + i] * weights;
  }
  storeRow(b, o, s0);
  storeRow(b + 1u, o, s1);
  storeRow(b + 2u, o, s2);
  storeRow(b + 3u, o, s3);
}

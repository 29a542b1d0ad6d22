// Dense layer, gradient of its inputs through the ReLU that made them:
// dx[b, i] = (x[b, i] > 0 ? 1 : 0) · Σ_o dy[b, o] · weight[o, i].
//
// Shapes: dy[batch, outputs], weight[outputs, inputs] at weightOffset, x and dx[batch, inputs]; row-major f32.
// The direct family (see dense-forward.wgsl): one invocation makes a tile of 4 batch rows x 4 inputs.
// Workgroup of 64: invocations share nothing; tiles are numbered along inputs first.
// `vectors` needs inputs and weightOffset to be multiples of 4; `scalars` takes any shape.
// Deterministic: each result is summed by one invocation in order of the outputs.

struct Parameters {
  batch: u32,
  inputs: u32,
  outputs: u32,
  weightOffset: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> weight4: array<vec4f>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> x4: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx4: array<vec4f>;

fn throughRelu(sums: vec4f, activated: vec4f) -> vec4f {
  return select(vec4f(0), sums, activated > vec4f(0));
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
  let b = tile / n * 4u;
  if (b >= p.batch) {
    return;
  }
  let last = p.batch - 1u;
  let rows = vec4u(b, min(b + 1u, last), min(b + 2u, last), min(b + 3u, last)) * p.outputs;
  let w = p.weightOffset / 4u + i;
  var s0 = vec4f(0);
  var s1 = vec4f(0);
  var s2 = vec4f(0);
  var s3 = vec4f(0);
  for (var o = 0u; o < p.outputs; o++) {
    let v = weight4[w + o * n];
    s0 += dy[rows.x + o] * v;
    s1 += dy[rows.y + o] * v;
    s2 += dy[rows.z + o] * v;
    s3 += dy[rows.w + o] * v;
  }
  let at = b * n + i;
  dx4[at] = throughRelu(s0, x4[at]);
  if (b + 1u < p.batch) { dx4[at + n] = throughRelu(s1, x4[at + n]); }
  if (b + 2u < p.batch) { dx4[at + 2u * n] = throughRelu(s2, x4[at + 2u * n]); }
  if (b + 3u < p.batch) { dx4[at + 3u * n] = throughRelu(s3, x4[at + 3u * n]); }
}

fn storeRow(b: u32, i: u32, sums: vec4f) {
  if (b >= p.batch) {
    return;
  }
  for (var c = 0u; c < min(4u, p.inputs - i); c++) {
    let at = b * p.inputs + i + c;
    dx[at] = select(0.0, sums[c], x[at] > 0.0);
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
  let b = tile / across * 4u;
  if (b >= p.batch) {
    return;
  }
  let last = p.batch - 1u;
  let rows = vec4u(b, min(b + 1u, last), min(b + 2u, last), min(b + 3u, last)) * p.outputs;
  let lastInput = p.inputs - 1u;
  let places = p.weightOffset
    + vec4u(i, min(i + 1u, lastInput), min(i + 2u, lastInput), min(i + 3u, lastInput));
  var s0 = vec4f(0);
  var s1 = vec4f(0);
  var s2 = vec4f(0);
  var s3 = vec4f(0);
  for (var o = 0u; o < p.outputs; o++) {
    let start = o * p.inputs;
    let v = vec4f(
      weight[start + places.x], weight[start + places.y], weight[start + places.z], weight[start + places.w]);
    s0 += dy[rows.x + o] * v;
    s1 += dy[rows.y + o] * v;
    s2 += dy[rows.z + o] * v;
    s3 += dy[rows.w + o] * v;
  }
  storeRow(b, i, s0);
  storeRow(b + 1u, i, s1);
  storeRow(b + 2u, i, s2);
  storeRow(b + 3u, i, s3);
}

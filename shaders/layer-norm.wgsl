// Layer normalisation of each row by itself: n = (x - mean) · inverse, inverse = 1 / √(variance + 1e-5);
//   `forward`: y = gain · n + bias; stats = (mean, inverse)
//   `inputSlope`, with g = dy · gain: dx = (or +=) (g - mean(g) - n · mean(g · n)) · inverse
//   `partial`, `total`: dGain = Σ_rows dy · n and dBias = Σ_rows dy
//
// Shapes: x, y, dx, dy[rows, width]; stats[rows, 2]; gain, bias[width] at their offsets. The parameters'
// gradients are summed over `parts` runs of rows first, partials[parts, 2, width], then over the parts;
// `total` runs twice, since both results usually lie in one vector, bound for writing once (`half` says
// which it is: 0 gain, 1 bias).
// Workgroup of 64: one invocation takes a row (`forward`, `inputSlope`) or a column (`partial`, `total`),
// without workgroup memory or barriers, which software adapters pay dearly for.
// Deterministic: each sum is one invocation's, in order.

struct Parameters {
  rows: u32,
  width: u32,
  gainOffset: u32,
  biasOffset: u32,
  adds: u32,
  parts: u32,
  half: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;

@group(0) @binding(2) var<storage, read> gain: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(5) var<storage, read_write> statsOut: array<vec2f>;

@group(0) @binding(3) var<storage, read> stats: array<vec2f>;
@group(0) @binding(4) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;

@group(0) @binding(2) var<storage, read> rowStats: array<vec2f>;
@group(0) @binding(3) var<storage, read> rowSlopes: array<f32>;
@group(0) @binding(4) var<storage, read_write> partials: array<f32>;

@group(0) @binding(1) var<storage, read> sums: array<f32>;
@group(0) @binding(2) var<storage, read_write> slopes: array<f32>;

@compute @workgroup_size(64)
fn forward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let row = (group.y * groups.x + group.x) * 64u + local;
  if (row >= p.rows) {
    return;
  }
  let start = row * p.width;
  var sum = 0.0;
  for (var c = 0u; c < p.width; c++) {
    sum += x[start + c];
  }
  let mean = sum / f32(p.width);
  var squares = 0.0;
  for (var c = 0u; c < p.width; c++) {
    let centred = x[start + c] - mean;
    squares += centred * centred;
  }
  let inverse = 1.0 / sqrt(squares / f32(p.width) + 1e-5);
  statsOut[row] = vec2f(mean, inverse);
  for (var c = 0u; c < p.width; c++) {
    let normal = (x[start + c] - mean) * inverse;
    y[start + c] = gain[p.gainOffset + c] * normal + bias[p.biasOffset + c];
  }
}

@compute @workgroup_size(64)
fn inputSlope(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let row = (group.y * groups.x + group.x) * 64u + local;
  if (row >= p.rows) {
    return;
  }
  let start = row * p.width;
  let mean = stats[row].x;
  let inverse = stats[row].y;
  var plain = 0.0;
  var weighted = 0.0;
  for (var c = 0u; c < p.width; c++) {
    let g = dy[start + c] * gain[p.gainOffset + c];
    plain += g;
    weighted += g * (x[start + c] - mean) * inverse;
  }
  plain /= f32(p.width);
  weighted /= f32(p.width);
  for (var c = 0u; c < p.width; c++) {
    let g = dy[start + c] * gain[p.gainOffset + c];
    let normal = (x[start + c] - mean) * inverse;
    let held = select(0.0, dx[start + c], p.adds == 1u);
    dx[start + c] = held + (g - plain - normal * weighted) * inverse;
  }
}

@compute @workgroup_size(64)
fn partial(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + local;
  let part = i / p.width;
  if (part >= p.parts) {
    return;
  }
  let c = i % p.width;
  let each = (p.rows + p.parts - 1u) / p.parts;
  let end = min((part + 1u) * each, p.rows);
  var weighted = 0.0;
  var plain = 0.0;
  for (var row = part * each; row < end; row++) {
    let d = rowSlopes[row * p.width + c];
    weighted += d * (x[row * p.width + c] - rowStats[row].x) * rowStats[row].y;
    plain += d;
  }
  partials[2u * part * p.width + c] = weighted;
  partials[(2u * part + 1u) * p.width + c] = plain;
}

@compute @workgroup_size(64)
fn total(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let c = (group.y * groups.x + group.x) * 64u + local;
  if (c >= p.width) {
    return;
  }
  var sum = 0.0;
  for (var part = 0u; part < p.parts; part++) {
    sum += sums[(2u * part + p.half) * p.width + c];
  }
  slopes[select(p.gainOffset, p.biasOffset, p.half == 1u) + c] = sum;
}

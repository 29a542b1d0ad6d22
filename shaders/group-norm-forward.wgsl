// Group normalisation, forward:
//   y = act(gain[c] · (x - mean) / √(variance + ε) + bias[c]),
// mean and variance over a group: `channelsPerGroup` neighbouring channels of one picture.
//
// Shapes: x and y[batch, channels, positions] row-major; gain and bias[channels] at their offsets;
// statistics: 2 for each plane (batch · channels of them), then 2 for each group (from groupsAt on).
// Three dispatches: `planes` makes mean and sum of squared deviations of every channel's plane, one
// invocation each, in two passes over it; `combine` joins the planes of a group (Chan, Golub and LeVeque
// 1979), so that no large squares are subtracted, to mean and inverse deviation; `normalise` takes
// entries one by one.
// Workgroup of 64: no workgroup memory, no barriers, which software adapters run fastest; `normalise`
// gives each invocation four entries, 64 apart, so that neighbours read neighbours.
// Deterministic: every sum is made by one invocation in order.

struct Parameters {
  batch: u32,
  channels: u32,
  positions: u32,
  groups: u32,
  gainOffset: u32,
  biasOffset: u32,
  groupsAt: u32,
  relu: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> statistics: array<f32>;
@group(0) @binding(3) var<storage, read> gain: array<f32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn planes(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let plane = (group.y * groups.x + group.x) * 64u + local;
  if (plane >= p.batch * p.channels) {
    return;
  }
  let start = plane * p.positions;
  var sum = 0.0;
  for (var k = 0u; k < p.positions; k++) {
    sum += x[start + k];
  }
  let mean = sum / f32(p.positions);
  var squares = 0.0;
  for (var k = 0u; k < p.positions; k++) {
    let difference = x[start + k] - mean;
    squares += difference * difference;
  }
  statistics[2u * plane] = mean;
  statistics[2u * plane + 1u] = squares;
}

@compute @workgroup_size(64)
fn combine(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let at = (group.y * groups.x + group.x) * 64u + local;
  if (at >= p.batch * p.groups) {
    return;
  }
  let channelsPerGroup = p.channels / p.groups;
  let first = 2u * at * channelsPerGroup;
  var sum = 0.0;
  for (var c = 0u; c < channelsPerGroup; c++) {
    sum += statistics[first + 2u * c];
  }
  let mean = sum / f32(channelsPerGroup);
  var squares = 0.0;
  for (var c = 0u; c < channelsPerGroup; c++) {
    let difference = statistics[first + 2u * c] - mean;
    squares += statistics[first + 2u * c + 1u] + f32(p.positions) * difference * difference;
  }
  statistics[p.groupsAt + 2u * at] = mean;
  statistics[p.groupsAt + 2u * at + 1u] =
    1.0 / sqrt(squares / f32(channelsPerGroup * p.positions) + p.epsilon);
}

@compute @workgroup_size(64)
fn normalise(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let first = (group.y * groups.x + group.x) * 256u;
  let end = min(first + 256u, p.batch * p.channels * p.positions);
  for (var k = first + local; k < end; k += 64u) {
    let plane = k / p.positions;
    let c = plane % p.channels;
    let at = p.groupsAt + 2u * (plane / (p.channels / p.groups));
    let normal = (x[k] - statistics[at]) * statistics[at + 1u];
    let value = gain[p.gainOffset + c] * normal + bias[p.biasOffset + c];
    y[k] = select(value, max(value, 0.0), p.relu == 1u);
  }
}

// Group normalisation, gradients. With n = (x - mean) / √(variance + ε), all over a group:
//   dBias[c] = Σ_{b,k} dy[b, c, k]; dGain[c] = Σ_{b,k} dy · n;
//   dx = (gain[c] · dy - mean(gain · dy) - n · mean(gain · dy · n)) / √(variance + ε),
// and 0 where x, being a ReLU's output (isRectified), is not positive.
//
// Shapes and statistics as in group-norm-forward.wgsl, whose group entries this reads; the plane entries
// are used again for the two sums over each plane, and the last 2 entries of each group (from meansAt on)
// for the two means.
// Four dispatches: `planes` makes Σ dy and Σ dy · n of every channel's plane; `parameters` sums them over
// the batch; `means` combines them over each group; `inputs` takes entries one by one.
// Workgroup of 64, without workgroup memory or barriers, as in group-norm-forward.wgsl.
// Deterministic: every sum is made by one invocation in order.

struct Parameters {
  batch: u32,
  channels: u32,
  positions: u32,
  groups: u32,
  gainOffset: u32,
  // Where the result of `parameters` goes, and which of the two sums it is.
  resultOffset: u32,
  resultSum: u32,
  groupsAt: u32,
  meansAt: u32,
  isRectified: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> statistics: array<f32>;
@group(0) @binding(3) var<storage, read> gain: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read_write> result: array<f32>;

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
  let at = p.groupsAt + 2u * (plane / (p.channels / p.groups));
  let mean = statistics[at];
  let start = plane * p.positions;
  var sum = 0.0;
  var products = 0.0;
  for (var k = start; k < start + p.positions; k++) {
    sum += dy[k];
    products += dy[k] * (x[k] - mean);
  }
  statistics[2u * plane] = sum;
  statistics[2u * plane + 1u] = products * statistics[at + 1u];
}

@compute @workgroup_size(64)
fn parameters(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let c = (group.y * groups.x + group.x) * 64u + local;
  if (c >= p.channels) {
    return;
  }
  var sum = 0.0;
  for (var b = 0u; b < p.batch; b++) {
    sum += statistics[2u * (b * p.channels + c) + p.resultSum];
  }
  result[p.resultOffset + c] = sum;
}

@compute @workgroup_size(64)
fn means(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let at = (group.y * groups.x + group.x) * 64u + local;
  if (at >= p.batch * p.groups) {
    return;
  }
  let channelsPerGroup = p.channels / p.groups;
  let firstChannel = at % p.groups * channelsPerGroup;
  var sums = vec2f(0);
  for (var c = 0u; c < channelsPerGroup; c++) {
    let plane = 2u * (at * channelsPerGroup + c);
    sums += gain[p.gainOffset + firstChannel + c] * vec2f(statistics[plane], statistics[plane + 1u]);
  }
  let size = f32(channelsPerGroup * p.positions);
  statistics[p.meansAt + 2u * at] = sums.x / size;
  statistics[p.meansAt + 2u * at + 1u] = sums.y / size;
}

@compute @workgroup_size(64)
fn inputs(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let first = (group.y * groups.x + group.x) * 256u;
  let end = min(first + 256u, p.batch * p.channels * p.positions);
  for (var k = first + local; k < end; k += 64u) {
    let plane = k / p.positions;
    let at = 2u * (plane / (p.channels / p.groups));
    let inverse = statistics[p.groupsAt + at + 1u];
    let normal = (x[k] - statistics[p.groupsAt + at]) * inverse;
    let delta = gain[p.gainOffset + plane % p.channels] * dy[k];
    let value = inverse * (delta - statistics[p.meansAt + at] - normal * statistics[p.meansAt + at + 1u]);
    result[k] = select(value, 0.0, p.isRectified == 1u && x[k] <= 0.0);
  }
}

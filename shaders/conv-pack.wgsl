// Convolution, preparation: pictures and filters rewritten so that the products read whole vec4f, without
// bounds or strides to mind. A few thousandths of the products' work.
//
// `pictures`: every row of source[planes, height, width] becomes `phases` rows of packedWidth numbers (a
// multiple of 4), with zeros where the row has nothing:
//   isGradient 0 (the input of forward and weight gradient): row `phase` holds columns phase - padding,
//     and every stride-th from there;
//   isGradient 1 (dy, for the input gradient): row `phase` holds all columns from
//     ⌊(phase + padding) / stride⌋ - 4·turns on, which is where the outputs that meet inputs
//     phase, phase + stride, ... lie.
// `filters`: weight[filters, channels, kernel, kernel] becomes vec4f of the same tap in four filters
// (isGradient 1: in four channels): [tile of four, other axis, kernel row, phase, turn, place], five
// places a turn. Place m of turn n is tap 4n + m of the phase, that is column phase + stride·(4n + m)
// (isGradient 1: tap 4n + 4 - m from column (phase + padding) mod stride on); 0 where there is none. The
// tap that two turns share belongs to the later one.
// Workgroup of 64: one invocation writes one vec4f.
// Deterministic: every result is written once.

struct Parameters {
  batch: u32,
  channels: u32,
  height: u32,
  width: u32,
  filters: u32,
  kernel: u32,
  stride: u32,
  padding: u32,
  outHeight: u32,
  outWidth: u32,
  phases: u32,
  turns: u32,
  weightOffset: u32,
  isGradient: u32,
  // Of `pictures`: the source's shape, and vec4f in a row of the result.
  planes: u32,
  sourceHeight: u32,
  sourceWidth: u32,
  rowVectors: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> packed: array<vec4f>;

@compute @workgroup_size(64)
fn pictures(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let at = (group.y * groups.x + group.x) * 64u + local;
  let m = at % p.rowVectors * 4u;
  let phase = at / p.rowVectors % p.phases;
  let row = at / p.rowVectors / p.phases;
  if (row >= p.planes * p.sourceHeight) {
    return;
  }
  var step = p.stride;
  // Columns left of the row wrap round, past its width.
  var column = m * p.stride + phase - p.padding;
  if (p.isGradient == 1u) {
    step = 1u;
    column = m + (phase + p.padding) / p.stride - 4u * p.turns;
  }
  var values = vec4f(0);
  for (var k = 0u; k < 4u; k++) {
    if (column < p.sourceWidth) {
      values[k] = source[row * p.sourceWidth + column];
    }
    column += step;
  }
  packed[at] = values;
}

@compute @workgroup_size(64)
fn filters(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let at = (group.y * groups.x + group.x) * 64u + local;
  let place = at % 5u;
  let turn = at / 5u % p.turns;
  let phase = at / 5u / p.turns % p.phases;
  let line = at / 5u / p.turns / p.phases;
  let u = line % p.kernel;
  let inner = select(p.channels, p.filters, p.isGradient == 1u);
  let outer = select(p.filters, p.channels, p.isGradient == 1u);
  let other = line / p.kernel % inner;
  let first = line / p.kernel / inner * 4u;
  if (first >= outer) {
    return;
  }
  let tap = select(place, 4u - place, p.isGradient == 1u);
  let start = select(phase, (phase + p.padding) % p.stride, p.isGradient == 1u);
  let v = start + p.stride * (4u * turn + tap);
  let isShared = tap == 4u && turn + 1u < p.turns;
  var values = vec4f(0);
  for (var k = 0u; k < min(4u, outer - first); k++) {
    let f = select(first + k, other, p.isGradient == 1u);
    let c = select(other, first + k, p.isGradient == 1u);
    if (v < p.kernel && !isShared) {
      values[k] = source[p.weightOffset + ((f * p.channels + c) * p.kernel + u) * p.kernel + v];
    }
  }
  packed[at] = values;
}

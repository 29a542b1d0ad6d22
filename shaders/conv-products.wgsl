// Convolution, forward and gradient of the input, as one product over packed operands (conv-pack.wgsl):
//   sum[o] = Σ_{t, u, q} block[phase, o, t, u, q] · x[b, i · rowStep + start.row + t, j · columnStep + start.column + u, q]
// for every position (b, i, j) of every phase, with one of three endings:
//   plain: act(sum), biased: act(sum + extra[extraOffset + o]), act = identity or ReLU: forward, which has one
//     phase, the stride as steps and start 0;
//   masked: extra at the same place > 0 ? sum : 0: the gradient of the input through the ReLU that made it.
//     The gradient (plain or masked) has stride x stride phases, steps of 1 and start (phase + shift) / stride;
//     its position (i, j) is input (i · stride + phase.row, j · stride + phase.column).
//
// Shapes: x[batch, packedHeight, packedWidth, quads] of vec4f; blocks of 4 outputs x 4 inner, four vec4f each;
// dest (and the mask) [batch, outer, height, width] row-major f32.
// Implicit product: patches are never written down. One invocation makes 8 positions x 8 outputs in registers:
// eight vec4f of inputs and two blocks of weights make 256 products. Positions are counted through rows and
// pictures, so that none are lost at the ends of rows. No workgroup memory, no barriers, few and wide loads: what
// software adapters run best.
// Workgroup of 64: invocations share nothing. The 32 positions of four neighbours are dealt out in turn, so that
// they read side by side.
// Deterministic: each result is summed by one invocation in a fixed order.

struct Parameters {
  batch: u32,
  // Positions of a phase.
  rows: u32,
  columns: u32,
  outer: u32,
  height: u32,
  width: u32,
  packedHeight: u32,
  packedWidth: u32,
  quads: u32,
  tapRows: u32,
  tapColumns: u32,
  rowStep: u32,
  columnStep: u32,
  phases: u32,
  shift: u32,
  // 0 plain, 1 biased, 2 masked.
  ending: u32,
  extraOffset: u32,
  relu: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> blocks: array<vec4f>;
@group(0) @binding(3) var<storage, read> extra: array<f32>;
@group(0) @binding(4) var<storage, read_write> dest: array<f32>;

// Where a position's first input lies.
fn startOf(position: u32, phase: vec2u) -> u32 {
  let last = p.batch * p.rows * p.columns - 1u;
  let at = min(position, last);
  let b = at / p.columns / p.rows;
  let row = at / p.columns % p.rows * p.rowStep + (phase.x + p.shift) / p.phases;
  let column = at % p.columns * p.columnStep + (phase.y + p.shift) / p.phases;
  return ((b * p.packedHeight + row) * p.packedWidth + column) * p.quads;
}

// Four results of a position, their places `size` apart.
fn storeQuad(place: u32, size: u32, outer: u32, sums: vec4f) {
  let at = place + size * vec4u(0u, 1u, 2u, 3u);
  var values = sums;
  if (p.ending == 1u) {
    let first = p.extraOffset + outer;
    values += vec4f(extra[first], extra[first + 1u], extra[first + 2u], extra[first + 3u]);
  } else if (p.ending == 2u) {
    let masks = vec4f(extra[at.x], extra[at.y], extra[at.z], extra[at.w]);
    values = select(vec4f(0), values, masks > vec4f(0));
  }
  if (p.relu == 1u) {
    values = max(values, vec4f(0));
  }
  dest[at.x] = values.x;
  if (outer + 3u < p.outer) {
    dest[at.y] = values.y;
    dest[at.z] = values.z;
    dest[at.w] = values.w;
    return;
  }
  if (outer + 1u < p.outer) { dest[at.y] = values.y; }
  if (outer + 2u < p.outer) { dest[at.z] = values.z; }
}

// `isPair`: there is a tile for `high`.
fn store(position: u32, phase: vec2u, outer: u32, isPair: bool, low: vec4f, high: vec4f) {
  let line = position / p.columns;
  let b = line / p.rows;
  let i = line % p.rows * p.phases + phase.x;
  let j = position % p.columns * p.phases + phase.y;
  if (b >= p.batch || i >= p.height || j >= p.width) {
    return;
  }
  let size = p.height * p.width;
  let place = (b * p.outer + outer) * size + i * p.width + j;
  storeQuad(place, size, outer, low);
  if (isPair) {
    storeQuad(place + 4u * size, size, outer + 4u, high);
  }
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let invocation = (group.y * groups.x + group.x) * 64u + local;
  let runs = (p.batch * p.rows * p.columns + 31u) / 32u * 4u;
  let tiles = (p.outer + 3u) / 4u;
  let pairs = (tiles + 1u) / 2u;
  let position = invocation % runs / 4u * 32u + invocation % 4u;
  let tile = invocation / runs % pairs * 2u;
  let at = invocation / runs / pairs;
  if (at >= p.phases * p.phases) {
    return;
  }
  let phase = vec2u(at / p.phases, at % p.phases);
  let x0 = startOf(position, phase);
  let x1 = startOf(position + 4u, phase);
  let x2 = startOf(position + 8u, phase);
  let x3 = startOf(position + 12u, phase);
  let x4 = startOf(position + 16u, phase);
  let x5 = startOf(position + 20u, phase);
  let x6 = startOf(position + 24u, phase);
  let x7 = startOf(position + 28u, phase);
  let across = p.tapColumns * p.quads;
  let span = p.tapRows * across * 4u;
  var low = (at * tiles + tile) * span;
  // An odd tile out is made twice, and stored once.
  var high = (at * tiles + min(tile + 1u, tiles - 1u)) * span;
  var s00 = vec4f(0);
  var s01 = vec4f(0);
  var s10 = vec4f(0);
  var s11 = vec4f(0);
  var s20 = vec4f(0);
  var s21 = vec4f(0);
  var s30 = vec4f(0);
  var s31 = vec4f(0);
  var s40 = vec4f(0);
  var s41 = vec4f(0);
  var s50 = vec4f(0);
  var s51 = vec4f(0);
  var s60 = vec4f(0);
  var s61 = vec4f(0);
  var s70 = vec4f(0);
  var s71 = vec4f(0);
  for (var t = 0u; t < p.tapRows; t++) {
    let line = t * p.packedWidth * p.quads;
    for (var q = line; q < line + across; q++) {
      let w0 = mat4x4f(blocks[low], blocks[low + 1u], blocks[low + 2u], blocks[low + 3u]);
      let w1 = mat4x4f(blocks[high], blocks[high + 1u], blocks[high + 2u], blocks[high + 3u]);
      low += 4u;
      high += 4u;
      let e0 = x[x0 + q];
      let e1 = x[x1 + q];
      let e2 = x[x2 + q];
      let e3 = x[x3 + q];
      let e4 = x[x4 + q];
      let e5 = x[x5 + q];
      let e6 = x[x6 + q];
      let e7 = x[x7 + q];
      s00 += w0 * e0;
      s01 += w1 * e0;
      s10 += w0 * e1;
      s11 += w1 * e1;
      s20 += w0 * e2;
      s21 += w1 * e2;
      s30 += w0 * e3;
      s31 += w1 * e3;
      s40 += w0 * e4;
      s41 += w1 * e4;
      s50 += w0 * e5;
      s51 += w1 * e5;
      s60 += w0 * e6;
      s61 += w1 * e6;
      s70 += w0 * e7;
      s71 += w1 * e7;
    }
  }
  let outer = tile * 4u;
  let isPair = tile + 1u < tiles;
  store(position, phase, outer, isPair, s00, s01);
  store(position + 4u, phase, outer, isPair, s10, s11);
  store(position + 8u, phase, outer, isPair, s20, s21);
  store(position + 12u, phase, outer, isPair, s30, s31);
  store(position + 16u, phase, outer, isPair, s40, s41);
  store(position + 20u, phase, outer, isPair, s50, s51);
  store(position + 24u, phase, outer, isPair, s60, s61);
  store(position + 28u, phase, outer, isPair, s70, s71);
}

// Convolution, gradient of its input, through the ReLU that made the input, if there was one:
//   dx[b, c, i, j] = [rectified > 0] · Σ_{f,u,v} weight[f, c, u, v] · dy[b, f, (i + padding - u) / stride, (j + padding - v) / stride]
// over those u, v for which both quotients are whole and lie inside dy.
//
// Shapes: dy[batch · filters · outHeight · stride, rowVectors] and weight, both vec4f as `pictures` and
// `filters` of conv-pack.wgsl make them for gradients (phases = stride); x (the ReLU's output, if
// isRectified) and dx[batch, channels, height, width] row-major f32.
// One invocation makes 4 channels x 8 inputs of one row, `stride` apart: such inputs meet the same taps,
// every stride-th of them, and see neighbouring entries of dy, so no product with a zero between entries
// is made. It holds all 32 sums
// of a row in registers. Both operands come packed (conv-pack.wgsl): three vec4f of inputs and five of
// weights make 160 products, the inputs being seen through windows that slide by one for every tap.
// Each sum is touched once a window, because software adapters keep it in memory; they also run best
// without workgroup memory and with few, wide loads.
// Workgroup of 64: invocations share nothing; tiles are numbered along the row first.
// Deterministic: each result is summed by one invocation in a fixed order.

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
  rowVectors: u32,
  isRectified: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;

fn store(b: u32, c: u32, i: u32, j: u32, sums: vec4f) {
  if (j >= p.width) {
    return;
  }
  for (var k = 0u; k < min(4u, p.channels - c); k++) {
    let at = ((b * p.channels + c + k) * p.height + i) * p.width + j;
    var value = sums[k];
    if (p.isRectified == 1u) {
      value = select(0.0, value, x[at] > 0.0);
    }
    dx[at] = value;
  }
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  var tile = (group.y * groups.x + group.x) * 64u + local;
  // A run of 8 inputs `stride` apart for each of the `stride` places that it can begin at.
  let runs = (p.width + 8u * p.stride - 1u) / (8u * p.stride) * p.stride;
  let phase = tile % runs % p.stride;
  let run = tile % runs / p.stride;
  tile /= runs;
  let i = tile % p.height;
  tile /= p.height;
  let channelTiles = (p.channels + 3u) / 4u;
  let channelTile = tile % channelTiles;
  let b = tile / channelTiles;
  if (b >= p.batch) {
    return;
  }
  let firstRow = (i + p.padding) % p.stride;
  var s0 = vec4f(0);
  var s1 = vec4f(0);
  var s2 = vec4f(0);
  var s3 = vec4f(0);
  var s4 = vec4f(0);
  var s5 = vec4f(0);
  var s6 = vec4f(0);
  var s7 = vec4f(0);
  for (var f = 0u; f < p.filters; f++) {
    for (var u = firstRow; u < p.kernel; u += p.stride) {
      let line = (i + p.padding - u) / p.stride;
      if (i + p.padding >= u && line < p.outHeight) {
        let row = ((b * p.filters + f) * p.outHeight + line) * p.stride + phase;
        let walks = (((channelTile * p.filters + f) * p.kernel + u) * p.stride + phase) * p.turns;
        for (var turn = 0u; turn < p.turns; turn++) {
          let at = row * p.rowVectors + run * 2u + p.turns - 1u - turn;
          let w = (walks + turn) * 5u;
          let e0 = dy[at];
          let e1 = dy[at + 1u];
          let e2 = dy[at + 2u];
          let four = mat4x4f(weight[w], weight[w + 1u], weight[w + 2u], weight[w + 3u]);
          let fifth = weight[w + 4u];
          s0 += four * e0 + fifth * e1.x;
          s1 += four * vec4f(e0.yzw, e1.x) + fifth * e1.y;
          s2 += four * vec4f(e0.zw, e1.xy) + fifth * e1.z;
          s3 += four * vec4f(e0.w, e1.xyz) + fifth * e1.w;
          s4 += four * e1 + fifth * e2.x;
          s5 += four * vec4f(e1.yzw, e2.x) + fifth * e2.y;
          s6 += four * vec4f(e1.zw, e2.xy) + fifth * e2.z;
          s7 += four * vec4f(e1.w, e2.xyz) + fifth * e2.w;
        }
      }
    }
  }
  let j = run * 8u * p.stride + phase;
  store(b, channelTile * 4u, i, j, s0);
  store(b, channelTile * 4u, i, j + 1u * p.stride, s1);
  store(b, channelTile * 4u, i, j + 2u * p.stride, s2);
  store(b, channelTile * 4u, i, j + 3u * p.stride, s3);
  store(b, channelTile * 4u, i, j + 4u * p.stride, s4);
  store(b, channelTile * 4u, i, j + 5u * p.stride, s5);
  store(b, channelTile * 4u, i, j + 6u * p.stride, s6);
  store(b, channelTile * 4u, i, j + 7u * p.stride, s7);
}

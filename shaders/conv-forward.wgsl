// Convolution, forward:
//   y[b, f, i, j] = act(bias[f] + Σ_{c,u,v} weight[f, c, u, v] · x[b, c, i·stride + u - padding, j·stride + v - padding]),
// zeros outside the picture, act = identity or ReLU.
//
// Shapes: x[batch · channels · height · phases, rowVectors] and weight, both vec4f as `pictures` and
// `filters` of conv-pack.wgsl make them; bias[filters] at biasOffset (if hasBias);
// y[batch, filters, outHeight, outWidth] row-major f32.
// Implicit product: patches are never written down. One invocation makes 4 filters x 8 neighbours
// of a row in registers. Both operands come packed (conv-pack.wgsl): three vec4f of inputs and five of
// weights make 160 products, the inputs being seen through windows that slide by one for every tap.
// Each sum is touched once a window, because software adapters keep it in memory; they also run best
// without workgroup memory and with few, wide loads.
// Workgroup of 64: invocations share nothing; tiles are numbered along the row first, then rows, filters
// and pictures, so that neighbours read neighbouring inputs and the same weights.
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
  biasOffset: u32,
  hasBias: u32,
  relu: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

fn store(b: u32, f: u32, i: u32, j: u32, sums: vec4f) {
  if (j >= p.outWidth) {
    return;
  }
  for (var k = 0u; k < min(4u, p.filters - f); k++) {
    var value = sums[k];
    if (p.hasBias == 1u) {
      value += bias[p.biasOffset + f + k];
    }
    let at = ((b * p.filters + f + k) * p.outHeight + i) * p.outWidth + j;
    y[at] = select(value, max(value, 0.0), p.relu == 1u);
  }
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  var tile = (group.y * groups.x + group.x) * 64u + local;
  let across = (p.outWidth + 7u) / 8u;
  let j = tile % across * 8u;
  tile /= across;
  let i = tile % p.outHeight;
  tile /= p.outHeight;
  let filterTiles = (p.filters + 3u) / 4u;
  let filterTile = tile % filterTiles;
  let b = tile / filterTiles;
  if (b >= p.batch) {
    return;
  }
  var s0 = vec4f(0);
  var s1 = vec4f(0);
  var s2 = vec4f(0);
  var s3 = vec4f(0);
  var s4 = vec4f(0);
  var s5 = vec4f(0);
  var s6 = vec4f(0);
  var s7 = vec4f(0);
  for (var c = 0u; c < p.channels; c++) {
    for (var u = 0u; u < p.kernel; u++) {
      // Above the picture this wraps round, past its height.
      let line = i * p.stride + u - p.padding;
      if (line < p.height) {
        let rows = ((b * p.channels + c) * p.height + line) * p.phases;
        let walks = ((filterTile * p.channels + c) * p.kernel + u) * p.phases * p.turns;
        for (var walk = 0u; walk < p.phases * p.turns; walk++) {
          let at = (rows + walk / p.turns) * p.rowVectors + j / 4u + walk % p.turns;
          let w = (walks + walk) * 5u;
          let e0 = x[at];
          let e1 = x[at + 1u];
          let e2 = x[at + 2u];
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
  store(b, filterTile * 4u, i, j, s0);
  store(b, filterTile * 4u, i, j + 1u, s1);
  store(b, filterTile * 4u, i, j + 2u, s2);
  store(b, filterTile * 4u, i, j + 3u, s3);
  store(b, filterTile * 4u, i, j + 4u, s4);
  store(b, filterTile * 4u, i, j + 5u, s5);
  store(b, filterTile * 4u, i, j + 6u, s6);
  store(b, filterTile * 4u, i, j + 7u, s7);
}

// Convolution, gradients of weights and biases:
//   dWeight[f, c, u, v] = Σ_{b,i,j} dy[b, f, i, j] · x[b, c, i·stride + u - padding, j·stride + v - padding];
//   dBias[f] = Σ_{b,i,j} dy[b, f, i, j].
//
// Shapes: x[batch · channels · height · phases, rowVectors] and dy[batch · filters · outHeight,
// deltaVectors], both vec4f as `pictures` of conv-pack.wgsl makes them, with zeros past the end of a row.
// There are few weights and very many positions, so the sum is cut into `splits` runs of output rows
// (of all pictures, one after another): `weights` and `biases` write the sums of every run to
// partials[splits, partialLength] (weights first, then biases), and conv-sum-partials.wgsl adds them up.
// `weights`: one invocation holds 4 filters x 5 taps of one kernel row (see `filters` of conv-pack.wgsl
// for which taps go together); it takes 8 output columns at a time: three vec4f of inputs, seen through
// sliding windows, and eight of dy make 160 products. No workgroup memory, no barriers.
// Workgroup of 64: invocations share nothing; neighbours have the same filters and other inputs.
// Deterministic: runs follow from the shape alone and are added in order.

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
  deltaVectors: u32,
  splits: u32,
  rowsPerSplit: u32,
  partialLength: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> partials: array<f32>;

fn store(place: vec4u, f: u32, sums: vec4f) {
  partials[place.x] = sums.x;
  if (f + 1u < p.filters) { partials[place.y] = sums.y; }
  if (f + 2u < p.filters) { partials[place.z] = sums.z; }
  if (f + 3u < p.filters) { partials[place.w] = sums.w; }
}

@compute @workgroup_size(64)
fn weights(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  var tile = (group.y * groups.x + group.x) * 64u + local;
  let turn = tile % p.turns;
  tile /= p.turns;
  let phase = tile % p.phases;
  tile /= p.phases;
  let u = tile % p.kernel;
  tile /= p.kernel;
  let c = tile % p.channels;
  tile /= p.channels;
  let filterTiles = (p.filters + 3u) / 4u;
  let f = tile % filterTiles * 4u;
  let split = tile / filterTiles;
  if (split >= p.splits) {
    return;
  }
  let firstRow = split * p.rowsPerSplit;
  let endRow = min(firstRow + p.rowsPerSplit, p.batch * p.outHeight);
  let last = p.filters - 1u;
  let filters = vec4u(f, min(f + 1u, last), min(f + 2u, last), min(f + 3u, last));
  var b = firstRow / p.outHeight;
  var i = firstRow % p.outHeight;
  var s0 = vec4f(0);
  var s1 = vec4f(0);
  var s2 = vec4f(0);
  var s3 = vec4f(0);
  var s4 = vec4f(0);
  for (var r = firstRow; r < endRow; r++) {
    // Above the picture this wraps round, past its height.
    let line = i * p.stride + u - p.padding;
    if (line < p.height) {
      let start = (((b * p.channels + c) * p.height + line) * p.phases + phase) * p.rowVectors + turn;
      let rows = ((b * p.filters + filters) * p.outHeight + i) * p.deltaVectors;
      for (var j = 0u; j < p.deltaVectors; j += 2u) {
        let at = start + j;
        let d = rows + j;
        let e0 = x[at];
        let e1 = x[at + 1u];
        let e2 = x[at + 2u];
        let low = mat4x4f(dy[d.x], dy[d.y], dy[d.z], dy[d.w]);
        let high = mat4x4f(dy[d.x + 1u], dy[d.y + 1u], dy[d.z + 1u], dy[d.w + 1u]);
        s0 += e0 * low + e1 * high;
        s1 += vec4f(e0.yzw, e1.x) * low + vec4f(e1.yzw, e2.x) * high;
        s2 += vec4f(e0.zw, e1.xy) * low + vec4f(e1.zw, e2.xy) * high;
        s3 += vec4f(e0.w, e1.xyz) * low + vec4f(e1.w, e2.xyz) * high;
        s4 += e1 * low + e2 * high;
      }
    }
    i++;
    if (i == p.outHeight) {
      i = 0u;
      b++;
    }
  }
  let s = p.stride;
  let v = phase + 4u * turn * s;
  let place = split * p.partialLength + ((filters * p.channels + c) * p.kernel + u) * p.kernel + v;
  if (v < p.kernel) { store(place, f, s0); }
  if (v + s < p.kernel) { store(place + s, f, s1); }
  if (v + 2u * s < p.kernel) { store(place + 2u * s, f, s2); }
  if (v + 3u * s < p.kernel) { store(place + 3u * s, f, s3); }
  // The tap that two turns share belongs to the later one.
  if (v + 4u * s < p.kernel && turn + 1u == p.turns) { store(place + 4u * s, f, s4); }
}

@compute @workgroup_size(64)
fn biases(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = (group.y * groups.x + group.x) * 64u + local;
  let f = tile % p.filters;
  let split = tile / p.filters;
  if (split >= p.splits) {
    return;
  }
  let firstRow = split * p.rowsPerSplit;
  let endRow = min(firstRow + p.rowsPerSplit, p.batch * p.outHeight);
  var sums = vec4f(0);
  for (var r = firstRow; r < endRow; r++) {
    let row = (r / p.outHeight * p.filters + f) * p.outHeight + r % p.outHeight;
    for (var j = 0u; j < p.deltaVectors; j++) {
      sums += dy[row * p.deltaVectors + j];
    }
  }
  let weightCount = p.filters * p.channels * p.kernel * p.kernel;
  partials[split * p.partialLength + weightCount + f] = dot(sums, vec4f(1));
}

// Convolution, gradients of weights and biases, over packed operands (`pictures` of conv-pack.wgsl):
//   dWeight[f, c, u, v] = Σ_{b,i,j} dy[b, i, j, f] · x[b, i · rowStep + u, j · columnStep + v, c];
//   dBias[f] = Σ_{b,i,j} dy[b, i, j, f].
//
// Shapes: x[batch, packedHeight, packedWidth, quads] and dy[batch, outHeight, outWidth, deltaQuads] of vec4f.
// Where x is folded, "channel" c · fold + v stands for tap v of channel c, and tapColumns is 1.
// There are few weights and very many positions, so the sum is cut into `splits` runs of output rows
// (of all pictures, one after another): `weights` and `biases` write the sums of every run to
// partials[splits, partialLength] (weights first, then biases), and conv-sum-partials.wgsl adds them up.
// `weights`: one invocation holds 8 filters x 8 channels of one tap: four vec4f make 64 products. No workgroup
// memory, no barriers.
// Workgroup of 64: invocations share nothing; neighbours have the same filters and other inputs.
// Deterministic: runs follow from the shape alone and are added in order.

struct Parameters {
  batch: u32,
  channels: u32,
  filters: u32,
  kernel: u32,
  outHeight: u32,
  outWidth: u32,
  packedHeight: u32,
  packedWidth: u32,
  quads: u32,
  deltaQuads: u32,
  tapColumns: u32,
  rowStep: u32,
  columnStep: u32,
  fold: u32,
  splits: u32,
  rowsPerSplit: u32,
  partialLength: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> partials: array<f32>;

// Four channels of one filter, each where `places` says; past the last channel nowhere.
fn store(split: u32, f: u32, places: vec4u, sums: vec4f) {
  if (f >= p.filters) {
    return;
  }
  let length = p.channels * p.kernel * p.kernel;
  let start = split * p.partialLength + f * length;
  for (var k = 0u; k < 4u; k++) {
    if (places[k] < length) {
      partials[start + places[k]] = sums[k];
    }
  }
}

// Of one filter's weights, where those of a quad of channels lie at tap (u, v).
fn placesOf(quad: u32, u: u32, v: u32) -> vec4u {
  let channels = quad * 4u + vec4u(0u, 1u, 2u, 3u);
  return (channels / p.fold * p.kernel + u) * p.kernel + v + channels % p.fold;
}

@compute @workgroup_size(64)
fn weights(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  var tile = (group.y * groups.x + group.x) * 64u + local;
  let v = tile % p.tapColumns;
  tile /= p.tapColumns;
  let u = tile % p.kernel;
  tile /= p.kernel;
  let channelPairs = (p.quads + 1u) / 2u;
  let quad = tile % channelPairs * 2u;
  tile /= channelPairs;
  let filterPairs = (p.deltaQuads + 1u) / 2u;
  let f = tile % filterPairs * 2u;
  let split = tile / filterPairs;
  if (split >= p.splits) {
    return;
  }
  // An odd one out is made twice, and stored once.
  let nextQuad = min(quad + 1u, p.quads - 1u) - quad;
  let nextFilter = min(f + 1u, p.deltaQuads - 1u) - f;
  let firstRow = split * p.rowsPerSplit;
  let endRow = min(firstRow + p.rowsPerSplit, p.batch * p.outHeight);
  let step = p.columnStep * p.quads;
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
  for (var r = firstRow; r < endRow; r++) {
    let line = r / p.outHeight * p.packedHeight + r % p.outHeight * p.rowStep + u;
    var at = (line * p.packedWidth + v) * p.quads + quad;
    var d = r * p.outWidth * p.deltaQuads + f;
    for (var j = 0u; j < p.outWidth; j++) {
      let left = x[at];
      let right = x[at + nextQuad];
      let low = dy[d];
      let high = dy[d + nextFilter];
      s00 += low.x * left;
      s01 += low.x * right;
      s10 += low.y * left;
      s11 += low.y * right;
      s20 += low.z * left;
      s21 += low.z * right;
      s30 += low.w * left;
      s31 += low.w * right;
      s40 += high.x * left;
      s41 += high.x * right;
      s50 += high.y * left;
      s51 += high.y * right;
      s60 += high.z * left;
      s61 += high.z * right;
      s70 += high.w * left;
      s71 += high.w * right;
      at += step;
      d += p.deltaQuads;
    }
  }
  let first = f * 4u;
  let left = placesOf(quad, u, v);
  store(split, first, left, s00);
  store(split, first + 1u, left, s10);
  store(split, first + 2u, left, s20);
  store(split, first + 3u, left, s30);
  if (nextFilter == 1u) {
    store(split, first + 4u, left, s40);
    store(split, first + 5u, left, s50);
    store(split, first + 6u, left, s60);
    store(split, first + 7u, left, s70);
  }
  if (nextQuad == 0u) {
    return;
  }
  let right = placesOf(quad + 1u, u, v);
  store(split, first, right, s01);
  store(split, first + 1u, right, s11);
  store(split, first + 2u, right, s21);
  store(split, first + 3u, right, s31);
  if (nextFilter == 1u) {
    store(split, first + 4u, right, s41);
    store(split, first + 5u, right, s51);
    store(split, first + 6u, right, s61);
    store(split, first + 7u, right, s71);
  }
}

@compute @workgroup_size(64)
fn biases(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = (group.y * groups.x + group.x) * 64u + local;
  let quad = tile % p.deltaQuads;
  let split = tile / p.deltaQuads;
  if (split >= p.splits) {
    return;
  }
  let first = split * p.rowsPerSplit * p.outWidth;
  let end = min(first + p.rowsPerSplit * p.outWidth, p.batch * p.outHeight * p.outWidth);
  var sums = vec4f(0);
  for (var position = first; position < end; position++) {
    sums += dy[position * p.deltaQuads + quad];
  }
  let weightCount = p.filters * p.channels * p.kernel * p.kernel;
  for (var k = 0u; k < 4u && quad * 4u + k < p.filters; k++) {
    partials[split * p.partialLength + weightCount + quad * 4u + k] = sums[k];
  }
}

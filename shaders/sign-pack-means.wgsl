// Sign packing and the sums of mean magnitudes in one pass: the words of sign-pack.wgsl, and the partial sums
// that `partial` of chunk-means.wgsl would leave, bit for bit, for its `total` to add up.
//
// Shapes: chunk c is [bounds[c], bounds[c + 1]), bounds at `listOffset` of the list buffer and multiples of 32,
// but for the last one; source[...] f32, read as bits; bits go to out from word `offset` on.
// Lane l of a chunk sums the elements l, l + lanes, l + 2 · lanes, ... of it. An invocation keeps 32 lanes
// in eight vec4, so that what it reads for one step of them is also one word of signs.
// Signs are decided on bits, because a comparison may take a negative subnormal for zero, and NaN tests
// fold away: +0 to +inf and -0 give 1; NaN gives 0.
// Workgroup of 32: a chunk of some thousands has only two invocations, and cores want to share them.
// Deterministic: a fixed order for given bounds and lanes.

struct Parameters {
  chunks: u32,
  listOffset: u32,
  offset: u32,
  lanes: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<vec4u>;
@group(0) @binding(2) var<storage, read> list: array<u32>;
@group(0) @binding(3) var<storage, read_write> partials: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> out: array<u32>;

// With the sign bit inverted, as signed integers: +0 to +inf are -2^31 to -2^23, and -0 is 0.
fn signs(v: vec4u, bit: u32) -> vec4u {
  let ranks = bitcast<vec4i>(v ^ vec4u(0x80000000u));
  return select(vec4u(0), vec4u(bit), (ranks <= vec4i(-8388608)) | (ranks == vec4i(0)));
}

fn magnitudes(v: vec4u) -> vec4f {
  return bitcast<vec4f>(v & vec4u(0x7fffffffu));
}

fn packed(
  v0: vec4u,
  v1: vec4u,
  v2: vec4u,
  v3: vec4u,
  v4: vec4u,
  v5: vec4u,
  v6: vec4u,
  v7: vec4u,
) -> u32 {
  let low = signs(v0, 1u) | signs(v1, 1u << 4u) | signs(v2, 1u << 8u) | signs(v3, 1u << 12u);
  let high = signs(v4, 1u << 16u) | signs(v5, 1u << 20u) | signs(v6, 1u << 24u) | signs(v7, 1u << 28u);
  let all = low | high;
  return all.x | (all.y << 1u) | (all.z << 2u) | (all.w << 3u);
}

// Zeros from `end` on.
fn before(end: u32, quad: u32) -> vec4u {
  return select(vec4u(0), source[quad], vec4u(quad * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(end));
}

@compute @workgroup_size(32)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (group.y * groups.x + group.x) * 32u + local;
  let share = p.lanes / 32u;
  let c = i / share;
  if (c >= p.chunks) {
    return;
  }
  let end = list[p.listOffset + c + 1u];
  var s0 = vec4f(0);
  var s1 = vec4f(0);
  var s2 = vec4f(0);
  var s3 = vec4f(0);
  var s4 = vec4f(0);
  var s5 = vec4f(0);
  var s6 = vec4f(0);
  var s7 = vec4f(0);
  var word = list[p.listOffset + c] / 32u + i % share;
  for (; word < end / 32u; word += share) {
    let q = word * 8u;
    let v0 = source[q];
    let v1 = source[q + 1u];
    let v2 = source[q + 2u];
    let v3 = source[q + 3u];
    let v4 = source[q + 4u];
    let v5 = source[q + 5u];
    let v6 = source[q + 6u];
    let v7 = source[q + 7u];
    s0 += magnitudes(v0);
    s1 += magnitudes(v1);
    s2 += magnitudes(v2);
    s3 += magnitudes(v3);
    s4 += magnitudes(v4);
    s5 += magnitudes(v5);
    s6 += magnitudes(v6);
    s7 += magnitudes(v7);
    out[p.offset + word] = packed(v0, v1, v2, v3, v4, v5, v6, v7);
  }
  // The vector's last word, where it is not whole.
  if (word * 32u < end) {
    let q = word * 8u;
    let v0 = before(end, q);
    let v1 = before(end, q + 1u);
    let v2 = before(end, q + 2u);
    let v3 = before(end, q + 3u);
    let v4 = before(end, q + 4u);
    let v5 = before(end, q + 5u);
    let v6 = before(end, q + 6u);
    let v7 = before(end, q + 7u);
    s0 += magnitudes(v0);
    s1 += magnitudes(v1);
    s2 += magnitudes(v2);
    s3 += magnitudes(v3);
    s4 += magnitudes(v4);
    s5 += magnitudes(v5);
    s6 += magnitudes(v6);
    s7 += magnitudes(v7);
    let bits = packed(v0, v1, v2, v3, v4, v5, v6, v7);
    out[p.offset + word] = bits & ((1u << (end - word * 32u)) - 1u);
  }
  let first = c * (p.lanes / 4u) + (i % share) * 8u;
  partials[first] = s0;
  partials[first + 1u] = s1;
  partials[first + 2u] = s2;
  partials[first + 3u] = s3;
  partials[first + 4u] = s4;
  partials[first + 5u] = s5;
  partials[first + 6u] = s6;
  partials[first + 7u] = s7;
}

// Sign packing and sums of magnitudes in one pass: the words of sign-pack.wgsl, and partial sums for `total` of
// chunk-means.wgsl to add up.
//
// Shapes: chunk c is [bounds[c], bounds[c + 1]), bounds at `listOffset` of the list buffer and multiples of 32,
// but for the last one; source[...] f32, read as bits; bits go to out from word `offset` on. Each chunk has
// `shares` invocations: share i makes the words i, i + shares, i + 2 · shares, ... of it, and one partial sum.
// Signs are decided on bits, because a comparison may take a negative subnormal for zero, and by as few
// operations as can be: software adapters pay for each, and for a select four times. A NaN makes the chunk's
// mean NaN, and its own bit means nothing.
// Workgroup of 64: a multiple of every subgroup size in use; a word is eight vec4, and there is no barrier.
// Deterministic: a fixed order for given bounds and shares.

struct Parameters {
  chunks: u32,
  listOffset: u32,
  offset: u32,
  shares: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<vec4u>;
@group(0) @binding(2) var<storage, read> list: array<u32>;
@group(0) @binding(3) var<storage, read_write> partials: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<u32>;

fn magnitudes(v: vec4u) -> vec4f {
  return bitcast<vec4f>(v & vec4u(0x7fffffffu));
}

// The signs of the quads before and, in the highest bits, of one more: set where v < 0, so not where v - 1 has
// lost that bit, because v is -0, nor where only v - 1 has it, because v is +0.
fn joined(bits: vec4u, v: vec4u) -> vec4u {
  return (bits >> vec4u(4u)) | (v & (v - vec4u(1u)) & vec4u(0x80000000u));
}

// Of eight quads, quad q has its signs in bits 4q + 3; each component goes to its own place.
fn wordOf(bits: vec4u) -> u32 {
  return ~((bits.x >> 3u) | (bits.y >> 2u) | (bits.z >> 1u) | bits.w);
}

// Zeros from `end` on.
fn before(end: u32, quad: u32) -> vec4u {
  return select(vec4u(0), source[quad], vec4u(quad * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(end));
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + local;
  let shares = p.shares;
  let c = i / shares;
  if (c >= p.chunks) {
    return;
  }
  let end = list[p.listOffset + c + 1u];
  let offset = p.offset;
  let whole = end / 32u;
  var sum = vec4f(0);
  var word = list[p.listOffset + c] / 32u + i % shares;
  for (; word < whole; word += shares) {
    let q = word * 8u;
    var bits = vec4u(0);
    let v0 = source[q];
    bits = joined(bits, v0);
    sum += magnitudes(v0);
    let v1 = source[q + 1u];
    bits = joined(bits, v1);
    sum += magnitudes(v1);
    let v2 = source[q + 2u];
    bits = joined(bits, v2);
    sum += magnitudes(v2);
    let v3 = source[q + 3u];
    bits = joined(bits, v3);
    sum += magnitudes(v3);
    let v4 = source[q + 4u];
    bits = joined(bits, v4);
    sum += magnitudes(v4);
    let v5 = source[q + 5u];
    bits = joined(bits, v5);
    sum += magnitudes(v5);
    let v6 = source[q + 6u];
    bits = joined(bits, v6);
    sum += magnitudes(v6);
    let v7 = source[q + 7u];
    bits = joined(bits, v7);
    sum += magnitudes(v7);
    out[offset + word] = wordOf(bits);
  }
  // The vector's last word, where it is not whole.
  if (word * 32u < end) {
    var bits = vec4u(0);
    for (var q = word * 8u; q < word * 8u + 8u; q++) {
      let v = before(end, q);
      bits = joined(bits, v);
      sum += magnitudes(v);
    }
    out[offset + word] = wordOf(bits) & ((1u << (end - word * 32u)) - 1u);
  }
  partials[i] = (sum.x + sum.y) + (sum.z + sum.w);
}

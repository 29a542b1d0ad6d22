// Random words: word 4j + i of out = word i of Philox4x32-10 of the counter (j, c1, c2, c3) under (k0, k1).
// (Salmon, Moraes, Dror, Shaw 2011; the same bits as src/math/random.ts.)
//
// Shapes: out[length]. WGSL has no high half of a product, so it is put together from 16-bit halves, of
// which no partial sum leaves 32 bits.
// Workgroup of 64: one invocation computes one block of four words; nothing is shared.
// Deterministic: integers only.

struct Parameters {
  length: u32,
  c1: u32,
  c2: u32,
  c3: u32,
  k0: u32,
  k1: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;

fn multiplyHigh(a: u32, b: u32) -> u32 {
  let aLow = a & 0xffffu;
  let aHigh = a >> 16u;
  let bLow = b & 0xffffu;
  let bHigh = b >> 16u;
  let middle = aHigh * bLow + ((aLow * bLow) >> 16u);
  let carry = aLow * bHigh + (middle & 0xffffu);
  return aHigh * bHigh + (middle >> 16u) + (carry >> 16u);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let block = (group.y * groups.x + group.x) * 64u + local;
  let first = block * 4u;
  if (first >= p.length) {
    return;
  }
  var c = vec4u(block, p.c1, p.c2, p.c3);
  var key = vec2u(p.k0, p.k1);
  for (var round = 0u; round < 10u; round++) {
    let high0 = multiplyHigh(0xd2511f53u, c.x);
    let low0 = 0xd2511f53u * c.x;
    let high1 = multiplyHigh(0xcd9e8d57u, c.z);
    let low1 = 0xcd9e8d57u * c.z;
    c = vec4u(high1 ^ c.y ^ key.x, low1, high0 ^ c.w ^ key.y, low0);
    key += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  for (var i = 0u; i < min(4u, p.length - first); i++) {
    out[first + i] = c[i];
  }
}

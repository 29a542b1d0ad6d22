// Norm of every chunk: out[offset + c] = bits of ‖v_c‖2 / sqrt(n), n = 1 (kind 0), the chunk's length (1), or
// the number of its entries that are not 0 (2). 0 for an empty chunk; NaN where an entry is not finite.
//
// Shapes: chunk c is [bounds[c], bounds[c + 1]); bounds at `listOffset` of the list buffer.
// Squares of numbers far from 1 leave the range of f32, so every lane takes out the power of two of its
// largest number, and the total brings all to the largest power: scaling by powers of two is exact.
// Two stages without a barrier, as in chunk-means.wgsl: `partial`, each of a chunk's `lanes` invocations
// (a multiple of 64) walks it in strides of `lanes`, twice; `total`, one invocation a chunk. A lane leaves
// its sum of squares, the biased exponent of the power taken out (0: nothing but zeros), its count of
// entries that are not 0, and 1 if it met NaN or infinity. Subnormal numbers count as 0.
// Deterministic: a fixed order for given bounds and lanes.

struct Parameters {
  chunks: u32,
  listOffset: u32,
  offset: u32,
  lanes: u32,
  kind: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> list: array<u32>;
@group(0) @binding(3) var<storage, read_write> partials: array<vec4f>;

@group(0) @binding(1) var<storage, read> sums: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> out: array<u32>;

// 2^(exponent - 127), for exponents of 1 to 254.
fn power(exponent: u32) -> f32 {
  return bitcast<f32>(exponent << 23u);
}

@compute @workgroup_size(64)
fn partial(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + local;
  let c = i / p.lanes;
  if (c >= p.chunks) {
    return;
  }
  let end = list[p.listOffset + c + 1u];
  let start = list[p.listOffset + c] + i % p.lanes;
  var largest = 0u;
  for (var k = start; k < end; k += p.lanes) {
    largest = max(largest, source[k] & 0x7fffffffu);
  }
  // Not above 253, whose reciprocal is the smallest normal power.
  let exponent = min(largest >> 23u, 253u);
  if (exponent == 0u) {
    partials[i] = vec4f(0);
    return;
  }
  let scale = power(254u - exponent);
  var sum = vec2f(0);
  for (var k = start; k < end; k += p.lanes) {
    let bits = source[k] & 0x7fffffffu;
    if (bits >= 0x00800000u) {
      let scaled = bitcast<f32>(bits) * scale;
      sum += vec2f(scaled * scaled, 1.0);
    }
  }
  partials[i] = vec4f(sum.x, f32(exponent), sum.y, select(0.0, 1.0, largest >= 0x7f800000u));
}

@compute @workgroup_size(64)
fn total(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= p.chunks) {
    return;
  }
  let first = c * p.lanes;
  let end = first + p.lanes;
  var largest = 0.0;
  for (var i = first; i < end; i++) {
    largest = max(largest, sums[i].y);
  }
  var sum = 0.0;
  var count = 0.0;
  var broken = 0.0;
  // Sums of sums of 32: a thousand equal numbers added one by one would all be rounded the same way.
  for (var part = first; part < end; part += 32u) {
    var squares = 0.0;
    for (var i = part; i < part + 32u; i++) {
      let lane = sums[i];
      let behind = 2u * u32(largest - lane.y);
      if (behind < 127u) {
        squares += lane.x * power(127u - behind);
      }
      count += lane.z;
      broken += lane.w;
    }
    sum += squares;
  }
  let length = list[p.listOffset + c + 1u] - list[p.listOffset + c];
  let n = max(1.0, select(select(1.0, f32(length), p.kind == 1u), count, p.kind == 2u));
  let norm = bitcast<u32>(sqrt(sum / n) * power(max(1u, u32(largest))));
  let settled = select(norm, 0u, norm < 0x00800000u);
  out[p.offset + c] = select(settled, 0x7fc00000u, broken > 0.0);
}

// Two means of every chunk, of the numbers below a threshold t and of those at or above it; then t becomes
// the middle of the two: one step of Lloyd's method (1957; Max 1960) with two levels.
// out[offset + 2c], out[offset + 2c + 1] = bits of the two; a side without numbers takes the other's mean.
//
// Shapes: chunk c is [bounds[c], bounds[c + 1]); bounds at `listOffset` of the list buffer;
// thresholds[chunks], as ranks (see `rank`), unless this step starts from the rank `start` for all: that of
// -0 splits by sign as `v >= 0` does, the rank 0 puts everything above, and so makes t the mean.
// Numbers are compared by rank, in which no device flushes anything, and -0 is not below 0.
// Two stages without a barrier, as in chunk-means.wgsl: `partial`, each of a chunk's `lanes` invocations
// (a multiple of 64) walks it in strides of `lanes` and leaves sum and count of both sides (a count of -1
// marks NaN or infinity); `total`, one invocation a chunk.
// Deterministic: a fixed order for given bounds and lanes.

struct Parameters {
  chunks: u32,
  listOffset: u32,
  offset: u32,
  lanes: u32,
  starts: u32,
  start: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> list: array<u32>;
@group(0) @binding(3) var<storage, read_write> thresholds: array<u32>;
@group(0) @binding(4) var<storage, read_write> partials: array<vec4f>;

@group(0) @binding(1) var<storage, read> sums: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> out: array<u32>;

fn rank(bits: u32) -> u32 {
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
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
  let threshold = select(thresholds[c], p.start, p.starts == 1u);
  var sum = vec4f(0);
  var broken = false;
  for (var k = list[p.listOffset + c] + i % p.lanes; k < end; k += p.lanes) {
    let bits = source[k];
    broken |= (bits & 0x7f800000u) == 0x7f800000u;
    let one = vec2f(bitcast<f32>(bits), 1.0);
    let isAbove = rank(bits) >= threshold;
    sum += select(vec4f(one, 0.0, 0.0), vec4f(0.0, 0.0, one), isAbove);
  }
  partials[i] = select(sum, vec4f(0.0, -1.0, 0.0, 0.0), broken);
}

@compute @workgroup_size(64)
fn total(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= p.chunks) {
    return;
  }
  var sum = vec4f(0);
  var broken = false;
  // Sums of sums of 32: a thousand equal numbers added one by one would all be rounded the same way.
  for (var first = c * p.lanes; first < (c + 1u) * p.lanes; first += 32u) {
    var part = vec4f(0);
    for (var i = first; i < first + 32u; i++) {
      let lane = sums[i];
      broken |= lane.y < 0.0;
      part += lane;
    }
    sum += part;
  }
  let below = select(sum.xy, sum.zw, sum.y == 0.0);
  let above = select(sum.zw, sum.xy, sum.w == 0.0);
  let means = vec2f(below.x, above.x) / max(vec2f(1.0), vec2f(below.y, above.y));
  var bits = bitcast<vec2u>(means);
  bits = select(bits, vec2u(0u), (bits & vec2u(0x7f800000u)) == vec2u(0u));
  bits = select(bits, vec2u(0x7fc00000u), vec2<bool>(broken));
  out[p.offset + 2u * c] = bits.x;
  out[p.offset + 2u * c + 1u] = bits.y;
  let middle = bitcast<u32>((bitcast<f32>(bits.x) + bitcast<f32>(bits.y)) * 0.5);
  thresholds[c] = rank(select(middle, 0x80000000u, (middle & 0x7f800000u) == 0u));
}

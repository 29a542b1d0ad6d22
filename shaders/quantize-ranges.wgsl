// Range of every chunk: out[offset + 2c], out[offset + 2c + 1] = least and greatest of chunk c, as f32 bits.
//
// Shapes: chunk c is [bounds[c], bounds[c + 1]); bounds at `listOffset` of the list buffer. An empty chunk
// gives 0, 0; one with a NaN or an infinity NaN, NaN; a subnormal bound becomes 0.
// On bits, because min and max of floats swallow NaN and may flush: `rank` maps them to integers of the
// same order, in which NaN and infinities lie at the two ends.
// Two stages without a barrier, as in chunk-means.wgsl: `partial`, each of a chunk's `lanes` invocations
// (a multiple of 64) walks it in strides of `lanes`; `total`, one invocation a chunk.
// Deterministic, and the same bits on every device.

struct Parameters {
  chunks: u32,
  listOffset: u32,
  offset: u32,
  lanes: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> list: array<u32>;
@group(0) @binding(3) var<storage, read_write> partials: array<vec2u>;

@group(0) @binding(1) var<storage, read> ranges: array<vec2u>;
@group(0) @binding(3) var<storage, read_write> out: array<u32>;

fn rank(bits: u32) -> u32 {
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}

// The f32 bits of a rank, subnormal ones as 0.
fn settled(place: u32) -> u32 {
  let bits = select(~place, place & 0x7fffffffu, place >= 0x80000000u);
  return select(bits, 0u, (bits & 0x7f800000u) == 0u);
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
  var range = vec2u(0xffffffffu, 0u);
  for (var k = list[p.listOffset + c] + i % p.lanes; k < end; k += p.lanes) {
    let place = rank(source[k]);
    range = vec2u(min(range.x, place), max(range.y, place));
  }
  partials[i] = range;
}

@compute @workgroup_size(64)
fn total(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= p.chunks) {
    return;
  }
  var range = vec2u(0xffffffffu, 0u);
  for (var i = c * p.lanes; i < (c + 1u) * p.lanes; i++) {
    let other = ranges[i];
    range = vec2u(min(range.x, other.x), max(range.y, other.y));
  }
  var bits = vec2u(settled(range.x), settled(range.y));
  if (list[p.listOffset + c + 1u] == list[p.listOffset + c]) {
    bits = vec2u(0u);
  } else if (range.x <= rank(0xff800000u) || range.y >= rank(0x7f800000u)) {
    bits = vec2u(0x7fc00000u);
  }
  out[p.offset + 2u * c] = bits.x;
  out[p.offset + 2u * c + 1u] = bits.y;
}

// Scaling by chunk: dest_k = or += factor_c · source_k for k in chunk c.
//
// Shapes: dest, source f32 over the whole vector; chunk c is [bounds[c], bounds[c + 1]). The list buffer holds
// the bounds from `listOffset` on and, right after them, the factors' bits; this dispatch writes
// [first, end), the span of its `chunks` chunks. A buffer bound read_write cannot also be bound read, so
// with `own` the source is read from dest.
// Workgroup of 64: an invocation writes eight quads of four numbers, a workgroup's width apart, so that
// neighbours touch neighbours; it finds its first chunk by bisection and walks on from there. Nearly every
// quad lies in one chunk; the others go one by one.
// Deterministic: one invocation writes one number.

// 1: the source is dest itself.
override own: u32 = 0u;
// 1: add to what dest holds.
override adds: u32 = 0u;

struct Parameters {
  first: u32,
  end: u32,
  chunks: u32,
  listOffset: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read> list: array<u32>;
@group(0) @binding(3) var<storage, read_write> dest: array<vec4f>;

fn factorOf(chunk: u32) -> f32 {
  return bitcast<f32>(list[p.listOffset + p.chunks + 1u + chunk]);
}

fn scaled(quad: u32, factor: f32) -> vec4f {
  var value: vec4f;
  if (own == 1u) {
    value = dest[quad];
  } else {
    value = source[quad];
  }
  if (adds == 1u) {
    return dest[quad] + factor * value;
  }
  return factor * value;
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let firstQuad = p.first / 4u + (group.y * groups.x + group.x) * 512u;
  let endQuad = min(firstQuad + 512u, (p.end + 3u) / 4u);
  if (firstQuad + local >= endQuad) {
    return;
  }
  // The last chunk that begins at or before the first number; it is not empty, for the next begins after.
  let start = max((firstQuad + local) * 4u, p.first);
  var chunk = 0u;
  var above = p.chunks;
  while (above - chunk > 1u) {
    let middle = (chunk + above) / 2u;
    if (list[p.listOffset + middle] <= start) {
      chunk = middle;
    } else {
      above = middle;
    }
  }
  var chunkEnd = list[p.listOffset + chunk + 1u];
  var factor = factorOf(chunk);
  for (var quad = firstQuad + local; quad < endQuad; quad += 64u) {
    let k = quad * 4u;
    if (k >= p.first && k + 4u <= p.end) {
      while (k >= chunkEnd) {
        chunk++;
        chunkEnd = list[p.listOffset + chunk + 1u];
        factor = factorOf(chunk);
      }
      if (k + 4u <= chunkEnd) {
        dest[quad] = scaled(quad, factor);
        continue;
      }
    }
    for (var e = 0u; e < 4u; e++) {
      if (k + e < p.first || k + e >= p.end) {
        continue;
      }
      while (k + e >= chunkEnd) {
        chunk++;
        chunkEnd = list[p.listOffset + chunk + 1u];
        factor = factorOf(chunk);
      }
      dest[quad][e] = scaled(quad, factor)[e];
    }
  }
}

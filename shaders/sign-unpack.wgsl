// Sign decoding: dest_k = or += weight · (± scale of k's chunk), + where the bit of k is set.
//
// Shapes: dest[length] f32; source holds the scales (f32 bits) from word `scalesOffset` and the signs of
// all coordinates from word `bitsOffset`; chunk c is [bounds[c], bounds[c + 1]), bounds at `listOffset`
// of the list buffer; this dispatch writes [first, end), the span of its `chunks` chunks.
// Workgroup of 64: an invocation writes eight quads of four numbers, a workgroup's width apart, so that
// neighbours touch neighbours; it finds its first chunk by bisection and walks on from there. The signs of a
// quad lie in one word, and nearly every quad in one chunk; the others go one by one.
// Deterministic, and the same bits on every device: the sign goes onto the rounded product as a bit, which
// leaves nothing for a compiler to fuse; a weight of 1 copies the bits of the scale.

struct Parameters {
  first: u32,
  end: u32,
  chunks: u32,
  listOffset: u32,
  scalesOffset: u32,
  bitsOffset: u32,
  add: u32,
  copies: u32,
  weight: f32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> list: array<u32>;
@group(0) @binding(3) var<storage, read_write> dest: array<vec4u>;

fn magnitudeOf(chunk: u32) -> u32 {
  let scale = source[p.scalesOffset + chunk];
  return select(bitcast<u32>(p.weight * bitcast<f32>(scale)), scale, p.copies == 1u);
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
  var magnitude = magnitudeOf(chunk);
  for (var quad = firstQuad + local; quad < endQuad; quad += 64u) {
    let k = quad * 4u;
    let bits = source[p.bitsOffset + (k >> 5u)] >> (k & 31u);
    let signs = ((vec4u(~bits) >> vec4u(0u, 1u, 2u, 3u)) & vec4u(1u)) << vec4u(31u);
    if (k >= p.first && k + 4u <= p.end) {
      while (k >= chunkEnd) {
        chunk++;
        chunkEnd = list[p.listOffset + chunk + 1u];
        magnitude = magnitudeOf(chunk);
      }
      if (k + 4u <= chunkEnd) {
        var value = vec4u(magnitude) ^ signs;
        if (p.add == 1u) {
          value = bitcast<vec4u>(bitcast<vec4f>(dest[quad]) + bitcast<vec4f>(value));
        }
        dest[quad] = value;
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
        magnitude = magnitudeOf(chunk);
      }
      var value = magnitude ^ signs[e];
      if (p.add == 1u) {
        value = bitcast<u32>(bitcast<f32>(dest[quad][e]) + bitcast<f32>(value));
      }
      dest[quad][e] = value;
    }
  }
}

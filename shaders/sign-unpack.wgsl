// Sign decoding: dest_k = or += weight · (± scale of k's chunk), + where the bit of k is set.
//
// Shapes: dest[length] f32; source holds the scales (f32 bits) from word `scalesOffset` and the signs of
// all coordinates from word `bitsOffset`; chunk c is [bounds[c], bounds[c + 1]), bounds at `listOffset`
// of the list buffer; this dispatch writes [first, end), the span of its `chunks` chunks.
// `words` is for chunks that begin at multiples of 32, so that every word of signs is of one chunk. An invocation
// takes a word and writes its eight quads, with shifts by constants and no question asked for each: a
// software adapter takes a fifth of the time. Where all chunks but the last are of `block` numbers, block
// tells the chunk of a number; where they are not, it is 0.
// `main` is for all others.
// Workgroup of 64: an invocation of `main` writes eight quads of four numbers, a workgroup's width apart, so that
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
  block: u32,
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

fn chunkOf(k: u32) -> u32 {
  var chunk = 0u;
  var above = p.chunks;
  while (above - chunk > 1u) {
    let middle = (chunk + above) / 2u;
    if (list[p.listOffset + middle] <= k) {
      chunk = middle;
    } else {
      above = middle;
    }
  }
  return chunk;
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
  var chunk = chunkOf(max((firstQuad + local) * 4u, p.first));
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

// Quad q of a word of signs, 1 for a negative one.
fn signed(magnitude: u32, negative: u32) -> vec4u {
  let signs = vec4u(negative << 31u, negative << 30u, negative << 29u, negative << 28u);
  return vec4u(magnitude) ^ (signs & vec4u(0x80000000u));
}

fn sum(a: vec4u, b: vec4u) -> vec4u {
  return bitcast<vec4u>(bitcast<vec4f>(a) + bitcast<vec4f>(b));
}

@compute @workgroup_size(64)
fn words(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let word = p.first / 32u + (group.y * groups.x + group.x) * 64u + local;
  let start = word * 32u;
  let end = p.end;
  if (start >= end) {
    return;
  }
  var chunk = 0u;
  if (p.block > 0u) {
    chunk = (start - p.first) / p.block;
  } else {
    chunk = chunkOf(start);
  }
  let magnitude = magnitudeOf(chunk);
  let negative = ~source[p.bitsOffset + word];
  let q = word * 8u;
  if (start + 32u > end) {
    for (var k = start; k < end; k++) {
      var value = signed(magnitude, negative >> (k & 31u)).x;
      if (p.add == 1u) {
        value = bitcast<u32>(bitcast<f32>(dest[k / 4u][k & 3u]) + bitcast<f32>(value));
      }
      dest[k / 4u][k & 3u] = value;
    }
  } else if (p.add == 1u) {
    dest[q] = sum(dest[q], signed(magnitude, negative));
    dest[q + 1u] = sum(dest[q + 1u], signed(magnitude, negative >> 4u));
    dest[q + 2u] = sum(dest[q + 2u], signed(magnitude, negative >> 8u));
    dest[q + 3u] = sum(dest[q + 3u], signed(magnitude, negative >> 12u));
    dest[q + 4u] = sum(dest[q + 4u], signed(magnitude, negative >> 16u));
    dest[q + 5u] = sum(dest[q + 5u], signed(magnitude, negative >> 20u));
    dest[q + 6u] = sum(dest[q + 6u], signed(magnitude, negative >> 24u));
    dest[q + 7u] = sum(dest[q + 7u], signed(magnitude, negative >> 28u));
  } else {
    dest[q] = signed(magnitude, negative);
    dest[q + 1u] = signed(magnitude, negative >> 4u);
    dest[q + 2u] = signed(magnitude, negative >> 8u);
    dest[q + 3u] = signed(magnitude, negative >> 12u);
    dest[q + 4u] = signed(magnitude, negative >> 16u);
    dest[q + 5u] = signed(magnitude, negative >> 20u);
    dest[q + 6u] = signed(magnitude, negative >> 24u);
    dest[q + 7u] = signed(magnitude, negative >> 28u);
  }
}

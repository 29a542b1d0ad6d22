// Codes to numbers: dest_k = or += table[chunk of k · row + code of k], a look-up and at most one sum.
//
// Shapes: dest[length] f32; source holds the table (f32 bits, the weight already in it) from word 0, and the
// codes from word `codesOffset`: a stream of `bits` bits each, least significant first, or, where `plane`
// is not 0, two bit planes of `plane` words, code = first + 2 · second. Chunk c is [bounds[c],
// bounds[c + 1]), bounds at `listOffset` of the list buffer; this dispatch writes [first, end), the span of
// its `chunks` chunks, of which the first is chunk `firstChunk` of the table.
// Workgroup of 64: an invocation writes eight quads of four numbers, a workgroup's width apart, so that
// neighbours touch neighbours; it finds its first chunk by bisection and walks on from there. The four codes
// of a quad lie in at most two words, and nearly every quad in one chunk; the others go one by one.
// Deterministic, and the same bits on every device: there is no product to fuse with the sum.

struct Parameters {
  first: u32,
  end: u32,
  chunks: u32,
  listOffset: u32,
  firstChunk: u32,
  codesOffset: u32,
  row: u32,
  bits: u32,
  plane: u32,
  add: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> list: array<u32>;
@group(0) @binding(3) var<storage, read_write> dest: array<vec4u>;

// The codes of numbers k to k + 3, k being a multiple of 4.
fn codesOf(k: u32) -> vec4u {
  if (p.plane > 0u) {
    let word = p.codesOffset + (k >> 5u);
    let shifts = vec4u(k & 31u) + vec4u(0u, 1u, 2u, 3u);
    let positive = (vec4u(source[word]) >> shifts) & vec4u(1u);
    return positive + 2u * ((vec4u(source[word + p.plane]) >> shifts) & vec4u(1u));
  }
  let bit = k * p.bits;
  let word = p.codesOffset + (bit >> 5u);
  let shifts = vec4u(bit & 31u) + vec4u(0u, 1u, 2u, 3u) * p.bits;
  let low = source[word];
  var high = 0u;
  if ((bit & 31u) + 4u * p.bits > 32u) {
    high = source[word + 1u];
  }
  // Shifts by 32 and more mean nothing: past the first word, and bits of the second that come before it.
  let within = shifts & vec4u(31u);
  let beyond = (vec4u(high) << (vec4u(31u) - within)) << vec4u(1u);
  let codes = select((vec4u(low) >> within) | beyond, vec4u(high) >> within, shifts >= vec4u(32u));
  return codes & vec4u((1u << p.bits) - 1u);
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
  var table = (p.firstChunk + chunk) * p.row;
  for (var quad = firstQuad + local; quad < endQuad; quad += 64u) {
    let k = quad * 4u;
    let codes = codesOf(k);
    if (k >= p.first && k + 4u <= p.end) {
      while (k >= chunkEnd) {
        chunk++;
        chunkEnd = list[p.listOffset + chunk + 1u];
        table = (p.firstChunk + chunk) * p.row;
      }
      if (k + 4u <= chunkEnd) {
        let at = vec4u(table) + codes;
        var value = vec4u(source[at.x], source[at.y], source[at.z], source[at.w]);
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
        table = (p.firstChunk + chunk) * p.row;
      }
      var value = source[table + codes[e]];
      if (p.add == 1u) {
        value = bitcast<u32>(bitcast<f32>(dest[quad][e]) + bitcast<f32>(value));
      }
      dest[quad][e] = value;
    }
  }
}

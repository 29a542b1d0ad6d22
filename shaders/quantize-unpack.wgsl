// Codes to numbers: dest_k = or += table[chunk of k · row + code of k], a look-up and at most one sum.
//
// Shapes: dest[length] f32; source holds the table (f32 bits, the weight already in it) from word 0, and the
// codes from word `codesOffset`: a stream of `bits` bits each, least significant first, or, where `plane`
// is not 0, two bit planes of `plane` words, code = first + 2 · second. Chunk c is [bounds[c],
// bounds[c + 1]), bounds at `listOffset` of the list buffer; this dispatch writes [first, end), the span of
// its `chunks` chunks, of which the first is chunk `firstChunk` of the table.
// Workgroup of 64: an invocation writes eight quads of four numbers, a workgroup's width apart, so that
// neighbours touch neighbours; it finds its first chunk by bisection and walks on from there.
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

fn codeOf(k: u32) -> u32 {
  if (p.plane > 0u) {
    let word = p.codesOffset + (k >> 5u);
    let shift = k & 31u;
    return ((source[word] >> shift) & 1u) + 2u * ((source[word + p.plane] >> shift) & 1u);
  }
  let word = p.codesOffset + ((k * p.bits) >> 5u);
  let shift = (k * p.bits) & 31u;
  var code = source[word] >> shift;
  if (shift + p.bits > 32u) {
    code |= source[word + 1u] << (32u - shift);
  }
  return code & ((1u << p.bits) - 1u);
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
    let whole = quad * 4u >= p.first && quad * 4u + 4u <= p.end;
    var value = vec4u(0u);
    if (!whole || p.add == 1u) {
      value = dest[quad];
    }
    for (var e = 0u; e < 4u; e++) {
      let k = quad * 4u + e;
      if (k < p.first || k >= p.end) {
        continue;
      }
      while (k >= chunkEnd) {
        chunk++;
        chunkEnd = list[p.listOffset + chunk + 1u];
        table = (p.firstChunk + chunk) * p.row;
      }
      let level = source[table + codeOf(k)];
      if (p.add == 1u) {
        value[e] = bitcast<u32>(bitcast<f32>(value[e]) + bitcast<f32>(level));
      } else {
        value[e] = level;
      }
    }
    dest[quad] = value;
  }
}

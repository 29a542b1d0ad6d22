// Codes to numbers, where every 32 numbers are of one chunk: what quantize-unpack.wgsl does, in whole words.
//
//   dest_k = or += table[chunk of k · row + code of k]
//
// Shapes: as there, but that chunks begin at multiples of 32, and that `bits` divides 32; of two bit planes,
// bits is 2, and `plane` their length in words. Where all chunks but the last are of `block` numbers, block
// tells the chunk of a number; where they are not, it is 0, and the chunk is found by bisection.
// Workgroup of 64: an invocation takes 32 numbers, whose codes are `bits` whole words. What is known
// beforehand is a constant, there are no turns and questions for every quad, and shifts are by constants: a
// software adapter pays dearly for branches, and shifts by variables one lane at a time.
// Deterministic, and the same bits on every device: there is no product to fuse with the sum.

override bits: u32;
override planes: bool;
override adds: bool;

struct Parameters {
  first: u32,
  end: u32,
  chunks: u32,
  listOffset: u32,
  firstChunk: u32,
  codesOffset: u32,
  row: u32,
  plane: u32,
  block: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> list: array<u32>;
@group(0) @binding(3) var<storage, read_write> dest: array<vec4u>;

fn chunkOf(k: u32) -> u32 {
  if (p.block > 0u) {
    return k / p.block;
  }
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
  return p.firstChunk + chunk;
}

// The four codes at the beginning of a word.
fn codesOf(word: u32) -> vec4u {
  return vec4u(word, word >> bits, word >> (2u * bits), word >> (3u * bits)) & vec4u((1u << bits) - 1u);
}

// The same of two planes.
fn codesOfPlanes(positive: u32, negative: u32) -> vec4u {
  let ones = vec4u(positive, positive >> 1u, positive >> 2u, positive >> 3u) & vec4u(1u);
  let twos = vec4u(negative << 1u, negative, negative >> 1u, negative >> 2u) & vec4u(2u);
  return ones | twos;
}

fn write(quad: u32, at: vec4u) {
  var value = vec4u(source[at.x], source[at.y], source[at.z], source[at.w]);
  if (adds) {
    value = bitcast<vec4u>(bitcast<vec4f>(dest[quad]) + bitcast<vec4f>(value));
  }
  dest[quad] = value;
}

// Of the last numbers, those before the end.
fn writeBefore(end: u32, quad: u32, at: vec4u) {
  for (var e = 0u; e < 4u && quad * 4u + e < end; e++) {
    var value = source[at[e]];
    if (adds) {
      value = bitcast<u32>(bitcast<f32>(dest[quad][e]) + bitcast<f32>(value));
    }
    dest[quad][e] = value;
  }
}

fn writePlanes(part: u32, table: vec4u) {
  let positive = source[p.codesOffset + part];
  let negative = source[p.codesOffset + p.plane + part];
  let quad = part * 8u;
  write(quad, table + codesOfPlanes(positive, negative));
  write(quad + 1u, table + codesOfPlanes(positive >> 4u, negative >> 4u));
  write(quad + 2u, table + codesOfPlanes(positive >> 8u, negative >> 8u));
  write(quad + 3u, table + codesOfPlanes(positive >> 12u, negative >> 12u));
  write(quad + 4u, table + codesOfPlanes(positive >> 16u, negative >> 16u));
  write(quad + 5u, table + codesOfPlanes(positive >> 20u, negative >> 20u));
  write(quad + 6u, table + codesOfPlanes(positive >> 24u, negative >> 24u));
  write(quad + 7u, table + codesOfPlanes(positive >> 28u, negative >> 28u));
}

fn writeStream(part: u32, table: vec4u) {
  // Quads in a word: 8, 4, 2 or 1.
  let quads = 8u / bits;
  for (var w = 0u; w < bits; w++) {
    let word = source[p.codesOffset + part * bits + w];
    let quad = part * 8u + w * quads;
    write(quad, table + codesOf(word));
    if (bits <= 4u) {
      write(quad + 1u, table + codesOf(word >> ((4u * bits) & 31u)));
    }
    if (bits <= 2u) {
      write(quad + 2u, table + codesOf(word >> ((8u * bits) & 31u)));
      write(quad + 3u, table + codesOf(word >> ((12u * bits) & 31u)));
    }
    if (bits == 1u) {
      write(quad + 4u, table + codesOf(word >> 16u));
      write(quad + 5u, table + codesOf(word >> 20u));
      write(quad + 6u, table + codesOf(word >> 24u));
      write(quad + 7u, table + codesOf(word >> 28u));
    }
  }
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let part = p.first / 32u + (group.y * groups.x + group.x) * 64u + local;
  let start = part * 32u;
  let end = p.end;
  if (start >= end) {
    return;
  }
  let table = vec4u(chunkOf(start) * p.row);
  if (start + 32u > end) {
    for (var k = start; k < end; k += 4u) {
      let word = p.codesOffset + (k * bits) / 32u;
      var codes = codesOf(source[word] >> ((k * bits) & 31u));
      if (planes) {
        let plane = p.codesOffset + part;
        codes = codesOfPlanes(source[plane] >> (k & 31u), source[plane + p.plane] >> (k & 31u));
      }
      writeBefore(end, k / 4u, table + codes);
    }
  } else if (planes) {
    writePlanes(part, table);
  } else {
    writeStream(part, table);
  }
}

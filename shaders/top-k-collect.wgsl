// Candidates of top-k: every element whose magnitude, compared as bits, reaches a bound (top-k-bound.wgsl).
//
// Shapes: source[length] f32, read as bits, and bound twice; a strip is 128 neighbours. found: how many there
// are (it starts from 0), the bound, two unused words; words: for every strip, place · 256 + number of its
// candidates; then, `offset` words after the beginning of found, `capacity` words of bits and as many indices.
// Strips take their places in whatever order they come; within a strip candidates are in index order, so that
// whoever goes through the strips in order has all in index order. Where there is no room left, nothing
// is written, and the count says so.
// Workgroup of 64: one invocation takes a strip in vec4, makes a mask of it, and takes its places by one
// atomic addition; no barrier.
// The set is deterministic, and the same on every device; the places are not.

struct Parameters {
  length: u32,
  strips: u32,
  capacity: u32,
  offset: u32,
}

struct Found {
  count: atomic<u32>,
  bound: u32,
  unused: vec2u,
  words: array<u32>,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<vec4u>;
@group(0) @binding(2) var<storage, read> numbers: array<u32>;
@group(0) @binding(3) var<storage, read_write> found: Found;

// The highest bit, where |v| > below: both are less than 2^31, so that is where the difference is negative. A
// comparison and a select would be twice as many operations for a software adapter.
fn reaches(v: vec4u, below: vec4u) -> vec4u {
  return (below - (v & vec4u(0x7fffffffu))) & vec4u(0x80000000u);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let strip = (group.y * groups.x + group.x) * 64u + local;
  if (strip >= p.strips) {
    return;
  }
  // For a bound of 0 this is 2^32 - 1, and every difference has the highest bit, as it should.
  let below = vec4u(found.bound - 1u);
  let first = strip * 32u;
  // Of quad q, bit q in each of the four components.
  var bits = vec4u(0);
  if (first * 4u + 128u <= p.length) {
    for (var q = first; q < first + 32u; q += 8u) {
      bits = (bits >> vec4u(1u)) | reaches(source[q], below);
      bits = (bits >> vec4u(1u)) | reaches(source[q + 1u], below);
      bits = (bits >> vec4u(1u)) | reaches(source[q + 2u], below);
      bits = (bits >> vec4u(1u)) | reaches(source[q + 3u], below);
      bits = (bits >> vec4u(1u)) | reaches(source[q + 4u], below);
      bits = (bits >> vec4u(1u)) | reaches(source[q + 5u], below);
      bits = (bits >> vec4u(1u)) | reaches(source[q + 6u], below);
      bits = (bits >> vec4u(1u)) | reaches(source[q + 7u], below);
    }
  } else {
    for (var q = 0u; q < 32u; q++) {
      let inside = vec4u((first + q) * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(p.length);
      bits = (bits >> vec4u(1u)) | select(vec4u(0), reaches(source[first + q], below), inside);
    }
  }
  let ones = countOneBits(bits);
  let count = ones.x + ones.y + ones.z + ones.w;
  var place = 0u;
  if (count > 0u) {
    place = atomicAdd(&found.count, count);
  }
  found.words[strip] = (place << 8u) | count;
  if (place + count > p.capacity) {
    return;
  }
  let end = place + count;
  let firstWord = p.offset - 4u;
  for (; place < end; place++) {
    let q = countTrailingZeros(bits.x | bits.y | bits.z | bits.w);
    let here = (bits >> vec4u(q)) & vec4u(1u);
    let e = select(select(select(3u, 2u, here.z == 1u), 1u, here.y == 1u), 0u, here.x == 1u);
    bits &= ~select(vec4u(0), vec4u(1u << q), vec4u(0u, 1u, 2u, 3u) == vec4u(e));
    let index = (first + q) * 4u + e;
    found.words[firstWord + place] = numbers[index];
    found.words[firstWord + p.capacity + place] = index;
  }
}

// Candidates of top-k: every element whose magnitude reaches a bound that a sample suggests, in index order.
//
// `sample`: one element out of each of `samples` runs of equal length, at a hashed place, so that data with a
// period of the run's length does not mislead. top-k-select.wgsl then finds the upper 32 - shift bits of the
// sample's r-th largest magnitude; the bound is these, and zeros below.
// `mark`: one bit for each element: |v| >= bound, compared as bits; and how many there are in each strip.
// `scan` (one workgroup): exclusive prefix sums over the strips, and whether the candidates are of any use:
// at least k of them, so that the k largest are among them, and no more than there is room for. If not,
// their number is written as 0, and what comes after works on the source itself: slower, with the same result.
// `gather`: writes bits and index of every candidate.
//
// Shapes: source[length] f32, read as bits; masks: of every 128 elements one vec4u, in which quad q of the
// 128 has bit 31 - q, and each of its four elements a component; counts[strips], a strip being `span` masks;
// candidates: their number and three unused words, `capacity` (a multiple of 4) words of bits, as many indices.
// Workgroups: 64 invocations with a strip each, sharing nothing; the scan takes one workgroup of 256, in
// which an invocation sums a run of strips, waits at one barrier, and adds up the runs before its own.
// Deterministic, and the same bits on every device.

struct Parameters {
  length: u32,
  samples: u32,
  shift: u32,
  span: u32,
  strips: u32,
  k: u32,
  capacity: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;

@group(0) @binding(1) var<storage, read> numbers: array<u32>;
@group(0) @binding(2) var<storage, read_write> chosen: array<u32>;

fn scrambled(x: u32) -> u32 {
  var h = x * 0x9e3779b9u;
  h = (h ^ (h >> 15u)) * 0x85ebca6bu;
  return h ^ (h >> 13u);
}

@compute @workgroup_size(64)
fn sample(@builtin(global_invocation_id) id: vec3u) {
  let run = p.length / p.samples;
  if (id.x < p.samples) {
    chosen[id.x] = numbers[id.x * run + scrambled(id.x) % run];
  }
}

@group(0) @binding(1) var<storage, read> source: array<vec4u>;
@group(0) @binding(2) var<storage, read> prefix: array<u32>;
@group(0) @binding(3) var<storage, read_write> masks: array<vec4u>;
@group(0) @binding(4) var<storage, read_write> counts: array<u32>;
@group(0) @binding(5) var<storage, read_write> candidates: array<u32>;

// `bit` where |v| >= bound. Both are below 2^31; as signed integers a software adapter compares them faster.
fn reaches(v: vec4u, bound: vec4i, bit: u32) -> vec4u {
  return select(vec4u(0), vec4u(bit), bitcast<vec4i>(v & vec4u(0x7fffffffu)) >= bound);
}

@compute @workgroup_size(64)
fn mark(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let strip = (group.y * groups.x + group.x) * 64u + local;
  if (strip >= p.strips) {
    return;
  }
  let bound = vec4i(vec4u(prefix[0] << p.shift));
  let quads = (p.length + 3u) / 4u;
  var found = vec4u(0);
  for (var m = strip * p.span; m < min((strip + 1u) * p.span, (p.length + 127u) / 128u); m++) {
    var bits = vec4u(0);
    let first = m * 32u;
    if (first * 4u + 128u <= p.length) {
      for (var q = first; q < first + 32u; q += 8u) {
        let b0 = reaches(source[q], bound, 128u);
        let b1 = reaches(source[q + 1u], bound, 64u);
        let b2 = reaches(source[q + 2u], bound, 32u);
        let b3 = reaches(source[q + 3u], bound, 16u);
        let b4 = reaches(source[q + 4u], bound, 8u);
        let b5 = reaches(source[q + 5u], bound, 4u);
        let b6 = reaches(source[q + 6u], bound, 2u);
        let b7 = reaches(source[q + 7u], bound, 1u);
        bits = (bits << vec4u(8u)) | b0 | b1 | b2 | b3 | b4 | b5 | b6 | b7;
      }
    } else {
      for (var q = first; q < quads; q++) {
        let inside = vec4u(q * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(p.length);
        bits |= select(vec4u(0), reaches(source[q], bound, 0x80000000u >> (q - first)), inside);
      }
    }
    masks[m] = bits;
    found += countOneBits(bits);
  }
  counts[strip] = found.x + found.y + found.z + found.w;
}

var<workgroup> runs: array<u32, 256>;

@compute @workgroup_size(256)
fn scan(@builtin(local_invocation_index) local: u32) {
  let run = (p.strips + 255u) / 256u;
  let first = min(local * run, p.strips);
  let end = min(first + run, p.strips);
  var sum = 0u;
  for (var s = first; s < end; s++) {
    sum += counts[s];
  }
  runs[local] = sum;
  workgroupBarrier();
  var before = 0u;
  for (var r = 0u; r < local; r++) {
    before += runs[r];
  }
  for (var s = first; s < end; s++) {
    let own = counts[s];
    counts[s] = before;
    before += own;
  }
  if (local == 255u) {
    candidates[0] = select(0u, before, before >= p.k && before <= p.capacity);
  }
}

@compute @workgroup_size(64)
fn gather(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let strip = (group.y * groups.x + group.x) * 64u + local;
  if (strip >= p.strips || candidates[0] == 0u) {
    return;
  }
  var place = 4u + counts[strip];
  for (var m = strip * p.span; m < min((strip + 1u) * p.span, (p.length + 127u) / 128u); m++) {
    var bits = masks[m];
    var left = bits.x | bits.y | bits.z | bits.w;
    while (left != 0u) {
      let q = countLeadingZeros(left);
      let bit = vec4u(0x80000000u >> q);
      let here = select(vec4u(0), vec4u(1u, 2u, 4u, 8u), (bits & bit) != vec4u(0));
      let e = countTrailingZeros(here.x | here.y | here.z | here.w);
      // One candidate a turn: neighbours that have none wait for those that have.
      bits &= ~select(vec4u(0), bit, vec4u(0u, 1u, 2u, 3u) == vec4u(e));
      left = bits.x | bits.y | bits.z | bits.w;
      let index = (m * 32u + q) * 4u + e;
      candidates[place] = numbers[index];
      candidates[p.capacity + place] = index;
      place++;
    }
  }
}

// Collects, in index order, the entries with |v| >= upper, and of those with lower <= |v| < upper, a run of
// `fill` neighbours from the `start`th on; never more than `count` pairs. Reduce, then scan, then write, as in
// top-k-compact.wgsl.
//
// `reduce`: per block of `block` neighbours, how many reach `upper`, and how many only `lower`.
// `scan` (one workgroup): exclusive prefix sums of both over the blocks.
// `write`: a kept entry goes to place (upper before it) + (kept of the band before it):
// out[base + place] = index, out[base + count + place] = bits of the value. With a base of 1, out[0] = count.
//
// Shapes: source[length] f32, read as bits, bounds being bits of magnitudes; counts[2 · blocks];
// out[base + 2 · count]. `block` is a multiple of 4.
// Workgroups: 64 invocations with a block each, sharing nothing; the scan takes one workgroup of 256, in
// which an invocation sums a run of blocks, waits at one barrier, and adds up the runs before its own.
// Deterministic, and the same bits on every device for the same bounds.

struct Parameters {
  length: u32,
  block: u32,
  blocks: u32,
  base: u32,
}

struct Chosen {
  upper: u32,
  lower: u32,
  start: u32,
  fill: u32,
  count: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> chosen: Chosen;
@group(0) @binding(2) var<storage, read_write> counts: array<vec2u>;
@group(0) @binding(3) var<storage, read> source: array<vec4u>;
@group(0) @binding(4) var<storage, read_write> out: array<u32>;

fn ones(condition: vec4<bool>) -> u32 {
  return dot(select(vec4u(0), vec4u(1), condition), vec4u(1));
}

@compute @workgroup_size(64)
fn reduce(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let index = (group.y * groups.x + group.x) * 64u + local;
  if (index >= p.blocks) {
    return;
  }
  let first = index * p.block;
  let end = min(first + p.block, p.length);
  var reaching = vec2u(0);
  for (var k = first; k < end; k += 4u) {
    let v = source[k / 4u] & vec4u(0x7fffffffu);
    let inside = vec4u(k) + vec4u(0u, 1u, 2u, 3u) < vec4u(end);
    reaching += vec2u(
      ones(inside & (v >= vec4u(chosen.upper))),
      ones(inside & (v >= vec4u(chosen.lower)) & (v < vec4u(chosen.upper))),
    );
  }
  counts[index] = reaching;
}

var<workgroup> runs: array<vec2u, 256>;

@compute @workgroup_size(256)
fn scan(@builtin(local_invocation_index) local: u32) {
  let run = (p.blocks + 255u) / 256u;
  let first = min(local * run, p.blocks);
  let end = min(first + run, p.blocks);
  var sum = vec2u(0);
  for (var b = first; b < end; b++) {
    sum += counts[b];
  }
  runs[local] = sum;
  workgroupBarrier();
  var before = vec2u(0);
  for (var r = 0u; r < local; r++) {
    before += runs[r];
  }
  for (var b = first; b < end; b++) {
    let own = counts[b];
    counts[b] = before;
    before += own;
  }
}

@compute @workgroup_size(64)
fn write(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let index = (group.y * groups.x + group.x) * 64u + local;
  if (index >= p.blocks) {
    return;
  }
  if (index == 0u && p.base == 1u) {
    out[0] = chosen.count;
  }
  let least = min(chosen.lower, chosen.upper);
  let first = index * p.block;
  let end = min(first + p.block, p.length);
  var above = counts[index].x;
  var within = counts[index].y;
  for (var k = first; k < end; k += 4u) {
    let v = source[k / 4u];
    if (all((v & vec4u(0x7fffffffu)) < vec4u(least))) {
      continue;
    }
    for (var e = 0u; e < min(4u, end - k); e++) {
      let magnitude = v[e] & 0x7fffffffu;
      let isAbove = magnitude >= chosen.upper;
      let isWithin = !isAbove && magnitude >= chosen.lower;
      let keptBefore = clamp(within, chosen.start, chosen.start + chosen.fill) - chosen.start;
      let place = above + keptBefore;
      let isKept = isAbove || (isWithin && within >= chosen.start && within < chosen.start + chosen.fill);
      if (isKept && place < chosen.count) {
        out[p.base + place] = k + e;
        out[p.base + chosen.count + place] = v[e];
      }
      above += select(0u, 1u, isAbove);
      within += select(0u, 1u, isWithin);
    }
  }
}

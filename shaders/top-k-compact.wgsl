// Compaction of the k largest magnitudes in index order, once top-k-select.wgsl has found the threshold T
// and how many elements equal to T are kept: reduce, then scan, then write (no sort, and no decoupled
// look-back, which needs a forward-progress guarantee that WebGPU does not give).
//
// `reduce`: per block of neighbours, how many are above T and how many equal T.
// `scan` (one workgroup): exclusive prefix sums of both over the blocks.
// `write`: every kept element goes to place (above T before it) + min(equal to T before it, ties kept):
// out[place] = index, out[k + place] = bits of the value. Ties are kept from the lowest index up.
//
// Shapes: source[length] f32, read as bits; counts[2 · blocks]; out[2k].
// Workgroups: 64 invocations with a block each, sharing nothing; the scan takes one workgroup of 256, in
// which an invocation sums a run of blocks, waits at one barrier, and adds up the runs before its own.
// Deterministic, and the same bits on every device.

struct Parameters {
  length: u32,
  blocks: u32,
  k: u32,
}

struct Threshold {
  threshold: u32,
  ties: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> state: Threshold;
@group(0) @binding(2) var<storage, read_write> counts: array<vec2u>;
@group(0) @binding(3) var<storage, read> source: array<vec4u>;
@group(0) @binding(4) var<storage, read_write> out: array<u32>;

// Elements of a block: a multiple of 4.
fn block() -> u32 {
  return (p.length + 4u * p.blocks - 1u) / (4u * p.blocks) * 4u;
}

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
  let first = index * block();
  let end = min(first + block(), p.length);
  var above = 0u;
  var equal = 0u;
  for (var k = first; k < end; k += 4u) {
    let v = source[k / 4u] & vec4u(0x7fffffffu);
    let inside = vec4u(k) + vec4u(0u, 1u, 2u, 3u) < vec4u(end);
    above += ones(inside & (v > vec4u(state.threshold)));
    equal += ones(inside & (v == vec4u(state.threshold)));
  }
  counts[index] = vec2u(above, equal);
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
  let first = index * block();
  let end = min(first + block(), p.length);
  var above = counts[index].x;
  var equal = counts[index].y;
  for (var k = first; k < end; k += 4u) {
    let v = source[k / 4u];
    if (all((v & vec4u(0x7fffffffu)) < vec4u(state.threshold))) {
      continue;
    }
    for (var e = 0u; e < min(4u, end - k); e++) {
      let magnitude = v[e] & 0x7fffffffu;
      let isAbove = magnitude > state.threshold;
      let isEqual = magnitude == state.threshold;
      if (isAbove || (isEqual && equal < state.ties)) {
        let place = above + min(equal, state.ties);
        out[place] = k + e;
        out[p.k + place] = v[e];
      }
      above += select(0u, 1u, isAbove);
      equal += select(0u, 1u, isEqual);
    }
  }
}

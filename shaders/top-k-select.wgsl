// Threshold of the k largest magnitudes, by radix selection on bit patterns: for f32 without their sign,
// order of bits is order of magnitude (NaN above infinity), so the k-th largest pattern can be found from
// its top bits down, 11, 10 and 10 bits a pass, with nothing but counting and no read-back.
//
// `count`: of the elements whose higher bits equal the prefix so far, how many have which next bits.
// `choose` (one workgroup): goes down from the largest digit until `remaining` elements are reached;
// extends the prefix, takes from `remaining` what lies strictly above, clears the counters.
// At the end `prefix` is the threshold T, and `remaining` how many elements equal to T are to be kept.
//
// Shapes: source[length] f32, read as bits; state as below, counters all zero between passes.
// Workgroup of 64: all invocations of `count` stride over the data together. They count with integer atomics
// in device memory: for so many counters, workgroup memory costs a software adapter five times as much.
// `choose` is 64 invocations with 32 digits each, and one barrier.
// Deterministic: integer sums do not depend on their order.

const counters = 2048u;

struct Parameters {
  length: u32,
  shift: u32,
  // Of this digit: 11 in the first pass, which is known by its shift of 20.
  bits: u32,
  k: u32,
}

struct Counting {
  prefix: u32,
  remaining: u32,
  counts: array<atomic<u32>, counters>,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read_write> state: Counting;
@group(0) @binding(2) var<storage, read> source: array<vec4u>;

@compute @workgroup_size(64)
fn count(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  // In the first pass nothing is known, and the state is that of an earlier selection.
  let prefix = vec4u(select(state.prefix, 0u, p.shift == 20u));
  let stride = groups.x * groups.y * 64u;
  for (var quad = (group.y * groups.x + group.x) * 64u + local; quad < (p.length + 3u) / 4u; quad += stride) {
    let v = (source[quad] & vec4u(0x7fffffffu)) >> vec4u(p.shift);
    let inside = vec4u(quad * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(p.length);
    let matches = inside & (v >> vec4u(p.bits) == prefix);
    if (!any(matches)) {
      continue;
    }
    let digits = v & vec4u((1u << p.bits) - 1u);
    if (all(matches & (digits == digits.xxxx))) {
      // Zeros above all come in runs, and atomics on one counter wait for one another.
      atomicAdd(&state.counts[digits.x], 4u);
      continue;
    }
    if (matches.x) {
      atomicAdd(&state.counts[digits.x], 1u);
    }
    if (matches.y) {
      atomicAdd(&state.counts[digits.y], 1u);
    }
    if (matches.z) {
      atomicAdd(&state.counts[digits.z], 1u);
    }
    if (matches.w) {
      atomicAdd(&state.counts[digits.w], 1u);
    }
  }
}

var<workgroup> runs: array<u32, 64>;

@compute @workgroup_size(64)
fn choose(@builtin(local_invocation_index) local: u32) {
  let firstPass = p.shift == 20u;
  let prefix = select(state.prefix, 0u, firstPass);
  var remaining = select(state.remaining, p.k, firstPass);
  let run = counters / 64u;
  var own = 0u;
  for (var d = local * run; d < (local + 1u) * run; d++) {
    own += atomicLoad(&state.counts[d]);
  }
  runs[local] = own;
  workgroupBarrier();
  var above = 0u;
  for (var r = local + 1u; r < 64u; r++) {
    above += runs[r];
  }
  // True of one invocation alone, since there are at least `remaining` elements.
  let mine = above < remaining && remaining <= above + own;
  remaining -= min(remaining, above);
  var searching = mine;
  for (var d = (local + 1u) * run; d > local * run; d--) {
    let found = atomicExchange(&state.counts[d - 1u], 0u);
    if (searching) {
      if (found >= remaining) {
        state.prefix = (prefix << p.bits) | (d - 1u);
        state.remaining = remaining;
        searching = false;
      } else {
        remaining -= found;
      }
    }
  }
}

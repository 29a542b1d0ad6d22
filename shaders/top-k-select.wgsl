// Threshold of the k largest magnitudes, by radix selection on bit patterns: for f32 without their sign,
// order of bits is order of magnitude (NaN above infinity), so the k-th largest pattern can be found from
// its top bits down, four bits a pass, eight passes, with nothing but counting and no read-back.
//
// `count`: of the elements whose higher bits equal the prefix so far, how many have which next four bits.
// An invocation counts in registers, sixteen counters of eight bits, and adds them up with integer atomics.
// `choose` (one invocation): goes down from the largest digit until `remaining` elements are reached;
// extends the prefix, takes from `remaining` what lies strictly above, clears the counters.
// At the end `prefix` is the threshold T, and `remaining` how many elements equal to T are to be kept.
//
// Shapes: source[length] f32, read as bits; state as below.
// Workgroup of 64: an invocation counts `span` vec4 (at most 63: a counter holds 255), a workgroup's
// width apart. No workgroup memory: a barrier costs a software adapter more than the atomics do.
// Deterministic: integer sums do not depend on their order.

struct Parameters {
  length: u32,
  shift: u32,
  k: u32,
  span: u32,
}

struct Counting {
  prefix: u32,
  remaining: u32,
  counts: array<atomic<u32>, 16>,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read_write> state: Counting;
@group(0) @binding(2) var<storage, read> source: array<vec4u>;

// One in the counter of `digit`: component digit / 4, byte digit % 4.
fn one(digit: u32) -> vec4u {
  return select(vec4u(0), vec4u(1u << (8u * (digit & 3u))), vec4u(digit >> 2u) == vec4u(0u, 1u, 2u, 3u));
}

@compute @workgroup_size(64)
fn count(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  // In the first pass nothing is known, and the state is that of an earlier selection.
  let prefix = select(state.prefix, 0u, p.shift == 28u);
  var counters = vec4u(0);
  let first = (group.y * groups.x + group.x) * 64u * p.span;
  let end = min(first + 64u * p.span, (p.length + 3u) / 4u);
  for (var quad = first + local; quad < end; quad += 64u) {
    let v = (source[quad] & vec4u(0x7fffffffu)) >> vec4u(p.shift);
    let inside = vec4u(quad * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(p.length);
    let matches = inside & (v >> vec4u(4u) == vec4u(prefix));
    if (any(matches)) {
      // A digit of 16 is in no counter.
      let digits = select(vec4u(16u), v & vec4u(15u), matches);
      counters += one(digits.x) + one(digits.y) + one(digits.z) + one(digits.w);
    }
  }
  for (var digit = 0u; digit < 16u; digit++) {
    let found = (counters[digit >> 2u] >> (8u * (digit & 3u))) & 255u;
    if (found > 0u) {
      atomicAdd(&state.counts[digit], found);
    }
  }
}

@compute @workgroup_size(1)
fn choose() {
  let firstPass = p.shift == 28u;
  let prefix = select(state.prefix, 0u, firstPass);
  var remaining = select(state.remaining, p.k, firstPass);
  var digit = 0u;
  var searching = true;
  for (var d = 16u; d > 0u; d--) {
    let found = atomicExchange(&state.counts[d - 1u], 0u);
    if (searching) {
      if (found >= remaining) {
        digit = d - 1u;
        searching = false;
      } else {
        remaining -= found;
      }
    }
  }
  state.prefix = (prefix << 4u) | digit;
  state.remaining = remaining;
}

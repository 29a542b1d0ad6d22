// The thresholds of MSTopK (Shi et al., arXiv 2010.10458), found on the device by counting.
//
// T = ā + ϱ(u - ā), bisected over ϱ: c = #{|v| >= T} <= k moves r down (and gives T1, k1 if c is the most so
// far), c > k moves l up (and gives T2, k2 if it is the least). ϱ is a whole number of 2^-30, and four steps
// at a time are decided from the counts of the fifteen thresholds they could ask for (`count` of
// threshold-count.wgsl), so thirty steps are eight passes. Should fewer than k entries reach ā, or one not be
// finite, the search starts anew for the exact k-th magnitude: the same counts, of thresholds that cut the
// bits of magnitudes instead, eight passes again.
//
// `begin`: ā from the partial sums, and the thresholds of the first pass; ϱ = 0 among them.
// `choose`: the steps that the counts decide, and the next thresholds; after the last, what to collect.
//
// Shapes: partials[lanes] vec4, their first components Σ |v| / 2^e (magnitude-moments.wgsl); state below,
// bounds and thresholds plus one, counts all zero between passes; chosen as in band-compact.wgsl.
// Workgroups: one of 64 that adds up the partials, then a single invocation.
// Deterministic. The thresholds may differ between devices in their last bit, so senders send what they chose.

struct Parameters {
  length: u32,
  lanes: u32,
  k: u32,
  draw: u32,
}

struct Search {
  largest: u32,
  low: u32,
  top: u32,
  // How many reach `top`.
  above: u32,
  mode: u32,
  stage: u32,
  // l in units of 2^-30, or the bits of the k-th magnitude as far as they are known.
  position: u32,
  mean: f32,
  k1: u32,
  t1: u32,
  k2: u32,
  t2: u32,
  thresholds: array<u32, 16>,
  counts: array<u32, 16>,
}

struct Chosen {
  upper: u32,
  lower: u32,
  start: u32,
  fill: u32,
  count: u32,
}

const BISECTING = 0u;
const EXACT = 1u;
const DONE = 2u;
const STEPS = 30u;
const INFINITE = 0x7f800000u;
const NEVER = 0xffffffffu;

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read_write> state: Search;
@group(0) @binding(2) var<storage, read_write> chosen: Chosen;
@group(0) @binding(3) var<storage, read> partials: array<vec4f>;

// Decided by stage s: four steps, or the two that are left at the end.
fn levels() -> u32 {
  return min(4u, STEPS - 4u * state.stage);
}

fn bisectionThresholds() {
  let bins = 1u << levels();
  let width = 1u << (STEPS - 4u * state.stage - levels());
  let span = bitcast<f32>(state.largest) - state.mean;
  for (var i = 0u; i < 16u; i++) {
    let share = f32(state.position + i * width) * (1.0 / 1073741824.0);
    let threshold = bitcast<u32>(state.mean + share * span) + 1u;
    state.thresholds[i] = select(NEVER, threshold, i < bins);
  }
  state.low = state.thresholds[0];
}

// Stage s of the exact search cuts what is left of 2^31 patterns into sixteen, in the end eight.
fn exactWidth() -> u32 {
  return select(1u << (27u - 4u * min(state.stage, 6u)), 1u, state.stage == 7u);
}

fn exactThresholds() {
  let bins = select(16u, 8u, state.stage == 7u);
  for (var i = 0u; i < 16u; i++) {
    state.thresholds[i] = select(NEVER, state.position + i * exactWidth() + 1u, i < bins);
  }
  state.low = state.thresholds[0];
}

fn beginExact() {
  state.mode = EXACT;
  state.stage = 0u;
  state.position = 0u;
  state.above = 0u;
  state.top = NEVER;
  exactThresholds();
}

fn finish(result: Chosen) {
  chosen = result;
  state.mode = DONE;
  state.low = NEVER;
  state.top = NEVER;
  state.largest = 0u;
}

var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn begin(@builtin(local_invocation_index) local: u32) {
  var sum = 0.0;
  for (var i = local; i < p.lanes; i += 64u) {
    sum += partials[i].x;
  }
  sums[local] = sum;
  workgroupBarrier();
  if (local > 0u) {
    return;
  }
  if (state.largest >= INFINITE) {
    beginExact();
    return;
  }
  var total = 0.0;
  for (var i = 0u; i < 64u; i++) {
    total += sums[i];
  }
  let unit = bitcast<f32>(clamp(state.largest >> 23u, 1u, 253u) << 23u);
  state.mode = BISECTING;
  state.stage = 0u;
  state.position = 0u;
  // Rounded, the mean of equal numbers must not pass them.
  state.mean = min(total / f32(p.length) * unit, bitcast<f32>(state.largest));
  state.above = 0u;
  state.top = NEVER;
  state.k1 = 0u;
  state.t1 = INFINITE;
  state.k2 = p.length;
  state.t2 = 0u;
  bisectionThresholds();
}

// ⌊a · b / 2^32⌋.
fn multiplyHigh(a: u32, b: u32) -> u32 {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let carry = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (middle >> 16u) + (carry >> 16u);
}

fn bisect(counts: array<u32, 16>) {
  var reaching = counts;
  if (state.stage == 0u && p.k > reaching[0]) {
    beginExact();
    return;
  }
  let steps = levels();
  let width = 1u << (STEPS - 4u * state.stage - steps);
  var low = 0u;
  var high = 1u << steps;
  for (var step = 0u; step < steps; step++) {
    let middle = (low + high) / 2u;
    let count = state.above + reaching[middle];
    let threshold = state.thresholds[middle] - 1u;
    if (count <= p.k) {
      high = middle;
      if (count > state.k1) {
        state.k1 = count;
        state.t1 = threshold;
      }
    } else {
      low = middle;
      if (count < state.k2) {
        state.k2 = count;
        state.t2 = threshold;
      }
    }
  }
  if (high < (1u << steps)) {
    state.above += reaching[high];
    state.top = state.thresholds[high];
  }
  state.position += low * width;
  state.stage++;
  if (4u * state.stage < STEPS) {
    bisectionThresholds();
  } else {
    let start = multiplyHigh(p.draw, state.k2 - p.k + 1u);
    finish(Chosen(state.t1, state.t2, start, p.k - state.k1, p.k));
  }
}

fn narrow(counts: array<u32, 16>) {
  var reaching = counts;
  var bin = select(15u, 7u, state.stage == 7u);
  while (bin > 0u && state.above + reaching[bin] < p.k) {
    bin--;
  }
  let next = bin + 1u;
  if (next < 16u && state.thresholds[next] != NEVER) {
    state.above += reaching[next];
    state.top = state.thresholds[next];
  }
  state.position += bin * exactWidth();
  state.stage++;
  if (state.stage < 8u) {
    exactThresholds();
  } else {
    finish(Chosen(state.position + 1u, state.position, 0u, p.k - state.above, p.k));
  }
}

@compute @workgroup_size(1)
fn choose() {
  var counts: array<u32, 16>;
  for (var i = 0u; i < 16u; i++) {
    counts[i] = state.counts[i];
    state.counts[i] = 0u;
  }
  if (state.mode == BISECTING) {
    bisect(counts);
  } else if (state.mode == EXACT) {
    narrow(counts);
  }
}

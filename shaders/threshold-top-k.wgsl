// The threshold of Gaussian-k (Shi et al., arXiv 1911.08772), corrected on the device from one pass of counts.
//
// T = |μ| + zσ; up to three times it is halved where n = #{|v| >= T} < 2k/3, and multiplied by 1.5 where
// n > 4k/3. Whatever the order, a halvings and b increases give T · 0.5^a · 1.5^b, so the ten thresholds with
// a + b <= 3 are counted in one pass (threshold-count.wgsl), and the corrections follow from their counts.
// Threshold (a, b) has number s(s + 1)/2 + b with s = a + b.
//
// `begin`: μ and σ from the partial sums, and the ten thresholds. `choose`: the corrections. Should they end
// where nothing reaches T, the last threshold that something reached counts. Where an entry is not finite,
// all ten thresholds are infinite, and what is not finite is what is sent.
//
// Shapes: partials[lanes] vec4 = (-, Σ x, Σ x², -) with x = v / 2^e (magnitude-moments.wgsl); state as in
// approximate-top-k.wgsl, thresholds plus one, counts all zero before; chosen as in band-compact.wgsl.
// Workgroups: one of 64 that adds up the partials; a single invocation that chooses.
// Deterministic; the thresholds may differ between devices in their last bits.

struct Parameters {
  length: u32,
  lanes: u32,
  k: u32,
  z: f32,
}

struct Search {
  largest: u32,
  low: u32,
  top: u32,
  progress: array<u32, 9>,
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

const INFINITE = 0x7f800000u;
const NEVER = 0xffffffffu;
const CORRECTIONS = 3u;

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read_write> state: Search;
@group(0) @binding(2) var<storage, read_write> chosen: Chosen;
@group(0) @binding(3) var<storage, read> partials: array<vec4f>;

var<workgroup> sums: array<vec2f, 64>;

@compute @workgroup_size(64)
fn begin(@builtin(local_invocation_index) local: u32) {
  var sum = vec2f(0);
  for (var i = local; i < p.lanes; i += 64u) {
    sum += partials[i].yz;
  }
  sums[local] = sum;
  workgroupBarrier();
  if (local > 0u) {
    return;
  }
  var total = vec2f(0);
  for (var i = 0u; i < 64u; i++) {
    total += sums[i];
  }
  let mean = total.x / f32(p.length);
  let variance = max(0.0, total.y / f32(p.length) - mean * mean);
  let first = abs(mean) + p.z * sqrt(variance);
  let unit = bitcast<f32>(clamp(state.largest >> 23u, 1u, 253u) << 23u);
  let finite = state.largest < INFINITE;
  for (var i = 0u; i < 16u; i++) {
    state.thresholds[i] = NEVER;
  }
  for (var s = 0u; s <= CORRECTIONS; s++) {
    for (var b = 0u; b <= s; b++) {
      var threshold = first;
      for (var i = 0u; i < s; i++) {
        threshold *= select(0.5, 1.5, i < b);
      }
      state.thresholds[s * (s + 1u) / 2u + b] = select(INFINITE, bitcast<u32>(threshold * unit), finite) + 1u;
    }
  }
  state.low = state.thresholds[CORRECTIONS * (CORRECTIONS + 1u) / 2u];
  state.top = NEVER;
  state.largest = 0u;
}

@compute @workgroup_size(1)
fn choose() {
  var counts: array<u32, 16>;
  for (var i = 0u; i < 16u; i++) {
    counts[i] = state.counts[i];
    state.counts[i] = 0u;
  }
  var s = 0u;
  var b = 0u;
  var last = 0u;
  loop {
    let at = s * (s + 1u) / 2u + b;
    let count = counts[at];
    if (count > 0u) {
      last = at;
    }
    let few = 3u * count < 2u * p.k;
    let many = 3u * count > 4u * p.k;
    if (s == CORRECTIONS || !(few || many)) {
      break;
    }
    s++;
    b += select(0u, 1u, many);
  }
  let threshold = state.thresholds[last] - 1u;
  chosen = Chosen(threshold, threshold, 0u, 0u, min(p.k, counts[last]));
}

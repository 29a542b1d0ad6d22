// A bound for top-k: a magnitude that, as far as a sample tells, somewhat more than k of a vector reach.
//
// One element out of each of 2048 runs of equal length is looked at, at a hashed place, so that data with a
// period of the run's length does not mislead. The bound is the `rank`-th largest magnitude among them, by
// counting digits of its bits: 8 of the exponent, then the upper 8 of the fraction; zeros below, so that it is
// rounded down. It need not be right: top-k-collect.wgsl counts what it lets through.
//
// Shapes: source[length] f32, read as bits, length >= 2048; found.bound, and found.count = 0.
// Workgroups: one of 64, each invocation with 32 of the samples, which it reads twice rather than keep them:
// workgroup memory for them would take a software adapter a second to compile. Counters are in workgroup
// memory, for so few numbers are worth one dispatch, not four.
// Deterministic, and the same bits on every device.

const SAMPLES = 2048u;

struct Parameters {
  length: u32,
  rank: u32,
}

struct Found {
  count: u32,
  bound: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> found: Found;

var<workgroup> counts: array<atomic<u32>, 256>;
var<workgroup> exponent: u32;
var<workgroup> remaining: u32;

fn scrambled(x: u32) -> u32 {
  var h = x * 0x9e3779b9u;
  h = (h ^ (h >> 15u)) * 0x85ebca6bu;
  return h ^ (h >> 13u);
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32) {
  let run = p.length / SAMPLES;
  for (var s = local; s < SAMPLES; s += 64u) {
    let magnitude = source[s * run + (((scrambled(s) >> 16u) * run) >> 16u)] & 0x7fffffffu;
    atomicAdd(&counts[magnitude >> 23u], 1u);
  }
  workgroupBarrier();
  if (local == 0u) {
    var rest = p.rank;
    var digit = 255u;
    while (digit > 0u && atomicLoad(&counts[digit]) < rest) {
      rest -= atomicLoad(&counts[digit]);
      digit--;
    }
    exponent = digit;
    remaining = rest;
  }
  workgroupBarrier();
  for (var d = local; d < 256u; d += 64u) {
    atomicStore(&counts[d], 0u);
  }
  workgroupBarrier();
  for (var s = local; s < SAMPLES; s += 64u) {
    let magnitude = source[s * run + (((scrambled(s) >> 16u) * run) >> 16u)] & 0x7fffffffu;
    if (magnitude >> 23u == exponent) {
      atomicAdd(&counts[(magnitude >> 15u) & 255u], 1u);
    }
  }
  workgroupBarrier();
  if (local == 0u) {
    var rest = remaining;
    var digit = 255u;
    while (digit > 0u && atomicLoad(&counts[digit]) < rest) {
      rest -= atomicLoad(&counts[digit]);
      digit--;
    }
    found.bound = (exponent << 23u) | (digit << 15u);
    found.count = 0u;
  }
}

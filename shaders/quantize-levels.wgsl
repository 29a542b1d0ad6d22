// Levels of optimal random quantization (ORQ; Xu, Huo, Huang 2020, arXiv 2002.11082), the greedy rule:
// out[offset + c · levels + j] = bits of level j of chunk c. The ends are least and greatest; then, stage by
// stage, midway between two known levels a and b comes the m-th largest of the numbers in [a, b], where
// m = round(Σ (v - a) / (b - a)) over them: there the costs of rounding on both sides balance.
//
// Shapes: chunk c is [bounds[c], bounds[c + 1]); bounds at `listOffset` of the list buffer; levels is 3, 5 or
// 9, found in 1, 2 or 3 stages of 1, 2 and 4 intervals.
// Order statistics by radix selection on ranks (integers in the order of the numbers), eight bits a pass,
// all intervals of a stage at once: counting only, no sort. Numbers equal to b count whole in both sum and
// order, so intervals are half open; m = 0 means b itself.
// Workgroup of 64 for a chunk, because each pass hangs on the last; its barriers are per pass, not per
// number. 256 counters for each of four intervals take 4 KiB.
// Deterministic: integer counts, and sums in a fixed order.

struct Parameters {
  chunks: u32,
  listOffset: u32,
  offset: u32,
  levels: u32,
  stages: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> list: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<u32>;

const LANES = 64u;
const DIGITS = 256u;

var<workgroup> counters: array<atomic<u32>, 1024>;
var<workgroup> sums: array<vec4f, 64>;
var<workgroup> ranges: array<vec2u, 64>;
// Ranks of the levels found so far, at their final places.
var<workgroup> levels: array<u32, 9>;
// Of each interval: how many of its largest are left to pass, and the digits fixed so far.
var<workgroup> wanted: array<u32, 4>;
var<workgroup> prefixes: array<u32, 4>;

fn rank(bits: u32) -> u32 {
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}

fn bitsOf(place: u32) -> u32 {
  return select(~place, place & 0x7fffffffu, place >= 0x80000000u);
}

// The interval that a rank lies in, of those between every `stride`-th level.
fn intervalOf(place: u32, stride: u32) -> u32 {
  var interval = 0u;
  for (var at = stride; at + 1u < p.levels; at += stride) {
    interval += select(0u, 1u, place >= levels[at]);
  }
  return interval;
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let c = group.y * groups.x + group.x;
  if (c >= p.chunks) {
    return;
  }
  let start = list[p.listOffset + c];
  let end = list[p.listOffset + c + 1u];
  let last = p.levels - 1u;

  var range = vec2u(0xffffffffu, 0u);
  for (var k = start + local; k < end; k += LANES) {
    let place = rank(source[k]);
    range = vec2u(min(range.x, place), max(range.y, place));
  }
  ranges[local] = range;
  workgroupBarrier();
  if (local == 0u) {
    for (var i = 1u; i < LANES; i++) {
      range = vec2u(min(range.x, ranges[i].x), max(range.y, ranges[i].y));
    }
    levels[0] = range.x;
    levels[last] = range.y;
  }
  workgroupBarrier();

  for (var stage = 0u; stage < p.stages; stage++) {
    let intervals = 1u << stage;
    let stride = last >> stage;
    let top = levels[last];
    var sum = vec4f(0);
    for (var k = start + local; k < end; k += LANES) {
      let bits = source[k];
      let place = rank(bits);
      if (place < top) {
        let interval = intervalOf(place, stride);
        let a = bitcast<f32>(bitsOf(levels[interval * stride]));
        let b = bitcast<f32>(bitsOf(levels[interval * stride + stride]));
        let share = (bitcast<f32>(bits) - a) / (b - a);
        sum += select(vec4f(0), vec4f(share), vec4u(interval) == vec4u(0u, 1u, 2u, 3u));
      }
    }
    sums[local] = sum;
    workgroupBarrier();
    if (local < intervals) {
      var share = 0.0;
      for (var i = 0u; i < LANES; i++) {
        share += sums[i][local];
      }
      wanted[local] = u32(share + 0.5);
      prefixes[local] = 0u;
    }
    for (var step = 0u; step < 4u; step++) {
      let shift = 24u - 8u * step;
      for (var i = local; i < DIGITS * intervals; i += LANES) {
        atomicStore(&counters[i], 0u);
      }
      workgroupBarrier();
      for (var k = start + local; k < end; k += LANES) {
        let place = rank(source[k]);
        if (place < top) {
          let interval = intervalOf(place, stride);
          if (step == 0u || (place >> shift) >> 8u == prefixes[interval]) {
            atomicAdd(&counters[interval * DIGITS + ((place >> shift) & 255u)], 1u);
          }
        }
      }
      workgroupBarrier();
      if (local < intervals && wanted[local] > 0u) {
        var rest = wanted[local];
        var digit = DIGITS - 1u;
        for (; digit > 0u; digit--) {
          let found = atomicLoad(&counters[local * DIGITS + digit]);
          if (found >= rest) {
            break;
          }
          rest -= found;
        }
        wanted[local] = rest;
        prefixes[local] = (prefixes[local] << 8u) | digit;
      }
      workgroupBarrier();
    }
    if (local < intervals) {
      let upper = levels[local * stride + stride];
      levels[local * stride + stride / 2u] = select(prefixes[local], upper, wanted[local] == 0u);
    }
    workgroupBarrier();
  }

  let broken = levels[0] <= rank(0xff800000u) || levels[last] >= rank(0x7f800000u);
  if (local < p.levels) {
    let bits = bitsOf(levels[local]);
    let value = select(bits, 0u, (bits & 0x7f800000u) == 0u || start == end);
    out[p.offset + c * p.levels + local] = select(value, 0x7fc00000u, broken && start < end);
  }
}

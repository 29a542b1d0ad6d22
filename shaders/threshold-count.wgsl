// How many magnitudes reach each of sixteen thresholds: counts_i += #{low <= |v| < top and |v| >= t_i}.
//
// Magnitudes and thresholds are compared as the bits of |v|, whose order as integers is the order of
// magnitudes. Bounds and thresholds are kept plus one, so that 0 is a magnitude that reaches none. What lies
// outside [low, top) cannot decide the search any more, and is passed over four numbers at a time.
//
// Shapes: source[length] f32, read as bits; state as in approximate-top-k.wgsl.
// Workgroup of 64: an invocation counts in registers over `span` vec4, a workgroup's width apart, and adds
// up with integer atomics at the end. No workgroup memory: a barrier costs a software adapter more.
// Deterministic: integer sums do not depend on their order.

struct Parameters {
  length: u32,
  span: u32,
}

struct Search {
  largest: u32,
  low: u32,
  top: u32,
  progress: array<u32, 9>,
  thresholds: array<vec4u, 4>,
  counts: array<atomic<u32>, 16>,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read_write> state: Search;
@group(0) @binding(2) var<storage, read> source: array<vec4u>;

fn ones(condition: vec4<bool>) -> vec4u {
  return select(vec4u(0), vec4u(1), condition);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let low = vec4u(state.low);
  let top = vec4u(state.top);
  if (low.x >= top.x) {
    return;
  }
  let t0 = state.thresholds[0];
  let t1 = state.thresholds[1];
  let t2 = state.thresholds[2];
  let t3 = state.thresholds[3];
  var c0 = vec4u(0);
  var c1 = vec4u(0);
  var c2 = vec4u(0);
  var c3 = vec4u(0);
  let first = (group.y * groups.x + group.x) * 64u * p.span;
  let end = min(first + 64u * p.span, (p.length + 3u) / 4u);
  for (var quad = first + local; quad < end; quad += 64u) {
    let magnitudes = (source[quad] & vec4u(0x7fffffffu)) + vec4u(1);
    let inside = vec4u(quad * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(p.length);
    let matters = inside & (magnitudes >= low) & (magnitudes < top);
    if (any(matters)) {
      let m = select(vec4u(0), magnitudes, matters);
      c0 += ones(m.xxxx >= t0) + ones(m.yyyy >= t0) + ones(m.zzzz >= t0) + ones(m.wwww >= t0);
      c1 += ones(m.xxxx >= t1) + ones(m.yyyy >= t1) + ones(m.zzzz >= t1) + ones(m.wwww >= t1);
      c2 += ones(m.xxxx >= t2) + ones(m.yyyy >= t2) + ones(m.zzzz >= t2) + ones(m.wwww >= t2);
      c3 += ones(m.xxxx >= t3) + ones(m.yyyy >= t3) + ones(m.zzzz >= t3) + ones(m.wwww >= t3);
    }
  }
  if (all(c0 + c1 + c2 + c3 == vec4u(0))) {
    return;
  }
  for (var i = 0u; i < 4u; i++) {
    atomicAdd(&state.counts[i], c0[i]);
    atomicAdd(&state.counts[4u + i], c1[i]);
    atomicAdd(&state.counts[8u + i], c2[i]);
    atomicAdd(&state.counts[12u + i], c3[i]);
  }
}

// The largest magnitude of a vector, and sums of its numbers: what thresholds are laid by.
//
// `largest`: state.largest = max of the bits of |v|, which as integers are in the order of magnitudes, NaN
// above infinity; it starts from 0.
// `moments`: partials[i] = (Σ |x|, Σ x, Σ x², 0) over the vec4 i, i + lanes, i + 2 · lanes, ..., with
// x = v / 2^e, 2^e being the power of two at or below the largest magnitude: squares neither overflow nor
// vanish, and scaling v by a power of two changes no bit of the sums.
//
// Shapes: source[length] f32, read as bits; partials[lanes] vec4. `lanes` is a multiple of 64.
// Workgroup of 64: a multiple of every subgroup size in use; neighbours read neighbours, and no barrier,
// which a software adapter pays dearly for.
// Deterministic: a maximum of integers, and sums in a fixed order for given lanes.

struct Parameters {
  length: u32,
  lanes: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read_write> found: atomic<u32>;
@group(0) @binding(1) var<storage, read> largestBits: u32;
@group(0) @binding(2) var<storage, read> source: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> partials: array<vec4f>;

fn indexOf(group: vec3u, groups: vec3u, local: u32) -> u32 {
  return (group.y * groups.x + group.x) * 64u + local;
}

fn inside(quad: u32) -> vec4<bool> {
  return vec4u(quad * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(p.length);
}

@compute @workgroup_size(64)
fn largest(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let index = indexOf(group, groups, local);
  if (index >= p.lanes) {
    return;
  }
  var most = vec4u(0);
  for (var quad = index; quad < (p.length + 3u) / 4u; quad += p.lanes) {
    most = max(most, select(vec4u(0), source[quad] & vec4u(0x7fffffffu), inside(quad)));
  }
  atomicMax(&found, max(max(most.x, most.y), max(most.z, most.w)));
}

@compute @workgroup_size(64)
fn moments(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let index = indexOf(group, groups, local);
  if (index >= p.lanes) {
    return;
  }
  let scale = bitcast<f32>((254u - clamp(largestBits >> 23u, 1u, 253u)) << 23u);
  var magnitudes = vec4f(0);
  var values = vec4f(0);
  var squares = vec4f(0);
  for (var quad = index; quad < (p.length + 3u) / 4u; quad += p.lanes) {
    let x = bitcast<vec4f>(select(vec4u(0), source[quad], inside(quad))) * scale;
    magnitudes += abs(x);
    values += x;
    squares += x * x;
  }
  let one = vec4f(1);
  partials[index] = vec4f(dot(magnitudes, one), dot(values, one), dot(squares, one), 0);
}

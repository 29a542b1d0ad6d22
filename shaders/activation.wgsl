// Activation functions, entry by entry: `apply` makes y = f(x), `slope` makes dx = f'(x) · dy.
//
//   kind 0, ReLU:  f(x) = max(x, 0), f'(0) = 0
//   kind 1, tanh:  f(x) = 2 σ(2x) - 1
//   kind 2, GELU:  f(x) = x σ(2u), u = √(2/π) (x + 0.044715 x³); σ(2u) = (1 + tanh u) / 2
//
// σ is the logistic function, from `exp` alone: WGSL's own tanh is infinite over infinite on some drivers.
// Arguments are held where σ has reached its limit, so that no infinity meets a zero.
// Shapes: `count` f32 from the start of each array; four an invocation. Entries past `count` are kept.
// Workgroup of 64: no sharing, a multiple of every subgroup size in use.
// Deterministic: one invocation makes one result.

struct Parameters {
  count: u32,
  kind: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

const GELU_SLOPE = 1.5957691216057308;
const GELU_CUBE = 0.044715;

fn logistic(z: vec4f) -> vec4f {
  return 1.0 / (1.0 + exp(-z));
}

fn hyperbolicTangent(z: vec4f) -> vec4f {
  let size = min(abs(z), vec4f(20));
  let far = 1.0 - 2.0 / (exp(2.0 * size) + 1.0);
  // A series where the difference from 1 would cancel.
  let square = size * size;
  let near = size * (1.0 - square * (1.0 / 3.0 - square * (2.0 / 15.0 - square * (17.0 / 315.0))));
  let value = select(far, near, size < vec4f(0.2));
  return select(value, -value, z < vec4f(0));
}

fn inside(i: u32) -> vec4<bool> {
  return vec4u(0u, 1u, 2u, 3u) + vec4u(4u * i) < vec4u(p.count);
}

@compute @workgroup_size(64)
fn apply(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + local;
  if (4u * i >= p.count) {
    return;
  }
  let value = x[i];
  var result = max(value, vec4f(0));
  if (p.kind == 1u) {
    result = hyperbolicTangent(value);
  } else if (p.kind == 2u) {
    let near = clamp(value, vec4f(-10), vec4f(10));
    // `select`, because `max` may swallow a NaN.
    let outer = select(value, vec4f(-10), value < vec4f(-10));
    result = outer * logistic(GELU_SLOPE * (near + GELU_CUBE * near * near * near));
  }
  if (4u * i + 4u > p.count) {
    result = select(y[i], result, inside(i));
  }
  y[i] = result;
}

@compute @workgroup_size(64)
fn slope(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + local;
  if (4u * i >= p.count) {
    return;
  }
  var result = dy[i];
  if (p.kind == 0u) {
    result = select(vec4f(0), result, x[i] > vec4f(0));
  } else if (p.kind == 1u) {
    let value = hyperbolicTangent(x[i]);
    result *= 1.0 - value * value;
  } else {
    let value = clamp(x[i], vec4f(-10), vec4f(10));
    let square = value * value;
    let share = logistic(GELU_SLOPE * (value + GELU_CUBE * square * value));
    let inner = GELU_SLOPE * (1.0 + 3.0 * GELU_CUBE * square);
    result *= share + value * share * (1.0 - share) * inner;
  }
  if (4u * i + 4u > p.count) {
    result = select(dx[i], result, inside(i));
  }
  dx[i] = result;
}

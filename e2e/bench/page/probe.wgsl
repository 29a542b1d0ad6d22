// What an adapter can do at most, measured and not looked up.
//
//   multiply: chains of multiply-adds that never leave the registers, `loops` times 16 of them on vec4f: eight
//             independent chains hide the latency. 128 floating-point operations a loop and invocation. The
//             result is written where it cannot be small, so that no compiler may leave the work out.
//   copy:     dest = source, one vec4f an invocation: 32 bytes of traffic.
//
// Workgroup of 256: enough of them keep every unit of a large card busy. Deterministic.

override fused: u32 = 0u;

struct Parameters {
  loops: u32,
  length: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dest: array<vec4f>;

fn next(x: vec4f, a: vec4f, b: vec4f) -> vec4f {
  if (fused == 1u) {
    return fma(x, a, b);
  }
  return x * a + b;
}

@compute @workgroup_size(256)
fn multiply(@builtin(global_invocation_id) id: vec3u) {
  let a = vec4f(0.999, 0.998, 0.997, 0.996) + vec4f(f32(id.x & 1u) * 1e-6);
  let b = vec4f(0.5, 0.25, 0.125, 0.0625);
  var x0 = vec4f(f32(id.x));
  var x1 = x0 + 1.0;
  var x2 = x0 + 2.0;
  var x3 = x0 + 3.0;
  var x4 = x0 + 4.0;
  var x5 = x0 + 5.0;
  var x6 = x0 + 6.0;
  var x7 = x0 + 7.0;
  for (var loop_ = 0u; loop_ < p.loops; loop_++) {
    x0 = next(x0, a, b);
    x1 = next(x1, a, b);
    x2 = next(x2, a, b);
    x3 = next(x3, a, b);
    x4 = next(x4, a, b);
    x5 = next(x5, a, b);
    x6 = next(x6, a, b);
    x7 = next(x7, a, b);
    x0 = next(x0, a, b);
    x1 = next(x1, a, b);
    x2 = next(x2, a, b);
    x3 = next(x3, a, b);
    x4 = next(x4, a, b);
    x5 = next(x5, a, b);
    x6 = next(x6, a, b);
    x7 = next(x7, a, b);
  }
  dest[id.x] = x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7;
}

@compute @workgroup_size(256)
fn copy(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (group.y * groups.x + group.x) * 256u + local;
  if (i < p.length) {
    dest[i] = source[i];
  }
}

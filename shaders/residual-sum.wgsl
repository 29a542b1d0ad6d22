// The sums of a residual block, entry by entry:
//   mode 0, forward:                        out = max(0, a + b);
//   mode 1, gradient:                       out = a + b;
//   mode 2, gradient through a ReLU's output x: out = x > 0 ? a + b : 0.
//
// Shapes: a, b, x and out, the first `count` entries of each.
// Workgroup of 64: each invocation takes four entries, 64 apart, so that neighbours read neighbours.
// Deterministic: one addition a result.

struct Parameters {
  count: u32,
  mode: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let first = (group.y * groups.x + group.x) * 256u;
  let end = min(first + 256u, p.count);
  for (var k = first + local; k < end; k += 64u) {
    let sum = a[k] + b[k];
    if (p.mode == 0u) {
      out[k] = max(0.0, sum);
    } else {
      out[k] = select(0.0, sum, p.mode == 1u || x[k] > 0.0);
    }
  }
}

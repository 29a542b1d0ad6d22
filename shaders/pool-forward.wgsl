// Pooling over windows that do not overlap: y[plane, i, j] = maximum or mean of window (i, j) of x.
//
// Shapes: x[planes, height, width], y[planes, outHeight, outWidth]; row-major f32.
// Workgroup of 64: one invocation makes one result; neighbours read neighbouring windows.
// Deterministic: each window is walked by one invocation in row-major order.

struct Parameters {
  planes: u32,
  height: u32,
  width: u32,
  windowHeight: u32,
  windowWidth: u32,
  outHeight: u32,
  outWidth: u32,
  isMax: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let result = (group.y * groups.x + group.x) * 64u + local;
  let j = result % p.outWidth;
  let line = result / p.outWidth;
  let plane = line / p.outHeight;
  if (plane >= p.planes) {
    return;
  }
  let corner = (plane * p.height + line % p.outHeight * p.windowHeight) * p.width + j * p.windowWidth;
  var largest = x[corner];
  var sum = 0.0;
  for (var u = 0u; u < p.windowHeight; u++) {
    for (var v = 0u; v < p.windowWidth; v++) {
      let value = x[corner + u * p.width + v];
      largest = select(largest, value, value > largest);
      sum += value;
    }
  }
  y[result] = select(sum / f32(p.windowHeight * p.windowWidth), largest, p.isMax == 1u);
}

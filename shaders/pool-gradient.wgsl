// Pooling over windows that do not overlap, gradient of its input: of a maximum, dy goes to the largest
// entry of the window (ties: the first in row-major order); of a mean, an equal share to each entry.
// With isRectified, x is a ReLU's output and the gradient is 0 where x is not positive.
//
// Shapes: x and dx[planes, height, width], dy[planes, outHeight, outWidth]; row-major f32.
// Workgroup of 64: one invocation writes one window, cut off where it sticks out of the picture: such a
// window has no result, and its entries get 0. So every entry of dx is written exactly once, and the
// largest entry is found again instead of being stored.
// Deterministic: no sums at all.

struct Parameters {
  planes: u32,
  height: u32,
  width: u32,
  windowHeight: u32,
  windowWidth: u32,
  outHeight: u32,
  outWidth: u32,
  isMax: u32,
  isRectified: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let window = (group.y * groups.x + group.x) * 64u + local;
  let across = (p.width + p.windowWidth - 1u) / p.windowWidth;
  let down = (p.height + p.windowHeight - 1u) / p.windowHeight;
  let j = window % across;
  let i = window / across % down;
  let plane = window / across / down;
  if (plane >= p.planes) {
    return;
  }
  let corner = (plane * p.height + i * p.windowHeight) * p.width + j * p.windowWidth;
  let rows = min(p.windowHeight, p.height - i * p.windowHeight);
  let columns = min(p.windowWidth, p.width - j * p.windowWidth);
  let isWhole = i < p.outHeight && j < p.outWidth;
  var value = 0.0;
  if (isWhole) {
    value = dy[(plane * p.outHeight + i) * p.outWidth + j];
  }
  var best = corner;
  if (p.isMax == 1u) {
    var largest = x[corner];
    for (var u = 0u; u < rows; u++) {
      for (var v = 0u; v < columns; v++) {
        let k = corner + u * p.width + v;
        if (x[k] > largest) {
          largest = x[k];
          best = k;
        }
      }
    }
  } else {
    value /= f32(p.windowHeight * p.windowWidth);
  }
  for (var u = 0u; u < rows; u++) {
    for (var v = 0u; v < columns; v++) {
      let k = corner + u * p.width + v;
      let chosen = p.isMax == 0u || k == best;
      let passes = p.isRectified == 0u || x[k] > 0.0;
      dx[k] = select(0.0, value, chosen && passes);
    }
  }
}

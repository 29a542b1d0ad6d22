// Convolution, preparation: pictures and filters rewritten so that a product reads four channels as one vec4f,
// without bounds to mind. A few hundredths of the products' work.
//
// `pictures`: source[batch, channels, sourceHeight, sourceWidth], row-major f32, becomes
//   packed[batch, packedHeight, packedWidth, quads] of vec4f: number k of entry (r, s, q) is channel 4q + k at
//   row r - top and column s · step - left, 0 outside of the picture and past the last channel.
//   Where there are few channels, the `fold` taps of a kernel's row are made channels of their own, so that
//   vec4f are full: "channel" c · fold + v is then channel c, v columns further to the right.
// `filters`: weight[filters, channels, kernel, kernel] becomes blocks of 4 x 4, four vec4f each:
//   packed[phase, tile of four outer, tap row, tap column, quad of inner, inner]. In forward the outer index is
//   the filter and the inner one the channel (folded like those of pictures), and there is one phase. For the
//   gradient of the input (isGradient 1) it is the other way round, and phases are the places, `stride` each
//   way, that an input can have beneath the filter: place (i, j) meets rows (i + shift) mod stride + stride · t
//   of it alone, which come here from the last to the first; 0 where there is none.
// Workgroup of 64: one invocation writes one vec4f.
// Deterministic: every result is written once.

struct Pictures {
  batch: u32,
  channels: u32,
  sourceHeight: u32,
  sourceWidth: u32,
  packedHeight: u32,
  packedWidth: u32,
  quads: u32,
  top: u32,
  left: u32,
  step: u32,
  fold: u32,
}

struct Filters {
  filters: u32,
  channels: u32,
  kernel: u32,
  stride: u32,
  shift: u32,
  phases: u32,
  tiles: u32,
  tapRows: u32,
  tapColumns: u32,
  quads: u32,
  fold: u32,
  weightOffset: u32,
  isGradient: u32,
}

@group(0) @binding(0) var<uniform> p: Pictures;
@group(0) @binding(0) var<uniform> f: Filters;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> packed: array<vec4f>;

@compute @workgroup_size(64)
fn pictures(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let at = (group.y * groups.x + group.x) * 64u + local;
  let quad = at % p.quads;
  let s = at / p.quads % p.packedWidth;
  let line = at / p.quads / p.packedWidth;
  let b = line / p.packedHeight;
  if (b >= p.batch) {
    return;
  }
  // Above the picture and left of it these wrap round, past its size.
  let row = line % p.packedHeight - p.top;
  let size = p.sourceHeight * p.sourceWidth;
  let left = s * p.step - p.left;
  var tap = quad * 4u % p.fold;
  var channel = quad * 4u / p.fold;
  var place = (b * p.channels + channel) * size + row * p.sourceWidth;
  var values = vec4f(0);
  for (var k = 0u; k < 4u; k++) {
    if (channel < p.channels && row < p.sourceHeight && left + tap < p.sourceWidth) {
      values[k] = source[place + left + tap];
    }
    tap++;
    if (tap == p.fold) {
      tap = 0u;
      channel++;
      place += size;
    }
  }
  packed[at] = values;
}

@compute @workgroup_size(64)
fn filters(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let at = (group.y * groups.x + group.x) * 64u + local;
  var rest = at / 4u / f.quads;
  let inner = at / 4u % f.quads * 4u + at % 4u;
  let tapColumn = rest % f.tapColumns;
  rest /= f.tapColumns;
  let tapRow = rest % f.tapRows;
  rest /= f.tapRows;
  let outer = rest % f.tiles * 4u;
  let phase = rest / f.tiles;
  if (phase >= f.phases * f.phases) {
    return;
  }
  var u = tapRow;
  var v = tapColumn + inner % f.fold;
  var filterAt = vec4u(outer, outer + 1u, outer + 2u, outer + 3u);
  var channelAt = vec4u(inner / f.fold);
  if (f.isGradient == 1u) {
    u = (phase / f.phases + f.shift) % f.stride + f.stride * (f.tapRows - 1u - tapRow);
    v = (phase % f.phases + f.shift) % f.stride + f.stride * (f.tapColumns - 1u - tapColumn);
    channelAt = filterAt;
    filterAt = vec4u(inner);
  }
  var values = vec4f(0);
  for (var k = 0u; k < 4u; k++) {
    if (filterAt[k] < f.filters && channelAt[k] < f.channels && u < f.kernel && v < f.kernel) {
      let plane = filterAt[k] * f.channels + channelAt[k];
      values[k] = source[f.weightOffset + (plane * f.kernel + u) * f.kernel + v];
    }
  }
  packed[at] = values;
}

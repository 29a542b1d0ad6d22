// Matrix product in workgroup memory: Σ_k op(a)[i, k] · op(b)[k, j], op being the identity or the transpose,
// with one of three endings:
//   linear: dest = alpha · sum + beta · dest (with beta = 0 what dest held is not read);
//   dense:  dest = act(sum + extra[extraOffset + j]), act = identity or ReLU: a layer's forward;
//   masked: dest = extra[i, j] > 0 ? sum : 0: the gradient of a layer's inputs, through the ReLU that made them.
//
// Shapes: op(a) is m x k, op(b) k x n, dest (and the mask) m x n; all row-major f32 without gaps, a, b, dest
// and bias from their offsets on.
// The tiled family, for adapters with real workgroup memory: a workgroup makes a tile of 64 x 64. For every 16
// steps of k its first half loads a block of 4 x 4 of a each, its second half of b, as four vec4f along or
// across k as the matrix is stored (numbers one by one where `fours` says that rows do not begin on vec4f), and
// lays them down with k first. Each invocation holds 8 x 4 sums: three vec4f read make 32 products. The next
// blocks are loaded before the products of the present ones, so that memory and arithmetic overlap.
// Tiles that stick out over an edge take zeros there, and do not store.
// Split k: where there are few tiles, k is cut into runs of `splitSteps` (a multiple of 16), each a workgroup
// of its own that writes its bare sums to dest[split, m, n]; `total` then adds them up in order, and ends.
// Workgroup of 128: 8 x 16 invocations. 8.5 KiB of workgroup memory, a vec4f more in every row than needed, so
// that blocks laid down at once meet fewer bank conflicts. Of `total`: 64, one invocation a result.
// Deterministic: each sum is made by one invocation in a fixed order, and splits follow from the shape alone.

struct Parameters {
  m: u32,
  k: u32,
  n: u32,
  aOffset: u32,
  bOffset: u32,
  destOffset: u32,
  // 1: a is stored k x m; 1: b is stored n x k.
  transposeA: u32,
  transposeB: u32,
  // Bit 0: the rows of a begin on vec4f; bit 1: those of b.
  fours: u32,
  splits: u32,
  splitSteps: u32,
  // 0 linear, 1 dense, 2 masked.
  ending: u32,
  extraOffset: u32,
  relu: u32,
  alpha: f32,
  beta: f32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
// For `total`: the sums of all splits.
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read> extra: array<f32>;
@group(0) @binding(4) var<storage, read_write> dest: array<f32>;

// Vec4f from one step of k to the next: 64 lines, and one vec4f.
const ROW = 17u;
// Where b's part begins.
const RIGHT = 272u;
// [a or b][16 steps of k][64 rows of op(a) or columns of op(b)]
var<workgroup> tile: array<vec4f, 544>;

fn single(isLeft: bool, isInside: bool, at: u32) -> f32 {
  if (!isInside) {
    return 0.0;
  }
  if (isLeft) {
    return a[at / 4u][at % 4u];
  }
  return b[at / 4u][at % 4u];
}

fn quad(isLeft: bool, isInside: bool, at: u32) -> vec4f {
  if (!isInside) {
    return vec4f(0);
  }
  if (isLeft) {
    return a[at];
  }
  return b[at];
}

// Four lines (rows of op(a), or columns of op(b)) from `line` on, four steps of k from `step` on, zeros outside
// of `lines` and `end`: column s holds step s.
fn blockOf(isLeft: bool, isAlongK: bool, line: u32, lines: u32, step: u32, end: u32) -> mat4x4f {
  let offset = select(p.bOffset, p.aOffset, isLeft);
  let fours = select(p.fours >> 1u, p.fours & 1u, isLeft);
  if (fours == 1u && isAlongK) {
    let length = p.k / 4u;
    let at = (offset + step) / 4u + line * length;
    let isInside = step < end;
    return transpose(mat4x4f(
      quad(isLeft, isInside && line < lines, at),
      quad(isLeft, isInside && line + 1u < lines, at + length),
      quad(isLeft, isInside && line + 2u < lines, at + 2u * length),
      quad(isLeft, isInside && line + 3u < lines, at + 3u * length),
    ));
  }
  if (fours == 1u) {
    let length = lines / 4u;
    let at = (offset + line) / 4u + step * length;
    let isInside = line < lines;
    return mat4x4f(
      quad(isLeft, isInside && step < end, at),
      quad(isLeft, isInside && step + 1u < end, at + length),
      quad(isLeft, isInside && step + 2u < end, at + 2u * length),
      quad(isLeft, isInside && step + 3u < end, at + 3u * length),
    );
  }
  let lineStride = select(1u, p.k, isAlongK);
  let stepStride = select(lines, 1u, isAlongK);
  var block = mat4x4f();
  for (var s = 0u; s < 4u; s++) {
    let at = offset + line * lineStride + (step + s) * stepStride;
    let isInside = step + s < end;
    block[s] = vec4f(
      single(isLeft, isInside && line < lines, at),
      single(isLeft, isInside && line + 1u < lines, at + lineStride),
      single(isLeft, isInside && line + 2u < lines, at + 2u * lineStride),
      single(isLeft, isInside && line + 3u < lines, at + 3u * lineStride),
    );
  }
  return block;
}

fn finish(i: u32, j: u32, sum: f32) {
  let at = p.destOffset + i * p.n + j;
  var value = sum;
  if (p.ending == 1u) {
    value += extra[p.extraOffset + j];
    value = select(value, max(value, 0.0), p.relu == 1u);
  } else if (p.ending == 2u) {
    value = select(0.0, value, extra[i * p.n + j] > 0.0);
  } else {
    value *= p.alpha;
    if (p.beta != 0.0) {
      value += p.beta * dest[at];
    }
  }
  dest[at] = value;
}

fn store(split: u32, i: u32, j: u32, sums: vec4f) {
  if (i >= p.m) {
    return;
  }
  for (var c = 0u; c < 4u && j + c < p.n; c++) {
    if (p.splits > 1u) {
      dest[(split * p.m + i) * p.n + j + c] = sums[c];
    } else {
      finish(i, j + c, sums[c]);
    }
  }
}

@compute @workgroup_size(128)
fn tiles(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let across = (p.n + 63u) / 64u;
  let down = (p.m + 63u) / 64u;
  let place = group.y * groups.x + group.x;
  let split = place / (across * down);
  if (split >= p.splits) {
    return;
  }
  let top = place / across % down * 64u;
  let side = place % across * 64u;
  let start = split * p.splitSteps;
  let end = min(start + p.splitSteps, p.k);

  // What this invocation loads.
  let isLeft = local < 64u;
  let slot = local % 64u;
  let isAlongK = select(p.transposeB == 1u, p.transposeA == 0u, isLeft);
  let lineQuad = select(slot % 16u, slot / 4u, isAlongK);
  let stepQuad = select(slot / 16u, slot % 4u, isAlongK);
  let line = select(side, top, isLeft) + lineQuad * 4u;
  let lines = select(p.n, p.m, isLeft);
  let down4 = select(RIGHT, 0u, isLeft) + stepQuad * 4u * ROW + lineQuad;

  // What it makes.
  let row = local / 16u * 2u;
  let column = RIGHT + local % 16u;
  var s0 = vec4f(0);
  var s1 = vec4f(0);
  var s2 = vec4f(0);
  var s3 = vec4f(0);
  var s4 = vec4f(0);
  var s5 = vec4f(0);
  var s6 = vec4f(0);
  var s7 = vec4f(0);
  var next = blockOf(isLeft, isAlongK, line, lines, start + stepQuad * 4u, end);
  for (var first = start; first < end; first += 16u) {
    tile[down4] = next[0];
    tile[down4 + ROW] = next[1];
    tile[down4 + 2u * ROW] = next[2];
    tile[down4 + 3u * ROW] = next[3];
    workgroupBarrier();
    next = blockOf(isLeft, isAlongK, line, lines, first + 16u + stepQuad * 4u, end);
    for (var step = 0u; step < 16u; step++) {
      let low = tile[step * ROW + row];
      let high = tile[step * ROW + row + 1u];
      let right = tile[step * ROW + column];
      s0 += low.x * right;
      s1 += low.y * right;
      s2 += low.z * right;
      s3 += low.w * right;
      s4 += high.x * right;
      s5 += high.y * right;
      s6 += high.z * right;
      s7 += high.w * right;
    }
    workgroupBarrier();
  }
  let i = top + row * 4u;
  let j = side + local % 16u * 4u;
  store(split, i, j, s0);
  store(split, i + 1u, j, s1);
  store(split, i + 2u, j, s2);
  store(split, i + 3u, j, s3);
  store(split, i + 4u, j, s4);
  store(split, i + 5u, j, s5);
  store(split, i + 6u, j, s6);
  store(split, i + 7u, j, s7);
}

@compute @workgroup_size(64)
fn total(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let at = (group.y * groups.x + group.x) * 64u + local;
  if (at >= p.m * p.n) {
    return;
  }
  var sum = 0.0;
  for (var split = 0u; split < p.splits; split++) {
    sum += single(true, true, split * p.m * p.n + at);
  }
  finish(at / p.n, at % p.n, sum);
}

// General matrix product: dest = alpha · op(a) op(b) + beta · dest, op being the identity or the transpose.
//
// Shapes: op(a) is m x k, op(b) k x n, dest m x n; all row-major f32 without gaps, from their offsets on.
// The direct family: one invocation makes a tile of dest in registers (16 rows x 8 columns in `quads`, 4 x 4 in
// `singles`), with no workgroup memory and no barriers, which software adapters run several times faster
// than a shared-memory tiling.
// `quads` loads four numbers at once, along k or across it as the matrix is stored, and turns the block of
// 4 x 4 in registers where needed; k, the row lengths of a and b and their offsets must be multiples of 4.
// `singles` takes any shape. Tiles that stick out over an edge recompute the last row or column, and do not
// store. With beta = 0 what dest held is not read.
// Workgroup of 64: invocations share nothing; tiles are numbered along columns first.
// Deterministic: each result is summed by one invocation in a fixed order.

// 1: a is stored k x m; 1: b is stored n x k.
override transposeA: u32 = 0u;
override transposeB: u32 = 0u;

struct Parameters {
  m: u32,
  k: u32,
  n: u32,
  aOffset: u32,
  bOffset: u32,
  destOffset: u32,
  alpha: f32,
  beta: f32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> aQuads: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> bQuads: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dest: array<f32>;

// Writes what lies inside dest of four results in a row.
fn store(i: u32, j: u32, sums: vec4f) {
  if (i >= p.m) {
    return;
  }
  let row = p.destOffset + i * p.n;
  for (var column = j; column < min(j + 4u, p.n); column++) {
    var value = p.alpha * sums[column - j];
    if (p.beta != 0.0) {
      value += p.beta * dest[row + column];
    }
    dest[row + column] = value;
  }
}

// Where the first four quads of the four lines (rows of op(a), columns of op(b)) from `line` on are stored:
// along k one line each, or across it one step of k each.
fn quadsOf(alongK: bool, line: u32, lines: u32) -> vec4u {
  let four = vec4u(0u, 1u, 2u, 3u);
  if (alongK) {
    return min(line + four, vec4u(lines - 1u)) * (p.k / 4u);
  }
  return four * (lines / 4u) + min(line, lines - 4u) / 4u;
}

// Four rows of op(a), four steps of k: column r holds row r.
fn leftOf(at: vec4u) -> mat4x4f {
  let block = mat4x4f(aQuads[at.x], aQuads[at.y], aQuads[at.z], aQuads[at.w]);
  if (transposeA == 1u) {
    return transpose(block);
  }
  return block;
}

// Four columns of op(b), four steps of k: column s holds step s.
fn rightOf(at: vec4u) -> mat4x4f {
  let block = mat4x4f(bQuads[at.x], bQuads[at.y], bQuads[at.z], bQuads[at.w]);
  if (transposeB == 1u) {
    return transpose(block);
  }
  return block;
}

@compute @workgroup_size(64)
fn quads(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = (group.y * groups.x + group.x) * 64u + local;
  let across = (p.n + 7u) / 8u;
  let i = tile / across * 16u;
  let j = tile % across * 8u;
  if (i >= p.m) {
    return;
  }
  let aStep = select(1u, p.m, transposeA == 1u);
  let bStep = select(p.n, 1u, transposeB == 1u);
  var a0 = p.aOffset / 4u + quadsOf(transposeA == 0u, i, p.m);
  var a1 = p.aOffset / 4u + quadsOf(transposeA == 0u, i + 4u, p.m);
  var a2 = p.aOffset / 4u + quadsOf(transposeA == 0u, i + 8u, p.m);
  var a3 = p.aOffset / 4u + quadsOf(transposeA == 0u, i + 12u, p.m);
  var b0 = p.bOffset / 4u + quadsOf(transposeB == 1u, j, p.n);
  var b1 = p.bOffset / 4u + quadsOf(transposeB == 1u, j + 4u, p.n);
  var s00 = vec4f(0);
  var s01 = vec4f(0);
  var s10 = vec4f(0);
  var s11 = vec4f(0);
  var s20 = vec4f(0);
  var s21 = vec4f(0);
  var s30 = vec4f(0);
  var s31 = vec4f(0);
  var s40 = vec4f(0);
  var s41 = vec4f(0);
  var s50 = vec4f(0);
  var s51 = vec4f(0);
  var s60 = vec4f(0);
  var s61 = vec4f(0);
  var s70 = vec4f(0);
  var s71 = vec4f(0);
  var s80 = vec4f(0);
  var s81 = vec4f(0);
  var s90 = vec4f(0);
  var s91 = vec4f(0);
  var s100 = vec4f(0);
  var s101 = vec4f(0);
  var s110 = vec4f(0);
  var s111 = vec4f(0);
  var s120 = vec4f(0);
  var s121 = vec4f(0);
  var s130 = vec4f(0);
  var s131 = vec4f(0);
  var s140 = vec4f(0);
  var s141 = vec4f(0);
  var s150 = vec4f(0);
  var s151 = vec4f(0);
  for (var q = 0u; q < p.k / 4u; q++) {
    let right0 = rightOf(b0);
    let right1 = rightOf(b1);
    let left0 = leftOf(a0);
    let left1 = leftOf(a1);
    let left2 = leftOf(a2);
    let left3 = leftOf(a3);
    s00 += right0 * left0[0];
    s01 += right1 * left0[0];
    s10 += right0 * left0[1];
    s11 += right1 * left0[1];
    s20 += right0 * left0[2];
    s21 += right1 * left0[2];
    s30 += right0 * left0[3];
    s31 += right1 * left0[3];
    s40 += right0 * left1[0];
    s41 += right1 * left1[0];
    s50 += right0 * left1[1];
    s51 += right1 * left1[1];
    s60 += right0 * left1[2];
    s61 += right1 * left1[2];
    s70 += right0 * left1[3];
    s71 += right1 * left1[3];
    s80 += right0 * left2[0];
    s81 += right1 * left2[0];
    s90 += right0 * left2[1];
    s91 += right1 * left2[1];
    s100 += right0 * left2[2];
    s101 += right1 * left2[2];
    s110 += right0 * left2[3];
    s111 += right1 * left2[3];
    s120 += right0 * left3[0];
    s121 += right1 * left3[0];
    s130 += right0 * left3[1];
    s131 += right1 * left3[1];
    s140 += right0 * left3[2];
    s141 += right1 * left3[2];
    s150 += right0 * left3[3];
    s151 += right1 * left3[3];
    a0 += aStep;
    a1 += aStep;
    a2 += aStep;
    a3 += aStep;
    b0 += bStep;
    b1 += bStep;
  }
  store(i, j, s00);
  store(i, j + 4u, s01);
  store(i + 1u, j, s10);
  store(i + 1u, j + 4u, s11);
  store(i + 2u, j, s20);
  store(i + 2u, j + 4u, s21);
  store(i + 3u, j, s30);
  store(i + 3u, j + 4u, s31);
  store(i + 4u, j, s40);
  store(i + 4u, j + 4u, s41);
  store(i + 5u, j, s50);
  store(i + 5u, j + 4u, s51);
  store(i + 6u, j, s60);
  store(i + 6u, j + 4u, s61);
  store(i + 7u, j, s70);
  store(i + 7u, j + 4u, s71);
  store(i + 8u, j, s80);
  store(i + 8u, j + 4u, s81);
  store(i + 9u, j, s90);
  store(i + 9u, j + 4u, s91);
  store(i + 10u, j, s100);
  store(i + 10u, j + 4u, s101);
  store(i + 11u, j, s110);
  store(i + 11u, j + 4u, s111);
  store(i + 12u, j, s120);
  store(i + 12u, j + 4u, s121);
  store(i + 13u, j, s130);
  store(i + 13u, j + 4u, s131);
  store(i + 14u, j, s140);
  store(i + 14u, j + 4u, s141);
  store(i + 15u, j, s150);
  store(i + 15u, j + 4u, s151);
}

@compute @workgroup_size(64)
fn singles(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = (group.y * groups.x + group.x) * 64u + local;
  let across = (p.n + 3u) / 4u;
  let i = tile / across * 4u;
  let j = tile % across * 4u;
  if (i >= p.m) {
    return;
  }
  let four = vec4u(0u, 1u, 2u, 3u);
  let aStep = select(1u, p.m, transposeA == 1u);
  let bStep = select(p.n, 1u, transposeB == 1u);
  var at = p.aOffset + min(i + four, vec4u(p.m - 1u)) * select(p.k, 1u, transposeA == 1u);
  var bt = p.bOffset + min(j + four, vec4u(p.n - 1u)) * select(1u, p.k, transposeB == 1u);
  var s0 = vec4f(0);
  var s1 = vec4f(0);
  var s2 = vec4f(0);
  var s3 = vec4f(0);
  for (var step = 0u; step < p.k; step++) {
    let left = vec4f(a[at.x], a[at.y], a[at.z], a[at.w]);
    let right = vec4f(b[bt.x], b[bt.y], b[bt.z], b[bt.w]);
    s0 += left.x * right;
    s1 += left.y * right;
    s2 += left.z * right;
    s3 += left.w * right;
    at += aStep;
    bt += bStep;
  }
  store(i, j, s0);
  store(i + 1u, j, s1);
  store(i + 2u, j, s2);
  store(i + 3u, j, s3);
}

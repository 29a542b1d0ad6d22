// Squared distance: out[index] = Σ_k (a_k - b_k)², or Σ_k a_k² without b.
//
// Two stages: in `partial`, every one of `parts` · 64 invocations walks the vector in strides of their
// number and leaves one sum; `total`, one workgroup, adds up those sums and folds its 64 by a tree.
// Workgroup of 64: a tree of six steps. Only the last workgroup waits at barriers, which are what a software
// adapter pays for.
// Deterministic: which element is added where follows from length and parts alone.

struct Parameters {
  length: u32,
  parts: u32,
  hasB: u32,
  index: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> partials: array<f32>;

@group(0) @binding(1) var<storage, read> sums: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn partial(@builtin(global_invocation_id) id: vec3u) {
  let stride = p.parts * 64u;
  let whole = p.length / 4u;
  var squares = vec4f(0);
  if (p.hasB == 1u) {
    for (var q = id.x; q < whole; q += stride) {
      let difference = a[q] - b[q];
      squares += difference * difference;
    }
  } else {
    for (var q = id.x; q < whole; q += stride) {
      squares += a[q] * a[q];
    }
  }
  var sum = squares.x + squares.y + squares.z + squares.w;
  if (id.x == 0u) {
    // The last vec4 may be padded, with anything.
    for (var e = 0u; e < p.length % 4u; e++) {
      let difference = a[whole][e] - select(0.0, b[whole][e], p.hasB == 1u);
      sum += difference * difference;
    }
  }
  partials[id.x] = sum;
}

var<workgroup> tree: array<f32, 64>;

@compute @workgroup_size(64)
fn total(@builtin(local_invocation_index) local: u32) {
  var sum = 0.0;
  for (var k = local; k < p.parts * 64u; k += 64u) {
    sum += sums[k];
  }
  tree[local] = sum;
  for (var half = 32u; half > 0u; half >>= 1u) {
    workgroupBarrier();
    if (local < half) {
      tree[local] += tree[local + half];
    }
  }
  if (local == 0u) {
    out[p.index] = tree[0];
  }
}

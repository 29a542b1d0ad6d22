// Half the squared error of a batch, one prediction a row:
//   out[index] += Σ_b ½ (predictions[b] - targets[b])² · scale;
//   dPredictions[b] = (predictions[b] - targets[b]) · scale, if asked for.
//
// Shapes: predictions, targets (f32 bits in a word array) and dPredictions[batch].
// One workgroup of 64 for the whole batch: an invocation takes every 64th row, a tree of six steps adds
// the losses up, so that neither atomics nor a second dispatch are needed.
// Deterministic: a fixed tree.

struct Parameters {
  batch: u32,
  index: u32,
  wantsGradient: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> predictions: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read_write> dPredictions: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

var<workgroup> tree: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32) {
  var sum = 0.0;
  for (var b = local; b < p.batch; b += 64u) {
    let error = predictions[b] - bitcast<f32>(targets[b]);
    sum += 0.5 * error * error;
    if (p.wantsGradient == 1u) {
      dPredictions[b] = error * p.scale;
    }
  }
  tree[local] = sum;
  for (var half = 32u; half > 0u; half >>= 1u) {
    workgroupBarrier();
    if (local < half) {
      tree[local] += tree[local + half];
    }
  }
  if (local == 0u) {
    out[p.index] += tree[0] * p.scale;
  }
}

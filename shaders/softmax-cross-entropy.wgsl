// Softmax cross-entropy of a batch:
//   loss_b = log Σ_c exp(logits[b, c]) - logits[b, label_b], with the row's maximum taken out first;
//   out[index] += Σ_b loss_b · scale; out[index + 1] += number of rows whose arg-max is the label
//   (ties: lower class); dLogits[b, c] = (softmax(logits[b])_c - [c = label_b]) · scale, if asked for.
//
// Shapes: logits and dLogits[batch, classes] row-major, labels[batch].
// One workgroup of 64 for the whole batch: an invocation takes every 64th row, a tree of six steps adds
// up losses and hits, so that neither atomics nor a second dispatch are needed. The work is tiny beside
// the layers'.
// Deterministic: a fixed tree.

struct Parameters {
  batch: u32,
  classes: u32,
  index: u32,
  wantsGradient: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read_write> dLogits: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

var<workgroup> tree: array<vec2f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32) {
  var sum = vec2f(0);
  for (var b = local; b < p.batch; b += 64u) {
    let row = b * p.classes;
    let label = labels[b];
    var largest = logits[row];
    var best = 0u;
    for (var c = 1u; c < p.classes; c++) {
      let value = logits[row + c];
      if (value > largest) {
        largest = value;
        best = c;
      }
    }
    var total = 0.0;
    for (var c = 0u; c < p.classes; c++) {
      total += exp(logits[row + c] - largest);
    }
    sum += vec2f(log(total) - (logits[row + label] - largest), select(0.0, 1.0, best == label));
    if (p.wantsGradient == 1u) {
      for (var c = 0u; c < p.classes; c++) {
        let probability = exp(logits[row + c] - largest) / total;
        dLogits[row + c] = (probability - select(0.0, 1.0, c == label)) * p.scale;
      }
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
    out[p.index] += tree[0].x * p.scale;
    out[p.index + 1u] += tree[0].y;
  }
}

// Batch gathering of f32 features: out[b, j] = feature j of row rows[b]; labels[b] = label of row rows[b].
//
// Shapes: features[rows of the set][width], labelsOfAll[rows of the set]; rows at `listOffset` of the list
// buffer; out[batch, width] row-major. Numbers pass as their bits, as u32: a label is a class number or
// the bits of a number to predict, and no f32 on the way may flush what is too small for it.
// Workgroup of 64: one invocation copies one number.
// Deterministic: every result is written once.

struct Parameters {
  batch: u32,
  width: u32,
  listOffset: u32,
  firstOut: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> features: array<u32>;
@group(0) @binding(2) var<storage, read> labelsOfAll: array<u32>;
@group(0) @binding(3) var<storage, read> list: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<u32>;
@group(0) @binding(5) var<storage, read_write> labels: array<u32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + local;
  let b = i / p.width;
  if (b >= p.batch) {
    return;
  }
  let column = i - b * p.width;
  let row = list[p.listOffset + b];
  out[(p.firstOut + b) * p.width + column] = features[row * p.width + column];
  if (column == 0u) {
    labels[p.firstOut + b] = labelsOfAll[row];
  }
}

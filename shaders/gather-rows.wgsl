// Batch gathering: out[b, j] = feature byte j of row rows[b] · scale; labels[b] = class of row rows[b].
//
// Shapes: features[rows of the set][rowWords] u32, four bytes a word, each row padded to whole words;
// classes[rows of the set]; rows at `listOffset` of the list buffer; out[batch, width] row-major.
// Workgroup of 64: one invocation expands one word (four features).
// Deterministic: every result is written once.

struct Parameters {
  batch: u32,
  width: u32,
  rowWords: u32,
  listOffset: u32,
  firstOut: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> features: array<u32>;
@group(0) @binding(2) var<storage, read> classes: array<u32>;
@group(0) @binding(3) var<storage, read> list: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<storage, read_write> labels: array<u32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + local;
  let b = i / p.rowWords;
  if (b >= p.batch) {
    return;
  }
  let word = i - b * p.rowWords;
  let row = list[p.listOffset + b];
  let bytes = features[row * p.rowWords + word];
  let column = word * 4u;
  let at = (p.firstOut + b) * p.width + column;
  let values = vec4f((vec4u(bytes) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u)) * p.scale;
  out[at] = values.x;
  if (column + 1u < p.width) { out[at + 1u] = values.y; }
  if (column + 2u < p.width) { out[at + 2u] = values.z; }
  if (column + 3u < p.width) { out[at + 3u] = values.w; }
  if (word == 0u) {
    labels[p.firstOut + b] = classes[row];
  }
}

// Token windows: inputs[b, t] = byte t and targets[b, t] = byte t + 1 of row rows[b], both at most
// vocabulary - 1.
//
// Shapes: features[rows of the set][rowWords] u32, four bytes a word, each row padded to whole words, with
// context + 1 bytes in use; rows at `listOffset` of the list buffer; inputs and targets[batch, context].
// Workgroup of 64: one invocation makes one place; neighbours read the same words.
// Deterministic: every result is written once.

struct Parameters {
  batch: u32,
  context: u32,
  rowWords: u32,
  listOffset: u32,
  firstOut: u32,
  vocabulary: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> features: array<u32>;
@group(0) @binding(2) var<storage, read> list: array<u32>;
@group(0) @binding(3) var<storage, read_write> inputs: array<u32>;
@group(0) @binding(4) var<storage, read_write> targets: array<u32>;

fn token(row: u32, place: u32) -> u32 {
  let byte = (features[row * p.rowWords + place / 4u] >> (place % 4u * 8u)) & 255u;
  return min(byte, p.vocabulary - 1u);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + local;
  let b = i / p.context;
  if (b >= p.batch) {
    return;
  }
  let t = i % p.context;
  let row = list[p.listOffset + b];
  let at = p.firstOut * p.context + i;
  inputs[at] = token(row, t);
  targets[at] = token(row, t + 1u);
}

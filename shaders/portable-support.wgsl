// dest = 1 where source is not zero, else 0; what is smaller than 2^-126 counts as zero, because some
// devices flush it and others do not.
//
// Shapes: source (as bits) and dest, `length` f32 each.
// Workgroup of 64: each invocation makes four results, 64 apart, so that neighbours read neighbours.
// Deterministic: one invocation makes one result.

struct Parameters {
  length: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> dest: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let first = (group.y * groups.x + group.x) * 256u;
  let end = min(first + 256u, p.length);
  for (var k = first + local; k < end; k += 64u) {
    dest[k] = select(0.0, 1.0, (source[k] & 0x7f800000u) != 0u);
  }
}

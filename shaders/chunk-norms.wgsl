// A norm of every chunk: out[index + c] = Σ_{k in chunk c} |source_k| or source_k².
//
// Shapes: chunk c is [bounds[c], bounds[c + 1]), bounds at `listOffset` of the list buffer; an empty chunk
// gives 0. Chunks are tensors, from a few numbers to some millions.
// Two stages without a barrier, which a software adapter pays dearly for: in `partial`, each of a chunk's
// `lanes` invocations (a multiple of 64) walks it in strides of `lanes`; in `total`, one invocation a chunk
// adds up the lanes' sums.
// Workgroup of 64: a multiple of every subgroup size in use; neighbours read neighbours.
// Deterministic: a fixed order for given bounds and lanes.

struct Parameters {
  chunks: u32,
  listOffset: u32,
  index: u32,
  lanes: u32,
  squares: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read> list: array<u32>;
@group(0) @binding(3) var<storage, read_write> partials: array<f32>;

@group(0) @binding(1) var<storage, read> sums: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn partial(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + local;
  let c = i / p.lanes;
  if (c >= p.chunks) {
    return;
  }
  let start = list[p.listOffset + c] + i % p.lanes;
  let end = list[p.listOffset + c + 1u];
  var sum = 0.0;
  if (p.squares == 1u) {
    for (var k = start; k < end; k += p.lanes) {
      sum += source[k] * source[k];
    }
  } else {
    for (var k = start; k < end; k += p.lanes) {
      sum += abs(source[k]);
    }
  }
  partials[i] = sum;
}

@compute @workgroup_size(64)
fn total(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= p.chunks) {
    return;
  }
  var sum = vec4f(0);
  for (var q = c * p.lanes / 4u; q < (c + 1u) * p.lanes / 4u; q++) {
    sum += sums[q];
  }
  out[p.index + c] = (sum.x + sum.y) + (sum.z + sum.w);
}

// The step of Adam and its kin: dest = x − γ ( m i1 / (√(v i2) + ε) + λ x ), i1 and i2 being the inverse
// bias corrections 1 / c1 and 1 / c2.
//
// Shapes: all vectors have `length` f32, padded to whole vec4. λ is one number, or (`chunked`) one for each
// chunk [bounds[c], bounds[c + 1]) of the whole vector, bounds at `listOffset` of the list buffer and the
// decays' bits right after them; a dispatch then writes [first, end), the span of its `chunks` chunks.
// A buffer bound read_write cannot also be bound read, so with `own` x is read from dest.
// Workgroup of 64: an invocation writes eight quads of four numbers, a workgroup's width apart, so that
// neighbours touch neighbours; it finds its first chunk by bisection and walks on from there.
// Deterministic: one invocation makes one result.

// 1: x is dest itself.
override own: u32 = 0u;
// 1: a decay for each chunk.
override chunked: u32 = 0u;

struct Parameters {
  first: u32,
  end: u32,
  chunks: u32,
  listOffset: u32,
  rate: f32,
  epsilon: f32,
  decay: f32,
  i1: f32,
  i2: f32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> m: array<vec4f>;
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
@group(0) @binding(4) var<storage, read> list: array<u32>;
@group(0) @binding(5) var<storage, read_write> dest: array<vec4f>;

fn decayOf(chunk: u32) -> f32 {
  return bitcast<f32>(list[p.listOffset + p.chunks + 1u + chunk]);
}

fn stepped(quad: u32, decay: f32) -> vec4f {
  var old: vec4f;
  if (own == 1u) {
    old = dest[quad];
  } else {
    old = x[quad];
  }
  return old - p.rate * (m[quad] * p.i1 / (sqrt(v[quad] * p.i2) + p.epsilon) + decay * old);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let firstQuad = p.first / 4u + (group.y * groups.x + group.x) * 512u;
  let endQuad = min(firstQuad + 512u, (p.end + 3u) / 4u);
  if (firstQuad + local >= endQuad) {
    return;
  }
  if (chunked == 0u) {
    for (var quad = firstQuad + local; quad < endQuad; quad += 64u) {
      dest[quad] = stepped(quad, p.decay);
    }
    return;
  }
  // The last chunk that begins at or before the first number; it is not empty, for the next begins after.
  let start = max((firstQuad + local) * 4u, p.first);
  var chunk = 0u;
  var above = p.chunks;
  while (above - chunk > 1u) {
    let middle = (chunk + above) / 2u;
    if (list[p.listOffset + middle] <= start) {
      chunk = middle;
    } else {
      above = middle;
    }
  }
  var chunkEnd = list[p.listOffset + chunk + 1u];
  var decay = decayOf(chunk);
  for (var quad = firstQuad + local; quad < endQuad; quad += 64u) {
    let k = quad * 4u;
    if (k >= p.first && k + 4u <= p.end) {
      while (k >= chunkEnd) {
        chunk++;
        chunkEnd = list[p.listOffset + chunk + 1u];
        decay = decayOf(chunk);
      }
      if (k + 4u <= chunkEnd) {
        dest[quad] = stepped(quad, decay);
        continue;
      }
    }
    for (var e = 0u; e < 4u; e++) {
      if (k + e < p.first || k + e >= p.end) {
        continue;
      }
      while (k + e >= chunkEnd) {
        chunk++;
        chunkEnd = list[p.listOffset + chunk + 1u];
        decay = decayOf(chunk);
      }
      dest[quad][e] = stepped(quad, decay)[e];
    }
  }
}

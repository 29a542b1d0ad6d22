// Token and position embeddings: out[n, :] = table[tokens[n], :] + positions[n mod context, :], and its
// gradients, dTable[v, :] = (or +=) Σ_{n: tokens[n] = v} dOut[n, :] and dPositions[t, :] = Σ_b dOut[b, t, :].
//
// Shapes: tokens[places], out and dOut[places, width], table[vocabulary, width] at tableOffset,
// positions[context, width] at positionsOffset; places = windows x context. Tokens past the vocabulary
// count as its last one.
// `tableSlope` gives four numbers of a table row to an invocation, which looks through all places for its
// token: there are no float atomics, and a comparison is cheap beside the layers' work.
// Workgroup of 64: invocations share nothing; neighbours touch neighbours.
// Deterministic: each result is summed by one invocation in order of the places.

struct Parameters {
  places: u32,
  context: u32,
  vocabulary: u32,
  width: u32,
  tableOffset: u32,
  positionsOffset: u32,
  adds: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> tokens: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<f32>;
@group(0) @binding(3) var<storage, read> positions: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

@group(0) @binding(2) var<storage, read> dOut: array<f32>;
@group(0) @binding(3) var<storage, read_write> dTable: array<f32>;
@group(0) @binding(3) var<storage, read_write> dPositions: array<f32>;

@compute @workgroup_size(64)
fn embed(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + local;
  let n = i / p.width;
  if (n >= p.places) {
    return;
  }
  let c = i % p.width;
  let row = min(tokens[n], p.vocabulary - 1u);
  out[i] = table[p.tableOffset + row * p.width + c]
    + positions[p.positionsOffset + n % p.context * p.width + c];
}

// The first place from n on that holds token v. A loop of its own: software adapters execute what an `if`
// guards whether or not it holds, and leave a loop when no invocation is in it any more.
fn nextPlace(first: u32, v: u32) -> u32 {
  var n = first;
  while (n < p.places && min(tokens[n], p.vocabulary - 1u) != v) {
    n++;
  }
  return n;
}

@compute @workgroup_size(64)
fn tableSlope(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + local;
  let across = (p.width + 3u) / 4u;
  let v = i / across;
  if (v >= p.vocabulary) {
    return;
  }
  let c = i % across * 4u;
  let last = p.width - 1u;
  let columns = vec4u(c, min(c + 1u, last), min(c + 2u, last), min(c + 3u, last));
  var sum = vec4f(0);
  var n = nextPlace(0u, v);
  while (n < p.places) {
    let at = vec4u(n * p.width) + columns;
    sum += vec4f(dOut[at.x], dOut[at.y], dOut[at.z], dOut[at.w]);
    n = nextPlace(n + 1u, v);
  }
  let to = p.tableOffset + v * p.width + c;
  for (var k = 0u; k < min(4u, p.width - c); k++) {
    dTable[to + k] = select(0.0, dTable[to + k], p.adds == 1u) + sum[k];
  }
}

@compute @workgroup_size(64)
fn positionsSlope(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + local;
  let window = p.context * p.width;
  if (i >= window) {
    return;
  }
  var sum = 0.0;
  for (var at = i; at < p.places * p.width; at += window) {
    sum += dOut[at];
  }
  dPositions[p.positionsOffset + i] = sum;
}

// One step of an optimizer in one pass: what it remembers and the parameters together. With g' = g + λ x,
//
//   descend:    x' = x − γ g'
//   momentum:   m' = μ m + g',                    x' = x − γ m'            (`nesterov`: x − γ (g' + μ m'))
//    `scaled`:  m' = μ m + γ g',                  x' = x − m'              (`nesterov`: x − (γ g' + μ m'))
//   adaptive:   m' = β1 m + (1 − β1) g,           v' = β2 v + (1 − β2) g²
//               u = m' i1 / (√(v' i2) + ε) + λ x, x' = x − γ u             (`direction`: x' = u)
//
// with g' for g in both moments and no λ in u if `coupled`; i1 and i2 are the inverse bias corrections.
//
// Shapes: all vectors have `length` f32, padded to whole vec4. γ and λ are one number for each chunk
// [bounds[c], bounds[c + 1]) of the whole vector: bounds at `listOffset` of the list buffer, right after them
// the bits of the chunks' γ, then those of their λ. A dispatch writes [first, end), the span of its chunks.
// A buffer bound read_write cannot also be bound read, so with `own` g is read from x'.
// Workgroup of 64: an invocation writes eight quads of four numbers, a workgroup's width apart, so that
// neighbours touch neighbours; it finds the workgroup's first chunk by bisection and walks on from there. Where
// there is only one, which is nearly always so, it looks up nothing more.
// Deterministic: one invocation makes one result.

// 1: g is x' itself (descend only).
override own: u32 = 0u;
override nesterov: u32 = 0u;
// 1: the momentum sums up what γ has scaled.
override scaled: u32 = 0u;
override coupled: u32 = 0u;
override direction: u32 = 0u;

struct Parameters {
  first: u32,
  end: u32,
  chunks: u32,
  listOffset: u32,
  // μ, or β1.
  keep1: f32,
  take1: f32,
  keep2: f32,
  take2: f32,
  i1: f32,
  i2: f32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> list: array<u32>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> g: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> nextX: array<vec4f>;
@group(0) @binding(5) var<storage, read> m: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> nextM: array<vec4f>;
@group(0) @binding(7) var<storage, read> v: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> nextV: array<vec4f>;

// The chunk that the walk is in.
var<private> chunk: u32;
var<private> chunkEnd: u32;
var<private> chunkRate: f32;
var<private> chunkDecay: f32;
// Of the quad looked at: γ and λ of its numbers, and which of them this dispatch writes.
var<private> rate: vec4f;
var<private> decay: vec4f;
var<private> inside: vec4<bool>;

fn boundOf(index: u32) -> u32 {
  return list[p.listOffset + index];
}

fn load() {
  chunkEnd = boundOf(chunk + 1u);
  chunkRate = bitcast<f32>(list[p.listOffset + p.chunks + 1u + chunk]);
  chunkDecay = bitcast<f32>(list[p.listOffset + 2u * p.chunks + 1u + chunk]);
}

// To the last chunk that begins at or before `start`; it is not empty, for the next begins after.
fn seek(start: u32) {
  chunk = 0u;
  var above = p.chunks;
  while (above - chunk > 1u) {
    let middle = (chunk + above) / 2u;
    if (boundOf(middle) <= start) {
      chunk = middle;
    } else {
      above = middle;
    }
  }
  load();
  rate = vec4f(chunkRate);
  decay = vec4f(chunkDecay);
}

fn walk(place: u32) {
  while (place >= chunkEnd) {
    chunk++;
    load();
  }
}

// Nearly every quad lies in one chunk; the numbers of the others are looked up one by one.
fn look(quad: u32) {
  let k = quad * 4u;
  let places = vec4u(k, k + 1u, k + 2u, k + 3u);
  inside = (places >= vec4u(p.first)) & (places < vec4u(p.end));
  if (all(inside)) {
    walk(k);
    rate = vec4f(chunkRate);
    decay = vec4f(chunkDecay);
    if (k + 4u <= chunkEnd) {
      return;
    }
  }
  for (var e = 0u; e < 4u; e++) {
    if (inside[e]) {
      walk(k + e);
      rate[e] = chunkRate;
      decay[e] = chunkDecay;
    }
  }
}

fn firstQuad(group: vec3u, groups: vec3u) -> u32 {
  return p.first / 4u + (group.y * groups.x + group.x) * 512u;
}

fn endQuad(begin: u32) -> u32 {
  return min(begin + 512u, (p.end + 3u) / 4u);
}

// Whether all quads of a workgroup lie in the chunk just found: then there is nothing to look up.
fn isOneChunk(begin: u32, end: u32) -> bool {
  return begin * 4u >= p.first && end * 4u <= min(p.end, chunkEnd);
}

fn descended(quad: u32) -> vec4f {
  let held = x[quad];
  var along: vec4f;
  if (own == 1u) {
    along = nextX[quad];
  } else {
    along = g[quad];
  }
  return held - rate * (along + decay * held);
}

@compute @workgroup_size(64)
fn descend(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let begin = firstQuad(group, groups);
  let end = endQuad(begin);
  seek(max(begin * 4u, p.first));
  if (isOneChunk(begin, end)) {
    for (var quad = begin + local; quad < end; quad += 64u) {
      nextX[quad] = descended(quad);
    }
    return;
  }
  for (var quad = begin + local; quad < end; quad += 64u) {
    look(quad);
    nextX[quad] = select(nextX[quad], descended(quad), inside);
  }
}

struct Pair {
  x: vec4f,
  m: vec4f,
}

fn pushed(quad: u32) -> Pair {
  let held = x[quad];
  var pull = g[quad] + decay * held;
  if (scaled == 1u) {
    pull *= rate;
  }
  let mean = p.keep1 * m[quad] + pull;
  var along = mean;
  if (nesterov == 1u) {
    along = pull + p.keep1 * mean;
  }
  if (scaled == 0u) {
    along *= rate;
  }
  return Pair(held - along, mean);
}

@compute @workgroup_size(64)
fn momentum(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let begin = firstQuad(group, groups);
  let end = endQuad(begin);
  seek(max(begin * 4u, p.first));
  if (isOneChunk(begin, end)) {
    for (var quad = begin + local; quad < end; quad += 64u) {
      let made = pushed(quad);
      nextX[quad] = made.x;
      nextM[quad] = made.m;
    }
    return;
  }
  for (var quad = begin + local; quad < end; quad += 64u) {
    look(quad);
    let made = pushed(quad);
    nextX[quad] = select(nextX[quad], made.x, inside);
    nextM[quad] = select(nextM[quad], made.m, inside);
  }
}

struct Triple {
  x: vec4f,
  m: vec4f,
  v: vec4f,
}

fn adapted(quad: u32) -> Triple {
  let held = x[quad];
  var pull = g[quad];
  if (coupled == 1u) {
    pull += decay * held;
  }
  let mean = p.keep1 * m[quad] + p.take1 * pull;
  let square = p.keep2 * v[quad] + p.take2 * (pull * pull);
  var along = mean * p.i1 / (sqrt(square * p.i2) + p.epsilon);
  if (coupled == 0u) {
    along += decay * held;
  }
  if (direction == 1u) {
    return Triple(along, mean, square);
  }
  return Triple(held - rate * along, mean, square);
}

@compute @workgroup_size(64)
fn adaptive(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let begin = firstQuad(group, groups);
  let end = endQuad(begin);
  seek(max(begin * 4u, p.first));
  if (isOneChunk(begin, end)) {
    for (var quad = begin + local; quad < end; quad += 64u) {
      let made = adapted(quad);
      nextX[quad] = made.x;
      nextM[quad] = made.m;
      nextV[quad] = made.v;
    }
    return;
  }
  for (var quad = begin + local; quad < end; quad += 64u) {
    look(quad);
    let made = adapted(quad);
    nextX[quad] = select(nextX[quad], made.x, inside);
    nextM[quad] = select(nextM[quad], made.m, inside);
    nextV[quad] = select(nextV[quad], made.v, inside);
  }
}

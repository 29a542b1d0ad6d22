// Causal attention, for each window and head by itself; t is the asking place, s <= t the asked one:
//   p[t, s] = exp(scale · q[t]·k[s] - L[t]),  L[t] = log Σ_{s <= t} exp(scale · q[t]·k[s])
//   `forward`:   out[t] = Σ_{s <= t} p[t, s] v[s], with a running maximum and sum; L goes into stats
//   `querySlope`: D[t] = dOut[t]·out[t], also into stats; with g[t, s] = scale · p[t, s] (dOut[t]·v[s] - D[t]):
//                dq[t] = Σ_{s <= t} g[t, s] k[s]
//   `keySlope`:  dk[s] = Σ_{t >= s} g[t, s] q[t];  dv[s] = Σ_{t >= s} p[t, s] dOut[t]
// (Dao et al., "FlashAttention", 2022: p is made again where it is wanted, and never kept.)
//
// Shapes: qkv and dQkv[windows, context, 3, heads, size], out and dOut[windows, context, heads, size],
// stats[2, windows, context, heads] (L, then D); size is a multiple of 4, and all are walked in vec4.
// An invocation makes the results of two neighbouring places, up to four vec4 (a block) of each, in
// registers: whatever it loads serves both, and loads are what software adapters pay most for. No workgroup
// memory, no barriers. Heads of more than 16 numbers have several blocks, each of which makes the products
// q·k again. Where the context is odd, the last pair is one place twice, which stores the same twice.
// Workgroup of 64: invocations share nothing; pairs are numbered first, then blocks, heads and windows.
// Deterministic: each result is summed by one invocation in order of the places.

struct Parameters {
  windows: u32,
  context: u32,
  heads: u32,
  // Of a head, in vec4.
  quads: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> qkv: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(2) var<storage, read> made: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> stats: array<f32>;
@group(0) @binding(4) var<storage, read> dOut: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> dQkv: array<vec4f>;

const LOWEST = -3.4e38;

// Where an invocation works: in which pair of places, and on which block of the head.
struct Task {
  window: u32,
  head: u32,
  places: vec2u,
  // First vec4 of its block, and how many there are.
  block: u32,
  count: u32,
}

// Four vec4 (fewer are filled up with zeros) of each of two places.
struct Pair {
  m0: mat2x4f,
  m1: mat2x4f,
  m2: mat2x4f,
  m3: mat2x4f,
}

// The same of one place.
struct Row {
  r0: vec4f,
  r1: vec4f,
  r2: vec4f,
  r3: vec4f,
}

fn taskOf(i: u32) -> Task {
  let pairs = (p.context + 1u) / 2u;
  let blocks = (p.quads + 3u) / 4u;
  let rest = i / pairs;
  let block = rest % blocks * 4u;
  let place = i % pairs * 2u;
  let places = vec2u(place, min(place + 1u, p.context - 1u));
  return Task(rest / blocks / p.heads, rest / blocks % p.heads, places, block, min(4u, p.quads - block));
}

// From a query to its key, from a key to its value, and from a place of out to the next.
fn width() -> u32 {
  return p.heads * p.quads;
}

// Where the head's query (kind 0), key (1) or value (2) of a place begins in qkv.
fn inQkv(task: Task, place: u32, kind: u32) -> u32 {
  return (((task.window * p.context + place) * 3u + kind) * p.heads + task.head) * p.quads;
}

fn inOut(task: Task, place: u32) -> u32 {
  return ((task.window * p.context + place) * p.heads + task.head) * p.quads;
}

fn inStats(task: Task, place: u32) -> u32 {
  return (task.window * p.context + place) * p.heads + task.head;
}

fn fromQkv(task: Task, at: u32) -> Row {
  let i = at + task.block;
  let none = vec4f(0);
  return Row(
    qkv[i],
    select(none, qkv[i + 1u], task.count > 1u),
    select(none, qkv[i + 2u], task.count > 2u),
    select(none, qkv[i + 3u], task.count > 3u));
}

fn fromDOut(task: Task, at: u32) -> Row {
  let i = at + task.block;
  let none = vec4f(0);
  return Row(
    dOut[i],
    select(none, dOut[i + 1u], task.count > 1u),
    select(none, dOut[i + 2u], task.count > 2u),
    select(none, dOut[i + 3u], task.count > 3u));
}

fn paired(a: Row, b: Row) -> Pair {
  return Pair(mat2x4f(a.r0, b.r0), mat2x4f(a.r1, b.r1), mat2x4f(a.r2, b.r2), mat2x4f(a.r3, b.r3));
}

// Products of one place's row with the rows of two, over the block.
fn products(row: Row, pair: Pair) -> vec2f {
  return row.r0 * pair.m0 + row.r1 * pair.m1 + row.r2 * pair.m2 + row.r3 * pair.m3;
}

// First vec4 outside the block, of those that a product still lacks; none in heads of one block.
fn rest() -> u32 {
  return select(0u, p.quads, p.quads <= 4u);
}

// The rest of the products of qkv at `one` with qkv at each of `two`.
fn restOfQkv(task: Task, one: u32, two: vec2u) -> vec2f {
  var sum = vec2f(0);
  for (var c = rest(); c < p.quads; c++) {
    let inside = c >= task.block && c < task.block + 4u;
    let more = qkv[one + c] * mat2x4f(qkv[two.x + c], qkv[two.y + c]);
    sum += select(more, vec2f(0), inside);
  }
  return sum;
}

// The rest of the products of qkv at `value` with dOut at each of `two`.
fn restOfSlopes(task: Task, value: u32, two: vec2u) -> vec2f {
  var sum = vec2f(0);
  for (var c = rest(); c < p.quads; c++) {
    let inside = c >= task.block && c < task.block + 4u;
    let more = qkv[value + c] * mat2x4f(dOut[two.x + c], dOut[two.y + c]);
    sum += select(more, vec2f(0), inside);
  }
  return sum;
}

// The rest of the products of dOut at `one` with qkv at each of `two`.
fn restOfValues(task: Task, one: u32, two: vec2u) -> vec2f {
  var sum = vec2f(0);
  for (var c = rest(); c < p.quads; c++) {
    let inside = c >= task.block && c < task.block + 4u;
    let more = dOut[one + c] * mat2x4f(qkv[two.x + c], qkv[two.y + c]);
    sum += select(more, vec2f(0), inside);
  }
  return sum;
}

// m · keep + factors times v, place by place.
fn grown(m: mat2x4f, keep: vec2f, v: vec4f, factors: vec2f) -> mat2x4f {
  return mat2x4f(m[0] * keep.x + v * factors.x, m[1] * keep.y + v * factors.y);
}

fn grownPair(pair: Pair, keep: vec2f, row: Row, factors: vec2f) -> Pair {
  return Pair(
    grown(pair.m0, keep, row.r0, factors),
    grown(pair.m1, keep, row.r1, factors),
    grown(pair.m2, keep, row.r2, factors),
    grown(pair.m3, keep, row.r3, factors));
}

fn noPair() -> Pair {
  let none = mat2x4f(vec4f(0), vec4f(0));
  return Pair(none, none, none, none);
}

fn storeSlopes(task: Task, to: vec2u, pair: Pair) {
  let a = to.x + task.block;
  let b = to.y + task.block;
  dQkv[a] = pair.m0[0];
  dQkv[b] = pair.m0[1];
  if (task.count > 1u) {
    dQkv[a + 1u] = pair.m1[0];
    dQkv[b + 1u] = pair.m1[1];
  }
  if (task.count > 2u) {
    dQkv[a + 2u] = pair.m2[0];
    dQkv[b + 2u] = pair.m2[1];
  }
  if (task.count > 3u) {
    dQkv[a + 3u] = pair.m3[0];
    dQkv[b + 3u] = pair.m3[1];
  }
}

@compute @workgroup_size(64)
fn forward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let task = taskOf((group.y * groups.x + group.x) * 64u + local);
  if (task.window >= p.windows) {
    return;
  }
  let query = vec2u(inQkv(task, task.places.x, 0u), inQkv(task, task.places.y, 0u));
  let q = paired(fromQkv(task, query.x), fromQkv(task, query.y));
  var largest = vec2f(LOWEST);
  var total = vec2f(0);
  var sum = noPair();
  for (var s = 0u; s <= task.places.y; s++) {
    let key = inQkv(task, s, 1u);
    let all = p.scale * (products(fromQkv(task, key), q) + restOfQkv(task, key, query));
    let score = select(vec2f(LOWEST), all, vec2u(s) <= task.places);
    let higher = max(score, largest);
    let shrink = exp(largest - higher);
    let e = exp(score - higher);
    largest = higher;
    total = total * shrink + e;
    sum = grownPair(sum, shrink, fromQkv(task, key + width()), e);
  }
  let a = inOut(task, task.places.x) + task.block;
  let b = inOut(task, task.places.y) + task.block;
  out[a] = sum.m0[0] / total.x;
  out[b] = sum.m0[1] / total.y;
  if (task.count > 1u) {
    out[a + 1u] = sum.m1[0] / total.x;
    out[b + 1u] = sum.m1[1] / total.y;
  }
  if (task.count > 2u) {
    out[a + 2u] = sum.m2[0] / total.x;
    out[b + 2u] = sum.m2[1] / total.y;
  }
  if (task.count > 3u) {
    out[a + 3u] = sum.m3[0] / total.x;
    out[b + 3u] = sum.m3[1] / total.y;
  }
  if (task.block == 0u) {
    stats[inStats(task, task.places.x)] = largest.x + log(total.x);
    stats[inStats(task, task.places.y)] = largest.y + log(total.y);
  }
}

// dOut · out of one place, over the whole head.
fn meanOf(at: u32) -> f32 {
  var sum = 0.0;
  for (var c = 0u; c < p.quads; c++) {
    sum += dot(dOut[at + c], made[at + c]);
  }
  return sum;
}

@compute @workgroup_size(64)
fn querySlope(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let task = taskOf((group.y * groups.x + group.x) * 64u + local);
  if (task.window >= p.windows) {
    return;
  }
  let query = vec2u(inQkv(task, task.places.x, 0u), inQkv(task, task.places.y, 0u));
  let result = vec2u(inOut(task, task.places.x), inOut(task, task.places.y));
  let kept = vec2u(inStats(task, task.places.x), inStats(task, task.places.y));
  let denominator = vec2f(stats[kept.x], stats[kept.y]);
  let mean = vec2f(meanOf(result.x), meanOf(result.y));
  if (task.block == 0u) {
    let means = p.windows * p.context * p.heads;
    stats[means + kept.x] = mean.x;
    stats[means + kept.y] = mean.y;
  }
  let q = paired(fromQkv(task, query.x), fromQkv(task, query.y));
  let d = paired(fromDOut(task, result.x), fromDOut(task, result.y));
  var sum = noPair();
  for (var s = 0u; s <= task.places.y; s++) {
    let key = inQkv(task, s, 1u);
    let value = key + width();
    let k = fromQkv(task, key);
    let score = p.scale * (products(k, q) + restOfQkv(task, key, query));
    let product = products(fromQkv(task, value), d) + restOfSlopes(task, value, result);
    let share = select(vec2f(0), exp(score - denominator), vec2u(s) <= task.places);
    sum = grownPair(sum, vec2f(1), k, p.scale * share * (product - mean));
  }
  storeSlopes(task, query, sum);
}

@compute @workgroup_size(64)
fn keySlope(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let task = taskOf((group.y * groups.x + group.x) * 64u + local);
  if (task.window >= p.windows) {
    return;
  }
  let key = vec2u(inQkv(task, task.places.x, 1u), inQkv(task, task.places.y, 1u));
  let value = key + width();
  let means = p.windows * p.context * p.heads;
  let k = paired(fromQkv(task, key.x), fromQkv(task, key.y));
  let v = paired(fromQkv(task, value.x), fromQkv(task, value.y));
  var keySum = noPair();
  var valueSum = noPair();
  for (var t = task.places.x; t < p.context; t++) {
    let query = inQkv(task, t, 0u);
    let result = inOut(task, t);
    let kept = inStats(task, t);
    let q = fromQkv(task, query);
    let d = fromDOut(task, result);
    let score = p.scale * (products(q, k) + restOfQkv(task, query, key));
    let product = products(d, v) + restOfValues(task, result, value);
    let share = select(vec2f(0), exp(score - stats[kept]), vec2u(t) >= task.places);
    keySum = grownPair(keySum, vec2f(1), q, p.scale * share * (product - stats[means + kept]));
    valueSum = grownPair(valueSum, vec2f(1), d, share);
  }
  storeSlopes(task, key, keySum);
  storeSlopes(task, value, valueSum);
}

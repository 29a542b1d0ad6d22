// Element-wise functions of two vectors: dest_k = f(a_k, b_k).
//
//   0, product:         a · b
//   1, unprecondition:  a (√b + ε)
//
// Shapes: all vectors have `length` f32; buffers are padded to whole vec4, and padding may be written. A
// buffer bound read_write cannot also be bound read: `own` says which operands are read from dest.
// Function and `own` are override constants, so that the loop of each pipeline has no branch.
// Workgroup of 64: no sharing between invocations, a multiple of every subgroup size in use; an invocation
// makes four vec4, a workgroup's width apart, so that neighbours touch neighbours.
// Deterministic: one invocation makes one result.

override function: u32 = 0u;
// 1: dest is a; 2: dest is b; 3: it is both; 0: neither.
override own: u32 = 0u;

struct Parameters {
  length: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dest: array<vec4f>;

fn firstOperand(i: u32) -> vec4f {
  if ((own & 1u) == 1u) {
    return dest[i];
  }
  return a[i];
}

fn secondOperand(i: u32) -> vec4f {
  if ((own & 2u) == 2u) {
    return dest[i];
  }
  return b[i];
}

fn valueOf(x: vec4f, y: vec4f) -> vec4f {
  if (function == 0u) {
    return x * y;
  }
  return x * (sqrt(y) + p.epsilon);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let start = (group.y * groups.x + group.x) * 256u;
  let end = min(start + 256u, (p.length + 3u) / 4u);
  for (var i = start + local; i < end; i += 64u) {
    dest[i] = valueOf(firstOperand(i), secondOperand(i));
  }
}

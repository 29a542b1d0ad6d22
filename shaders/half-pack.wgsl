// Half precision: word w of out = the halves nearest to source_2w (low) and source_2w+1 (high), ties to even.
//
// Shapes: source[length] f32, read as bits; out gets ceil(length / 2) words; a missing last number is 0.
// In integers, because pack2x16float may round either way and make infinities of large numbers: numbers
// beyond 65504 become 65504, subnormal halves are rounded like all others, NaN and infinities stay.
// Half units are added in f32 to round what becomes a subnormal half: its last place is that of numbers from
// 1/2 to 1, and f32 sums are rounded to the nearest, ties to even.
// Workgroup of 64: one invocation makes eight words from four vec4, with selects instead of branches.
// Deterministic, and the same bits on every device.

struct Parameters {
  length: u32,
}

@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> source: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;

fn halvesOf(bits: vec4u) -> vec4u {
  let sign = (bits >> vec4u(16u)) & vec4u(0x8000u);
  let magnitude = bits & vec4u(0x7fffffffu);
  let small = bitcast<vec4u>(bitcast<vec4f>(magnitude) + vec4f(0.5)) - vec4u(0x3f000000u);
  let rounded = magnitude - vec4u(0x38000000u) + vec4u(0xfffu) + ((magnitude >> vec4u(13u)) & vec4u(1u));
  let finite = select(min(rounded >> vec4u(13u), vec4u(0x7bffu)), small, magnitude < vec4u(0x38800000u));
  let special = select(vec4u(0x7c00u), vec4u(0x7e00u), magnitude > vec4u(0x7f800000u));
  return sign | select(finite, special, magnitude >= vec4u(0x7f800000u));
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let length = p.length;
  let first = ((group.y * groups.x + group.x) * 64u + local) * 4u;
  for (var quad = first; quad < first + 4u && quad * 4u < length; quad++) {
    let k = quad * 4u;
    let inside = vec4u(k) + vec4u(0u, 1u, 2u, 3u) < vec4u(length);
    let halves = select(vec4u(0), halvesOf(source[quad]), inside);
    out[quad * 2u] = halves.x | (halves.y << 16u);
    if (k + 2u < length) {
      out[quad * 2u + 1u] = halves.z | (halves.w << 16u);
    }
  }
}

/**
 * Packing: a block of a matrix is copied into panels that the micro-kernel reads in memory order, which
 * turns all four transpositions into one kernel and keeps the inner loop in the nearest cache (Goto and
 * van de Geijn 2008, Anatomy of High-Performance Matrix Multiplication).
 *
 * A block has `outer` × `depth` elements, depth being the index that is summed over; element (o, p) lies
 * at source + o · outerStride + p · depthStride. A panel holds `width` outer indices as [depth, width];
 * what is missing in the last one is filled with zeros, whose products are never stored.
 */

/** `width` is a multiple of 4; one of the two strides is the 4 bytes of an f32. */
export function pack(
  width: i32,
  outer: i32,
  depth: i32,
  source: usize,
  outerStride: usize,
  depthStride: usize,
  destination: usize,
): void {
  const step = (<usize>width) << 2;
  for (let at = 0; at < outer; at += width) {
    for (let quarter = 0; quarter < width; quarter += 4) {
      const from = source + <usize>(at + quarter) * outerStride;
      const to = destination + ((<usize>quarter) << 2);
      const left = outer - at - quarter;
      if (left < 4) packRest(left, depth, from, outerStride, depthStride, to, step);
      else if (outerStride === 4) copyFour(depth, from, depthStride, to, step);
      else transposeFour(depth, from, outerStride, to, step);
    }
    destination += step * depth;
  }
}

/** Four neighbours for every depth. */
function copyFour(depth: i32, source: usize, stride: usize, to: usize, step: usize): void {
  for (let p = 0; p < depth; p++) {
    v128.store(to, v128.load(source));
    source += stride;
    to += step;
  }
}

/** Four rows along the depth, transposed in blocks of 4 × 4. */
function transposeFour(depth: i32, source: usize, stride: usize, to: usize, step: usize): void {
  let s0 = source;
  let s1 = s0 + stride;
  let s2 = s1 + stride;
  let s3 = s2 + stride;
  let p = 0;
  for (; p + 4 <= depth; p += 4) {
    const r0 = v128.load(s0);
    const r1 = v128.load(s1);
    const r2 = v128.load(s2);
    const r3 = v128.load(s3);
    const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
    const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
    const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
    const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
    v128.store(to + step, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
    v128.store(to + 2 * step, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
    v128.store(to + 3 * step, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
    s0 += 16;
    s1 += 16;
    s2 += 16;
    s3 += 16;
    to += 4 * step;
  }
  for (; p < depth; p++) {
    store<f32>(to, load<f32>(s0), 0);
    store<f32>(to, load<f32>(s1), 4);
    store<f32>(to, load<f32>(s2), 8);
    store<f32>(to, load<f32>(s3), 12);
    s0 += 4;
    s1 += 4;
    s2 += 4;
    s3 += 4;
    to += step;
  }
}

/** The last outer indices, fewer than four or none at all, and zeros. */
function packRest(
  left: i32,
  depth: i32,
  source: usize,
  outerStride: usize,
  depthStride: usize,
  to: usize,
  step: usize,
): void {
  for (let p = 0; p < depth; p++) {
    v128.store(to, f32x4.splat(0));
    let from = source;
    for (let o = 0; o < left; o++) {
      store<f32>(to + ((<usize>o) << 2), load<f32>(from));
      from += outerStride;
    }
    source += depthStride;
    to += step;
  }
}

/**
 * The patches of a picture, as a convolution sees them, without a copy of their own: element (tap,
 * position) is the picture's number at taps[tap] + positions[position] bytes, both looked up in tables.
 * The picture has been padded before, so that no tap lies outside.
 *
 * As everywhere here, pictures are [channels, height, width]; a tap is one weight of a filter, [channels,
 * kernel, kernel]; a position is one place of the output, [outHeight, outWidth].
 */

/** Byte offsets, in the padded picture, of every tap from its position. */
export function tapTable(channels: i32, height: i32, width: i32, kernel: i32, table: usize): void {
  for (let c = 0; c < channels; c++) {
    for (let u = 0; u < kernel; u++) {
      for (let v = 0; v < kernel; v++) {
        store<i32>(table, ((c * height + u) * width + v) << 2);
        table += 4;
      }
    }
  }
}

/** Byte offsets, in the padded picture, of every position. */
export function positionTable(outHeight: i32, outWidth: i32, width: i32, stride: i32, table: usize): void {
  for (let i = 0; i < outHeight; i++) {
    for (let j = 0; j < outWidth; j++) {
      store<i32>(table, (i * width + j) * (stride << 2));
      table += 4;
    }
  }
}

/** A picture in the middle of a padded one, whose border is left alone. */
export function padPicture(
  channels: i32,
  height: i32,
  width: i32,
  padding: i32,
  picture: usize,
  padded: usize,
): void {
  const row = (<usize>width) << 2;
  const paddedRow = (<usize>(width + 2 * padding)) << 2;
  for (let c = 0; c < channels; c++) {
    padded += <usize>padding * paddedRow + ((<usize>padding) << 2);
    for (let i = 0; i < height; i++) {
      memory.copy(padded, picture, row);
      picture += row;
      padded += paddedRow;
    }
    padded += <usize>padding * paddedRow - ((<usize>padding) << 2);
  }
}

/**
 * Packs a block of patches as `pack` does, for a panel width of 8: `outers` and `depths` are the tables of
 * the block's two indices, from its first entry on. What is missing in the last panel repeats another
 * entry, whose products are never stored.
 */
export function packPatches(
  outer: i32,
  depth: i32,
  picture: usize,
  outers: usize,
  depths: usize,
  destination: usize,
): void {
  const end = depths + ((<usize>depth) << 2);
  const panels = (outer + 7) & ~7;
  for (let at = 0; at < panels; at += 4) {
    const left = outer - at;
    const o0 = left > 0 ? picture + load<i32>(outers) : picture;
    const o1 = left > 1 ? picture + load<i32>(outers, 4) : o0;
    const o2 = left > 2 ? picture + load<i32>(outers, 8) : o0;
    const o3 = left > 3 ? picture + load<i32>(outers, 12) : o0;
    let to = destination + ((<usize>(at & 4)) << 2);
    if (o1 - o0 === 4 && o2 - o0 === 8 && o3 - o0 === 12) {
      for (let p = depths; p < end; p += 4) {
        v128.store(to, v128.load(o0 + load<i32>(p)));
        to += 32;
      }
    } else {
      for (let p = depths; p < end; p += 4) {
        const offset = <usize>load<i32>(p);
        let four = v128.load_zero<f32>(o0 + offset);
        four = v128.load_lane<f32>(o1 + offset, four, 1);
        four = v128.load_lane<f32>(o2 + offset, four, 2);
        four = v128.load_lane<f32>(o3 + offset, four, 3);
        v128.store(to, four);
        to += 32;
      }
    }
    outers += 16;
    if ((at & 4) !== 0) destination += (<usize>depth) << 5;
  }
}

/**
 * The transpose of taking patches: every number of `patches` [taps, positions] is added to where it would
 * have come from, tap by tap. A row of the output is a run of the picture.
 */
export function foldPatches(
  taps: i32,
  outHeight: i32,
  outWidth: i32,
  width: i32,
  stride: i32,
  table: usize,
  patches: usize,
  picture: usize,
): void {
  const step = (<usize>stride) << 2;
  for (let t = 0; t < taps; t++) {
    let row = picture + load<i32>(table);
    table += 4;
    for (let i = 0; i < outHeight; i++) {
      let to = row;
      let j = 0;
      if (stride === 1) {
        for (; j + 4 <= outWidth; j += 4) {
          v128.store(to, f32x4.add(v128.load(to), v128.load(patches)));
          patches += 16;
          to += 16;
        }
      }
      for (; j < outWidth; j++) {
        store<f32>(to, load<f32>(to) + load<f32>(patches));
        patches += 4;
        to += step;
      }
      row += <usize>width * step;
    }
  }
}

/** The middle of a padded picture. */
export function cropPicture(
  channels: i32,
  height: i32,
  width: i32,
  padding: i32,
  padded: usize,
  picture: usize,
): void {
  const row = (<usize>width) << 2;
  const paddedRow = (<usize>(width + 2 * padding)) << 2;
  for (let c = 0; c < channels; c++) {
    padded += <usize>padding * paddedRow + ((<usize>padding) << 2);
    for (let i = 0; i < height; i++) {
      memory.copy(picture, padded, row);
      picture += row;
      padded += paddedRow;
    }
    padded += <usize>padding * paddedRow - ((<usize>padding) << 2);
  }
}

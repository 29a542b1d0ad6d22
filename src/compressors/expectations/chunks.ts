/** The chunks that have scales of their own, by the options `granularity` and `blockSize`. For tests only. */
import { choiceOption, numberOption, type Options } from '../../base/options.ts';
import type { Layout } from '../../models/model.ts';

/** [start, end) of every chunk. */
export function chunks(layout: Layout, options: Options): readonly (readonly [number, number])[] {
  if (choiceOption(options, 'granularity') === 'tensor') {
    return layout.tensors.map(({ offset, length }) => [offset, offset + length] as const);
  }
  return blocks(layout.length, numberOption(options, 'blockSize'));
}

/** [start, end) of consecutive blocks of `size` coordinates, the last perhaps shorter. */
export function blocks(length: number, size: number): readonly (readonly [number, number])[] {
  return Array.from(
    { length: Math.ceil(length / size) },
    (_, c) => [c * size, Math.min((c + 1) * size, length)] as const,
  );
}

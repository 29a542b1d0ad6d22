/**
 * The chunks of a vector that have scales or levels of their own: blocks of coordinates, or tensors.
 *
 * Small chunks keep one large entry from spoiling what its neighbours share, at the price of a few bytes
 * each. Shared by the quantising compressors; no format lives here.
 */
import { choiceOption, numberOption, type OptionSchema, type Options } from '../base/options.ts';
import type { ChunkBounds } from '../compute/compute.ts';
import type { Layout } from '../models/model.ts';

const MOST = 65536;

/** The options by which chunks are chosen; `smallest` is the least block that the format is meant for. */
export function chunkOptions(smallest: number) {
  return {
    granularity: {
      kind: 'choice',
      label: 'one scale for each',
      help: 'A block of consecutive coordinates, or a tensor (one weight matrix or bias) of the model.',
      default: 'block',
      choices: ['block', 'tensor'],
    },
    blockSize: blockSizeOption(smallest),
  } as const satisfies OptionSchema;
}

export function blockSizeOption(smallest: number) {
  return {
    kind: 'number',
    label: 'block size',
    help: 'Coordinates that share a scale, where scales are kept by block; smaller is more exact and costs some bytes a block.',
    default: 4096,
    min: smallest,
    max: MOST,
    integer: true,
  } as const;
}

/** Where each chunk starts, and d at the end, by `chunkOptions`. */
export function chunkBounds(layout: Layout, options: Options): ChunkBounds {
  return choiceOption(options, 'granularity') === 'tensor'
    ? tensorBounds(layout)
    : blockBounds(layout.length, numberOption(options, 'blockSize'));
}

export function blockBounds(length: number, size: number): ChunkBounds {
  const bounds: number[] = [];
  for (let start = 0; start < length; start += size) bounds.push(start);
  return [...bounds, length];
}

/** Coordinates of the longest chunk. */
export function longest(bounds: ChunkBounds): number {
  return bounds.slice(1).reduce((most, end, chunk) => Math.max(most, end - (bounds[chunk] ?? 0)), 0);
}

/** Tensors lie back to back, so their offsets are the bounds. */
function tensorBounds(layout: Layout): ChunkBounds {
  const bounds: number[] = [];
  for (const tensor of layout.tensors) if (tensor.length > 0) bounds.push(tensor.offset);
  return [...bounds, layout.length];
}

/**
 * The columns of 1-bit SGD: the weights of one output unit, a run of shape [outputs, ...]; a tensor with
 * one axis is one column.
 */
export function columnBounds(layout: Layout): ChunkBounds {
  const bounds: number[] = [];
  for (const { shape, offset, length } of layout.tensors) {
    if (length === 0) continue;
    const columns = shape.length > 1 ? (shape[0] ?? 1) : 1;
    for (let column = 0; column < columns; column++) bounds.push(offset + (column * length) / columns);
  }
  return [...bounds, layout.length];
}

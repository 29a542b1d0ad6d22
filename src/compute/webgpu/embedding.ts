/** Tokens in and out of a model on the device: how they are cut into dispatches; see `Embedding`. */
import embedding from '../../../shaders/embedding.wgsl?raw';
import gatherTokens from '../../../shaders/gather-tokens.wgsl?raw';
import type { DeviceDataset, Slice, Vector, Words, WriteMode } from '../compute.ts';
import type { Embedding, EmbeddingShape } from '../embedding.ts';
import { type Access, apart } from './access.ts';
import type { KernelSource } from './kernels.ts';

export const EMBEDDING_KERNELS = {
  gatherTokens: { code: gatherTokens, entry: 'main', storage: 'rrww' },
  embed: { code: embedding, entry: 'embed', storage: 'rrrw' },
  embedTableSlope: { code: embedding, entry: 'tableSlope', storage: 'rrw' },
  embedPositionsSlope: { code: embedding, entry: 'positionsSlope', storage: 'rrw' },
} satisfies Record<string, KernelSource>;

/** Windows of one dispatch; their numbers are staged, and leave room for other lists. */
const WINDOWS = 4096;

export class EmbeddingOperations implements Embedding {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  gatherTokens(
    data: DeviceDataset,
    rows: Uint32Array,
    vocabulary: number,
    inputs: Words,
    targets: Words,
  ): void {
    const { kernels, memory, recorder } = this.#access;
    const table = memory.openTable(data);
    if (table.byteScale === null) throw new RangeError('Tokens must be bytes, not numbers.');
    for (const row of rows) {
      if (row >= table.rows) {
        throw new RangeError(`The data set has ${table.rows} rows; there is no row ${row}.`);
      }
    }
    const context = table.width - 1;
    const from = this.#access.words(inputs, rows.length * context);
    const to = this.#access.words(targets, rows.length * context);
    apart(from, to, table.features);
    apart(to, table.features);
    for (let first = 0; first < rows.length; first += WINDOWS) {
      const part = rows.subarray(first, first + WINDOWS);
      const list = recorder.stage(part);
      recorder.run(
        kernels.gatherTokens,
        [table.features, recorder.lists, from, to],
        Math.ceil((part.length * context) / 64),
        [part.length, context, Math.ceil(table.width / 4), list, first, vocabulary],
      );
    }
  }

  embed(shape: EmbeddingShape, tokens: Words, table: Slice, positions: Slice, out: Vector): void {
    const { windows, context, vocabulary, width } = shape;
    const { kernels, recorder } = this.#access;
    const names = this.#access.words(tokens, windows * context);
    const rows = this.#access.slice(table, vocabulary * width);
    const places = this.#access.slice(positions, context * width);
    const output = this.#access.vector(out, windows * context * width);
    apart(output, rows.array, places.array);
    recorder.run(
      kernels.embed,
      [names, rows.array, places.array, output],
      Math.ceil((windows * context * width) / 64),
      [windows * context, context, vocabulary, width, table.offset, positions.offset],
    );
  }

  embedGradient(
    shape: EmbeddingShape,
    tokens: Words,
    dOut: Vector,
    dTable: Slice,
    mode: WriteMode,
    dPositions: Slice,
  ): void {
    const { windows, context, vocabulary, width } = shape;
    const { kernels, recorder } = this.#access;
    const names = this.#access.words(tokens, windows * context);
    const delta = this.#access.vector(dOut, windows * context * width);
    const rows = this.#access.slice(dTable, vocabulary * width).array;
    const places = this.#access.slice(dPositions, context * width).array;
    apart(rows, delta);
    apart(places, delta);
    const adds = mode === 'add' ? 1 : 0;
    const integers = [windows * context, context, vocabulary, width, dTable.offset, dPositions.offset, adds];
    const tiles = Math.ceil((vocabulary * Math.ceil(width / 4)) / 64);
    recorder.run(kernels.embedTableSlope, [names, delta, rows], tiles, integers);
    const columns = Math.ceil((context * width) / 64);
    recorder.run(kernels.embedPositionsSlope, [names, delta, places], columns, integers);
  }
}

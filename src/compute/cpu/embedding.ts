/** Tokens in and out of a model on the TypeScript backend; see `Embedding`. Sums in double precision, in order. */
import type { DeviceDataset, Slice, Vector, Words, WriteMode } from '../compute.ts';
import type { Embedding, EmbeddingShape } from '../embedding.ts';
import type { Access } from './access.ts';
import { datasetOf, needRange } from './handles.ts';
import { apart } from './slices.ts';

export class CpuEmbedding implements Embedding {
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
    const { rows: all, width, features } = datasetOf(this.#access.owner, data);
    if (!(features instanceof Uint8Array)) throw new RangeError('Tokens must be bytes, not numbers.');
    const context = width - 1;
    const from = this.#access.words(inputs, rows.length * context);
    const to = this.#access.words(targets, rows.length * context);
    rows.forEach((row, b) => {
      needRange('data set', all, 1, row);
      for (let t = 0; t < context; t++) {
        from[b * context + t] = Math.min(features[row * width + t] as number, vocabulary - 1);
        to[b * context + t] = Math.min(features[row * width + t + 1] as number, vocabulary - 1);
      }
    });
  }

  embed(shape: EmbeddingShape, tokens: Words, table: Slice, positions: Slice, out: Vector): void {
    const { windows, context, vocabulary, width } = shape;
    const names = this.#access.words(tokens, windows * context);
    const rows = this.#access.slice(table, vocabulary * width);
    const places = this.#access.slice(positions, context * width);
    const output = this.#access.vector(out, windows * context * width);
    apart(output, rows, places);
    for (let n = 0; n < windows * context; n++) {
      const row = table.offset + Math.min(names[n] as number, vocabulary - 1) * width;
      const place = positions.offset + (n % context) * width;
      for (let c = 0; c < width; c++) {
        output[n * width + c] = (rows[row + c] as number) + (places[place + c] as number);
      }
    }
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
    const names = this.#access.words(tokens, windows * context);
    const delta = this.#access.vector(dOut, windows * context * width);
    const rows = this.#access.slice(dTable, vocabulary * width);
    const places = this.#access.slice(dPositions, context * width);
    apart(rows, delta);
    apart(places, delta);
    const rowSums = new Float64Array(vocabulary * width);
    const placeSums = new Float64Array(context * width);
    for (let n = 0; n < windows * context; n++) {
      const row = Math.min(names[n] as number, vocabulary - 1) * width;
      const place = (n % context) * width;
      for (let c = 0; c < width; c++) {
        const d = delta[n * width + c] as number;
        rowSums[row + c] = (rowSums[row + c] as number) + d;
        placeSums[place + c] = (placeSums[place + c] as number) + d;
      }
    }
    for (let k = 0; k < rowSums.length; k++) {
      const held = mode === 'add' ? (rows[dTable.offset + k] as number) : 0;
      rows[dTable.offset + k] = held + (rowSums[k] as number);
    }
    places.set(placeSums, dPositions.offset);
  }
}

/**
 * Norms of every tensor of a few vectors, in one small read-back: what LARS, LAMB and CLARS weigh layers
 * by. Also what a worker contributes to CLARS's average: the norms of its own minibatch gradient.
 */
import type { Layout } from '../base/layout.ts';
import type { Compute, Vector } from '../compute/compute.ts';

export class LayerNorms {
  readonly #compute: Compute;
  /** Bounds of the tensors. */
  readonly bounds: readonly number[];
  /** Shared by all workers of a tab: a read copies what was recorded before it. */
  readonly #out: Vector;
  readonly #tensors: number;

  /** For up to `vectors` vectors at once. */
  constructor(compute: Compute, layout: Layout, vectors: number) {
    this.#compute = compute;
    this.bounds = [0, ...layout.tensors.map(({ offset, length }) => offset + length)];
    this.#tensors = layout.tensors.length;
    this.#out = compute.vector(vectors * this.#tensors);
  }

  /** ‖v_l‖ for every tensor l, for each vector given; one read-back. */
  async of<Vectors extends readonly Vector[]>(
    ...vectors: Vectors
  ): Promise<{ [Index in keyof Vectors]: readonly number[] }>;
  async of(...vectors: readonly Vector[]): Promise<readonly (readonly number[])[]> {
    vectors.forEach((vector, at) => {
      this.#compute.slices.chunkNorms(vector, this.bounds, 'sum-squares', this.#out, at * this.#tensors);
    });
    const squares = await this.#compute.read(this.#out);
    return vectors.map((_, at) =>
      Array.from(squares.subarray(at * this.#tensors, (at + 1) * this.#tensors), Math.sqrt),
    );
  }

  destroy(): void {
    this.#compute.free(this.#out);
  }
}

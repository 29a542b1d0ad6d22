/** The layout of a flat parameter vector: the currency of mixing, compression, hashing and export. */

/** One named tensor inside the flat parameter vector. */
export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
}

/** Names, shapes and offsets of a flat parameter vector of `length` numbers. */
export interface Layout {
  readonly tensors: readonly Tensor[];
  readonly length: number;
}

/**
 * Low-rank factors of a model's matrices: M ≈ P Qᵀ with P of rows × rank and Q of columns × rank.
 *
 * A tensor of two axes or more is a matrix of (first axis) × (all others). Vectors, and matrices whose
 * factors would not be smaller than they are, travel whole, behind the factors in the same message. Factors
 * of all matrices lie one after another, each column by column. What goes over the wire is the business of
 * `power-sgd.ts` and `acp-sgd.ts`.
 */
import type { Layout, Tensor } from '../base/layout.ts';
import type { Vector } from '../compute/compute.ts';
import { orthonormalise } from '../math/orthonormal.ts';
import type { RandomStream } from '../math/random.ts';
import type { Node } from './algorithm.ts';
import { layerBounds } from './layers.ts';
import type { Sized } from './replicas.ts';

export type Side = 'P' | 'Q';

interface Matrix {
  /** In the model. */
  readonly offset: number;
  /** Entries of a column of each factor: rows of P, columns of the matrix for Q. */
  readonly size: Readonly<Record<Side, number>>;
  /** Where its factors begin among those of all matrices. */
  readonly at: Readonly<Record<Side, number>>;
}

/** How a model is cut into factors of one rank. */
export interface LowRank {
  readonly rank: number;
  readonly matrices: readonly Matrix[];
  readonly wholes: readonly Tensor[];
  /** Of all factors of one side. */
  readonly factors: Readonly<Record<Side, Layout>>;
  /** Of the same, and behind them what travels whole. */
  readonly messages: Readonly<Record<Side, Layout>>;
}

const known = new WeakMap<Layout, Map<number, LowRank>>();

export function lowRankOf(layout: Layout, rank: number): LowRank {
  let byRank = known.get(layout);
  if (byRank === undefined) {
    byRank = new Map();
    known.set(layout, byRank);
  }
  let plan = byRank.get(rank);
  if (plan === undefined) {
    plan = planOf(layout, rank);
    byRank.set(rank, plan);
  }
  return plan;
}

function planOf({ tensors }: Layout, rank: number): LowRank {
  const sizes = (tensor: Tensor) => {
    const rows = tensor.shape.length < 2 ? 1 : (tensor.shape[0] ?? 1);
    return { P: rows, Q: rows === 0 ? 0 : tensor.length / rows };
  };
  const worthwhile = (tensor: Tensor) => {
    const { P, Q } = sizes(tensor);
    return rank * (P + Q) < tensor.length;
  };
  const chosen = tensors.filter(worthwhile);
  const wholes = tensors.filter((tensor) => !worthwhile(tensor));
  const at = { P: 0, Q: 0 };
  const matrices = chosen.map((tensor) => {
    const size = sizes(tensor);
    const matrix: Matrix = { offset: tensor.offset, size, at: { ...at } };
    at.P += rank * size.P;
    at.Q += rank * size.Q;
    return matrix;
  });
  const shapes = (side: Side) =>
    chosen.map((tensor) => [`${tensor.name} ${side}`, [rank, sizes(tensor)[side]]] as const);
  const behind = wholes.map(({ name, shape }) => [name, shape] as const);
  return {
    rank,
    matrices,
    wholes,
    factors: { P: pack(shapes('P')), Q: pack(shapes('Q')) },
    messages: { P: pack([...shapes('P'), ...behind]), Q: pack([...shapes('Q'), ...behind]) },
  };
}

function pack(shapes: readonly (readonly [string, readonly number[]])[]): Layout {
  const tensors: Tensor[] = [];
  let offset = 0;
  for (const [name, shape] of shapes) {
    const length = shape.reduce((product, size) => product * size, 1);
    tensors.push({ name, shape, offset, length });
    offset += length;
  }
  return { tensors, length: offset };
}

/** State vectors for factors; a new run starts them with normal numbers that all workers draw alike. */
export function factorReplicas(node: Node, plan: LowRank, sides: readonly Side[]): readonly Sized[] {
  if (plan.matrices.length === 0) return [];
  return sides.map((name) => ({
    name,
    length: plan.factors[name].length,
    begin: (vector) => {
      const random: RandomStream = node.commonRandom(name === 'P' ? 0 : 1);
      node.compute.upload(
        vector,
        Float32Array.from({ length: vector.length }, () => random.normal()),
      );
    },
  }));
}

/**
 * dest ← the factors of `source`, their columns made orthonormal. On the host, in double precision: workers
 * whose factors are the same bits get the same bits.
 */
export async function orthonormal(
  node: Node,
  { rank, matrices, factors }: LowRank,
  side: Side,
  source: Vector,
  dest: Vector,
): Promise<void> {
  const { compute } = node;
  const { length } = factors[side];
  // What travels whole lies behind the factors in `source`; it need not be read.
  compute.slices.copy(dest, 0, source, 0, length);
  const values = await compute.read(dest);
  for (const { size, at } of matrices) {
    const rows = size[side];
    const start = at[side];
    const columns = new Float64Array(rows * rank);
    for (let i = 0; i < rows; i += 1) {
      for (let c = 0; c < rank; c += 1) columns[i * rank + c] = values[start + c * rows + i] ?? 0;
    }
    orthonormalise(columns, rows, rank);
    for (let i = 0; i < rows; i += 1) {
      for (let c = 0; c < rank; c += 1) values[start + c * rows + i] = columns[i * rank + c] ?? 0;
    }
  }
  compute.upload(dest, values);
}

/** One side's factors from the other's: P ← M Q, or Q ← Mᵀ P, for every matrix M of `model`. */
export function project(
  { compute: { matrices: products } }: Node,
  { rank, matrices }: LowRank,
  side: Side,
  model: Vector,
  other: Vector,
  dest: Vector,
): void {
  const from = side === 'P' ? 'Q' : 'P';
  for (const { offset, size, at } of matrices) {
    products.multiply(
      { vector: dest, offset: at[side] },
      { vector: other, offset: at[from] },
      { vector: model, offset },
      { m: rank, k: size[from], n: size[side], transposeB: side === 'P' },
    );
  }
}

/**
 * dest ← P Qᵀ for every matrix, the same bits on every device: each column's outer product is a single
 * product a number, and the rest are sums. A device's own matrix product would round in its own order.
 */
export function expand(
  node: Node,
  { rank, matrices }: LowRank,
  factors: Readonly<Record<Side, Vector>>,
  dest: Vector,
): void {
  const { compute } = node;
  const { P, Q } = factors;
  const column = node.scratch('outer product');
  for (const { offset, size, at } of matrices) {
    const length = size.P * size.Q;
    for (let c = 0; c < rank; c += 1) {
      compute.matrices.multiply(
        { vector: c === 0 ? dest : column, offset },
        { vector: P, offset: at.P + c * size.P },
        { vector: Q, offset: at.Q + c * size.Q },
        { m: size.P, k: 1, n: size.Q },
      );
      if (c > 0) compute.slices.add(dest, offset, column, offset, length, 1);
    }
  }
}

/** dest ← dest − P Qᵀ for every matrix, as this device rounds it: for what is a worker's own. */
export function subtractProduct(
  { compute: { matrices: products } }: Node,
  { rank, matrices }: LowRank,
  { P, Q }: Readonly<Record<Side, Vector>>,
  dest: Vector,
): void {
  for (const { offset, size, at } of matrices) {
    const shape = { m: size.P, k: rank, n: size.Q, transposeA: true };
    products.multiply(
      { vector: dest, offset },
      { vector: P, offset: at.P },
      { vector: Q, offset: at.Q },
      shape,
      -1,
      1,
    );
  }
}

/** Puts what travels whole behind the factors of a message. */
export function packWholes(
  { compute: { slices } }: Node,
  plan: LowRank,
  side: Side,
  model: Vector,
  message: Vector,
): void {
  let at = plan.factors[side].length;
  for (const { offset, length } of plan.wholes) {
    slices.copy(message, at, model, offset, length);
    at += length;
  }
}

/** Takes it out again. */
export function unpackWholes(
  { compute: { slices } }: Node,
  plan: LowRank,
  side: Side,
  message: Vector,
  model: Vector,
): void {
  let at = plan.factors[side].length;
  for (const { offset, length } of plan.wholes) {
    slices.copy(model, offset, message, at, length);
    at += length;
  }
}

/** Sets what travels whole to zero: nothing of it is ever left out. */
export function clearWholes({ compute, layout }: Node, { wholes }: LowRank, model: Vector): void {
  const factors = layout.tensors.map((tensor) => (wholes.includes(tensor) ? 0 : 1));
  compute.slices.addScaledChunks(model, model, layerBounds(layout), factors, 'set');
}

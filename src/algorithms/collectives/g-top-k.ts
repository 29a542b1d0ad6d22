/**
 * gTop-k all-reduce: a sum of sparse vectors that stays as sparse as each of them.
 *
 * Shi et al., "A distributed synchronous SGD algorithm with global top-k sparsification for low bandwidth
 * networks", ICDCS 2019, arXiv 1901.04359. Up a binary tree, every worker adds its child's k pairs to its own
 * and keeps the k of largest magnitude; the root's go down the same tree to all. ⌈log2 n⌉ steps each way for
 * any n (a tree that lacks children sums all the same), 2(n - 1) messages of k pairs.
 *
 * What an inner worker drops must not be lost. In the leak-free mode it goes into that worker's residual,
 * and Σ_i source_i = sum + Σ_i residual_i. As published, each worker takes back what it sent of coordinates
 * that are not in the result: what was dropped on one branch leaks away if it arrives by another.
 */

import { keepResidual } from '../../compressors/error-feedback.ts';
import { pairsFault } from '../../compressors/sparse.ts';
import { bytesOfWords, floatsOfWords, wordsOfBytes } from '../../compressors/wire.ts';
import type { Vector } from '../../compute/compute.ts';
import type { Cost, Costing, Encoded, Message, Node, Received } from '../algorithm.ts';

/** Ascending coordinates and their values, as in a top-k message. */
interface Pairs {
  readonly indices: Uint32Array;
  readonly values: Float32Array;
}

const DOWN = 100;

/**
 * sum ← the global top k of Σ_i source_i, as the tree finds it; residual ← what of `source`, and of what
 * passed through this worker, is not in it. The three vectors must be different.
 */
export async function gTopKSum(
  node: Node,
  tag: number,
  source: Vector,
  sum: Vector,
  residual: Vector,
  leakFree: boolean,
): Promise<void> {
  const { compute, rank, size } = node;
  const packer = node.compressed();
  const own = await packer.encode(source, tag);
  const ownPairs = pairsOf(node, own, own);
  keepResidual(compute, residual, source, (dest, weight, mode) => {
    packer.decode(own, dest, weight, mode);
  });

  let carried = ownPairs;
  let step = 0;
  let stride = 1;
  for (; stride < size && rank % (2 * stride) === 0; stride *= 2, step += 1) {
    if (rank + stride >= size) continue;
    for (const message of await node.gather(tag, [rank + stride], step)) {
      const { kept, dropped } = merge(carried, pairsOf(node, message, own));
      carried = pairsOf(node, { ...own, payload: bytesOf(kept) }, own);
      if (leakFree) packer.decode({ ...own, payload: bytesOf(dropped) }, residual, 1, 'add');
    }
  }
  let result: Message = { ...own, payload: bytesOf(carried) };
  if (rank !== 0) {
    const parent = rank - stride;
    node.send(parent, tag, result, step);
    for (const message of await node.gather(tag, [parent], DOWN)) result = packer.relay(message);
  }
  const global = pairsOf(node, result, own);
  for (stride /= 2; stride >= 1; stride /= 2) {
    if (rank + stride < size) node.send(rank + stride, tag, result, DOWN);
  }
  packer.decode(result, sum, 1, 'set');
  if (!leakFree) {
    packer.decode({ ...own, payload: bytesOf(without(ownPairs, global)) }, residual, 1, 'add');
  }
}

export function gTopKCost({ layout, graph: { n }, compressed }: Costing): Cost {
  return { messages: 2 * (n - 1), bytes: 2 * (n - 1) * compressed(layout) };
}

/** The pairs of a message of the same kind as `own`. */
function pairsOf(node: Node, message: Encoded | Received, own: Encoded): Pairs {
  const { payload, wire } = message;
  if (wire !== own.wire) node.refuse(message, `it is of another compressor (number ${wire}).`);
  if (payload.length !== own.payload.length) {
    node.refuse(message, `it has ${payload.length} bytes instead of ${own.payload.length}.`);
  }
  const words = wordsOfBytes(payload);
  const k = words.length / 2;
  const fault = pairsFault('top-k', words, k, node.layout.length);
  if (fault !== null && !fault.ok) node.refuse(message, fault.message);
  return { indices: words.subarray(0, k), values: floatsOfWords(words).subarray(k) };
}

function bytesOf({ indices, values }: Pairs): Uint8Array {
  const k = indices.length;
  const words = new Uint32Array(2 * k);
  words.set(indices);
  new Float32Array(words.buffer, 4 * k).set(values);
  return bytesOfWords(words);
}

/**
 * a + b, cut into the k of largest magnitude (ties: lower index) and the others, of which there are at most
 * k: they are filled up to k with zeros for coordinates that were kept, so that they are a message, too.
 */
function merge(a: Pairs, b: Pairs): { kept: Pairs; dropped: Pairs } {
  const k = a.indices.length;
  const indices: number[] = [];
  const values: number[] = [];
  for (let i = 0, j = 0; i < k || j < k; ) {
    const left = a.indices[i] ?? Number.POSITIVE_INFINITY;
    const right = b.indices[j] ?? Number.POSITIVE_INFINITY;
    let value = 0;
    if (left <= right) value += a.values[i++] ?? 0;
    if (right <= left) value += b.values[j++] ?? 0;
    indices.push(Math.min(left, right));
    values.push(Math.fround(value));
  }
  const size = (place: number) => Math.abs(values[place] ?? 0);
  const order = indices.map((_, place) => place).sort((x, y) => size(y) - size(x) || x - y);
  const taken = new Uint8Array(order.length);
  for (const place of order.slice(0, k)) taken[place] = 1;
  let spare = 2 * k - order.length;
  const kept: number[] = [];
  const others: number[] = [];
  for (const place of indices.keys()) {
    if (taken[place] === 1) kept.push(place);
    // Of those that were kept, as many as the others lack.
    if (taken[place] !== 1 || spare-- > 0) others.push(place);
  }
  const pick = (places: readonly number[], numberAt: (place: number) => number): Pairs => ({
    indices: Uint32Array.from(places, (place) => indices[place] ?? 0),
    values: Float32Array.from(places, numberAt),
  });
  return {
    kept: pick(kept, (place) => values[place] ?? 0),
    dropped: pick(others, (place) => (taken[place] === 1 ? 0 : (values[place] ?? 0))),
  };
}

/** The same coordinates, with zeros where `others` has them, too. */
function without({ indices, values }: Pairs, others: Pairs): Pairs {
  const there = new Set(others.indices);
  return { indices, values: values.map((value, place) => (there.has(indices[place] ?? 0) ? 0 : value)) };
}

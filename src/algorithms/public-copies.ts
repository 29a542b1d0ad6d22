/**
 * Public copies: what a worker's neighbours know of it, kept as one weighted sum.
 *
 * Algorithms that send compressed differences let every worker hold x̂_j of each neighbour j. As only
 * s_i = Σ_j W_ij x̂_j is ever used, that sum is all that is kept: two vectors instead of one for every
 * neighbour (Koloskova et al., arXiv 1902.00340, appendix). Where all start at a common x_0 the copies
 * begin there; where workers start apart, and after a view change, they begin with each worker's own x, sent
 * whole once, or with nothing.
 */
import type { Vector } from '../compute/compute.ts';
import type { Node, Start } from './algorithm.ts';

const PUBLIC_COPY = 200;

export interface PublicCopies {
  /** x̂_i: what the neighbours hold of this worker, bit for bit. */
  readonly xHat: Vector;
  /** s_i = Σ_j W_ij x̂_j, its own copy included. */
  readonly s: Vector;
}

/** Copies of which nothing is known yet: x̂ = s = 0. Nothing is sent. */
export function emptyCopies(node: Node): PublicCopies {
  const xHat = node.next('xHat');
  const s = node.next('s');
  node.compute.linear(xHat, []);
  node.compute.linear(s, []);
  return { xHat, s };
}

/** Both vectors at the start of a view. Sends and waits unless the run is fresh. */
export async function beginCopies(node: Node, { x, fresh }: Start): Promise<PublicCopies> {
  const xHat = node.next('xHat');
  const s = node.next('s');
  if (fresh) {
    node.compute.linear(xHat, [[1, x]]);
    node.compute.linear(s, [[1, x]]);
    return { xHat, s };
  }
  const dense = node.dense();
  const own = await dense.encode(x, PUBLIC_COPY);
  for (const to of node.recipients) node.send(to, PUBLIC_COPY, own);
  dense.decode(own, xHat, 1, 'set');
  dense.decode(own, s, node.selfWeight, 'set');
  for (const message of await node.gather(PUBLIC_COPY)) dense.decode(message, s, message.weight, 'add');
  return { xHat, s };
}

/**
 * Ring all-reduce: reduce-scatter, then all-gather, each in n - 1 steps around a ring of ranks.
 *
 *   reduce-scatter, step r: worker i sends part (i - r) mod n to i + 1, which adds its own to it;
 *   all-gather, step r:     worker i sends the finished part (i + 1 - r) mod n to i + 1.
 *
 * Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations", 2009. A
 * worker sends 2(n - 1) messages of d/n numbers. Every part is summed once, by one chain, and then copied
 * as bytes: all workers hold the same bits, with any wire format (an fp16 wire rounds every partial sum).
 */

import type { Layout } from '../../base/layout.ts';
import type { Vector } from '../../compute/compute.ts';
import type { Cost, Costing, Node, Packer } from '../algorithm.ts';
import { type Part, partsOf } from './parts.ts';

/** How parts travel: by the recipe's compressor, or as whole numbers. */
export type Pack = (layout: Layout) => Packer;

/** What goes around a ring. */
export interface Ring {
  /** Of the vectors that are summed. */
  readonly layout: Layout;
  /** The workers around the ring; each in it has its own place, the same for all. */
  readonly ranks: readonly number[];
  /** Number of the first of 2 × its size steps: rings at work at the same time have their own. */
  readonly firstStep: number;
}

/** All workers, in the order of their ranks, with a vector that is laid out like this. */
export function wholeRing({ size }: Pick<Node, 'size'>, layout: Layout): Ring {
  return { layout, ranks: Array.from({ length: size }, (_, rank) => rank), firstStep: 0 };
}

/** sum ← Σ_i source_i over the ring, the same bits everywhere. `sum` may be `source`. */
export async function ringAllReduce(
  node: Node,
  tag: number,
  source: Vector,
  sum: Vector,
  pack: Pack = (layout) => node.compressed(layout),
  ring: Ring = wholeRing(node, node.layout),
): Promise<void> {
  const own = await reduceScatter(node, tag, source, pack, ring);
  await allGather(node, tag, own, sum, pack, ring);
}

/** The part that this worker has finished after the reduce-scatter: the one after its own. */
export function finishedPart(node: Pick<Node, 'rank'>, ring: Ring): Part {
  return part(ring, placeIn(ring, node) + 1);
}

/** Resolves to this worker's finished part (`finishedPart`): its sum over the ring. */
export async function reduceScatter(
  node: Node,
  tag: number,
  source: Vector,
  pack: Pack,
  ring: Ring,
): Promise<Vector> {
  const { slices } = node.compute;
  const { firstStep, ranks } = ring;
  const place = placeIn(ring, node);
  const to = rankAt(ring, place + 1);
  const from = rankAt(ring, place - 1);
  let piece = part(ring, place);
  let partial = node.scratch(`reduced ${tag} ${firstStep}`, piece.length);
  slices.copy(partial, 0, source, piece.offset, piece.length);
  for (let turn = 0; turn < ranks.length - 1; turn += 1) {
    const step = firstStep + turn;
    const sending = pack(piece.layout);
    node.send(to, tag, await sending.encode(partial, tag, step), step);
    piece = part(ring, place - turn - 1);
    partial = node.scratch(`reduced ${tag} ${step + 1}`, piece.length);
    slices.copy(partial, 0, source, piece.offset, piece.length);
    const packer = pack(piece.layout);
    for (const message of await node.gather(tag, [from], step)) packer.decode(message, partial, 1, 'add');
  }
  return partial;
}

/** whole ← everybody's finished parts. The owner, too, keeps what its message decodes to. */
export async function allGather(
  node: Node,
  tag: number,
  finished: Vector,
  whole: Vector,
  pack: Pack,
  ring: Ring,
): Promise<void> {
  const { slices } = node.compute;
  const size = ring.ranks.length;
  const place = placeIn(ring, node);
  const to = rankAt(ring, place + 1);
  const from = rankAt(ring, place - 1);
  let piece = part(ring, place + 1);
  let packer = pack(piece.layout);
  let message = await packer.encode(finished, tag, ring.firstStep + size);
  for (let turn = 0; turn < size; turn += 1) {
    const step = ring.firstStep + size + turn;
    const decoded = node.scratch(`gathered ${tag} ${step}`, piece.length);
    packer.decode(message, decoded, 1, 'set');
    slices.copy(whole, piece.offset, decoded, 0, piece.length);
    if (turn === size - 1) break;
    node.send(to, tag, message, step);
    piece = part(ring, place - turn);
    packer = pack(piece.layout);
    for (const received of await node.gather(tag, [from], step)) message = packer.relay(received);
  }
}

export function ringAllReduceCost(given: Costing): Cost {
  return ringCost(given, given.graph.n);
}

/** Of a ring of n workers and its layout. */
export function ringCost({ layout, compressed }: Pick<Costing, 'layout' | 'compressed'>, n: number): Cost {
  if (n < 2) return { messages: 0, bytes: 0 };
  const round = partsOf(layout, n).reduce((bytes, { layout: piece }) => bytes + compressed(piece), 0);
  return { messages: 2 * n * (n - 1), bytes: 2 * (n - 1) * round };
}

function placeIn({ ranks }: Ring, { rank }: Pick<Node, 'rank'>): number {
  const place = ranks.indexOf(rank);
  if (place < 0) throw new RangeError(`Worker ${rank} is not in this ring.`);
  return place;
}

const around = (index: number, size: number): number => ((index % size) + size) % size;

function rankAt({ ranks }: Ring, index: number): number {
  const rank = ranks[around(index, ranks.length)];
  if (rank === undefined) throw new RangeError('There is nobody in this ring.');
  return rank;
}

function part({ layout, ranks }: Ring, index: number): Part {
  const piece = partsOf(layout, ranks.length)[around(index, ranks.length)];
  if (piece === undefined) throw new RangeError(`There is no part ${index} of ${ranks.length}.`);
  return piece;
}

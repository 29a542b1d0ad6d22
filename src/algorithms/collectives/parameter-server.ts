/**
 * A parameter server on a star: the leaves send their vectors to the centre, which sums them in the order
 * of their ranks and sends the sum back; every worker, the centre too, holds what the answer decodes to.
 *
 * Li et al., "Scaling distributed machine learning with the parameter server", OSDI 2014, with one server
 * that is an ordinary worker. A leaf sends one message of d numbers, the centre n - 1.
 */
import type { Vector } from '../../compute/compute.ts';
import type { Cost, Costing, Node } from '../algorithm.ts';
import type { Pack } from './ring-all-reduce.ts';

const UP = 0;
const DOWN = 1;

/** sum ← Σ_i source_i over all workers, the same bits everywhere. `sum` must not be `source`. */
export async function serverAllReduce(
  node: Node,
  tag: number,
  centre: number,
  source: Vector,
  sum: Vector,
  pack: Pack = (layout) => node.compressed(layout),
  layout = node.layout,
): Promise<void> {
  const { compute, rank, size } = node;
  const packer = pack(layout);
  const own = await packer.encode(source, tag, UP);
  if (rank !== centre) {
    node.send(centre, tag, own, UP);
    for (const answer of await node.gather(tag, [centre], DOWN)) packer.decode(answer, sum, 1, 'set');
    return;
  }
  const leaves = Array.from({ length: size }, (_, leaf) => leaf).filter((leaf) => leaf !== centre);
  const received = await node.gather(tag, leaves, UP);
  compute.linear(sum, []);
  for (let from = 0; from < size; from += 1) {
    const message = from === centre ? own : received.find((each) => each.rank === from);
    if (message !== undefined) packer.decode(message, sum, 1, 'add');
  }
  const answer = await packer.encode(sum, tag, DOWN);
  for (const leaf of leaves) node.send(leaf, tag, answer, DOWN);
  packer.decode(answer, sum, 1, 'set');
}

export function serverCost({ graph: { n }, layout, compressed }: Costing): Cost {
  return { messages: 2 * (n - 1), bytes: 2 * (n - 1) * compressed(layout) };
}

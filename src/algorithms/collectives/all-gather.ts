/**
 * All-gather of compressed vectors: everybody sends its message to everybody, and all add what they decode
 * in the order of the ranks, their own message among it, so that all hold the same bits.
 */
import type { Vector } from '../../compute/compute.ts';
import type { Cost, Costing, Message, Node } from '../algorithm.ts';

/** mean ← (1/n) Σ_i C(source_i); resolves to this worker's own message. `mean` must not be `source`. */
export async function allGatherMean(node: Node, tag: number, source: Vector, mean: Vector): Promise<Message> {
  const { compute, rank, size } = node;
  const packer = node.compressed();
  const own = await packer.encode(source, tag);
  const others = Array.from({ length: size }, (_, other) => other).filter((other) => other !== rank);
  for (const to of others) node.send(to, tag, own);
  const received = await node.gather(tag, others);
  compute.linear(mean, []);
  for (let from = 0; from < size; from += 1) {
    const message = from === rank ? own : received.find((each) => each.rank === from);
    if (message !== undefined) packer.decode(message, mean, 1, 'add');
  }
  compute.linear(mean, [[1 / size, mean]]);
  return own;
}

export function allGatherCost({ layout, graph: { n }, compressed }: Costing): Cost {
  return { messages: n * (n - 1), bytes: n * (n - 1) * compressed(layout) };
}

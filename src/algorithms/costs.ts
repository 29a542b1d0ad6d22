/** Costs that many algorithms share: what a round sends, by formula. */
import type { Cost, Costing } from './algorithm.ts';

/** One message of the recipe's compressor along every edge, in each of its directions. */
export function shareCost({ graph, layout, compressed }: Costing): Cost {
  let messages = 0;
  for (let rank = 0; rank < graph.n; rank += 1) messages += graph.sendsTo(rank).length;
  return { messages, bytes: messages * compressed(layout) };
}

/**
 * The mean over all workers, by what the graph offers and the recipe asks for: a parameter server on a
 * star, a ring all-reduce on a ring or on the complete graph, or a hierarchical all-reduce, the workers of
 * a tab first. All workers end with the same bits.
 */
import type { OptionSchema, Options } from '../../base/options.ts';
import type { Vector } from '../../compute/compute.ts';
import type { Configuration, Cost, Costing, Node } from '../algorithm.ts';
import { needsComplete } from '../needs.ts';
import { impossible, type Refusal } from '../refusal.ts';
import { hierarchicalAllReduce, hierarchicalCost } from './hierarchical.ts';
import { serverAllReduce, serverCost } from './parameter-server.ts';
import { type Pack, ringAllReduce, ringAllReduceCost, wholeRing } from './ring-all-reduce.ts';

/** For algorithms that let the recipe choose; `meanOverAll` and its cost go by it. */
export const COLLECTIVE: OptionSchema = {
  collective: {
    kind: 'choice',
    default: 'flat',
    choices: ['flat', 'hierarchical'],
    label: 'all-reduce',
    help: 'Flat treats all workers alike; hierarchical sums over the workers of each tab first, so that less goes from tab to tab.',
  },
};

const isHierarchical = ({ collective }: Options) => collective === 'hierarchical';

/** What the choice of `COLLECTIVE` needs of the graph. */
export function needsOfCollective(name: string, given: Configuration): Refusal | null {
  if (!isHierarchical(given.options) || needsComplete(name, given) === null) return null;
  const why = `${name} with a hierarchical all-reduce sends from tab to tab: choose the topology complete, or flat.`;
  return impossible(why);
}

/**
 * mean ← (1/n) Σ_i source_i, for vectors of this layout (by default the model's). `mean` must not be
 * `source`.
 */
export async function meanOverAll(
  node: Node,
  tag: number,
  source: Vector,
  mean: Vector,
  pack: Pack = (part) => node.compressed(part),
  layout = node.layout,
): Promise<void> {
  const { compute, graph, size } = node;
  if (size === 1) {
    compute.linear(mean, [[1, source]]);
    return;
  }
  const centre = serverOf(graph);
  if (isHierarchical(node.options)) await hierarchicalAllReduce(node, tag, source, mean, pack, layout);
  else if (centre !== null) await serverAllReduce(node, tag, centre, source, mean, pack, layout);
  else await ringAllReduce(node, tag, source, mean, pack, wholeRing(node, layout));
  compute.linear(mean, [[1 / size, mean]]);
}

export function meanOverAllCost(given: Costing): Cost {
  if (isHierarchical(given.options)) return hierarchicalCost(given);
  return serverOf(given.graph) === null ? ringAllReduceCost(given) : serverCost(given);
}

/** The centre of a star; null where everybody reaches everybody (two or three workers) or on a ring. */
function serverOf(graph: Node['graph']): number | null {
  return graph.isComplete ? null : graph.isStar;
}

/**
 * Hierarchical collectives: the workers of a tab first, then from tab to tab, then back within the tab.
 *
 *   1. within a group of m: reduce-scatter; member j holds shard j of the group's sum s_g
 *   2. between the j-th members of all groups: all-reduce of shard j, or an all-gather of C(s_g)
 *   3. within the group: all-gather of the shards
 *
 * Step 2 is dense in the hierarchical all-reduce (as Jia et al., arXiv 1807.11205), compressed in HiTopKComm
 * (Shi et al., "Towards scalable distributed training of deep learning on public cloud clusters", 2020,
 * arXiv 2010.10458): top k/m of each shard, what is left out staying with its member.
 * Difference from the papers: groups may differ in size. There are as many shards as the smallest group
 * has members; in larger groups the others hold none.
 */
import type { Layout } from '../../base/layout.ts';
import { keepResidual } from '../../compressors/error-feedback.ts';
import type { Vector } from '../../compute/compute.ts';
import type { Cost, Costing, Node, Received } from '../algorithm.ts';
import { type Part, partsOf } from './parts.ts';
import { type Pack, ringAllReduce, ringCost } from './ring-all-reduce.ts';

const REDUCE = 0;
const GATHER = 1;
const BETWEEN = 2;

interface Hierarchy {
  /** Ranks of every group, ascending; groups in the order of their first. */
  readonly groups: readonly (readonly number[])[];
  readonly shards: readonly Part[];
}

function hierarchyOf({ groups, layout }: Pick<Node, 'groups' | 'layout'>): Hierarchy {
  const members = new Map<number, number[]>();
  for (const [rank, group] of groups.entries()) {
    const known = members.get(group);
    if (known === undefined) members.set(group, [rank]);
    else known.push(rank);
  }
  const all = [...members.values()];
  return { groups: all, shards: partsOf(layout, Math.min(...all.map(({ length }) => length))) };
}

/** One worker's place in it. */
class Place {
  readonly node: Node;
  readonly tag: number;
  readonly shards: readonly Part[];
  /** Its group, itself among it. */
  readonly home: readonly number[];
  /** Its shard, and those who have the same one in their groups; null where it has none. */
  readonly own: { readonly index: number; readonly shard: Part; readonly peers: readonly number[] } | null;

  constructor(node: Node, tag: number, layout: Layout) {
    const { groups, shards } = hierarchyOf({ groups: node.groups, layout });
    this.node = node;
    this.tag = tag;
    this.shards = shards;
    this.home = groups.find((group) => group.includes(node.rank)) ?? [node.rank];
    const index = this.home.indexOf(node.rank);
    const shard = shards[index];
    const peers = groups.flatMap((group) => group[index] ?? []);
    this.own = shard === undefined ? null : { index, shard, peers };
  }

  /** Sends all shards to their owners; resolves to this worker's own, summed over its group. */
  async reduceScatter(source: Vector, pack: Pack): Promise<Vector | null> {
    const { node, tag, shards, home, own } = this;
    const { compute, rank } = node;
    await Promise.all(
      shards.map(async (shard, index) => {
        const owner = home[index];
        if (owner === undefined || owner === rank) return;
        const piece = node.scratch(`shard ${tag} ${index}`, shard.length);
        compute.slices.copy(piece, 0, source, shard.offset, shard.length);
        node.send(owner, tag, await pack(shard.layout).encode(piece, tag, index), REDUCE);
      }),
    );
    if (own === null) return null;
    const { offset, length, layout } = own.shard;
    const sum = node.scratch(`group sum ${tag}`, length);
    const received = await node.gather(tag, this.#others(home), REDUCE);
    const packer = pack(layout);
    compute.linear(sum, []);
    for (const member of home) {
      if (member === rank) compute.slices.add(sum, 0, source, offset, length, 1);
      else packer.decode(from(received, member), sum, 1, 'add');
    }
    return sum;
  }

  /** whole ← the shards of the owners in the group, each, the owner too, keeping what its message says. */
  async allGather(total: Vector | null, whole: Vector, pack: Pack): Promise<void> {
    const { node, tag, shards, home, own } = this;
    const { slices } = node.compute;
    if (own !== null && total !== null) {
      const packer = pack(own.shard.layout);
      const message = await packer.encode(total, tag, shards.length + own.index);
      for (const to of this.#others(home)) node.send(to, tag, message, GATHER);
      packer.decode(message, total, 1, 'set');
      slices.copy(whole, own.shard.offset, total, 0, own.shard.length);
    }
    const owners = this.#others(home.slice(0, shards.length));
    const received = await node.gather(tag, owners, GATHER);
    for (const [index, { offset, length, layout }] of shards.entries()) {
      const owner = home[index];
      if (owner === undefined || owner === node.rank) continue;
      const piece = node.scratch(`shard ${tag} ${index}`, length);
      pack(layout).decode(from(received, owner), piece, 1, 'set');
      slices.copy(whole, offset, piece, 0, length);
    }
  }

  #others(ranks: readonly number[]): readonly number[] {
    return ranks.filter((rank) => rank !== this.node.rank);
  }
}

/** sum ← Σ_i source_i over all workers, the same bits everywhere. `sum` must not be `source`. */
export async function hierarchicalAllReduce(
  node: Node,
  tag: number,
  source: Vector,
  sum: Vector,
  pack: Pack,
  layout = node.layout,
): Promise<void> {
  const place = new Place(node, tag, layout);
  const total = await place.reduceScatter(source, pack);
  if (place.own !== null && total !== null && place.own.peers.length > 1) {
    const { shard, peers } = place.own;
    const ring = { layout: shard.layout, ranks: peers, firstStep: BETWEEN };
    await ringAllReduce(node, tag, total, total, pack, ring);
  }
  await place.allGather(total, sum, pack);
}

/**
 * HiTopKComm: sum ← Σ_g C(s_g), shard by shard, and e ← what C left out of this worker's shard, zero
 * elsewhere; Σ_i source_i = sum + Σ_i e_i. A residual is fed back by adding all of e to the next `source`:
 * so it is not lost when the shards become other ones. The three vectors must be different.
 */
export async function hierarchicalSparseSum(
  node: Node,
  tag: number,
  source: Vector,
  sum: Vector,
  e: Vector,
): Promise<void> {
  const { compute, rank } = node;
  const dense: Pack = ({ length }) => node.dense(length);
  const place = new Place(node, tag, node.layout);
  const reduced = await place.reduceScatter(source, dense);
  compute.linear(e, []);
  let total: Vector | null = null;
  if (place.own !== null && reduced !== null) {
    const { index, shard, peers } = place.own;
    const packer = node.compressed(shard.layout);
    const message = await packer.encode(reduced, tag, 2 * place.shards.length + index);
    const others = peers.filter((peer) => peer !== rank);
    for (const to of others) node.send(to, tag, message, BETWEEN);
    const received = await node.gather(tag, others, BETWEEN);
    total = node.scratch(`between groups ${tag}`, shard.length);
    compute.linear(total, []);
    for (const peer of peers) packer.decode(peer === rank ? message : from(received, peer), total, 1, 'add');
    const left = node.scratch(`left out ${tag}`, shard.length);
    keepResidual(compute, left, reduced, (dest, weight, mode) => {
      packer.decode(message, dest, weight, mode);
    });
    compute.slices.copy(e, shard.offset, left, 0, shard.length);
  }
  await place.allGather(total, sum, dense);
}

export function hierarchicalCost(given: Costing): Cost {
  const { groups, shards } = hierarchyOf(given);
  const between = shards.map(({ layout }) => ringCost({ ...given, layout }, groups.length));
  return total([withinCost(given, ({ layout }) => given.compressed(layout)), ...between]);
}

export function hierarchicalSparseCost(given: Costing): Cost {
  const { groups, shards } = hierarchyOf(given);
  const messages = groups.length * (groups.length - 1);
  const between = shards.map(({ layout }) => ({ messages, bytes: messages * given.compressed(layout) }));
  return total([withinCost(given, ({ length }) => given.dense(length)), ...between]);
}

/** Every shard to its owner from all others of the group, and back. */
function withinCost(given: Costing, bytesOf: (shard: Part) => number): Cost {
  const { groups, shards } = hierarchyOf(given);
  const others = groups.reduce((count, { length }) => count + length - 1, 0);
  const once = shards.reduce((bytes, shard) => bytes + bytesOf(shard), 0);
  return { messages: 2 * others * shards.length, bytes: 2 * others * once };
}

function total(costs: readonly Cost[]): Cost {
  return costs.reduce(
    (sum, { messages, bytes }) => ({ messages: sum.messages + messages, bytes: sum.bytes + bytes }),
    { messages: 0, bytes: 0 },
  );
}

function from(received: readonly Received[], rank: number): Received {
  const message = received.find((each) => each.rank === rank);
  if (message === undefined) throw new Error('A gathered message is missing.');
  return message;
}

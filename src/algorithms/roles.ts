/**
 * The two parts of pairwise averaging: active workers ask, passive ones answer, and nobody asks within a
 * part. On a bipartite graph they are its two sides; elsewhere every worker, in the order in which the
 * graph is walked, takes the part that most of its neighbours do not have. So every one of them has a
 * neighbour in the other part, and the edges between the parts connect whom the graph connects.
 */
import type { Edge } from '../topology/topology.ts';
import type { Node } from './algorithm.ts';

type Graph = Node['graph'];
export type Role = 'active' | 'passive';

const known = new WeakMap<Graph, readonly Role[]>();

/** The part of every rank: the same in every round and on every worker. */
export function rolesOf(graph: Graph): readonly Role[] {
  let roles = known.get(graph);
  if (roles === undefined) {
    roles = graph.bipartite?.map((side) => (side === 1 ? 'active' : 'passive')) ?? greedy(graph);
    known.set(graph, roles);
  }
  return roles;
}

/** Edges of any round that pairwise averaging cannot use. */
export function unusedEdges(graph: Graph): readonly Edge[] {
  const roles = rolesOf(graph);
  return graph.support.filter(([a, b]) => roles[a] === roles[b]);
}

function greedy({ n, support }: Graph): readonly Role[] {
  const beside = Array.from({ length: n }, (): number[] => []);
  for (const [a, b] of support) {
    beside[a]?.push(b);
    beside[b]?.push(a);
  }
  const roles = new Map<number, Role>();
  for (let start = 0; start < n; start += 1) {
    const queue = new Set(roles.has(start) ? [] : [start]);
    // A set is walked in the order of insertion, what is added on the way included.
    for (const rank of queue) {
      const neighbours = beside[rank] ?? [];
      const count = (role: Role) => neighbours.filter((other) => roles.get(other) === role).length;
      roles.set(rank, count('passive') > count('active') ? 'active' : 'passive');
      for (const other of neighbours) if (!roles.has(other)) queue.add(other);
    }
  }
  return Array.from({ length: n }, (_, rank) => roles.get(rank) ?? 'passive');
}

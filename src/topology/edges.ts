/**
 * Lists of edges: tidying, neighbours, connectedness. The graph theory that several topologies share;
 * sizes are those of a flock (tens, at most hundreds of workers), so plain searches are enough.
 */
import type { Edge } from './topology.ts';

/** Sorted, without loops and doubles; undirected edges with the smaller position first. */
export function tidy(edges: Iterable<Edge>, directed = false): Edge[] {
  const kept = new Map<string, Edge>();
  for (const [a, b] of edges) {
    if (a === b) continue;
    const edge: Edge = directed || a < b ? [a, b] : [b, a];
    kept.set(edge.join(' '), edge);
  }
  return [...kept.values()].sort(([a, b], [c, d]) => a - c || b - d);
}

/** Edges with their direction: an undirected one goes both ways. */
export function arcsOf(edges: readonly Edge[], directed: boolean): readonly Edge[] {
  return directed
    ? edges
    : edges.flatMap(([a, b]): Edge[] => [
        [a, b],
        [b, a],
      ]);
}

/** For every position, those its arcs lead to, ascending. @throws {RangeError} for an edge to nowhere. */
export function successors(n: number, arcs: readonly Edge[]): readonly (readonly number[])[] {
  const lists = Array.from({ length: n }, (): number[] => []);
  for (const [from, to] of arcs) {
    const list = lists[from];
    if (list === undefined || lists[to] === undefined) {
      throw new RangeError(`Edge ${from}-${to} leaves ${n} workers.`);
    }
    list.push(to);
  }
  for (const list of lists) list.sort((a, b) => a - b);
  return lists;
}

/** The same arcs, walked against their direction. */
export function reversed(arcs: readonly Edge[]): readonly Edge[] {
  return arcs.map(([from, to]): Edge => [to, from]);
}

function reachable(start: number, next: readonly (readonly number[])[]): Set<number> {
  const seen = new Set([start]);
  for (const node of seen) for (const other of next[node] ?? []) seen.add(other);
  return seen;
}

/**
 * Groups of workers that hear of one another (strongly connected where edges have a direction), the
 * largest first; all n are in exactly one.
 */
export function components(n: number, edges: readonly Edge[], directed = false): readonly number[][] {
  const arcs = arcsOf(edges, directed);
  const onward = successors(n, arcs);
  const back = successors(n, reversed(arcs));
  const placed = new Set<number>();
  const groups: number[][] = [];
  for (let node = 0; node < n; node++) {
    if (placed.has(node)) continue;
    const backward = reachable(node, back);
    const group = [...reachable(node, onward)].filter((other) => backward.has(other));
    for (const member of group) placed.add(member);
    groups.push(group.sort((a, b) => a - b));
  }
  return groups.sort((a, b) => b.length - a.length);
}

/** Whether everybody hears of everybody in the end. */
export function connected(n: number, edges: readonly Edge[], directed = false): boolean {
  return components(n, edges, directed).length <= 1;
}

/** Draws until the graph is connected: more often than this would only cost time. */
const ATTEMPTS = 64;

/**
 * The first connected graph of a sequence of random ones. If none comes, edges of a path are added to the
 * last draw, only where two parts are still apart.
 */
export function untilConnected(n: number, draw: (attempt: number) => readonly Edge[]): readonly Edge[] {
  let edges: readonly Edge[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    edges = draw(attempt);
    if (connected(n, edges)) return edges;
  }
  const group = new Uint32Array(n);
  components(n, edges).forEach((members, index) => {
    for (const member of members) group[member] = index;
  });
  const joined: Edge[] = [...edges];
  for (let i = 0; i + 1 < n; i++) {
    const [here, there] = [group[i] ?? 0, group[i + 1] ?? 0];
    if (here === there) continue;
    joined.push([i, i + 1]);
    for (let j = 0; j < n; j++) if (group[j] === there) group[j] = here;
  }
  return tidy(joined);
}

/**
 * A graph drawn by hand: a list of edges such as `0-1, 1-2, 2-0`, over positions from 0. With a `>` in it
 * the whole graph is one-way: `0>1` sends from 0 to 1, and `0-1` stands for both ways. Naming an edge
 * twice changes nothing. Everybody must hear of everybody in the end.
 */
import { type Options, textOption } from '../base/options.ts';
import { components, tidy } from './edges.ts';
import { type Edge, isDirected, type TopologyEntry } from './topology.ts';

const EDGE = /(\d+)\s*([->])\s*(\d+)/g;

/** Every edge as it is written, in its direction; both directions of a plain one in a one-way graph. */
function written(options: Options): readonly Edge[] {
  const text = textOption(options, 'edges');
  return [...text.matchAll(EDGE)].flatMap(([, a, kind, b]): Edge[] => {
    const [from, to] = [Number(a), Number(b)];
    return kind === '-' && text.includes('>')
      ? [
          [from, to],
          [to, from],
        ]
      : [[from, to]];
  });
}

/** "worker 3", "workers 3 and 4", at most a few by number. */
function named(positions: readonly number[]): string {
  const [first, ...more] = positions;
  if (more.length === 0) return `worker ${first}`;
  if (more.length > 4) return `${positions.length} workers, among them worker ${first},`;
  return `workers ${positions.slice(0, -1).join(', ')} and ${positions.at(-1)}`;
}

export const drawn: TopologyEntry = {
  id: 'drawn',
  label: 'graph drawn by hand',
  description: 'The edges you list: 0-1 for both ways, 0>1 for one-way.',
  options: {
    edges: {
      kind: 'text',
      default: '0-1,1-2,2-0',
      maxLength: 6000,
      pattern: {
        expression: /^(\s*\d{1,3}\s*[->]\s*\d{1,3}\s*(,|$))*$/,
        words: 'edges such as 0-1, 1-2 or 0>1, separated by commas',
      },
      label: 'edges',
      help: 'Workers by their place in the flock, from 0: 0-1 joins two, 0>1 sends one way only.',
    },
  },
  directed: (options) => textOption(options, 'edges').includes('>'),
  edges: (_n, _round, _seed, options) => tidy(written(options), isDirected(drawn, options)),
  impossible(n, options) {
    const edges = written(options);
    const loop = edges.find(([a, b]) => a === b);
    if (loop !== undefined) {
      return `The drawn graph joins worker ${loop[0]} to itself; leave ${loop.join('-')} out.`;
    }
    const most = edges.reduce((largest, edge) => Math.max(largest, ...edge), 0);
    if (most >= n) {
      const there = n === 1 ? 'only worker 0 is there' : `there are only workers 0 to ${n - 1}`;
      return `The drawn graph names worker ${most}, but ${there}; change the edges, or add workers.`;
    }
    const directed = isDirected(drawn, options);
    const [, ...apart] = components(n, edges, directed);
    if (apart.length === 0) return null;
    const lost = apart.flat().sort((a, b) => a - b);
    return directed
      ? `In the drawn graph ${named(lost)} cannot both reach the rest and hear from it; ` +
          'add edges in the missing direction.'
      : `In the drawn graph ${named(lost)} ${lost.length === 1 ? 'is' : 'are'} cut off from the rest; ` +
          'add edges to them.';
  },
};

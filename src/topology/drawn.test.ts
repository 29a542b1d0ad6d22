/** A graph drawn by hand: what may be written, what it means, and what is said of a wrong one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeOptions, OptionError } from '../base/options.ts';
import { drawn } from './drawn.ts';
import { graphOf, impossibleReason } from './graph.ts';

const options = (edges: string) => completeOptions('topology', drawn.options, { edges });
const graph = (n: number, edges: string) => graphOf(drawn, options(edges), n, 0, 1);
const problem = (n: number, edges: string) => impossibleReason(drawn, options(edges), n);

describe('edges as they are written', () => {
  it('go both ways, each counted once', () => {
    expect(graph(3, '2-0,0-1, 1 - 2,1-0,').edges).toEqual([
      [0, 1],
      [0, 2],
      [1, 2],
    ]);
    expect(graph(3, '0-1,1-2,2-0').directed).toBe(false);
    expect(graph(1, '').edges).toEqual([]);
  });

  it('go one way in a graph with an arrow in it, where a dash stands for both', () => {
    const made = graph(3, '0>1, 1>2, 2-0');
    expect(made.directed).toBe(true);
    expect(made.edges).toEqual([
      [0, 1],
      [0, 2],
      [1, 2],
      [2, 0],
    ]);
    expect(made.receivesFrom(2)).toEqual([0, 1]);
  });

  it('are refused where they are not edges', () => {
    for (const text of [
      'ring',
      '0',
      '0-',
      '0--1',
      '0-1;1-2',
      '0-1 1-2',
      '-1-2',
      '0-1000',
      '0-1,,',
      '0.5-1',
    ]) {
      expect(() => options(text)).toThrow(OptionError);
      expect(() => options(text)).toThrow(/must be edges such as 0-1, 1-2 or 0>1, separated by commas/);
    }
    expect(() => options('0-1,'.repeat(2000))).toThrow(OptionError);
  });

  it('give a graph or a sentence, whatever is written', () => {
    const place = fc.integer({ min: 0, max: 12 });
    const edge = fc.tuple(place, fc.constantFrom('-', '>'), place).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(edge, { maxLength: 40 }), fc.integer({ min: 1, max: 10 }), (list, n) => {
        const made = graph(n, list.join(', '));
        const reason = problem(n, list.join(', '));
        expect(made.connected).toBe(reason === null || n === 1);
        if (reason === null) return;
        expect(reason).toMatch(/^(The|In the) drawn graph .*; .*\.$/);
        expect(made.edges).toEqual([]);
      }),
    );
  });
});

describe('a drawing that is no graph of these workers', () => {
  it.each([
    [3, '0-1,1-1,1-2', 'joins worker 1 to itself; leave 1-1 out'],
    [3, '0-1,1-2,2-7', 'names worker 7, but there are only workers 0 to 2; change the edges, or add workers'],
    [1, '0-1', 'names worker 1, but only worker 0 is there'],
    [4, '0-1,1-2', 'worker 3 is cut off from the rest'],
    [4, '1-2,2-3', 'worker 0 is cut off from the rest'],
    [5, '0-1,1-2', 'workers 3 and 4 are cut off from the rest'],
    [6, '0-1,2-3,3-4', 'workers 0, 1 and 5 are cut off from the rest'],
    [9, '0-1,1-2', '6 workers, among them worker 3, are cut off from the rest'],
    [3, '0>1,1>0,0>2', 'worker 2 cannot both reach the rest and hear from it'],
    [2, '', 'worker 1 is cut off from the rest'],
  ])('of %i, "%s": %s', (n, edges, words) => {
    expect(problem(n, edges)).toContain(words);
  });

  it('is not this one', () => {
    expect(problem(3, '0-1, 1-2, 2-0')).toBe(null);
    expect(problem(4, '0>1,1>2,2>3,3>0')).toBe(null);
    expect(problem(1, '')).toBe(null);
  });
});

/** The room's pure rules: seats, seniority, standing, the next view, the order of commands, the gate. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CommandDesk } from './command-desk.ts';
import { differenceBetween, noticeOf, type Passport } from './gate.ts';
import { aloneView, type Changes, isActive, malformed, nextView, recipeSeats } from './next-view.ts';
import { bySeniority, compact, reseat, seatsOf } from './seats.ts';
import { compareStanding, isFresh, type Standing } from './standing.ts';
import { COMMAND_MS, RESEND_MS } from './timing.ts';
import type { Command, View } from './view.ts';
import { viewId } from './view-id.ts';

const wanted = (entries: Readonly<Record<string, number>>) => new Map(Object.entries(entries));
const changes = (more: Partial<Changes> = {}): Changes => ({
  staying: [],
  joining: [],
  commands: [],
  startRound: 0,
  ...more,
});
const childOf = (view: View, ...commands: Command[]): View =>
  nextView(view, 'a', changes({ staying: [{ peer: 'a', workers: 2 }], commands, startRound: 7 }));

describe('seats', () => {
  it('a leaver’s seat goes free, nobody moves, and a newcomer takes the lowest free seat', () => {
    const first = reseat([], wanted({ a: 2, b: 1, c: 1 }), new Set(), 1);
    expect(first.map(({ seat, peer, worker }) => `${seat}${peer}${worker}`)).toEqual([
      '0a0',
      '1a1',
      '2b0',
      '3c0',
    ]);
    const left = reseat(first, wanted({ a: 1, c: 1 }), new Set(), 2);
    expect(left.map(({ seat, peer }) => `${seat}${peer}`)).toEqual(['0a', '3c']);
    const joined = reseat(left, wanted({ a: 1, c: 1, d: 3 }), new Set(['d']), 3);
    expect(joined.map(({ seat, peer, since }) => `${seat}${peer}${since}`)).toEqual([
      '0a1',
      '1d3',
      '2d3',
      '3c1',
      '4d3',
    ]);
    expect(compact(left).map(({ seat, peer }) => `${seat}${peer}`)).toEqual(['0a', '1c']);
  });

  it('one that joins anew does not keep what it had', () => {
    const first = reseat([], wanted({ a: 1, b: 1 }), new Set(), 1);
    const again = reseat(first, wanted({ b: 1, a: 1 }), new Set(['a']), 2);
    expect(again).toEqual([
      { seat: 0, peer: 'a', worker: 0, since: 2 },
      { seat: 1, peer: 'b', worker: 0, since: 1 },
    ]);
    // And so it does not lead, though its seat comes first.
    expect(bySeniority({ seats: again })).toEqual(['b', 'a']);
  });

  it('never gives a seat twice, nor more than there are', () => {
    const peers = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.integer({ min: 1, max: 64 }));
    fc.assert(
      fc.property(peers, peers, fc.subarray(['a', 'b', 'c', 'd', 'e']), (before, then, anew) => {
        const first = reseat([], wanted(before), new Set(), 1);
        const second = reseat(first, wanted(then), new Set(anew), 2);
        const numbers = second.map(({ seat }) => seat);
        expect(numbers).toEqual([...new Set(numbers)].sort((x, y) => x - y));
        expect(numbers.every((seat) => seat < 256)).toBe(true);
        for (const [peer, count] of Object.entries(then)) {
          const mine = seatsOf({ seats: second }, peer).map(({ worker }) => worker);
          expect(mine.length).toBeLessThanOrEqual(count);
          if (numbers.length < 256) expect(mine.length).toBe(count);
        }
      }),
    );
  });
});

describe('standing', () => {
  const some = (more: Partial<Standing>): Standing => ({
    id: 'x',
    counter: 1,
    leader: 'm',
    size: 1,
    trained: false,
    established: false,
    ...more,
  });

  it('goes by established, trained, size, counter, then the lower leader', () => {
    const ascending = [
      some({ id: '1', leader: 'z' }),
      some({ id: '2', leader: 'a' }),
      some({ id: '3', leader: 'z', counter: 2 }),
      some({ id: '4', leader: 'z', size: 2 }),
      some({ id: '5', leader: 'z', trained: true }),
      some({ id: '6', leader: 'z', established: true }),
    ];
    for (const [index, one] of ascending.entries()) {
      for (const [other, two] of ascending.entries()) {
        expect(Math.sign(compareStanding(one, two))).toBe(Math.sign(index - other));
      }
    }
  });

  it('tells a newcomer from one that stayed, even if it grew', () => {
    const view = aloneView('a', 1, '{}');
    const grown = nextView(
      view,
      'a',
      changes({ staying: [{ peer: 'a', workers: 2 }], joining: [{ peer: 'b', workers: 2 }] }),
    );
    expect([isFresh(view, 'a'), isFresh(grown, 'a'), isFresh(grown, 'b')]).toEqual([true, false, true]);
  });
});

describe('the next view', () => {
  const view = aloneView('a', 2, '{"seats":5}');

  it('names its parent, and itself by counter, leader and parent', () => {
    const next = childOf(view);
    expect(next).toMatchObject({ counter: 2, parent: view.id, leader: 'a', startRound: 7 });
    expect(next.id).toBe(viewId(2, 'a', view.id));
    expect(next.id).toMatch(/^[0-9a-f]{16}$/);
    expect(viewId(2, 'b', view.id)).not.toBe(next.id);
    expect(viewId(2, 'a', next.id)).not.toBe(next.id);
  });

  it('takes commands in order', () => {
    expect(childOf(view, { kind: 'start', stopAt: null }).run).toMatchObject({
      running: true,
      stopAt: null,
      epoch: 0,
      dealt: 5,
    });
    expect(childOf(view, { kind: 'step' }).run).toMatchObject({
      running: true,
      stopAt: 8,
      epoch: 0,
      dealt: 5,
    });
    expect(childOf(view, { kind: 'start', stopAt: 20 }, { kind: 'step' }).run.stopAt).toBe(20);
    expect(childOf(view, { kind: 'start', stopAt: 20 }, { kind: 'pause' }).run).toMatchObject({
      running: false,
      dealt: 5,
    });
    const again = childOf(view, { kind: 'start', stopAt: 20 }, { kind: 'reset' }, { kind: 'step' });
    expect(again).toMatchObject({ startRound: 0, run: { running: true, stopAt: 1, epoch: 1, dealt: 5 } });
    // A model that somebody loaded belongs to its epoch, and goes with it.
    const model = 'ab'.repeat(32);
    const loaded = childOf(view, { kind: 'reset', model }, { kind: 'step' });
    expect(loaded).toMatchObject({ startRound: 0, run: { epoch: 1, stopAt: 1, model } });
    expect(childOf(loaded, { kind: 'reset' }).run.model).toBeUndefined();
    // A saved run goes on where it was, with the data as it was dealt, until the next reset.
    const resumed = { id: 'cd'.repeat(32), round: 40, dealt: 6, workers: 3, exact: true };
    const on = childOf(view, { kind: 'reset', resumed });
    expect(on).toMatchObject({ startRound: 40, run: { running: false, epoch: 1, dealt: 6, resumed } });
    expect(on.run.resumed?.began).toBe(on.counter);
    expect(childOf(on, { kind: 'start', stopAt: 50 }).run.resumed?.began).toBe(on.counter);
    expect(on.seats.map(({ seat }) => seat)).toEqual(on.seats.map((_, rank) => rank));
    expect(childOf(on, { kind: 'reset' })).toMatchObject({ startRound: 0, run: { dealt: null } });
    expect(childOf(on, { kind: 'reset' }).run.resumed).toBeUndefined();
  });

  it('starts afresh with a recipe that restarts, goes on with one that does not, ignores the same', () => {
    const recipe = '{"seats":0}';
    expect(childOf(view, { kind: 'recipe', recipe, restart: true })).toMatchObject({
      recipe,
      recipeVersion: 2,
      startRound: 0,
      run: { epoch: 1 },
    });
    expect(childOf(view, { kind: 'recipe', recipe, restart: false })).toMatchObject({
      recipe,
      recipeVersion: 2,
      startRound: 7,
      run: { epoch: 0 },
    });
    expect(childOf(view, { kind: 'recipe', recipe: view.recipe, restart: true })).toMatchObject({
      recipeVersion: 1,
      startRound: 7,
      run: { epoch: 0 },
    });
  });

  it('reads the number of seats from any text', () => {
    const texts = [
      '{"seats":12}',
      '{"seats":-1}',
      '{"seats":"9"}',
      '{"seats":1.5}',
      '[]',
      'null',
      'x',
      '{"seats":1e9}',
    ];
    expect(texts.map(recipeSeats)).toEqual([12, 0, 0, 0, 0, 0, 0, 65_535]);
  });

  it('knows when a run is at its end', () => {
    const run = { running: true, stopAt: 5, epoch: 0, dealt: 1 };
    expect([isActive(run, 4), isActive(run, 5), isActive({ ...run, stopAt: null }, 99)]).toEqual([
      true,
      false,
      true,
    ]);
    expect(isActive({ ...run, running: false }, 1)).toBe(false);
  });

  it('tells a view that cannot be one', () => {
    expect(malformed(view)).toBeNull();
    const bad = (more: Partial<View>) => {
      const changed = { ...view, ...more };
      return malformed({ ...changed, id: viewId(changed.counter, changed.leader, changed.parent) });
    };
    const [first, second] = view.seats;
    if (first === undefined || second === undefined) throw new Error('no seats');
    expect(malformed({ ...view, id: 'f'.repeat(16) })).toContain('id');
    expect(bad({ seats: [second, first] })).toContain('order');
    expect(bad({ seats: [first, { ...second, worker: 0 }] })).toContain('two seats');
    expect(bad({ seats: [first, { ...second, since: 9 }] })).toContain('future');
    expect(bad({ seats: [first, { ...second, peer: 'é' }] })).toContain('no peer');
    expect(bad({ seats: [] })).toContain('leader');
    expect(bad({ startRound: 2 ** 32 - 1 })).toContain('too large');
    expect(bad({ recipe: '\u0001'.repeat(9000) })).toContain('recipe');
  });
});

describe('the command desk', () => {
  const start: Command = { kind: 'start', stopAt: null };

  it('sends a command until a view names it, to whoever leads, and gives up in the end', () => {
    const desk = new CommandDesk('me');
    desk.ask(start, 0);
    expect(desk.due('x', 0)).toEqual([{ peer: 'me', number: 1, command: start }]);
    expect(desk.due('x', 1)).toEqual([]);
    expect(desk.due('y', 2).length).toBe(1);
    expect(desk.due('y', 2 + RESEND_MS).length).toBe(1);
    desk.settle([{ peer: 'me', number: 1 }], false);
    expect(desk.due('z', 5000)).toEqual([]);
    desk.ask({ kind: 'pause' }, 0);
    expect(desk.expire(COMMAND_MS - 1)).toEqual([]);
    expect(desk.expire(COMMAND_MS)).toEqual([{ kind: 'pause' }]);
    expect(desk.due('z', COMMAND_MS)).toEqual([]);
  });

  it('queues each command once, in order, and a bounded number for each peer', () => {
    const desk = new CommandDesk('me');
    desk.settle([{ peer: 'b', number: 1 }], true);
    for (const number of [1, 2, 2, 3]) desk.enqueue({ peer: 'b', number, command: start });
    expect(desk.next('graceful').map(({ number }) => number)).toEqual([2, 3]);
    desk.settle([{ peer: 'b', number: 2 }], true);
    expect(desk.next('graceful').map(({ number }) => number)).toEqual([3]);
    for (let number = 10; number < 100; number++) desk.enqueue({ peer: 'c', number, command: start });
    expect(desk.next('graceful').length).toBe(17);
    desk.settle([], false);
    expect(desk.wants()).toBeNull();
  });

  it('keeps what interrupts rounds for a change that does', () => {
    const desk = new CommandDesk('me');
    const commands: Command[] = [start, { kind: 'reset' }, { kind: 'pause' }];
    for (const [number, command] of commands.entries()) desk.enqueue({ peer: 'b', number, command });
    expect(desk.wants()).toBe('abort');
    expect(desk.next('graceful').map(({ command }) => command.kind)).toEqual(['start']);
    expect(desk.next('abort').map(({ command }) => command.kind)).toEqual(['start', 'reset', 'pause']);
  });
});

describe('the gate', () => {
  const mine: Passport = { protocol: 1, lab: '1.0', built: 100, recipeHash: 'aa', layoutHash: 'bb' };

  it('names what differs', () => {
    expect(differenceBetween(mine, { ...mine, built: 5 })).toBeNull();
    expect(differenceBetween(mine, { ...mine, recipeHash: 'cc', layoutHash: 'dd' })).toBeNull();
    expect(differenceBetween(mine, { ...mine, layoutHash: '' })).toBeNull();
    expect(differenceBetween(mine, { ...mine, protocol: 2 })?.message).toContain(
      'protocol 1 here, protocol 2 there',
    );
    expect(differenceBetween(mine, { ...mine, lab: '2.0' })?.message).toContain(
      'version 1.0 here, version 2.0 there',
    );
    expect(differenceBetween(mine, { ...mine, layoutHash: 'cc' })?.message).toContain(
      'layout bb here, layout cc there',
    );
  });

  it('tells the older one to reload', () => {
    const newer = { ...mine, lab: '2.0', built: 200 };
    const difference = differenceBetween(mine, newer);
    if (difference === null) throw new Error('no difference');
    expect(noticeOf(difference, mine, newer, 'Ada')).toMatchObject({
      level: 'error',
      todo: 'This tab is the older one: reload this tab.',
    });
    expect(noticeOf(difference, newer, mine, '')).toMatchObject({
      level: 'warning',
      todo: 'Reload the other tab.',
    });
  });
});

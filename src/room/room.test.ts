/** The room on good days: alone, together, late, leaving, and everything a person can ask of the flock. */
import { describe, expect, it, vi } from 'vitest';
import type { ReportRow } from '../protocol/control.ts';
import { type Actor, Stage, seeded, violations } from './rehearsal.ts';
import { seatsOf } from './seats.ts';
import type { View } from './view.ts';

vi.setConfig({ testTimeout: 60_000 });

function viewOf(actor: Actor | undefined): View {
  if (actor?.room.view === null || actor === undefined) throw new Error('no view');
  return actor.room.view;
}

async function flock(size: number, random?: () => number) {
  const stage = new Stage(random);
  const actors: Actor[] = [];
  for (let index = 0; index < size; index++) {
    actors.push(stage.add(`p${index}`));
    await stage.settled();
  }
  const [first] = actors;
  if (first === undefined) throw new Error('an empty flock');
  return { stage, actors, first };
}

/** All are in one view, and have completed this many rounds. */
const allAt = (actors: readonly Actor[], round: number) => () =>
  actors.every(({ host }) => host.round === round);

describe('Room', () => {
  it('is at once a ring of one, and runs alone', async () => {
    const stage = new Stage();
    const alone = stage.add('solo', { workers: 8 });
    expect(viewOf(alone)).toMatchObject({ counter: 1, leader: 'solo', startRound: 0, recipeVersion: 1 });
    expect(viewOf(alone).seats.map(({ seat, worker }) => [seat, worker])).toEqual(
      Array.from({ length: 8 }, (_, index) => [index, index]),
    );
    alone.room.command({ kind: 'start', stopAt: 5 });
    await stage.until(() => alone.host.round === 5);
    expect(viewOf(alone).run).toMatchObject({ running: true, stopAt: 5, epoch: 0, dealt: 8 });
    await stage.clock.pass(5000);
    expect(alone.host.round).toBe(5);
  });

  it('brings five that open at once into one view within two seconds', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const stage = new Stage(seeded(seed), 80);
      for (const id of ['e', 'b', 'c', 'a', 'd']) stage.add(id);
      const view = await stage.settled(undefined, 2000);
      expect(view.seats.map(({ seat }) => seat)).toEqual([0, 1, 2, 3, 4]);
      expect(violations(stage.actors)).toEqual([]);
    }
  });

  it('knows its members', async () => {
    const { first } = await flock(3);
    expect(first.room.members()).toEqual(
      ['p0', 'p1', 'p2'].map((peer) => ({
        peer,
        member: true,
        name: peer,
        hidden: false,
        backend: 'cpu',
        adapter: 'test',
        workers: 1,
        suspectedSince: null,
        carrier: 'memory',
      })),
    );
    expect(first.room.leader).toBe('p0');
  });

  it('starts from any peer, for all at the same round, with the data dealt once', async () => {
    const { stage, actors, first } = await flock(3);
    actors[2]?.room.command({ kind: 'start', stopAt: 20 });
    await stage.until(allAt(actors, 20), 20_000);
    expect(new Set(actors.map(({ room }) => room.view?.id)).size).toBe(1);
    expect(viewOf(first).run).toMatchObject({ running: true, stopAt: 20, epoch: 0, dealt: 3 });
  });

  it('deals over as many seats as the recipe says', async () => {
    const stage = new Stage();
    const alone = stage.add('solo', { recipe: '{"seats": 6}', workers: 2 });
    alone.room.command({ kind: 'start', stopAt: null });
    await stage.until(() => viewOf(alone).run.dealt === 6);
    const other = stage.add('other', { recipe: '{"seats": 1}' });
    await stage.settled();
    expect(viewOf(other).recipe).toBe('{"seats": 6}');
    expect(seatsOf(viewOf(alone), 'other').map(({ seat }) => seat)).toEqual([2]);
  });

  it('pauses, steps, resets and changes the recipe for all', async () => {
    const { stage, actors, first } = await flock(3);
    const [, second, third] = actors;
    second?.room.command({ kind: 'start', stopAt: null });
    await stage.until(() => first.host.round >= 4);
    third?.room.command({ kind: 'pause' });
    await stage.until(() => actors.every(({ room }) => room.view?.run.running === false));
    await stage.clock.pass(2000);
    const { round } = first.host;
    expect(actors.map(({ host }) => host.round)).toEqual([round, round, round]);

    second?.room.command({ kind: 'step' });
    await stage.until(allAt(actors, round + 1));
    await stage.clock.pass(2000);
    expect(actors.map(({ host }) => host.round)).toEqual([round + 1, round + 1, round + 1]);

    third?.room.command({ kind: 'reset' });
    await stage.until(allAt(actors, 0));
    expect(viewOf(first)).toMatchObject({ startRound: 0, run: { running: false, epoch: 1, dealt: null } });

    second?.room.command({ kind: 'recipe', recipe: '{"seats":4}', restart: true });
    await stage.until(() => actors.every(({ room }) => room.view?.recipeVersion === 2));
    expect(viewOf(third)).toMatchObject({ recipe: '{"seats":4}', run: { epoch: 2 } });
    second?.room.command({ kind: 'recipe', recipe: '{"seats":4,"lr":1}', restart: false });
    await stage.until(() => actors.every(({ room }) => room.view?.recipeVersion === 3));
    expect(viewOf(third).run.epoch).toBe(2);
    expect(violations(actors)).toEqual([]);
  });

  it('a step while rounds are running changes nothing', async () => {
    const { stage, actors, first } = await flock(2);
    first.room.command({ kind: 'start', stopAt: 9 });
    await stage.until(() => first.host.round >= 2);
    first.room.command({ kind: 'step' });
    await stage.until(allAt(actors, 9));
    expect(viewOf(first).run.stopAt).toBe(9);
  });

  it('carries out commands in one order at all peers, each exactly once', async () => {
    const { stage, actors } = await flock(4, seeded(7));
    const sent: string[] = [];
    for (let index = 0; index < 12; index++) {
      const recipe = `{"n":${index}}`;
      sent.push(recipe);
      actors[index % 4]?.room.command({ kind: 'recipe', recipe, restart: index % 2 === 0 });
      await stage.clock.pass(index % 3 === 0 ? 40 : 0);
    }
    await stage.until(() => actors.every(({ room }) => room.view?.recipeVersion === 13));
    await stage.clock.pass(3000);
    const histories = actors.map(({ host }) =>
      host.installed
        .filter(({ view }) => view.counter > 4)
        .map(({ view }) => [view.id, view.recipe, view.recipeVersion]),
    );
    for (const history of histories) expect(history).toEqual(histories[0]);
    expect(viewOf(actors[0]).recipeVersion).toBe(13);
  });

  it('lets a late peer in at a round boundary, and gives it the seat of one that left', async () => {
    const { stage, actors, first } = await flock(3);
    first.room.command({ kind: 'start', stopAt: null });
    await stage.until(() => first.host.round >= 3);
    const [, second] = actors;
    if (second === undefined) throw new Error('no second');
    const { seat } = seatsOf(viewOf(first), second.id)[0] ?? {};
    stage.close(second);
    await stage.settled(stage.living, 500);
    const late = stage.add('late', { recipe: '{"other":"recipe"}' });
    await stage.settled(stage.living, 1000);
    const [holder] = seatsOf(viewOf(late), 'late');
    expect(holder).toMatchObject({ seat, since: viewOf(late).counter });
    expect(viewOf(late).startRound).toBeGreaterThanOrEqual(3);
    expect(late.host.installed.at(-1)).toMatchObject({ fresh: true });
    expect(viewOf(late).recipe).toBe(first.host.installed[0]?.view.recipe);
    const another = stage.add('another');
    await stage.settled(stage.living, 1000);
    expect(seatsOf(viewOf(another), 'another').map((holder) => holder.seat)).toEqual([3]);
    await stage.until(() => another.host.total > 3);
    expect(violations(stage.actors)).toEqual([]);
  });

  it('goes on as a ring of two within half a second of a goodbye', async () => {
    const { stage, actors, first } = await flock(3);
    first.room.command({ kind: 'start', stopAt: null });
    await stage.until(() => first.host.round >= 3);
    stage.close(first);
    const rest = actors.slice(1);
    const view = await stage.settled(rest, 500);
    const totals = rest.map(({ host }) => host.total);
    await stage.until(() => rest.every(({ host }, index) => host.total > (totals[index] ?? 0) + 2), 2000);
    expect(view.leader).toBe('p1');
    expect(violations(stage.actors)).toEqual([]);
  });

  it('compacts seats at the first start of an epoch', async () => {
    const { stage, actors, first } = await flock(3);
    const [, second] = actors;
    if (second !== undefined) stage.close(second);
    await stage.settled();
    expect(viewOf(first).seats.map(({ seat }) => seat)).toEqual([0, 2]);
    first.room.command({ kind: 'start', stopAt: null });
    await stage.until(() => viewOf(first).run.dealt === 2);
    expect(viewOf(first).seats.map(({ seat }) => seat)).toEqual([0, 1]);
  });

  it('changes the number of workers, and loses no round by it', async () => {
    const { stage, actors, first } = await flock(2);
    const [, second] = actors;
    first.room.command({ kind: 'start', stopAt: null });
    await stage.until(() => first.host.round >= 3);
    second?.room.setWorkers(3);
    await stage.until(() => actors.every(({ room }) => room.view?.seats.length === 4));
    expect(seatsOf(viewOf(first), 'p1').map(({ seat, worker }) => [seat, worker])).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
    ]);
    expect(second?.host.installed.at(-1)).toMatchObject({ mode: 'graceful', fresh: false });
    second?.room.setWorkers(1);
    await stage.until(() => actors.every(({ room }) => room.view?.seats.length === 2));
    expect(viewOf(first).seats.map(({ seat }) => seat)).toEqual([0, 1]);
    expect(violations(actors)).toEqual([]);
  });

  it('keeps an established room when another opens at the same time', async () => {
    const stage = new Stage();
    const strangers = [stage.add('a'), stage.add('b')];
    await stage.settled(strangers);
    const room = stage.add('z', { recipe: '{"the":"room"}' });
    room.room.setEstablished();
    const view = await stage.settled();
    expect(view.recipe).toBe('{"the":"room"}');
    expect(view.leader).toBe('z');
  });

  it('enters a new view when a worker asks to renew what is held about it', async () => {
    const { stage, actors, first } = await flock(2);
    first.room.command({ kind: 'start', stopAt: null });
    await stage.until(() => first.host.round >= 2);
    const { id } = viewOf(first);
    actors[1]?.room.command({ kind: 'renew' });
    await stage.until(() => actors.every(({ room }) => room.view?.parent === id));
    expect(first.host.installed.at(-1)).toMatchObject({ mode: 'abort', fresh: false });
    expect(viewOf(first).run.running).toBe(true);
  });

  it('tells the others how it looks from here', async () => {
    const { stage, actors, first } = await flock(2);
    const [, second] = actors;
    const got: [string, number, readonly ReportRow[]][] = [];
    first.room.onReport((from, epoch, rows) => got.push([from, epoch, rows]));
    const row: ReportRow = {
      seat: 1,
      round: 4,
      diverged: false,
      lossRound: 4,
      testRound: 4,
      trainLoss: Number.NaN,
      testLoss: 0.5,
      testAccuracy: 0.75,
      bytesSent: 1,
      bytesReceived: 2,
      residualNorm: null,
      rows: 10,
      edges: [[0, 5]],
    };
    second?.room.report([row, { ...row, seat: 0 }]); // seat 0 is not its own
    await stage.clock.pass(100);
    expect(got).toEqual([['p1', 0, [{ ...row, trainLoss: null }]]]);

    let changes = 0;
    first.room.onChange(() => changes++);
    second?.room.setHidden(true);
    second?.room.setName('Ada');
    await stage.clock.pass(100);
    expect(first.room.members()[1]).toMatchObject({ peer: 'p1', hidden: true, name: 'Ada' });
    expect(changes).toBeGreaterThan(0);
  });

  it('is quiet when nothing happens: two heartbeats a second for each pair', async () => {
    const { stage, first } = await flock(3);
    await stage.clock.pass(1000);
    const before = first.post.totals().bytesControl;
    await stage.clock.pass(10_000);
    const spent = first.post.totals().bytesControl - before;
    expect(spent).toBeLessThan(2 * 10 * 2 * 400);
  });
});

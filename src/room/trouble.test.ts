/** The room on bad days, one trouble at a time: vanished tabs, dead leaders, partitions, sleep, strangers. */
import { describe, expect, it, vi } from 'vitest';
import { type Actor, Stage, seeded, violations } from './rehearsal.ts';
import { bySeniority, seatsOf } from './seats.ts';
import type { View } from './view.ts';

vi.setConfig({ testTimeout: 60_000 });

function viewOf(actor: Actor | undefined): View {
  if (actor?.room.view === null || actor === undefined) throw new Error('no view');
  return actor.room.view;
}

/** A flock that trains, with its members by seniority. */
async function training(size: number, random?: () => number) {
  const stage = new Stage(random);
  const actors: Actor[] = [];
  for (let index = 0; index < size; index++) {
    actors.push(stage.add(`p${index}`));
    await stage.settled();
  }
  actors[0]?.room.command({ kind: 'start', stopAt: null });
  await stage.until(() => actors.every(({ host }) => host.round >= 3));
  return { stage, actors };
}

async function trainsOn(stage: Stage, actors: readonly Actor[], limitMs = 3000): Promise<void> {
  const totals = actors.map(({ host }) => host.total);
  await stage.until(() => actors.every(({ host }, index) => host.total >= (totals[index] ?? 0) + 3), limitMs);
}

describe('a tab that vanishes', () => {
  it('without a word: a ring of three trains on as a ring of two within six seconds', async () => {
    for (let victim = 0; victim < 3; victim++) {
      for (let seed = 1; seed <= 10; seed++) {
        const { stage, actors } = await training(3, seeded(seed));
        await stage.clock.pass(700 * ((seed * 0.37) % 1));
        const since = stage.clock.now();
        stage.crash(actors[victim] as Actor);
        const rest = stage.living;
        const totals = rest.map(({ host }) => host.total);
        await stage.settled(rest, 6000);
        await stage.until(
          () => rest.every(({ host }, index) => host.total >= (totals[index] ?? 0) + 2),
          6000 - (stage.clock.now() - since),
        );
        expect(violations(stage.actors)).toEqual([]);
      }
    }
  });

  it('is shown as out of touch before it is given up', async () => {
    const { stage, actors } = await training(3);
    const [first, , third] = actors;
    stage.crash(third as Actor);
    const suspected = () => first?.room.members().find(({ peer }) => peer === 'p2')?.suspectedSince ?? null;
    await stage.until(() => suspected() !== null || seatsOf(viewOf(first), 'p2').length === 0, 4000);
    await stage.settled(stage.living, 2000);
    const members = first?.room.members().filter(({ member }) => member);
    expect(members?.map(({ peer }) => peer)).toEqual(['p0', 'p1']);
  });

  it('as the leader, in the middle of every phase of a change', async () => {
    for (let delay = 0; delay <= 160; delay += 4) {
      const { stage, actors } = await training(4, seeded(delay + 1));
      const [leader, ...rest] = actors;
      rest[1]?.room.command({ kind: 'pause' });
      await stage.clock.pass(delay / 2);
      stage.crash(leader as Actor);
      const view = await stage.settled(rest, 8000);
      expect(view.leader).not.toBe('p0');
      // The command outlives the leader that was to carry it out.
      await stage.until(() => rest.every(({ room }) => room.view?.run.running === false), 3000);
      expect(violations(stage.actors)).toEqual([]);
    }
  });

  it('together with the next in line', async () => {
    const { stage, actors } = await training(4);
    stage.crash(actors[0] as Actor);
    stage.crash(actors[1] as Actor);
    await stage.settled(actors.slice(2), 6000);
    await trainsOn(stage, actors.slice(2));
  });
});

describe('a partition', () => {
  it('lets both sides train on, and heals into one view', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { stage, actors } = await training(5, seeded(seed));
      const many = actors.slice(0, 2);
      const few = actors.slice(2);
      stage.cut(many, few);
      await stage.until(() => stage.agreed(many) && stage.agreed(few), 8000);
      expect(viewOf(many[0]).id).not.toBe(viewOf(few[0]).id);
      await trainsOn(stage, actors);
      stage.heal(many, few);
      const view = await stage.settled(actors, 10_000);
      // The smaller side came as newcomers to the larger.
      expect(seatsOf(view, 'p2')[0]?.since).toBeLessThan(seatsOf(view, 'p0')[0]?.since ?? 0);
      expect(many[0]?.host.installed.at(-1)?.view.recipeVersion).toBe(view.recipeVersion);
      await trainsOn(stage, actors);
      expect(violations(actors)).toEqual([]);
    }
  });

  it('of two members only costs the junior its place, until the link is back', async () => {
    const { stage, actors } = await training(4);
    const [first, second, third, fourth] = actors as [Actor, Actor, Actor, Actor];
    stage.cut([second], [fourth]);
    await stage.settled([first, second, third], 6000);
    await trainsOn(stage, [first, second, third]);
    stage.heal([second], [fourth]);
    await stage.settled(actors, 8000);
  });

  it('that was but a short outage changes nothing', async () => {
    const { stage, actors } = await training(3);
    const { id } = viewOf(actors[0]);
    stage.cut(actors.slice(0, 1), actors.slice(1), 'hold');
    await stage.clock.pass(2000);
    stage.heal(actors.slice(0, 1), actors.slice(1));
    await trainsOn(stage, actors);
    expect(viewOf(actors[2]).id).toBe(id);
  });
});

describe('a tab that sleeps', () => {
  it('for long is given up, and comes back as a newcomer', async () => {
    const { stage, actors } = await training(3);
    const [first, second, third] = actors as [Actor, Actor, Actor];
    stage.stall(first, 10_000);
    await stage.settled([second, third], 6000);
    await trainsOn(stage, [second, third]);
    await stage.clock.pass(stage.stalledFor());
    const view = await stage.settled(actors, 6000);
    expect(seatsOf(view, 'p0')[0]?.since).toBeGreaterThan(seatsOf(view, 'p1')[0]?.since ?? 0);
    await trainsOn(stage, actors);
    expect(violations(actors)).toEqual([]);
  });

  it('for a moment blames nobody', async () => {
    const { stage, actors } = await training(3);
    const { id } = viewOf(actors[0]);
    stage.stall(actors[1] as Actor, 2200);
    await stage.clock.pass(5000);
    expect(new Set(actors.map(({ room }) => room.view?.id))).toEqual(new Set([id]));
  });
});

describe('a stranger', () => {
  it('of another version is refused by both, and the older is told to reload', async () => {
    const stage = new Stage();
    const old = stage.add('old', { lab: '0.9.0', built: 1000 });
    const fresh = stage.add('fresh', { lab: '1.0.0', built: 2000 });
    await stage.clock.pass(2000);
    expect([old, fresh].map(({ room }) => room.view?.counter)).toEqual([1, 1]);
    expect(old.notices).toEqual([
      expect.objectContaining({ id: 'refused-lab', todo: 'This tab is the older one: reload this tab.' }),
    ]);
    expect(old.notices[0]?.what).toContain('version 0.9.0 here, version 1.0.0 there');
    expect(fresh.notices).toEqual([
      expect.objectContaining({ id: 'refused-lab', todo: 'Reload the other tab.' }),
    ]);
    expect(old.transport.peers()).toEqual([]);
  });

  it('whose recipe makes another layout is refused; another recipe is not', async () => {
    const stage = new Stage();
    const one = stage.add('one', { layoutHash: 'aaaa' });
    const two = stage.add('two', { layoutHash: 'bbbb' });
    await stage.clock.pass(1000);
    expect(one.notices[0]).toMatchObject({ id: 'refused-layout' });
    expect(two.notices[0]?.what).toContain('layout bbbb here, layout aaaa there');
    stage.close(two);
    const three = stage.add('three', { layoutHash: 'aaaa', recipe: '{"another":"recipe"}' });
    await stage.settled([one, three], 1000);
    expect(three.notices).toEqual([]);
    // One that turns out to differ only once it has the room's recipe is found out then.
    const four = stage.add('four', { layoutHash: 'cccc', recipe: '{"yet":"another"}' });
    await stage.clock.pass(2000);
    expect(stage.agreed([one, three])).toBe(true);
    expect(four.notices[0]).toMatchObject({ id: 'refused-layout' });
  });

  it('that cannot run the room’s recipe stays by itself and says why', async () => {
    const { stage, actors } = await training(2);
    const picky = stage.add('picky', { recipe: '{"own":"recipe"}' });
    picky.host.refusedRecipe = viewOf(actors[0]).recipe;
    await stage.clock.pass(5000);
    const { id } = viewOf(actors[0]);
    await stage.clock.pass(25_000);
    expect(viewOf(actors[0]).id).toBe(id); // it was asked once, and is not waited for again
    expect(bySeniority(viewOf(picky))).toEqual(['picky']);
    expect(picky.notices.at(-1)).toMatchObject({ id: 'recipe-foreign' });
    await stage.settled(actors, 1);
    await trainsOn(stage, actors);
  });

  it('for whom there is no free seat is told so', async () => {
    const stage = new Stage();
    for (let index = 0; index < 4; index++) stage.add(`p${index}`, { workers: 63 });
    await stage.settled(undefined, 3000);
    const last = stage.add('last', { workers: 5 });
    await stage.clock.pass(2000);
    expect(bySeniority(viewOf(last))).toEqual(['last']);
    expect(last.notices[0]).toMatchObject({ id: 'refused-full', what: 'The room is full.' });
    const small = stage.add('small', { workers: 4 });
    await stage.settled([...stage.actors.slice(0, 4), small], 3000);
    // One that wants more than there is gets what there is.
    small.room.setWorkers(20);
    await stage.clock.pass(3000);
    expect(viewOf(small).seats.length).toBe(256);
    const { id } = viewOf(small);
    await stage.clock.pass(3000);
    expect(viewOf(small).id).toBe(id);
  });
});

describe('a command', () => {
  it('with a recipe that is refused or too long never leaves', async () => {
    const { stage, actors } = await training(2);
    const [first] = actors as [Actor, Actor];
    first.host.refusedRecipe = '{"bad":1}';
    first.room.command({ kind: 'recipe', recipe: '{"bad":1}', restart: true });
    first.room.command({ kind: 'recipe', recipe: 'x'.repeat(20_000), restart: true });
    first.room.command({ kind: 'recipe', recipe: '\u0001'.repeat(10_000), restart: true });
    await stage.clock.pass(1000);
    expect(first.notices.map(({ what }) => what)).toEqual([
      'The new recipe was not taken: it is not to my taste.',
      expect.stringContaining('longer than'),
      expect.stringContaining('longer than'),
    ]);
    expect(viewOf(first).recipeVersion).toBe(1);
  });

  it('that the others would not take is reported as lost', async () => {
    const { stage, actors } = await training(2);
    const [first, second] = actors as [Actor, Actor];
    first.host.refusedRecipe = '{"bad":1}';
    second.room.command({ kind: 'recipe', recipe: '{"bad":1}', restart: true });
    await stage.clock.pass(12_000);
    expect(second.notices.at(-1)).toMatchObject({ id: 'command-lost' });
    await stage.settled(actors, 1);
  });

  it('carries the largest recipe and the fullest view in one message', async () => {
    const stage = new Stage();
    const long = (index: number) => `${index}`.padEnd(64, 'x');
    for (let index = 0; index < 4; index++) stage.add(long(index), { workers: 64 });
    await stage.settled(undefined, 3000);
    const recipe = JSON.stringify({ note: 'n'.repeat(16_000) });
    stage.actors[3]?.room.command({ kind: 'recipe', recipe, restart: true });
    await stage.until(() => stage.actors.every(({ room }) => room.view?.recipe === recipe), 3000);
    expect(viewOf(stage.actors[0]).seats.length).toBe(256);
  });
});

/** The room on good days: alone, together, late, leaving, and everything a person can ask of the flock. */
import { describe, expect, it } from 'vitest';
import { type Actor, Stage, violations } from './rehearsal.ts';
import type { View } from './view.ts';

const recipe = (seats: number, note = '') => JSON.stringify({ seats, note });

function viewOf(actor: Actor): View {
  if (actor.room.view === null) throw new Error('no view');
  return actor.room.view;
}

async function flock(size: number, random?: () => number) {
  const stage = new Stage(random);
  const actors = Array.from({ length: size }, (_, index) => stage.add(`p${index}`));
  await stage.settled();
  return { stage, actors, first: actors[0] as Actor };
}

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
    expect(viewOf(alone).run).toEqual({ running: true, stopAt: 5, epoch: 0, dealt: 8 });
    await stage.clock.pass(5000);
    expect(alone.host.round).toBe(5);
  });

  it('brings three peers into one view within a second', async () => {
    const stage = new Stage();
    for (const id of ['a', 'b', 'c']) stage.add(id);
    const view = await stage.settled(undefined, 1000);
    expect(view.seats.map(({ seat }) => seat)).toEqual([0, 1, 2]);
    expect(
      stage.actors[0]?.room
        .members()
        .map(({ member, suspectedSince, carrier }) => [member, suspectedSince, carrier]),
    ).toEqual(Array.from({ length: 3 }, () => [true, null, 'memory']));
    expect(violations(stage.actors)).toEqual([]);
  });

  it('starts, from any peer, for all at the same round', async () => {
    const { stage, actors } = await flock(3);
    actors[2]?.room.command({ kind: 'start', stopAt: 20 });
    await stage.until(() => actors.every(({ host }) => host.round === 20));
    expect(new Set(actors.map(({ room }) => room.view?.id)).size).toBe(1);
    expect(viewOf(actors[0] as Actor).run).toEqual({ running: true, stopAt: 20, epoch: 0, dealt: 3 });
  });
});

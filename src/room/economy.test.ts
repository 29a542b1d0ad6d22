/**
 * What a room costs by size: control bytes of a member a second must not grow with the number of members,
 * in a quiet flock and in one that reports as fast as it can; and what is no longer said by all to all is
 * noticed all the same.
 */
import { describe, expect, it, vi } from 'vitest';
import type { ReportRow } from '../protocol/control.ts';
import { type Actor, Stage, violations } from './rehearsal.ts';
import { seatsOf } from './seats.ts';

vi.setConfig({ testTimeout: 60_000 });

/** So many peers in one view; ids as long as real ones. */
async function gathered(size: number) {
  const stage = new Stage();
  for (let index = 0; index < size; index += 1) {
    const actor = stage.add(`${String(index).padStart(3, '0')}-0123456789abcdef`);
    if (index === 0) actor.room.setEstablished();
  }
  await stage.settled(undefined, 10_000);
  await stage.clock.pass(2000);
  return stage;
}

const rowOf = (seat: number, round: number): ReportRow => ({
  ...{ seat, round, trainLoss: Math.sin(seat + round), testLoss: 0.5, testAccuracy: 0.75 },
  ...{
    lossRound: round,
    testRound: 0,
    diverged: false,
    bytesSent: 815_000 * round,
    bytesReceived: 815_000 * round,
  },
  ...{
    residualNorm: null,
    rows: 1000,
    edges: [seat + 1, seat + 2].map((to) => [to, 407_500 * round] as const),
  },
});

/** Control bytes that a member sends in a second, on average. */
async function costOf(stage: Stage, seconds: number, each?: (actor: Actor, round: number) => void) {
  const total = () => stage.living.reduce((sum, { post }) => sum + post.totals().bytesControl, 0);
  const before = total();
  for (let round = 1; round <= 4 * seconds; round += 1) {
    for (const actor of stage.living) each?.(actor, round);
    await stage.clock.pass(250);
  }
  return (total() - before) / stage.living.length / seconds;
}

describe('control traffic of a member a second', () => {
  it('hardly grows from 16 to 48 members, quiet or busy', async () => {
    const heard = new Map<string, number>();
    const costs: { quiet: number; busy: number }[] = [];
    for (const size of [16, 48]) {
      const stage = await gathered(size);
      const quiet = await costOf(stage, 4);
      for (const { id, room } of stage.living) {
        room.onReport((from) =>
          heard.set(`${size} ${id} ${from}`, (heard.get(`${size} ${id} ${from}`) ?? 0) + 1),
        );
      }
      const busy = await costOf(stage, 5, ({ id, room }, round) => {
        const { view } = room;
        if (view === null) return;
        room.report(seatsOf(view, id).map(({ seat }) => rowOf(seat, round)));
      });
      costs.push({ quiet, busy });
      // Everybody has heard of everybody within the time that the allowance takes.
      const pairs = [...heard.keys()].filter((key) => key.startsWith(`${size} `)).length;
      expect(pairs).toBe(size * (size - 1));
      for (const { room } of stage.actors) room.close();
    }
    const [few, many] = costs;
    expect(few?.quiet).toBeLessThan(1200);
    expect(many?.quiet).toBeLessThan(1.3 * (few?.quiet ?? 0));
    expect(few?.busy).toBeLessThan(7000);
    expect(many?.busy).toBeLessThan(1.3 * (few?.busy ?? 0));
  });
});

describe('in a flock where not all speak to all', () => {
  it('a broken link between two who lead nothing is noticed by those who wait, and costs the junior its place', async () => {
    const stage = await gathered(9);
    const [first] = stage.actors;
    first?.room.command({ kind: 'start', stopAt: null });
    await stage.until(() => stage.living.every(({ host }) => host.round >= 3));
    const [senior, junior] = [stage.actors[5] as Actor, stage.actors[8] as Actor];
    stage.cut([senior], [junior]);
    const rest = stage.actors.filter((actor) => actor !== junior);
    await stage.settled(rest, 8000);
    const totals = rest.map(({ host }) => host.total);
    await stage.until(() => rest.every(({ host }, index) => host.total >= (totals[index] ?? 0) + 3), 3000);
    expect(violations(stage.actors)).toEqual([]);
  });

  it('even where nobody waits for it, in time', async () => {
    const stage = await gathered(9);
    const [senior, junior] = [stage.actors[5] as Actor, stage.actors[8] as Actor];
    stage.cut([senior], [junior]);
    await stage.settled(
      stage.actors.filter((actor) => actor !== junior),
      30_000,
    );
  });

  it('a member that vanishes is noticed within six seconds, and so are all who lead at once', async () => {
    for (const victims of [[8], [0], [0, 1, 2]]) {
      const stage = await gathered(9);
      stage.actors[0]?.room.command({ kind: 'start', stopAt: null });
      await stage.until(() => stage.living.every(({ host }) => host.round >= 3));
      for (const victim of victims) stage.crash(stage.actors[victim] as Actor);
      await stage.settled(stage.living, 6000);
      const totals = stage.living.map(({ host }) => host.total);
      await stage.until(
        () => stage.living.every(({ host }, index) => host.total >= (totals[index] ?? 0) + 3),
        3000,
      );
      expect(violations(stage.actors)).toEqual([]);
    }
  });

  it('two halves of a partition go on apart, and heal into one view', async () => {
    const stage = await gathered(10);
    stage.actors[0]?.room.command({ kind: 'start', stopAt: null });
    await stage.until(() => stage.living.every(({ host }) => host.round >= 3));
    const [one, other] = [stage.actors.slice(0, 4), stage.actors.slice(4)];
    stage.cut(one, other);
    await stage.until(() => stage.agreed(one) && stage.agreed(other), 10_000);
    stage.heal(one, other);
    await stage.settled(stage.actors, 10_000);
    expect(violations(stage.actors)).toEqual([]);
  });

  it('those that led once and seldom speak now are not taken for lost: the view stays', async () => {
    const stage = await gathered(5);
    const [one, other] = [stage.actors.slice(0, 3), stage.actors.slice(3)];
    stage.cut(one, other);
    await stage.until(() => stage.agreed(one) && stage.agreed(other), 10_000);
    stage.heal(one, other);
    const { id } = await stage.settled(stage.actors, 10_000);
    await stage.clock.pass(15_000);
    expect(stage.actors.map(({ room }) => room.view?.id)).toEqual(stage.actors.map(() => id));
  });
});

/**
 * Random fault schedules, each from a seed: crashes, silent cuts, partitions, dropped links, stalls, late
 * peers, leavers and commands, all at once. While it lasts nothing unsafe may happen; once all is healed
 * everybody alive must agree on one view within a bounded time, and train on. To see one schedule again:
 * `SEED=123 npx vitest run --project unit src/room/faults.test.ts`.
 */
import { describe, expect, it } from 'vitest';
import { type Actor, Stage, seeded, violations } from './rehearsal.ts';
import { COMMAND_MS, RESEND_MS } from './timing.ts';
import type { Command } from './view.ts';

const SCHEDULES = Number(process.env.SCHEDULES ?? 120);
const only = process.env.SEED;
const seeds =
  only === undefined ? Array.from({ length: SCHEDULES }, (_, index) => index + 1) : [Number(only)];

interface Rehearsal {
  readonly stage: Stage;
  readonly log: string[];
}

/** One act of fate. */
function act({ stage, log }: Rehearsal, random: () => number): void {
  const pick = <Item>(items: readonly Item[]): Item => {
    const item = items[Math.floor(random() * items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  };
  const living = stage.living;
  const one = pick(living);
  const other = pick(living);
  const note = (what: string) => log.push(`${stage.clock.now().toFixed(0)} ${what}`);
  const choice = random();
  if (choice < 0.08 && living.length > 2) {
    note(`crash ${one.id}`);
    stage.crash(one);
  } else if (choice < 0.13 && living.length > 2) {
    note(`close ${one.id}`);
    stage.close(one);
  } else if (choice < 0.25 && living.length < 7) {
    const id = `p${stage.actors.length}`;
    note(`add ${id}`);
    stage.add(id, { workers: 1 + Math.floor(3 * random()) });
  } else if (choice < 0.35) {
    const how = random() < 0.5 ? 'hold' : 'break';
    note(`cut ${one.id} ${other.id} ${how}`);
    stage.cut([one], [other], how);
  } else if (choice < 0.42) {
    const side = living.filter(() => random() < 0.5);
    const how = random() < 0.5 ? 'hold' : 'break';
    note(`part ${side.map(({ id }) => id)} ${how}`);
    const rest = living.filter((actor) => !side.includes(actor));
    stage.cut(side, rest, how);
  } else if (choice < 0.54) {
    note('heal');
    stage.heal(living, living);
  } else if (choice < 0.62) {
    note(`drop ${one.id} ${other.id}`);
    one.transport.drop(other.id, 'fate');
  } else if (choice < 0.7) {
    const milliseconds = 6000 * random();
    note(`stall ${one.id} ${milliseconds.toFixed(0)}`);
    stage.stall(one, milliseconds);
  } else if (choice < 0.75) {
    one.room.setWorkers(1 + Math.floor(4 * random()));
    note(`workers ${one.id}`);
  } else {
    const commands: readonly Command[] = [
      { kind: 'start', stopAt: null },
      { kind: 'start', stopAt: null },
      { kind: 'pause' },
      { kind: 'step' },
      { kind: 'reset' },
      { kind: 'recipe', recipe: JSON.stringify({ seats: Math.floor(9 * random()) }), restart: true },
    ];
    const command = pick(commands);
    note(`${command.kind} at ${one.id}`);
    one.room.command(command);
  }
}

async function rehearse(seed: number): Promise<readonly Actor[]> {
  const random = seeded(seed);
  const stage = new Stage(random, pickDelay(random));
  const log: string[] = [];
  const count = 2 + Math.floor(4 * random());
  for (let index = 0; index < count; index++) stage.add(`p${index}`);
  const established = stage.actors[Math.floor(random() * count)];
  if (random() < 0.7) established?.room.setEstablished();
  try {
    for (let step = 0; step < 25; step++) {
      await stage.clock.pass(random() < 0.3 ? 4000 * random() : 300 * random());
      act({ stage, log }, random);
      const wrong = violations(stage.actors);
      if (wrong.length > 0) throw new Error(wrong.join('\n'));
    }
    await stage.clock.pass(8000 * random() + stage.stalledFor());
    log.push(`${stage.clock.now().toFixed(0)} the end of all faults`);
    const { living } = stage;
    stage.heal(living, living);
    await stage.settled(living, 20_000);
    // And what was agreed works: everyone trains on, once commands that are still on their way are through.
    await stage.clock.pass(COMMAND_MS + RESEND_MS);
    living[0]?.room.command({ kind: 'start', stopAt: null });
    const runs = ({ room }: Actor) => room.view?.run.running === true && room.view.run.stopAt === null;
    await stage.until(() => living.every(runs), 3000);
    const before = living.map(({ host }) => host.total);
    await stage.until(() => living.every(({ host }, index) => host.total > (before[index] ?? 0) + 5), 6000);
    await stage.settled(living, 3000);
    expect(violations(stage.actors)).toEqual([]);
    return living;
  } catch (error) {
    throw new Error(`Seed ${seed}: ${String(error)}\n${log.join('\n')}`);
  } finally {
    for (const { room } of stage.actors) room.close();
  }
}

const pickDelay = (random: () => number): number => [1, 20, 80, 250][Math.floor(4 * random())] ?? 20;

describe('the room under random faults', () => {
  for (let from = 0; from < seeds.length; from += 50) {
    const part = seeds.slice(from, from + 50);
    it(`is safe and comes to agree, seeds ${part[0]} to ${part.at(-1)}`, { timeout: 120_000 }, async () => {
      for (const seed of part) await rehearse(seed);
    });
  }
});

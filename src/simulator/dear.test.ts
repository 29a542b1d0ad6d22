/**
 * DeAR under the virtual clock: that its halves are hidden behind the backward pass and the next forward
 * pass, to the millisecond that its schedule says, and nothing is lost when a round fails half-way.
 */
import { describe, expect, it } from 'vitest';
import { bucketsOf } from '../algorithms/collectives/dear.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import type { Frame } from '../protocol/frame.ts';
import { buildRecipe, type RecipeParts } from '../recipe/schema.ts';
import { layoutOf } from '../session/assets.ts';
import type { TraceEvent } from '../session/emulation.ts';
import { startSimulatedLab } from '../session/simulated-lab.ts';
import { Flock, syntheticDigits } from './flock.ts';

const COMPUTE = 60;
const BANDWIDTH = 2e8;
const WORKERS = 4;
const ROUNDS = 8;

const recipeOf = (schedule: string, parts: RecipeParts = {}) =>
  buildRecipe({
    dataset: { id: 'blobs' },
    // Buckets of about the same size: a matrix of 256 x 256 fills one.
    model: { id: 'mlp', options: { hidden: [256, 256, 256, 256] } },
    topology: { id: 'complete' },
    algorithm: { id: 'allreduce-sgd', options: { schedule } },
    compute: `${COMPUTE}ms`,
    link: `bandwidth=${BANDWIDTH / 1e6}mbit`,
    batch: 4,
    evalEvery: 1000,
    rounds: ROUNDS,
    ...parts,
  });

async function run(schedule: string, parts: RecipeParts = {}): Promise<readonly TraceEvent[]> {
  const clock = new VirtualClock();
  const events: TraceEvent[] = [];
  const recipe = recipeOf(schedule, parts);
  const given = { recipe, tabs: 1, workersPerTab: WORKERS };
  const [lab] = await startSimulatedLab(given, clock, (event) => events.push(event));
  lab?.send({ kind: 'command', command: { kind: 'start', stopAt: null } });
  expect(await clock.run(() => lab?.snapshot()?.phase === 'finished', 1e6)).toBe(true);
  lab?.close();
  return events;
}

/** Milliseconds of a round, once it has got going; the last one's end is that of the whole run. */
function roundTime(events: readonly TraceEvent[]): number {
  const ends = events.filter(({ kind, seat }) => kind === 'committed' && seat === 0).map(({ at }) => at);
  return ((ends[ROUNDS - 2] ?? Number.NaN) - (ends[1] ?? Number.NaN)) / (ROUNDS - 3);
}

/** What the schedule comes to: buckets one after another on the links, each layer after the one before. */
function expectedTime(): number {
  const layout = layoutOf(recipeOf('dear'));
  const buckets = bucketsOf(layout).map(({ layout: { length } }) => ({
    wire: ((WORKERS - 1) * ((length / WORKERS) * 32 * 1000)) / BANDWIDTH,
    compute: (COMPUTE * length) / layout.length,
  }));
  let [wire, device] = [0, 0];
  for (const bucket of buckets) {
    wire += bucket.wire;
    device = Math.max(device, wire) + bucket.compute / 3;
  }
  wire = device;
  for (const bucket of buckets.toReversed()) {
    device += (2 * bucket.compute) / 3;
    wire = Math.max(device, wire) + bucket.wire;
  }
  return wire;
}

describe('DeAR on links that take their time', () => {
  it('takes as long as its schedule says, well below one after the other', async () => {
    const { length } = layoutOf(recipeOf('dear'));
    const allReduce = (2 * (WORKERS - 1) * ((length / WORKERS) * 32 * 1000)) / BANDWIDTH;
    const plain = roundTime(await run('plain'));
    const dear = roundTime(await run('dear'));
    expect(plain / (COMPUTE + allReduce)).toBeCloseTo(1, 2);
    expect(dear / expectedTime()).toBeCloseTo(1, 2);
    // All of the all-reduce would be hidden but for the first bucket's gather and the last one's scatter.
    expect(dear).toBeLessThan(0.75 * plain);
  });

  it('sends the last layers’ gradient during the backward pass, unless it has to be clipped', async () => {
    for (const [clip, early] of [
      [0, true],
      [1, false],
    ] as const) {
      const events = await run('dear', { clip });
      const own = events.filter(({ seat, round }) => seat === 0 && round === 0);
      const computed = own.findIndex(({ kind }) => kind === 'computed');
      const sent = own.findIndex(({ kind }) => kind === 'sent');
      expect(sent).toBeGreaterThan(0);
      expect(sent < computed).toBe(early);
    }
  });
});

describe('DeAR when a round does not end well', () => {
  const recipe = buildRecipe({
    model: { id: 'mlp', options: { hidden: [96, 8] } },
    topology: { id: 'complete' },
    algorithm: { id: 'allreduce-sgd', options: { schedule: 'dear' } },
    optimizer: { id: 'adam' },
    batch: 8,
  });
  const make = () => Flock.make(createCpuCompute(), recipe, syntheticDigits(), 3);

  it('leaves no trace of one that is aborted in the middle of its backward pass', async () => {
    expect(bucketsOf(layoutOf(recipe))).toHaveLength(2);
    const flock = await make();
    for (let round = 0; round < 2; round += 1) await flock.step();
    const rollback = new AbortController();
    // The second bucket's gradient, of the last layers, is on its way: the first step after its ring's 2 · 3.
    const end = flock.post.on('algorithm', ({ step }) => {
      if (step === 2 * 3) rollback.abort(new Error('rolled back'));
    });
    await Promise.all(
      flock.workers.map((worker) => expect(worker.step(rollback.signal)).rejects.toThrow('rolled back')),
    );
    end();
    const fresh = await make();
    for (let round = 0; round < 2; round += 1) await fresh.step();
    for (let round = 0; round < 2; round += 1) {
      await flock.step();
      await fresh.step();
    }
    expect(await flock.read()).toEqual(await fresh.read());
    flock.destroy();
    fresh.destroy();
  });

  it('keeps what a round that failed had under way out of its next attempt', async () => {
    const [flock, fresh] = [await make(), await make()];
    const [first, second, third] = flock.workers;
    if (!first || !second || !third) throw new Error('There are three workers.');
    const never = new AbortController().signal;
    // The first letter of the bucket that sets out last cannot be read, while the other bucket, whose second
    // letter takes the third worker, still waits for it.
    const garbled: { frame: Frame; codec: number }[] = [];
    const end = flock.post.on('algorithm', (frame) => {
      if (frame.destination !== second.holder?.seat || frame.step !== 0 || garbled.length > 0) return;
      garbled.push({ frame, codec: frame.codec });
      Object.assign(frame, { codec: 99 });
    });
    const steps = [first.step(never)];
    await expect(second.step(never)).rejects.toThrow('of another compressor');
    end();
    for (const { frame, codec } of garbled) Object.assign(frame, { codec });
    steps.push(second.step(never), third.step(never));
    await Promise.all(steps);
    await fresh.step();
    expect(await flock.read()).toEqual(await fresh.read());
    flock.destroy();
    fresh.destroy();
  });

  it('goes on from whoever has taken the step that others still put off', async () => {
    const flock = await make();
    for (let round = 0; round < 3; round += 1) await flock.step();
    // An evaluation is due, all take the step; but the second is told of another view before its last message.
    const [never, rollback] = [new AbortController().signal, new AbortController()];
    let messages = 0;
    const end = flock.post.on('algorithm', ({ destination }) => {
      messages += destination === 1 ? 1 : 0;
      // Two of each of the two buckets.
      if (messages === 4) rollback.abort(new Error('rolled back'));
    });
    const settled = flock.workers.map((worker, rank) => worker.settle(rank === 1 ? rollback.signal : never));
    const ends = await Promise.allSettled(settled);
    end();
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await flock.change({ abruptly: true });
    for (let round = 0; round < 2; round += 1) {
      const [x, ...others] = await flock.read();
      for (const other of others) expect(other).toEqual(x);
      await flock.step();
    }
    flock.destroy();
  });
});

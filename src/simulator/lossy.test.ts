/**
 * RPS over the lossy lane: whole where nothing is lost, whole sessions on links that lose packets under the
 * virtual clock, and no harm from what comes late or never.
 */
import { describe, expect, it, vi } from 'vitest';
import { VirtualClock } from '../base/virtual-clock.ts';
import { costOf } from '../recipe/legality.ts';
import { buildRecipe, type RecipeParts } from '../recipe/schema.ts';
import { distancesToMean } from '../session/consensus.ts';
import { startSimulatedLab } from '../session/simulated-lab.ts';
import type { MetricRow } from '../session/snapshot.ts';
import { entry, F32, largestDifference, modelsAfter, network, run } from './testing.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Nothing is lost here: the deadline only has to be later than the last packet. */
const PATIENT = 60_000;
const complete = { topology: entry('complete') };

describe('where nothing is lost', () => {
  const over = (lane: string, parts: RecipeParts = {}) =>
    network({ algorithm: entry('rps', { lane, dropRate: 0, deadline: PATIENT }), ...complete, ...parts });

  it.each(['none', 'fp16'])(
    'with %s all are equal after every round, as over the reliable lane',
    async (codec) => {
      const parts = { compressor: entry(codec) };
      const flock = await run(over('lossy', parts), 5);
      for (let round = 1; round <= 3; round += 1) {
        await flock.step();
        const models = await flock.read();
        for (const model of models) expect(model).toEqual(models[0]);
        const [reliable = []] = await modelsAfter(over('reliable', parts), 5, round);
        expect(largestDifference(models[0] ?? [], reliable)).toBeLessThan(codec === 'none' ? F32 : 1e-3);
      }
      for (const { totals } of flock.workers) {
        expect(totals.packetsExpected).toBeGreaterThan(0);
        expect([totals.packetsMissed, totals.packetsLate]).toEqual([0, 0]);
      }
      flock.destroy();
    },
  );

  it.each(['none', 'fp16'])('sends with %s what its cost formula says, to the byte', async (codec) => {
    const recipe = over('lossy', { compressor: entry(codec) });
    const flock = await run(recipe, 4);
    let frames = 0;
    flock.post.on('packet', () => {
      frames += 1;
    });
    await flock.step();
    await flock.step();
    const { bytes, messages } = costOf(recipe, flock.assets.layout, [0, 0, 0, 0]);
    expect(flock.post.totals().bytesSent).toBe(2 * bytes);
    expect(frames).toBe(2 * messages);
    const totals = flock.workers.map((worker) => worker.totals);
    expect(totals.reduce((sum, { bytesSent }) => sum + bytesSent, 0)).toBe(2 * bytes);
    expect(totals.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0)).toBe(2 * bytes);
    flock.destroy();
  });

  it('goes on when members come and go', async () => {
    const flock = await run(over('lossy'), 4);
    for (const change of [{ leave: [1] }, { join: 2 }, { leave: [0, 2], abruptly: true }]) {
      await flock.step();
      await flock.change(change);
      await flock.step();
      const models = await flock.read();
      for (const model of models) expect(model).toEqual(models[0]);
    }
    flock.destroy();
  });
});

/** A whole simulated run on digits in four tabs. */
async function simulated(parts: RecipeParts, rounds = 60) {
  const recipe = buildRecipe({
    model: entry('mlp', { hidden: [16] }),
    lr: 0.2,
    seed: 3,
    rounds,
    evalEvery: rounds,
    compute: '20ms,jitter=10%',
    ...complete,
    ...parts,
  });
  const clock = new VirtualClock();
  const labs = await startSimulatedLab({ recipe, tabs: 4, workersPerTab: 1 }, clock, () => undefined);
  const rows: MetricRow[] = [];
  for (const lab of labs) {
    lab.subscribe((report) => {
      if (report.kind === 'metrics') rows.push(...report.rows);
    });
  }
  labs[0]?.send({ kind: 'command', command: { kind: 'start', stopAt: null } });
  const done = () => labs.every((lab) => lab.snapshot()?.phase === 'finished');
  expect(await clock.run(done, 3_600_000)).toBe(true);
  const models = (await Promise.all(labs.map((lab) => lab.models()))).flat();
  const snapshots = labs.flatMap((lab) => lab.snapshot() ?? []);
  for (const lab of labs) lab.close();
  const sum = (name: 'packetsExpected' | 'packetsMissed' | 'packetsLate' | 'bytesSent') =>
    snapshots.reduce((total, { totals }) => total + totals[name], 0);
  return {
    models: models.map(({ parameters }) => parameters),
    rounds: models.map(({ round }) => round),
    accuracy: rows.reduce((total, { testAccuracy }) => total + (testAccuracy ?? 0), 0) / rows.length,
    seconds: Math.max(...rows.map(({ simulatedSeconds }) => simulatedSeconds ?? 0)),
    expected: sum('packetsExpected'),
    missed: sum('packetsMissed'),
    late: sum('packetsLate'),
    bytesSent: sum('bytesSent'),
    counters: new Set(snapshots.map(({ view }) => view.counter)),
    errors: snapshots.reduce((total, { totals }) => total + totals.protocolErrors, 0),
    notices: snapshots.flatMap(({ notices }) => notices.filter(({ level }) => level !== 'info')),
  };
}

describe('on links that lose packets, under the virtual clock', () => {
  const lossy = (link: string, deadline = 30) => ({
    algorithm: entry('rps', { lane: 'lossy', deadline }),
    link,
  });

  it('at 20 % it learns as well as without loss, and says how many packets were lost', async () => {
    const [some, none] = [
      await simulated(lossy('latency=2ms,loss=20%')),
      await simulated(lossy('latency=2ms')),
    ];
    expect(some.rounds).toEqual([60, 60, 60, 60]);
    expect(none.missed).toBe(0);
    expect(some.expected).toBe(none.expected);
    expect(some.bytesSent).toBe(none.bytesSent);
    // Nothing is so slow here that it would come after the deadline.
    expect(some.late).toBe(0);
    expect(Math.abs(some.missed / some.expected - 0.2)).toBeLessThan(0.01);
    expect(some.accuracy).toBeGreaterThan(none.accuracy - 0.01);
    expect(none.accuracy).toBeGreaterThan(0.8);
    const apart = distancesToMean(some.models).value;
    expect(apart).toBeGreaterThan(0);
    expect(distancesToMean(none.models).value).toBe(0);
    expect(apart).toBeLessThan(0.5);
    expect([some.errors, some.notices]).toEqual([0, []]);
  });

  it('gives the same bytes for the same recipe', async () => {
    const parts = lossy('latency=2ms,jitter=1ms,loss=20%');
    const first = await simulated(parts, 10);
    expect(await simulated(parts, 10)).toEqual(first);
    expect((await simulated({ ...parts, seed: 4 }, 10)).models).not.toEqual(first.models);
  });

  it('without any message in time every worker is alone: nobody is evicted, nothing is aborted', async () => {
    const slow = await simulated(lossy('latency=400ms', 5), 20);
    expect(slow.rounds).toEqual([20, 20, 20, 20]);
    expect(slow.missed).toBe(slow.expected);
    expect(slow.late).toBeGreaterThan(0);
    expect(slow.counters.size).toBe(1);
    expect([slow.errors, slow.notices]).toEqual([0, []]);
    // Two deadlines of 5 ms and a gradient of at most 22 ms a round.
    expect(slow.seconds).toBeLessThan(20 * 0.032 + 0.001);
  });

  it('does without a straggler, who catches up on what the others have sent', async () => {
    const parts = { ...lossy('latency=2ms,loss=5%'), straggler: '2:8x' };
    const fast = await simulated(parts, 20);
    expect(fast.rounds).toEqual([20, 20, 20, 20]);
    expect(fast.missed / fast.expected).toBeGreaterThan(0.2);
    expect(fast.late).toBeGreaterThan(0);
    expect([fast.errors, fast.notices]).toEqual([0, []]);
  });
});

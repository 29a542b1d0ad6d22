/** Runs under the virtual clock: the same bytes every time, time as conditions make it, and always an end. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { LINK, Runs, SLOW } from './simulated-testing.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let runs: Runs;
beforeAll(async () => {
  runs = await Runs.open();
});
afterAll(() => runs.close());

const GOSSIP = ['--algorithm', 'ad-psgd', '--topology', 'path', ...SLOW, ...LINK];
const SOFT_SYNC = [
  ...['--algorithm', 'soft-sync', '--set', 'algorithm.splits=32', '--dataset', 'blobs'],
  ...['--model', 'logistic', '--batch', '8', '--workers-per-tab', '32', ...SLOW, ...LINK],
];

async function rowsOf(out: string): Promise<readonly Readonly<Record<string, string>>[]> {
  const [header = '', ...lines] = (await runs.read(out, 'metrics.csv')).trimEnd().split('\n');
  const names = header.split(',');
  return lines.map((line) =>
    Object.fromEntries(line.split(',').map((value, column) => [names[column], value])),
  );
}

describe('simulated time', () => {
  it('of clients that go through their rows is that of the batches these make', async () => {
    const local = ['--set', 'algorithm.localEpochs=2', '--batch', '2', '--compute', '20ms'];
    const args = ['--algorithm', 'fedavg', ...local, '--rounds', '3'];
    expect((await runs.onTable('epochs', ...args)).code).toBe(0);
    const rows = await rowsOf('epochs');
    const last = rows.filter(({ round }) => round === '3');
    // Five rows in batches of two, twice: six gradients, and ten rows looked at.
    expect(last.map(({ samples }) => samples)).toEqual(['30', '30', '30', '30', '30']);
    for (const { simulatedSeconds } of last) expect(Number(simulatedSeconds)).toBeCloseTo(3 * 6 * 0.02, 6);
    const { summary } = JSON.parse(await runs.read('epochs', 'run.json'));
    expect(summary.gradientSteps).toBe(5 * 3 * 6);
  });

  it.each([
    ['AD-PSGD with one worker ten times slower', 5, GOSSIP, ['--seconds', '2']],
    ['32-softsync', 32, SOFT_SYNC, ['--rounds', '12', '--eval-every', '4']],
  ] as const)(
    '%s gives the same bytes again, and other ones for another seed',
    async (name, workers, args, end) => {
      const run = workers === 32 ? runs.run.bind(runs) : runs.onTable.bind(runs);
      for (const [out, seed] of [
        ['first', '1'],
        ['second', '1'],
        ['third', '2'],
      ] as const) {
        expect((await run(`${name} ${out}`, ...args, ...end, '--seed', seed)).code).toBe(0);
      }
      const models = Array.from({ length: workers }, (_, seat) => `model-${seat}.safetensors`);
      for (const file of ['metrics.csv', 'trace.jsonl', 'model.safetensors', ...models]) {
        const first = await runs.bytes(`${name} first`, file);
        expect(first.equals(await runs.bytes(`${name} second`, file))).toBe(true);
        expect(first.equals(await runs.bytes(`${name} third`, file))).toBe(false);
      }
      // Of every worker the time rises from row to row.
      const last = new Map<string, number>();
      for (const { seat = '', simulatedSeconds } of await rowsOf(`${name} first`)) {
        expect(Number(simulatedSeconds)).toBeGreaterThan(last.get(seat) ?? 0);
        last.set(seat, Number(simulatedSeconds));
      }
      expect(last.size).toBe(workers);
      const { summary } = JSON.parse(await runs.read(`${name} first`, 'run.json'));
      expect(summary.gradientSteps).toBe(
        (await runs.trace(`${name} first`)).filter(({ kind }) => kind === 'committed').length,
      );
      const measured: readonly [number, number][] = summary.staleness.histogram;
      expect(measured.reduce((sum, [, count]) => sum + count, 0)).toBe(summary.gradientSteps);
      // 31 others push while one computes; the straggler's gradients are ten times as old.
      if (workers === 32) {
        expect(summary.gradientSteps).toBe(12 * 32);
        expect(summary.staleness.most).toBeGreaterThan(100);
      } else expect(summary).toMatchObject({ simulatedSeconds: 2, stoppedBy: 'seconds' });
    },
  );

  it('is what compute and links take: a synchronous round waits for the slowest', async () => {
    const args = ['--compute', '20ms', '--link', 'latency=50ms,bandwidth=1mbit', '--straggler', '3:4x'];
    expect(
      (await runs.onTable('sync', '--algorithm', 'd-psgd', '--rounds', '10', '--eval-every', '1', ...args))
        .code,
    ).toBe(0);
    const rows = await rowsOf('sync');
    const at = (seat: number, round: number) =>
      Number(rows.find((row) => row.seat === String(seat) && row.round === String(round))?.simulatedSeconds);
    // 12 bytes and their header at a megabit a second, 50 ms on the way, while the gradient is computed.
    const message = 0.05 + ((12 + 40) * 8) / 1e6;
    expect(at(0, 1)).toBeCloseTo(message, 9);
    // The straggler has its neighbours' messages before its gradient; they wait for its next.
    expect(at(3, 1)).toBeCloseTo(0.08, 9);
    expect(at(3, 10)).toBeCloseTo(0.8, 9);
    expect(at(2, 10)).toBeCloseTo(0.8 - 0.08 + message, 9);
  });

  it('does not slow the others where nobody waits', async () => {
    const args = ['--algorithm', 'ad-psgd', '--topology', 'path', ...SLOW, '--seconds', '4'];
    expect((await runs.onTable('free', ...args)).code).toBe(0);
    const { workers } = JSON.parse(await runs.read('free', 'run.json'));
    const done: number[] = workers.map(({ rounds }: { rounds: number }) => rounds);
    for (const seat of [0, 1, 3, 4]) expect(Math.abs((done[seat] ?? 0) / 200 - 1)).toBeLessThan(0.03);
    expect(Math.abs((done[2] ?? 0) / 20 - 1)).toBeLessThan(0.1);
  });

  it('says in one line what it needs', async () => {
    for (const [args, reason] of [
      [['--seconds', '3'], /no time passes by itself: give --compute/],
      [['--rounds', '3', '--straggler', '0:2x'], /needs --compute/],
      [['--transport', 'webrtc'], /--clock virtual needs --transport memory --backend cpu/],
      [['--compute', 'slow'], /^compute: "slow" is not allowed/],
    ] as const) {
      const { code, said } = await runs.onTable('wrong', ...args);
      expect([code, said.length]).toEqual([2, 1]);
      expect(said[0]).toMatch(reason);
    }
  });

  it('goes through runs on which nothing takes any time', async () => {
    expect((await runs.onTable('still', '--algorithm', 'd-psgd', '--rounds', '20')).code).toBe(0);
    expect(JSON.parse(await runs.read('still', 'run.json')).summary).toMatchObject({
      rounds: 20,
      simulatedSeconds: 0,
    });
  });
});

/** Each on the graph it prefers. */
const ALL = ['d-psgd', 'ad-psgd', 'a-psgd', 'soft-sync', 'async-double-squeeze', 'async-model-average'];

describe('every run ends', () => {
  it.each(ALL)('%s with a straggler, on links that lose a fifth of all packets', async (algorithm) => {
    for (const n of [1, 2, 3, 5, 6]) {
      const link = 'bandwidth=10mbit,latency=50ms,jitter=5ms,loss=20%';
      const args = ['--algorithm', algorithm, '--straggler', `${n - 1}:10x`, '--link', link];
      const small = ['--dataset', 'blobs', '--model', 'logistic', '--compute', '20ms,jitter=10%'];
      for (const end of [
        ['--rounds', '10'],
        ['--seconds', '1.5'],
        ['--rounds', '200', '--target-accuracy', '0.5'],
      ]) {
        const seed = ['--workers-per-tab', String(n), '--seed', String(n)];
        const { code } = await runs.run('end', ...args, ...small, ...seed, ...end);
        const { summary } = JSON.parse(await runs.read('end', 'run.json'));
        expect([n, code, summary.stoppedBy]).toEqual([n, 0, end.at(-2)?.slice(2)]);
      }
    }
  });

  it.each(ALL)('%s that diverges says so, at once', async (algorithm) => {
    const args = ['--algorithm', algorithm, '--lr', '100', '--compute', '20ms'];
    const { code, said } = await runs.onTable('diverged', ...args);
    expect(code).toBe(1);
    expect(said[0]).toMatch(/The flock has stopped.*The training diverged/);
    expect(JSON.parse(await runs.read('diverged', 'run.json')).summary.simulatedSeconds).toBeLessThan(20);
  });
});

/**
 * Runs under the virtual clock: the same bytes every time, and asynchronous algorithms recomputed in double
 * precision from nothing but the table, the recipe's numbers and the trace of events.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PURPOSE, randomStream } from '../../src/math/random.ts';
import { decodeSafetensors } from '../../src/models/safetensors.ts';
import type { TraceEvent } from '../../src/session/emulation.ts';
import { main } from './main.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const WORKERS = 5;
const RATE = 0.05;
const never = new AbortController().signal;
let folder = '';

/** 25 rows of three features and a target; worker i has the i-th five. */
const rows = Array.from({ length: 25 }, (_, row) => {
  const stream = randomStream(2, PURPOSE.simulation, 0, row);
  const decimals = (value: number) => Number(value.toFixed(4));
  const x = Array.from({ length: 3 }, () => decimals(stream.normal() + row / 40));
  return { x, y: decimals(1.5 * (x[0] ?? 0) - 2 * (x[1] ?? 0) + 0.3 * stream.normal()) };
});

function gradient(worker: number, w: readonly number[]): number[] {
  const mine = rows.slice(5 * worker, 5 * worker + 5);
  return w.map((_, k) =>
    mine.reduce((sum, { x, y }) => {
      const error = x.reduce((dot, value, i) => dot + value * (w[i] ?? 0), 0) - y;
      return sum + (error * (x[k] ?? 0)) / mine.length;
    }, 0),
  );
}

const plus = (a: readonly number[], factor: number, b: readonly number[]) =>
  a.map((value, k) => value + factor * (b[k] ?? Number.NaN));

type Line = TraceEvent & { readonly time: number };

async function run(out: string, ...args: string[]) {
  const said: string[] = [];
  const spies = (['log', 'error'] as const).map((name) =>
    vi.spyOn(console, name).mockImplementation((text) => void said.push(String(text))),
  );
  const progress = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  try {
    const common = [
      ...['--transport', 'memory', '--backend', 'cpu', '--clock', 'virtual', '--batch', 'full'],
      ...['--dataset', `csv:${path.join(folder, 'table.csv')}`, '--target', 'y', '--model', 'linear'],
      ...['--partition', 'contiguous', '--init', 'zeros', '--lr', String(RATE)],
      ...['--workers-per-tab', String(WORKERS), '--out', path.join(folder, out)],
    ];
    return { code: await main([...common, ...args], never), said };
  } finally {
    for (const spy of [...spies, progress]) spy.mockRestore();
  }
}

const read = (out: string, name: string) => readFile(path.join(folder, out, name), 'utf8');
const traceOf = async (out: string): Promise<readonly Line[]> =>
  (await read(out, 'trace.jsonl'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

async function weights(out: string, seat: number): Promise<readonly number[]> {
  const { tensors } = decodeSafetensors(await readFile(path.join(folder, out, `model-${seat}.safetensors`)));
  return [...(tensors[0]?.data ?? [])];
}

async function expectModels(out: string, models: readonly (readonly number[])[]) {
  for (const [seat, model] of models.entries()) {
    const found = await weights(out, seat);
    for (const [k, value] of model.entries())
      expect(Math.abs(value - (found[k] ?? Number.NaN))).toBeLessThan(1e-5);
  }
}

const SLOW = ['--compute', '20ms,jitter=10%', '--straggler', '2:10x'];
const LINK = ['--link', 'bandwidth=10mbit,latency=5ms,jitter=1ms,loss=1%'];
const GOSSIP = ['--algorithm', 'ad-psgd', '--topology', 'path', ...SLOW, ...LINK];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'murmuration-simulated-'));
  const lines = rows.map(({ x, y }) => [...x, y].join(','));
  await writeFile(path.join(folder, 'table.csv'), `a,b,c,y\n${lines.join('\n')}\n`);
});
afterAll(() => rm(folder, { recursive: true }));

describe('simulated time', () => {
  it('gives the same bytes again, and other ones for another seed', async () => {
    for (const [out, seed] of [
      ['first', '1'],
      ['second', '1'],
      ['third', '2'],
    ] as const) {
      expect((await run(out, ...GOSSIP, '--seconds', '2', '--seed', seed)).code).toBe(0);
    }
    for (const name of ['metrics.csv', 'trace.jsonl']) {
      expect(await read('second', name)).toBe(await read('first', name));
      expect(await read('third', name)).not.toBe(await read('first', name));
    }
    const [header = '', ...lines] = (await read('first', 'metrics.csv')).trimEnd().split('\n');
    const column = header.split(',').indexOf('simulatedSeconds');
    for (const line of lines) expect(Number(line.split(',')[column])).toBeGreaterThan(0);
    expect(JSON.parse(await read('first', 'run.json')).summary).toMatchObject({
      simulatedSeconds: 2,
      stoppedBy: 'seconds',
    });
  });

  it('is what compute and links take: a synchronous round waits for the slowest', async () => {
    const args = [
      '--compute',
      '20ms',
      '--link',
      'latency=50ms,bandwidth=1mbit',
      '--rounds',
      '10',
      '--eval-every',
      '1',
    ];
    expect((await run('sync', '--algorithm', 'd-psgd', '--straggler', '3:4x', ...args)).code).toBe(0);
    const rowsOfSeat = (await read('sync', 'metrics.csv'))
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','));
    const at = (seat: number, round: number) =>
      Number(rowsOfSeat.find((row) => row[0] === String(seat) && row[1] === String(round))?.at(-1));
    // 12 bytes and their header at a megabit a second, 50 ms on the way, while the gradient is computed.
    const message = 0.05 + ((12 + 40) * 8) / 1e6;
    expect(at(0, 1)).toBeCloseTo(message, 9);
    // The straggler has its neighbours' messages before its gradient; they wait for its next.
    expect(at(3, 1)).toBeCloseTo(0.08, 9);
    expect(at(3, 10)).toBeCloseTo(0.8, 9);
    expect(at(2, 10)).toBeCloseTo(0.8 - 0.08 + message, 9);
  });

  it('does not slow the others where nobody waits', async () => {
    expect(
      (await run('free', '--algorithm', 'ad-psgd', '--topology', 'path', ...SLOW, '--seconds', '4')).code,
    ).toBe(0);
    const { workers } = JSON.parse(await read('free', 'run.json'));
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
      const { code, said } = await run('wrong', ...args);
      expect([code, said.length]).toEqual([2, 1]);
      expect(said[0]).toMatch(reason);
    }
  });

  it('goes through runs on which nothing takes any time', async () => {
    expect((await run('still', '--algorithm', 'd-psgd', '--rounds', '20')).code).toBe(0);
    expect(JSON.parse(await read('still', 'run.json')).summary).toMatchObject({
      rounds: 20,
      simulatedSeconds: 0,
    });
  });
});

describe('recomputed from the trace', () => {
  it('AD-PSGD ends where its equations say, and the sum of all models moves by gradients alone', async () => {
    expect((await run('gossip', ...GOSSIP, '--rounds', '40')).code).toBe(0);
    const models = Array.from({ length: WORKERS }, () => [0, 0, 0] as readonly number[]);
    const begun = [...models];
    const underway = new Map<string, readonly number[]>();
    const moved = [0, 0, 0];
    let steps = 0;
    const trace = await traceOf('gossip');
    for (const event of trace) {
      const { seat } = event;
      const x = models[seat] ?? [];
      if (event.kind === 'sent' && event.tag === 1) {
        underway.set(`ask ${seat} ${event.to} ${event.step}`, begun[seat] ?? []);
      } else if (event.kind === 'applied' && event.tag === 1) {
        const theirs = underway.get(`ask ${event.from} ${seat} ${event.step}`) ?? [];
        const delta = theirs.map((value, k) => (value - (x[k] ?? 0)) / 2);
        models[seat] = plus(x, 1, delta);
        underway.set(`answer ${seat} ${event.from} ${event.step}`, delta);
      } else if (event.kind === 'applied') {
        models[seat] = plus(x, -1, underway.get(`answer ${event.from} ${seat} ${event.step}`) ?? []);
      } else if (event.kind === 'committed') {
        const g = gradient(seat, begun[seat] ?? []);
        models[seat] = plus(x, -RATE, g);
        begun[seat] = models[seat] ?? [];
        g.forEach((value, k) => {
          moved[k] = (moved[k] ?? 0) - RATE * value;
        });
        steps += 1;
      }
    }
    expect(steps).toBe(40 * WORKERS);
    await expectModels('gossip', models);
    const sum = [0, 0, 0];
    for (let seat = 0; seat < WORKERS; seat += 1) {
      (await weights('gossip', seat)).forEach((value, k) => {
        sum[k] = (sum[k] ?? 0) + value;
      });
    }
    for (const [k, value] of sum.entries()) expect(Math.abs(value - (moved[k] ?? 0))).toBeLessThan(1e-5);
    // Time never goes back, and every request was answered.
    expect(trace.every(({ time }, index) => time >= (trace[index - 1]?.time ?? 0))).toBe(true);
    const count = (tag: number) =>
      trace.filter((event) => event.kind === 'applied' && event.tag === tag).length;
    expect(count(1)).toBe(count(2));
    expect(count(1)).toBe(2 * 40);
  });

  it.each([
    ['a-psgd', [], { gathered: 1, momentum: 0, aware: false }],
    ['soft-sync', ['--set', 'algorithm.splits=2'], { gathered: 2, momentum: 0.9, aware: true }],
    [
      'soft-sync',
      [
        '--set',
        'algorithm.splits=5',
        '--set',
        'algorithm.stalenessAware=false',
        '--set',
        'algorithm.momentum=0.5',
      ],
      { gathered: 1, momentum: 0.5, aware: false },
    ],
  ] as const)('%s %j ends where its equations say', async (algorithm, options, rule) => {
    const out = `server ${algorithm} ${rule.gathered} ${rule.aware}`;
    expect(
      (await run(out, '--algorithm', algorithm, ...options, ...SLOW, ...LINK, '--rounds', '30')).code,
    ).toBe(0);
    const held = Array.from({ length: WORKERS }, () => ({ x: [0, 0, 0] as readonly number[], version: 0 }));
    let begun = held[0] ?? { x: [], version: 0 };
    let S: readonly number[] = [0, 0, 0];
    let m: readonly number[] = [0, 0, 0];
    let gathered = 0;
    const stalest = { most: 0 };
    const take = (g: readonly number[], version: number) => {
      const server = held[0] ?? begun;
      const staleness = server.version - version;
      stalest.most = Math.max(stalest.most, staleness);
      S = plus(S, rule.aware && staleness > 0 ? RATE / staleness : RATE, g);
      gathered += 1;
      if (gathered < rule.gathered) return;
      m = plus(
        S.map((value) => value / gathered),
        rule.momentum,
        m,
      );
      held[0] = { x: plus(server.x, -1, m), version: server.version + 1 };
      S = [0, 0, 0];
      gathered = 0;
    };
    const up = new Map<number, (typeof held)[number] & { g: readonly number[] }>();
    const down = new Map<number, (typeof held)[number]>();
    for (const event of await traceOf(out)) {
      const { seat } = event;
      const own = held[seat] ?? begun;
      if (event.kind === 'sent' && seat === 0) down.set(event.to, own);
      else if (event.kind === 'sent') up.set(seat, { ...own, g: gradient(seat, own.x) });
      else if (event.kind === 'applied' && seat === 0) {
        const push = up.get(event.from);
        take(push?.g ?? [], push?.version ?? 0);
      } else if (event.kind === 'applied') held[seat] = down.get(seat) ?? own;
      else if (event.kind === 'committed' && seat === 0) {
        take(gradient(0, begun.x), begun.version);
        begun = held[0] ?? begun;
      }
    }
    expect(stalest.most).toBeGreaterThan(1);
    await expectModels(
      out,
      held.map(({ x }) => x),
    );
    const server = held[0] ?? begun;
    expect(server.version).toBe(Math.floor((30 * WORKERS) / rule.gathered));
  });
});

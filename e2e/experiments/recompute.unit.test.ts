/**
 * A run on a table of one's own is what its equations say: D-PSGD on a ring, least squares, full batches,
 * all recomputed here in double precision from nothing but the file and the recipe's numbers.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PURPOSE, randomStream } from '../../src/math/random.ts';
import { decodeSafetensors } from '../../src/models/safetensors.ts';
import { main } from './main.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const WORKERS = 5;
const ROUNDS = 50;
const RATE = 0.05;
const never = new AbortController().signal;
let folder = '';

/** 23 rows of three features and a target, with four decimals, so that the file says all there is. */
const rows = Array.from({ length: 23 }, (_, row) => {
  const stream = randomStream(1, PURPOSE.simulation, 0, row);
  const decimals = (value: number) => Number(value.toFixed(4));
  const x = Array.from({ length: 3 }, () => decimals(stream.normal() + row / 40));
  const y = decimals(1.5 * (x[0] ?? 0) - 2 * (x[1] ?? 0) + 0.5 * (x[2] ?? 0) + 0.3 * stream.normal());
  return { x, y };
});

/** Rows of worker i: the i-th block, the first 23 mod 5 blocks one larger. */
function block(worker: number) {
  const sizes = [5, 5, 5, 4, 4];
  const start = sizes.slice(0, worker).reduce((a, b) => a + b, 0);
  return rows.slice(start, start + (sizes[worker] ?? 0));
}

/** (1/m) Σ (w · x − y) x over the worker's rows. */
function gradient(worker: number, w: readonly number[]): number[] {
  const mine = block(worker);
  return w.map((_, k) =>
    mine.reduce((sum, { x, y }) => {
      const error = x.reduce((dot, value, i) => dot + value * (w[i] ?? 0), 0) - y;
      return sum + (error * (x[k] ?? 0)) / mine.length;
    }, 0),
  );
}

/** x_i ← Σ_j W_ij x_j − γ g_i(x_i), with W_ij = 1/3 for a worker and its two neighbours on the ring. */
function recomputed(): number[][] {
  let models = Array.from({ length: WORKERS }, () => [0, 0, 0]);
  for (let round = 0; round < ROUNDS; round++) {
    models = models.map((own, i) => {
      const left = models[(i + WORKERS - 1) % WORKERS] ?? [];
      const right = models[(i + 1) % WORKERS] ?? [];
      const g = gradient(i, own);
      return own.map((value, k) => (value + (left[k] ?? 0) + (right[k] ?? 0)) / 3 - RATE * (g[k] ?? 0));
    });
  }
  return models;
}

/** Standard output and error of a run. */
async function run(args: readonly string[]) {
  const said: string[] = [];
  const spies = (['log', 'error'] as const).map((name) =>
    vi.spyOn(console, name).mockImplementation((text) => void said.push(String(text))),
  );
  const progress = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  try {
    return { code: await main(args, never), said };
  } finally {
    for (const spy of [...spies, progress]) spy.mockRestore();
  }
}

const file = () => path.join(folder, 'toy.csv');
const flags = (out: string) => [
  ...['--transport', 'memory', '--backend', 'cpu', '--dataset', `csv:${file()}`, '--target', 'y'],
  ...['--model', 'linear', '--batch', 'full', '--partition', 'contiguous', '--init', 'zeros'],
  ...['--lr', String(RATE), '--rounds', String(ROUNDS), '--workers-per-tab', String(WORKERS)],
  ...['--algorithm', 'd-psgd', '--topology', 'ring', '--out', path.join(folder, out)],
];

const weights = async (out: string, name: string) => {
  const { tensors } = decodeSafetensors(await readFile(path.join(folder, out, `model-${name}.safetensors`)));
  expect(tensors.map((tensor) => [tensor.name, tensor.shape])).toEqual([['weight', [1, 3]]]);
  return [...(tensors[0]?.data ?? [])];
};

const farthest = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, k) => Math.abs(value - (b[k] ?? Number.NaN))));

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'murmuration-recompute-'));
  const lines = rows.map(({ x, y }) => [...x, y].join(','));
  await writeFile(file(), `a,b,c,y\n${lines.join('\n')}\n`);
  for (const out of ['first', 'second']) expect((await run(flags(out))).code).toBe(0);
});
afterAll(() => rm(folder, { recursive: true }));

describe('D-PSGD on a table', () => {
  it('ends at the parameters of its equations, every worker and their mean', async () => {
    const models = recomputed();
    for (const [seat, model] of models.entries()) {
      expect(farthest(await weights('first', String(seat)), model)).toBeLessThan(1e-5);
    }
    const mean = [0, 1, 2].map((k) => models.reduce((sum, model) => sum + (model[k] ?? 0) / WORKERS, 0));
    expect(farthest(await weights('first', 'mean'), mean)).toBeLessThan(1e-5);
    // The workers are far enough apart for a mistake in who talks to whom to show.
    expect(farthest(models[0] ?? [], models[2] ?? [])).toBeGreaterThan(1e-3);
  });

  it('gives the same bytes again', async () => {
    const names = (await readdir(path.join(folder, 'first'))).filter((name) => /^(metrics|model)/.test(name));
    expect(names).toHaveLength(WORKERS + 2);
    for (const name of names) {
      const [first, second] = await Promise.all(
        ['first', 'second'].map((out) => readFile(path.join(folder, out, name))),
      );
      expect(first?.equals(second ?? Buffer.alloc(0))).toBe(true);
    }
  });

  it('has no accuracy, and counts the rows that each worker really used', async () => {
    const [, ...lines] = (await readFile(path.join(folder, 'first', 'metrics.csv'), 'utf8'))
      .trim()
      .split('\n');
    const last = lines.map((line) => line.split(',')).filter((row) => row[1] === '50');
    expect(last.map(([seat, , samples]) => [seat, samples])).toEqual(
      [250, 250, 250, 200, 200].map((samples, seat) => [String(seat), String(samples)]),
    );
    for (const row of last) {
      expect(Number(row[4])).toBeGreaterThan(0);
      expect(row[5]).toBe('');
    }
    const { summary, config } = JSON.parse(await readFile(path.join(folder, 'first', 'run.json'), 'utf8'));
    expect(summary).toMatchObject({ finalTestAccuracy: null, worstTestAccuracy: null });
    const w = await weights('first', 'mean');
    const loss = rows.reduce((sum, { x, y }) => {
      const error = x.reduce((dot, value, k) => dot + value * (w[k] ?? 0), 0) - y;
      return sum + error ** 2 / 2 / rows.length;
    }, 0);
    expect(summary.finalTestLoss).toBeCloseTo(loss, 5);
    expect(config.dataset.options).toMatchObject({ target: 'y', columns: 'a,b,c', classes: '0' });
  });

  it('says in one line what is wrong with the data', async () => {
    const attempt = async (...extra: string[]) => {
      const { code, said } = await run([...flags('wrong'), ...extra]);
      expect(said).toHaveLength(1);
      return [code, said[0]] as const;
    };
    const missing = await attempt('--dataset', `csv:${path.join(folder, 'none.csv')}`);
    expect(missing[0]).toBe(1);
    expect(missing[1]).toMatch(/none\.csv cannot be read/);
    expect((await attempt('--target', 'z'))[1]).toMatch(/has no column "z"; its columns are a, b, c, y/);
    expect((await attempt('--model', 'mlp'))[1]).toMatch(/mlp tells classes apart.*Choose linear/);
    expect((await attempt('--partition', 'shards:2'))[1]).toMatch(/deals by class/);
    expect((await attempt('--target-accuracy', '0.9'))[1]).toMatch(/no accuracy where numbers are predicted/);
    expect((await attempt('--transport', 'webrtc'))[1]).toMatch(/needs --transport memory --backend cpu/);
    expect(await attempt('--batch', 'some')).toEqual([2, expect.stringMatching(/full, or a whole number/)]);
  });
});

it('learns classes from a table of texts', async () => {
  const table = path.join(folder, 'classes.csv');
  const lines = rows.map(
    ({ x }, row) => `${x[0]},${row % 2 === 0 ? 'red' : 'blue'},${(x[0] ?? 0) > 0.3 ? 'high' : 'low'}`,
  );
  await writeFile(table, `size,colour,kind\n${lines.join('\n')}\n`);
  const { code } = await run([
    ...flags('classes'),
    ...[
      '--dataset',
      `csv:${table}`,
      '--target',
      'kind',
      '--model',
      'logistic',
      '--lr',
      '1',
      '--set',
      'dataset.test=0.2',
    ],
  ]);
  expect(code).toBe(0);
  const { summary, config, workers } = JSON.parse(
    await readFile(path.join(folder, 'classes', 'run.json'), 'utf8'),
  );
  expect(config.dataset.options).toMatchObject({
    columns: 'size,colour=blue,colour=red',
    classes: 'high,low',
  });
  expect(summary.finalTestAccuracy).toBeGreaterThanOrEqual(0.75);
  expect(workers.map(({ rows: held }: { rows: number }) => held)).toEqual([4, 4, 4, 4, 3]);
});

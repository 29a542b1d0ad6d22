/**
 * A run on a table of one's own is what its equations say: D-PSGD on a ring, least squares, full batches,
 * all recomputed here in double precision from nothing but the file and the recipe's numbers.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { dPsgd } from './recompute-gossip.ts';
import { blocks, experiment, plainRun, tableRows, tableText, weightsIn } from './recompute-rig.ts';
import { farthest, mean } from './recompute-vectors.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const WORKERS = 5;
const ROUNDS = 50;
const RATE = 0.05;
const rows = tableRows(23, [1.5, -2, 0.5]);
let folder = '';

const file = () => path.join(folder, 'toy.csv');
const flags = (out: string) => [
  ...plainRun(file(), ROUNDS, RATE),
  ...['--algorithm', 'd-psgd', '--topology', 'ring', '--out', path.join(folder, out)],
];
const weights = (out: string, name: string) => weightsIn(path.join(folder, out), name);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'murmuration-recompute-'));
  await writeFile(file(), tableText(rows));
  for (const out of ['first', 'second']) expect((await experiment(flags(out))).code).toBe(0);
});
afterAll(() => rm(folder, { recursive: true }));

describe('D-PSGD on a table', () => {
  it('ends at the parameters of its equations, every worker and their mean', async () => {
    const models = dPsgd('cta')({ rows: blocks(rows, WORKERS), d: 3, rounds: ROUNDS, lr: RATE });
    for (const [seat, model] of models.entries()) {
      expect(farthest(await weights('first', String(seat)), model)).toBeLessThan(1e-5);
    }
    expect(farthest(await weights('first', 'reported'), mean(models))).toBeLessThan(1e-5);
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
    expect(summary).toMatchObject({ finalTestAccuracy: null, ownTestAccuracy: null });
    const w = await weights('first', 'reported');
    const loss = rows.reduce((sum, { x, y }) => {
      const error = x.reduce((dot, value, k) => dot + value * (w[k] ?? 0), 0) - y;
      return sum + error ** 2 / 2 / rows.length;
    }, 0);
    expect(summary.finalTestLoss).toBeCloseTo(loss, 5);
    expect(config.dataset.options).toMatchObject({ target: 'y', columns: 'x0,x1,x2', classes: '0' });
  });

  it('says in one line what is wrong with the data', async () => {
    const attempt = async (...extra: string[]) => {
      const { code, said } = await experiment([...flags('wrong'), ...extra]);
      expect(said).toHaveLength(1);
      return [code, said[0]] as const;
    };
    const missing = await attempt('--dataset', `csv:${path.join(folder, 'none.csv')}`);
    expect(missing[0]).toBe(1);
    expect(missing[1]).toMatch(/none\.csv cannot be read/);
    expect((await attempt('--target', 'z'))[1]).toMatch(/has no column "z"; its columns are x0, x1, x2, y/);
    expect((await attempt('--model', 'mlp'))[1]).toMatch(/mlp tells classes apart.*Choose linear/);
    expect((await attempt('--partition', 'shards:2'))[1]).toMatch(/deals by class/);
    expect((await attempt('--target-accuracy', '0.9'))[1]).toMatch(/no accuracy where numbers are predicted/);
    expect(await attempt('--batch', 'some')).toEqual([2, expect.stringMatching(/full, or a whole number/)]);
  });
});

it('learns classes from a table of texts', async () => {
  const table = path.join(folder, 'classes.csv');
  const lines = rows.map(
    ({ x }, row) => `${x[0]},${row % 2 === 0 ? 'red' : 'blue'},${(x[0] ?? 0) > 0.3 ? 'high' : 'low'}`,
  );
  await writeFile(table, `size,colour,kind\n${lines.join('\n')}\n`);
  const { code } = await experiment([
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

/**
 * Regret of online algorithms on a stream of least squares: what run.json says is what the losses and the
 * best fixed model say, and on average it falls like 1/√T.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { leastSquares } from './least-squares.ts';
import { blocks, experiment, plainRun, tableRows, tableText } from './recompute-rig.ts';
import { farthest, gradient, mean, type Row, sum, type V, zeros } from './recompute-vectors.ts';
import type { Regret } from './regret.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const truth = [1.5, -2, 0.5];
const rows = tableRows(400, truth);
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'murmuration-regret-'));
  await writeFile(path.join(folder, 'table.csv'), tableText(rows));
});
afterAll(() => rm(folder, { recursive: true }));

async function regretOf(rounds: number, lr: number, ...flags: readonly string[]): Promise<Regret | null> {
  const out = path.join(folder, 'run');
  const plain = plainRun(path.join(folder, 'table.csv'), rounds, lr);
  const { code, said } = await experiment([
    ...plain,
    '--eval-every',
    '100',
    '--out',
    out,
    '--force',
    ...flags,
  ]);
  expect([code, said.join(' ')]).toEqual([0, expect.stringMatching(/written/)]);
  return JSON.parse(await readFile(path.join(out, 'run.json'), 'utf8')).summary.regret;
}

it('finds the least-squares model, and nothing where nothing is known', () => {
  const exact = tableRows(30, truth).map(({ x }) => ({
    x: [...x, 0],
    y: x.reduce((dot, value, k) => dot + value * (truth[k] ?? 0), 0),
    weight: 1 + (x[0] ?? 0) ** 2,
  }));
  expect(farthest([...truth, 0], leastSquares(exact))).toBeLessThan(1e-10);
  // Among noisy rows, no step away is better.
  const noisy = rows.map((row, k) => ({ ...row, weight: 1 + (k % 3) }));
  const cost = (w: V) =>
    noisy.reduce(
      (total, { x, y, weight }) => total + weight * (x.reduce((d, v, k) => d + v * (w[k] ?? 0), 0) - y) ** 2,
      0,
    );
  const best = leastSquares(noisy);
  for (const k of [0, 1, 2]) {
    for (const step of [-1e-3, 1e-3]) {
      expect(cost(best.map((value, index) => (index === k ? value + step : value)))).toBeGreaterThan(
        cost(best),
      );
    }
  }
});

it('is what was suffered less what the best fixed model would have suffered', async () => {
  const told = await regretOf(40, 0.1, '--algorithm', 'dog', '--topology', 'ring');
  const problem = { rows: blocks(rows, 5), d: 3, rounds: 40, lr: 0.1 };
  const loss = (mine: readonly Row[], w: V) =>
    mine.reduce((total, { x, y }) => total + (x.reduce((d, v, k) => d + v * (w[k] ?? 0), 0) - y) ** 2, 0) /
    2 /
    mine.length;
  let models: readonly V[] = problem.rows.map(() => zeros(3));
  let suffered = 0;
  for (let t = 0; t < 40; t += 1) {
    suffered += models.reduce((total, w, i) => total + loss(problem.rows[i] ?? [], w), 0);
    const steps = models.map((w, i) => sum([-0.1, gradient(problem, i, w)]));
    models = models.map((w, i) =>
      sum([1, mean([w, models[(i + 1) % 5] ?? [], models[(i + 4) % 5] ?? []])], [1, steps[i] ?? []]),
    );
  }
  const best = leastSquares(rows.map((row) => ({ ...row, weight: 1 })));
  const fixed = 40 * problem.rows.reduce((total, mine) => total + loss(mine, best), 0);
  expect(told).toMatchObject({ losses: 200, comparator: 'least-squares' });
  expect(told?.suffered).toBeCloseTo(suffered, 3);
  expect(told?.comparatorLoss).toBeCloseTo(fixed, 3);
  expect(told?.regret).toBeCloseTo(suffered - fixed, 3);
  expect(told?.average).toBeCloseTo((suffered - fixed) / 200, 5);
});

it.each(['dog', 'online-push-sum'])(
  'of %s falls on average like 1/√T, with steps of that size',
  async (id) => {
    const averages: number[] = [];
    for (const rounds of [100, 400, 1600]) {
      // A row at a time, and the rate that the bound asks for.
      const regret = await regretOf(rounds, 0.6 / Math.sqrt(rounds), '--batch', '1', '--algorithm', id);
      expect(regret?.losses).toBe(5 * rounds);
      averages.push(regret?.average ?? Number.NaN);
    }
    const [first = Number.NaN, second = Number.NaN, third = Number.NaN] = averages;
    for (const ratio of [second / first, third / second]) {
      expect(ratio).toBeGreaterThan(0.4);
      expect(ratio).toBeLessThan(0.6);
    }
  },
);

it('of other models is against the average of the final ones, and other algorithms have none', async () => {
  const table = path.join(folder, 'classes.csv');
  const lines = rows.map(({ x, y }) => `${x.join(',')},${y > 0 ? 'up' : 'down'}`);
  await writeFile(table, `a,b,c,y\n${lines.join('\n')}\n`);
  const flags = ['--dataset', `csv:${table}`, '--model', 'logistic', '--batch', '4'];
  const regret = await regretOf(200, 0.2, ...flags, '--algorithm', 'dog');
  expect(regret).toMatchObject({ losses: 1000, comparator: 'average-model' });
  expect(regret?.average).toBeGreaterThan(0);
  expect(await regretOf(20, 0.2, '--algorithm', 'd-psgd')).toBe(null);
});

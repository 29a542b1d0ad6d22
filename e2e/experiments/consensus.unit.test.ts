/**
 * A run in which nobody learns, recomputed in double precision from the files it wrote: where workers start,
 * what gossip makes of it, how fast they agree, and that a loss that nobody suffered is nowhere a number.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findEntry } from '../../src/base/registry.ts';
import { PURPOSE, randomStream } from '../../src/math/random.ts';
import { MODELS } from '../../src/models/index.ts';
import { buildRecipe } from '../../src/recipe/schema.ts';
import { layoutOf } from '../../src/session/assets.ts';
import { experiment, tableRows, tableText, weightsIn } from './recompute-rig.ts';
import { farthest, mean, mix, type V } from './recompute-vectors.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const N = 8;
const ROUNDS = 40;
const SEED = 5;
const WIDTH = 12;
/** |λ2| of the ring of eight with weights of a third. */
const RHO = (1 + 2 * Math.cos((2 * Math.PI) / N)) / 3;
let folder = '';
let said = '';

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'murmuration-consensus-'));
  const rows = tableRows(
    32,
    Array.from({ length: WIDTH }, (_, k) => k - 5),
  );
  await writeFile(path.join(folder, 'toy.csv'), tableText(rows));
  const run = await experiment([
    ...['--transport', 'memory', '--backend', 'cpu', '--workers-per-tab', String(N), '--seed', String(SEED)],
    ...['--dataset', `csv:${path.join(folder, 'toy.csv')}`, '--target', 'y', '--model', 'linear'],
    ...['--algorithm', 'choco-gossip', '--set', 'algorithm.eta=1', '--topology', 'ring'],
    ...['--rounds', String(ROUNDS), '--eval-every', '1', '--out', path.join(folder, 'run')],
  ]);
  expect(run.code).toBe(0);
  said = run.said.join('\n');
});
afterAll(() => rm(folder, { recursive: true }));

/** x_i = x_0 + 0.1 N(0, 1), each worker by numbers of its own. */
function starts(): readonly V[] {
  const columns = Array.from({ length: WIDTH }, (_, k) => `x${k}`).join(',');
  const dataset = { id: 'csv', options: { file: 'toy.csv', target: 'y', columns, classes: '0' } };
  const layout = layoutOf(buildRecipe({ dataset, model: { id: 'linear' } }));
  const common = findEntry('model', MODELS, 'linear').initialise(layout, SEED);
  return Array.from({ length: N }, (_, seat) => {
    const own = randomStream(SEED, PURPOSE.start, seat, 0);
    return [...common].map((value) => value + 0.1 * own.normal());
  });
}

/** Models after every round: X, W X, W² X, … */
function exactGossip(): readonly (readonly V[])[] {
  const near = (i: number, j: number) => [0, 1, N - 1].includes((i - j + N) % N);
  const W = starts().map((_, i) => starts().map((_unused, j) => (near(i, j) ? 1 / 3 : 0)));
  const all: (readonly V[])[] = [starts()];
  for (let t = 0; t < ROUNDS; t += 1) all.push(W.map((row) => mix(row, all[t] ?? [])));
  return all;
}

const distance = (models: readonly V[]) => {
  const centre = mean(models);
  const squares = models.flatMap((x) => x.map((value, k) => (value - (centre[k] ?? 0)) ** 2));
  return Math.sqrt(squares.reduce((a, b) => a + b, 0) / models.length);
};

describe('CHOCO-Gossip that sends whole numbers', () => {
  it('is gossip, Wᵗ X: every worker ends where its equation says, and the average stays', async () => {
    const expected = exactGossip().at(-1) ?? [];
    for (const [seat, model] of expected.entries()) {
      expect(farthest(await weightsIn(path.join(folder, 'run'), String(seat)), model)).toBeLessThan(1e-5);
    }
    expect(farthest(await weightsIn(path.join(folder, 'run'), 'reported'), mean(starts()))).toBeLessThan(
      1e-5,
    );
    expect(farthest(starts()[0] ?? [], mean(starts()))).toBeGreaterThan(0.05);
  });

  it('agrees as fast as the spectral gap says, in every row of metrics.csv', async () => {
    const text = await readFile(path.join(folder, 'run', 'metrics.csv'), 'utf8');
    const [head = [], ...rows] = text
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    const column = head.indexOf('consensusDistance');
    const measured = new Map(rows.map((row) => [Number(row[1]), Number(row[column])]));
    const exact = exactGossip().map(distance);
    for (let round = 1; round <= ROUNDS; round += 1) {
      const [now = 0, before = 0] = [exact[round], exact[round - 1]];
      expect((measured.get(round) ?? 0) / now).toBeCloseTo(1, 3);
      expect(now / before).toBeLessThan(RHO + 1e-12);
    }
    const [last = 0, before = 0] = [measured.get(ROUNDS), measured.get(ROUNDS - 1)];
    expect(last / before).toBeCloseTo(RHO, 2);
  });

  it('has no training loss: an empty cell, null, and nothing on the screen', async () => {
    const text = await readFile(path.join(folder, 'run', 'metrics.csv'), 'utf8');
    const [head = '', ...lines] = text.trim().split('\n');
    const column = head.split(',').indexOf('trainLoss');
    expect(new Set(lines.map((line) => line.split(',')[column]))).toEqual(new Set(['']));
    const { summary, config } = JSON.parse(await readFile(path.join(folder, 'run', 'run.json'), 'utf8'));
    expect(summary.finalTrainLoss).toBeNull();
    expect(config.init).toBe('spread');
    for (const told of [text, said]) expect(told).not.toMatch(/NaN/);
    expect(said).not.toMatch(/training loss/);
  });
});

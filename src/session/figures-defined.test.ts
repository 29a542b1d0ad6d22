/** The figures of whole sessions: each has one definition, whoever looks, and however often. */
import { afterEach, describe, expect, it } from 'vitest';
import { combined } from '../algorithms/reported.ts';
import { decodeModel } from '../models/model-file.ts';
import { buildRecipe, type RecipeParts } from '../recipe/schema.ts';
import type { LabHandle, WorkerModel } from './handle.ts';
import { startNodeLab, until } from './node-lab.ts';
import type { MetricRow, Point } from './snapshot.ts';

const MOONS: RecipeParts = {
  dataset: { id: 'moons', options: { rows: 200 } },
  model: { id: 'mlp', options: { hidden: [8] } },
  batch: 4,
  lr: 0.3,
};
const open: LabHandle[] = [];

afterEach(() => {
  for (const lab of open.splice(0)) lab.close();
});

interface Run {
  readonly labs: readonly LabHandle[];
  readonly rows: readonly MetricRow[];
  /** Of every tab. */
  readonly points: readonly (readonly Point[])[];
  readonly models: readonly WorkerModel[];
}

async function run(parts: RecipeParts, tabs: number, workersPerTab: number): Promise<Run> {
  const labs = await startNodeLab({ recipe: buildRecipe({ ...MOONS, ...parts }), tabs, workersPerTab });
  open.push(...labs);
  const rows: MetricRow[] = [];
  const points = labs.map((lab) => {
    const mine: Point[] = [];
    lab.subscribe((report) => {
      if (report.kind === 'points') mine.push(...report.points);
      if (report.kind === 'metrics') rows.push(...report.rows);
    });
    return mine;
  });
  labs[0]?.send({ kind: 'command', command: { kind: 'start', stopAt: null } });
  await until(labs, ({ phase }) => phase === 'finished');
  const models = (await Promise.all(labs.map((lab) => lab.models()))).flat();
  return { labs, rows, points, models: models.sort((a, b) => a.seat - b.seat) };
}

const kept = <Kind extends Point['kind']>(points: readonly Point[] | undefined, kind: Kind) =>
  (points ?? []).filter((point): point is Extract<Point, { kind: Kind }> => point.kind === kind);

async function reported(lab: LabHandle | undefined, like: WorkerModel | undefined): Promise<Float32Array> {
  if (lab === undefined || like === undefined) throw new Error('There is a model.');
  const { bytes } = await lab.ask('export', { of: 'reported' });
  return decodeModel(bytes, like.layout).parameters;
}

describe('a training loss', () => {
  it.each([1, 2])('is the same however often it is looked at, in %i tabs', async (tabs) => {
    const of = async (evalEvery: number) => {
      const { labs, rows, points } = await run({ rounds: 33, evalEvery }, tabs, 4 / tabs);
      const workers = labs.flatMap((lab) => lab.snapshot()?.workers.filter(({ mine }) => mine) ?? []);
      const drawn = points.flatMap((each) => kept(each, 'loss'));
      return {
        final: workers.map(({ seat, trainLoss }) => [seat, trainLoss]),
        cells: new Map(rows.map(({ seat, round, trainLoss }) => [`${seat} ${round}`, trainLoss])),
        drawn,
      };
    };
    const [every, some, last] = [await of(1), await of(7), await of(1000)];
    expect(every.cells.size).toBe(33 * 4);
    for (const { final, cells, drawn } of [some, last]) {
      expect(final).toEqual(every.final);
      for (const [key, value] of cells) expect([key, value]).toEqual([key, every.cells.get(key)]);
      // Every point of every tab's chart has the value of its round, whenever it was read or reported.
      expect(drawn.length).toBeGreaterThan(0);
      for (const { seat, round, value } of drawn) expect(value).toBe(every.cells.get(`${seat} ${round}`));
    }
  });

  it('begins anew with a run', async () => {
    const { labs } = await run({ rounds: 3, evalEvery: 1000, lr: 0 }, 1, 1);
    const [lab] = labs;
    const first = lab?.snapshot()?.workers[0]?.trainLoss;
    lab?.send({ kind: 'command', command: { kind: 'start', stopAt: 40 } });
    await until(labs, ({ round }) => round > 3);
    lab?.send({ kind: 'command', command: { kind: 'reset' } });
    await until(labs, ({ phase, view }) => phase === 'idle' && view.epoch === 1);
    lab?.send({ kind: 'command', command: { kind: 'start', stopAt: 3 } });
    await until(labs, ({ round, phase }) => round === 3 && phase !== 'running');
    expect(lab?.snapshot()?.workers[0]?.trainLoss).toBe(first);
  });
});

describe('a run that diverges at finite numbers', () => {
  const wild: RecipeParts = { lr: 60, rounds: 40, evalEvery: 1000 };
  const said = (lab: LabHandle | undefined) =>
    lab?.snapshot()?.notices.find(({ id }) => id === 'diverged')?.what ?? '';

  it('says so in every tab, and is paused; started again it is another matter', async () => {
    const recipe = buildRecipe({ ...MOONS, ...wild, rounds: 0 });
    const labs = await startNodeLab({ recipe, tabs: 2, workersPerTab: 2 });
    open.push(...labs);
    labs[0]?.send({ kind: 'command', command: { kind: 'start', stopAt: null } });
    await until(
      labs,
      ({ phase, notices }) => phase === 'paused' && notices.some(({ id }) => id === 'diverged'),
    );
    const workers = labs.flatMap((lab) => lab.snapshot()?.workers.filter(({ mine }) => mine) ?? []);
    expect(workers.every(({ trainLoss }) => Number.isFinite(trainLoss))).toBe(true);
    expect(workers.some(({ diverging }) => diverging)).toBe(true);
    expect(labs.map(said).join()).toMatch(/the loss of worker \d is [\d.e+]+, far above the 0\.\d+ that it/);
    labs[1]?.send({ kind: 'command', command: { kind: 'reset' } });
    await until(labs, ({ phase }) => phase === 'idle');
    labs[1]?.send({ kind: 'command', command: { kind: 'start', stopAt: 5 } });
    await until(labs, ({ phase, round }) => phase !== 'running' && round === 5);
    expect(labs.map(said)).toEqual(['', '']);
  });

  it('has not just finished, however short it was', async () => {
    const labs = await startNodeLab({
      recipe: buildRecipe({ ...MOONS, ...wild }),
      tabs: 1,
      workersPerTab: 2,
    });
    open.push(...labs);
    labs[0]?.send({ kind: 'command', command: { kind: 'start', stopAt: 40 } });
    await until(labs, ({ phase, round }) => round === 40 && phase === 'paused');
    expect(said(labs[0])).toMatch(/^The training diverged: the loss of worker/);
  });
});

describe('the reported model', () => {
  const federated = {
    algorithm: { id: 'fedavg', options: { clientFraction: 0.25 } },
    rounds: 12,
    evalEvery: 4,
    partition: { id: 'shards', options: { labels: 1 } },
  };

  it('is the server’s where clients rest, and theirs count only while they are of the round', async () => {
    const { labs, rows, points, models } = await run(federated, 1, 8);
    const server = rows.filter(({ seat }) => seat === 0);
    expect(kept(points[0], 'model').map(({ round, testLoss }) => [round, testLoss])).toEqual(
      server.map(({ round, testLoss }) => [round, testLoss]),
    );
    expect(server).toHaveLength(3);
    const stale = rows.filter(({ testLoss }) => testLoss === null);
    // Two of eight were drawn for the next round, and the server may be one of them.
    expect(stale.length).toBeGreaterThanOrEqual(3 * 5);
    for (const { testAccuracy } of stale) expect(testAccuracy).toBe(null);
    for (const row of rows) {
      for (const value of Object.values(row)) expect(Number.isNaN(value)).toBe(false);
      expect(row.trainLoss === null).toBe(row.batches === 0);
    }
    expect(models.map(({ current }) => current).filter(Boolean).length).toBe(8 - stale.length / 3);
    expect(await reported(labs[0], models[0])).toEqual(models[0]?.parameters);
    expect(kept(points[0], 'consensus')).toEqual([]);
    expect(labs[0]?.snapshot()?.model).toMatchObject({ of: 'server', seat: 0, round: 12 });
  });

  it('of a server is known in all tabs', async () => {
    const { labs, points, models } = await run(federated, 2, 3);
    const [first, second] = labs;
    await until(labs, ({ model }) => model.round === 12);
    expect(second?.snapshot()?.model).toEqual(first?.snapshot()?.model);
    expect(kept(points[1], 'model').at(-1)).toEqual(kept(points[0], 'model').at(-1));
    expect(await reported(second, models[0])).toEqual(models[0]?.parameters);
  });

  it('of push-sum is the average of the numerators, here and over several tabs', async () => {
    const parts = {
      algorithm: { id: 'sgp' },
      topology: { id: 'directed-random' },
      rounds: 9,
      evalEvery: 9,
    };
    for (const tabs of [1, 2]) {
      const { labs, models } = await run(parts, tabs, 4 / tabs);
      const weights = models.map(({ weight }) => weight);
      expect(new Set(weights).size).toBeGreaterThan(1);
      const expected = combined(
        models.map(({ parameters }) => parameters),
        weights,
      );
      const found = await reported(labs[0], models[0]);
      for (const [k, value] of expected.entries()) expect(found[k]).toBeCloseTo(value, 6);
    }
  });
});

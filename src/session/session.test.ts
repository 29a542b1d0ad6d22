/** Whole sessions in one process: the same room, rounds and measurements as in tabs. */
import { afterEach, describe, expect, it } from 'vitest';
import { realClock } from '../base/clock.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { randomStream } from '../math/random.ts';
import { MemoryHub } from '../network/memory.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { buildRecipe, type RecipeParts } from '../recipe/schema.ts';
import { Assets } from './assets.ts';
import { distancesToMean } from './consensus.ts';
import type { LabHandle } from './handle.ts';
import { loadInNode, openNodeTab, startNodeLab, until } from './node-lab.ts';
import type { MetricRow, Point, Snapshot } from './snapshot.ts';

const SMALL = { model: { id: 'mlp', options: { hidden: [16] } }, evalEvery: 5 };
const open: LabHandle[] = [];

afterEach(() => {
  for (const lab of open.splice(0)) lab.close();
});

async function labs(parts: RecipeParts, tabs: number, workersPerTab: number) {
  const recipe = buildRecipe({ ...SMALL, ...parts });
  const started = await startNodeLab({ recipe, tabs, workersPerTab });
  open.push(...started);
  return started;
}

function recorded(lab: LabHandle) {
  const rows: MetricRow[] = [];
  const points: Point[] = [];
  lab.subscribe((report) => {
    if (report.kind === 'metrics') rows.push(...report.rows);
    if (report.kind === 'points') points.push(...report.points);
  });
  return { rows, points };
}

const command = (lab: LabHandle | undefined, kind: 'start' | 'pause' | 'step' | 'reset') =>
  lab?.send({ kind: 'command', command: kind === 'start' ? { kind, stopAt: null } : { kind } });
const finished = (snapshot: Snapshot) => snapshot.phase === 'finished';

/** Where the first workers start. */
async function startsOf(recipe: Recipe, workers: number): Promise<readonly Float32Array[]> {
  const assets = new Assets(createCpuCompute(), recipe, await loadInNode(recipe));
  const starts = Array.from({ length: workers }, (_, seat) => assets.startOf(seat));
  assets.destroy();
  return starts;
}

async function wholeRun(parts: RecipeParts) {
  const [lab] = await labs(parts, 1, 4);
  if (lab === undefined) throw new Error('There is one tab.');
  const record = recorded(lab);
  command(lab, 'start');
  await until([lab], finished);
  const rows = record.rows
    .map(({ seconds: _, ...row }) => row)
    .sort((a, b) => a.round - b.round || a.seat - b.seat);
  return { rows, points: record.points, models: await lab.models() };
}

describe('a session', () => {
  it('gives the same bytes for the same recipe', async () => {
    const parts = {
      rounds: 12,
      algorithm: { id: 'choco-sgd' },
      compressor: { id: 'top-k', options: { ratio: 0.1 } },
    };
    const first = await wholeRun(parts);
    const second = await wholeRun(parts);
    expect(first.rows).toHaveLength(12);
    expect(second.rows).toEqual(first.rows);
    expect(second.models).toEqual(first.models);
    const other = await wholeRun({ ...parts, seed: 2 });
    expect(other.models).not.toEqual(first.models);
  });

  it('estimates the consensus distance of several tabs from sketches', async () => {
    const tabs = await labs({ rounds: 20, partition: { id: 'shards', options: { labels: 2 } } }, 3, 2);
    const [first] = tabs;
    if (first === undefined) throw new Error('There are three tabs.');
    const { points } = recorded(first);
    command(tabs[1], 'start');
    await until(tabs, finished);
    const models = (await Promise.all(tabs.map((lab) => lab.models()))).flat();
    models.sort((a, b) => a.seat - b.seat);
    const exact = distancesToMean(models.map(({ parameters }) => parameters)).value;
    await until([first], () => points.some((point) => point.kind === 'consensus' && point.round === 20));
    const estimate = points.find((point) => point.kind === 'consensus' && point.round === 20);
    if (estimate?.kind !== 'consensus') throw new Error('There is an estimate.');
    expect(estimate.exact).toBe(false);
    expect(Math.abs(estimate.value / exact - 1)).toBeLessThan(0.25);
    // Every tab's chart has everybody's losses.
    const seats = () => new Set(points.flatMap((point) => (point.kind === 'loss' ? [point.seat] : [])));
    await until([first], () => seats().size === 6);
    expect([...seats()].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('says that the room has another recipe than the link of who comes, and where to run the link’s', async () => {
    const hub = new MemoryHub();
    const tab = (index: number, parts: RecipeParts) => {
      const lab = openNodeTab(hub, index, { recipe: buildRecipe({ ...SMALL, ...parts }), workersPerTab: 1 });
      open.push(lab);
      return lab;
    };
    const overruled = (lab: LabHandle) => lab.snapshot()?.notices.find(({ id }) => id === 'overruled');
    const first = tab(0, { algorithm: { id: 'choco-sgd' }, lr: 0.2 });
    await until([first], ({ phase }) => phase === 'idle');
    const second = tab(1, { lr: 0.3 });
    const third = tab(2, { algorithm: { id: 'choco-sgd' }, lr: 0.2 });
    await until([first, second, third], ({ workers }) => workers.length === 3);
    await until([second], ({ notices }) => notices.some(({ id }) => id === 'overruled'));
    const notice = overruled(second);
    expect(notice?.what).toContain('learning rate 0.3 (here 0.2), algorithm D-PSGD (here CHOCO-SGD)');
    expect(notice?.what).not.toContain('seed');
    expect(notice?.link?.href).toBe(
      '?model.hidden=16&lr=0.3&evalEvery=5&backend=cpu&transport=memory#room=new',
    );
    // A command is no surprise, and who asked for what the room has is told nothing.
    const changed = JSON.stringify({ ...first.snapshot()?.recipe, lr: 0.4 });
    first.send({ kind: 'command', command: { kind: 'recipe', recipe: changed } });
    await until([first, second, third], ({ recipe }) => recipe.lr === 0.4);
    expect([overruled(first), overruled(third)]).toEqual([undefined, undefined]);
  });

  it('gives a newcomer the current parameters, for algorithms with and without neighbour state', async () => {
    for (const algorithm of [{ id: 'd-psgd' }, { id: 'choco-sgd' }]) {
      const hub = new MemoryHub();
      const recipe = buildRecipe({ ...SMALL, lr: 0.2, algorithm });
      const first = openNodeTab(hub, 0, { recipe, workersPerTab: 2 });
      open.push(first);
      await until([first], ({ phase }) => phase === 'idle');
      command(first, 'start');
      await until([first], ({ round }) => round >= 40);
      const late = openNodeTab(hub, 1, { recipe: buildRecipe({}), workersPerTab: 1 });
      open.push(late);
      // Its address asked for nothing, so nothing of it was overruled.
      expect(late.snapshot()?.notices.map(({ id }) => id) ?? []).not.toContain('overruled');
      await until([first, late], ({ workers }) => workers.length === 3);
      await until([late], ({ round, recipe: adopted }) => round > 40 && adopted.lr === 0.2);
      await until([first], ({ round }) => round >= (late.snapshot()?.round ?? 0) + 5);
      command(late, 'pause');
      await until([first, late], ({ phase }) => phase === 'paused');
      const models = [...(await first.models()), ...(await late.models())];
      expect(new Set(models.map(({ round }) => round)).size).toBe(1);
      // Had it started from scratch, it would be far away.
      expect(distancesToMean(models.map(({ parameters }) => parameters)).value).toBeLessThan(1);
    }
  });

  it('gives a newcomer a neighbour’s parameters also where the others had started apart', async () => {
    const hub = new MemoryHub();
    const recipe = buildRecipe({ ...SMALL, algorithm: { id: 'choco-gossip' } });
    const first = openNodeTab(hub, 0, { recipe, workersPerTab: 2 });
    open.push(first);
    await until([first], ({ phase }) => phase === 'idle');
    command(first, 'start');
    await until([first], ({ round }) => round >= 40);
    const late = openNodeTab(hub, 1, { recipe: buildRecipe({}), workersPerTab: 1 });
    open.push(late);
    await until([late], ({ round, workers }) => round > 40 && workers.length === 3);
    command(late, 'pause');
    await until([first, late], ({ phase }) => phase === 'paused');
    const models = [...(await first.models()), ...(await late.models())].map(({ parameters }) => parameters);
    // Had it drawn a start of its own, the average would have moved by a third of that.
    const [common, x0] = [distancesToMean(models.slice(0, 2)).mean, await startsOf(recipe, 2)];
    const gone = distancesToMean(x0).mean.map((value, k) => value - (common[k] ?? 0));
    expect(Math.hypot(...gone)).toBeLessThan(1e-3);
    expect(distancesToMean(models).value).toBeLessThan(1e-3);
    expect(distancesToMean(x0).value).toBeGreaterThan(5);
  });

  it('takes over another recipe from a room that it meets later', async () => {
    const hub = new MemoryHub();
    const algorithm = { id: 'choco-sgd' };
    const first = openNodeTab(hub, 0, { recipe: buildRecipe({ ...SMALL, algorithm }), workersPerTab: 2 });
    open.push(first);
    await until([first], ({ phase }) => phase === 'idle');
    hub.cut('tab-000', 'tab-001');
    const late = openNodeTab(hub, 1, { recipe: buildRecipe({}), workersPerTab: 1 });
    open.push(late);
    // It has a ring of its own by now, with a model of its own.
    await until([late], ({ phase }) => phase === 'idle');
    command(first, 'start');
    await until([first], ({ round }) => round >= 5);
    hub.heal('tab-000', 'tab-001');
    await until([first, late], ({ workers }) => workers.length === 3);
    await until([late], ({ round, recipe }) => round > 8 && recipe.algorithm.id === 'choco-sgd');
  });

  it('goes on with another learning rate, and starts anew with another algorithm', async () => {
    const [lab] = await labs({}, 1, 3);
    command(lab, 'start');
    if (lab === undefined) throw new Error('There is one tab.');
    await until([lab], ({ round }) => round >= 5);
    const recipe = lab.snapshot()?.recipe;
    const change = (parts: object) =>
      lab.send({
        kind: 'command',
        command: { kind: 'recipe', recipe: JSON.stringify({ ...recipe, ...parts }) },
      });
    change({ lr: 0.01 });
    await until([lab], (snapshot) => snapshot.recipe.lr === 0.01 && snapshot.round > 6);
    expect(lab.snapshot()?.view.epoch).toBe(0);
    change({ algorithm: { id: 'choco-sgd', options: {} } });
    await until([lab], ({ phase, view }) => phase === 'idle' && view.epoch === 1);
    change({ compressor: { id: 'one-bit', options: {} }, algorithm: { id: 'd-psgd', options: {} } });
    await until([lab], ({ notices }) => notices.some(({ id }) => id === 'refused'));
    expect(lab.snapshot()?.recipe.algorithm.id).toBe('choco-sgd');
  });

  it('survives any bytes from a peer, counts them, and drops who keeps sending them', async () => {
    const hub = new MemoryHub();
    const lab = openNodeTab(hub, 0, { recipe: buildRecipe(SMALL), workersPerTab: 3 });
    open.push(lab);
    await until([lab], ({ phase }) => phase === 'idle');
    command(lab, 'start');
    await until([lab], ({ round }) => round >= 3);
    const rogue = hub.connect('rogue');
    let dropped = false;
    rogue.open({ onJoin: () => undefined, onLeave: () => (dropped = true), onMessage: () => undefined });
    const random = randomStream(5, 97, 0, 0);
    for (let k = 0; k < 200 && !dropped; k += 1) {
      const bytes = Uint8Array.from({ length: random.integer(300) }, () => random.integer(256));
      await rogue.send('tab-000', k % 2 === 0 ? 'bulk' : 'control', bytes).catch(() => undefined);
      await realClock.sleep(0);
    }
    expect(dropped).toBe(true);
    const { round, totals } = lab.snapshot() ?? { round: 0, totals: { protocolErrors: 0 } };
    await until([lab], (snapshot) => snapshot.round > round && snapshot.totals.protocolErrors > 0);
    expect(totals.protocolErrors).toBeGreaterThanOrEqual(0);
    expect(lab.snapshot()?.notices.some(({ level }) => level !== 'info')).toBe(true);
  });
});

/**
 * The figures of the page after workers come, go, come back, pause and begin anew: totals of a run never
 * fall, rates begin where a tab enters, and end where the rounds end.
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { VirtualClock } from '../base/virtual-clock.ts';
import { MemoryHub } from '../network/memory.ts';
import { buildRecipe, type RecipeParts } from '../recipe/schema.ts';
import { History } from '../store/history.ts';
import type { LabHandle } from './handle.ts';
import { loadInNode, openNodeTab } from './node-lab.ts';
import type { Snapshot } from './snapshot.ts';

vi.setConfig({ testTimeout: 30_000 });

interface Seen {
  readonly lab: LabHandle;
  readonly history: History;
  readonly snapshots: Snapshot[];
}

const latest = ({ snapshots }: Seen): Snapshot => {
  const last = snapshots.at(-1);
  if (last === undefined) throw new Error('There is no snapshot yet.');
  return last;
};

/** Tabs over a hub under virtual time: a round takes about 20 ms. */
class Scene {
  readonly clock = new VirtualClock();
  readonly hub = new MemoryHub();
  readonly tabs: Seen[] = [];
  #count = 0;

  open(workersPerTab: number, parts: RecipeParts = {}): Seen {
    const recipe = buildRecipe({
      ...{ dataset: { id: 'moons' }, model: { id: 'logistic' }, evalEvery: 10, compute: '20ms', ...parts },
    });
    const options = { recipe, workersPerTab };
    const simulated = {
      clock: this.clock,
      load: () => loadInNode(recipe),
      random: () => 0.5,
      trace: () => undefined,
    };
    const lab = openNodeTab(this.hub, this.#count, options, simulated);
    this.#count += 1;
    const seen: Seen = { lab, history: new History(), snapshots: [] };
    lab.subscribe((report) => {
      if (report.kind === 'points') seen.history.addPoints(report.points);
      if (report.kind !== 'snapshot') return;
      seen.snapshots.push(report.snapshot);
      seen.history.addSnapshot(report.snapshot);
    });
    this.tabs.push(seen);
    return seen;
  }

  async until(condition: () => boolean): Promise<void> {
    if (!(await this.clock.run(condition, 60_000))) throw new Error('Waited in vain.');
  }
}

const scenes: Scene[] = [];
afterEach(() => {
  for (const { tabs } of scenes.splice(0)) for (const { lab } of tabs) lab.close();
});

const command = ({ lab }: Seen, kind: 'start' | 'pause' | 'reset') =>
  lab.send({ kind: 'command', command: kind === 'start' ? { kind, stopAt: null } : { kind } });

async function training(workersPerTab: number, tabs = 1, parts: RecipeParts = {}) {
  const scene = new Scene();
  scenes.push(scene);
  for (let tab = 0; tab < tabs; tab += 1) {
    scene.open(workersPerTab, parts);
    const seats = (tab + 1) * workersPerTab;
    await scene.until(() =>
      scene.tabs.every(({ snapshots }) => {
        const last = snapshots.at(-1);
        return last?.workers.length === seats && last.phase !== 'starting';
      }),
    );
  }
  const [first] = scene.tabs;
  if (first === undefined) throw new Error('There is a tab.');
  command(first, 'start');
  await scene.until(() => latest(first).round >= 50);
  return { scene, first };
}

/** Bytes in the order of the snapshots, of one run. */
const sent = ({ snapshots }: Seen) => snapshots.map(({ totals }) => totals.bytesSent);
const falls = (values: readonly number[]) =>
  values.filter((value, at) => value < (values[at - 1] ?? 0)).length;

describe('totals of a run', () => {
  it('keep what a worker sent that has left, and count one that comes back once', async () => {
    const { scene, first } = await training(6);
    const before = latest(first).totals;
    for (const count of [2, 5, 1, 6]) {
      const { round } = latest(first);
      first.lab.send({ kind: 'workers', count });
      await scene.until(
        () => latest(first).workers.filter(({ health }) => health !== 'gone').length === count,
      );
      await scene.until(() => latest(first).round > round + 60);
    }
    expect(falls(sent(first))).toBe(0);
    expect(falls(first.snapshots.map(({ totals }) => totals.gradientSteps))).toBe(0);
    expect(falls(first.history.sent.samples.map(({ y }) => y))).toBe(0);
    expect(latest(first).totals.bytesSent).toBeGreaterThan(before.bytesSent);
    // Of a ring, everything that one sends another receives: also what those sent and heard that went.
    command(first, 'pause');
    await scene.until(() => latest(first).phase === 'paused');
    expect(latest(first).totals.bytesReceived).toBe(latest(first).totals.bytesSent);
  });

  it('begin anew with a reset, at once and for those without a seat too', async () => {
    const { scene, first } = await training(6);
    first.lab.send({ kind: 'workers', count: 3 });
    await scene.until(() => latest(first).workers.filter(({ health }) => health !== 'gone').length === 3);
    const { epoch } = latest(first).view;
    command(first, 'reset');
    await scene.until(() => latest(first).view.epoch > epoch);
    for (const { view, totals, round } of first.snapshots) {
      if (view.epoch > epoch) expect([totals.bytesSent, round]).toEqual([0, 0]);
    }
    first.lab.send({ kind: 'workers', count: 6 });
    command(first, 'start');
    await scene.until(() => latest(first).round >= 20);
    expect(latest(first).totals.bytesSent).toBeLessThan(1.5 * 20 * 6 * 2 * 60);
  });

  it('and charts go on where a tab falls out of a run and comes back to it', async () => {
    const { scene, first } = await training(2, 2);
    const second = scene.tabs[1] as Seen;
    const { epoch } = latest(second).view;
    const losses = second.history.loss.get(0)?.samples.length ?? 0;
    scene.hub.cut('tab-000', 'tab-001');
    await scene.until(
      () =>
        latest(first).workers.length === 4 && latest(first).workers.some(({ health }) => health === 'gone'),
    );
    await scene.clock.pass(3000);
    scene.hub.heal('tab-000', 'tab-001');
    await scene.until(
      () => latest(second).workers.filter(({ mine }) => !mine).length >= 2 && latest(second).round > 0,
    );
    await scene.clock.pass(5000);
    expect(falls(sent(second))).toBe(0);
    expect(latest(second).view.epoch).toBe(epoch);
    expect(second.history.loss.get(0)?.samples.length).toBeGreaterThan(losses);
    expect(second.history.sent.samples[0]?.x).toBeLessThan(50);
  });
});

describe('a late tab', () => {
  it('begins where the view begins: no leap of the round, no pace of a thousand', async () => {
    const { scene, first } = await training(2);
    const pace = latest(first).roundsPerSecond;
    expect(pace).toBeGreaterThan(20);
    expect(pace).toBeLessThan(55);
    const late = scene.open(1);
    await scene.until(() => late.snapshots.length > 0);
    await scene.until(() => latest(late).workers.length === 3);
    const { startRound } = latest(late).view;
    expect(startRound).toBeGreaterThan(50);
    await scene.until(() => latest(late).round > startRound + 100);
    const there = late.snapshots.filter(({ workers }) => workers.length === 3);
    for (const { roundsPerSecond, round, workers } of there) {
      expect(roundsPerSecond).toBeLessThan(1.2 * 50);
      expect(round).toBeGreaterThanOrEqual(startRound);
      // Others may still be finishing the rounds before.
      for (const worker of workers) expect(worker.round).toBeGreaterThan(startRound - 5);
    }
  });

  it('that trained by itself before does not mix that run into the room’s', async () => {
    const { scene, first } = await training(2);
    const hub = scene.hub;
    hub.cut('tab-000', 'tab-001');
    const lone = scene.open(2);
    await scene.until(() => lone.snapshots.length > 0);
    await scene.until(() => latest(lone).phase === 'idle');
    command(lone, 'start');
    await scene.until(() => latest(lone).round >= 200);
    const { epoch } = latest(lone).view;
    command(first, 'pause');
    await scene.until(() => latest(first).phase === 'paused');
    hub.heal('tab-000', 'tab-001');
    await scene.until(() => scene.tabs.every((tab) => latest(tab).workers.length === 4));
    const newcomer = scene.tabs.find((tab) => latest(tab).view.epoch > (tab === lone ? epoch : 0));
    // Who left its own run for another's counts and draws from nothing.
    if (newcomer === undefined) throw new Error('One of them joins the other.');
    expect(latest(newcomer).totals.bytesSent).toBe(0);
    expect(newcomer.history.loss.size).toBe(0);
  });
});

describe('rates', () => {
  it('of links are nothing soon after a pause, here and in the other tabs', async () => {
    const { scene, first } = await training(2, 2);
    await scene.clock.pass(3000);
    for (const tab of scene.tabs)
      expect(latest(tab).edges.every((edge) => edge.bytesPerSecond > 0)).toBe(true);
    command(first, 'pause');
    await scene.until(() => scene.tabs.every((tab) => latest(tab).phase === 'paused'));
    for (const tab of scene.tabs) expect(latest(tab).roundsPerSecond).toBe(0);
    await scene.clock.pass(2500);
    for (const tab of scene.tabs)
      expect(latest(tab).edges.map((edge) => edge.bytesPerSecond)).toEqual([0, 0, 0, 0]);
    // And they are right at once when it goes on.
    await scene.clock.pass(30_000);
    command(first, 'start');
    await scene.until(() => latest(first).phase === 'running');
    await scene.clock.pass(1500);
    expect(latest(first).roundsPerSecond).toBeGreaterThan(30);
  });
});

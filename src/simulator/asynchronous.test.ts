/** Asynchronous algorithms: what must hold whoever is slow, leaves, joins or is interrupted half-way. */
import { afterEach, describe, expect, it } from 'vitest';
import { rolesOf, unusedEdges } from '../algorithms/roles.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { randomStream } from '../math/random.ts';
import { MemoryHub } from '../network/memory.ts';
import { caution, graphOf, refusal } from '../recipe/legality.ts';
import { buildRecipe, type RecipeParts } from '../recipe/schema.ts';
import { layoutOf } from '../session/assets.ts';
import { distancesToMean } from '../session/consensus.ts';
import type { LabHandle } from '../session/handle.ts';
import { loadInNode, openNodeTab, startNodeLab, until } from '../session/node-lab.ts';
import { startSimulatedLab } from '../session/simulated-lab.ts';
import type { Snapshot } from '../session/snapshot.ts';
import { Flock, syntheticDigits } from './flock.ts';

const never = new AbortController().signal;
const id = (name: string, options: Record<string, unknown> = {}) => ({ id: name, options });
const SMALL: RecipeParts = { model: id('mlp', { hidden: [8] }), batch: 16, lr: 0.05, seed: 3 };
const open: LabHandle[] = [];

afterEach(() => {
  for (const lab of open.splice(0)) lab.close();
});

/** Largest coordinate of the difference of two sums of models, per model. */
function drift(before: readonly Float32Array[], after: readonly Float32Array[]): number {
  const [a, b] = [distancesToMean(before).mean, distancesToMean(after).mean];
  return Math.max(...a.map((value, k) => Math.abs(value - (b[k] ?? Number.NaN))));
}

async function gossips(n: number, parts: RecipeParts = {}): Promise<Flock> {
  const recipe = buildRecipe({ ...SMALL, algorithm: id('ad-psgd'), lr: 0, ...parts });
  const starts = Array.from({ length: n }, (_, seat) => {
    const random = randomStream(12, 98, seat, 0);
    return Float32Array.from({ length: layoutOf(recipe).length }, () => 0.1 * random.normal());
  });
  return Flock.make(createCpuCompute(), recipe, syntheticDigits(), n, starts);
}

/** Lets worker 1, an active one, ask, have its answer given, and be interrupted before it takes it. */
async function interrupt(flock: Flock): Promise<void> {
  const rollback = new AbortController();
  const end = flock.post.on('algorithm', ({ tag }) => {
    if (tag === 2) rollback.abort(new Error('interrupted'));
  });
  const attempt = flock.workers[1]?.step(rollback.signal).catch((error: Error) => error.message);
  const passive = flock.workers.filter((_, rank) => rank !== 1);
  while (!rollback.signal.aborted) {
    for (const worker of passive) if (worker.mail) await worker.serve(never);
    await new Promise(setImmediate);
  }
  end();
  expect(await attempt).toBe('interrupted');
}

describe('AD-PSGD', () => {
  it.each([4, 5])('keeps the mean of %i workers, and they agree in time', async (n) => {
    const flock = await gossips(n);
    const before = await flock.read();
    for (let round = 0; round < 12; round += 1) await flock.step();
    const after = await flock.read();
    expect(drift(before, after)).toBeLessThan(2e-6);
    expect(distancesToMean(after).value).toBeLessThan(0.2 * distancesToMean(before).value);
  });

  it('gives an answer again that was not taken, and adds nothing twice', async () => {
    const flock = await gossips(4);
    const before = await flock.read();
    await interrupt(flock);
    // One half of the exchange is done, and can be seen.
    expect(drift(before, await flock.read())).toBeGreaterThan(1e-3);
    await flock.step();
    expect(drift(before, await flock.read())).toBeLessThan(2e-6);
    for (let round = 0; round < 5; round += 1) await flock.step();
    expect(drift(before, await flock.read())).toBeLessThan(2e-6);
  });

  it('settles what a view change has left half done, and goes on with those who are there', async () => {
    const flock = await gossips(4);
    const before = await flock.read();
    await flock.step();
    await interrupt(flock);
    await flock.change({ abruptly: true });
    expect(drift(before, await flock.read())).toBeLessThan(2e-6);
    await flock.change({ join: 2 });
    const six = await flock.read();
    for (let round = 0; round < 4; round += 1) await flock.step();
    expect(drift(six, await flock.read())).toBeLessThan(2e-6);
    const stay = (await flock.read()).filter((_, rank) => rank !== 2 && rank !== 5);
    await flock.change({ leave: [2, 5] });
    expect(drift(stay, await flock.read())).toBeLessThan(2e-6);
    // A seat that is taken again is a stranger's: it has no past with the others.
    await flock.change({ join: 1 });
    const five = await flock.read();
    for (let round = 0; round < 4; round += 1) await flock.step();
    expect(drift(five, await flock.read())).toBeLessThan(2e-6);
  });

  it('finds two parts in every graph, and says which edges it leaves out', () => {
    for (const [topology, n, unused] of [
      ['ring', 6, 0],
      ['ring', 5, 1],
      ['star', 5, 0],
      ['hypercube', 8, 0],
      ['complete', 6, 6],
    ] as const) {
      const recipe = buildRecipe({ ...SMALL, algorithm: id('ad-psgd'), topology: id(topology) });
      expect(refusal(recipe, n)).toBe(null);
      const graph = graphOf(recipe, n, 0);
      expect(unusedEdges(graph)).toHaveLength(unused);
      const roles = rolesOf(graph);
      // Whoever has neighbours has one to talk to.
      for (const [rank, role] of roles.entries()) {
        expect(graph.sendsTo(rank).some((other) => roles[other] !== role)).toBe(true);
      }
      if (unused === 0) expect(caution(recipe, n)).toBe(null);
      else expect(caution(recipe, n)).toMatch(/not bipartite/);
    }
    const directed = buildRecipe({ ...SMALL, algorithm: id('ad-psgd'), topology: id('exponential') });
    expect(refusal(directed, 8)).toMatch(/undirected/);
  });
});

describe('a server of gradients', () => {
  it.each(['a-psgd', 'soft-sync'])(
    'of %s keeps what it has gathered while others come and go, and is replaced',
    async (algorithm) => {
      // With one split the server steps after four gradients: one more of its own waits in S.
      const recipe = buildRecipe({ ...SMALL, algorithm: id(algorithm) });
      const flock = await Flock.make(createCpuCompute(), recipe, syntheticDigits(), 4);
      for (let round = 0; round < 3; round += 1) await flock.step();
      await flock.workers[0]?.step(never);
      const kept = (name: string) => {
        const state = flock.workers[0]?.state;
        const vector = state?.[name];
        if (typeof vector !== 'object') return Promise.resolve(vector ?? null);
        return flock.assets.compute.read(vector);
      };
      const names = ['x', 'S', 'm', 'gathered', 'version'];
      const before = await Promise.all(names.map(kept));
      await flock.change({ leave: [2], join: 1 });
      expect(await Promise.all(names.map(kept))).toEqual(before);
      for (const x of await flock.read()) expect(x).toEqual(before[0]);
      if (algorithm === 'soft-sync') expect(before[3]).toBe(1);

      await flock.step();
      // What the others hold is what the server told them last; the newest of it is what counts.
      const versions = flock.workers.slice(1).map(({ state }) => Number(state?.version));
      const newest = (await flock.read())[1 + versions.indexOf(Math.max(...versions))];
      await flock.change({ leave: [0] });
      for (const x of await flock.read()) expect(x).toEqual(newest);
      const then = Number(flock.workers[0]?.state?.version);
      expect(then).toBe(Math.max(...versions));
      await flock.step();
      expect(Number(flock.workers[0]?.state?.version)).toBeGreaterThan(then);
    },
  );
});

describe('asynchronous DoubleSqueeze', () => {
  it.each(['none', 'one-bit', 'top-k'])(
    'with %s loses nothing, and all take the same steps',
    async (codec) => {
      const recipe = buildRecipe({ ...SMALL, algorithm: id('async-double-squeeze'), compressor: id(codec) });
      const flock = await Flock.make(createCpuCompute(), recipe, syntheticDigits(), 4);
      const virtual = async () => {
        const [x = new Float32Array()] = await flock.read();
        const [E = new Float32Array()] = await flock.read('E');
        const residuals = await flock.read('e');
        return Float64Array.from(x, (value, k) =>
          residuals.reduce((rest, e) => rest - (e[k] ?? 0), value - (E[k] ?? 0)),
        );
      };
      for (let round = 0; round < 4; round += 1) {
        const before = await virtual();
        const gradients = await flock.gradients();
        await flock.step();
        const after = await virtual();
        for (const [k, value] of after.entries()) {
          const moved = gradients.reduce((sum, g) => sum - recipe.lr * (g[k] ?? 0), 0);
          expect(Math.abs(value - (before[k] ?? 0) - moved)).toBeLessThan(2e-6);
        }
        const [server, ...others] = await flock.read();
        for (const other of others) expect(other).toEqual(server);
      }
    },
  );

  it('keeps what is owed when another becomes the server', async () => {
    const recipe = buildRecipe({ ...SMALL, algorithm: id('async-double-squeeze') });
    const flock = await Flock.make(createCpuCompute(), recipe, syntheticDigits(), 4);
    for (let round = 0; round < 3; round += 1) await flock.step();
    const model = (await flock.read())[1];
    const owed = (await flock.read('e')).slice(1);
    await flock.change({ leave: [0] });
    for (const x of await flock.read()) expect(x).toEqual(model);
    expect(await flock.read('e')).toEqual(owed);
    await flock.step();
    const [server, ...others] = await flock.read();
    for (const other of others) expect(other).toEqual(server);
  });
});

describe('asynchronous model averaging', () => {
  const averaging = { algorithm: id('async-model-average', { interval: 1 }), topology: id('complete') };

  it('keeps the mean, and all agree in time', async () => {
    const flock = await gossips(4, averaging);
    const before = await flock.read();
    for (let round = 0; round < 4; round += 1) await flock.step();
    expect(drift(before, await flock.read())).toBeLessThan(2e-6);
    expect(distancesToMean(await flock.read()).value).toBeLessThan(1e-5);
  });

  it('adds at all what a view change finds added at one', async () => {
    const flock = await gossips(4, averaging);
    const before = await flock.read();
    for (const worker of [...flock.workers, ...flock.workers]) await worker.step(never);
    // The last to join has everybody's snapshot, and is the only one.
    expect(flock.workers.map(({ state }) => state?.averaged)).toEqual([0, 0, 0, 1]);
    expect(drift(before, await flock.read())).toBeGreaterThan(1e-3);
    await flock.change({ abruptly: true });
    expect(drift(before, await flock.read())).toBeLessThan(2e-6);
    expect(distancesToMean(await flock.read()).value).toBeLessThan(1e-5);
    await flock.step();
    expect(drift(before, await flock.read())).toBeLessThan(2e-6);
  });
});

/** A run under the virtual clock until everybody is done; the last snapshot. */
async function simulate(parts: RecipeParts, workers: number): Promise<Snapshot> {
  const clock = new VirtualClock();
  const recipe = buildRecipe({ ...SMALL, dataset: id('blobs'), evalEvery: 1000, ...parts });
  const [lab] = await startSimulatedLab({ recipe, tabs: 1, workersPerTab: workers }, clock, () => undefined);
  if (lab === undefined) throw new Error('There is a tab.');
  open.push(lab);
  lab.send({ kind: 'command', command: { kind: 'start', stopAt: null } });
  await clock.run(() => lab.snapshot()?.phase === 'finished', 1e7);
  const snapshot = lab.snapshot();
  if (snapshot === null) throw new Error('There is a snapshot.');
  return snapshot;
}

function staleness(snapshot: Snapshot) {
  const histogram = snapshot.workers[0]?.staleness ?? [];
  const count = histogram.reduce((sum, [, times]) => sum + times, 0);
  const sum = histogram.reduce((total, [updates, times]) => total + updates * times, 0);
  return { count, mean: sum / count, most: histogram.at(-1)?.[0] ?? Number.NaN };
}

describe('staleness', () => {
  const server = (splits: number, rest: RecipeParts = {}) => ({
    algorithm: id('soft-sync', { splits, momentum: 0 }),
    topology: id('star'),
    compute: '20ms,jitter=10%',
    rounds: 60,
    ...rest,
  });

  it.each([1, 2, 4, 8])(
    'of n-softsync with %i splits is about that, and at most about twice',
    async (splits) => {
      const { count, mean, most } = staleness(await simulate(server(splits), 8));
      expect(count).toBe(8 * 60);
      // While one of eight computes, the seven others push once each: 7 / c steps of the server.
      expect(Math.abs(mean - (7 * splits) / 8)).toBeLessThan(0.15 * splits);
      expect(most).toBeLessThanOrEqual(2 * splits);
    },
  );

  it('of one worker is none, and grows with stragglers', async () => {
    expect(staleness(await simulate(server(8), 1))).toMatchObject({ count: 60, mean: 0, most: 0 });
    const slow = staleness(await simulate(server(8, { straggler: '5:10x' }), 8));
    expect(slow.most).toBeGreaterThan(40);
  });

  it('of A-PSGD counts every gradient', async () => {
    const { count, mean } = staleness(await simulate({ ...server(1), algorithm: id('a-psgd') }, 6));
    expect(count).toBe(6 * 60);
    expect(Math.abs(mean - 5)).toBeLessThan(0.5);
  });
});

const ASYNCHRONOUS = [
  ['ad-psgd', 'ring'],
  ['a-psgd', 'star'],
  ['soft-sync', 'star'],
  ['async-double-squeeze', 'star'],
  ['async-model-average', 'complete'],
] as const;

describe.each(ASYNCHRONOUS)('a flock with %s on a %s', (algorithm, topology) => {
  const recipe = buildRecipe({
    ...SMALL,
    ...{ dataset: id('blobs'), algorithm: id(algorithm), topology: id(topology), evalEvery: 10, lr: 0.01 },
    ...{ compute: '20ms,jitter=10%', straggler: '1:5x', link: 'latency=5ms' },
  });

  it('pauses, goes on, takes a newcomer, loses a member, sees one return, and comes to its end', async () => {
    const clock = new VirtualClock();
    const host = await loadInNode(recipe);
    const hub = new MemoryHub();
    const stream = randomStream(6, 97, 0, 0);
    const simulated = {
      clock,
      load: () => Promise.resolve(host),
      random: () => stream.uniform(),
      trace: () => undefined,
    };
    const labs: LabHandle[] = [];
    const all = (condition: (snapshot: Snapshot) => boolean) => () =>
      labs.every((lab) => {
        const snapshot = lab.snapshot();
        return snapshot !== null && condition(snapshot);
      });
    const reach = async (condition: (snapshot: Snapshot) => boolean) => {
      expect(await clock.run(all(condition), 60_000)).toBe(true);
    };
    const here = ({ workers }: Snapshot) => workers.filter(({ health }) => health !== 'gone');
    const join = async (tab: number) => {
      labs.push(openNodeTab(hub, tab, { recipe, workersPerTab: 2 }, simulated));
      open.push(...labs.slice(-1));
      await reach((snapshot) => here(snapshot).length === 2 * labs.length && snapshot.phase !== 'starting');
    };
    const rounds = () =>
      labs
        .flatMap((lab) => lab.snapshot()?.workers ?? [])
        .filter(({ mine }) => mine)
        .map(({ round }) => round);
    await join(0);
    await join(1);
    labs[0]?.send({ kind: 'command', command: { kind: 'start', stopAt: 400 } });
    await reach(({ round }) => round >= 10);
    // Worker 1 is five times slower, and keeps nobody back.
    expect(Math.max(...rounds()) / Math.min(...rounds())).toBeGreaterThan(2);

    labs[1]?.send({ kind: 'command', command: { kind: 'pause' } });
    await reach(({ phase }) => phase === 'paused');
    const paused = rounds();
    await clock.run(() => false, 3000);
    expect(rounds()).toEqual(paused);
    labs[1]?.send({ kind: 'command', command: { kind: 'start', stopAt: 400 } });
    await reach(({ phase }) => phase === 'running');

    await join(2);
    const slowest = Math.min(...rounds());
    await reach(({ round }) => round > slowest + 5);
    expect(labs.every((lab) => lab.snapshot()?.notices.every(({ level }) => level === 'info'))).toBe(true);

    // The first tab leaves: where there is a server it was there, and somebody else takes over.
    labs.shift()?.close();
    await reach((snapshot) => here(snapshot).length === 4);
    const then = Math.min(...rounds());
    await reach(({ round }) => round > then + 5);

    // One comes back, takes the seats that are free, and everybody goes on, the newcomer included.
    await join(3);
    expect(new Set(labs[0]?.snapshot()?.workers.map(({ seat }) => seat)).size).toBe(6);
    const again = Math.min(...rounds());
    await reach(({ round }) => round > again + 5);
    expect(labs.every((lab) => lab.snapshot()?.notices.every(({ level }) => level === 'info'))).toBe(true);
    await reach(({ phase }) => phase !== 'running');
    expect(rounds().every((round) => round >= 400)).toBe(true);
    const models = (await Promise.all(labs.map((lab) => lab.models()))).flat();
    for (const { parameters } of models) expect(parameters.every(Number.isFinite)).toBe(true);
    const losses = labs
      .flatMap((lab) => lab.snapshot()?.workers ?? [])
      .map(({ testAccuracy }) => testAccuracy ?? 0);
    expect(Math.max(...losses)).toBeGreaterThan(0.8);
  });
});

it('a straggler without a length of its own is slower by its own measure, and answers meanwhile', async () => {
  const parts = { algorithm: id('ad-psgd'), topology: id('path'), straggler: '0:8x', evalEvery: 1000 };
  const labs = await startNodeLab({ recipe: buildRecipe({ ...SMALL, ...parts }), tabs: 1, workersPerTab: 3 });
  open.push(...labs);
  labs[0]?.send({ kind: 'command', command: { kind: 'start', stopAt: null } });
  const fastest = ({ workers }: Snapshot) => Math.max(...workers.map(({ round }) => round));
  await until(labs, (snapshot) => fastest(snapshot) >= 200);
  const [slow = 0, ...others] = labs[0]?.snapshot()?.workers.map(({ round }) => round) ?? [];
  expect(Math.max(...others) / slow).toBeGreaterThan(2);
});

it.each(['d-psgd', 'ad-psgd', 'soft-sync'])(
  'a flock with %s that diverges pauses, and stays as it is',
  async (algorithm) => {
    const clock = new VirtualClock();
    const parts = { dataset: id('regression'), model: id('linear'), algorithm: id(algorithm), lr: 100 };
    const recipe = buildRecipe({ ...parts, compute: '20ms', seed: 3 });
    const labs = await startSimulatedLab({ recipe, tabs: 1, workersPerTab: 4 }, clock, () => undefined);
    open.push(...labs);
    const [lab] = labs;
    lab?.send({ kind: 'command', command: { kind: 'start', stopAt: null } });
    expect(await clock.run(() => lab?.snapshot()?.phase === 'paused', 60_000)).toBe(true);
    await clock.pass(1000);
    const paused = lab?.snapshot();
    expect(paused?.notices.map((notice) => notice.id)).toContain('diverged');
    // No view follows upon another, in each of which the same round fails again.
    await clock.pass(10_000);
    expect(lab?.snapshot()?.view).toEqual(paused?.view);
    expect(lab?.snapshot()?.round).toBe(paused?.round);
  },
);

/** Federated algorithms against SGD, against each other and against their equations, on the cpu. */
import { describe, expect, it } from 'vitest';
import { counted } from '../algorithms/algorithm.ts';
import { entry, F32, largestDifference, mean, modelsAfter, network, run } from './testing.ts';

const federated = (id: string, options: Record<string, unknown> = {}) =>
  network({ algorithm: entry(id, options) });

describe('one local step of all clients', () => {
  it.each(['fedavg', 'scaffold'])('%s is SGD on the mean gradient', async (id) => {
    const flock = await run(federated(id, { localSteps: 1 }), 4);
    // SCAFFOLD's variates differ after a round, but their mean over all clients is zero.
    for (let round = 0; round < 3; round += 1) {
      const before = mean(await flock.read());
      const gradient = mean(await flock.gradients());
      await flock.step();
      const expected = before.map((value, k) => value - 0.05 * (gradient[k] ?? 0));
      for (const model of await flock.read()) {
        expect(largestDifference(model, expected)).toBeLessThan(F32);
      }
    }
    flock.destroy();
  });
});

it.each([
  ['fedmom', { beta: 0 }],
  ['fedprox', { mu: 0 }],
] as const)('%s with %j is FedAvg, bit for bit', async (id, options) => {
  const settings = { localSteps: 3, clientFraction: 0.5 };
  const ours = await modelsAfter(federated(id, { ...settings, ...options }), 5, 4);
  expect(ours).toEqual(await modelsAfter(federated('fedavg', settings), 5, 4));
});

it('FedMom with one client and one step is SGD with Nesterov momentum', async () => {
  const beta = 0.9;
  const flock = await run(federated('fedmom', { beta, localSteps: 1 }), 1);
  const [x0 = new Float32Array()] = await flock.read();
  let w = Float64Array.from(x0);
  let v = w;
  for (let round = 0; round < 6; round += 1) {
    const [gradient = new Float32Array()] = await flock.gradients();
    const next = w.map((value, k) => value - 0.05 * (gradient[k] ?? 0));
    w = next.map((value, k) => value + beta * (value - (v[k] ?? 0)));
    v = next;
    await flock.step();
    const [model = []] = await flock.read();
    expect(largestDifference(model, w)).toBeLessThan(5 * F32);
  }
  flock.destroy();
});

it('clients that go through their rows take as many steps as these make, and every loss is kept', async () => {
  const partition = entry('quantity', { alpha: 0.5 });
  const options = { localEpochs: 2, clientFraction: 0.5 };
  const recipe = network({ algorithm: entry('fedavg', options), partition, batch: 1 });
  const flock = await run(recipe, 4);
  const drawn = flock.workers.map(() => 0);
  for (let round = 0; round < 4; round += 1) {
    const before = flock.workers.map(({ totals }) => totals.gradients);
    await flock.step();
    for (const [i, { totals, rows, losses }] of flock.workers.entries()) {
      const taken = totals.gradients - (before[i] ?? 0);
      if (taken === 0) continue;
      drawn[i] = (drawn[i] ?? 0) + 1;
      expect(taken).toBe(2 * rows);
      const told = (await losses?.read()) ?? [];
      // One slot each: none was written over.
      expect(new Set(told.map(({ loss }) => loss)).size).toBe(taken);
    }
  }
  expect(drawn.reduce((sum, count) => sum + count, 0)).toBe(8);
  const sizes = flock.workers.map(({ rows }) => rows);
  expect(new Set(sizes).size).toBeGreaterThan(1);
  // More gradients than the ring of a run by steps has room for.
  expect(2 * Math.max(...sizes)).toBeGreaterThan(256 + 5);
  for (const [i, { totals }] of flock.workers.entries()) {
    expect(totals.samples).toBe(2 * (sizes[i] ?? 0) * (drawn[i] ?? 0));
  }
  flock.destroy();
});

it('FedProx holds clients near the server’s model', async () => {
  const loose = await modelsAfter(federated('fedavg', { localSteps: 20 }), 3, 1);
  const held = await modelsAfter(federated('fedprox', { localSteps: 20, mu: 10 }), 3, 1);
  const start = await modelsAfter(federated('fedavg'), 3, 0);
  const moved = (models: readonly Float32Array[]) => largestDifference(models[0] ?? [], start[0] ?? []);
  expect(moved(held)).toBeLessThan(moved(loose) / 2);
});

describe('client sampling', () => {
  it('rests those that were not drawn, draws by the seed, and weighs by rows', async () => {
    const recipe = federated('fedavg', { clientFraction: 0.4, localSteps: 2 });
    const flock = await run(recipe, 5);
    const resting = new Set<number>();
    for (let round = 0; round < 6; round += 1) {
      const before = flock.workers.map(({ state }) => (state === null ? -1 : counted(state, 'at')));
      await flock.step();
      flock.workers.forEach(({ state }, rank) => {
        const at = state === null ? -1 : counted(state, 'at');
        if (at === before[rank]) resting.add(rank);
        else expect(at).toBe(round + 1);
      });
    }
    expect(resting.size).toBeGreaterThan(0);
    // The server always has the latest.
    const [server] = flock.workers;
    expect(server?.state?.at).toBe(6);
    flock.destroy();
    expect(await modelsAfter(recipe, 5, 6)).toEqual(await modelsAfter(recipe, 5, 6));
  });
});

describe.each(['fedavg', 'fedmom', 'scaffold'])('%s when members come and go', (id) => {
  it('goes on from the latest model that anybody holds, also without its server', async () => {
    const flock = await run(federated(id, { clientFraction: 0.5, localSteps: 2 }), 6);
    for (let round = 0; round < 3; round += 1) await flock.step();
    const latest = [...flock.workers].sort((a, b) => {
      const at = (worker: typeof a) => (worker.state === null ? -1 : counted(worker.state, 'at'));
      return at(b) - at(a);
    });
    // The latest of those that stay: the server, seat 0, leaves.
    const stays = latest.filter((worker) => worker.holder?.seat !== 0);
    const best = stays[0]?.parameters;
    if (best === undefined || best === null) throw new Error('Somebody stays.');
    const expected = await flock.assets.compute.read(best);
    await flock.change({ leave: [0] });
    for (const model of await flock.read()) expect(model).toEqual(expected);
    await flock.step();
    await flock.change({ join: 2 });
    for (let round = 0; round < 2; round += 1) await flock.step();
    expect(flock.workers).toHaveLength(7);
    flock.destroy();
  });
});

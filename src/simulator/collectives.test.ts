import { afterEach, describe, expect, it } from 'vitest';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { buildRecipe, type RecipeParts } from '../recipe/schema.ts';
import type { LabHandle } from '../session/handle.ts';
import { startNodeLab, until } from '../session/node-lab.ts';
import type { MetricRow } from '../session/snapshot.ts';
import { describeCollectives } from './collectives-invariants.ts';

describeCollectives('the cpu', async () => createCpuCompute());

describe('DeAR in whole sessions', () => {
  const open: LabHandle[] = [];
  afterEach(() => {
    for (const lab of open.splice(0)) lab.close();
  });

  async function labs(schedule: string, parts: RecipeParts = {}) {
    const recipe = buildRecipe({
      model: { id: 'mlp', options: { hidden: [16] } },
      topology: { id: 'complete', options: {} },
      algorithm: { id: 'allreduce-sgd', options: { schedule } },
      evalEvery: 4,
      rounds: 13,
      ...parts,
    });
    const tabs = await startNodeLab({ recipe, tabs: 2, workersPerTab: 2 });
    open.push(...tabs);
    return tabs;
  }

  const models = async (tabs: readonly LabHandle[]) =>
    (await Promise.all(tabs.map((lab) => lab.models())))
      .flat()
      .sort((a, b) => a.seat - b.seat)
      .map(({ round, parameters }) => ({ round, parameters }));

  async function wholeRun(schedule: string) {
    const tabs = await labs(schedule);
    const rows: MetricRow[] = [];
    for (const lab of tabs) {
      lab.subscribe((report) => {
        if (report.kind === 'metrics') rows.push(...report.rows);
      });
    }
    tabs[0]?.send({ kind: 'command', command: { kind: 'start', stopAt: null } });
    await until(tabs, ({ phase }) => phase === 'finished');
    // The last rows come with the last snapshot.
    const key = ({ round, seat }: MetricRow) => 1000 * round + seat;
    const measured = rows
      .sort((a, b) => key(a) - key(b))
      .map(({ round, seat, trainLoss, testLoss, bytesSent }) => ({
        round,
        seat,
        trainLoss,
        testLoss,
        bytesSent,
      }));
    return { measured, models: await models(tabs) };
  }

  it('what is measured, sent and kept is that of synchronous SGD', async () => {
    const plain = await wholeRun('plain');
    const dear = await wholeRun('dear');
    expect(plain.measured).toHaveLength(4 * 4);
    expect(dear).toEqual(plain);
  });

  it('whoever pauses it, or adds a worker, finds nothing put off', async () => {
    const tabs = await labs('dear', { rounds: 0, evalEvery: 1000 });
    const [first] = tabs;
    const ask = (kind: 'pause' | 'start') =>
      first?.send({ kind: 'command', command: kind === 'start' ? { kind, stopAt: null } : { kind } });
    ask('start');
    await until(tabs, ({ round }) => round >= 3);
    ask('pause');
    await until(tabs, ({ phase }) => phase === 'paused');
    const paused = await models(tabs);
    const rounds = paused[0]?.round ?? 0;
    expect(rounds).toBeGreaterThanOrEqual(3);
    const plain = await labs('plain', { rounds, evalEvery: 1000 });
    plain[0]?.send({ kind: 'command', command: { kind: 'start', stopAt: null } });
    await until(plain, ({ phase }) => phase === 'finished');
    expect(paused).toEqual(await models(plain));

    ask('start');
    await until(tabs, ({ round }) => round >= rounds + 3);
    first?.send({ kind: 'workers', count: 3 });
    await until(tabs, ({ workers, round }) => workers.length === 5 && round >= rounds + 10);
    ask('pause');
    await until(tabs, ({ phase }) => phase === 'paused');
    const [one, ...others] = await models(tabs);
    expect(others).toHaveLength(4);
    for (const other of others) expect(other).toEqual(one);
  });
});

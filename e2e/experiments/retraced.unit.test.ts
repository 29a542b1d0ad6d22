/**
 * Runs under the virtual clock, computed again in double precision: from the table, the recipe's numbers and
 * the trace of events, by the equations as they are written here and nothing else of the lab.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { gradient, known, LINK, plus, RATE, Runs, SLOW, type Vector, WORKERS } from './simulated-testing.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let runs: Runs;
beforeAll(async () => {
  runs = await Runs.open();
});
afterAll(() => runs.close());

const ZERO: Vector = [0, 0, 0];
/** One for each worker; all begin at zero. */
const beginnings = () => Array.from({ length: WORKERS }, () => ZERO);

describe('d-psgd, whose workers wait for the slowest', () => {
  it('takes W x and a gradient step in every round', async () => {
    const args = ['--algorithm', 'd-psgd', '--topology', 'ring', '--rounds', '30', ...SLOW, ...LINK];
    expect((await runs.onTable('d-psgd', ...args)).code).toBe(0);
    const models = beginnings();
    const sent = new Map<string, Vector>();
    const gradients = new Map<number, Vector>();
    const heard = models.map((): Vector[] => []);
    const done = models.map(() => 0);
    let early = 0;
    for (const event of await runs.trace('d-psgd')) {
      const { seat, round } = event;
      const x = models[seat] ?? ZERO;
      if (event.kind === 'sent') sent.set(`${seat} ${event.to} ${round}`, x);
      else if (event.kind === 'computing') gradients.set(seat, gradient(seat, x));
      else if (event.kind === 'applied') {
        expect(event.sentIn).toBe(round);
        heard[seat]?.push(known(sent, `${event.from} ${seat} ${round}`));
      } else if (event.kind === 'committed') {
        const [left = [], right = [], ...rest] = heard[seat]?.splice(0) ?? [];
        expect(rest).toEqual([]);
        // A ring of five: a third of each neighbour's and of its own.
        const average = plus(plus(x, 1, left), 1, right).map((value) => value / 3);
        models[seat] = plus(average, -RATE, known(gradients, seat));
        done[seat] = round + 1;
        // Nobody is two rounds ahead of a neighbour.
        for (const other of [(seat + 1) % WORKERS, (seat + 4) % WORKERS]) {
          early = Math.max(early, round + 1 - (done[other] ?? 0));
        }
      }
    }
    expect(done).toEqual(models.map(() => 30));
    expect(early).toBe(1);
    await runs.expectModels('d-psgd', models);
  });
});

describe('AD-PSGD', () => {
  it.each([
    ['rounds', '40', 0],
    ['seconds', '2', 0],
    ['rounds', '40', 0.5],
  ])(
    'of %s %s: pairs move by δ, and the sum of all models by steps alone, momentum %d',
    async (limit, end, mu) => {
      const out = `gossip ${limit} ${mu}`;
      const optimizer = mu === 0 ? [] : ['--optimizer', 'momentum', '--set', `optimizer.momentum=${mu}`];
      const pace = ['--topology', 'path', ...SLOW, ...LINK, `--${limit}`, end];
      const args = ['--algorithm', 'ad-psgd', ...optimizer, ...pace];
      expect((await runs.onTable(out, ...args)).code).toBe(0);
      const models = beginnings();
      const gradients = new Map<number, Vector>();
      const m = beginnings();
      const underway = new Map<string, Vector>();
      let moved = ZERO;
      let steps = 0;
      const trace = await runs.trace(out);
      for (const event of trace) {
        const { seat } = event;
        const x = models[seat] ?? ZERO;
        if (event.kind === 'computing') gradients.set(seat, gradient(seat, x));
        else if (event.kind === 'sent' && event.tag === 1) {
          underway.set(`ask ${seat} ${event.to} ${event.step}`, x);
        } else if (event.kind === 'applied' && event.tag === 1) {
          const theirs = known(underway, `ask ${event.from} ${seat} ${event.step}`);
          const delta = plus(theirs, -1, x).map((value) => value / 2);
          models[seat] = plus(x, 1, delta);
          underway.set(`answer ${seat} ${event.from} ${event.step}`, delta);
        } else if (event.kind === 'applied') {
          models[seat] = plus(x, -1, known(underway, `answer ${event.from} ${seat} ${event.step}`));
        } else if (event.kind === 'committed') {
          const direction = plus(known(gradients, seat), mu, m[seat] ?? ZERO);
          m[seat] = direction;
          models[seat] = plus(x, -RATE, direction);
          moved = plus(moved, -RATE, direction);
          steps += 1;
        }
      }
      expect(steps).toBe(JSON.parse(await runs.read(out, 'run.json')).summary.gradientSteps);
      await runs.expectModels(out, models);
      let sum = ZERO;
      for (let seat = 0; seat < WORKERS; seat += 1) sum = plus(sum, 1, await runs.weights(out, seat));
      for (const value of plus(sum, -1, moved)) expect(Math.abs(value)).toBeLessThan(1e-5);
      // Time never goes back, and every request was answered.
      expect(trace.every(({ time }, index) => time >= (trace[index - 1]?.time ?? 0))).toBe(true);
      const count = (tag: number) =>
        trace.filter((event) => event.kind === 'applied' && event.tag === tag).length;
      expect(count(1)).toBe(count(2));
      if (limit === 'rounds') expect([steps, count(1)]).toEqual([40 * WORKERS, 2 * 40]);
    },
  );
});

const options = (...settings: readonly string[]) =>
  settings.flatMap((setting) => ['--set', `algorithm.${setting}`]);

describe('a server of gradients', () => {
  it.each([
    ['a-psgd', [], { gathered: 1, momentum: 0, aware: false }],
    ['a-psgd', options('momentum=0.5'), { gathered: 1, momentum: 0.5, aware: false }],
    ['soft-sync', options('splits=2'), { gathered: 2, momentum: 0.9, aware: true }],
    [
      'soft-sync',
      options('splits=5', 'stalenessAware=false', 'momentum=0.5'),
      { gathered: 1, momentum: 0.5, aware: false },
    ],
  ] as const)('%s %j steps after so many, each weighed by its age', async (algorithm, chosen, rule) => {
    const out = `server ${algorithm} ${rule.gathered} ${rule.momentum}`;
    const args = ['--algorithm', algorithm, ...chosen, ...SLOW, ...LINK, '--rounds', '30'];
    expect((await runs.onTable(out, ...args)).code).toBe(0);
    const held = beginnings().map((x) => ({ x, version: 0 }));
    const newest = () => held[0] ?? { x: ZERO, version: 0 };
    /** Gradients with the versions of the models they were computed at. */
    const computed = new Map<number, { readonly g: Vector; readonly version: number }>();
    const down = new Map<number, { readonly x: Vector; readonly version: number }>();
    let [S, m, gathered] = [ZERO, ZERO, 0];
    const ages = new Map<number, number>();
    const take = (seat: number) => {
      const { g, version } = known(computed, seat);
      const staleness = newest().version - version;
      ages.set(staleness, (ages.get(staleness) ?? 0) + 1);
      S = plus(S, rule.aware && staleness > 0 ? RATE / staleness : RATE, g);
      gathered += 1;
      if (gathered < rule.gathered) return;
      m = S.map((value, k) => rule.momentum * (m[k] ?? 0) + value / gathered);
      held[0] = { x: plus(newest().x, -1, m), version: newest().version + 1 };
      [S, gathered] = [ZERO, 0];
    };
    for (const event of await runs.trace(out)) {
      const { seat } = event;
      const own = held[seat] ?? newest();
      if (event.kind === 'computing') {
        computed.set(seat, { g: gradient(seat, own.x), version: own.version });
      } else if (event.kind === 'sent' && seat === 0) down.set(event.to, own);
      else if (event.kind === 'applied' && seat === 0) take(event.from);
      else if (event.kind === 'applied') held[seat] = known(down, seat);
      else if (event.kind === 'committed' && seat === 0) take(0);
    }
    await runs.expectModels(
      out,
      held.map(({ x }) => x),
    );
    expect(newest().version).toBe(Math.floor((30 * WORKERS) / rule.gathered));
    // The staleness that the lab has measured is that of the trace.
    const { summary } = JSON.parse(await runs.read(out, 'run.json'));
    expect(summary.staleness.histogram).toEqual([...ages].sort(([a], [b]) => a - b));
    expect(summary.staleness.most).toBeGreaterThan(1);
  });
});

/** One bit a number: its sign, and the root of the mean square of all three. */
function oneBit(v: Vector): Vector {
  const scale = Math.sqrt(v.reduce((sum, value) => sum + value * value, 0) / v.length);
  return v.map((value) => (value >= 0 ? scale : -scale));
}

describe('asynchronous DoubleSqueeze', () => {
  it.each(['one-bit', 'none'])('with %s: both residuals, and the same steps for all', async (codec) => {
    const out = `squeeze ${codec}`;
    const scale = codec === 'none' ? [] : ['--set', 'compressor.scale=l2'];
    const args = ['--algorithm', 'async-double-squeeze', '--compressor', codec, ...scale];
    expect((await runs.onTable(out, ...args, ...SLOW, ...LINK, '--rounds', '30')).code).toBe(0);
    const C = codec === 'none' ? (v: Vector) => v : oneBit;
    const models = beginnings();
    const e = beginnings();
    const gradients = new Map<number, Vector>();
    const pushes = new Map<number, Vector>();
    /** The server's steps, by their numbers, from 1. */
    const steps: Vector[] = [];
    let E = ZERO;
    const squeeze = (seat: number) => {
      const v = plus(e[seat] ?? ZERO, RATE, known(gradients, seat));
      e[seat] = plus(v, -1, C(v));
      return C(v);
    };
    const step = (q: Vector) => {
      const w = plus(E, 1, q);
      const r = C(w);
      E = plus(w, -1, r);
      steps.push(r);
      models[0] = plus(models[0] ?? ZERO, -1, r);
    };
    const followed = models.map(() => 0);
    for (const event of await runs.trace(out)) {
      const { seat } = event;
      if (event.kind === 'computing') gradients.set(seat, gradient(seat, models[seat] ?? ZERO));
      else if (event.kind === 'sent' && seat !== 0) pushes.set(seat, squeeze(seat));
      // The server tells of a step that nobody has pushed: its own.
      else if (event.kind === 'sent' && event.step > steps.length) step(squeeze(0));
      else if (event.kind === 'applied' && seat === 0) step(known(pushes, event.from));
      else if (event.kind === 'applied') {
        expect(event.step).toBe((followed[seat] ?? 0) + 1);
        followed[seat] = event.step;
        models[seat] = plus(models[seat] ?? ZERO, -1, steps[event.step - 1] ?? []);
      }
    }
    expect(steps).toHaveLength(30 * WORKERS);
    await runs.expectModels(out, models);
  });
});

describe('asynchronous model averaging', () => {
  it('adds the mean of all snapshots, and takes its own away', async () => {
    const args = ['--algorithm', 'async-model-average', ...options('interval=3'), '--rounds', '30'];
    expect((await runs.onTable('averaging', ...args, ...SLOW, ...LINK)).code).toBe(0);
    const models = beginnings();
    const gradients = new Map<number, Vector>();
    /** By worker and number of the averaging: its snapshot, and who it has heard. */
    const snapshots = new Map<string, Vector>();
    const heard = new Map<string, Set<number>>();
    let averagings = 0;
    const hear = (seat: number, averaging: number, from: number) => {
      const who = heard.get(`${seat} ${averaging}`) ?? new Set<number>();
      heard.set(`${seat} ${averaging}`, who.add(from));
      if (who.size < WORKERS) return;
      const all = models.map((_, other) => known(snapshots, `${other} ${averaging}`));
      const mean = all.reduce((sum, s) => plus(sum, 1 / WORKERS, s), ZERO);
      models[seat] = plus(plus(models[seat] ?? ZERO, 1, mean), -1, known(snapshots, `${seat} ${averaging}`));
      averagings += 1;
    };
    for (const event of await runs.trace('averaging')) {
      const { seat } = event;
      if (event.kind === 'computing') gradients.set(seat, gradient(seat, models[seat] ?? ZERO));
      else if (event.kind === 'sent' && !snapshots.has(`${seat} ${event.step}`)) {
        snapshots.set(`${seat} ${event.step}`, models[seat] ?? ZERO);
        hear(seat, event.step, seat);
      } else if (event.kind === 'applied') hear(seat, event.step, event.from);
      else if (event.kind === 'committed') {
        models[seat] = plus(models[seat] ?? ZERO, -RATE, known(gradients, seat));
      }
    }
    expect(averagings).toBeGreaterThan(10 * WORKERS);
    await runs.expectModels('averaging', models);
  });
});

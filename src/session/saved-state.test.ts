/**
 * A run that goes on from saved states is the run that was never interrupted: for every synchronous algorithm
 * the same models, the same rows, the same states, bit for bit. Whole sessions under the virtual clock.
 */
import { describe, expect, it } from 'vitest';
import { ALGORITHMS } from '../algorithms/index.ts';
import { findEntry } from '../base/registry.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import { encodeModel } from '../models/model-file.ts';
import { encodeSafetensors } from '../models/safetensors.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { buildRecipe, type RecipeParts } from '../recipe/schema.ts';
import { TRAITS } from '../simulator/traits.ts';
import { layoutOf } from './assets.ts';
import type { LabHandle } from './handle.ts';
import { sortedRows } from './metrics-csv.ts';
import { decodeState, encodeState, SavedStateError, type SavedWorker } from './saved-state.ts';
import { startSimulatedLab } from './simulated-lab.ts';
import type { MetricRow } from './snapshot.ts';

const WORKERS = 4;
const ID = 'ab'.repeat(32);
const MINUTES = 600_000;

const recipeOf = (parts: RecipeParts): Recipe =>
  buildRecipe({
    ...{ dataset: { id: 'moons', options: { rows: 160 } }, model: { id: 'mlp', options: { hidden: [4] } } },
    ...{ batch: 8, lr: 0.05, evalEvery: 4, seed: 3, ...parts },
  });

async function open(recipe: Recipe, tabs = 1) {
  const clock = new VirtualClock();
  const options = { recipe, tabs, workersPerTab: WORKERS / tabs };
  const labs = await startSimulatedLab(options, clock, () => undefined);
  const rows: MetricRow[] = [];
  for (const lab of labs) lab.subscribe((report) => report.kind === 'metrics' && rows.push(...report.rows));
  const until = async (met: (lab: LabHandle) => boolean) => {
    if (await clock.run(() => labs.every(met), MINUTES)) return;
    throw new Error(`In vain: ${JSON.stringify(labs.map((lab) => lab.snapshot()?.notices))}`);
  };
  return {
    labs,
    rows,
    until,
    async train(rounds: number) {
      labs[0]?.send({ kind: 'command', command: { kind: 'start', stopAt: rounds } });
      await until((lab) => lab.snapshot()?.round === rounds && lab.snapshot()?.phase !== 'running');
      await until(() => rows.filter(({ round }) => round === rounds).length === WORKERS);
    },
    async states() {
      const answers = await Promise.all(labs.map((lab) => lab.ask('state', { most: 1e9 })));
      return answers.flatMap(({ states }) => states ?? []).map(({ file }) => file);
    },
    close: () => {
      for (const lab of labs) lab.close();
    },
  };
}

const resumedAt = (round: number, exact: boolean) => ({
  ...{ id: ID, round, dealt: WORKERS, workers: WORKERS, exact },
});

interface Interruption {
  readonly at: number;
  readonly tabs?: number;
  /** What becomes of the states between the two sessions. */
  readonly alter?: (saved: SavedWorker) => SavedWorker;
}

/** What is left of a run: its rows from round `from` on, and all that its workers hold. */
async function outcome(run: Awaited<ReturnType<typeof open>>, recipe: Recipe, from = 0) {
  const states = (await run.states()).map((file) => decodeState(file, layoutOf(recipe)));
  run.close();
  return {
    rows: sortedRows(run.rows)
      .filter(({ round }) => round > from)
      .map(({ seconds: _, ...row }) => row),
    states: states.map(({ totals: { bytesSent, bytesReceived, gradients }, since: _, late, ...rest }) => {
      return { ...rest, late: late.length, bytesSent, bytesReceived, gradients };
    }),
  };
}

async function atOnce(recipe: Recipe, rounds: number) {
  const run = await open(recipe);
  await run.train(rounds);
  return outcome(run, recipe);
}

/** Up to a round, and on in other sessions from what these have saved. */
async function interrupted(recipe: Recipe, rounds: number, { at, tabs = 1, alter }: Interruption) {
  const before = await open(recipe, tabs);
  await before.train(at);
  const files = (await before.states()).map((file) =>
    alter === undefined ? file : encodeState(alter(decodeState(file, layoutOf(recipe)))),
  );
  before.close();
  const exact = files.every((file) => decodeState(file, layoutOf(recipe)).whole);
  const after = await open(recipe, tabs);
  for (const lab of after.labs) await lab.ask('resume', { id: ID, files });
  const { asynchronous } = findEntry('algorithm', ALGORITHMS, recipe.algorithm.id);
  const resumed = resumedAt(at, exact && asynchronous !== true);
  after.labs[0]?.send({ kind: 'command', command: { kind: 'reset', resumed } });
  await after.until((lab) => lab.snapshot()?.view.epoch === 1 && lab.snapshot()?.phase === 'paused');
  await after.train(rounds);
  return outcome(after, recipe, at);
}

const idsOf = (asynchronous: boolean) =>
  ALGORITHMS.filter((entry) => (entry.asynchronous === true) === asynchronous).map(({ id }) => id);
const algorithmOf = (id: string, options: Readonly<Record<string, unknown>> = {}) => ({
  algorithm: { id, options: { ...TRAITS[id]?.options, ...options } },
});
const COMPUTING: RecipeParts = { compute: '20ms', link: 'latency=3ms' };
const entry = (id: string, options: Readonly<Record<string, unknown>> = {}) => ({ id, options });

describe('a run that goes on from saved states', () => {
  const expectSame = async (recipe: Recipe, interruption: Interruption) => {
    const whole = await atOnce(recipe, 12);
    const resumed = await interrupted(recipe, 12, interruption);
    expect(resumed.states).toEqual(whole.states);
    expect(resumed.rows).toEqual(whole.rows.filter(({ round }) => round > interruption.at));
  };

  it.each(idsOf(false))('is the run without an interruption: %s', (id) =>
    expectSame(recipeOf(algorithmOf(id)), { at: 5 }),
  );

  it.each<[string, RecipeParts]>([
    ['an optimizer’s moments', { ...algorithmOf('d-psgd'), optimizer: entry('adam') }],
    ['momentum at push-sum', { ...algorithmOf('sgp'), optimizer: entry('momentum') }],
    ['clients that rest', algorithmOf('fedavg', { clientFraction: 0.5, localSteps: 2 })],
    ['a warm-up that is not over', algorithmOf('one-bit-adam', { warmupRounds: 6 })],
    ['a part of a round that was put off', algorithmOf('allreduce-sgd', { schedule: 'dear' })],
    ['messages some rounds under way', algorithmOf('overlap-sgp', { delay: 3 })],
    ['a schedule', { ...algorithmOf('choco-sgd'), schedule: entry('step', { every: 3, factor: 0.5 }) }],
    ['draws of a compressor', { ...algorithmOf('ecd-psgd'), compressor: entry('qsgd') }],
    ['simulated time', { ...algorithmOf('d-psgd'), ...COMPUTING }],
  ])('keeps %s', (_, parts) => expectSame(recipeOf(parts), { at: 5 }));

  it('is the same in several tabs, each with the states of its own workers', () =>
    expectSame(recipeOf(algorithmOf('choco-sgd')), { at: 4, tabs: 2 }));

  it.each(idsOf(true))('goes on with its states as after a change of members: %s', async (id) => {
    const recipe = recipeOf({ ...algorithmOf(id), ...COMPUTING, compute: '20ms,jitter=20%' });
    const { states } = await interrupted(recipe, 12, { at: 4 });
    expect(states.map(({ round }) => round)).toEqual([12, 12, 12, 12]);
    // A state has all gradients since the beginning behind it.
    for (const { gradients } of states) expect(gradients).toBeGreaterThanOrEqual(12);
  });

  it('goes on from the parameters alone, where there is no more: all else begins anew', async () => {
    const recipe = recipeOf({ ...algorithmOf('choco-sgd'), optimizer: entry('momentum') });
    const alter = (saved: SavedWorker): SavedWorker => ({
      ...saved,
      whole: false,
      state: { x: saved.state.x ?? 0 },
    });
    const whole = await atOnce(recipe, 12);
    const resumed = await interrupted(recipe, 12, { at: 4, alter });
    expect(resumed.states.map(({ round }) => round)).toEqual([12, 12, 12, 12]);
    expect(resumed.states).not.toEqual(whole.states);
  });
});

describe('a pause', () => {
  it('does not interrupt what is under way between workers', async () => {
    const recipe = recipeOf(algorithmOf('overlap-sgp', { delay: 2 }));
    const whole = await atOnce(recipe, 12);
    const run = await open(recipe);
    await run.train(4);
    await run.train(12);
    const paused = await outcome(run, recipe);
    // Time passes in a pause.
    const timeless = (states: typeof whole.states) => states.map((state) => ({ ...state, simulated: 0 }));
    expect(timeless(paused.states)).toEqual(timeless(whole.states));
  });
});

describe('the file of a state', () => {
  const layout = layoutOf(recipeOf({}));
  const saved: SavedWorker = {
    ...{ whole: true, seat: 2, round: 7, since: 0, dealt: 4, simulated: 0.1, late: [] },
    ...{
      totals: { bytesSent: 12 },
      sentTo: [[1, 12]],
      staleness: [],
      losses: { rounds: [{ round: 7, sum: 0.3, count: 2 }], suffered: 0.3, batches: 2, first: 0.2 },
    },
    state: {
      x: new Float32Array(layout.length).fill(0.1),
      w: 0.1 + 0.2,
      least: -0,
      most: Number.POSITIVE_INFINITY,
    },
  };

  it('gives back every bit', () => {
    expect(decodeState(encodeState(saved), layout)).toEqual(saved);
  });

  it('is refused in one sentence where it is another, or no state', () => {
    const refused = (bytes: Uint8Array) => {
      try {
        decodeState(bytes, layout);
      } catch (error) {
        if (error instanceof SavedStateError) return error.message;
        throw error;
      }
      return 'taken';
    };
    const state = (x: Float32Array) => refused(encodeState({ ...saved, state: { x } }));
    expect(state(new Float32Array(3))).toMatch(/another model: it has 3 of the \d+ parameters/);
    expect(state(new Float32Array(layout.length).fill(Number.NaN))).toMatch(/infinite or missing/);
    expect(refused(encodeState({ ...saved, state: { w: 1 } }))).toMatch(/it has none of/);
    expect(refused(encodeModel(layout, new Float32Array(layout.length), {}))).toMatch(/parameters alone/);
    expect(refused(new Uint8Array(40))).toMatch(/not a safetensors file/);
    const file = encodeState(saved);
    for (let at = 0; at < file.length; at += 7) {
      const damaged = file.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 0x55;
      // Whatever comes of it, nothing but a state or a sentence.
      expect(typeof refused(damaged)).toBe('string');
      expect(typeof refused(file.slice(0, at))).toBe('string');
    }
    const seat = (text: string) => encodeSafetensors({ tensors: [], metadata: { state: text } });
    expect(refused(seat('{'))).toMatch(/cannot be/);
    expect(refused(seat(JSON.stringify({ format: 2 })))).toMatch(/see its "format"/);
  });
});

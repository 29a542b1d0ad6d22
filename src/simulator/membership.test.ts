/**
 * Edges and workers come and go in mid-run, for every algorithm: the same members get other neighbours, one
 * leaves, one joins with a member's parameters, and the first, which may be a server, is replaced. From the
 * next round on the algorithm's own law holds again, all numbers are finite, and training goes on. On the cpu.
 */
import { describe, expect, it } from 'vitest';
import { ALGORITHMS } from '../algorithms/index.ts';
import { refusal } from '../recipe/legality.ts';
import type { RecipeParts } from '../recipe/schema.ts';
import { distancesToMean } from '../session/consensus.ts';
import type { Flock } from './flock.ts';
import {
  copies,
  keeps,
  type Law,
  leftOut,
  momentum,
  moves,
  owedByBoth,
  pushSum,
  replicas,
  sameStart,
  signs,
  tracks,
} from './laws.ts';
import { digits, distinctStarts, entry, F32, largestDifference, mean, network, run } from './testing.ts';

interface Case {
  readonly parts?: RecipeParts;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly laws: readonly Law[];
  /** What another order of the same members must leave as it is, beside x. */
  readonly owed?: (flock: Flock) => Promise<Float64Array>;
}

const none = { compressor: entry('none') };
const oneBit = { compressor: entry('one-bit') };
const matching = { topology: entry('random-matching') };
/** Consensus alone, from distinct models. */
const still = { lr: 0 };
const owing = (unit: 'step' | 'gradient', ahead = false): Case => ({
  laws: [replicas(), moves({ owed: owedByBoth, unit, ahead })],
  owed: owedByBoth,
});
const lowRank: Case = {
  options: { rank: 1 },
  laws: [replicas(), moves({ owed: leftOut, unit: 'gradient' })],
  owed: leftOut,
};
const federated: Case = { options: { localSteps: 1 }, laws: [replicas(), moves({ byRows: true })] };
const frozen = { warmupRounds: 2 };
const gentle = { lr: 0.002 };

const CASES: Readonly<Record<string, readonly Case[]>> = {
  'd-psgd': [
    { laws: [moves()] },
    { options: { order: 'atc' }, laws: [moves()] },
    { parts: matching, laws: [moves()] },
  ],
  'choco-sgd': [{ parts: oneBit, laws: [moves(), copies('xHat')] }],
  'choco-gossip': [{ parts: { ...oneBit, ...still }, laws: [keeps, copies('xHat')] }],
  d2: [{ laws: [moves()] }, { options: { momentum: 0.5 }, laws: [] }],
  'dcd-psgd': [
    { parts: none, laws: [moves(), copies('x')] },
    { laws: [copies('x')] },
    { parts: { optimizer: entry('nesterov'), ...gentle }, laws: [copies('x')] },
  ],
  'ecd-psgd': [{ parts: none, laws: [moves(), copies('x')] }],
  deepsqueeze: [
    { parts: oneBit, options: { eta: 0.05 }, laws: [moves()] },
    { parts: { ...oneBit, ...matching }, options: { eta: 0.05 }, laws: [moves()] },
  ],
  'gradient-tracking': [{ laws: [moves(), tracks] }],
  'low-precision-d-psgd': [{ parts: none, laws: [moves(), copies('x')] }, { laws: [copies('x')] }],
  'naive-compressed': [{ parts: none, laws: [moves()] }],
  dog: [{ laws: [moves()] }, { parts: matching, laws: [moves()] }],
  'ad-psgd': [
    { parts: still, laws: [keeps] },
    { parts: { ...still, optimizer: entry('momentum') }, laws: [keeps] },
  ],
  'a-psgd': [
    { parts: gentle, laws: [sameStart()] },
    { parts: gentle, options: { momentum: 0.5 }, laws: [sameStart()] },
  ],
  'soft-sync': [{ parts: gentle, laws: [sameStart()] }],
  'async-double-squeeze': [{ parts: gentle, laws: [sameStart()] }],
  'async-model-average': [{ parts: still, options: { interval: 2 }, laws: [keeps] }],
  sgp: [{ laws: [pushSum(0)] }],
  'overlap-sgp': [{ laws: [pushSum(1)] }],
  'online-push-sum': [{ laws: [pushSum(0)] }],
  rps: [{ options: { dropRate: 0 }, laws: [replicas(), moves()] }],
  fedavg: [federated],
  fedmom: [{ ...federated, options: { localSteps: 1, beta: 0 } }],
  fedprox: [federated],
  scaffold: [{ options: { localSteps: 1 }, laws: [replicas('c'), moves()] }],
  'allreduce-sgd': [
    { laws: [replicas(), moves()] },
    { parts: { topology: entry('ring') }, laws: [replicas(), moves()] },
    { parts: { optimizer: entry('momentum'), ...gentle }, laws: [replicas('m')] },
  ],
  'ef-sgd': [owing('step')],
  'ef-sign-sgd': [owing('step')],
  qsgd: [{ laws: [replicas()] }, { parts: none, laws: [replicas(), moves()] }],
  'sign-sgd': [{ parts: gentle, laws: [replicas(), signs] }],
  'double-squeeze': [
    owing('gradient'),
    { ...owing('gradient'), parts: { topology: entry('star') } },
    { options: { momentum: 0.5 }, parts: gentle, laws: [replicas()], owed: owedByBoth },
  ],
  'one-bit-sgd': [owing('gradient')],
  saef: [
    owing('step', true),
    { options: { momentum: 0.5 }, parts: gentle, laws: [replicas()], owed: owedByBoth },
  ],
  'g-top-k-sgd': [owing('step')],
  'power-sgd': [lowRank],
  'acp-sgd': [lowRank],
  'one-bit-adam': [{ options: frozen, parts: gentle, laws: [replicas('m', 'v'), momentum()] }],
  'apm-squeeze': [{ options: frozen, parts: gentle, laws: [replicas('m', 'v'), momentum()] }],
  'one-bit-lamb': [{ options: frozen, parts: gentle, laws: [replicas('m', 'v', 'vNow')] }],
  'zero-one-adam': [
    {
      options: { warmupRounds: 2, varianceUpdates: 1, longestInterval: 1 },
      parts: gentle,
      laws: [replicas('m', 'v')],
    },
  ],
  'byte-grad': [{ laws: [replicas()] }, { parts: none, laws: [replicas(), moves()] }],
  'q-adam': [{ options: frozen, parts: gentle, laws: [replicas('m', 'v'), momentum(1e-3)] }],
  'large-batch': [{ laws: [replicas()] }],
};

const EVERY = ALGORITHMS.flatMap(({ id }) => {
  const cases = CASES[id];
  if (cases === undefined) throw new Error(`${id} has no case in membership.test.ts.`);
  return cases.map(
    (each) => [`${id} ${JSON.stringify({ ...each.options, ...each.parts })}`, id, each] as const,
  );
});

/** Of the average model over the test rows. */
async function lossOf(flock: Flock): Promise<number> {
  const { compute, program, data, scored, layout } = flock.assets;
  const average = compute.vector(layout.length);
  compute.upload(average, Float32Array.from(mean(await flock.read())));
  const { loss } = await program.evaluate(average, data, scored);
  compute.free(average);
  return loss;
}

/** A round, judged. */
async function lawfulRound(flock: Flock, laws: readonly Law[]): Promise<void> {
  const judges: (() => Promise<void>)[] = [];
  for (const law of laws) judges.push(await law(flock));
  await flock.step();
  for (const judge of judges) await judge();
  for (const model of await flock.read()) expect(model.every(Number.isFinite)).toBe(true);
}

describe('other edges and other workers in mid-run', () => {
  it.each(EVERY)('%s', async (_name, id, { parts, options, laws, owed }) => {
    const recipe = network({ ...parts, algorithm: entry(id, { ...options }) });
    for (const n of [6, 5, 7]) expect(refusal(recipe, n)).toBe(null);
    const starts = recipe.lr === 0 ? distinctStarts(recipe, 6, 0.1) : [];
    const flock = await run(recipe, 6, digits, starts);
    const first = recipe.lr === 0 ? distancesToMean(await flock.read()).value : await lossOf(flock);
    for (let round = 0; round < 2; round += 1) await flock.step();

    // The same members on another graph: every ring, star or random graph has other edges now.
    const average = mean(await flock.read());
    const debt = await owed?.(flock);
    await flock.change({ order: [3, 0, 4, 1, 5, 2] });
    expect(flock.workers.map(({ holder }) => holder?.seat)).toEqual([3, 0, 4, 1, 5, 2]);
    if (debt !== undefined) {
      expect(largestDifference(debt, new Float64Array(debt.length))).toBeGreaterThan(100 * F32);
      expect(largestDifference((await owed?.(flock)) ?? [], debt)).toBeLessThan(F32);
      expect(largestDifference(mean(await flock.read()), average)).toBeLessThan(F32);
    }
    for (let round = 0; round < 2; round += 1) await lawfulRound(flock, laws);

    for (const [change, size] of [
      [{ leave: [2] }, 5],
      [{ join: 1 }, 6],
      [{ leave: [3], join: 2 }, 7],
    ] as const) {
      await flock.change(change);
      expect(flock.workers).toHaveLength(size);
      for (let round = 0; round < 2; round += 1) await lawfulRound(flock, laws);
    }
    const last = recipe.lr === 0 ? distancesToMean(await flock.read()).value : await lossOf(flock);
    expect(last).toBeLessThan(first);
    flock.destroy();
  });
});

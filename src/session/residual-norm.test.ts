/** The norm of what compression has left out is in the snapshot, whichever algorithm feeds errors back. */
import { afterEach, describe, expect, it } from 'vitest';
import { ALGORITHMS } from '../algorithms/index.ts';
import { findEntry } from '../base/registry.ts';
import { buildRecipe, type RecipeParts } from '../recipe/schema.ts';
import type { LabHandle } from './handle.ts';
import { startNodeLab, until } from './node-lab.ts';

const open: LabHandle[] = [];
afterEach(() => {
  for (const lab of open.splice(0)) lab.close();
});

/** All that keep a residual, with options under which they compress from the second round on. */
const WITH_FEEDBACK: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'ef-sgd': {},
  'ef-sign-sgd': {},
  'double-squeeze': {},
  'one-bit-sgd': {},
  saef: {},
  'g-top-k-sgd': {},
  'power-sgd': {},
  'acp-sgd': {},
  'one-bit-adam': { warmupRounds: 1 },
  'one-bit-lamb': { warmupRounds: 1 },
  'zero-one-adam': { warmupRounds: 2 },
  'async-double-squeeze': {},
  deepsqueeze: { eta: 0.05 },
};

/** What a tab shows of every worker after a few rounds of this algorithm as it likes to be run. */
async function normsOf(id: string, options: Readonly<Record<string, number>>) {
  const { prefers } = findEntry('algorithm', ALGORITHMS, id);
  const parts: RecipeParts = {
    model: { id: 'mlp', options: { hidden: [16] } },
    // So short a warm-up of the 1-bit Adam family would diverge at the usual rate.
    lr: 0.001,
    rounds: 4,
    evalEvery: 1,
    compressor: { id: 'one-bit' },
    ...prefers,
    algorithm: { id, options },
  };
  const labs = await startNodeLab({ recipe: buildRecipe(parts), tabs: 1, workersPerTab: 3 });
  open.push(...labs);
  const [lab] = labs;
  if (lab === undefined) throw new Error('There is one tab.');
  lab.send({ kind: 'command', command: { kind: 'start', stopAt: null } });
  await until([lab], ({ phase }) => phase === 'finished');
  return lab.snapshot()?.workers.map(({ residualNorm }) => residualNorm) ?? [];
}

describe('the norm of the residual', () => {
  it.each(Object.entries(WITH_FEEDBACK))('is told of every worker of %s', async (id, options) => {
    const norms = await normsOf(id, options);
    expect(norms).toHaveLength(3);
    for (const norm of norms) expect(norm).toBeGreaterThan(0);
  });

  it.each(['choco-sgd', 'qsgd', 'byte-grad'])('is not there where %s keeps none', async (id) => {
    expect(await normsOf(id, {})).toEqual([null, null, null]);
  });
});

/**
 * Error feedback switched off, on the cpu: nothing is kept of what compression leaves out, and a round is made
 * of its own gradients alone. Those without a recomputation here have one from files, in
 * `e2e/experiments/recompute-algorithms.unit.test.ts`.
 */
import { describe, expect, it } from 'vitest';
import { ALGORITHMS } from '../algorithms/index.ts';
import { asControl, refusalOf } from '../recipe/legality.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { entry, F32, largestDifference, mean, modelsAfter, network, run } from './testing.ts';
import { TRAITS } from './traits.ts';

const N = 4;
const WITH_FEEDBACK = ALGORITHMS.filter(({ options }) => options.errorFeedback !== undefined);

/** The algorithm as it likes to be run, but forgetful. */
function forgetful(
  id: string,
  more: Record<string, unknown> = {},
  options: Record<string, unknown> = {},
): Recipe {
  const given = { ...TRAITS[id]?.options, ...options, errorFeedback: false };
  const compressor = id === 'deepsqueeze' ? { compressor: entry('one-bit') } : {};
  const recipe = asControl(network({ ...compressor, ...more, algorithm: entry(id, given) }), N);
  if (recipe === null) throw new Error(`${id} may be run without error feedback.`);
  return recipe;
}

/** Names of the state's vectors that hold anything after a few rounds. */
async function kept(recipe: Recipe): Promise<readonly string[]> {
  const flock = await run(recipe, N);
  for (let round = 0; round < 6; round += 1) await flock.step();
  await flock.change({ join: 1 });
  await flock.step();
  const names = flock.workers.flatMap(({ state }) => Object.keys(state ?? {}));
  flock.destroy();
  return [...new Set(names)];
}

describe('error feedback switched off', () => {
  it.each(WITH_FEEDBACK)('$id: no residual is kept', async ({ id }) => {
    const names = await kept(forgetful(id));
    expect(names).toContain('x');
    for (const residual of ['e', 'E', 'offset']) expect(names).not.toContain(residual);
  });

  it('is refused by all of them where something is left out, and by none where errors average out', () => {
    expect(WITH_FEEDBACK.length).toBe(14);
    for (const { id } of WITH_FEEDBACK) {
      const { allow } = forgetful(id);
      expect([id, allow]).toEqual([id, 'no-feedback']);
      expect(refusalOf({ ...forgetful(id), allow: '' }, N)).toMatchObject({ control: 'no-feedback' });
    }
    for (const id of ['ef-sgd', 'double-squeeze', 'one-bit-adam', 'deepsqueeze']) {
      expect(forgetful(id, { compressor: entry('qsgd') }).allow).toBe('');
    }
  });

  it('makes QSGD of EF-SGD', async () => {
    const compressor = entry('qsgd');
    const ours = await modelsAfter(forgetful('ef-sgd', { compressor }), N, 5);
    const theirs = await modelsAfter(network({ compressor, algorithm: entry('qsgd') }), N, 5);
    // A number that is rounded to the other side is seen: all draws are the same.
    expect(largestDifference(ours[0] ?? [], theirs[0] ?? [])).toBeLessThan(10 * F32);
  });

  it.each([
    ['double-squeeze', 'byte-grad', {}],
    ['one-bit-adam', 'q-adam', { warmupRounds: 2 }],
  ] as const)('makes of %s with bytes what %s is', async (id, other, options) => {
    const compressor = entry('min-max-8');
    const ours = await modelsAfter(forgetful(id, { compressor }, options), N, 5);
    const theirs = await modelsAfter(network({ compressor, algorithm: entry(other, options) }), N, 5);
    expect(ours).toEqual(theirs);
  });

  it.each(['power-sgd', 'acp-sgd'])('%s: a step is the projection of the mean gradient alone', async (id) => {
    /** ⟨M̂, ḡ − M̂⟩ / ‖M̂‖², which is 0 of a projection, in the fourth round. */
    const slant = async (recipe: Recipe) => {
      const flock = await run(recipe, N);
      for (let round = 0; round < 3; round += 1) await flock.step();
      const before = mean(await flock.read());
      const gradient = mean(await flock.gradients());
      await flock.step();
      const after = mean(await flock.read());
      flock.destroy();
      const step = before.map((value, k) => (value - (after[k] ?? 0)) / recipe.lr);
      const square = step.reduce((sum, value) => sum + value * value, 0);
      return step.reduce((sum, value, k) => sum + value * ((gradient[k] ?? 0) - value), 0) / square;
    };
    const given = { rank: 1 };
    expect(Math.abs(await slant(forgetful(id, {}, given)))).toBeLessThan(1e-3);
    expect(Math.abs(await slant(network({ algorithm: entry(id, given) })))).toBeGreaterThan(0.05);
  });

  it('gTop-k of two workers takes the k largest of two sparse gradients, and forgets the rest', async () => {
    const recipe = forgetful('g-top-k-sgd', { compressor: entry('top-k', { k: 40 }) });
    const flock = await run(recipe, 2);
    for (let round = 0; round < 3; round += 1) {
      const [x = new Float32Array()] = await flock.read();
      const gradients = await flock.gradients();
      await flock.step();
      const largest = (v: Float64Array) => {
        const order = [...v.keys()].sort((a, b) => Math.abs(v[b] ?? 0) - Math.abs(v[a] ?? 0) || a - b);
        const chosen = new Set(order.slice(0, 40));
        return v.map((value, k) => (chosen.has(k) ? value : 0));
      };
      const [a = new Float64Array(), b = []] = gradients.map((g) =>
        largest(Float64Array.from(g, (value) => recipe.lr * value)),
      );
      const sum = largest(a.map((value, k) => value + (b[k] ?? 0)));
      const expected = sum.map((value, k) => (x[k] ?? 0) - value / 2);
      for (const model of await flock.read()) expect(largestDifference(model, expected)).toBeLessThan(F32);
    }
    flock.destroy();
  });
});

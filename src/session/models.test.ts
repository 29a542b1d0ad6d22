/** Questions about models, asked of whole sessions in one process: the same code as in tabs. */
import { afterEach, describe, expect, it } from 'vitest';
import { decodeModel } from '../models/model-file.ts';
import { MemoryHub } from '../network/memory.ts';
import { buildRecipe, type RecipeParts } from '../recipe/schema.ts';
import type { LabHandle } from './handle.ts';
import { parametersHash } from './models-start.ts';
import { openNodeTab, startNodeLab, until } from './node-lab.ts';
import type { Snapshot } from './snapshot.ts';

const MOONS: RecipeParts = {
  dataset: { id: 'moons', options: { rows: 200 } },
  model: { id: 'mlp', options: { hidden: [8] } },
  evalEvery: 5,
  lr: 0.3,
};
const open: LabHandle[] = [];

afterEach(() => {
  for (const lab of open.splice(0)) lab.close();
});

async function labs(
  parts: RecipeParts,
  tabs: number,
  workersPerTab: number,
): Promise<[LabHandle, LabHandle]> {
  const started = await startNodeLab({ recipe: buildRecipe({ ...MOONS, ...parts }), tabs, workersPerTab });
  open.push(...started);
  await until(started, ({ phase }) => phase === 'idle');
  const [first, second = first] = started;
  if (first === undefined || second === undefined) throw new Error('There is a tab.');
  return [first, second];
}

const train = async (all: readonly LabHandle[], rounds: number) => {
  all[0]?.send({ kind: 'command', command: { kind: 'start', stopAt: rounds } });
  await until(all, ({ round, phase }) => round === rounds && phase !== 'running');
};
const answered = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
  // A model is not there before the worker has entered its view.
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
};
const restarted = (epoch: number) => (snapshot: Snapshot) =>
  snapshot.view.epoch === epoch && snapshot.round === 0 && snapshot.phase === 'idle';

describe('predictions', () => {
  it('are of every worker of the tab and of the average, and are probabilities', async () => {
    const [lab] = await labs({ rounds: 40 }, 1, 3);
    await train([lab], 40);
    const points = Float32Array.of(-1, 0.5, 1, -0.5, 0, 0);
    const { outputs, classifies, predictions, noReported } = await lab.ask('predict', { features: points });
    expect({ outputs, classifies, noReported }).toEqual({ outputs: 2, classifies: true, noReported: null });
    expect(predictions.map(({ of }) => of)).toEqual([0, 1, 2, 'reported']);
    for (const { outputs: rows, round } of predictions) {
      expect(round).toBe(40);
      expect(rows).toHaveLength(6);
      for (let row = 0; row < 3; row += 1) {
        expect((rows[2 * row] ?? 0) + (rows[2 * row + 1] ?? 0)).toBeCloseTo(1, 6);
      }
      // The moons are learnt: each of these two points lies inside one.
      expect(rows[0]).toBeGreaterThan(0.5);
      expect(rows[3]).toBeGreaterThan(0.5);
    }
  });

  it('are the numbers themselves of a regression', async () => {
    const parts = { dataset: { id: 'regression' }, model: { id: 'linear' }, lr: 0.05 };
    const [lab] = await labs(parts, 1, 1);
    const { features } = await answered(() => lab.ask('example', { index: 0 }));
    const { classifies, predictions } = await lab.ask('predict', { features, of: [0] });
    const [model] = await lab.models();
    const expected = features.reduce((sum, x, k) => sum + x * (model?.parameters[k] ?? 0), 0);
    expect(classifies).toBe(false);
    expect(predictions[0]?.outputs[0]).toBeCloseTo(expected, 5);
    await expect(lab.ask('confusion', { of: 0, mistakes: 4 })).rejects.toThrow(/tells classes apart/);
  });

  it('know the average of several tabs by asking them', async () => {
    const tabs = await labs({ partition: { id: 'shards', options: { labels: 1 } } }, 2, 1);
    const [first, second] = tabs;
    await train(tabs, 15);
    const features = Float32Array.of(0.2, 0.1);
    const { predictions } = await first.ask('predict', { features, of: ['reported'] });
    const file = await first.ask('export', { of: 'reported' });
    const models = [...(await first.models()), ...(await second.models())];
    const layout = models[0]?.layout;
    if (layout === undefined) throw new Error('There are models.');
    const { parameters, metadata } = decodeModel(file.bytes, layout);
    parameters.forEach((value, k) => {
      const mean = models.reduce((sum, model) => sum + (model.parameters[k] ?? 0) / models.length, 0);
      expect(value).toBeCloseTo(mean, 6);
    });
    expect(metadata).toMatchObject({ seat: 'reported', round: '15' });
    expect(predictions).toHaveLength(1);
    expect(predictions[0]?.round).toBe(15);
  });

  it('are refused for rows of another width, and for too many', async () => {
    const [lab] = await labs({}, 1, 1);
    await answered(() => lab.ask('example', { index: 0 }));
    for (const length of [0, 3, 2 * 4097]) {
      await expect(lab.ask('predict', { features: new Float32Array(length) })).rejects.toThrow(/2 numbers/);
    }
  });
});

describe('mistakes', () => {
  it('add up to the test rows, and agree with the accuracy that was measured', async () => {
    const [lab] = await labs({ rounds: 20 }, 1, 2);
    await train([lab], 20);
    for (const of of [0, 'reported'] as const) {
      const confusion = await lab.ask('confusion', { of, mistakes: 5 });
      const total = confusion.counts.reduce((sum, count) => sum + count, 0);
      expect([total, confusion.rows, confusion.available]).toEqual([40, 40, 40]);
      const right = (confusion.counts[0] ?? 0) + (confusion.counts[3] ?? 0);
      if (of === 0) {
        const worker = lab.snapshot()?.workers.find(({ seat }) => seat === 0);
        expect(right / total).toBeCloseTo(worker?.testAccuracy ?? Number.NaN, 6);
      }
      expect(confusion.mistakes.length).toBe(Math.min(5, total - right));
      for (const { label, predicted, features, truth, confidence } of confusion.mistakes) {
        expect(predicted).not.toBe(label);
        expect(features).toHaveLength(2);
        expect(truth).toBeLessThanOrEqual(confidence);
      }
    }
  });

  it('give the first test rows, as single questions do', async () => {
    const [lab] = await labs({}, 1, 1);
    const { features, labels } = await answered(() => lab.ask('examples', { most: 3 }));
    for (const index of [0, 1, 2]) {
      const one = await lab.ask('example', { index });
      expect([...features.subarray(2 * index, 2 * index + 2)]).toEqual([...one.features]);
      expect(labels[index]).toBe(one.label);
    }
    const { count } = await lab.ask('example', { index: 0 });
    expect((await lab.ask('examples', { most: 1e9 })).labels).toHaveLength(count);
  });

  it('are asked for examples all around', async () => {
    const [lab] = await labs({}, 1, 1);
    const first = await answered(() => lab.ask('example', { index: 0 }));
    const last = await lab.ask('example', { index: -1 });
    expect([first.index, last.index, first.count]).toEqual([0, 39, 40]);
    expect((await lab.ask('example', { index: 40 })).features).toEqual(first.features);
  });
});

describe('the difference of gradients', () => {
  it('is small for data dealt evenly and large for classes apart, the same before the run and in it', async () => {
    const [even] = await labs({}, 1, 2);
    const [apart] = await labs({ partition: { id: 'sorted' } }, 1, 2);
    const small = await answered(() => even.ask('difference', {}));
    const large = await answered(() => apart.ask('difference', {}));
    expect(large.difference).toBeGreaterThan(20 * small.difference);
    expect([small.rows, large.rows]).toEqual([small.available, large.available]);
    await train([apart], 5);
    expect(await apart.ask('difference', {})).toEqual(large);
  });
});

describe('a model file', () => {
  it('makes every worker of every tab begin from it, and a newcomer too; Reset goes back to the seed', async () => {
    const hub = new MemoryHub();
    const recipe = buildRecipe(MOONS);
    const tabs: LabHandle[] = [];
    const join = async (tab: number) => {
      const lab = openNodeTab(hub, tab, { recipe, workersPerTab: 2 });
      open.push(lab);
      tabs.push(lab);
      await until(tabs, ({ workers, phase }) => workers.length === 2 * tabs.length && phase !== 'starting');
      return lab;
    };
    const first = await join(0);
    const second = await join(1);
    await train(tabs, 10);
    const { bytes } = await second.ask('export', { of: 2 });
    const saved = (await second.models()).find(({ seat }) => seat === 2)?.parameters ?? new Float32Array();
    await train(tabs, 30);
    await second.ask('import', { bytes });
    await until(tabs, restarted(1));
    const third = await join(2);
    await train(tabs, 1);
    expect(third.snapshot()?.notices.some(({ id }) => id === 'loaded-model')).toBe(true);
    first.send({ kind: 'command', command: { kind: 'reset' } });
    await until(tabs, restarted(2));
    await second.ask('import', { bytes });
    await until(tabs, restarted(3));
    const models = await answered(async () => {
      const all = (await Promise.all(tabs.map((lab) => lab.models()))).flat();
      if (all.length !== 6) throw new Error('Not all have entered yet.');
      for (const { parameters } of all) expect(parametersHash(parameters)).toBe(parametersHash(saved));
      return all;
    });
    expect(models).toHaveLength(6);
    first.send({ kind: 'command', command: { kind: 'reset' } });
    await until(tabs, restarted(4));
    await answered(async () => {
      const [model] = await third.models();
      expect(model?.parameters).toBeDefined();
      expect(model?.parameters).not.toEqual(saved);
    });
  });

  it('is ONNX if asked for, but for models that write', async () => {
    const [lab] = await labs({}, 1, 2);
    const { bytes, round } = await answered(() => lab.ask('export', { of: 'reported', as: 'onnx' }));
    expect(round).toBe(0);
    // Names and text lie in the file as they are; what it computes is tested beside its writer.
    const text = new TextDecoder('latin1').decode(bytes);
    for (const part of ['probabilities', 'layers.1.weight', '"id":"mlp"', '["0","1"]']) {
      expect(text).toContain(part);
    }
    await expect(lab.ask('import', { bytes })).rejects.toThrow(/not a safetensors file/);
    const [writer] = await labs(
      { dataset: { id: 'text' }, model: { id: 'gpt', options: { width: 8, layers: 1, heads: 1 } } },
      1,
      1,
    );
    await expect(answered(() => writer.ask('export', { of: 0, as: 'onnx' }))).rejects.toThrow(
      /gpt writes on and on/,
    );
  });

  it('of another model, or of none, is refused with the reason and changes nothing', async () => {
    const [lab] = await labs({}, 1, 1);
    await train([lab], 5);
    const [other] = await labs({ model: { id: 'mlp', options: { hidden: [9] } } }, 1, 1);
    const { bytes } = await answered(() => other.ask('export', { of: 0 }));
    await expect(lab.ask('import', { bytes })).rejects.toThrow(/is \[9, 2\], here it is \[8, 2\]/);
    await expect(lab.ask('import', { bytes: new Uint8Array(50).fill(7) })).rejects.toThrow(/safetensors/);
    await expect(lab.ask('export', { of: 7 })).rejects.toThrow(/no worker on that seat/);
    expect(lab.snapshot()?.view.epoch).toBe(0);
    expect(lab.snapshot()?.round).toBe(5);
  });
});

describe('a model of text', () => {
  it('goes on from a prompt in its own alphabet, and sorts nothing', async () => {
    const parts = {
      dataset: { id: 'text', options: { context: 8 } },
      model: { id: 'gpt', options: { width: 8, heads: 1, layers: 1 } },
      batch: 2,
      evalEvery: 1000,
    };
    const [lab] = await labs(parts, 1, 1);
    const { text, round } = await answered(() =>
      lab.ask('write', { of: 0, prompt: 'the ', count: 5, temperature: 0 }),
    );
    expect([...text]).toHaveLength(5);
    expect(round).toBe(0);
    await expect(lab.ask('predict', { features: new Float32Array(9) })).rejects.toThrow(/writes text/);
  });
});

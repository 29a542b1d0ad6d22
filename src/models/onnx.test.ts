/** Exported models, run by a runtime that is not ours: onnxruntime-web says what `predict` says. */
import * as ort from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';
import { completeOptions, type Options } from '../base/options.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import type { DataShape } from '../data/dataset.ts';
import type { Preparation } from '../data/preparation.ts';
import { randomStream } from '../math/random.ts';
import { MODELS } from './index.ts';
import { packLayout } from './layout.ts';
import type { ModelEntry } from './model.ts';
import { ModelFileError } from './model-file.ts';
import { encodeOnnx, refusesOnnx } from './onnx.ts';

ort.env.wasm.numThreads = 1;
const ROWS = 9;
const TOLERANCE = 1e-4;
const PLAIN: Preparation = { shift: null, scale: 1, about: 'Numbers.' };
const stream = randomStream(6, 0, 0, 0);
const normal = (length: number, scale = 1) => Float32Array.from({ length }, () => scale * stream.normal());

/** What every model is tried with besides its defaults. */
const VARIANTS: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>> = {
  mlp: [{ hidden: [] }, { hidden: [7, 5, 3] }],
  linear: [{ bias: true }],
  lenet: [
    { pool: 'average', filters: [3] },
    { filters: [2, 3], hidden: 9 },
  ],
  'resnet-mini': [
    { width: 6, groups: 3, blocks: 1 },
    { width: 4, groups: 2, blocks: 3 },
  ],
};

function variantsOf({ id, options }: ModelEntry): readonly Options[] {
  const { activation } = options;
  const activations = activation?.kind === 'choice' ? activation.choices : [];
  return [
    {},
    ...(VARIANTS[id] ?? []),
    ...activations.map((each) => ({ activation: each, hidden: [6, 5] })),
  ].map((given) => completeOptions('model', options, given));
}

/** Both runtimes on the same random parameters and rows. */
async function both(entry: ModelEntry, options: Options, data: DataShape, preparation: Preparation) {
  const layout = entry.layout(options, data);
  // Away from the initial values, whose biases of 0 would hide where they go.
  const parameters = entry.initialise(layout, 2).map((value) => value + 0.1 * stream.normal());
  const raw = normal(ROWS * data.width, 2);
  const { shift, scale } = preparation;
  const features = raw.map((value, at) => {
    const k = at % data.width;
    return (value - (shift?.[k] ?? 0)) * (typeof scale === 'number' ? scale : (scale[k] ?? 0));
  });
  const compute = createCpuCompute();
  const program = entry.program(compute, layout, options, 4);
  const x = compute.vector(layout.length);
  compute.upload(x, parameters);
  const ours = (await program.predict?.(x, { features })) ?? new Float32Array();
  compute.destroy();

  const bytes = encodeOnnx({
    model: { id: entry.id, options },
    layout,
    parameters,
    data,
    preparation,
    metadata: { seed: '2' },
  });
  const session = await ort.InferenceSession.create(bytes);
  const outputs = await session.run({ input: new ort.Tensor('float32', raw, [ROWS, data.width]) });
  await session.release();
  return { ours, outputs, parameters };
}

const numbersOf = (tensor: ort.Tensor | undefined): Float32Array => {
  if (!(tensor?.data instanceof Float32Array)) throw new Error('There are no floats.');
  return tensor.data;
};
const worst = (a: Float32Array, b: Float32Array) => {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, at) => Math.max(most, Math.abs(value - (b[at] ?? Number.NaN))), 0);
};

describe.each(MODELS.filter(({ tokens }) => tokens !== true).map((entry) => [entry.id, entry] as const))(
  '%s as ONNX',
  (_id, entry) => {
    const classes = entry.regression === true ? 0 : 4;
    // Sides that do not halve evenly: what is left over at the edge counts, too.
    const image = { height: 19, width: 17, channels: 1 };
    const data = { width: 19 * 17, classes, image };

    it.each(variantsOf(entry).map((options) => [JSON.stringify(options), options] as const))(
      'says the same with %s',
      async (_text, options) => {
        const { ours, outputs } = await both(entry, options, data, PLAIN);
        if (classes === 0) {
          expect(outputs.prediction?.dims).toEqual([ROWS, 1]);
          expect(worst(ours, numbersOf(outputs.prediction))).toBeLessThan(TOLERANCE);
          expect(Math.max(...ours.map(Math.abs))).toBeGreaterThan(0.1);
          return;
        }
        expect(outputs.logits?.dims).toEqual([ROWS, classes]);
        const probabilities = numbersOf(outputs.probabilities);
        expect(worst(ours, probabilities)).toBeLessThan(TOLERANCE);
        // Logits and probabilities are of one mind, and rows differ.
        const logits = numbersOf(outputs.logits);
        for (let row = 0; row < ROWS; row += 1) {
          const [a = 0, b = 0] = logits.subarray(row * classes);
          const [p = 0, q = 0] = probabilities.subarray(row * classes);
          expect(Math.abs(Math.log(p / q) - (a - b))).toBeLessThan(1e-3);
        }
        expect(worst(ours.subarray(0, classes), ours.subarray(classes, 2 * classes))).toBeGreaterThan(1e-3);
      },
    );

    it('takes rows as their file has them: shift and scale are part of it', async () => {
      const options = completeOptions('model', entry.options, {});
      const shift = normal(data.width);
      const scale = normal(data.width, 0.5);
      for (const preparation of [
        { shift, scale, about: 'Cells.' },
        { shift: null, scale: 1 / 255, about: 'Pixels.' },
      ]) {
        const { ours, outputs } = await both(entry, options, data, preparation);
        expect(worst(ours, numbersOf(outputs[classes === 0 ? 'prediction' : 'probabilities']))).toBeLessThan(
          TOLERANCE,
        );
      }
    });
  },
);

it('is refused for models that write, with what to do instead', () => {
  for (const { id, tokens } of MODELS) expect(refusesOnnx(id) === null).toBe(tokens !== true);
  const layout = { tensors: [], length: 0 };
  const source = { model: { id: 'gpt', options: {} }, layout, parameters: new Float32Array() };
  const given = { ...source, data: { width: 1, classes: 2 }, preparation: PLAIN, metadata: {} };
  expect(() => encodeOnnx(given)).toThrow(ModelFileError);
  expect(() => encodeOnnx(given)).toThrow(/Download safetensors instead/);
});

it.each([
  ['relu', (x: number) => Math.max(0, x)],
  ['tanh', Math.tanh],
  ['gelu', (x: number) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))],
])('has the activation %s between dense layers', async (activation, f) => {
  const layout = packLayout([
    ['layers.0.weight', [1, 1]],
    ['layers.0.bias', [1]],
    ['layers.1.weight', [2, 1]],
    ['layers.1.bias', [2]],
  ]);
  const bytes = encodeOnnx({
    model: { id: 'mlp', options: { activation } },
    layout,
    parameters: Float32Array.of(2, 0.5, 1, -1, 0, 3),
    data: { width: 1, classes: 2 },
    preparation: PLAIN,
    metadata: {},
  });
  const session = await ort.InferenceSession.create(bytes);
  const raw = Float32Array.of(-3, -1, -0.2, 0, 0.4, 2);
  const { logits } = await session.run({ input: new ort.Tensor('float32', raw, [raw.length, 1]) });
  await session.release();
  const expected = Float32Array.from([...raw].flatMap((x) => [f(2 * x + 0.5), 3 - f(2 * x + 0.5)]));
  expect(worst(expected, numbersOf(logits))).toBeLessThan(1e-6);
});

it('is the same bytes for the same model', () => {
  const layout = { tensors: [{ name: 'weight', shape: [1, 2], offset: 0, length: 2 }], length: 2 };
  const source = { model: { id: 'linear', options: {} }, layout, parameters: Float32Array.of(1, 2) };
  const given = { ...source, data: { width: 2, classes: 0 }, preparation: PLAIN, metadata: { a: 'b' } };
  expect(encodeOnnx(given)).toEqual(encodeOnnx(given));
});

/** Predictions of every model of rows: probabilities, the same from both kinds of input, as scored. */
import { describe, expect, it } from 'vitest';
import { completeOptions } from '../base/options.ts';
import type { HostDataset } from '../compute/compute.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { randomStream } from '../math/random.ts';
import { MODELS } from './index.ts';
import { softmaxRows } from './prediction.ts';

const SIDE = 16;
const ROWS = 107;

function pictures(classes: number): HostDataset {
  const stream = randomStream(3, 0, 0, 0);
  const width = SIDE * SIDE;
  const features = Float32Array.from({ length: ROWS * width }, () => stream.uniform());
  const labels =
    classes === 0
      ? Float32Array.from({ length: ROWS }, () => stream.normal())
      : Uint8Array.from({ length: ROWS }, () => stream.integer(classes));
  return { rows: ROWS, width, classes, scale: 1, features, labels };
}

describe.each(MODELS.filter(({ tokens }) => tokens !== true).map((entry) => [entry.id, entry] as const))(
  '%s',
  (_, entry) => {
    it('predicts the same from the device as from the host, and as its score says', async () => {
      const classes = entry.regression === true ? 0 : 3;
      const host = pictures(classes);
      const image = { height: SIDE, width: SIDE, channels: 1 };
      const options = completeOptions('model', entry.options, {});
      const layout = entry.layout(options, { width: host.width, classes, image });
      const compute = createCpuCompute();
      const program = entry.program(compute, layout, options, 5);
      const parameters = compute.vector(layout.length);
      compute.upload(parameters, entry.initialise(layout, 4));
      const data = compute.dataset(host);
      const rows = Uint32Array.from({ length: ROWS }, (_each, row) => (row * 31) % ROWS);
      const features = Float32Array.from(
        [...rows].flatMap((row) => [
          ...(host.features as Float32Array).subarray(row * host.width, (row + 1) * host.width),
        ]),
      );
      const fromDevice = await program.predict?.(parameters, { data, rows });
      const fromHost = await program.predict?.(parameters, { features });
      expect(fromHost).toEqual(fromDevice);
      expect(fromDevice).toHaveLength(ROWS * Math.max(1, classes));
      const { loss, accuracy } = await program.evaluate(parameters, data, rows);
      let [sum, right] = [0, 0];
      rows.forEach((row, at) => {
        const label = host.labels[row] ?? 0;
        if (classes === 0) {
          sum += ((fromHost?.[at] ?? Number.NaN) - label) ** 2 / 2;
          return;
        }
        const said = [...(fromHost?.subarray(at * classes, (at + 1) * classes) ?? [])];
        expect(said.reduce((total, value) => total + value, 0)).toBeCloseTo(1, 5);
        sum -= Math.log(said[label] ?? Number.NaN);
        if (said.indexOf(Math.max(...said)) === label) right += 1;
      });
      expect(sum / ROWS).toBeCloseTo(loss, 4);
      if (classes > 0) expect(right / ROWS).toBeCloseTo(accuracy, 6);
      await expect(program.predict?.(parameters, { features: new Float32Array(7) })).rejects.toThrow(
        RangeError,
      );
      expect(await program.predict?.(parameters, { data, rows: new Uint32Array() })).toHaveLength(0);
      compute.destroy();
    });
  },
);

it('softmax holds for logits of any size', () => {
  const probabilities = softmaxRows(Float32Array.of(1000, 999, -1000, 0, 0, 0), 3);
  expect(probabilities[0]).toBeCloseTo(1 / (1 + Math.exp(-1)), 6);
  expect([...probabilities.subarray(3)].map((value) => value.toFixed(6))).toEqual([
    '0.333333',
    '0.333333',
    '0.333333',
  ]);
});

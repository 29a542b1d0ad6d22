/** For tests of models over pictures only: seeded pictures, and the check of a whole gradient. */
import { completeOptions } from '../../base/options.ts';
import type { HostDataset } from '../../compute/compute.ts';
import { createDoubleCompute } from '../../compute/cpu/index.ts';
import { randomStream } from '../../math/random.ts';
import type { ModelEntry } from '../model.ts';
import type { LayerMaker } from './layer.ts';
import { pictureShape } from './picture.ts';
import { initialiseLayers, sequential, sequentialLayout } from './sequential.ts';

/** Square pictures of noise, brighter in a stripe that tells the class; purpose 0 belongs to tests. */
export function stripes(rows: number, side: number, classes: number, seed: number): HostDataset {
  const stream = randomStream(seed, 0, 0, 0);
  const labels = Uint8Array.from({ length: rows }, () => stream.integer(classes));
  const width = side * side;
  const features = new Uint8Array(rows * width);
  labels.forEach((label, row) => {
    for (let k = 0; k < width; k++) {
      const stripe = Math.floor(((k % side) * classes) / side);
      features[row * width + k] = (stripe === label ? 120 : 20) + stream.integer(100);
    }
  });
  return { rows, width, classes, scale: 1 / 255, features, labels };
}

/** A model of a list of layers, without options. */
export function modelOf(makers: (classes: number) => readonly LayerMaker[]): ModelEntry {
  return {
    id: 'test',
    label: 'test',
    description: 'Layers under test.',
    options: {},
    layout: (_options, data) => sequentialLayout(makers(data.classes), pictureShape(data, 1)),
    initialise: initialiseLayers,
    program: (compute, layout, _options, batch) => sequential(compute, layout, makers(3), batch),
  };
}

/**
 * The gradient of a whole model in double precision against central finite differences, at random
 * parameters. Returns ‖gradient‖ and ‖gradient - differences‖ / ‖gradient‖.
 */
export function checkGradient(
  model: ModelEntry,
  given: Readonly<Record<string, unknown>>,
  side: number,
  step = 1e-6,
): { readonly norm: number; readonly error: number } {
  const compute = createDoubleCompute();
  const options = completeOptions('model', model.options, given);
  const host = stripes(6, side, 3, 2);
  const data = compute.dataset(host);
  const layout = model.layout(options, host);
  const program = model.program(compute, layout, options, 4);
  const stream = randomStream(3, 0, 0, 0);
  // Away from the initial values, whose biases of 0 would hide what they do.
  const at = Float64Array.from(model.initialise(layout, 1), (value) => value + 0.1 * stream.normal());
  const parameters = compute.vector(layout.length);
  const gradient = compute.vector(layout.length);
  const losses = compute.vector(2);
  const rows = Uint32Array.of(5, 0, 3);
  const lossAt = (values: Float64Array) => {
    compute.uploadDouble(parameters, values);
    compute.uploadDouble(losses, new Float64Array(2));
    program.gradient(parameters, data, rows, gradient, losses, 0);
    return compute.readDouble(losses)[0] ?? Number.NaN;
  };
  lossAt(at);
  const exact = compute.readDouble(gradient);
  const norm = Math.hypot(...exact);
  const errors = exact.map((value, k) => {
    const moved = (by: number) => lossAt(at.with(k, (at[k] ?? 0) + by));
    return value - (moved(step) - moved(-step)) / (2 * step);
  });
  return { norm, error: Math.hypot(...errors) / norm };
}

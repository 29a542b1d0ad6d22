/**
 * Synthetic least squares with a known optimum: y = w* · x + noise, features standard normal.
 *
 * The optimum w* is drawn first, from the recipe's seed, standard normal too; without noise every worker's
 * own optimum is w* and the loss there is 0, with noise σ the expected loss of w* is σ²/2.
 */
import { numberOption, type Options } from '../base/options.ts';
import { PURPOSE, randomStream } from '../math/random.ts';
import type { DatasetEntry } from './dataset.ts';

/** w*, of the options' width. Rows are drawn from streams of their own. */
export function regressionOptimum(options: Options, seed: number): Float64Array {
  const stream = randomStream(seed, PURPOSE.data, 1, 0);
  return Float64Array.from({ length: numberOption(options, 'width') }, () => stream.normal());
}

export const regression: DatasetEntry = {
  id: 'regression',
  label: 'synthetic regression',
  description: 'Numbers made by a random linear map and noise, so that the best model is known.',
  options: {
    width: {
      kind: 'number',
      label: 'features',
      help: 'Features of a row.',
      default: 10,
      min: 1,
      max: 1000,
      integer: true,
    },
    noise: {
      kind: 'number',
      label: 'noise',
      help: 'Standard deviation of the noise on the number to predict.',
      default: 0.1,
      min: 0,
      max: 100,
    },
    rows: {
      kind: 'number',
      label: 'rows',
      help: 'Rows to draw; a fifth of them is held out for testing.',
      default: 1000,
      min: 20,
      max: 100_000,
      integer: true,
    },
  },
  shape: (options) => ({ width: numberOption(options, 'width'), classes: 0 }),
  testRows: (rows) => Math.floor(rows / 5),
  refuses(options) {
    const numbers = numberOption(options, 'rows') * numberOption(options, 'width');
    return numbers <= MOST_NUMBERS
      ? null
      : `Rows times features may be ${MOST_NUMBERS} at most, not ${numbers}; choose fewer of either.`;
  },
  async load(options, _fetchBytes, seed) {
    const rows = numberOption(options, 'rows');
    const width = numberOption(options, 'width');
    const noise = numberOption(options, 'noise');
    const optimum = regressionOptimum(options, seed);
    const features = new Float32Array(rows * width);
    const labels = Float32Array.from({ length: rows }, (_, row) => {
      const stream = randomStream(seed, PURPOSE.data, 2, row);
      const x = features.subarray(row * width, (row + 1) * width);
      // The features as they are stored make the target: it is exact for what models see.
      for (let i = 0; i < width; i++) x[i] = stream.normal();
      return x.reduce((sum, value, i) => sum + value * (optimum[i] ?? 0), noise * stream.normal());
    });
    return { rows, width, classes: 0, scale: 1, features, labels };
  },
};

/** Keeps a set within what a tab has room for. */
const MOST_NUMBERS = 4_000_000;

/**
 * Handwritten digits: 10,000 real samples of MNIST, 28 × 28 grey pixels each, as the `mnist` package
 * carries them. The lab serves them as one packed file that is made when it is built (digits-build.ts).
 */
import type { DatasetEntry } from './dataset.ts';
import { DataError, unpackDataset } from './packed-format.ts';

/** Where the lab serves the file, below its base address. */
export const DIGITS_PATH = 'data/digits.bin';

export const digits: DatasetEntry = {
  id: 'digits',
  label: 'digits',
  description: '10,000 handwritten digits of MNIST, 28 × 28 pixels: 8,000 to train on, 2,000 to test with.',
  options: {},
  serves: [DIGITS_PATH],
  shape: () => ({ width: 784, classes: 10, image: { height: 28, width: 28, channels: 1 } }),
  testRows: () => 2000,
  async load(_options, fetchBytes) {
    const data = await unpackDataset(await fetchBytes(DIGITS_PATH));
    if (data.width !== 784 || data.classes !== 10 || data.rows !== 10_000) {
      throw new DataError(
        `The digits file holds ${data.rows} rows of ${data.width} features in ${data.classes} classes ` +
          'instead of 10000 of 784 in 10; build the lab again.',
      );
    }
    return data;
  },
};

/**
 * Two-dimensional sets to look at: moons, circles, spirals and blobs, after the toy sets everybody knows
 * from scikit-learn and the TensorFlow Playground. Rows are drawn from the recipe's seed, the same bits
 * everywhere, within about ±1.5; every class has as many rows as another, give or take one.
 */
import { numberOption, type OptionSchema, type Options } from '../base/options.ts';
import { unitCircle } from '../math/portable.ts';
import { PURPOSE, type RandomStream, randomStream } from '../math/random.ts';
import type { DatasetEntry } from './dataset.ts';

/** A point of class `label` out of `classes`, before noise. */
type Draw = (stream: RandomStream, label: number, classes: number) => readonly [number, number];

const TEST_SHARE = 0.2;

function planar(
  words: { readonly id: string; readonly label: string; readonly description: string },
  noise: number,
  more: OptionSchema,
  draw: Draw,
): DatasetEntry {
  const classesOf = (options: Options) => ('classes' in more ? numberOption(options, 'classes') : 2);
  return {
    ...words,
    options: {
      ...more,
      noise: {
        kind: 'number',
        label: 'noise',
        help: 'Standard deviation of the noise added to both coordinates; classes lie within about ±1.',
        default: noise,
        min: 0,
        max: 1,
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
    shape: (options) => ({ width: 2, classes: classesOf(options) }),
    testRows: (rows) => Math.floor(rows * TEST_SHARE),
    async load(options, _fetchBytes, seed) {
      const rows = numberOption(options, 'rows');
      const spread = numberOption(options, 'noise');
      const classes = classesOf(options);
      const stream = randomStream(seed, PURPOSE.data, 0, 0);
      const features = new Float32Array(2 * rows);
      const labels = new Uint8Array(rows);
      for (let row = 0; row < rows; row++) {
        const label = row % classes;
        const [x, y] = draw(stream, label, classes);
        labels[row] = label;
        features[2 * row] = x + spread * stream.normal();
        features[2 * row + 1] = y + spread * stream.normal();
      }
      return { rows, width: 2, classes, scale: 1, features, labels };
    },
  };
}

function classesOption(of: string, most: number, standard: number): OptionSchema {
  return {
    classes: {
      kind: 'number',
      label: of,
      help: `How many ${of} there are, each a class of its own.`,
      default: standard,
      min: 2,
      max: most,
      integer: true,
    },
  };
}

export const moons = planar(
  { id: 'moons', label: 'two moons', description: 'Two interleaved half circles, one class each.' },
  0.1,
  {},
  (stream, label) => {
    const [x, y] = unitCircle(stream.uniform() / 2);
    return label === 0 ? [x - 0.5, y - 0.25] : [0.5 - x, 0.25 - y];
  },
);

export const circles = planar(
  { id: 'circles', label: 'two circles', description: 'A small circle inside a large one, one class each.' },
  0.08,
  {},
  (stream, label) => {
    const [x, y] = unitCircle(stream.uniform());
    const radius = label === 0 ? 1 : 0.5;
    return [radius * x, radius * y];
  },
);

/** Turns of each arm. */
const TURNS = 1.25;

export const spirals = planar(
  {
    id: 'spirals',
    label: 'spirals',
    description: 'Arms wound around each other, each a class: hard for small models.',
  },
  0.03,
  classesOption('arms', 8, 2),
  (stream, label, classes) => {
    const along = stream.uniform();
    const turn = (TURNS * along + label / classes) % 1;
    const [x, y] = unitCircle(turn);
    const radius = 0.1 + 0.9 * along;
    return [radius * x, radius * y];
  },
);

export const blobs = planar(
  {
    id: 'blobs',
    label: 'blobs',
    description: 'Round clouds around as many centres on a circle, each a class.',
  },
  0.25,
  classesOption('blobs', 16, 3),
  (_stream, label, classes) => unitCircle(label / classes),
);

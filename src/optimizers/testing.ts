/**
 * What the optimizer tests share: plain double-precision references, written number by number from the
 * papers' equations, and a run of an optimizer beside them. Not part of the lab.
 */
import type { Layout, Tensor } from '../base/layout.ts';
import { completeOptions, type Options } from '../base/options.ts';
import type { Compute, Vector } from '../compute/compute.ts';
import { randomStream } from '../math/random.ts';
import { LayerNorms } from './layer-norms.ts';
import { initialState, type OptimizerEntry } from './optimizer.ts';

function tensors(shapes: readonly (readonly number[])[]): Layout {
  const list: Tensor[] = [];
  let offset = 0;
  shapes.forEach((shape, place) => {
    const length = shape.reduce((product, size) => product * size, 1);
    list.push({ name: `t${place}`, shape, offset, length });
    offset += length;
  });
  return { tensors: list, length: offset };
}

/** Weights, biases, a filter, single numbers, and (second) a layer of weights that begins as zeros. */
export const LAYOUT = tensors([[7, 5], [3, 11], [7], [1], [4, 3, 3, 3], [4], [2, 1], [13, 29], [13]]);
const ZEROS = 1;

export function startingPoint(layout: Layout): Float32Array {
  const stream = randomStream(1, 0, 0, 0);
  const x = Float32Array.from({ length: layout.length }, () => 0.3 * stream.normal());
  const { offset, length } = layout.tensors[ZEROS] ?? { offset: 0, length: 0 };
  return x.fill(0, offset, offset + length);
}

/** Gradient of step t: tensors of very different scales, some numbers exactly zero. */
export function gradientOf(layout: Layout, t: number, worker = 0): Float32Array {
  const stream = randomStream(2, 0, worker, t);
  const g = new Float32Array(layout.length);
  layout.tensors.forEach(({ offset, length }, place) => {
    for (let k = offset; k < offset + length; k++) {
      g[k] = stream.integer(8) === 0 ? 0 : 10 ** (1 - place / 2) * stream.normal();
    }
  });
  return g;
}

/** Learning rate of step t. */
export const rateOf = (t: number) => 0.02 / (1 + t / 50);

/** ‖v_l‖ of every tensor. */
export function normsOf(layout: Layout, v: ArrayLike<number>): number[] {
  return layout.tensors.map(({ offset, length }) => {
    let sum = 0;
    for (let k = offset; k < offset + length; k++) sum += (v[k] ?? Number.NaN) ** 2;
    return Math.sqrt(sum);
  });
}

/** The average over two workers of the norms of their gradients: what CLARS is given. */
export function averageNorms(layout: Layout, t: number): number[] {
  const own = normsOf(layout, gradientOf(layout, t));
  const other = normsOf(layout, gradientOf(layout, t, 1));
  return own.map((norm, l) => (norm + (other[l] ?? Number.NaN)) / 2);
}

/** Parameters after `steps` steps, from the equations in double precision, one number at a time. */
export function reference(id: string, layout: Layout, options: Options, steps: number): Float64Array {
  const of = (name: string) => Number(options[name]);
  const x = Float64Array.from(startingPoint(layout));
  const m = new Float64Array(layout.length);
  const v = new Float64Array(layout.length);
  const decay = of('weightDecay');
  for (let t = 0; t < steps; t++) {
    const g = gradientOf(layout, t);
    const rate = rateOf(t);
    const xNorms = normsOf(layout, x);
    const gNorms = normsOf(layout, g);
    const average = averageNorms(layout, t);
    layout.tensors.forEach(({ offset, length, shape }, l) => {
      const lambda = shape.length > 1 ? decay : 0;
      const xNorm = xNorms[l] ?? Number.NaN;
      const gNorm = gNorms[l] ?? Number.NaN;
      const u = new Float64Array(length);
      for (let k = 0; k < length; k++) {
        const own = x[offset + k] ?? Number.NaN;
        const plain = g[offset + k] ?? Number.NaN;
        const coupled = plain + lambda * own;
        const meanOf = (value: number) => {
          const mean = of('beta1') * (m[offset + k] ?? Number.NaN) + (1 - of('beta1')) * value;
          const square = of('beta2') * (v[offset + k] ?? Number.NaN) + (1 - of('beta2')) * value ** 2;
          m[offset + k] = mean;
          v[offset + k] = square;
          const corrects = options.biasCorrection !== false;
          const c1 = corrects ? 1 - of('beta1') ** (t + 1) : 1;
          const c2 = corrects ? 1 - of('beta2') ** (t + 1) : 1;
          return mean / c1 / (Math.sqrt(square / c2) + of('epsilon'));
        };
        const pushed = () => {
          const mean = of('momentum') * (m[offset + k] ?? Number.NaN) + coupled;
          m[offset + k] = mean;
          return mean;
        };
        if (id === 'sgd') u[k] = coupled;
        else if (id === 'momentum') u[k] = pushed();
        else if (id === 'lars' || id === 'clars') u[k] = coupled;
        else if (id === 'nesterov') u[k] = coupled + of('momentum') * pushed();
        else if (id === 'adam') u[k] = meanOf(coupled);
        else u[k] = meanOf(plain) + lambda * own;
      }
      let factor = 1;
      if (id === 'lars' && shape.length > 1 && xNorm > 0 && gNorm + decay * xNorm > 0) {
        factor = (of('trust') * xNorm) / (gNorm + decay * xNorm);
      }
      if (id === 'clars' && shape.length > 1) {
        const layerNorm = average[l] ?? Number.NaN;
        factor = xNorm > 0 && layerNorm > 0 ? (of('trust') * xNorm) / layerNorm : 1;
        factor = Math.min(of('largest'), factor);
      }
      if (id === 'lamb') {
        const uNorm = Math.hypot(...u);
        factor = xNorm > 0 && uNorm > 0 ? xNorm / uNorm : 1;
        factor = Math.min(of('maxRatio'), Math.max(of('minRatio'), factor));
      }
      for (let k = 0; k < length; k++) {
        let moved = rate * factor * (u[k] ?? Number.NaN);
        if (id === 'lars' || id === 'clars') {
          moved += of('momentum') * (m[offset + k] ?? Number.NaN);
          m[offset + k] = moved;
        }
        x[offset + k] = (x[offset + k] ?? Number.NaN) - moved;
      }
    });
  }
  return x;
}

/** Vectors in pairs, as a worker keeps them: `next` gives the one that is not committed. */
export class Pairs {
  readonly #compute: Compute;
  readonly #length: number;
  readonly #pairs = new Map<string, readonly [Vector, Vector]>();

  constructor(compute: Compute, length: number) {
    this.#compute = compute;
    this.#length = length;
  }

  next(name: string, committed: Vector | number | undefined): Vector {
    let pair = this.#pairs.get(name);
    if (pair === undefined) {
      pair = [this.#compute.vector(this.#length), this.#compute.vector(this.#length)];
      this.#pairs.set(name, pair);
    }
    return pair[0] === committed ? pair[1] : pair[0];
  }
}

/**
 * The parameters after `steps` steps of the optimizer itself. Every step is taken twice, as a round that
 * was given up and repeated.
 */
export async function run(
  compute: Compute,
  entry: OptimizerEntry,
  layout: Layout,
  given: Options,
  steps: number,
): Promise<Vector> {
  const options = completeOptions(entry.id, entry.options, given);
  const optimizer = entry.create(compute, layout, options);
  const pairs = new Pairs(compute, layout.length);
  const norms = new LayerNorms(compute, layout, 1);
  const gradient = compute.vector(layout.length);
  let x = pairs.next('x', undefined);
  compute.upload(x, startingPoint(layout));
  let state = initialState(compute, optimizer, (name) => pairs.next(name, undefined));
  for (let t = 0; t < steps; t++) {
    const next = (name: string) => pairs.next(name, name === 'x' ? x : state[name]);
    let layerNorms: readonly number[] | undefined;
    if (entry.needsLayerNorms === true) {
      compute.upload(gradient, gradientOf(layout, t, 1));
      const [other] = await norms.of(gradient);
      compute.upload(gradient, gradientOf(layout, t));
      const [own] = await norms.of(gradient);
      layerNorms = own.map((norm, l) => (norm + (other[l] ?? Number.NaN)) / 2);
    }
    compute.upload(gradient, gradientOf(layout, t));
    await optimizer.step(next, state, x, gradient, rateOf(t), layerNorms);
    const step = await optimizer.step(next, state, x, gradient, rateOf(t), layerNorms);
    x = step.x;
    state = step.state;
  }
  optimizer.destroy();
  norms.destroy();
  compute.free(gradient);
  return x;
}

/** Largest difference, relative to the largest number of the reference; infinite for NaN. */
export function difference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let worst = 0;
  let size = 0;
  for (let k = 0; k < expected.length; k++) {
    const error = Math.abs((found[k] ?? Number.NaN) - (expected[k] ?? Number.NaN));
    if (Number.isNaN(error)) return Number.POSITIVE_INFINITY;
    worst = Math.max(worst, error);
    size = Math.max(size, Math.abs(expected[k] ?? 0));
  }
  return worst / size;
}

/** Settings to try an optimizer with: its own, and ones that reach every branch. */
export function settings({ options }: OptimizerEntry): readonly Options[] {
  const has = (name: string) => Object.hasOwn(options, name);
  return [
    {},
    {
      weightDecay: 0.1,
      ...(has('momentum') ? { momentum: 0.5 } : {}),
      ...(has('trust') ? { trust: 0.02 } : {}),
      ...(has('beta1') ? { beta1: 0.7, beta2: 0.95, epsilon: 0.01 } : {}),
      ...(has('minRatio') ? { minRatio: 0.2, maxRatio: 1.5, biasCorrection: false } : {}),
    },
  ];
}

/**
 * A whole classifier from a list of layers: its layout, its initial values, and its program, with softmax
 * cross-entropy at the end.
 */
import type { Compute } from '../../compute/compute.ts';
import { heUniform, packLayout, type Run, runOf, tensorOf } from '../layout.ts';
import type { Layout, Program } from '../model.ts';
import { crossEntropy, RowProgram } from '../row-program.ts';
import { type LayerMaker, type Shape, sizeOf } from './layer.ts';
import { stack } from './stack.ts';

/** Rows of one forward pass during evaluation; more saves few dispatches and costs memory. */
const EVALUATION_ROWS = 100;

/** With the shape of a row, which convolutions need and tensors do not tell. */
export interface SequentialLayout extends Layout {
  readonly input: Shape;
}

/** The tensors of all layers, back to back. @throws {RangeError} if a layer cannot work on what comes in. */
export function sequentialLayout(makers: readonly LayerMaker[], input: Shape): SequentialLayout {
  const { tensors } = stack(makers)(input);
  return { ...packLayout(tensors.map(({ name, shape }) => [name, shape])), input };
}

/** Weights by He's rule, gains 1, biases 0. */
export function initialiseLayers(layout: Layout, seed: number): Float32Array {
  const parameters = heUniform(layout, seed);
  for (const { name, offset, length } of layout.tensors) {
    if (name.endsWith('.gain')) parameters.fill(1, offset, offset + length);
  }
  return parameters;
}

/** @param layout of `sequentialLayout` with the same list. */
export function sequential(
  compute: Compute,
  layout: Layout,
  makers: readonly LayerMaker[],
  batch: number,
): Program {
  const input = inputOf(layout);
  const whole = stack(makers)(input);
  const outputs = sizeOf(whole.output);
  return new RowProgram(compute, layout, batch, {
    width: sizeOf(input),
    outputs,
    evaluationRows: EVALUATION_ROWS,
    loss: crossEntropy(compute, outputs),
    bind(given) {
      const offset = (tensor: string) => tensorOf(layout, tensor).offset;
      const site = { compute, ...given, wantsInputGradient: false, offset };
      const bound = whole.bindEach(site, { vector: given.features, rectified: false });
      const layers = bound.map((layer, at) => ({ ...layer, run: learnedRun(layout, whole.paths[at] ?? '') }));
      return { layers, output: bound.at(-1)?.output.vector ?? given.features };
    },
  });
}

/** null for a layer that learns nothing. */
function learnedRun(layout: Layout, path: string): Run | null {
  return layout.tensors.some(({ name }) => name.startsWith(path)) ? runOf(layout, path) : null;
}

function inputOf(layout: Layout): Shape {
  if ('input' in layout && Array.isArray(layout.input)) return layout.input;
  throw new RangeError(
    'A model of layers needs the layout that it made itself, which tells the shape of a row.',
  );
}

/**
 * The tensors of a GPT: their names, shapes, and what they begin with.
 *
 * Radford et al., "Language models are unsupervised multitask learners", 2019 (GPT-2), section 2.3:
 * weights and embeddings from a normal distribution of deviation 0.02 (as its code has it), those that
 * lead back into the residual stream scaled by 1 / √(number of residual layers), two a block; gains 1,
 * biases 0. The number of blocks, the context and so on can be read off a layout.
 */
import { OptionError } from '../base/options.ts';
import { PURPOSE, randomStream } from '../math/random.ts';
import { type NamedShape, packLayout, tensorOf } from './layout.ts';
import type { Layout } from './model.ts';

const DEVIATION = 0.02;

export interface GptSizes {
  readonly layers: number;
  readonly heads: number;
  /** Numbers of the residual stream a place. */
  readonly width: number;
  readonly context: number;
  readonly vocabulary: number;
  /** The head's weights are those of the token embedding. */
  readonly tied: boolean;
}

/** Why so many heads cannot share this width, in a sentence; null if they can. */
export function refusedWidth(width: number, heads: number): string | null {
  if (width % (4 * heads) === 0) return null;
  return `model.width: ${width} does not go with ${heads} heads; it must be a multiple of ${4 * heads}.`;
}

/** @throws {OptionError} unless the width is a multiple of 4 · heads. */
export function gptLayout(sizes: GptSizes): Layout {
  const { layers, heads, width, context, vocabulary, tied } = sizes;
  const refusal = refusedWidth(width, heads);
  if (refusal !== null) throw new OptionError(refusal);
  const norm = (path: string): NamedShape[] => [
    [`${path}.gain`, [width]],
    [`${path}.bias`, [width]],
  ];
  const map = (path: string, outputs: number, inputs: number): NamedShape[] => [
    [`${path}.weight`, [outputs, inputs]],
    [`${path}.bias`, [outputs]],
  ];
  const blocks = Array.from({ length: layers }, (_, at) => {
    const path = blockPath(at);
    return [
      ...norm(`${path}.norm1`),
      ...map(`${path}.attention`, 3 * width, width),
      ...map(`${path}.projection`, width, width),
      ...norm(`${path}.norm2`),
      ...map(`${path}.expansion`, 4 * width, width),
      ...map(`${path}.contraction`, width, 4 * width),
    ];
  });
  return packLayout([
    ['tokens.weight', [vocabulary, width]],
    ['positions.weight', [context, width]],
    ...blocks.flat(),
    ...norm('norm'),
    ...(tied ? [] : [['head.weight', [vocabulary, width]] as const]),
  ]);
}

export function blockPath(layer: number): string {
  return `blocks.${layer}`;
}

/** The sizes that a layout tells; how many heads share a width is not among them. */
export function gptSizes(layout: Layout, heads: number): GptSizes {
  const [vocabulary = 0, width = 0] = tensorOf(layout, 'tokens.weight').shape;
  const [context = 0] = tensorOf(layout, 'positions.weight').shape;
  const layers = layout.tensors.filter(({ name }) => name.endsWith('.norm1.gain')).length;
  const tied = !layout.tensors.some(({ name }) => name === 'head.weight');
  return { layers, heads, width, context, vocabulary, tied };
}

/** Each tensor has a random stream of its own, numbered by its place in the layout. */
export function initialiseGpt(layout: Layout, seed: number): Float32Array {
  const parameters = new Float32Array(layout.length);
  const { layers } = gptSizes(layout, 1);
  layout.tensors.forEach(({ name, shape, offset, length }, place) => {
    if (name.endsWith('.gain')) parameters.fill(1, offset, offset + length);
    if (shape.length < 2) return;
    const intoStream = /\.(projection|contraction)\.weight$/.test(name);
    const deviation = intoStream ? DEVIATION / Math.sqrt(2 * layers) : DEVIATION;
    const stream = randomStream(seed, PURPOSE.initialisation, 0, place);
    for (let k = offset; k < offset + length; k++) parameters[k] = stream.normal() * deviation;
  });
  return parameters;
}

/**
 * Weight decay: which tensors it touches, and the learning rates and decays that a step is given.
 *
 * Biases and the gains and shifts of normalisation layers have one axis and are left out, as is usual
 * (Goyal et al., arXiv 1706.02677, section 5.3; Jia et al., arXiv 1807.11205): to shrink them changes what
 * a layer can express without making it simpler.
 */
import type { Layout } from '../base/layout.ts';
import type { NumberOption } from '../base/options.ts';
import type { ChunkRates } from '../compute/optimization.ts';
import type { ChunkFactors } from '../compute/slices.ts';

/** The option of all optimizers, with a default of its own in each. */
export function weightDecayOption(byDefault: number): NumberOption {
  return {
    kind: 'number',
    default: byDefault,
    min: 0,
    max: 1,
    label: 'weight decay λ',
    help: 'Pulls weights towards zero by this share of themselves a step; biases and norms are left out.',
  };
}

/** Tensors with more than one axis: those that decay and that layer-wise rules weigh. */
export function hasMatrix({ shape }: { readonly shape: readonly number[] }): boolean {
  return shape.length > 1;
}

/** λ on tensors with more than one axis and 0 elsewhere, in as few chunks as possible; null for λ = 0. */
export function decayChunks(layout: Layout, decay: number): ChunkFactors | null {
  if (decay === 0) return null;
  const bounds: number[] = [0];
  const factors: number[] = [];
  for (const tensor of layout.tensors) {
    const factor = hasMatrix(tensor) ? decay : 0;
    if (factors.at(-1) === factor) bounds.pop();
    else factors.push(factor);
    bounds.push(tensor.offset + tensor.length);
  }
  return { bounds, factors };
}

/** Gives the rates of a step in which all numbers have one learning rate. */
export function uniformRates(layout: Layout, decay: number): (rate: number) => ChunkRates {
  const { bounds, factors } = decayChunks(layout, decay) ?? { bounds: [0, layout.length], factors: [0] };
  return (rate) => ({ bounds, rates: factors.map(() => rate), decays: factors });
}

/** Gives the rates of a step in which every tensor has a learning rate of its own. */
export function layerRates(layout: Layout, decay: number): (rates: readonly number[]) => ChunkRates {
  const bounds = [0, ...layout.tensors.map(({ offset, length }) => offset + length)];
  const decays = layout.tensors.map((tensor) => (hasMatrix(tensor) ? decay : 0));
  return (rates) => ({ bounds, rates, decays });
}

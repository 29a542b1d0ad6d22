/**
 * Weight decay: which tensors it touches, and how it is added.
 *
 * Biases and the gains and shifts of normalisation layers have one axis and are left out, as is usual
 * (Goyal et al., arXiv 1706.02677, section 5.3; Jia et al., arXiv 1807.11205): to shrink them changes what
 * a layer can express without making it simpler.
 */
import type { Layout } from '../base/layout.ts';
import type { NumberOption } from '../base/options.ts';
import type { Compute, Vector } from '../compute/compute.ts';
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

/** dest += weight · λ x, chunk by chunk. */
export function addDecay(
  compute: Compute,
  dest: Vector,
  x: Vector,
  chunks: ChunkFactors | null,
  weight: number,
): void {
  if (chunks === null) return;
  const factors = chunks.factors.map((factor) => weight * factor);
  compute.slices.addScaledChunks(dest, x, chunks.bounds, factors, 'add');
}

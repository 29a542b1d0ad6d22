/**
 * Gradient clipping by the global norm: g ← g · min(1, c / ‖g‖). Pascanu, Mikolov and Bengio, "On the
 * difficulty of training recurrent neural networks", ICML 2013, arXiv 1211.5063. On the device, without a
 * read-back; each worker clips its own gradient, before compression and momentum.
 */
import type { NumberOption } from '../base/options.ts';
import type { Compute, Vector } from '../compute/compute.ts';

/** The longest norm that a gradient may have; 0 for no limit. */
export const CLIP = {
  kind: 'number',
  default: 0,
  min: 1e-6,
  max: 1e6,
  zero: 'off',
  label: 'gradient clipping',
  help: 'The largest norm a gradient may have; longer ones are shortened to it. Off by default.',
} as const satisfies NumberOption;

/** Shortens the gradient to norm `most` where it is longer; 0 leaves it alone. */
export function clip(compute: Compute, gradient: Vector, most: number): void {
  if (most > 0) compute.optimization.scaleToNorm(gradient, gradient, most);
}

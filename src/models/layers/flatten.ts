/** A picture as one flat run of numbers, for dense layers. Nothing moves: pictures lie flat already. */
import { type LayerMaker, sizeOf } from './layer.ts';

export function flatten(): LayerMaker {
  return (input) => ({
    name: 'flatten',
    output: [sizeOf(input)],
    tensors: [],
    bind: (site, value) => ({
      output: value,
      forward: () => {},
      backward: (_parameters, _gradient, dOutput) => (site.wantsInputGradient ? dOutput : null),
    }),
  });
}

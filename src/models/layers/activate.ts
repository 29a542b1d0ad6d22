/** An activation that is a pass of its own, number by number: tanh or GELU. It learns nothing. */
import type { ActivationKind } from '../../compute/activation.ts';
import { type LayerMaker, sizeOf } from './layer.ts';

export function activate(kind: ActivationKind): LayerMaker {
  return (input) => {
    const size = sizeOf(input);
    return {
      name: 'activation',
      output: input,
      tensors: [],
      bind(site, value) {
        const { activation } = site.compute;
        const y = site.scratch(site.capacity * size);
        const dInput = site.wantsInputGradient ? site.scratch(site.batch * size) : null;
        return {
          output: { vector: y, rectified: false },
          forward: (_parameters, rows) => activation.apply(kind, rows * size, value.vector, y),
          backward(_parameters, _gradient, dOutput, rows) {
            if (dInput === null) return null;
            activation.gradient(kind, rows * size, value.vector, dOutput, dInput);
            return dInput;
          },
        };
      },
    };
  };
}

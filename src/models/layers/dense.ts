/** A fully connected layer, with its bias and ReLU: every output is a weighted sum of all inputs. */
import { type Activation, type LayerMaker, sizeOf, tensorIn } from './layer.ts';

export function dense(outputs: number, activation: Activation = 'none'): LayerMaker {
  return (input) => {
    const inputs = sizeOf(input);
    if (input.length !== 1)
      throw new RangeError('A dense layer works on flat values; flatten pictures first.');
    return {
      name: 'dense',
      output: [outputs],
      tensors: [
        { name: 'weight', shape: [outputs, inputs] },
        { name: 'bias', shape: [outputs] },
      ],
      bind(site, value) {
        const { compute } = site;
        const y = site.scratch(site.capacity * outputs);
        const dInput = site.wantsInputGradient ? site.scratch(site.batch * inputs) : null;
        // The operation takes its gradient through a ReLU: one that lets all through, if there is none.
        let mask = value.vector;
        if (dInput !== null && !value.rectified) {
          mask = site.scratch(site.batch * inputs);
          compute.upload(mask, new Float32Array(mask.length).fill(1));
        }
        return {
          output: { vector: y, rectified: activation === 'relu' },
          forward(parameters, batch) {
            const weight = tensorIn(site, parameters, 'weight');
            const bias = tensorIn(site, parameters, 'bias');
            compute.dense({ batch, inputs, outputs }, value.vector, weight, bias, y, activation);
          },
          backward(parameters, gradient, dOutput, batch) {
            const shape = { batch, inputs, outputs };
            const dWeight = tensorIn(site, gradient, 'weight');
            const dBias = tensorIn(site, gradient, 'bias');
            compute.denseWeightGradient(shape, value.vector, dOutput, dWeight, dBias);
            if (dInput === null) return null;
            compute.denseInputGradient(shape, dOutput, tensorIn(site, parameters, 'weight'), mask, dInput);
            return dInput;
          },
        };
      },
    };
  };
}

/** Models that are one affine map, y = W x + b, and a loss: linear and logistic regression. */
import type { Compute, Slice, Vector } from '../compute/compute.ts';
import { tensorOf } from './layout.ts';
import type { Layout, Program } from './model.ts';
import { type Loss, type ProgramLayer, RowProgram } from './row-program.ts';

/** Rows of one forward pass during evaluation. */
const EVALUATION_ROWS = 500;

/** @param layout with a tensor `weight` [outputs, width], and `bias` [outputs] unless b is 0. */
export function affineProgram(compute: Compute, layout: Layout, batch: number, loss: Loss): Program {
  const weight = tensorOf(layout, 'weight');
  const bias = layout.tensors.find(({ name }) => name === 'bias');
  const [outputs = 0, width = 0] = weight.shape;
  const weightIn = (vector: Vector): Slice => ({ vector, offset: weight.offset });
  return new RowProgram(compute, layout, batch, {
    width,
    outputs,
    evaluationRows: EVALUATION_ROWS,
    loss,
    bind({ features, capacity, scratch }) {
      const output = scratch(capacity * outputs);
      // Stand for a bias and its gradient where there is none; the first stays 0.
      const [noBias, unused] = [scratch(outputs), scratch(outputs)];
      const biasIn = (vector: Vector, instead: Vector): Slice =>
        bias === undefined ? { vector: instead, offset: 0 } : { vector, offset: bias.offset };
      const layer: ProgramLayer = {
        run: { begin: 0, end: layout.length },
        forward(parameters, rows) {
          const shape = { batch: rows, inputs: width, outputs };
          compute.dense(shape, features, weightIn(parameters), biasIn(parameters, noBias), output, 'none');
        },
        backward(_parameters, gradient, dOutput, rows) {
          const shape = { batch: rows, inputs: width, outputs };
          const dBias = biasIn(gradient, unused);
          compute.denseWeightGradient(shape, features, dOutput, weightIn(gradient), dBias);
          return null;
        },
      };
      return { layers: [layer], output };
    },
  });
}

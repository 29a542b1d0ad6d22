/**
 * Pooling: the maximum or the mean of windows side by side, in every channel by itself. It learns nothing.
 */
import { type PoolingShape, poolingSizes } from '../../compute/pooling.ts';
import { type LayerMaker, pictureOf, sizeOf } from './layer.ts';

/** Windows of `window` × `window`, so pictures become that much smaller; a rest at the edge is left out. */
export function pool2d(kind: PoolingShape['kind'], window: number): LayerMaker {
  return (input) => {
    const { channels, height, width } = pictureOf(input, 'pooling');
    const shapeOf = (rows: number): PoolingShape => {
      return { kind, planes: rows * channels, height, width, windowHeight: window, windowWidth: window };
    };
    const { outHeight, outWidth } = poolingSizes(shapeOf(1));
    const output = [channels, outHeight, outWidth];
    return {
      name: 'pool',
      output,
      tensors: [],
      bind(site, value) {
        const { pooling } = site.compute;
        const y = site.scratch(site.capacity * sizeOf(output));
        const dInput = site.wantsInputGradient ? site.scratch(site.batch * sizeOf(input)) : null;
        return {
          // What is pooled from a ReLU's output is 0 only where all of the window is.
          output: { vector: y, rectified: value.rectified },
          forward: (_parameters, rows) => pooling.forward(shapeOf(rows), value.vector, y),
          backward(_parameters, _gradient, dOutput, rows) {
            if (dInput === null) return null;
            pooling.gradient(shapeOf(rows), value.vector, dOutput, dInput, value.rectified);
            return dInput;
          },
        };
      },
    };
  };
}

/** A convolution over pictures, with its bias and ReLU: filters slide over all channels of the input. */
import { type ConvolutionShape, convolvedSize } from '../../compute/convolution.ts';
import { type Activation, type LayerMaker, pictureOf, sizeOf, tensorIn } from './layer.ts';

export interface Conv2dOptions {
  /** Channels of the output. */
  readonly filters: number;
  /** Height and width of a filter. */
  readonly kernel: number;
  /** Steps between places; 2 halves the picture. */
  readonly stride?: number;
  /** Zeros around the picture. */
  readonly padding?: number;
  /** Left out before a normalisation, which would take it away again. */
  readonly bias?: boolean;
  readonly activation?: Activation;
}

export function conv2d(options: Conv2dOptions): LayerMaker {
  const { filters, kernel, stride = 1, padding = 0, bias = true, activation = 'none' } = options;
  return (input) => {
    const picture = pictureOf(input, 'convolution');
    const geometry = { kernel, stride, padding };
    const height = convolvedSize(picture.height, geometry);
    const width = convolvedSize(picture.width, geometry);
    if (height < 1 || width < 1) {
      throw new RangeError(
        `Pictures of ${picture.height} × ${picture.width} are too small for ${kernel} × ${kernel} convolutions.`,
      );
    }
    const output = [filters, height, width];
    const weight = { name: 'weight', shape: [filters, picture.channels, kernel, kernel] };
    return {
      name: 'conv',
      output,
      tensors: bias ? [weight, { name: 'bias', shape: [filters] }] : [weight],
      bind(site, value) {
        const { convolution } = site.compute;
        const y = site.scratch(site.capacity * sizeOf(output));
        const dInput = site.wantsInputGradient ? site.scratch(site.batch * sizeOf(input)) : null;
        const shapeOf = (batch: number): ConvolutionShape => ({ batch, ...picture, filters, ...geometry });
        return {
          output: { vector: y, rectified: activation === 'relu' },
          forward(parameters, rows) {
            const w = tensorIn(site, parameters, 'weight');
            const b = bias ? tensorIn(site, parameters, 'bias') : null;
            convolution.forward(shapeOf(rows), value.vector, w, b, y, activation);
          },
          backward(parameters, gradient, dOutput, rows) {
            const shape = shapeOf(rows);
            const dWeight = tensorIn(site, gradient, 'weight');
            const dBias = bias ? tensorIn(site, gradient, 'bias') : null;
            convolution.weightGradient(shape, value.vector, dOutput, dWeight, dBias);
            if (dInput === null) return null;
            const rectified = value.rectified ? value.vector : null;
            const w = tensorIn(site, parameters, 'weight');
            convolution.inputGradient(shape, dOutput, w, rectified, dInput);
            return dInput;
          },
        };
      },
    };
  };
}

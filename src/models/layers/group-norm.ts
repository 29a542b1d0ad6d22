/**
 * Group normalisation (Wu and He 2018, arXiv 1803.08494), with its ReLU: every picture is normalised by
 * itself over `groups` runs of channels, then scaled and shifted by learned numbers of each channel.
 */
import { type GroupNormShape, groupNormStatistics } from '../../compute/normalisation.ts';
import { type Activation, type LayerMaker, pictureOf, sizeOf, tensorIn } from './layer.ts';

export function groupNorm(groups: number, activation: Activation = 'none'): LayerMaker {
  return (input) => {
    const { channels, height, width } = pictureOf(input, 'normalisation');
    const shapeOf = (batch: number): GroupNormShape => ({
      batch,
      channels,
      positions: height * width,
      groups,
    });
    groupNormStatistics(shapeOf(1));
    return {
      name: 'norm',
      output: input,
      tensors: [
        { name: 'gain', shape: [channels] },
        { name: 'bias', shape: [channels] },
      ],
      bind(site, value) {
        const { normalisation } = site.compute;
        const y = site.scratch(site.capacity * sizeOf(input));
        const statistics = site.scratch(groupNormStatistics(shapeOf(site.capacity)));
        const dInput = site.wantsInputGradient ? site.scratch(site.batch * sizeOf(input)) : null;
        return {
          output: { vector: y, rectified: activation === 'relu' },
          forward(parameters, rows) {
            const gain = tensorIn(site, parameters, 'gain');
            const bias = tensorIn(site, parameters, 'bias');
            normalisation.groupNorm(shapeOf(rows), value.vector, gain, bias, statistics, y, activation);
          },
          backward(parameters, gradient, dOutput, rows) {
            normalisation.groupNormGradient(
              shapeOf(rows),
              value.vector,
              tensorIn(site, parameters, 'gain'),
              statistics,
              dOutput,
              tensorIn(site, gradient, 'gain'),
              tensorIn(site, gradient, 'bias'),
              dInput,
              value.rectified,
            );
            return dInput;
          },
        };
      },
    };
  };
}

/**
 * A residual block (He et al. 2015, arXiv 1512.03385): ReLU(shortcut(x) + branch(x)).
 *
 * The shortcut hands x through as it is, unless layers are given for it, as they must be where the branch
 * changes the shape.
 */
import { type LayerMaker, sizeOf } from './layer.ts';
import { below, stack } from './stack.ts';

export function residual(branch: readonly LayerMaker[], shortcut: readonly LayerMaker[] = []): LayerMaker {
  return (input) => {
    const long = stack(branch)(input);
    const short = stack(shortcut)(input);
    const output = long.output;
    if (output.join() !== short.output.join()) {
      throw new RangeError(
        `The branch of a residual block makes ${output.join(' × ')}, its shortcut ${short.output.join(' × ')}; they must agree.`,
      );
    }
    const named = (path: string, { tensors }: typeof long) =>
      tensors.map((tensor) => ({ ...tensor, name: path + tensor.name }));
    return {
      name: 'block',
      output,
      tensors: [...named('branch.', long), ...named('shortcut.', short)],
      bind(site, value) {
        const { compute } = site;
        const y = site.scratch(site.capacity * sizeOf(output));
        const dInput = site.wantsInputGradient ? site.scratch(site.batch * sizeOf(input)) : null;
        const boundLong = long.bind(below(site, 'branch.', site.wantsInputGradient), value);
        const boundShort = short.bind(below(site, 'shortcut.', site.wantsInputGradient), value);
        if (boundLong.output.rectified || (shortcut.length > 0 && boundShort.output.rectified)) {
          throw new RangeError(
            'A path of a residual block must not end with a ReLU: the block adds its own.',
          );
        }
        return {
          output: { vector: y, rectified: true },
          forward(parameters, rows) {
            boundLong.forward(parameters, rows);
            boundShort.forward(parameters, rows);
            const [a, b] = [boundShort.output.vector, boundLong.output.vector];
            compute.residual.addRelu(rows * sizeOf(output), a, b, y);
          },
          backward(parameters, gradient, dOutput, rows) {
            // Both summands have the sum's gradient.
            const a = boundShort.backward(parameters, gradient, dOutput, rows);
            const b = boundLong.backward(parameters, gradient, dOutput, rows);
            if (dInput === null || a === null || b === null) return null;
            const rectified = value.rectified ? value.vector : null;
            compute.residual.addGradients(rows * sizeOf(input), a, b, rectified, dInput);
            return dInput;
          },
        };
      },
    };
  };
}

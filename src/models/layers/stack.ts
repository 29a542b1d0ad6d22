/**
 * Layers one after another, as one layer: the body of a model, or of a branch inside one.
 *
 * Tensors are named by the place and the kind of their layer: `0.conv.weight`, `1.norm.gain`.
 */
import type { BoundLayer, Layer, LayerMaker, Shape, Site, Value } from './layer.ts';

export function stack(makers: readonly LayerMaker[]): LayerMaker {
  return (input: Shape): Layer => {
    const layers: Layer[] = [];
    let shape = input;
    for (const make of makers) {
      const layer = make(shape);
      layers.push(layer);
      shape = layer.output;
    }
    const pathOf = (at: number) => `${at}.${layers[at]?.name ?? ''}.`;
    return {
      name: 'stack',
      output: shape,
      tensors: layers.flatMap(({ tensors }, at) =>
        tensors.map((tensor) => ({ ...tensor, name: pathOf(at) + tensor.name })),
      ),
      bind(site, value) {
        // Nobody asks for the gradient below the first layer that learns something.
        const first = layers.findIndex(({ tensors }) => tensors.length > 0);
        let current = value;
        const bound = layers.map((layer, at) => {
          const place = below(site, pathOf(at), site.wantsInputGradient || (first >= 0 && at > first));
          const here = layer.bind(place, current);
          current = here.output;
          return here;
        });
        return chain(bound, current);
      },
    };
  };
}

/** The site as seen by a layer of a container: names get a path. */
export function below(site: Site, path: string, wantsInputGradient: boolean): Site {
  return { ...site, wantsInputGradient, offset: (tensor) => site.offset(path + tensor) };
}

function chain(bound: readonly BoundLayer[], output: Value): BoundLayer {
  const backwards = bound.toReversed();
  return {
    output,
    forward(parameters, rows) {
      for (const layer of bound) layer.forward(parameters, rows);
    },
    backward(parameters, gradient, dOutput, rows) {
      let delta = dOutput;
      for (const layer of backwards) {
        const next = layer.backward(parameters, gradient, delta, rows);
        if (next === null) return null;
        delta = next;
      }
      return delta;
    },
  };
}

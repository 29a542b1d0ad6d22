/**
 * Layers one after another, as one layer: the body of a model, or of a branch inside one.
 *
 * Tensors are named by the place and the kind of their layer: `0.conv.weight`, `1.norm.gain`.
 */
import type { BoundLayer, Layer, LayerMaker, Shape, Site, Value } from './layer.ts';

/** A layer made of layers, which may also be bound and run one by one. */
export interface Stack extends Layer {
  /** Before the names of each layer's tensors. */
  readonly paths: readonly string[];
  bindEach(site: Site, value: Value): readonly BoundLayer[];
}

export function stack(makers: readonly LayerMaker[]): (input: Shape) => Stack {
  return (input) => {
    const layers: Layer[] = [];
    let shape = input;
    for (const make of makers) {
      const layer = make(shape);
      layers.push(layer);
      shape = layer.output;
    }
    const paths = layers.map(({ name }, at) => `${at}.${name}.`);
    const bindEach = (site: Site, value: Value) => {
      // Nobody asks for the gradient below the first layer that learns something.
      const first = layers.findIndex(({ tensors }) => tensors.length > 0);
      let current = value;
      return layers.map((layer, at) => {
        const wanted = site.wantsInputGradient || (first >= 0 && at > first);
        const bound = layer.bind(below(site, paths[at] ?? '', wanted), current);
        current = bound.output;
        return bound;
      });
    };
    return {
      name: 'stack',
      output: shape,
      paths,
      tensors: layers.flatMap(({ tensors }, at) =>
        tensors.map((tensor) => ({ ...tensor, name: paths[at] + tensor.name })),
      ),
      bindEach,
      bind: (site, value) => chain(bindEach(site, value), value),
    };
  };
}

/** The site as seen by a layer of a container: names get a path. */
export function below(site: Site, path: string, wantsInputGradient: boolean): Site {
  return { ...site, wantsInputGradient, offset: (tensor) => site.offset(path + tensor) };
}

/** `input` is the output where there is no layer. */
function chain(bound: readonly BoundLayer[], input: Value): BoundLayer {
  const backwards = bound.toReversed();
  return {
    output: bound.at(-1)?.output ?? input,
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

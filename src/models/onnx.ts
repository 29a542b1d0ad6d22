/**
 * A model as an ONNX file, for any runtime that knows the format: what comes in is a row as its file has
 * it (pixels from 0 to 255, cells of a table), and the training set's own preparation is part of the graph.
 *
 * Each feed-forward model of the lab is written down here once more, as ONNX operations. Tests run every
 * one of them in onnxruntime-web beside the lab's own `predict`.
 */
import type { Layout } from '../base/layout.ts';
import { choiceOption, numberOption, type Options } from '../base/options.ts';
import type { DataShape } from '../data/dataset.ts';
import type { Preparation } from '../data/preparation.ts';
import { ModelFileError } from './model-file.ts';
import { writeOnnx } from './onnx-format.ts';
import {
  convolution,
  dense,
  flatten,
  gelu,
  groupNorm,
  OnnxGraph,
  picture,
  pool,
  relu,
} from './onnx-graph.ts';

export interface OnnxSource {
  readonly model: { readonly id: string; readonly options: Options };
  readonly layout: Layout;
  readonly parameters: Float32Array;
  readonly data: DataShape;
  readonly preparation: Preparation;
  /** Text that goes with the file, as into a safetensors file. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What a graph is made for. */
interface Task {
  readonly graph: OnnxGraph;
  readonly options: Options;
  readonly data: DataShape;
}

/** From the name of the features, [rows, width], to that of the last layer's input, and its tensors' path. */
type Body = (task: Task, features: string) => readonly [x: string, path: string];

const BODIES: Readonly<Record<string, Body>> = {
  linear: (_task, features) => [features, ''],
  logistic: (_task, features) => [features, ''],

  mlp({ graph, options }, features) {
    const activate = ACTIVATIONS[String(options.activation ?? 'relu')];
    if (activate === undefined) throw new ModelFileError(`No ONNX is written for ${options.activation}.`);
    let x = features;
    let layer = 0;
    for (; graph.has(`layers.${layer + 1}.weight`); layer += 1) {
      x = activate(graph, dense(graph, `layers.${layer}.`, x));
    }
    return [x, `layers.${layer}.`];
  },

  lenet({ graph, options, data }, features) {
    const kind = choiceOption(options, 'pool') === 'average' ? 'average' : 'max';
    let x = picture(graph, features, sidesOf(data));
    let place = 0;
    for (; graph.has(`${place}.conv.weight`); place += 2) {
      x = pool(graph, kind, relu(graph, convolution(graph, `${place}.conv.`, x)), 2);
    }
    // The place after the last pooling is that of the flattening.
    x = relu(graph, dense(graph, `${place + 1}.dense.`, flatten(graph, x)));
    return [x, `${place + 2}.dense.`];
  },

  'resnet-mini'({ graph, options, data }, features) {
    const groups = numberOption(options, 'groups');
    let x = convolution(graph, '0.conv.', picture(graph, features, sidesOf(data)), 2, 1);
    x = relu(graph, groupNorm(graph, '1.norm.', x, groups));
    let place = 2;
    for (; graph.has(`${place}.block.branch.0.conv.weight`); place += 1) {
      x = block(graph, `${place}.block.`, x, groups, place === 2 ? 1 : 2);
    }
    return [flatten(graph, x), `${place + 1}.dense.`];
  },
};

const ACTIVATIONS: Readonly<Record<string, (graph: OnnxGraph, x: string) => string>> = {
  relu,
  tanh: (graph, x) => graph.add('Tanh', [x]),
  gelu,
};

/** ReLU(shortcut(x) + branch(x)). */
function block(graph: OnnxGraph, path: string, x: string, groups: number, stride: number): string {
  const branch = `${path}branch.`;
  let long = convolution(graph, `${branch}0.conv.`, x, stride, 1);
  long = relu(graph, groupNorm(graph, `${branch}1.norm.`, long, groups));
  long = convolution(graph, `${branch}2.conv.`, long, 1, 1);
  long = groupNorm(graph, `${branch}3.norm.`, long, groups);
  const short = `${path}shortcut.`;
  const bare = !graph.has(`${short}0.conv.weight`);
  const other = bare
    ? x
    : groupNorm(graph, `${short}1.norm.`, convolution(graph, `${short}0.conv.`, x, stride), groups);
  return relu(graph, graph.add('Add', [other, long]));
}

/** Channels, height and width: models of pictures take grey ones only, so rows lie as ONNX wants them. */
function sidesOf({ image, width }: DataShape): readonly number[] {
  const side = Math.sqrt(width);
  return [1, image?.height ?? side, image?.width ?? side];
}

/** Why no ONNX file can be made of a model, in a sentence; null if one can. */
export function refusesOnnx(model: string): string | null {
  return Object.hasOwn(BODIES, model)
    ? null
    : `ONNX files are made of models that take a row and give an answer; ${model} writes on and on. Download safetensors instead.`;
}

/** (raw - shift) · scale, where that does anything. */
function prepared(graph: OnnxGraph, input: string, { shift, scale }: Preparation): string {
  let x = input;
  if (shift !== null) x = graph.add('Sub', [x, graph.floats('shift', [1, shift.length], shift)]);
  if (typeof scale !== 'number') {
    return graph.add('Mul', [x, graph.floats('scale', [1, scale.length], scale)]);
  }
  return scale === 1 ? x : graph.add('Mul', [x, graph.floats('scale', [], Float32Array.of(scale))]);
}

/** @throws {ModelFileError} for a model of which none can be made. */
export function encodeOnnx(source: OnnxSource): Uint8Array<ArrayBuffer> {
  const { model, layout, parameters, data, preparation, metadata } = source;
  const body = BODIES[model.id];
  if (body === undefined) throw new ModelFileError(refusesOnnx(model.id) ?? '');
  const graph = new OnnxGraph(layout, parameters);
  const input = { name: 'input', width: data.width, about: preparation.about };
  const features = prepared(graph, input.name, preparation);
  const [x, path] = body({ graph, options: model.options, data }, features);
  const classifies = data.classes > 0;
  const last = dense(graph, path, x, classifies ? 'logits' : 'prediction');
  const outputs = [
    {
      name: last,
      width: Math.max(1, data.classes),
      about: classifies ? 'One number a class.' : 'The number.',
    },
  ];
  if (classifies) {
    const about = 'How sure the model is of each class; they add up to 1.';
    outputs.push({
      name: graph.add('Softmax', [last], { axis: 1 }, 'probabilities'),
      width: data.classes,
      about,
    });
  }
  return writeOnnx({
    name: model.id,
    about: 'A model trained in Murmuration.',
    nodes: graph.nodes,
    constants: graph.constants,
    inputs: [input],
    outputs,
    metadata: { ...metadata, input: preparation.about },
  });
}

/**
 * Layers as ONNX operations: each function takes the name of a value and gives the name of the next. They
 * are the lab's layers (layers/*.ts) over again, forward only, in the operations that every runtime knows;
 * tensors keep the names that they have in the layout.
 */
import type { Layout } from '../base/layout.ts';
import { GROUP_NORM_EPSILON } from '../compute/normalisation.ts';
import { tensorOf } from './layout.ts';
import type { Attribute, OnnxConstant, OnnxNode } from './onnx-format.ts';

/** A graph as it grows. */
export class OnnxGraph {
  readonly nodes: OnnxNode[] = [];
  readonly #constants = new Map<string, OnnxConstant>();
  readonly #layout: Layout;
  readonly #parameters: Float32Array;

  constructor(layout: Layout, parameters: Float32Array) {
    this.#layout = layout;
    this.#parameters = parameters;
  }

  get constants(): readonly OnnxConstant[] {
    return [...this.#constants.values()];
  }

  /** Adds an operation; gives the name of what comes out, which may be chosen. */
  add(
    operation: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    output = `${operation.toLowerCase()}_${this.nodes.length}`,
  ): string {
    this.nodes.push({ operation, inputs, output, attributes });
    return output;
  }

  floats(name: string, shape: readonly number[], data: Float32Array): string {
    this.#constants.set(name, { name, shape, data });
    return name;
  }

  wholes(name: string, values: readonly number[]): string {
    const data = BigInt64Array.from(values, (value) => BigInt(value));
    this.#constants.set(name, { name, shape: [values.length], data });
    return name;
  }

  /** Whether the layout has this tensor. */
  has(tensor: string): boolean {
    return this.#layout.tensors.some(({ name }) => name === tensor);
  }

  shapeOf(tensor: string): readonly number[] {
    return tensorOf(this.#layout, tensor).shape;
  }

  /** A tensor of the layout as a constant, in its own shape or another of as many numbers. */
  parameter(tensor: string, shape = this.shapeOf(tensor)): string {
    const { offset, length } = tensorOf(this.#layout, tensor);
    return this.floats(tensor, shape, this.#parameters.subarray(offset, offset + length));
  }
}

const number = (graph: OnnxGraph, value: number) =>
  graph.floats(`constant_${value}`, [], Float32Array.of(value));

/** x · weightᵀ + bias, with the tensors `path` + weight and bias; no bias if the layout has none. */
export function dense(graph: OnnxGraph, path: string, x: string, output?: string): string {
  const bias = graph.has(`${path}bias`) ? [graph.parameter(`${path}bias`)] : [];
  return graph.add('Gemm', [x, graph.parameter(`${path}weight`), ...bias], { transB: 1 }, output);
}

export const relu = (graph: OnnxGraph, x: string): string => graph.add('Relu', [x]);

/** x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))), as `compute/activation.ts` has it. */
export function gelu(graph: OnnxGraph, x: string): string {
  const times = (a: string, b: string) => graph.add('Mul', [a, b]);
  const plus = (a: string, b: string) => graph.add('Add', [a, b]);
  const cubic = times(times(times(x, x), x), number(graph, 0.044715));
  const inner = times(plus(x, cubic), number(graph, Math.sqrt(2 / Math.PI)));
  const gate = plus(graph.add('Tanh', [inner]), number(graph, 1));
  return times(times(x, number(graph, 0.5)), gate);
}

/** Flat rows as pictures of `channels` × height × width. */
export function picture(graph: OnnxGraph, x: string, shape: readonly number[]): string {
  return graph.add('Reshape', [x, graph.wholes('picture', [-1, ...shape])]);
}

export const flatten = (graph: OnnxGraph, x: string): string => graph.add('Flatten', [x], { axis: 1 });

export function convolution(graph: OnnxGraph, path: string, x: string, stride = 1, padding = 0): string {
  const [, , height = 1, width = 1] = graph.shapeOf(`${path}weight`);
  const bias = graph.has(`${path}bias`) ? [graph.parameter(`${path}bias`)] : [];
  return graph.add('Conv', [x, graph.parameter(`${path}weight`), ...bias], {
    kernel_shape: [height, width],
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
  });
}

/** Windows side by side; a rest at the edge is left out. */
export function pool(graph: OnnxGraph, kind: 'max' | 'average', x: string, window: number): string {
  const operation = kind === 'max' ? 'MaxPool' : 'AveragePool';
  return graph.add(operation, [x], { kernel_shape: [window, window], strides: [window, window] });
}

/**
 * Group normalisation out of instance normalisation, as PyTorch exports it too: an operation of its own
 * came with operator set 21 only. The groups take the place of the channels for a moment.
 */
export function groupNorm(graph: OnnxGraph, path: string, x: string, groups: number): string {
  const [channels = 1] = graph.shapeOf(`${path}gain`);
  const shape = graph.add('Shape', [x]);
  const grouped = graph.add('Reshape', [x, graph.wholes(`groups_${groups}`, [0, groups, -1])]);
  const ones = graph.floats(`ones_${groups}`, [groups], new Float32Array(groups).fill(1));
  const zeros = graph.floats(`zeros_${groups}`, [groups], new Float32Array(groups));
  const normal = graph.add('InstanceNormalization', [grouped, ones, zeros], {
    epsilon: { float: GROUP_NORM_EPSILON },
  });
  const back = graph.add('Reshape', [normal, shape]);
  const scaled = graph.add('Mul', [back, graph.parameter(`${path}gain`, [channels, 1, 1])]);
  return graph.add('Add', [scaled, graph.parameter(`${path}bias`, [channels, 1, 1])]);
}

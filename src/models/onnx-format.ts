/**
 * ONNX files as bytes: a graph of named operations over named tensors, in protocol buffers. Only what a
 * feed-forward model needs is written, all of it 32-bit floats but for the sizes of a reshape.
 *
 * Field numbers are those of `onnx.proto` (github.com/onnx/onnx), IR version 8, which every runtime reads
 * that knows operator set 17 (ONNX 1.12, 2022).
 */
import { PbfWriter } from 'pbf';

/** The version of the file format, and of the operations' meaning. */
export const IR_VERSION = 8;
export const OPERATOR_SET = 17;

const FLOAT = 1;
const INT64 = 7;
/** Kinds of attributes. */
const [ATTRIBUTE_FLOAT, ATTRIBUTE_INT, ATTRIBUTE_INTS] = [1, 2, 7];

/** A whole number, whole numbers (none of them negative), or a float. */
export type Attribute = number | readonly number[] | { readonly float: number };

export interface OnnxNode {
  readonly operation: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A tensor that is part of the file. */
export interface OnnxConstant {
  readonly name: string;
  readonly shape: readonly number[];
  /** Floats, or whole numbers of 64 bits. */
  readonly data: Float32Array | BigInt64Array;
}

/** A tensor that comes in or goes out: [rows, width] floats, any number of rows. */
export interface OnnxValue {
  readonly name: string;
  readonly width: number;
  /** What it is, for people. */
  readonly about: string;
}

export interface OnnxFile {
  readonly name: string;
  readonly about: string;
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxConstant[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** The numbers as the format has them: little-endian, whatever this machine is. */
function rawBytes(data: Float32Array | BigInt64Array): Uint8Array {
  const bytes = new Uint8Array(data.byteLength);
  const view = new DataView(bytes.buffer);
  data.forEach((value, at) => {
    if (typeof value === 'bigint') view.setBigInt64(8 * at, value, true);
    else view.setFloat32(4 * at, value, true);
  });
  return bytes;
}

function writeAttribute([name, value]: readonly [string, Attribute], pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  if (typeof value === 'number') {
    pbf.writeVarintField(3, value);
    pbf.writeVarintField(20, ATTRIBUTE_INT);
  } else if ('float' in value) {
    pbf.writeFloatField(2, value.float);
    pbf.writeVarintField(20, ATTRIBUTE_FLOAT);
  } else {
    for (const each of value) pbf.writeVarintField(8, each);
    pbf.writeVarintField(20, ATTRIBUTE_INTS);
  }
}

function writeNode({ operation, inputs, output, attributes }: OnnxNode, pbf: PbfWriter): void {
  for (const input of inputs) pbf.writeStringField(1, input);
  pbf.writeStringField(2, output);
  pbf.writeStringField(3, output);
  pbf.writeStringField(4, operation);
  for (const attribute of Object.entries(attributes)) pbf.writeMessage(5, writeAttribute, attribute);
}

function writeConstant({ name, shape, data }: OnnxConstant, pbf: PbfWriter): void {
  for (const size of shape) pbf.writeVarintField(1, size);
  pbf.writeVarintField(2, data instanceof Float32Array ? FLOAT : INT64);
  pbf.writeStringField(8, name);
  pbf.writeBytesField(9, rawBytes(data));
}

function writeValue({ name, width, about }: OnnxValue, pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  pbf.writeMessage(2, writeType, width);
  pbf.writeStringField(3, about);
}

function writeType(width: number, pbf: PbfWriter): void {
  pbf.writeMessage(1, writeTensorType, width);
}

function writeTensorType(width: number, pbf: PbfWriter): void {
  pbf.writeVarintField(1, FLOAT);
  pbf.writeMessage(2, writeShape, width);
}

/** The number of rows has a name instead of a size: it is whoever runs the model who knows it. */
function writeShape(width: number, pbf: PbfWriter): void {
  pbf.writeMessage(1, (name, dimension) => dimension.writeStringField(2, name), 'rows');
  pbf.writeMessage(1, (size, dimension) => dimension.writeVarintField(1, size), width);
}

function writeGraph({ name, about, ...graph }: OnnxFile, pbf: PbfWriter): void {
  for (const node of graph.nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeStringField(2, name);
  for (const constant of graph.constants) pbf.writeMessage(5, writeConstant, constant);
  pbf.writeStringField(10, about);
  for (const input of graph.inputs) pbf.writeMessage(11, writeValue, input);
  for (const output of graph.outputs) pbf.writeMessage(12, writeValue, output);
}

function writePair([key, value]: readonly [string, string], pbf: PbfWriter): void {
  pbf.writeStringField(1, key);
  pbf.writeStringField(2, value);
}

/** The same file gives the same bytes. */
export function writeOnnx(file: OnnxFile): Uint8Array<ArrayBuffer> {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, IR_VERSION);
  pbf.writeStringField(2, 'murmuration');
  pbf.writeMessage(7, writeGraph, file);
  pbf.writeMessage(8, (version, set) => set.writeVarintField(2, version), OPERATOR_SET);
  for (const pair of Object.entries(file.metadata)) pbf.writeMessage(14, writePair, pair);
  return new Uint8Array(pbf.finish());
}

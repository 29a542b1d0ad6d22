/** What the parts of the compressors' contract suite work with: codecs, and vectors in and out. For tests only. */
import { expect } from 'vitest';
import type { Options } from '../base/options.ts';
import type { Compute, Vector } from '../compute/compute.ts';
import type { Layout } from '../models/model.ts';
import type { Codec, CompressorClass, CompressorEntry, MessageKey } from './compressor.ts';
import type { Expectation } from './expectations/expectation.ts';
import { difference, fewerSamples, KEY, samples } from './testing.ts';

export interface Subject {
  readonly layout: Layout;
  readonly sender: Codec;
  readonly receiver: Codec;
}

export class Rig {
  readonly entry: CompressorEntry;
  readonly options: Options;
  readonly expectation: Expectation;
  /** One for every layout; there once the tests run. */
  readonly subjects: readonly Subject[];
  readonly #compute: () => Compute;

  constructor(
    entry: CompressorEntry,
    options: Options,
    expectation: Expectation,
    subjects: readonly Subject[],
    compute: () => Compute,
  ) {
    this.entry = entry;
    this.options = options;
    this.expectation = expectation;
    this.subjects = subjects;
    this.#compute = compute;
  }

  get compute(): Compute {
    return this.#compute();
  }

  get class(): CompressorClass {
    return this.entry.classOf?.(this.options) ?? this.entry.class;
  }

  /** Vectors to compress, by name. */
  samples(length: number): ReadonlyMap<string, Float32Array> {
    return this.compute.backend === 'cpu' ? samples(length) : fewerSamples(length);
  }

  load(values: Float32Array): Vector {
    const vector = this.compute.vector(values.length);
    this.compute.upload(vector, values);
    return vector;
  }

  /** The message of these values, which the codec must leave as they are. */
  async encode(codec: Codec, values: Float32Array, key: MessageKey = KEY): Promise<Uint8Array> {
    const source = this.load(values);
    const bytes = await codec.encode(source, key);
    expect(difference(await this.compute.read(source), values)).toBeNull();
    this.compute.free(source);
    return bytes;
  }

  /** What a valid message decodes to, whatever the destination held. */
  async decode(codec: Codec, bytes: Uint8Array, length: number, weight = 1): Promise<Float32Array> {
    const dest = this.load(new Float32Array(length).fill(77));
    expect(codec.decode(bytes, dest, weight, 'set')).toEqual({ ok: true });
    const values = await this.compute.read(dest);
    this.compute.free(dest);
    return values;
  }

  /** C(values). */
  async compressed(codec: Codec, values: Float32Array, key: MessageKey = KEY): Promise<Float32Array> {
    return this.decode(codec, await this.encode(codec, values, key), values.length);
  }
}

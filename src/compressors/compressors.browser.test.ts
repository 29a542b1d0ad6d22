/**
 * The contract suite over every compressor on WebGPU, and across backends: what one encodes, the other
 * decodes to the same bits.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completeOptions } from '../base/options.ts';
import type { Compute } from '../compute/compute.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { createWebGpuCompute } from '../compute/webgpu/index.ts';
import type { Codec } from './compressor.ts';
import { describeCompressor } from './contract.ts';
import { expectationOf } from './expectations/index.ts';
import { COMPRESSORS } from './index.ts';
import { byteDifference, difference, FEWER_LAYOUTS, fewerSamples, KEY } from './testing.ts';

/** One device for the whole file: compiling the kernels takes longer than most tests. */
const device = createWebGpuCompute();
afterAll(async () => (await device).destroy());

for (const entry of COMPRESSORS) describeCompressor(entry, () => device, 'what a device may change');

describe.each(COMPRESSORS)('$id across backends', (entry) => {
  const cpu = createCpuCompute();
  let gpu: Compute;
  beforeAll(async () => {
    gpu = await device;
  });

  const expectation = expectationOf(entry.id);
  const variants = [{}, ...expectation.variants];

  it.each(variants)("decodes the other backend's bytes to the same bits: %j", async (given) => {
    const options = completeOptions(entry.id, entry.options, given);
    const agreement = expectation.agreement?.(options) ?? 'identical';
    for (const layout of FEWER_LAYOUTS) {
      const samples = [...fewerSamples(layout.length)];
      const [mine, theirs] = [cpu, gpu].map((compute) => {
        const codec = entry.create(compute, layout, options);
        return new Side(compute, codec, layout.length);
      });
      if (mine === undefined || theirs === undefined) throw new Error('There are two sides.');
      // All at once: what a device is asked is cheap, waiting for its answers is not.
      const messages = await Promise.all(
        samples.map(([, values]) => Promise.all([mine.encoded(values), theirs.encoded(values)])),
      );
      await Promise.all(
        samples.map(async ([name, values], at) => {
          const meant: Float32Array[] = [];
          for (const bytes of messages[at] ?? []) {
            const [ours, others] = await Promise.all([
              mine.decoded(bytes, values),
              theirs.decoded(bytes, values),
            ]);
            expect(difference(others.set, ours.set), name).toBeNull();
            expect(difference(others.added, ours.added), name).toBeNull();
            meant.push(ours.set);
          }
          const [cpuBytes = new Uint8Array(), gpuBytes = new Uint8Array()] = messages[at] ?? [];
          if (agreement === 'identical') expect(byteDifference(gpuBytes, cpuBytes), name).toBeNull();
          else expect(apart(meant, values), `${name}, ${layout.length}`).toBeLessThanOrEqual(agreement);
        }),
      );
      for (const { codec } of [mine, theirs]) codec.destroy();
    }
  });
});

/** A codec on one of the backends, and vectors in and out of it. */
class Side {
  readonly codec: Codec;
  readonly #compute: Compute;
  readonly #length: number;

  constructor(compute: Compute, codec: Codec, length: number) {
    this.#compute = compute;
    this.codec = codec;
    this.#length = length;
  }

  async encoded(values: Float32Array): Promise<Uint8Array> {
    const source = this.#compute.vector(this.#length);
    this.#compute.upload(source, values);
    const bytes = await this.codec.encode(source, KEY);
    this.#compute.free(source);
    return bytes;
  }

  /** What the message sets, and what it makes of `values` when it is added to them. */
  async decoded(bytes: Uint8Array, values: Float32Array) {
    const [set, sum] = [this.#compute.vector(this.#length), this.#compute.vector(this.#length)];
    this.#compute.upload(sum, values);
    expect(this.codec.decode(bytes, set, 1, 'set')).toEqual({ ok: true });
    expect(this.codec.decode(bytes, sum, 1, 'add')).toEqual({ ok: true });
    const [decoded, added] = await Promise.all([this.#compute.read(set), this.#compute.read(sum)]);
    this.#compute.free(set, sum);
    return { set: decoded, added };
  }
}

/** Share of coordinates where two results differ by more than f32 sums of their vector may. */
function apart([a, b]: readonly Float32Array[], source: Float32Array): number {
  const tolerance = 1e-5 * source.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const places = a?.filter((value, k) => Math.abs(value - (b?.[k] ?? Number.NaN)) > tolerance) ?? source;
  return places.length / source.length;
}

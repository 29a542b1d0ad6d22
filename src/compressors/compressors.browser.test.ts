/**
 * The contract suite over every compressor on WebGPU, and across backends: what one encodes, the other
 * decodes to the same bits.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completeOptions } from '../base/options.ts';
import type { Compute } from '../compute/compute.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { createWebGpuCompute } from '../compute/webgpu/index.ts';
import { describeCompressor } from './contract.ts';
import { expectationOf } from './expectations/index.ts';
import { COMPRESSORS } from './index.ts';
import { byteDifference, difference, FEWER_LAYOUTS, fewerSamples, KEY } from './testing.ts';

/** One device for the whole file: compiling the kernels takes longer than most tests. */
const device = createWebGpuCompute();
afterAll(async () => (await device).destroy());

for (const entry of COMPRESSORS) describeCompressor(entry, () => device);

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
      const sides = [cpu, gpu].map((compute) => ({ compute, codec: entry.create(compute, layout, options) }));
      for (const [name, values] of fewerSamples(layout.length)) {
        const encoded: Uint8Array[] = [];
        const meant: Float32Array[] = [];
        for (const sender of sides) {
          const source = sender.compute.vector(layout.length);
          sender.compute.upload(source, values);
          const bytes = await sender.codec.encode(source, KEY);
          sender.compute.free(source);
          const decoded: Float32Array[] = [];
          for (const { compute, codec } of sides) {
            const [set, added] = [compute.vector(layout.length), compute.vector(layout.length)];
            compute.upload(added, values);
            expect(codec.decode(bytes, set, 1, 'set')).toEqual({ ok: true });
            expect(codec.decode(bytes, added, 1, 'add')).toEqual({ ok: true });
            decoded.push(await compute.read(set), await compute.read(added));
            compute.free(set, added);
          }
          const [cpuSet, cpuAdded, gpuSet, gpuAdded] = decoded;
          if (!cpuSet || !cpuAdded || !gpuSet || !gpuAdded) throw new Error('two backends, two modes');
          expect(difference(gpuSet, cpuSet), name).toBeNull();
          expect(difference(gpuAdded, cpuAdded), name).toBeNull();
          encoded.push(bytes);
          meant.push(cpuSet);
        }
        const [mine = new Uint8Array(), theirs = new Uint8Array()] = encoded;
        if (agreement === 'identical') expect(byteDifference(theirs, mine), name).toBeNull();
        else expect(apart(meant, values), `${name}, ${layout.length}`).toBeLessThanOrEqual(agreement);
      }
      for (const { codec } of sides) codec.destroy();
    }
  });
});

/** Share of coordinates where two results differ by more than f32 sums of their vector may. */
function apart([a, b]: readonly Float32Array[], source: Float32Array): number {
  const tolerance = 1e-5 * source.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const places = a?.filter((value, k) => Math.abs(value - (b?.[k] ?? Number.NaN)) > tolerance) ?? source;
  return places.length / source.length;
}

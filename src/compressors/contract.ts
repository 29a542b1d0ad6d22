/**
 * The contract suite of compressors: what must hold for every entry, on either backend.
 *
 * It is a function, so that the same tests run in Node over the TypeScript backend and in a browser over
 * WebGPU; there with default options and without statistics, since another suite holds every variant's bytes
 * and numbers on WebGPU against those of the TypeScript backend. The properties are those that algorithms lean on: a message means the same to sender and
 * receiver to the last bit, its size is known in advance, the error is what its class promises, and no
 * bytes whatever do harm. What is known of an entry by name stands in `expectations/`; a new compressor
 * needs its file and line, an expectation and its line, and nothing here. For tests only.
 */
import { afterAll, beforeAll, describe } from 'vitest';
import { completeOptions } from '../base/options.ts';
import type { Compute } from '../compute/compute.ts';
import type { CompressorEntry } from './compressor.ts';
import { itBearsHostileBytes } from './contract-decoding.ts';
import { itKeepsItsClass } from './contract-error.ts';
import { itIsAFormat } from './contract-format.ts';
import { Rig, type Subject } from './contract-rig.ts';
import { expectationOf } from './expectations/index.ts';
import { FEWER_LAYOUTS, LAYOUTS } from './testing.ts';

/** Runs the suite over one entry, on a Compute that may be shared: what it allocates it frees again. */
export function describeCompressor(
  entry: CompressorEntry,
  makeCompute: () => Compute | Promise<Compute>,
  scope: 'everything' | 'what a device may change' = 'everything',
): void {
  const expectation = expectationOf(entry.id);
  const variants = scope === 'everything' ? expectation.variants : [];
  const cases = [{}, ...variants].map((given) => ({
    name: JSON.stringify(given),
    options: completeOptions(entry.id, entry.options, given),
  }));

  describe.each(cases)(`${entry.id} $name`, ({ options }) => {
    let compute: Compute | null = null;
    const subjects: Subject[] = [];

    beforeAll(async () => {
      compute = await makeCompute();
      for (const layout of compute.backend === 'cpu' ? LAYOUTS : FEWER_LAYOUTS) {
        const sender = entry.create(compute, layout, options);
        const receiver = entry.create(compute, layout, options);
        subjects.push({ layout, sender, receiver });
      }
    });
    afterAll(() => {
      for (const { sender, receiver } of subjects) {
        sender.destroy();
        receiver.destroy();
      }
    });

    const rig = new Rig(entry, options, expectation, subjects, () => {
      if (compute === null) throw new Error('The Compute is made before the first test.');
      return compute;
    });
    itIsAFormat(rig);
    if (scope === 'everything') itKeepsItsClass(rig);
    itBearsHostileBytes(rig);
  });
}

/** The JavaScript we compare with does the same work: the same messages as our own compressors. */
import { expect, it } from 'vitest';
import { completeOptions } from '../../../src/base/options.ts';
import type { CompressorEntry } from '../../../src/compressors/compressor.ts';
import { oneBit } from '../../../src/compressors/one-bit.ts';
import { topK } from '../../../src/compressors/top-k.ts';
import { wordsOfBytes } from '../../../src/compressors/wire.ts';
import { createTypeScriptCompute } from '../../../src/compute/cpu/index.ts';
import { randomStream } from '../../../src/math/random.ts';
import { packLayout } from '../../../src/models/layout.ts';
import { oneBitInScript, topKInScript } from './compress-in-script.ts';

const stream = randomStream(1, 0, 0, 0);
const NORMAL = Float32Array.from({ length: 10_007 }, () => stream.normal());
const TIED = NORMAL.map((value) => Math.round(value));

async function ours(entry: CompressorEntry, values: Float32Array): Promise<Uint32Array> {
  const compute = createTypeScriptCompute();
  const source = compute.vector(values.length);
  compute.upload(source, values);
  const options = completeOptions(entry.id, entry.options);
  const codec = entry.create(compute, packLayout([['a', [values.length]]]), options);
  return wordsOfBytes(await codec.encode(source, { seed: 1, round: 0, seat: 0, tag: 0 }));
}

it.each([
  ['normal', NORMAL],
  ['tied', TIED.map((value) => value + 0)],
])('makes our messages: %s', async (_, values) => {
  expect(oneBitInScript(values, 4096)).toEqual(await ours(oneBit, values));
  expect(topKInScript(values, 100)).toEqual(await ours(topK, values));
});

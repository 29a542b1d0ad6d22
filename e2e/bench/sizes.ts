/** How much smaller a message gets: real messages, encoded, with the frames that carry them. */
import { completeOptions } from '../../src/base/options.ts';
import { COMPRESSORS } from '../../src/compressors/index.ts';
import { createCpuCompute } from '../../src/compute/cpu/index.ts';
import { mlp } from '../../src/models/mlp.ts';
import { algorithmMessageBytes } from '../../src/protocol/codec.ts';
import { type Row, row } from './rows.ts';

/** Sizes do not depend on it. */
const KEY = { seed: 1, round: 0, seat: 0, tag: 0 };

export async function benchSizes(): Promise<readonly Row[]> {
  const compute = createCpuCompute();
  const layout = mlp.layout(completeOptions('model', mlp.options), { width: 784, classes: 10 });
  const source = compute.vector(layout.length);
  compute.upload(source, mlp.initialise(layout, 1));
  const sizes: { id: string; bytes: number }[] = [];
  for (const { id, options, create } of COMPRESSORS) {
    const codec = create(compute, layout, completeOptions(id, options));
    sizes.push({ id, bytes: algorithmMessageBytes((await codec.encode(source, KEY)).length) });
    codec.destroy();
  }
  const whole = sizes.find(({ id }) => id === 'none')?.bytes;
  const peer = whole === undefined ? null : { name: 'none', value: whole };
  return sizes.map(({ id, bytes }) => row('message', `MLP 784-128-10, ${id}`, 'B', 'any', bytes, peer));
}

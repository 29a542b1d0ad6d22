/** The registry of compressors, and the contract suite over each entry on the TypeScript backend. */
import { describe, expect, it } from 'vitest';
import { completeOptions } from '../base/options.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { packLayout } from '../models/layout.ts';
import { describeCompressor } from './contract.ts';
import { COMPRESSORS } from './index.ts';

describe('registry', () => {
  it('has unique ids and wire numbers from 1 to 255', () => {
    const wires = COMPRESSORS.map(({ wire }) => wire);
    expect(new Set(wires).size).toBe(wires.length);
    expect(wires.every((wire) => Number.isInteger(wire) && wire >= 1 && wire <= 255)).toBe(true);
    expect(new Set(COMPRESSORS.map(({ id }) => id)).size).toBe(COMPRESSORS.length);
  });

  it('sends an MLP 784-128-10 in 407,080, 12,824 and 8,136 bytes by default', () => {
    const layout = packLayout([
      ['layers.0.weight', [128, 784]],
      ['layers.0.bias', [128]],
      ['layers.1.weight', [10, 128]],
      ['layers.1.bias', [10]],
    ]);
    const sizes = COMPRESSORS.map((entry) => [
      entry.id,
      entry.wire,
      entry.bytes(layout, completeOptions('compressor', entry.options)),
    ]);
    expect(sizes).toEqual([
      ['none', 1, 407_080],
      ['one-bit', 2, 4 * 25 + 4 * 3181],
      ['top-k', 3, 8 * 1017],
    ]);
  });
});

for (const entry of COMPRESSORS) describeCompressor(entry, createCpuCompute);

/** The registry of compressors, and the contract suite over each entry on the TypeScript backend. */
import { describe, expect, it } from 'vitest';
import { completeOptions } from '../base/options.ts';
import { findEntry } from '../base/registry.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { packLayout } from '../models/layout.ts';
import { describeCompressor } from './contract.ts';
import { expectationOf } from './expectations/index.ts';
import { COMPRESSORS } from './index.ts';

describe('registry', () => {
  it('has unique ids and wire numbers from 1 to 255', () => {
    const wires = COMPRESSORS.map(({ wire }) => wire);
    expect(new Set(wires).size).toBe(wires.length);
    expect(wires.every((wire) => Number.isInteger(wire) && wire >= 1 && wire <= 255)).toBe(true);
    expect(new Set(COMPRESSORS.map(({ id }) => id)).size).toBe(COMPRESSORS.length);
  });

  it('keeps the wire numbers that are written down', () => {
    for (const { id, wire } of COMPRESSORS) expect([id, wire]).toEqual([id, expectationOf(id).wire]);
  });

  it.each([
    ['none', 407_080],
    ['one-bit', 4 * 25 + 4 * 3181],
    ['fp16', 203_540],
    ['one-bit-columns', 8 * (128 + 1 + 10 + 1) + 4 * 3181],
    ['ternary', 4 * 25 + 8 * 3181],
    ['bingrad', 8 * 25 + 4 * 3181],
    ['min-max-8', 8 * 25 + 101_772],
    ['uniform', 8 * 25 + 101_772],
    ['qsgd', 4 * 199 + 4 * 12_722],
    ['linear', 8 * 25 + 4 * 6361],
    ['orq', 12 * 25 + 4 * 6361],
    ['top-k', 8 * 1017],
  ])('sends an MLP 784-128-10 by %s in %i bytes by default', (id, bytes) => {
    const layout = packLayout([
      ['layers.0.weight', [128, 784]],
      ['layers.0.bias', [128]],
      ['layers.1.weight', [10, 128]],
      ['layers.1.bias', [10]],
    ]);
    const entry = findEntry('compressor', COMPRESSORS, id);
    expect(entry.bytes(layout, completeOptions('compressor', entry.options))).toBe(bytes);
  });
});

for (const entry of COMPRESSORS) describeCompressor(entry, createCpuCompute);

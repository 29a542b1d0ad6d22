/** Error feedback around every compressor on the TypeScript backend, and what it refuses. */
import { describe, expect, it } from 'vitest';
import { completeOptions } from '../base/options.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { packLayout } from '../models/layout.ts';
import { CompensationError, keepResidual } from './error-feedback.ts';
import { compensate, expectTelescoping } from './error-feedback-contract.ts';
import { expectationOf } from './expectations/index.ts';
import { COMPRESSORS } from './index.ts';
import { KEY } from './testing.ts';
import { topK } from './top-k.ts';

describe.each(COMPRESSORS)('error feedback around $id', (entry) => {
  it.each([{}, ...expectationOf(entry.id).variants])('loses nothing over many rounds: %j', async (given) => {
    await expectTelescoping(createCpuCompute(), entry, given);
  });
});

describe('error feedback', () => {
  const compute = createCpuCompute();
  const layout = packLayout([['a', [4]]]);
  const codec = topK.create(compute, layout, completeOptions('compressor', topK.options, { k: 1 }));
  const vector = (...values: number[]) => {
    const made = compute.vector(4);
    compute.upload(made, Float32Array.from(values));
    return made;
  };

  it('sends what was left out as soon as it is the largest', async () => {
    const input = vector(3, 2, 0, 0);
    const [compensated, first, second] = [vector(), vector(), vector()];
    await compensate(compute, codec, { input, residual: null, compensated, nextResidual: first }, KEY);
    expect([...(await compute.read(first))]).toEqual([0, 2, 0, 0]);
    await compensate(compute, codec, { input, residual: first, compensated, nextResidual: second }, KEY);
    expect([...(await compute.read(compensated))]).toEqual([3, 4, 0, 0]);
    expect([...(await compute.read(second))]).toEqual([3, 0, 0, 0]);
  });

  it('says so when the numbers are no longer finite', async () => {
    const input = vector(1, Number.NaN, 0, 0);
    const feedback = { input, residual: null, compensated: vector(), nextResidual: vector() };
    await expect(compensate(compute, codec, feedback, KEY)).rejects.toThrow(CompensationError);
  });

  it('will not write the residual over what it is the rest of', () => {
    const compensated = vector();
    expect(() => keepResidual(compute, compensated, compensated, () => undefined)).toThrow(RangeError);
  });
});

/** Handles, shapes and memory of the TypeScript backend: what it refuses, and what it keeps apart. */
import { describe, expect, it } from 'vitest';
import type { HostDataset, Vector } from '../compute.ts';
import { createCpuCompute, createDoubleCompute, HandleError } from './index.ts';

const digits: HostDataset = {
  rows: 3,
  width: 2,
  classes: 3,
  scale: 0.1,
  features: Uint8Array.of(1, 2, 3, 4, 5, 255),
  labels: Uint8Array.of(2, 0, 1),
};

describe('handles', () => {
  it('refuses a vector that it did not make', () => {
    const compute = createCpuCompute();
    const other = createCpuCompute().vector(3);
    const impostor: Vector = { length: 3 };
    for (const foreign of [other, impostor]) {
      expect(() => compute.linear(compute.vector(3), [[1, foreign]])).toThrow(HandleError);
      expect(() => compute.free(foreign)).toThrow(HandleError);
    }
  });

  it('refuses freed handles and everything after destroy', async () => {
    const compute = createCpuCompute();
    const [vector, words, data] = [compute.vector(1), compute.words(1), compute.dataset(digits)];
    compute.free(vector, words, data);
    await expect(compute.read(vector)).rejects.toThrow('freed');
    await expect(compute.readWords(words)).rejects.toThrow('freed');
    expect(() => compute.free(vector)).toThrow('freed');
    const alive = compute.vector(1);
    compute.destroy();
    await expect(compute.read(alive)).rejects.toThrow('destroyed');
  });

  it('gives copies: neither reads nor uploads share memory', async () => {
    const compute = createCpuCompute();
    const vector = compute.vector(2);
    const given = Float32Array.of(1, 2);
    compute.upload(vector, given);
    given[0] = 9;
    const first = await compute.read(vector);
    first[1] = 9;
    expect([...(await compute.read(vector))]).toEqual([1, 2]);
  });

  it('uploads at an offset and reads the first words', async () => {
    const compute = createCpuCompute();
    const words = compute.words(4);
    compute.uploadWords(words, Uint32Array.of(7, 8), 1);
    expect([...(await compute.readWords(words, 2))]).toEqual([0, 7]);
    const vector = compute.vector(3);
    compute.upload(vector, Float32Array.of(5), 2);
    expect([...(await compute.read(vector))]).toEqual([0, 0, 5]);
  });

  it('keeps double precision in and out', () => {
    const compute = createDoubleCompute();
    const vector = compute.vector(2);
    compute.uploadDouble(vector, Float64Array.of(0.1, 1 / 3));
    expect([...compute.readDouble(vector)]).toEqual([0.1, 1 / 3]);
  });
});

describe('shapes', () => {
  const compute = createCpuCompute();
  const [v2, v3] = [compute.vector(2), compute.vector(3)];

  it.each([
    ['upload past the end', () => compute.upload(v2, new Float32Array(2), 1)],
    ['words past the end', () => compute.uploadWords(compute.words(1), new Uint32Array(2))],
    ['vectors of two lengths', () => compute.linear(v2, [[1, v3]])],
    ['distance of two lengths', () => compute.squaredDistance(v2, v3, v2, 0)],
    ['result past the end', () => compute.squaredDistance(v2, v2, v2, 2)],
    ['an index that is no whole number', () => compute.squaredDistance(v2, v2, v2, 0.5)],
    ['no buckets', () => compute.sketch(v2, 1, compute.vector(0))],
    ['bounds that stop short', () => compute.chunkMeans(v3, [0, 2], compute.words(1), 0)],
    ['bounds that fall', () => compute.chunkMeans(v3, [0, 3, 2, 3], compute.words(3), 0)],
    ['bits past the end', () => compute.signPack(v3, compute.words(1), 1)],
    ['pairs past the end', () => compute.scatter(compute.words(3), 2, v3, 1, 'add')],
    ['a weight past the end', () => denseWithWeightAt(4)],
    ['a row that does not exist', () => gather(3)],
    ['features that are too few', () => compute.dataset({ ...digits, rows: 4 })],
  ])('refuses %s', (_, act) => {
    expect(act).toThrow(RangeError);
  });

  function denseWithWeightAt(offset: number): void {
    const weight = { vector: compute.vector(9), offset };
    const shape = { batch: 1, inputs: 2, outputs: 3 };
    compute.dense(shape, v2, weight, { vector: v3, offset: 0 }, compute.vector(3), 'none');
  }

  function gather(row: number): void {
    compute.gatherRows(compute.dataset(digits), Uint32Array.of(row), v2, compute.words(1));
  }

  it('gathers rows in the order asked for, scaled in f32', async () => {
    const out = compute.vector(6);
    const labels = compute.words(3);
    compute.gatherRows(compute.dataset(digits), Uint32Array.of(2, 0, 2), out, labels);
    const tenth = Math.fround(0.1);
    const expected = [5, 255, 1, 2, 5, 255].map((byte) => Math.fround(byte * tenth));
    expect([...(await compute.read(out))]).toEqual(expected);
    expect([...(await compute.readWords(labels))]).toEqual([1, 2, 1]);
  });
});

/** Vectors in one growing memory: growth, reuse, limits, and the handles that stay as they were. */
import { describe, expect, it } from 'vitest';
import { createCpuCompute, HandleError } from '../index.ts';
import { Arena, OutOfMemoryError } from './arena.ts';

const PAGE = 65_536;
const arena = (limit?: number) => new Arena(new WebAssembly.Memory({ initial: 1 }), 1000, limit);

describe('the arena', () => {
  it('keeps what vectors hold while it grows', () => {
    const memory = arena();
    const blocks = Array.from({ length: 40 }, (_, k) => {
      const block = memory.allocate(1000 * k);
      block.numbers.fill(k);
      return block;
    });
    expect(memory.buffer.byteLength).toBeGreaterThan(3_000_000);
    blocks.forEach((block, k) => {
      expect(block.numbers.length).toBe(1000 * k);
      expect(block.numbers.buffer).toBe(memory.buffer);
      expect(block.numbers.every((value) => value === k)).toBe(true);
    });
  });

  it('uses memory again that was given back, as zeros', () => {
    const memory = arena();
    memory.allocate(10_000).release();
    const size = memory.buffer.byteLength;
    for (let count = 0; count < 1000; count++) {
      const block = memory.allocate(10_000 - (count % 7));
      expect(block.numbers.every((value) => value === 0)).toBe(true);
      block.numbers.fill(Number.NaN);
      block.release();
    }
    expect(memory.buffer.byteLength).toBe(size);
    expect(memory.used).toBe(0);
  });

  it('refuses what goes past its limit with a sentence, and goes on with what it has', () => {
    const memory = arena(20 * PAGE);
    const first = memory.allocate(200_000);
    first.numbers.fill(3);
    expect(() => memory.allocate(200_000)).toThrow(OutOfMemoryError);
    expect(() => memory.allocate(200_000)).toThrow('fewer workers');
    expect(() => memory.allocate(2 ** 40)).toThrow(OutOfMemoryError);
    expect(first.numbers.every((value) => value === 3)).toBe(true);
    first.release();
    expect(memory.allocate(300_000).numbers.length).toBe(300_000);
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('has no vector of %d entries', (length) => {
    expect(() => arena().allocate(length)).toThrow(RangeError);
  });
});

describe('the cpu backend over it', () => {
  it('says by which means it computes', () => {
    expect(createCpuCompute().adapter).toBe('WebAssembly SIMD');
  });

  it('reads what a vector held before the memory grew', async () => {
    const compute = createCpuCompute();
    const small = compute.vector(3);
    compute.upload(small, Float32Array.of(1, 2, 3));
    const large = compute.vector(3_000_000);
    expect([...(await compute.read(small))]).toEqual([1, 2, 3]);
    compute.linear(small, [
      [2, small],
      [1, small],
    ]);
    expect([...(await compute.read(small))]).toEqual([3, 6, 9]);
    expect((await compute.read(large)).every((value) => value === 0)).toBe(true);
  });

  it('does not let a freed handle reach the vector that took its place', async () => {
    const compute = createCpuCompute();
    const before = compute.vector(100);
    compute.free(before);
    const after = compute.vector(100);
    expect(() => compute.upload(before, Float32Array.of(1))).toThrow(HandleError);
    expect(() => compute.free(before)).toThrow('freed');
    await expect(compute.read(before)).rejects.toThrow('freed');
    expect((await compute.read(after)).every((value) => value === 0)).toBe(true);
  });
});

/** The allocator against a model of it: blocks never overlap, and what is given back can be had again. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FreeList } from './free-list.ts';

describe('the free list', () => {
  it('never gives bytes twice, and has them all again in the end', () => {
    const step = fc.record({ bytes: fc.integer({ min: 0, max: 2000 }), give: fc.boolean(), which: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const list = new FreeList(100);
        list.extend(16_384);
        const held: { start: number; bytes: number }[] = [];
        for (const { bytes, give, which } of steps) {
          if (give && held.length > 0) {
            const [block] = held.splice(which % held.length, 1);
            if (block !== undefined) list.release(block.start, block.bytes);
            continue;
          }
          const start = list.allocate(bytes);
          if (start === null) continue;
          expect(start % 64).toBe(0);
          expect(start).toBeGreaterThanOrEqual(100);
          expect(start + bytes).toBeLessThanOrEqual(16_384);
          for (const other of held) {
            const apart =
              start + Math.max(1, bytes) <= other.start || other.start + Math.max(1, other.bytes) <= start;
            expect(apart).toBe(true);
          }
          held.push({ start, bytes });
        }
        for (const { start, bytes } of held) list.release(start, bytes);
        expect(list.used).toBe(0);
        // Whole again: one gap from the first line after 100 to the end.
        expect(list.allocate(16_384 - 128)).toBe(128);
        expect(list.allocate(1)).toBeNull();
      }),
    );
  });

  it('says how far the memory must reach, counting the gap at its end', () => {
    const list = new FreeList(0);
    list.extend(1024);
    expect(list.reach(2048)).toBe(2048);
    expect(list.allocate(640)).toBe(0);
    expect(list.reach(640)).toBe(1280);
    list.extend(1280);
    expect(list.allocate(640)).toBe(640);
    expect(list.reach(1)).toBe(1344);
  });
});

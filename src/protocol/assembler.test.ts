import { describe, expect, it } from 'vitest';
import { Assembler, type AssemblerLimits } from './assembler.ts';
import { decodePart, encodeFrames, type FramePart } from './codec.ts';
import { type Frame, MAX_PART_BYTES, MAX_PAYLOAD_BYTES } from './frame.ts';

const message = (sequence: number, length: number, more: Partial<Frame> = {}): FramePart[] => {
  const frame: Frame = {
    type: 'algorithm',
    view: '00000000000000aa',
    round: 3,
    step: 0,
    tag: 1,
    codec: 2,
    sequence,
    source: 4,
    destination: 5,
    payload: Uint8Array.from({ length }, (_, i) => i * 31 + sequence),
    ...more,
  };
  return encodeFrames(frame).map((bytes) => {
    const result = decodePart(bytes);
    if (!result.ok) throw new Error(result.error.message);
    return result.part;
  });
};
const content = (sequence: number) =>
  Uint8Array.from({ length: 2 * MAX_PART_BYTES + 1 }, (_, i) => i * 31 + sequence);
const three = (sequence: number, more: Partial<Frame> = {}) =>
  message(sequence, 2 * MAX_PART_BYTES + 1, more);

/** What pushing these parts one by one gives: '' (unfinished), a frame's sequence, or an error's name. */
const outcomes = (assembler: Assembler, parts: readonly (FramePart | undefined)[]) =>
  parts.map((part) => {
    if (part === undefined) throw new Error('no such part');
    const result = assembler.push(part);
    return result.ok ? (result.frame?.sequence ?? '') : result.error.name;
  });
const fresh = (limits?: AssemblerLimits) => new Assembler(limits);

describe('Assembler', () => {
  it('passes a message of one part on at once, even an empty one', () => {
    expect(outcomes(fresh(), [...message(1, 10), ...message(2, 0)])).toEqual([1, 2]);
  });

  it('keeps interleaved messages apart: by sender, receiver, sequence, type and view', () => {
    const all = [
      three(1),
      three(2),
      three(1, { source: 9 }),
      three(1, { destination: 9 }),
      three(1, { type: 'resync' }),
      three(1, { view: '00000000000000bb' }),
    ];
    const assembler = fresh();
    for (const index of [0, 1, 2]) {
      for (const parts of all) {
        const [first] = parts;
        const next = parts[index];
        if (first === undefined || next === undefined) throw new Error('no such part');
        const result = assembler.push(next);
        if (!result.ok) throw new Error(result.error.message);
        if (index < 2) expect(result.frame).toBeNull();
        else
          expect(Buffer.compare(result.frame?.payload ?? new Uint8Array(), content(first.sequence))).toBe(0);
      }
    }
    expect([assembler.openCount, assembler.heldBytes]).toEqual([0, 0]);
  });

  it('names a part that came too early, and forgets its message', () => {
    const assembler = fresh();
    const [a, b, c] = three(1);
    expect(outcomes(assembler, [b])).toEqual(['order']);
    expect(outcomes(assembler, [a, c, b])).toEqual(['', 'order', 'order']);
    expect([assembler.openCount, assembler.heldBytes]).toEqual([0, 0]);
    expect(outcomes(assembler, [a, b, c])).toEqual(['', '', 1]);
  });

  it('names a part that came twice, and goes on', () => {
    const [a, b, c] = three(1);
    expect(outcomes(fresh(), [a, a, b, a, b, c])).toEqual(['', 'duplicate', '', 'duplicate', 'duplicate', 1]);
  });

  it('names a part that contradicts its message, and forgets it', () => {
    for (const more of [{ round: 4 }, { step: 1 }, { tag: 2 }, { codec: 3 }]) {
      const assembler = fresh();
      const [a, , c] = three(1);
      const [, other] = three(1, more);
      expect(outcomes(assembler, [a, other, c])).toEqual(['', 'inconsistent', 'order']);
      expect(assembler.heldBytes).toBe(0);
    }
    const [a] = three(1);
    const [, longer] = message(1, 3 * MAX_PART_BYTES);
    expect(outcomes(fresh(), [a, longer])).toEqual(['', 'inconsistent']);
  });

  it('refuses what is larger than makes sense, at the first part', () => {
    const assembler = fresh({ maxPayload: (type) => (type === 'algorithm' ? 1000 : 2000) });
    expect(outcomes(assembler, [...message(1, 1000), ...message(2, 1001)])).toEqual([1, 'too-large']);
    expect(outcomes(assembler, message(3, 1001, { type: 'resync' }))).toEqual([3]);
    expect(outcomes(assembler, three(4))).toEqual(['too-large', 'too-large', 'too-large']);
    expect(assembler.heldBytes).toBe(0);
  });

  it('holds no more unfinished messages than allowed, and never stays full', () => {
    const assembler = fresh({ openMessages: 2 });
    const [one, two, next] = [three(1), three(2), three(3)];
    expect(outcomes(assembler, [one[0], two[0], next[0]])).toEqual(['', '', 'overflow']);
    // The oldest was given up for it, so the lane works again.
    expect(outcomes(assembler, [next[0], one[1], two[1], two[2], next[1], next[2]])).toEqual([
      '',
      'order',
      '',
      2,
      '',
      3,
    ]);
  });

  it('holds no more bytes than allowed, whatever the headers promise', () => {
    const assembler = fresh({ openBytes: 3 * MAX_PART_BYTES });
    const promised = three(1).slice(0, 2);
    for (let sequence = 0; sequence < 50; sequence++) {
      const begun = promised.map((part) => ({ ...part, sequence, parts: 1025, total: MAX_PAYLOAD_BYTES }));
      outcomes(assembler, begun);
      expect(assembler.heldBytes).toBeLessThanOrEqual(3 * MAX_PART_BYTES);
    }
  });

  it('forgets what another view began', () => {
    const assembler = fresh();
    const stale = three(1, { view: '00000000000000bb' });
    const current = three(1);
    outcomes(assembler, [stale[0], current[0]]);
    assembler.keepOnly('00000000000000aa');
    expect([assembler.openCount, assembler.heldBytes]).toEqual([1, MAX_PART_BYTES]);
    expect(outcomes(assembler, [stale[1], current[1], current[2]])).toEqual(['order', '', 1]);
  });
});

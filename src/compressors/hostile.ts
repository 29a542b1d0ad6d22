/**
 * Arbitrary messages that a decoder must refuse, each with the name of its error; for the contract suite.
 * They are made from a valid message, so that all but the one fault is in order.
 */
import fc from 'fast-check';
import type { Options } from '../base/options.ts';
import type { Layout } from '../models/model.ts';
import type { Expectation } from './expectations.ts';

export interface Hostile {
  readonly bytes: Uint8Array;
  readonly error: 'size' | 'not-finite' | 'index';
}

/** Messages that must be refused: cut, extended, with numbers that are none, with indices out of order. */
export function hostile(
  valid: Uint8Array,
  layout: Layout,
  options: Options,
  expectation: Expectation,
): fc.Arbitrary<Hostile> {
  const withWord = (word: number, value: number) => {
    const bytes = valid.slice();
    new DataView(bytes.buffer).setUint32(4 * word, value, true);
    return bytes;
  };
  const wordAt = (word: number) => new DataView(valid.buffer, valid.byteOffset).getUint32(4 * word, true);
  const cut = fc
    .nat({ max: valid.length - 1 })
    .map((n) => ({ bytes: valid.slice(0, n), error: 'size' as const }));
  const extended = fc.uint8Array({ minLength: 1, maxLength: 64 }).map((tail) => {
    const bytes = new Uint8Array(valid.length + tail.length);
    bytes.set(valid);
    bytes.set(tail, valid.length);
    return { bytes, error: 'size' as const };
  });
  const [floatsFrom, floatsTo] = expectation.floats(layout, options);
  const notFinite = fc
    .tuple(
      fc.integer({ min: floatsFrom, max: floatsTo - 1 }),
      fc.nat({ max: 0x7fffff }),
      fc.constantFrom(0x7f800000, 0xff800000),
    )
    .map(([word, payload, base]) => ({
      bytes: withWord(word, base + payload),
      error: 'not-finite' as const,
    }));
  const [from, to] = expectation.indices(layout, options);
  if (from === to) return fc.oneof(cut, extended, notFinite);
  const beyond = fc
    .tuple(
      fc.integer({ min: from, max: to - 1 }),
      fc.oneof(fc.constant(layout.length), fc.integer({ min: layout.length, max: 0xffffffff })),
    )
    .map(([word, index]) => ({ bytes: withWord(word, index), error: 'index' as const }));
  if (to - from === 1) return fc.oneof(cut, extended, notFinite, beyond);
  const unordered = fc
    .integer({ min: from + 1, max: to - 1 })
    .chain((word) => fc.tuple(fc.constant(word), fc.nat({ max: wordAt(word - 1) })))
    .map(([word, index]) => ({ bytes: withWord(word, index), error: 'index' as const }));
  return fc.oneof(cut, extended, notFinite, beyond, unordered);
}

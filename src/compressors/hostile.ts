/**
 * Arbitrary messages that a decoder must refuse, each with the name of its error; for the contract suite.
 * They are made from a valid message, so that all but the one fault is in order.
 */
import fc from 'fast-check';
import type { Options } from '../base/options.ts';
import type { Layout } from '../models/model.ts';
import type { Expectation, Field, Hostile } from './expectations/expectation.ts';
import { wordsOfBytes } from './wire.ts';

/** Cut, extended, with numbers that are none, with indices out of order, and what the expectation adds. */
export function hostile(
  valid: Uint8Array,
  layout: Layout,
  options: Options,
  expectation: Expectation,
): fc.Arbitrary<Hostile> {
  const cut = fc
    .nat({ max: valid.length - 1 })
    .map((n) => ({ bytes: valid.slice(0, n), error: 'size' as const }));
  const extended = fc.uint8Array({ minLength: 1, maxLength: 64 }).map((tail) => {
    const bytes = new Uint8Array(valid.length + tail.length);
    bytes.set(valid);
    bytes.set(tail, valid.length);
    return { bytes, error: 'size' as const };
  });
  const words = wordsOfBytes(valid);
  const faults = expectation
    .fields(layout, options, words)
    .flatMap((field) => faultsOf(field, valid, words, layout.length));
  const more = expectation.hostile === undefined ? [] : [expectation.hostile(valid, layout, options)];
  return fc.oneof(cut, extended, ...faults, ...more);
}

/** The message with another word in one place. */
export function withWord(valid: Uint8Array, word: number, value: number): Uint8Array {
  const bytes = valid.slice();
  new DataView(bytes.buffer).setUint32(4 * word, value, true);
  return bytes;
}

function faultsOf(
  { kind, from, to }: Field,
  valid: Uint8Array,
  words: Uint32Array,
  length: number,
): fc.Arbitrary<Hostile>[] {
  if (from === to) return [];
  const place = fc.integer({ min: from, max: to - 1 });
  const fault = (error: Hostile['error']) => (pair: readonly [word: number, value: number]) => ({
    bytes: withWord(valid, ...pair),
    error,
  });
  switch (kind) {
    case 'f32': {
      const value = fc
        .tuple(fc.nat({ max: 0x7fffff }), fc.constantFrom(0x7f800000, 0xff800000))
        .map(([payload, base]) => base + payload);
      return [fc.tuple(place, value).map(fault('not-finite'))];
    }
    case 'f16': {
      const half = fc
        .tuple(fc.nat({ max: 0x3ff }), fc.constantFrom(0x7c00, 0xfc00), fc.constantFrom(1, 0x10000))
        .map(([payload, base, factor]) => ({ half: (base + payload) * factor, kept: 0xffff0000 / factor }));
      return [
        fc
          .tuple(place, half)
          .map(([word, { half, kept }]) => [word, (half | ((words[word] ?? 0) & kept)) >>> 0] as const)
          .map(fault('not-finite')),
      ];
    }
    case 'count': {
      const value = fc.oneof(fc.nat({ max: 64 }), fc.integer({ min: 0, max: 0xffffffff }));
      const wrong = fc.tuple(place, value).filter(([word, count]) => count !== words[word]);
      return [wrong.map(fault('size'))];
    }
    case 'index': {
      const value = fc.oneof(fc.constant(length), fc.integer({ min: length, max: 0xffffffff }));
      const beyond = fc.tuple(place, value).map(fault('index'));
      if (to - from === 1) return [beyond];
      const unordered = fc
        .integer({ min: from + 1, max: to - 1 })
        .chain((word) => fc.tuple(fc.constant(word), fc.nat({ max: words[word - 1] ?? 0 })));
      return [beyond, unordered.map(fault('index'))];
    }
  }
}

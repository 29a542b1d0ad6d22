/**
 * Of the compressors' contract suite: decoding is total. Hostile, damaged and arbitrary bytes give a
 * result or a named error, and a refused message writes nothing. For tests only.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { randomStream } from '../math/random.ts';
import type { Codec } from './compressor.ts';
import type { Rig } from './contract-rig.ts';
import { hostile } from './hostile.ts';
import { difference, KEY, SEED, samples } from './testing.ts';
import { bytesOfWords, wordsOfBytes } from './wire.ts';

export function itBearsHostileBytes(rig: Rig): void {
  const { entry, options, expectation, subjects } = rig;
  const sample = (name: string, length: number) => samples(length).get(name) ?? new Float32Array();

  if (expectation.showsNotFinite?.(options) ?? true) {
    it('refuses a vector that holds NaN or infinity once it is a message', async () => {
      for (const { layout, sender, receiver } of subjects) {
        for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
          const values = sample('normal', layout.length);
          values[layout.length >> 1] = bad;
          const source = rig.load(values);
          const bytes = await sender.encode(source, KEY);
          expect(receiver.decode(bytes, source, 1, 'add')).toMatchObject({ ok: false, error: 'not-finite' });
          rig.compute.free(source);
        }
      }
    });
  }

  it('ignores padding bits, and reads subnormal numbers as zero', async () => {
    const outcome = async (codec: Codec, bytes: Uint8Array, length: number) => {
      const dest = rig.load(new Float32Array(length).fill(77));
      const result = codec.decode(bytes, dest, 1, 'set');
      const values = await rig.compute.read(dest);
      rig.compute.free(dest);
      return { result, values };
    };
    for (const { layout, sender } of subjects) {
      const bytes = await rig.encode(sender, sample('normal', layout.length));
      const expected = await rig.decode(sender, bytes, layout.length);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      for (const [word, mask] of expectation.padding?.(layout, options) ?? []) {
        view.setUint32(4 * word, (view.getUint32(4 * word, true) | mask) >>> 0, true);
      }
      expect(difference(await rig.decode(sender, bytes, layout.length), expected)).toBeNull();
      const outcomes = [];
      for (const bits of [0x007fffff, 0]) {
        for (const { kind, from, to } of expectation.fields(layout, options, wordsOfBytes(bytes))) {
          if (kind !== 'f32') continue;
          for (let word = from; word < to; word++) view.setUint32(4 * word, bits, true);
        }
        outcomes.push(await outcome(sender, bytes, layout.length));
      }
      const [subnormal, zero] = outcomes;
      if (subnormal === undefined || zero === undefined) throw new Error('There are two outcomes.');
      expect(subnormal.result).toEqual(zero.result);
      expect(difference(subnormal.values, zero.values)).toBeNull();
    }
  });

  it('names what is wrong with hostile bytes, and writes nothing', async () => {
    for (const { layout, sender, receiver } of subjects) {
      const valid = await rig.encode(sender, sample('heavy-tailed', layout.length));
      const before = sample('normal', layout.length);
      const dest = rig.load(before);
      fc.assert(
        fc.property(hostile(valid, layout, options, expectation), ({ bytes, error }) => {
          const result = receiver.decode(bytes, dest, 1, 'set');
          expect(result).toMatchObject({ ok: false, error });
          expect(result.ok ? '' : result.message).toMatch(/^A .+\.$/);
        }),
        { seed: SEED, numRuns: rig.compute.backend === 'cpu' ? 300 : 60 },
      );
      expect(difference(await rig.compute.read(dest), before)).toBeNull();
      rig.compute.free(dest);
    }
  });

  it('gives a result or a named error for any bytes', async () => {
    for (const { layout, receiver } of subjects) {
      const dest = rig.compute.vector(layout.length);
      const size = fc.oneof(fc.constant(receiver.bytes), fc.nat({ max: 2 * receiver.bytes + 8 }));
      const anything = size.chain((length) => fc.tuple(fc.constant(length), fc.nat()));
      fc.assert(
        fc.property(anything, ([length, seed]) => {
          const stream = randomStream(seed, 0, 1, 0);
          const words = Uint32Array.from({ length: Math.ceil(length / 4) }, () => stream.u32());
          const bytes = bytesOfWords(words).subarray(0, length);
          const result = receiver.decode(bytes, dest, 1, 'set');
          const wrongSize = entry.variable === true ? length > receiver.bytes : length !== receiver.bytes;
          if (wrongSize) expect(result).toMatchObject({ ok: false, error: 'size' });
          else if (!result.ok) expect(result.message).toMatch(/^A .+\.$/);
        }),
        { seed: SEED, numRuns: rig.compute.backend === 'cpu' ? 50 : 20 },
      );
      const values = await rig.compute.read(dest);
      expect(values.every(Number.isFinite)).toBe(true);
      rig.compute.free(dest);
    }
  });

  it('frees what it allocated, after which it is of no use', async () => {
    for (const { layout } of subjects) {
      const codec = entry.create(rig.compute, layout, options);
      const source = rig.load(sample('normal', layout.length));
      const bytes = await codec.encode(source, KEY);
      codec.destroy();
      expect(() => codec.decode(bytes, source, 0.5, 'add')).toThrow(/freed/);
      rig.compute.free(source);
    }
  });
}

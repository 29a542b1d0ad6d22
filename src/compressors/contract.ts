/**
 * The contract suite of compressors: what must hold for every entry, on either backend.
 *
 * It is a function, so that the same tests run in Node over the TypeScript backend and in a browser over
 * WebGPU. The properties are those that algorithms lean on: a message means the same to sender and
 * receiver to the last bit, its size is known in advance, the error is what the theory assumes, and no
 * bytes whatever do harm. For tests only.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completeOptions, type Options } from '../base/options.ts';
import type { Compute, Vector } from '../compute/compute.ts';
import { randomStream } from '../math/random.ts';
import type { Layout } from '../models/model.ts';
import type { Codec, CompressorEntry } from './compressor.ts';
import { EXPECTATIONS, type Expectation } from './expectations.ts';
import { hostile } from './hostile.ts';
import { byteDifference, difference, LAYOUTS, SEED, samples } from './testing.ts';

interface Subject {
  readonly layout: Layout;
  readonly options: Options;
  readonly expectation: Expectation;
  readonly sender: Codec;
  readonly receiver: Codec;
}

/** Runs the suite over one entry, on a Compute that may be shared: what it allocates it frees again. */
export function describeCompressor(
  entry: CompressorEntry,
  makeCompute: () => Compute | Promise<Compute>,
): void {
  const expectation = EXPECTATIONS[entry.id];
  if (expectation === undefined) throw new Error(`${entry.id} has no entry in expectations.ts.`);
  const cases = [{}, ...expectation.variants].map((given) => ({
    name: JSON.stringify(given),
    options: completeOptions(entry.id, entry.options, given),
  }));

  describe.each(cases)(`${entry.id} $name`, ({ options }) => {
    let compute: Compute;
    const subjects: Subject[] = [];

    beforeAll(async () => {
      compute = await makeCompute();
      for (const layout of LAYOUTS) {
        const sender = entry.create(compute, layout, options);
        const receiver = entry.create(compute, layout, options);
        subjects.push({ layout, options, expectation, sender, receiver });
      }
    });
    afterAll(() => {
      for (const { sender, receiver } of subjects) {
        sender.destroy();
        receiver.destroy();
      }
    });

    const load = (values: Float32Array): Vector => {
      const vector = compute.vector(values.length);
      compute.upload(vector, values);
      return vector;
    };
    const encode = async (codec: Codec, values: Float32Array) => {
      const source = load(values);
      const bytes = await codec.encode(source);
      expect(difference(await compute.read(source), values)).toBeNull();
      compute.free(source);
      return bytes;
    };
    const decode = async (codec: Codec, bytes: Uint8Array, weight = 1) => {
      const dest = load(new Float32Array(layoutLength(codec)).fill(77));
      expect(codec.decode(bytes, dest, weight, 'set')).toEqual({ ok: true });
      const values = await compute.read(dest);
      compute.free(dest);
      return values;
    };
    const layoutLength = (codec: Codec) =>
      subjects.find(({ sender, receiver }) => sender === codec || receiver === codec)?.layout.length ?? 0;
    const compressed = async (codec: Codec, values: Float32Array) =>
      decode(codec, await encode(codec, values));

    it('has messages of exactly the size of its formula, known without a device', async () => {
      for (const { layout, sender } of subjects) {
        const expected = expectation.bytes(layout, options);
        expect(entry.bytes(layout, options)).toBe(expected);
        expect(sender.bytes).toBe(expected);
        for (const values of samples(layout.length).values()) {
          expect((await encode(sender, values)).length).toBe(expected);
        }
      }
    });

    it('means the same to sender and receiver, bit for bit, at any alignment', async () => {
      for (const { layout, sender, receiver } of subjects) {
        for (const values of samples(layout.length).values()) {
          const bytes = await encode(sender, values);
          expect(byteDifference(await encode(sender, values), bytes)).toBeNull();
          const shifted = new Uint8Array(bytes.length + 3).subarray(3);
          shifted.set(bytes);
          const kept = shifted.slice();
          const sent = await decode(sender, bytes);
          expect(difference(await decode(receiver, shifted), sent)).toBeNull();
          expect(byteDifference(shifted, kept)).toBeNull();
        }
      }
    });

    it('leaves the error that the theory gives, and so contracts by its δ', async () => {
      for (const { layout, sender } of subjects) {
        for (const [name, values] of samples(layout.length)) {
          const result = await compressed(sender, values);
          const error = result.reduce((sum, value, k) => sum + (value - (values[k] ?? 0)) ** 2, 0);
          const norm = values.reduce((sum, value) => sum + value * value, 0);
          const slack = 1e-5 * norm;
          expect(
            Math.abs(error - expectation.squaredError(values, layout, options)),
            name,
          ).toBeLessThanOrEqual(slack);
          const delta = expectation.delta(layout, options);
          expect(error, name).toBeLessThanOrEqual((1 - delta) * norm + slack);
        }
      }
    });

    it('changes nothing when applied twice: exactly on the cpu, to f32 rounding of a mean elsewhere', async () => {
      for (const { layout, sender } of subjects) {
        for (const values of samples(layout.length).values()) {
          const once = await compressed(sender, values);
          const twice = await compressed(sender, once);
          const tolerance = compute.backend === 'cpu' ? 0 : 1e-5;
          const k = twice.findIndex(
            (value, place) => Math.abs(value - (once[place] ?? 0)) > tolerance * Math.abs(once[place] ?? 0),
          );
          expect(k, `${twice[k]} instead of ${once[k]}`).toBe(-1);
        }
      }
    });

    it('turns zero into zero, and scales with its vector', async () => {
      for (const { layout, sender } of subjects) {
        const zeros = await compressed(sender, new Float32Array(layout.length));
        expect(zeros.every((value) => value === 0)).toBe(true);
        for (const values of samples(layout.length).values()) {
          const result = await compressed(sender, values);
          for (const factor of [0.25, 8]) {
            const scaled = await compressed(
              sender,
              values.map((value) => factor * value),
            );
            expect(
              difference(
                scaled,
                result.map((value) => factor * value),
              ),
            ).toBeNull();
          }
        }
      }
    });

    it('sets or adds with a weight, in order with everything else recorded', async () => {
      const weight = -0.3;
      for (const { layout, sender, receiver } of subjects) {
        const all = [...samples(layout.length).values()];
        const [first = new Float32Array(), second = new Float32Array()] = all;
        const messages = [await encode(sender, first), await encode(sender, second)];
        const decoded: Float32Array[] = [];
        for (const message of messages) decoded.push(await decode(sender, message));
        const [a, b] = [load(first), load(first)];
        const [one = new Uint8Array(), two = new Uint8Array()] = messages;
        expect(receiver.decode(one, a, weight, 'set')).toEqual({ ok: true });
        expect(receiver.decode(two, b, weight, 'add')).toEqual({ ok: true });
        expect(receiver.decode(two, a, 1, 'add')).toEqual({ ok: true });
        const [sum, added] = [await compute.read(a), await compute.read(b)];
        const w = Math.fround(weight);
        for (let k = 0; k < layout.length; k++) {
          const [p = 0, q = 0, base = 0] = [decoded[0]?.[k], decoded[1]?.[k], first[k]];
          const size = Math.abs(p) + Math.abs(q) + Math.abs(base);
          expect(Math.abs((sum[k] ?? Number.NaN) - (w * p + q))).toBeLessThanOrEqual(1e-6 * size);
          expect(Math.abs((added[k] ?? Number.NaN) - (base + w * q))).toBeLessThanOrEqual(1e-6 * size);
        }
        // A product is rounded the same way everywhere; only the sign of a zero is left open.
        const set = await decode(receiver, one, weight);
        const place = set.findIndex((value, k) => value !== Math.fround(w * (decoded[0]?.[k] ?? 0)));
        expect(place, `${set[place]} from ${decoded[0]?.[place]}`).toBe(-1);
        compute.free(a, b);
      }
    });

    it('refuses a vector that holds NaN or infinity once it is a message', async () => {
      for (const { layout, sender, receiver } of subjects) {
        for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
          const values = samples(layout.length).get('normal') ?? new Float32Array();
          values[layout.length >> 1] = bad;
          const source = load(values);
          const bytes = await sender.encode(source);
          expect(receiver.decode(bytes, source, 1, 'add')).toMatchObject({ ok: false, error: 'not-finite' });
          compute.free(source);
        }
      }
    });

    it('ignores padding bits, and reads subnormal numbers as zero', async () => {
      for (const { layout, sender } of subjects) {
        const bytes = await encode(sender, samples(layout.length).get('normal') ?? new Float32Array());
        const expected = await decode(sender, bytes);
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        const last = bytes.length - 4;
        view.setUint32(last, (view.getUint32(last, true) | expectation.padding(layout)) >>> 0, true);
        expect(difference(await decode(sender, bytes), expected)).toBeNull();
        const [start, end] = expectation.floats(layout, options);
        for (let word = start; word < end; word++) view.setUint32(4 * word, 0x007fffff, true);
        expect((await decode(sender, bytes)).every((value) => value === 0)).toBe(true);
      }
    });

    it('names what is wrong with hostile bytes, and writes nothing', async () => {
      for (const { layout, sender, receiver } of subjects) {
        const valid = await encode(sender, samples(layout.length).get('heavy-tailed') ?? new Float32Array());
        const before = samples(layout.length).get('normal') ?? new Float32Array();
        const dest = load(before);
        fc.assert(
          fc.property(hostile(valid, layout, options, expectation), ({ bytes, error }) => {
            const result = receiver.decode(bytes, dest, 1, 'set');
            expect(result).toMatchObject({ ok: false, error });
            expect(result.ok ? '' : result.message).toMatch(/^A .+\.$/);
          }),
          { seed: SEED, numRuns: 300 },
        );
        expect(difference(await compute.read(dest), before)).toBeNull();
        compute.free(dest);
      }
    });

    it('gives a result or a named error for any bytes', async () => {
      for (const { layout, receiver } of subjects) {
        const dest = compute.vector(layout.length);
        const size = fc.oneof(fc.constant(receiver.bytes), fc.nat({ max: 2 * receiver.bytes + 8 }));
        const anything = size.chain((length) => fc.tuple(fc.constant(length), fc.nat()));
        fc.assert(
          fc.property(anything, ([length, seed]) => {
            const stream = randomStream(seed, 0, 1, 0);
            const bytes = Uint8Array.from({ length }, () => stream.u32());
            const result = receiver.decode(bytes, dest, 1, 'set');
            if (length !== receiver.bytes) expect(result).toMatchObject({ ok: false, error: 'size' });
            else if (!result.ok) expect(['not-finite', 'index']).toContain(result.error);
          }),
          { seed: SEED, numRuns: 50 },
        );
        const values = await compute.read(dest);
        expect(values.every(Number.isFinite)).toBe(true);
        compute.free(dest);
      }
    });

    it('frees what it allocated, after which it is of no use', async () => {
      for (const { layout } of subjects) {
        const codec = entry.create(compute, layout, options);
        const source = load(samples(layout.length).get('normal') ?? new Float32Array());
        const bytes = await codec.encode(source);
        codec.destroy();
        expect(() => codec.decode(bytes, source, 0.5, 'add')).toThrow(/freed/);
        compute.free(source);
      }
    });
  });
}

/**
 * Of the compressors' contract suite: sizes, the meaning of a message to both ends, keys, weights, and the
 * algebra that a compressor claims (idempotence, zero, scaling). For tests only.
 */
import { expect, it } from 'vitest';
import type { Rig } from './contract-rig.ts';
import { byteDifference, difference, KEY, OTHER_KEYS } from './testing.ts';

export function itIsAFormat(rig: Rig): void {
  const { entry, options, expectation, subjects } = rig;

  it('has messages of the size of its formula, known without a device', async () => {
    for (const { layout, sender } of subjects) {
      const expected = expectation.bytes(layout, options);
      expect(entry.bytes(layout, options)).toBe(expected);
      expect(sender.bytes).toBe(expected);
      for (const values of rig.samples(layout.length).values()) {
        const { length } = await rig.encode(sender, values);
        if (entry.variable === true) expect(length).toBeLessThanOrEqual(expected);
        else expect(length).toBe(expected);
      }
    }
  });

  it('means the same to sender and receiver, bit for bit, at any alignment', async () => {
    for (const { layout, sender, receiver } of subjects) {
      for (const values of rig.samples(layout.length).values()) {
        const bytes = await rig.encode(sender, values);
        expect(byteDifference(await rig.encode(receiver, values), bytes)).toBeNull();
        const shifted = new Uint8Array(bytes.length + 3).subarray(3);
        shifted.set(bytes);
        const kept = shifted.slice();
        const sent = await rig.decode(sender, bytes, layout.length);
        expect(difference(await rig.decode(receiver, shifted, layout.length), sent)).toBeNull();
        expect(byteDifference(shifted, kept)).toBeNull();
      }
    }
  });

  it('draws by its key alone: another seed, round, seat or tag, other draws', async () => {
    const { layout, sender } = subjects.at(-1) ?? {};
    if (layout === undefined || sender === undefined) throw new Error('There are layouts.');
    const changed = new Set<number>();
    for (const values of rig.samples(layout.length).values()) {
      const bytes = await rig.encode(sender, values, KEY);
      for (const [at, other] of OTHER_KEYS.entries()) {
        if (byteDifference(await rig.encode(sender, values, other), bytes) !== null) changed.add(at);
      }
    }
    expect([...changed].sort()).toEqual(expectation.draws ? OTHER_KEYS.map((_, at) => at) : []);
  });

  it('sets or adds with a weight, in order with everything else recorded', async () => {
    const weight = -0.3;
    const { compute } = rig;
    for (const { layout, sender, receiver } of subjects) {
      const all = [...rig.samples(layout.length).values()];
      const [first = new Float32Array(), second = new Float32Array()] = all;
      const messages = [await rig.encode(sender, first), await rig.encode(sender, second)];
      const decoded: Float32Array[] = [];
      for (const message of messages) decoded.push(await rig.decode(sender, message, layout.length));
      const [a, b] = [rig.load(first), rig.load(first)];
      const [one = new Uint8Array(), two = new Uint8Array()] = messages;
      expect(receiver.decode(one, a, weight, 'set')).toEqual({ ok: true });
      expect(receiver.decode(two, b, weight, 'add')).toEqual({ ok: true });
      expect(receiver.decode(two, a, 1, 'add')).toEqual({ ok: true });
      const [total, added] = [await compute.read(a), await compute.read(b)];
      const w = Math.fround(weight);
      const wrong = total.findIndex((value, k) => {
        const [p = 0, q = 0, base = 0] = [decoded[0]?.[k], decoded[1]?.[k], first[k]];
        const slack = 1e-6 * (Math.abs(p) + Math.abs(q) + Math.abs(base));
        const right = Math.abs(value - (w * p + q)) <= slack;
        return !(right && Math.abs((added[k] ?? Number.NaN) - (base + w * q)) <= slack);
      });
      expect(wrong, `${total[wrong]}, ${added[wrong]}`).toBe(-1);
      // A product is rounded the same way everywhere; only the sign of a zero is left open.
      const set = await rig.decode(receiver, one, layout.length, weight);
      const place = set.findIndex((value, k) => value !== Math.fround(w * (decoded[0]?.[k] ?? 0)));
      expect(place, `${set[place]} from ${decoded[0]?.[place]}`).toBe(-1);
      compute.free(a, b);
    }
  });

  const idempotent = expectation.idempotent?.(options) ?? null;
  if (idempotent !== null) {
    it('changes nothing when applied twice', async () => {
      const tolerance = idempotent[rig.compute.backend];
      for (const { layout, sender } of subjects) {
        for (const values of rig.samples(layout.length).values()) {
          const once = await rig.compressed(sender, values);
          const twice = await rig.compressed(sender, once);
          const k = twice.findIndex(
            (value, place) => Math.abs(value - (once[place] ?? 0)) > tolerance * Math.abs(once[place] ?? 0),
          );
          expect(k, `${twice[k]} instead of ${once[k]}`).toBe(-1);
        }
      }
    });
  }

  if (expectation.keepsZero?.(options) ?? true) {
    it('turns zero into zero', async () => {
      for (const { layout, sender } of subjects) {
        const zeros = await rig.compressed(sender, new Float32Array(layout.length));
        expect(zeros.every((value) => value === 0)).toBe(true);
      }
    });
  }

  if (expectation.equivariant?.(options) ?? true) {
    it('scales with its vector', async () => {
      for (const { layout, sender } of subjects) {
        for (const values of rig.samples(layout.length).values()) {
          const result = await rig.compressed(sender, values);
          for (const factor of [0.25, 8]) {
            const times = (value: number) => factor * value;
            const scaled = await rig.compressed(sender, values.map(times));
            expect(difference(scaled, result.map(times))).toBeNull();
          }
        }
      }
    });
  }
}

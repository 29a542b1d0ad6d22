/** The format, byte by byte where it matters, and round trips of arbitrary tensors and arbitrary bytes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors, SafetensorsError } from './safetensors.ts';

const tensor = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }).chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    data: fc
      .array(fc.float(), {
        minLength: shape.reduce((a, b) => a * b, 1),
        maxLength: shape.reduce((a, b) => a * b, 1),
      })
      .map((values) => Float32Array.from(values)),
  }),
);

describe('safetensors', () => {
  it('lays out header length, padded JSON, then little-endian numbers', () => {
    const data = Float32Array.of(1, -2, 0.5, 3, 4, 5);
    const bytes = encodeSafetensors({
      tensors: [{ name: 'w', shape: [2, 3], data }],
      metadata: { seat: '0' },
    });
    const view = new DataView(bytes.buffer);
    const headerLength = Number(view.getBigUint64(0, true));
    expect(headerLength % 8).toBe(0);
    expect(bytes.length).toBe(8 + headerLength + 24);
    const text = new TextDecoder().decode(bytes.subarray(8, 8 + headerLength));
    expect(JSON.parse(text)).toEqual({
      __metadata__: { seat: '0' },
      w: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
    });
    expect(text.startsWith('{')).toBe(true);
    expect(view.getFloat32(8 + headerLength + 8, true)).toBe(0.5);
  });

  it('comes back as it went, bit for bit', () => {
    fc.assert(
      fc.property(
        fc.array(tensor, { maxLength: 4 }),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.string()),
        (given, metadata) => {
          const tensors = given.map((each, index) => ({ name: `layer.${index}`, ...each }));
          const back = decodeSafetensors(encodeSafetensors({ tensors, metadata }));
          expect(back.metadata).toEqual({ ...metadata });
          expect(back.tensors.map(({ name, shape }) => ({ name, shape }))).toEqual(
            tensors.map(({ name, shape }) => ({ name, shape })),
          );
          back.tensors.forEach(({ data }, index) => {
            const expected = tensors[index]?.data ?? new Float32Array();
            expect(data.length).toBe(expected.length);
            data.forEach((value, at) => {
              expect(Object.is(value, expected[at])).toBe(true);
            });
          });
        },
      ),
    );
  });

  it('refuses data that does not fill its shape', () => {
    const tensors = [{ name: 'w', shape: [2, 2], data: new Float32Array(3) }];
    expect(() => encodeSafetensors({ tensors, metadata: {} })).toThrow(SafetensorsError);
  });

  it('refuses tensors that overlap, leave a gap, or leave bytes over', () => {
    const file = (ranges: readonly (readonly [number, number])[], bytes: number) => {
      const header = Object.fromEntries(
        ranges.map(([begin, end], at) => [
          `t${at}`,
          { dtype: 'F32', shape: [(end - begin) / 4], data_offsets: [begin, end] },
        ]),
      );
      const json = new TextEncoder().encode(JSON.stringify(header));
      const whole = new Uint8Array(8 + json.length + bytes);
      new DataView(whole.buffer).setBigUint64(0, BigInt(json.length), true);
      whole.set(json, 8);
      return whole;
    };
    const halves = [
      [0, 8],
      [8, 16],
    ] as const;
    expect(decodeSafetensors(file(halves, 16)).tensors).toHaveLength(2);
    expect(() =>
      decodeSafetensors(
        file(
          [
            [0, 8],
            [0, 8],
          ],
          16,
        ),
      ),
    ).toThrow(/overlap/);
    expect(() =>
      decodeSafetensors(
        file(
          [
            [0, 8],
            [12, 16],
          ],
          16,
        ),
      ),
    ).toThrow(/gap/);
    expect(() => decodeSafetensors(file(halves, 20))).toThrow(/4 bytes at the end/);
  });

  it('gives a named error for any other bytes', () => {
    const good = encodeSafetensors({
      tensors: [{ name: 'w', shape: [4], data: new Float32Array(4) }],
      metadata: {},
    });
    fc.assert(
      fc.property(
        fc.nat(good.length - 1),
        fc.integer({ min: 0, max: 255 }),
        fc.nat(good.length),
        (at, byte, length) => {
          const bytes = good.slice(0, length);
          if (at < length) bytes[at] = byte;
          try {
            decodeSafetensors(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(SafetensorsError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

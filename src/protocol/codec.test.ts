import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PURPOSE, randomStream } from '../math/random.ts';
import { Assembler } from './assembler.ts';
import {
  algorithmMessageBytes,
  decodePart,
  encodeFrames,
  type FramePart,
  largestPayload,
  partCount,
} from './codec.ts';
import type { ProtocolErrorName } from './error.ts';
import {
  FRAME_TYPES,
  type Frame,
  HEADER_BYTES,
  MAX_PART_BYTES,
  MAX_PAYLOAD_BYTES,
  NO_SEAT,
  NO_VIEW,
  PROTOCOL_VERSION,
} from './frame.ts';

const base: Frame = {
  type: 'algorithm',
  view: 'fedcba9876543210',
  round: 0x01020304,
  step: 0x0506,
  tag: 7,
  codec: 8,
  sequence: 0x090a0b0c,
  source: 0x0d0e,
  destination: 0x0f10,
  payload: Uint8Array.of(0xaa, 0xbb, 0xcc),
};
const filled = (length: number) => {
  const stream = randomStream(length, PURPOSE.simulation, 0, 0);
  const payload = new Uint8Array(length);
  for (let i = 0; i < length; i += 61) payload[i] = stream.u32();
  return payload;
};
const part = (bytes: Uint8Array): FramePart => {
  const result = decodePart(bytes);
  if (!result.ok) throw new Error(result.error.message);
  return result.part;
};
const errorOf = (bytes: Uint8Array): ProtocolErrorName | null => {
  const result = decodePart(bytes);
  return result.ok ? null : result.error.name;
};

/** A frame of any legal kind; sizes around the borders of parts are made likely. */
const anyFrame: fc.Arbitrary<Frame> = fc
  .record({
    type: fc.constantFrom('control', 'algorithm', 'resync', 'sketch', 'packet'),
    view: fc.stringMatching(/^[0-9a-f]{16}$/),
    round: fc.integer({ min: 0, max: 0xffffffff }),
    step: fc.integer({ min: 0, max: 0xffff }),
    tag: fc.integer({ min: 0, max: 0xff }),
    codec: fc.integer({ min: 0, max: 0xff }),
    sequence: fc.integer({ min: 0, max: 0xffffffff }),
    source: fc.integer({ min: 0, max: NO_SEAT }),
    destination: fc.integer({ min: 0, max: NO_SEAT }),
    length: fc.oneof(
      fc.integer({ min: 0, max: 300 }),
      fc.integer({ min: 0, max: 4 * MAX_PART_BYTES }),
      fc
        .constantFrom(1, 2, 3)
        .chain((k) => fc.integer({ min: k * MAX_PART_BYTES - 1, max: k * MAX_PART_BYTES + 1 })),
    ),
  })
  .map(({ length, ...fields }) => ({
    ...fields,
    codec: fields.type === 'control' ? 0 : fields.codec,
    payload: filled(Math.min(length, largestPayload(fields.type))),
  }));

describe('the header', () => {
  it('has the bytes that PROTOCOL.md lists', () => {
    const [bytes] = encodeFrames(base);
    expect(bytes).toHaveLength(HEADER_BYTES + 3);
    const hex = [...(bytes ?? [])].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    expect(hex).toBe(
      '4d 75 02 02 fe dc ba 98 76 54 32 10 ' + // magic, version, type, view
        '04 03 02 01 06 05 07 08 0c 0b 0a 09 ' + // round, step, tag, codec, sequence
        '0e 0d 10 0f 00 00 01 00 03 00 00 00 03 00 00 00 aa bb cc', // seats, part, parts, total, length, zero
    );
  });

  it('comes back whole from every legal frame, in buffers of its own', () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        const encoded = encodeFrames(frame);
        const assembler = new Assembler();
        encoded.forEach((bytes, index) => {
          expect(bytes.length).toBeLessThanOrEqual(65_536);
          expect(bytes.byteLength).toBe(bytes.buffer.byteLength);
          const result = assembler.push(part(bytes));
          if (!result.ok) throw new Error(result.error.message);
          if (index < encoded.length - 1) expect(result.frame).toBeNull();
          else {
            const { payload = new Uint8Array(1), ...fields } = result.frame ?? {};
            const { payload: sent, ...expected } = frame;
            expect(fields).toEqual(expected);
            expect(Buffer.compare(payload, sent)).toBe(0); // toEqual takes seconds on long arrays
          }
        });
        expect(assembler.openCount).toBe(0);
        expect(assembler.heldBytes).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it('is read wherever it lies in a larger buffer', () => {
    const [bytes = new Uint8Array()] = encodeFrames(base);
    const larger = new Uint8Array(100);
    larger.set(bytes, 13);
    expect(part(larger.subarray(13, 13 + bytes.length))).toMatchObject({
      ...base,
      part: 0,
      parts: 1,
      total: 3,
    });
  });

  it('costs exactly what the formula says', () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        const wire = encodeFrames(frame).reduce((sum, bytes) => sum + bytes.length, 0);
        expect(wire).toBe(algorithmMessageBytes(frame.payload.length));
      }),
      { numRuns: 100 },
    );
    expect([0, 1, MAX_PART_BYTES, MAX_PART_BYTES + 1, MAX_PAYLOAD_BYTES].map(partCount)).toEqual([
      1, 1, 1, 2, 1025,
    ]);
  });

  it('carries a message of the largest size, and none above', () => {
    const largest = { ...base, payload: new Uint8Array(MAX_PAYLOAD_BYTES) };
    expect(encodeFrames(largest)).toHaveLength(1025);
    expect(() => encodeFrames({ ...base, payload: new Uint8Array(MAX_PAYLOAD_BYTES + 1) })).toThrow(
      RangeError,
    );
    const control = { ...base, type: 'control' as const, codec: 0 };
    expect(encodeFrames({ ...control, payload: new Uint8Array(MAX_PART_BYTES) })).toHaveLength(1);
    expect(() => encodeFrames({ ...control, payload: new Uint8Array(MAX_PART_BYTES + 1) })).toThrow(
      RangeError,
    );
  });

  it.each([
    ['view', 'xyz'],
    ['view', 'FEDCBA9876543210'],
    ['round', -1],
    ['round', 2 ** 32],
    ['step', 65_536],
    ['tag', 256],
    ['codec', 1.5],
    ['sequence', Number.NaN],
    ['source', 65_536],
    ['destination', -1],
  ])('is not made from %s = %s', (field, value) => {
    expect(() => encodeFrames({ ...base, [field]: value })).toThrow(RangeError);
  });
});

describe('decodePart', () => {
  const [good = new Uint8Array()] = encodeFrames(base);
  const changed = (change: (bytes: Uint8Array, view: DataView) => void): Uint8Array => {
    const bytes = good.slice();
    change(bytes, new DataView(bytes.buffer));
    return bytes;
  };

  it('names what is wrong', () => {
    const set = (offset: number, value: number) => changed((bytes) => bytes.set([value], offset));
    expect(errorOf(new Uint8Array())).toBe('length');
    expect(errorOf(good.slice(0, HEADER_BYTES - 1))).toBe('length');
    expect(errorOf(good.slice(0, -1))).toBe('length');
    expect(errorOf(Uint8Array.of(...good, 0))).toBe('length');
    expect(errorOf(set(0, 0))).toBe('magic');
    expect(errorOf(set(1, 0))).toBe('magic');
    expect(errorOf(set(2, PROTOCOL_VERSION + 1))).toBe('version');
    expect(errorOf(set(3, 0))).toBe('type');
    expect(errorOf(set(3, 6))).toBe('type');
    expect(errorOf(set(38, 1))).toBe('reserved');
    expect(errorOf(set(39, 1))).toBe('reserved');
    expect(errorOf(set(3, FRAME_TYPES.control))).toBe('reserved'); // a control frame with a codec
    expect(errorOf(set(28, 1))).toBe('parts');
    expect(errorOf(set(30, 0))).toBe('parts');
    expect(errorOf(set(30, 2))).toBe('parts');
    expect(errorOf(set(32, 4))).toBe('parts');
    expect(errorOf(set(36, 4))).toBe('parts');
    expect(errorOf(changed((_, view) => view.setUint32(32, MAX_PAYLOAD_BYTES + 1, true)))).toBe('too-large');
    expect(errorOf(good)).toBeNull();
  });

  it('tells a person which versions met', () => {
    const result = decodePart(changed((bytes) => bytes.set([9], 2)));
    expect(result).toMatchObject({ ok: false, error: { message: expect.stringContaining('version 9') } });
  });

  it('gives for any bytes whatever a part or a named error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(typeof decodePart(bytes).ok).toBe('boolean');
      }),
      { numRuns: 2000 },
    );
  });

  it('accepts only bytes that the encoder would have made', () => {
    const stream = randomStream(4, PURPOSE.simulation, 0, 0);
    let accepted = 0;
    for (let trial = 0; trial < 20_000; trial++) {
      const bytes = changed((target) => target.set([stream.integer(256)], stream.integer(target.length)));
      const result = decodePart(bytes);
      if (!result.ok) continue;
      accepted += 1;
      const again = encodeFrames(result.part);
      expect(again.length === 1 && Buffer.compare(again[0] ?? new Uint8Array(), bytes) === 0).toBe(true);
    }
    expect(accepted).toBeGreaterThan(1000); // changed rounds, seats, payloads: still frames
  });
});

it('has a name for being outside any view', () => {
  const [bytes = new Uint8Array()] = encodeFrames({ ...base, view: NO_VIEW });
  expect(part(bytes).view).toBe(NO_VIEW);
});

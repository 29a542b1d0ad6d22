/** The post office over real (memory) transports: lanes, counting, local delivery, hostile bytes. */
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../base/virtual-clock.ts';
import { algorithmMessageBytes, encodeFrames } from '../protocol/codec.ts';
import type { ProtocolError } from '../protocol/error.ts';
import {
  type Frame,
  HEADER_BYTES,
  MAX_PART_BYTES,
  NO_SEAT,
  NO_VIEW,
  PACKET_PAYLOAD_BYTES,
} from '../protocol/frame.ts';
import { ERROR_WINDOW_MS, MAX_PROTOCOL_ERRORS } from './error-budget.ts';
import { MemoryHub } from './memory.ts';
import { type Letter, PostOffice } from './post-office.ts';
import { MAX_PACKET_BYTES } from './transport.ts';

const view = '00000000000000ab';

function letter(type: Frame['type'], length: number, more: Partial<Letter> = {}): Letter {
  const payload = Uint8Array.from({ length }, (_, index) => index * 7);
  return { type, view, round: 3, step: 0, tag: 1, codec: 0, source: 0, destination: 1, payload, ...more };
}

function open(hub: MemoryHub, clock: VirtualClock, id: string) {
  const transport = hub.connect(id);
  const post = new PostOffice(transport, { clock });
  const frames: { frame: Frame; from: string }[] = [];
  const left: string[] = [];
  for (const type of ['control', 'algorithm', 'resync', 'sketch', 'packet'] as const) {
    post.on(type, (frame, from) => frames.push({ frame, from }));
  }
  post.onLeave((peer, reason) => left.push(`${peer}: ${reason}`));
  post.open();
  return { transport, post, frames, left };
}

async function couple() {
  const hub = new MemoryHub();
  const clock = new VirtualClock();
  const a = open(hub, clock, 'a');
  const b = open(hub, clock, 'b');
  await clock.pass(1);
  return { hub, clock, a, b };
}

describe('PostOffice', () => {
  it('carries whole messages of any size, intact and in order', async () => {
    const { clock, a, b } = await couple();
    const sizes = [0, 1, MAX_PART_BYTES, MAX_PART_BYTES + 1, 3 * MAX_PART_BYTES];
    for (const size of sizes) void a.post.send(letter('algorithm', size), 'b');
    await clock.pass(1);
    expect(b.frames.map(({ frame }) => frame.payload)).toEqual(
      sizes.map((size) => letter('algorithm', size).payload),
    );
    expect(b.frames.every(({ from }) => from === 'a')).toBe(true);
  });

  it('counts the same whether the other worker is in this peer or another', async () => {
    const { clock, a, b } = await couple();
    const messages = [letter('algorithm', 100), letter('algorithm', 200_000), letter('resync', 90_000)];
    for (const message of messages) void a.post.send(message, 'b');
    await clock.pass(1);
    const lone = open(new MemoryHub(), clock, 'alone');
    for (const message of messages) void lone.post.send(message, 'alone');
    await clock.pass(1);

    const expected = algorithmMessageBytes(100) + algorithmMessageBytes(200_000);
    expect(expected).toBe(200_100 + 5 * HEADER_BYTES);
    expect(a.post.traffic(0)).toEqual({
      bytesSent: expected,
      bytesReceived: 0,
      sentTo: new Map([[1, expected]]),
    });
    expect(b.post.traffic(1).bytesReceived).toBe(expected);
    expect(lone.post.traffic(0)).toEqual(a.post.traffic(0));
    expect(lone.post.traffic(1)).toEqual(b.post.traffic(1));
    expect(a.post.totals()).toMatchObject({ bytesSent: expected, bytesReceived: 0 });
    expect(a.post.totals().bytesResync).toBe(algorithmMessageBytes(90_000));
    expect(lone.post.totals()).toMatchObject({ bytesSent: expected, bytesReceived: expected });
    expect(lone.frames.map(({ frame }) => frame)).toEqual(b.frames.map(({ frame }) => frame));
    // And what is counted is what the transport carried.
    expect(a.transport.traffic('b')?.bytesSent).toBe(expected + algorithmMessageBytes(90_000));
  });

  it('delivers to workers of the same peer later, as copies', async () => {
    const { clock, a } = await couple();
    const message = letter('algorithm', 4);
    const sent = a.post.send(message, 'a');
    message.payload.fill(99);
    expect(a.frames).toEqual([]);
    await sent;
    expect([...(a.frames[0]?.frame.payload ?? [])]).toEqual([0, 7, 14, 21]);
    await clock.pass(1);
    expect(a.frames.length).toBe(1);
  });

  it('counts sketches and control frames as control traffic', async () => {
    const { a } = await couple();
    await a.post.send(letter('sketch', 64, { destination: NO_SEAT }), 'b');
    await a.post.send(letter('control', 10, { view: NO_VIEW }), 'b');
    expect(a.post.totals()).toMatchObject({ bytesControl: 74 + 2 * HEADER_BYTES, bytesSent: 0 });
    a.post.resetTraffic();
    expect(a.post.totals().bytesControl).toBe(0);
  });

  it('rejects a send to a stranger, and counts nothing for it', async () => {
    const { a } = await couple();
    await expect(a.post.send(letter('algorithm', 10), 'nobody')).rejects.toThrow('nobody is not connected');
    await expect(a.post.send(letter('algorithm', 10, { tag: 300 }), 'b')).rejects.toThrow(RangeError);
    expect(a.post.totals().bytesSent).toBe(0);
  });

  it('counts rubbish, goes on, and drops a peer that does not stop', async () => {
    const { clock, a, b } = await couple();
    const seen: ProtocolError[] = [];
    b.post.onProtocolError((_, error) => seen.push(error));
    for (let count = 1; count < MAX_PROTOCOL_ERRORS; count++) {
      void a.transport.send('b', 'bulk', new Uint8Array(count));
    }
    void a.post.send(letter('algorithm', 5), 'b');
    await clock.pass(1);
    expect(b.post.totals().protocolErrors).toBe(MAX_PROTOCOL_ERRORS - 1);
    expect(b.post.totals().lastError).toContain('shorter than its 40-byte header');
    expect(b.frames.length).toBe(1);
    expect(b.transport.peers()).toEqual(['a']);

    void a.transport.send('b', 'control', new Uint8Array(1));
    void a.post.send(letter('algorithm', 5), 'b');
    await clock.pass(1);
    expect(seen.length).toBe(MAX_PROTOCOL_ERRORS);
    expect(b.transport.peers()).toEqual([]);
    expect(b.left[0]).toContain('kept sending messages that make no sense');
    expect(b.frames.length).toBe(1); // nothing after the last straw
  });

  it('forgives errors with time', async () => {
    const { clock, a, b } = await couple();
    for (let round = 0; round < 3; round++) {
      for (let count = 1; count < MAX_PROTOCOL_ERRORS; count++) {
        void a.transport.send('b', 'bulk', new Uint8Array(3));
      }
      await clock.pass(ERROR_WINDOW_MS + 1);
    }
    expect(b.transport.peers()).toEqual(['a']);
    expect(b.post.totals().protocolErrors).toBe(3 * (MAX_PROTOCOL_ERRORS - 1));
  });

  it('sends packets over the lossy lane, counts them as the algorithm’s, and rubbish there as anywhere', async () => {
    const { clock, a, b } = await couple();
    const wire = algorithmMessageBytes(PACKET_PAYLOAD_BYTES);
    expect(wire).toBe(MAX_PACKET_BYTES);
    await a.post.send(letter('packet', PACKET_PAYLOAD_BYTES), 'b');
    await expect(a.post.send(letter('packet', PACKET_PAYLOAD_BYTES + 1), 'b')).rejects.toThrow(RangeError);
    const [onBulk] = encodeFrames({ ...letter('packet', 8), sequence: 1 });
    const [onLossy] = encodeFrames({ ...letter('algorithm', 8), sequence: 1 });
    if (onBulk === undefined || onLossy === undefined) throw new Error('no frame');
    void a.transport.send('b', 'bulk', onBulk);
    void a.transport.send('b', 'lossy', onLossy);
    void a.transport.send('b', 'lossy', new Uint8Array(3));
    await clock.pass(1);
    expect(b.frames.map(({ frame }) => [frame.type, frame.payload.length])).toEqual([['packet', 1000]]);
    expect(a.post.totals().bytesSent).toBe(wire);
    expect(a.post.traffic(0).sentTo).toEqual(new Map([[1, wire]]));
    expect(b.post.traffic(1).bytesReceived).toBe(wire);
    expect(b.post.totals().protocolErrors).toBe(3);
  });

  it('refuses frames on the wrong lane and messages larger than makes sense', async () => {
    const clock = new VirtualClock();
    const hub = new MemoryHub();
    const a = open(hub, clock, 'a');
    const post = new PostOffice(hub.connect('b'), {
      clock,
      maxPayload: (type) => (type === 'algorithm' ? 1000 : 65_000),
    });
    const errors: string[] = [];
    const frames: Frame[] = [];
    post.on('algorithm', (frame) => frames.push(frame));
    post.onProtocolError((_, error) => errors.push(error.name));
    post.open();
    await clock.pass(1);
    const [bytes] = encodeFrames({ ...letter('algorithm', 8), sequence: 1 });
    if (bytes === undefined) throw new Error('no frame');
    void a.transport.send('b', 'control', bytes);
    void a.post.send(letter('algorithm', 1001), 'b');
    void a.post.send(letter('algorithm', 1000), 'b');
    await clock.pass(1);
    expect(errors).toEqual(['type', 'too-large']);
    expect(frames.length).toBe(1);
  });

  it('starts afresh with a peer that comes back', async () => {
    const { hub, clock, a, b } = await couple();
    const [first] = encodeFrames({ ...letter('resync', 100_000), sequence: 9 });
    if (first === undefined) throw new Error('no frame');
    void a.transport.send('b', 'bulk', first);
    await clock.pass(1);
    a.transport.drop('b', 'test');
    await clock.pass(1);
    hub.heal('a', 'b');
    await clock.pass(1);
    void a.post.send(letter('resync', 100_000, { sequence: 9 }), 'b');
    await clock.pass(1);
    expect(b.frames.length).toBe(1);
    expect(b.post.totals().protocolErrors).toBe(0);
  });
});

/**
 * The contract suite of transports: every implementation runs it, each over the real thing. A `Flock`
 * makes endpoints that find each other; how is its own affair. The suite waits on events and never on time.
 */
import { afterEach, expect, test } from 'vitest';
import type { CountingTransport } from './book.ts';
import {
  HIGH_WATER_BYTES,
  type Lane,
  MAX_MESSAGE_BYTES,
  MAX_PACKET_BYTES,
  type PeerId,
} from './transport.ts';

export interface Flock {
  /** A new endpoint with this position (0, 1, ...); not yet open. */
  endpoint(position: number): Promise<CountingTransport> | CountingTransport;
  /** Ends everything that `endpoint` made. */
  end(): Promise<void> | void;
}

export interface Received {
  readonly peer: PeerId;
  readonly lane: Lane;
  readonly bytes: Uint8Array;
}

/** A transport together with everything it has told. */
export class Probe {
  readonly transport: CountingTransport;
  readonly joins: PeerId[] = [];
  readonly leaves: { peer: PeerId; reason: string }[] = [];
  readonly messages: Received[] = [];
  #watchers: { met: () => boolean; resolve: () => void }[] = [];

  constructor(transport: CountingTransport) {
    this.transport = transport;
    const told = (note: () => void) => {
      note();
      this.#watchers = this.#watchers.filter(({ met, resolve }) => {
        if (met()) resolve();
        return !met();
      });
    };
    transport.open({
      onJoin: (peer) => told(() => this.joins.push(peer)),
      onLeave: (peer, reason) => told(() => this.leaves.push({ peer, reason })),
      onMessage: (peer, lane, bytes) => told(() => this.messages.push({ peer, lane, bytes })),
    });
  }

  /** Resolves once `met` holds after some event. */
  until(met: () => boolean): Promise<void> {
    if (met()) return Promise.resolve();
    return new Promise((resolve) => this.#watchers.push({ met, resolve }));
  }

  on(lane: Lane): Received[] {
    return this.messages.filter((message) => message.lane === lane);
  }
}

/** `size` bytes that tell messages apart. */
export function pattern(size: number, salt: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = (Math.imul(i + 1, 2_654_435_761) >>> 24) ^ (salt & 255);
  return bytes;
}

/** Two endpoints that are joined to each other. */
export async function joinedPair(flock: Flock): Promise<[Probe, Probe]> {
  const a = new Probe(await flock.endpoint(0));
  const b = new Probe(await flock.endpoint(1));
  await a.until(() => a.transport.peers().includes(b.transport.self));
  await b.until(() => b.transport.peers().includes(a.transport.self));
  return [a, b];
}

/**
 * Sends packets until enough have arrived, each followed by a message that must: the lossy lane promises
 * nothing, but one that carried nothing would be no lane. Returns what was sent.
 */
async function castUntil(from: Probe, to: Probe, count: number): Promise<Uint8Array[]> {
  const sizes = [4, 5, 1000, MAX_PACKET_BYTES];
  const sent: Uint8Array[] = [];
  const before = to.on('lossy').length;
  while (to.on('lossy').length < before + count) {
    if (sent.length === 50 * count) throw new Error(`Of ${sent.length} packets hardly any arrived.`);
    const packet = pattern(sizes[sent.length % sizes.length] ?? 0, sent.length);
    new DataView(packet.buffer).setUint32(0, sent.length);
    sent.push(packet.slice());
    await from.transport.send(to.transport.self, 'lossy', packet);
    const marks = to.on('control').length;
    await from.transport.send(to.transport.self, 'control', pattern(1, 1));
    await to.until(() => to.on('control').length > marks);
  }
  return sent;
}

export function transportContract(kind: string, make: () => Promise<Flock> | Flock): void {
  let flock: Flock | null = null;
  const fresh = async () => {
    flock = await make();
    return flock;
  };
  afterEach(async () => {
    await flock?.end();
    flock = null;
  });

  test('three endpoints join each other, once', async () => {
    const all = await fresh();
    const probes: Probe[] = [];
    for (const position of [0, 1, 2]) probes.push(new Probe(await all.endpoint(position)));
    const ids = probes.map(({ transport }) => transport.self);
    for (const probe of probes) {
      await probe.until(() => probe.transport.peers().length === 2);
      const others = ids.filter((id) => id !== probe.transport.self);
      expect([...probe.joins].sort()).toEqual([...others].sort());
      expect(probe.transport.peers()).toEqual(probe.joins);
      expect(probe.leaves).toEqual([]);
      for (const id of others) expect(probe.transport.carrier(id)).toBe(kind);
      expect(probe.transport.carrier('nobody')).toBeNull();
    }
  });

  test('messages of any size up to the largest arrive whole, in order, on their lane', async () => {
    const [a, b] = await joinedPair(await fresh());
    const sizes = [0, 1, 2, 3, 1000, 4097, 65_535, MAX_MESSAGE_BYTES];
    for (const [i, size] of sizes.entries()) {
      for (const lane of ['bulk', 'control'] as const) {
        await a.transport.send(b.transport.self, lane, pattern(size, i));
        await b.transport.send(a.transport.self, lane, pattern(size, i + 100));
      }
    }
    for (const [probe, from, salt] of [[b, a, 0] as const, [a, b, 100] as const]) {
      await probe.until(() => probe.messages.length === 2 * sizes.length);
      for (const lane of ['bulk', 'control'] as const) {
        const got = probe.on(lane);
        expect(got.map(({ bytes }) => bytes.byteLength)).toEqual(sizes);
        for (const [i, { bytes, peer }] of got.entries()) {
          expect(peer).toBe(from.transport.self);
          expect(bytes).toEqual(pattern(sizes[i] ?? 0, i + salt));
        }
      }
    }
  });

  test('a part of a larger buffer is sent as that part, and is the receiver’s own', async () => {
    const [a, b] = await joinedPair(await fresh());
    const whole = pattern(256, 1);
    const expected = whole.slice(16, 48);
    await a.transport.send(b.transport.self, 'bulk', whole.subarray(16, 48));
    await b.until(() => b.messages.length === 1);
    expect(b.messages[0]?.bytes).toEqual(expected);
    b.messages[0]?.bytes.fill(0);
    await a.transport.send(b.transport.self, 'bulk', expected.slice());
    await b.until(() => b.messages.length === 2);
    expect(b.messages[1]?.bytes).toEqual(expected);
  });

  test('a message that is too large is refused, and harms nothing', async () => {
    const [a, b] = await joinedPair(await fresh());
    const large = new Uint8Array(MAX_MESSAGE_BYTES + 1);
    await expect(a.transport.send(b.transport.self, 'bulk', large)).rejects.toThrow(/too large/);
    await expect(a.transport.send('nobody', 'bulk', new Uint8Array(1))).rejects.toThrow(/not connected/);
    await a.transport.send(b.transport.self, 'bulk', pattern(5, 5));
    await b.until(() => b.messages.length === 1);
    expect(b.messages[0]?.bytes).toEqual(pattern(5, 5));
  });

  test('a sender that waits gets 24 MiB through, none lost; lanes do not wait for each other', async () => {
    const [a, b] = await joinedPair(await fresh());
    const count = 384;
    let sent = 0;
    const flood = (async () => {
      for (let i = 0; i < count; i++) {
        const bytes = new Uint8Array(MAX_MESSAGE_BYTES);
        new DataView(bytes.buffer).setUint32(0, i);
        await a.transport.send(b.transport.self, 'bulk', bytes);
        sent += 1;
      }
    })();
    await b.until(() => b.on('bulk').length > 0);
    await a.transport.send(b.transport.self, 'control', pattern(8, 8));
    await flood;
    await b.until(() => b.on('bulk').length === count && b.on('control').length === 1);
    expect(sent).toBe(count);
    const order = b.on('bulk').map(({ bytes }) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0));
    expect(order).toEqual(Array.from({ length: count }, (_, i) => i));
    expect(b.on('bulk').every(({ bytes }) => bytes.byteLength === MAX_MESSAGE_BYTES)).toBe(true);
    expect(a.transport.traffic(b.transport.self)).toMatchObject({
      messagesSent: count + 1,
      bytesSent: count * MAX_MESSAGE_BYTES + 8,
    });
    expect(b.transport.traffic(a.transport.self)).toMatchObject({
      messagesReceived: count + 1,
      bytesReceived: count * MAX_MESSAGE_BYTES + 8,
    });
  });

  test('a burst that does not wait resolves when it has drained', async () => {
    const [a, b] = await joinedPair(await fresh());
    const burst = Array.from({ length: (3 * HIGH_WATER_BYTES) / MAX_MESSAGE_BYTES }, (_, i) =>
      a.transport.send(b.transport.self, 'bulk', pattern(MAX_MESSAGE_BYTES, i)),
    );
    await Promise.all(burst);
    await b.until(() => b.messages.length === burst.length);
    expect(b.messages[7]?.bytes).toEqual(pattern(MAX_MESSAGE_BYTES, 7));
  });

  test('the lossy lane: packets arrive as they were sent, and none twice', async () => {
    const [a, b] = await joinedPair(await fresh());
    for (const [from, to] of [[a, b] as const, [b, a] as const]) {
      const sent = await castUntil(from, to, 12);
      const numbers = to.on('lossy').map(({ bytes, peer }) => {
        expect(peer).toBe(from.transport.self);
        const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
        expect(bytes).toEqual(sent[number]);
        return number;
      });
      expect(new Set(numbers).size).toBe(numbers.length);
    }
  });

  test('the lossy lane: what does not fit one packet is refused, and harms nothing', async () => {
    const [a, b] = await joinedPair(await fresh());
    const large = new Uint8Array(MAX_PACKET_BYTES + 1);
    await expect(a.transport.send(b.transport.self, 'lossy', large)).rejects.toThrow(/too large/);
    await expect(a.transport.send('nobody', 'lossy', new Uint8Array(1))).rejects.toThrow(/not connected/);
    await castUntil(a, b, 1);
    expect(b.leaves).toEqual([]);
  });

  test('the lossy lane: nobody waits, and other lanes get through', async () => {
    const [a, b] = await joinedPair(await fresh());
    const flood = Array.from({ length: 9_000 }, (_, i) =>
      a.transport.send(b.transport.self, 'lossy', pattern(MAX_PACKET_BYTES, i)),
    );
    await Promise.all(flood);
    await a.transport.send(b.transport.self, 'control', pattern(8, 8));
    await b.until(() => b.on('control').length === 1);
    expect(b.on('lossy').length).toBeLessThanOrEqual(flood.length);
    await castUntil(a, b, 1);
  });

  test('drop: both ends see one leave, and nothing can be sent', async () => {
    const [a, b] = await joinedPair(await fresh());
    a.transport.drop(b.transport.self, 'enough');
    expect(a.transport.peers()).toEqual([]);
    expect(a.leaves, 'never from inside the call').toEqual([]);
    await expect(a.transport.send(b.transport.self, 'bulk', new Uint8Array(1))).rejects.toThrow();
    await a.until(() => a.leaves.length === 1);
    await b.until(() => b.leaves.length === 1);
    expect(a.leaves[0]).toEqual({ peer: b.transport.self, reason: 'enough' });
    expect(b.leaves[0]?.peer).toBe(a.transport.self);
    a.transport.drop('nobody', 'unknown peers are ignored');
  });

  test('close: the others see it leave, and it hears nothing more', async () => {
    const [a, b] = await joinedPair(await fresh());
    a.transport.close();
    await b.until(() => b.leaves.length === 1);
    expect(b.transport.peers()).toEqual([]);
    expect(a.transport.peers()).toEqual([]);
    expect(a.leaves).toEqual([]);
    a.transport.close();
  });
}

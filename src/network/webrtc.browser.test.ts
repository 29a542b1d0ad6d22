/**
 * The WebRTC transport over the real thing: PeerJS in this page, the lanes in dedicated workers, and our
 * own PeerServer, which the test runner's server embeds (see vitest.config.ts).
 */
import { Peer } from 'peerjs';
import { describe, expect, test } from 'vitest';
import { type Flock, joinedPair, Probe, pattern, transportContract } from './contract.ts';
import { randomPeerId } from './identity.ts';
import { workerEndpoints } from './testing/endpoints.ts';
import { MAX_MESSAGE_BYTES, MAX_PACKET_BYTES } from './transport.ts';
import { openWebRtcPage, type WebRtcPage, type WebRtcPageOptions, type WebRtcStatus } from './webrtc/page.ts';

const id = () => randomPeerId((bytes) => crypto.getRandomValues(bytes));
const server = {
  host: location.hostname,
  port: Number(location.port),
  path: '/signalling',
  secure: location.protocol === 'https:',
};
const lab = { version: 'test', built: 1 };

/** A page's status, and a way to wait for it. */
class Watch {
  readonly seen: WebRtcStatus[] = [];
  #wake = () => {};

  readonly note = (status: WebRtcStatus) => {
    this.seen.push(status);
    this.#wake();
  };

  async until(met: (status: WebRtcStatus) => boolean): Promise<void> {
    while (!this.seen.some(met)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

interface Room extends Flock {
  readonly pages: WebRtcPage[];
  readonly watches: Watch[];
}

/** Endpoints of one room, each with its page part here and its lanes in a worker. */
function room(each: (position: number) => Partial<WebRtcPageOptions> = () => ({})): Room {
  const name = id();
  const pages: WebRtcPage[] = [];
  const watches: Watch[] = [];
  const flock = workerEndpoints((position, channel) => {
    const self = id();
    const watch = new Watch();
    watches.push(watch);
    pages.push(
      openWebRtcPage({
        room: name,
        server,
        lab,
        self,
        port: channel.port1,
        onStatus: watch.note,
        ...each(position),
      }),
    );
    return { kind: 'webrtc', room: name, self, port: channel.port2 };
  });
  return {
    endpoint: (position) => flock.endpoint(position),
    async end() {
      for (const page of pages) page.close();
      await flock.end();
    },
    pages,
    watches,
  };
}

/** The other end joins, and sends, while this end's worker has not even taken its channels. */
async function early(options: Partial<WebRtcPageOptions>) {
  const all = room(() => options);
  const a = new Probe(await all.endpoint(0));
  const late = await all.endpoint(1);
  await a.until(() => a.joins.length === 1);
  for (let i = 0; i < 5; i++) await a.transport.send(late.self, 'control', pattern(100, i));
  const b = new Probe(late);
  await b.until(() => b.messages.length === 5);
  expect(b.messages.map(({ bytes }) => bytes)).toEqual([0, 1, 2, 3, 4].map((i) => pattern(100, i)));
  await all.end();
}

describe('webrtc, lanes in workers', () => {
  transportContract('webrtc', () => room());

  test('what comes before a busy worker looks is not lost', () => early({}));

  test('this browser transfers the channels', async () => {
    const all = room();
    await joinedPair(all);
    expect(all.pages.map((page) => page.relays())).toEqual([0, 0]);
    await all.end();
  });
});

describe('webrtc, relayed by the page', () => {
  transportContract('webrtc', () => room(() => ({ relay: true })));

  test('what comes before a busy worker looks is not lost', () => early({ relay: true }));

  test('the page relays', async () => {
    const all = room((position) => ({ relay: position === 1 }));
    await joinedPair(all);
    expect(all.pages.map((page) => page.relays())).toEqual([0, 1]);
    await all.end();
  });
});

describe('a hostile peer', () => {
  /** Calls `peer` as PeerJS would, with lanes this test holds. */
  async function call(peer: string, options: object = {}) {
    const caller = new Peer(id(), { ...server, debug: 0, config: { iceServers: [] } });
    await new Promise<void>((resolve) => caller.on('open', () => resolve()));
    const connection = caller.connect(peer, {
      label: 'murmuration',
      serialization: 'raw',
      reliable: true,
      metadata: { lab: 'murmuration', ...lab },
      ...options,
    });
    const lane = (name: string, stream: number) =>
      connection.peerConnection.createDataChannel(name, { negotiated: true, id: stream });
    const control = lane('control', 101);
    const bulk = lane('bulk', 102);
    // Reliable at this end, so that what it sends arrives.
    const lossy = lane('lossy', 103);
    const open = (channel: RTCDataChannel) =>
      new Promise<void>((resolve) => channel.addEventListener('open', () => resolve(), { once: true }));
    return { caller, control, bulk, lossy, opened: Promise.all([control, bulk, lossy].map(open)) };
  }

  test('a message over the limit, or of text, ends its connection and no other', async () => {
    const all = room();
    const [a, b] = await joinedPair(all);
    for (const rubbish of [new Uint8Array(MAX_MESSAGE_BYTES + 1), 'text']) {
      const before = a.leaves.length;
      const { caller, bulk, opened } = await call(a.transport.self);
      await opened;
      await a.until(() => a.joins.includes(caller.id));
      if (typeof rubbish === 'string') bulk.send(rubbish);
      else bulk.send(rubbish);
      await a.until(() => a.leaves.length === before + 1);
      expect(a.leaves.at(-1)?.peer).toBe(caller.id);
      caller.destroy();
    }
    expect(a.leaves.map(({ reason }) => reason)).toEqual([
      'a message that is too large',
      'a message that is not binary',
    ]);
    await a.transport.send(b.transport.self, 'bulk', pattern(6, 6));
    await b.until(() => b.messages.length === 1);
    await all.end();
  });

  test('a message on the lossy lane that is no packet ends its connection', async () => {
    const all = room();
    const [a] = await joinedPair(all);
    const { caller, lossy, opened } = await call(a.transport.self);
    await opened;
    await a.until(() => a.joins.includes(caller.id));
    const packet = new Uint8Array(MAX_PACKET_BYTES).fill(3);
    lossy.send(packet);
    await a.until(() => a.on('lossy').length === 1);
    expect(a.on('lossy')[0]).toEqual({ peer: caller.id, lane: 'lossy', bytes: packet });
    lossy.send(new Uint8Array(MAX_PACKET_BYTES + 1));
    await a.until(() => a.leaves.length === 1);
    expect(a.leaves[0]).toEqual({ peer: caller.id, reason: 'a message that is too large' });
    caller.destroy();
    await all.end();
  });

  test('calls with another label, serialization or lab are not taken', async () => {
    const all = room();
    const [a, b] = await joinedPair(all);
    const callers: Peer[] = [];
    for (const options of [
      { label: 'other' },
      { serialization: 'binary' },
      { reliable: false },
      { metadata: { lab: 'murmuration', version: 'other', built: 0 } },
      { metadata: 'x'.repeat(10_000) },
    ]) {
      callers.push((await call(a.transport.self, options)).caller);
    }
    // A proper call, made after all of these, is taken; none of them was.
    const proper = await call(a.transport.self);
    await a.until(() => a.joins.includes(proper.caller.id));
    expect(a.joins).toEqual([b.transport.self, proper.caller.id]);
    expect(all.pages[0]?.status().outdated).toBe(false);
    for (const caller of [...callers, proper.caller]) caller.destroy();
    await all.end();
  });
});

describe('the door', () => {
  test('the first is alone and holds it; the next is found; when the holder goes, another holds it', async () => {
    const all = room();
    const a = new Probe(await all.endpoint(0));
    await all.watches[0]?.until(({ discovery, holder }) => discovery === 'alone' && holder);
    const b = new Probe(await all.endpoint(1));
    await b.until(() => b.joins.length === 1);
    await a.until(() => a.joins.length === 1);
    await all.watches[1]?.until(({ discovery }) => discovery === 'found');
    expect(all.pages[1]?.status().holder).toBe(false);
    all.pages[0]?.close();
    await b.until(() => b.leaves.length === 1);
    await all.watches[1]?.until(({ holder }) => holder);
    const c = new Probe(await all.endpoint(2));
    await c.until(() => c.joins.includes(b.transport.self));
    expect(a.joins).toEqual([b.transport.self]);
    await all.end();
  });

  test('two in a room that lost each other meet again', async () => {
    const all = room();
    const [a, b] = await joinedPair(all);
    a.transport.drop(b.transport.self, 'suspected');
    await a.until(() => a.joins.length === 2);
    await b.until(() => b.joins.length === 2);
    await b.transport.send(a.transport.self, 'control', pattern(7, 7));
    await a.until(() => a.messages.length === 1);
    await all.end();
  });

  test('a newer lab takes the door from an older one, which is told', async () => {
    const all = room((position) => ({ lab: { version: `v${position}`, built: 10 + position } }));
    await all.endpoint(0);
    await all.watches[0]?.until(({ holder }) => holder);
    await all.endpoint(1);
    await all.watches[0]?.until(({ outdated, holder }) => outdated && !holder);
    await all.watches[1]?.until(({ holder, discovery }) => holder && discovery === 'alone');
    expect(all.pages[1]?.status().outdated).toBe(false);
    await all.end();
  });

  test('an older lab at a newer one’s door is told', async () => {
    const all = room((position) => ({ lab: { version: `v${position}`, built: 10 - position } }));
    await all.endpoint(0);
    await all.watches[0]?.until(({ holder }) => holder);
    await all.endpoint(1);
    await all.watches[1]?.until(({ outdated }) => outdated);
    expect(all.pages[0]?.status()).toMatchObject({ outdated: false, holder: true });
    await all.end();
  });

  test('rooms do not mix', async () => {
    const [one, two] = [room(), room()];
    const [a] = await joinedPair(one);
    await two.endpoint(0);
    await two.watches[0]?.until(({ discovery }) => discovery === 'alone');
    expect(a.transport.peers().length).toBe(1);
    await one.end();
    await two.end();
  });

  test('no signalling server: down, and tried again', async () => {
    const all = room(() => ({ server: { ...server, path: '/nothing-here' } }));
    await all.endpoint(0);
    await all.watches[0]?.until(({ signalling }) => signalling === 'down');
    expect(all.pages[0]?.status().discovery).toBe('searching');
    await all.end();
  });
});

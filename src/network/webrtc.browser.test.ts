/**
 * The WebRTC transport over the real thing: PeerJS in this page, the lanes in dedicated workers, and our
 * own PeerServer, which the test runner's server embeds (see vitest.config.ts).
 */
import { describe, expect, test } from 'vitest';
import { type Flock, joinedPair, Probe, pattern, transportContract } from './contract.ts';
import { randomPeerId } from './identity.ts';
import { workerEndpoints } from './testing/endpoints.ts';
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

describe('webrtc, lanes in workers', () => {
  transportContract('webrtc', () => room());
});

describe('webrtc, relayed by the page', () => {
  transportContract('webrtc', () => room(() => ({ relay: true })));
});

describe('the door', () => {
  test('the first is alone and holds it; the next is found; when the holder goes, another holds it', async () => {
    const all = room();
    const a = new Probe(await all.endpoint(0));
    await all.watches[0]?.until(({ discovery, holder }) => discovery === 'alone' && holder);
    const b = new Probe(await all.endpoint(1));
    await b.until(() => b.joins.length === 1);
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

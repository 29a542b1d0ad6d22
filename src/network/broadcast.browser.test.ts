import { describe, expect, test } from 'vitest';
import type { CountingTransport } from './book.ts';
import { broadcastTransport } from './broadcast.ts';
import { joinedPair, pattern, transportContract } from './contract.ts';
import { randomPeerId } from './identity.ts';
import { workerEndpoints } from './testing/endpoints.ts';

const id = () => randomPeerId((bytes) => crypto.getRandomValues(bytes));

const inPage = () => {
  const room = id();
  const made: CountingTransport[] = [];
  return {
    room,
    endpoint() {
      const transport = broadcastTransport({ room, self: id() });
      made.push(transport);
      return transport;
    },
    end() {
      for (const transport of made) transport.close();
    },
  };
};

describe('broadcast, endpoints in one page', () => {
  transportContract('broadcast', inPage);

  test('dropped peers meet again', async () => {
    const [a, b] = await joinedPair(inPage());
    a.transport.drop(b.transport.self, 'suspected');
    await a.until(() => a.joins.length === 2);
    await b.until(() => b.joins.length === 2);
    expect([a.leaves.length, b.leaves.length]).toEqual([1, 1]);
    await a.transport.send(b.transport.self, 'bulk', pattern(10, 1));
    await b.until(() => b.messages.length === 1);
  });

  test('rubbish on the room’s channel changes nothing; on a link it ends the link', async () => {
    const flock = inPage();
    const [a, b] = await joinedPair(flock);
    const room = new BroadcastChannel(`murmuration:room:${flock.room}`);
    for (const rubbish of [null, 7, 'x', {}, { kind: 'offer' }, { kind: 'knock', from: 1, to: [] }]) {
      room.postMessage(rubbish);
    }
    room.postMessage({ kind: 'offer', from: '0', to: a.transport.self, link: 'x' });
    await a.until(() => a.joins.includes('0'));
    const link = new BroadcastChannel(`murmuration:x:0>${a.transport.self}`);
    link.postMessage({ kind: 'data', lane: 'bulk', bytes: new Uint8Array(65_537) });
    await a.until(() => a.leaves.length === 1);
    expect(a.leaves[0]).toEqual({ peer: '0', reason: 'a message that is too large' });
    expect(a.messages).toEqual([]);
    await a.transport.send(b.transport.self, 'bulk', pattern(10, 1));
    await b.until(() => b.messages.length === 1);
    room.close();
    link.close();
    await flock.end();
  });
});

describe('broadcast, each endpoint in a worker of its own', () => {
  transportContract('broadcast', () => {
    const room = id();
    return workerEndpoints((_, channel) => ({ kind: 'broadcast', room, self: id(), port: channel.port2 }));
  });
});

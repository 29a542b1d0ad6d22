/** The signalling server against raw sockets: whatever they send, it stays up and serves the next one. */
import { createServer as createHttpServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createServer } from 'vite';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Clock, realClock, sleepWith } from '../base/clock.ts';
import { FLOOD_LIMITS, type FloodLimits, TokenBucket } from './flood.ts';
import { attachSignalling, MAX_SIGNAL_BYTES } from './peer-server.ts';
import { checkPort, portFrom } from './port.ts';
import { signallingPlugin } from './signalling.ts';

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Time that passes only when told to. */
class HandClock implements Clock {
  #now = 0;
  #due: { at: number; action: () => void }[] = [];
  now() {
    return this.#now;
  }
  after(milliseconds: number, action: () => void) {
    const entry = { at: this.#now + milliseconds, action };
    this.#due.push(entry);
    return () => {
      this.#due = this.#due.filter((other) => other !== entry);
    };
  }
  sleep(milliseconds: number, signal?: AbortSignal) {
    return sleepWith(this.after.bind(this), milliseconds, signal);
  }
  pass(milliseconds: number) {
    this.#now += milliseconds;
    const due = this.#due.filter(({ at }) => at <= this.#now);
    this.#due = this.#due.filter(({ at }) => at > this.#now);
    for (const { action } of due) action();
  }
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return portOf(server);
}

function portOf(server: Pick<Server, 'address'> | null): number {
  const bound = server?.address();
  if (typeof bound !== 'object' || bound === null) throw new Error('The server does not listen.');
  return bound.port;
}

/** Bytes that look random and are the same in every run. */
function noise(length: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

async function start(options: { limits?: Partial<FloodLimits>; clock?: Clock } = {}) {
  const server = createHttpServer((_, response) => response.end('lab'));
  const log: string[] = [];
  const signalling = attachSignalling(server, {
    path: '/signalling',
    alone: true,
    limits: { ...FLOOD_LIMITS, ...options.limits },
    clock: options.clock ?? realClock,
    log: (line) => log.push(line),
  });
  const port = await listening(server);
  ends.push(async () => {
    signalling.close();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return { port, log };
}

const address = (port: number, id: string, token = 't') =>
  `ws://127.0.0.1:${port}/signalling/peerjs?key=peerjs&id=${id}&token=${token}`;

/** A well-behaved client. */
class Client {
  readonly socket: WebSocket;
  readonly messages: unknown[] = [];
  readonly closed: Promise<number>;
  #wake = () => {};

  constructor(url: string, protocol: string[] = []) {
    this.socket = new WebSocket(url, protocol);
    this.socket.on('message', (data) => {
      this.messages.push(JSON.parse(String(data)));
      this.#wake();
    });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => this.socket.on('close', (code) => resolve(code)));
    ends.push(() => this.socket.terminate());
  }

  async next(): Promise<unknown> {
    while (this.messages.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.messages.shift();
  }

  say(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }
}

async function joined(port: number, id: string): Promise<Client> {
  const client = new Client(address(port, id));
  expect(await client.next()).toEqual({ type: 'OPEN' });
  return client;
}

/** The status line of the answer to an HTTP upgrade. */
async function upgradeStatus(port: number, target: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  ends.push(() => void socket.destroy());
  socket.write(
    `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  const [line = ''] = (await firstData(socket)).split('\r\n');
  return line;
}

function firstData(socket: Socket): Promise<string> {
  return new Promise((resolve) => socket.once('data', (data) => resolve(data.toString('latin1'))));
}

/** A socket that has shaken hands and may now send any bytes. */
async function raw(port: number, id: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  ends.push(() => void socket.destroy());
  socket.on('error', () => {});
  socket.write(
    `GET /signalling/peerjs?key=peerjs&id=${id}&token=t HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n` +
      'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  expect(await firstData(socket)).toContain('101 Switching Protocols');
  return socket;
}

const gone = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()));

describe('signalling', () => {
  test('relays offers with the sender’s own name, whatever it claims', async () => {
    const { port } = await start();
    const a = await joined(port, 'a');
    const b = await joined(port, 'b');
    a.say({ type: 'HEARTBEAT' });
    a.say({ type: 'OFFER', src: 'somebody-else', dst: 'b', payload: { sdp: 'x' } });
    expect(await b.next()).toEqual({ type: 'OFFER', src: 'a', dst: 'b', payload: { sdp: 'x' } });
  });

  test('an id that is taken is taken', async () => {
    const { port } = await start();
    await joined(port, 'a');
    const thief = new Client(address(port, 'a', 'other'));
    expect(await thief.next()).toMatchObject({ type: 'ID-TAKEN' });
  });

  test('malformed frames end their socket alone', async () => {
    const { port, log } = await start();
    const witness = await joined(port, 'witness');
    const frames = [
      [0x83, 0x80, 0, 0, 0, 0], // reserved opcode
      [0x81, 0x05, 1, 2, 3, 4, 5], // not masked
      [0xf1, 0x80, 0, 0, 0, 0], // reserved bits
      [0x89, 0xfe, 1, 0, 0, 0, 0, 0], // a ping of 256 bytes
      [0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], // 2^64 - 1 bytes
      [0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28], // not UTF-8
    ];
    for (const [i, frame] of frames.entries()) {
      const socket = await raw(port, `raw${i}`);
      const end = gone(socket);
      socket.write(Uint8Array.from(frame));
      await end;
    }
    expect(log.length).toBeGreaterThanOrEqual(frames.length);
    for (let i = 0; i < 100; i++) {
      const socket = await raw(port, `noise${i}`);
      const end = gone(socket);
      socket.end(noise(200, i));
      socket.resume();
      await end;
    }
    witness.say({ type: 'OFFER', dst: 'witness', payload: {} });
    expect(await witness.next()).toMatchObject({ type: 'OFFER', src: 'witness' });
  });

  test.each([
    ['not JSON', 'rubbish'],
    ['nothing', 'null'],
    ['a number', '7'],
    ['no kind', {}],
    ['LEAVE, which is the server’s to say', { type: 'LEAVE', dst: 'witness' }],
    ['EXPIRE, which is the server’s to say', { type: 'EXPIRE', dst: 'witness' }],
    ['no addressee', { type: 'OFFER', payload: {} }],
    ['an addressee that is no name', { type: 'OFFER', dst: { a: 1 }, payload: {} }],
    ['an addressee that is too long', { type: 'OFFER', dst: 'a'.repeat(65), payload: {} }],
    ['no payload', { type: 'CANDIDATE', dst: 'witness' }],
  ])('refuses %s', async (_, message) => {
    const { port } = await start();
    const witness = await joined(port, 'witness');
    const rude = await joined(port, 'rude');
    rude.say(message);
    expect(await rude.closed).toBe(1008);
    witness.say({ type: 'OFFER', dst: 'witness', payload: {} });
    expect(await witness.next()).toMatchObject({ src: 'witness' });
  });

  test('messages over 64 KiB are refused, up to it they pass', async () => {
    const { port } = await start();
    const a = await joined(port, 'a');
    const frame = (size: number) => {
      const bare = JSON.stringify({ type: 'OFFER', dst: 'a', payload: { x: '' } });
      return bare.replace('""', `"${'x'.repeat(size - bare.length)}"`);
    };
    a.say(frame(MAX_SIGNAL_BYTES));
    expect(await a.next()).toMatchObject({ type: 'OFFER', src: 'a' });
    a.say(frame(MAX_SIGNAL_BYTES + 1));
    expect(await a.closed).toBe(1009);
    await joined(port, 'b');
  });

  test('a flood is cut off', async () => {
    const { port } = await start({ limits: { messages: { burst: 20, perSecond: 0 } } });
    const a = await joined(port, 'a');
    const b = await joined(port, 'b');
    for (let i = 0; i < 40; i++) a.say({ type: 'CANDIDATE', dst: 'b', payload: { i } });
    expect(await a.closed).toBe(1008);
    for (let i = 0; i < 20; i++) expect(await b.next()).toMatchObject({ payload: { i } });
    await joined(port, 'c');
    expect(b.messages).toEqual([]);
  });

  test('sockets of one address are bounded, and free again when closed', async () => {
    const { port } = await start({ limits: { socketsPerAddress: 2 } });
    const a = await joined(port, 'a');
    await joined(port, 'b');
    const target = '/signalling/peerjs?key=peerjs&id=c&token=t';
    expect(await upgradeStatus(port, target)).toContain('429');
    a.socket.close();
    await a.closed;
    // The server hears of it before the client does.
    await joined(port, 'c');
  });

  test('a socket that answers no pings is closed; half a request harms nobody', async () => {
    const clock = new HandClock();
    const { port } = await start({ clock });
    const half = connect(port, '127.0.0.1');
    ends.push(() => void half.destroy());
    half.write('GET /signalling/peerjs HTTP/1.1\r\nUpgra');
    const dead = await raw(port, 'dead');
    const live = await joined(port, 'live');
    const end = gone(dead);
    for (let i = 0; i < 4; i++) {
      const pinged = new Promise((resolve) => live.socket.once('ping', resolve));
      clock.pass(5_000);
      if (i < 3) await pinged;
    }
    await end;
    live.say({ type: 'OFFER', dst: 'live', payload: {} });
    expect(await live.next()).toMatchObject({ src: 'live' });
  });

  test.each([
    ['/signalling/peerjs?key=peerjs&id=a%20b&token=t', '400'],
    ['/signalling/peerjs?key=peerjs&token=t', '400'],
    [`/signalling/peerjs?key=peerjs&id=${'a'.repeat(65)}&token=t`, '400'],
    ['/elsewhere', '404'],
    ['http://[', '404'],
  ])('an upgrade of %s is answered %s', async (target, status) => {
    const { port } = await start();
    expect(await upgradeStatus(port, target)).toContain(status);
    await joined(port, 'a');
  });
});

describe('allowances', () => {
  test('a bucket gives its burst, then its rate', () => {
    const clock = new HandClock();
    const bucket = new TokenBucket({ burst: 3, perSecond: 2 }, clock);
    expect([1, 1, 1, 1].map((n) => bucket.take(n))).toEqual([true, true, true, false]);
    clock.pass(500);
    expect([bucket.take(), bucket.take()]).toEqual([true, false]);
    clock.pass(60_000);
    expect([bucket.full(), bucket.take(4), bucket.take(3)]).toEqual([true, false, true]);
  });
});

describe('in a dev server', () => {
  test('hot reload and signalling share the port; lab.json names the room', async () => {
    const server = await createServer({
      configFile: false,
      root: import.meta.dirname,
      logLevel: 'silent',
      server: { port: 0, host: '127.0.0.1' },
      optimizeDeps: { noDiscovery: true },
      plugins: [signallingPlugin({ version: 'v', built: 5, room: 'TEST-1' })],
    });
    ends.push(() => server.close());
    await server.listen();
    const port = portOf(server.httpServer);
    const lab = await (await fetch(`http://127.0.0.1:${port}/lab.json`)).json();
    expect(lab).toEqual({
      ...{ room: 'TEST-1', version: 'v', built: 5, signalling: { path: '/signalling' } },
      ...{ former: [], addresses: [] },
    });
    expect(await (await fetch(`http://127.0.0.1:${port}/signalling/peerjs/id`)).text()).toMatch(
      /^[0-9a-f-]{36}$/,
    );
    const reload = new Client(`ws://127.0.0.1:${port}/`, ['vite-hmr']);
    expect(await reload.next()).toEqual({ type: 'connected' });
    await joined(port, 'a');
    server.ws.send({ type: 'custom', event: 'still', data: 1 });
    expect(await reload.next()).toMatchObject({ event: 'still' });
  });

  test('a bad room in the environment is refused in words', () => {
    const named = (room: string) => () => signallingPlugin({ version: 'v', built: 5, room });
    expect(named('no/slashes')).toThrow(
      "MURMURATION_ROOM: “no/slashes” cannot be a room's name. It contains “/”. Choose another: letters and digits of any script, spaces and _ . -, up to 64 characters.",
    );
    expect(named('new')).toThrow('opens a fresh room');
    expect(named('Klasse 5b')).not.toThrow();
  });
});

describe('port', () => {
  test('a busy port: one line that names it and says how to choose another', async () => {
    const server = createHttpServer();
    const port = await listening(server);
    ends.push(() => void server.close());
    await expect(checkPort({ port, strictPort: true, host: '127.0.0.1' })).rejects.toThrow(
      `Port ${port} is already in use; choose another with PORT, for example: PORT=${port + 1} npm start`,
    );
  });

  test('a host that is none: a line about HOST, not about the port', async () => {
    const refused = async (host: string) =>
      checkPort({ port: 18_080, strictPort: true, host }).then(
        () => 'accepted',
        (error: Error) => error.message,
      );
    expect(await refused('no such host')).toMatch(/^HOST: “no such host” has no address.*HOST=0\.0\.0\.0/);
    // An address for examples, which no machine has.
    expect(await refused('192.0.2.1')).toMatch(/^HOST: “192\.0\.2\.1” is no address of this machine/);
  });

  test('PORT must be a port', () => {
    expect([portFrom(undefined), portFrom('0'), portFrom('65535')]).toEqual([8080, 0, 65_535]);
    for (const bad of ['x', '-1', '65536', '80.5', ' 80']) expect(() => portFrom(bad)).toThrow(/no port/);
  });
});

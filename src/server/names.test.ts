/** The server's room, its addresses, and the names that it answers to. */
import { type IncomingMessage, request } from 'node:http';
import type { NetworkInterfaceInfo } from 'node:os';
import { createServer, type InlineConfig, type ViteDevServer } from 'vite';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { parseLab } from '../network/lab.ts';
import { doorId } from '../network/webrtc/door-id.ts';
import { address, addressesForOthers, greeting } from './addresses.ts';
import { homeRoom } from './home-room.ts';
import { allowedHosts, answersTo, cameToLoopback } from './hosts.ts';
import { signallingPlugin } from './signalling.ts';

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function serve(server: InlineConfig['server'] = {}, room?: string): Promise<ViteDevServer> {
  const vite = await createServer({
    configFile: false,
    root: import.meta.dirname,
    logLevel: 'silent',
    server: { port: 0, host: '127.0.0.1', ...server },
    optimizeDeps: { noDiscovery: true },
    plugins: [signallingPlugin({ version: 'v', built: 5, ...(room === undefined ? {} : { room }) })],
  });
  ends.push(() => vite.close());
  await vite.listen();
  return vite;
}

const portOf = (vite: ViteDevServer) => Number(address(vite.httpServer).split(':').at(-1));

/** What the server answers under this name. */
function get(
  port: number,
  path: string,
  host: string,
): Promise<{ status: number; text: string; type: string }> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, headers: { host } };
    request(options, (response: IncomingMessage) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      const { statusCode = 0, headers } = response;
      response.on('end', () => resolve({ status: statusCode, text, type: headers['content-type'] ?? '' }));
    })
      .on('error', reject)
      .end();
  });
}

async function labOf(port: number, query = '', host = `localhost:${port}`) {
  const lab = parseLab(JSON.parse((await get(port, `/lab.json${query}`, host)).text));
  if (lab === null) throw new Error('No lab answered.');
  return lab;
}

describe('the room of a server', () => {
  it('is the same when it is started again, and another on another port', async () => {
    const first = await serve();
    const { room } = await labOf(portOf(first));
    await first.close();
    const again = await labOf(portOf(await serve()));
    expect(again.room).toBe(room);
    expect(homeRoom(import.meta.dirname, 0)).toBe(room);
    expect(homeRoom(import.meta.dirname, 8080)).not.toBe(homeRoom(import.meta.dirname, 8081));
    expect(homeRoom(import.meta.dirname, 8080)).not.toBe(homeRoom('/', 8080));
  });

  it('that it had before is told to newcomers as long as somebody is in it', async () => {
    const port = portOf(await serve({}, 'new room'));
    expect((await labOf(port)).former).toEqual([]);
    // Rooms that nobody is in, and names that are none, are not passed on.
    for (const claim of ['old room', 'nobody', 'a/b', 'NEW ROOM', 'x'.repeat(100)]) {
      expect((await labOf(port, `?in=${encodeURIComponent(claim)}`)).former).toEqual([]);
    }
    const id = doorId('old room');
    const socket = new WebSocket(`ws://127.0.0.1:${port}/signalling/peerjs?key=peerjs&id=${id}&token=t`);
    ends.push(() => socket.terminate());
    await new Promise((resolve) => socket.once('message', resolve));
    expect((await labOf(port)).former).toEqual(['old room']);
    for (let i = 0; i < 40; i += 1) await labOf(port, `?in=flood-${i}`);
    expect((await labOf(port)).former).toEqual([]);
    expect((await labOf(port, '?in=Old%20Room')).former).toEqual(['Old Room']);
    socket.close();
    await new Promise((resolve) => socket.once('close', resolve));
    expect((await labOf(port)).former).toEqual([]);
  });
});

describe('the names a server answers to', () => {
  it('are numbers, localhost, .local, this machine, HOST, and those that were listed', () => {
    const allowed = allowedHosts(' Lab.Example.org, .school.example ', 'here');
    for (const host of [
      ...[
        'localhost',
        'localhost:8080',
        'a.localhost',
        '127.0.0.1:1',
        '192.168.1.5',
        '[::1]:80',
        '[fe80::1]',
      ],
      ...[
        'pc.local',
        'here:8080',
        'lab.example.org',
        'LAB.example.ORG:80',
        'school.example',
        'a.b.school.example',
      ],
    ]) {
      expect(answersTo(host, allowed), host).toBe(true);
    }
    for (const host of [
      ...[undefined, '', 'evil.example', 'sub.lab.example.org', 'xschool.example', 'localhost.evil.example'],
      ...[
        '1.2.3.4.evil.example',
        'localhost@evil.example',
        'evil.example#.local',
        'a b.local',
        'x'.repeat(400),
      ],
    ]) {
      expect(answersTo(host, allowed), String(host)).toBe(false);
    }
  });

  it('must be names', () => {
    for (const bad of ['http://a', 'a:80', '*', 'a,b/c', '1.2.3.4', 'a..b', '-a', 'x'.repeat(70)]) {
      expect(() => allowedHosts(bad), bad).toThrow('is no host name');
    }
    expect(allowedHosts('')).toContain('.local');
  });

  it('are told from others before anything is served, in a sentence that says what to do', async () => {
    const hosts = allowedHosts('lab.example.org');
    const port = portOf(await serve({ allowedHosts: hosts }));
    for (const path of ['/', '/lab.json', '/signalling/peerjs/id']) {
      const { status, text, type } = await get(port, path, 'evil.example:80');
      expect([status, type]).toEqual([403, 'text/plain; charset=utf-8']);
      expect(text).toContain('does not answer to the name “evil.example”');
      expect(text).toContain('MURMURATION_HOSTS=evil.example npm start');
      expect(text).not.toMatch(/vite|[.](js|ts)\b/);
      expect((await get(port, path, `lab.example.org:${port}`)).status).not.toBe(403);
    }
    expect((await get(port, '/', '<script>')).text).not.toContain('MURMURATION_HOSTS=');
  });

  it('hold for signalling sockets, too', async () => {
    const port = portOf(await serve({ allowedHosts: [] }));
    const open = (host: string) =>
      new Promise<string>((resolve) => {
        const url = `ws://127.0.0.1:${port}/signalling/peerjs?key=peerjs&id=a&token=t`;
        const socket = new WebSocket(url, { headers: { host } });
        ends.push(() => socket.terminate());
        socket.once('error', (error) => resolve(error.message));
        socket.once('open', () => resolve('open'));
      });
    expect(await open('evil.example')).toContain('403');
    expect(await open('localhost')).toBe('open');
  });
});

describe('the addresses of a server', () => {
  const info = (host: string, family: 'IPv4' | 'IPv6', internal = false): NetworkInterfaceInfo =>
    family === 'IPv4'
      ? { address: host, family, internal, netmask: '', mac: '', cidr: null }
      : { address: host, family, internal, netmask: '', mac: '', cidr: null, scopeid: 0 };
  const interfaces = {
    lo: [info('127.0.0.1', 'IPv4', true), info('::1', 'IPv6', true)],
    docker0: [info('172.17.0.1', 'IPv4')],
    tun0: [info('10.8.0.2', 'IPv4')],
    eth0: [info('10.1.2.3', 'IPv4'), info('fe80::1', 'IPv6'), info('2001:db8::7', 'IPv6')],
    wlan0: [info('192.168.1.5', 'IPv4'), info('169.254.7.7', 'IPv4')],
  };
  const bound = (host: string) => ({ address: () => ({ address: host, port: 8080 }) });

  it('for others are those of the machine, the likeliest first', () => {
    const four = ['http://192.168.1.5:8080', 'http://10.1.2.3:8080', 'http://10.8.0.2:8080'];
    expect(addressesForOthers(bound('0.0.0.0'), interfaces)).toEqual([...four, 'http://172.17.0.1:8080']);
    expect(addressesForOthers(bound('::'), interfaces)).toContain('http://[2001:db8::7]:8080');
    expect(addressesForOthers(bound('192.168.1.5'), interfaces)).toEqual(['http://192.168.1.5:8080']);
    expect(addressesForOthers(bound('127.0.0.1'), interfaces)).toEqual([]);
    expect(addressesForOthers(bound('::1'), interfaces)).toEqual([]);
    expect(addressesForOthers(bound('0.0.0.0'), { lo: interfaces.lo })).toEqual([]);
  });

  it('are printed: localhost for oneself, and what others open', () => {
    expect(greeting(bound('127.0.0.1'), 'R')).toBe(
      '\n  Murmuration is at http://localhost:8080 (room R). Open it in several tabs.\n',
    );
    const text = greeting(bound('192.168.1.5'), 'R');
    expect(text).toContain('Murmuration is at http://192.168.1.5:8080');
    expect(text).toContain('WebGPU on localhost alone');
  });

  it('are in lab.json for who sits at this machine', async () => {
    const vite = await serve({ host: '0.0.0.0', allowedHosts: ['.local'] });
    const port = portOf(vite);
    const { addresses } = await labOf(port);
    expect(addresses).toEqual(addressesForOthers(vite.httpServer));
    expect(addresses.join(' ')).not.toMatch(/localhost|127\./);
    expect((await labOf(port, '', 'pc.local')).addresses).toEqual([]);
    expect(['localhost:1', '127.0.0.1', '[::1]:80', 'pc.local', undefined].map(cameToLoopback)).toEqual([
      ...[true, true, true, false, false],
    ]);
  });
});

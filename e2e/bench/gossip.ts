/** Goodput and page stalls between two tabs: our WebRTC transport against PeerJS `binary`, warm, in turns. */
import { randomBytes } from 'node:crypto';
import type { Browser, Page } from 'playwright';
import type { Bench } from './page/main.ts';
import { median, type Row, row } from './rows.ts';

/** Parameters of MLP 784-128-10 in f32: one uncompressed gossip message. */
const MESSAGE_BYTES = 101_770 * 4;
/** About 40 MB: a connection needs as much to warm up. */
const MESSAGES = 100;
const TURNS = 3;
const NAMES = ['ours', 'peerjs'] as const;

async function openPage(browser: Browser, url: string): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForFunction(() => Reflect.has(window, 'bench'));
  return page;
}

function openEnds([room, id, other, call]: [string, string, string, boolean]): Promise<void> {
  const bench: Bench = Reflect.get(window, 'bench');
  return bench.openOurs(room).then(() => bench.openPeerJs(id, other, call));
}

function awaitConnection(name: string): Promise<void> {
  const bench: Bench = Reflect.get(window, 'bench');
  return bench.whenConnected(name);
}

function sendBatch([name, messages, bytes]: [string, number, number]) {
  const bench: Bench = Reflect.get(window, 'bench');
  return bench.send(name, messages, bytes);
}

export async function benchGossip(browser: Browser, url: string): Promise<readonly Row[]> {
  const a = await openPage(browser, url);
  const b = await openPage(browser, url);
  const token = randomBytes(8).toString('hex');
  // The one that is called has to be known to the signalling server before the other one calls.
  await b.evaluate(openEnds, [token, `${token}b`, `${token}a`, false] satisfies [
    string,
    string,
    string,
    boolean,
  ]);
  await a.evaluate(openEnds, [token, `${token}a`, `${token}b`, true] satisfies [
    string,
    string,
    string,
    boolean,
  ]);
  const goodput = new Map<string, number[]>();
  const stall = new Map<string, number[]>();
  for (const name of NAMES) {
    await Promise.all([a.evaluate(awaitConnection, name), b.evaluate(awaitConnection, name)]);
  }
  for (let at = 0; at <= TURNS; at++) {
    for (const name of NAMES) {
      const batch = await a.evaluate(sendBatch, [name, MESSAGES, MESSAGE_BYTES] satisfies [
        string,
        number,
        number,
      ]);
      if (at === 0) continue;
      const megabits = (MESSAGES * MESSAGE_BYTES * 8) / 1000 / batch.milliseconds;
      goodput.set(name, [...(goodput.get(name) ?? []), megabits]);
      stall.set(name, [...(stall.get(name) ?? []), batch.stall]);
    }
  }
  await a.context().close();
  await b.context().close();
  const middle = (values: Map<string, number[]>, name: string) => median(values.get(name) ?? []);
  const peer = (values: Map<string, number[]>) => ({
    name: 'PeerJS binary',
    value: middle(values, 'peerjs'),
  });
  return [
    row('gossip', 'goodput of two tabs, warm', 'Mbit/s', 'loopback', middle(goodput, 'ours'), peer(goodput)),
    row(
      'gossip-stall',
      'longest page stall while sending',
      'ms',
      'loopback',
      middle(stall, 'ours'),
      peer(stall),
    ),
  ];
}

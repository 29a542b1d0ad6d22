/**
 * Goodput between two tabs: our WebRTC transport, and PeerJS's `binary` connection in its ordinary use.
 * A batch is so many whole messages the size of a model; its time runs until the last one is acknowledged.
 */
import { type DataConnection, Peer } from 'peerjs';
import { randomPeerId } from '../../../src/network/identity.ts';
import { openWebRtcPage } from '../../../src/network/webrtc/page.ts';
import type { SignallingServer } from '../../../src/network/webrtc/signalling.ts';
import GossipWorker from './gossip-worker.ts?worker';

export type ToWorker =
  | { readonly kind: 'open'; readonly self: string; readonly port: MessagePort }
  | { readonly kind: 'send'; readonly messages: number; readonly bytes: number };

type FromWorker =
  | { readonly kind: 'joined' }
  | { readonly kind: 'sent'; readonly milliseconds: number }
  | { readonly kind: 'failed'; readonly reason: string };

/** One end of a connection. */
interface End {
  /** Resolves once the other end is there. */
  readonly connected: Promise<void>;
  /** Milliseconds that a batch took. */
  send(messages: number, bytes: number): Promise<number>;
}

const server: SignallingServer = {
  host: location.hostname,
  port: Number(location.port),
  path: '/signalling',
  secure: false,
};
const ends = new Map<string, End>();

/** The longest time, in ms, that this page's thread did nothing else for it while `work` went on. */
async function longestStall<T>(work: Promise<T>): Promise<{ result: T; stall: number }> {
  let stall = 0;
  let last = performance.now();
  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    const now = performance.now();
    stall = Math.max(stall, now - last);
    last = now;
    // A timer first, so that this loop does not fill the thread by itself.
    setTimeout(() => channel.port2.postMessage(null), 0);
  };
  channel.port2.postMessage(null);
  const result = await work;
  channel.port1.close();
  return { result, stall };
}

export function openOurs(room: string): void {
  const worker = new GossipWorker();
  const self = randomPeerId((bytes) => crypto.getRandomValues(bytes));
  const { port1, port2 } = new MessageChannel();
  worker.postMessage({ kind: 'open', self, port: port2 } satisfies ToWorker, [port2]);
  openWebRtcPage({ room, server, self, port: port1, lab: { version: 'bench', built: 1 } });
  const answer = (kind: FromWorker['kind']) =>
    new Promise<FromWorker>((resolve, reject) => {
      const listen = ({ data }: MessageEvent<FromWorker>) => {
        if (data.kind !== kind && data.kind !== 'failed') return;
        worker.removeEventListener('message', listen);
        if (data.kind === 'failed') reject(new Error(data.reason));
        else resolve(data);
      };
      worker.addEventListener('message', listen);
    });
  ends.set('ours', {
    connected: answer('joined').then(() => {}),
    async send(messages, bytes) {
      const sent = answer('sent');
      worker.postMessage({ kind: 'send', messages, bytes } satisfies ToWorker);
      const result = await sent;
      return result.kind === 'sent' ? result.milliseconds : Number.NaN;
    },
  });
}

function peerJsEnd(connection: Promise<DataConnection>): End {
  let acknowledged = () => {};
  const open = connection.then(
    (each) =>
      new Promise<DataConnection>((resolve) => {
        // A message is told from its acknowledgement by its size.
        each.on('data', (data) => {
          const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : data;
          if (!(bytes instanceof Uint8Array)) return;
          if (bytes.length === 1) acknowledged();
          else if (bytes[0] === 1) void each.send(Uint8Array.of(1));
        });
        if (each.open) resolve(each);
        else each.on('open', () => resolve(each));
      }),
  );
  return {
    connected: open.then(() => {}),
    async send(messages, bytes) {
      const each = await open;
      const payload = new Uint8Array(bytes).map((_, at) => at & 0xff);
      const done = new Promise<void>((resolve) => {
        acknowledged = resolve;
      });
      const started = performance.now();
      for (let message = messages; message > 0; message--) {
        payload[0] = message === 1 ? 1 : 0;
        await each.send(payload);
      }
      await done;
      return performance.now() - started;
    },
  };
}

/**
 * Resolves once the signalling server knows this tab. `call`: true in the tab that calls the other one,
 * which has to be known by then.
 */
export async function openPeerJs(id: string, other: string, call: boolean): Promise<void> {
  const peer = new Peer(id, { ...server, config: { iceServers: [] } });
  const called = new Promise<DataConnection>((resolve) => {
    peer.on('connection', resolve);
  });
  await new Promise<void>((resolve, reject) => {
    peer.on('error', reject);
    peer.on('open', () => resolve());
  });
  const connection = call
    ? Promise.resolve(peer.connect(other, { serialization: 'binary', reliable: true }))
    : called;
  ends.set('peerjs', peerJsEnd(connection));
}

function need(name: string): End {
  const end = ends.get(name);
  if (end === undefined) throw new Error(`There is no connection "${name}".`);
  return end;
}

export async function whenConnected(name: string): Promise<void> {
  await need(name).connected;
}

export async function send(name: string, messages: number, bytes: number) {
  const { result, stall } = await longestStall(need(name).send(messages, bytes));
  return { milliseconds: result, stall };
}

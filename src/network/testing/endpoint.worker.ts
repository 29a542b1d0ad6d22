/** For tests: one transport in a dedicated worker, driven by `endpoints.ts`. */
import type { CountingTransport } from '../book.ts';
import { broadcastTransport } from '../broadcast.ts';
import { webRtcTransport } from '../webrtc/worker.ts';
import type { Call, EndpointSpec, Known, Told } from './endpoints.ts';

let transport: CountingTransport | null = null;

const make = ({ kind, room, self, port }: EndpointSpec): CountingTransport =>
  kind === 'webrtc' ? webRtcTransport(self, port) : broadcastTransport({ room, self });

function known(): Known {
  const peers = transport?.peers() ?? [];
  return {
    peers,
    carriers: Object.fromEntries(peers.map((peer) => [peer, transport?.carrier(peer) ?? null])),
    traffic: Object.fromEntries(peers.map((peer) => [peer, transport?.traffic(peer) ?? null])),
  };
}

type Event = Told extends infer T ? (T extends Told ? Omit<T, keyof Known> : never) : never;
const tell = (event: Event) => postMessage({ ...event, ...known() });

addEventListener('message', async ({ data }: MessageEvent<Call>) => {
  switch (data.kind) {
    case 'make':
      transport = make(data.spec);
      break;
    case 'open':
      transport?.open({
        onJoin: (peer) => tell({ kind: 'join', peer }),
        onLeave: (peer, reason) => tell({ kind: 'leave', peer, reason }),
        onMessage: (peer, lane, bytes) => tell({ kind: 'message', peer, lane, bytes }),
      });
      break;
    case 'send': {
      const error = await transport?.send(data.to, data.lane, data.bytes).then(
        () => null,
        (reason) => String(reason),
      );
      tell({ kind: 'sent', call: data.call, error: error ?? null });
      break;
    }
    case 'drop':
      transport?.drop(data.peer, data.reason);
      break;
    case 'close':
      transport?.close();
  }
});

/**
 * Our side of the goodput measurement: whole messages through frames, lanes and the WebRTC transport, in
 * a dedicated worker as in the lab. The receiver acknowledges the last message of a batch.
 */

import { webRtcTransport } from '../../../src/network/webrtc/worker.ts';
import { Assembler } from '../../../src/protocol/assembler.ts';
import { decodePart, encodeFrames } from '../../../src/protocol/codec.ts';
import { NO_VIEW } from '../../../src/protocol/frame.ts';
import type { ToWorker } from './gossip.ts';

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'open') open(data.self, data.port);
});

function open(self: string, port: MessagePort): void {
  const transport = webRtcTransport(self, port);
  const assembler = new Assembler();
  let received = 0;
  let acknowledged: (() => void) | null = null;

  function frames(payload: Uint8Array, sequence: number) {
    return encodeFrames({
      type: 'algorithm',
      view: NO_VIEW,
      round: 0,
      step: 0,
      tag: 0,
      codec: 0,
      sequence,
      source: 0,
      destination: 1,
      payload,
    });
  }

  async function sendBatch(messages: number, bytes: number): Promise<number> {
    const [peer] = transport.peers();
    if (peer === undefined) throw new Error('The other tab has left.');
    const payload = new Uint8Array(bytes).map((_, at) => at & 0xff);
    const done = new Promise<void>((resolve) => {
      acknowledged = resolve;
    });
    const started = performance.now();
    for (let message = messages; message > 0; message--) {
      // The first byte counts down, so that the receiver knows the last one.
      payload[0] = message === 1 ? 1 : 0;
      for (const part of frames(payload, message)) await transport.send(peer, 'bulk', part);
    }
    await done;
    return performance.now() - started;
  }

  transport.open({
    onJoin: () => postMessage({ kind: 'joined' }),
    onLeave: (_, reason) => postMessage({ kind: 'failed', reason: `the other tab left: ${reason}` }),
    onMessage(peer, lane, bytes) {
      if (lane === 'control') {
        acknowledged?.();
        return;
      }
      const part = decodePart(bytes);
      const whole = part.ok ? assembler.push(part.part) : part;
      if (!whole.ok) throw new Error(whole.error.message);
      if (whole.frame === null) return;
      received += 1;
      if (whole.frame.payload[0] === 1) void transport.send(peer, 'control', Uint8Array.of(received & 0xff));
    },
  });
  addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
    if (data.kind !== 'send') return;
    sendBatch(data.messages, data.bytes).then(
      (milliseconds) => postMessage({ kind: 'sent', milliseconds }),
      (error: unknown) => postMessage({ kind: 'failed', reason: String(error) }),
    );
  });
}

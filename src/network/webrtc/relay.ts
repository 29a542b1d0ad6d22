/**
 * For browsers that cannot transfer an RTCDataChannel to a worker: the page keeps the channels and passes
 * bytes to and fro over a MessagePort. Slower, and the page's stalls are felt, but the same contract. What
 * may wait on the port is bounded: towards the network by the worker's flow control, which counts what the
 * page has not yet sent; towards the worker by what it has not yet taken.
 */
import { eachLane } from '../book.ts';
import { LANES, type Lane, LOW_WATER_BYTES } from '../transport.ts';
import type { RelayToPage, RelayToWorker } from './messages.ts';

/** A worker that leaves so much untaken has stalled; the link ends, unless the message may be lost. */
const MOST_UNTAKEN_BYTES = 16_777_216;

/** The page's end. `down` ends the link. */
export function relayFromPage(
  port: MessagePort,
  channels: Readonly<Record<Lane, RTCDataChannel>>,
  down: (reason: string) => void,
): void {
  let untaken = 0;
  const tell = (message: RelayToWorker, transfer: Transferable[] = []) => port.postMessage(message, transfer);
  const lanes = eachLane(relayLane);

  function relayLane(lane: Lane) {
    const channel = channels[lane];
    channel.bufferedAmountLowThreshold = LOW_WATER_BYTES / 2;
    // Sent to the channel, but not yet reported as having left it.
    let held = 0;
    const report = () => {
      const left = held - channel.bufferedAmount;
      if (left <= 0) return;
      held -= left;
      tell({ kind: 'left', lane, bytes: left });
    };
    channel.addEventListener('open', () => tell({ kind: 'open', lane }));
    channel.addEventListener('bufferedamountlow', report);
    channel.addEventListener('close', () => tell({ kind: 'closed', lane, reason: 'the lane closed' }));
    channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      if (!(data instanceof ArrayBuffer)) {
        down('a message that is not binary');
        return;
      }
      if (untaken + data.byteLength > MOST_UNTAKEN_BYTES) {
        if (lane !== 'lossy') down('messages come faster than they are taken');
        return;
      }
      untaken += data.byteLength;
      tell({ kind: 'bytes', lane, bytes: data }, [data]);
    });
    return {
      send(bytes: ArrayBuffer) {
        if (channel.readyState !== 'open') return;
        channel.send(bytes);
        held += bytes.byteLength;
        report();
      },
    };
  }

  port.onmessage = ({ data }: MessageEvent<RelayToPage>) => {
    if (data.kind === 'bytes') lanes[data.lane].send(data.bytes);
    else if (data.kind === 'taken') untaken -= data.bytes;
    else {
      for (const lane of LANES) channels[lane].close();
      port.close();
    }
  };
}

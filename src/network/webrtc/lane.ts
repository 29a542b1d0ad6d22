/**
 * One lane as the worker sees it, whether it holds the data channel itself or a port to a page that does.
 */
import { eachLane } from '../book.ts';
import { type Lane, LOW_WATER_BYTES } from '../transport.ts';
import type { RelayToPage, RelayToWorker } from './messages.ts';

export interface LaneEvents {
  onOpen(lane: Lane): void;
  onBytes(lane: Lane, bytes: ArrayBuffer): void;
  /** The queue has shrunk to the low-water mark or less. */
  onDrain(lane: Lane): void;
  /** The lane is gone. */
  onEnd(reason: string): void;
  /** The other end broke the rules. */
  onBreach(reason: string): void;
}

export interface LaneCarrier {
  /** Bytes that were sent but have not left yet. */
  queued(): number;
  send(bytes: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

export type Lanes = Readonly<Record<Lane, LaneCarrier>>;

/** Lanes over channels that this worker holds. */
export function channelLanes(channels: Readonly<Record<Lane, RTCDataChannel>>, events: LaneEvents): Lanes {
  const carrier = (lane: Lane): LaneCarrier => {
    const channel = channels[lane];
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = LOW_WATER_BYTES;
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data instanceof ArrayBuffer) events.onBytes(lane, data);
      else events.onBreach('a message that is not binary');
    };
    channel.onbufferedamountlow = () => events.onDrain(lane);
    channel.onclose = () => events.onEnd('the other end closed the connection');
    if (channel.readyState === 'open') events.onOpen(lane);
    else channel.onopen = () => events.onOpen(lane);
    return {
      queued: () => channel.bufferedAmount,
      send: (bytes) => channel.send(bytes),
      close() {
        channel.onmessage = channel.onbufferedamountlow = channel.onclose = channel.onopen = null;
        channel.close();
      },
    };
  };
  return eachLane(carrier);
}

/** Lanes over a port to the page. */
export function relayLanes(port: MessagePort, events: LaneEvents): Lanes {
  const waiting: Record<Lane, number> = eachLane(() => 0);
  const tell = (message: RelayToPage, transfer: Transferable[] = []) => port.postMessage(message, transfer);
  port.onmessage = ({ data }: MessageEvent<RelayToWorker>) => {
    switch (data.kind) {
      case 'open':
        events.onOpen(data.lane);
        break;
      case 'bytes':
        tell({ kind: 'taken', bytes: data.bytes.byteLength });
        events.onBytes(data.lane, data.bytes);
        break;
      case 'left':
        waiting[data.lane] -= data.bytes;
        if (waiting[data.lane] <= LOW_WATER_BYTES) events.onDrain(data.lane);
        break;
      case 'closed':
        events.onEnd(data.reason);
        break;
    }
  };
  const carrier = (lane: Lane): LaneCarrier => ({
    queued: () => waiting[lane],
    send(bytes) {
      const own = bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
      waiting[lane] += own.byteLength;
      tell({ kind: 'bytes', lane, bytes: own }, [own]);
    },
    close() {
      // One port stands for all lanes: closing any closes the link.
      tell({ kind: 'close' });
      port.onmessage = null;
      port.close();
    },
  });
  return eachLane(carrier);
}

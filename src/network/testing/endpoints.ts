/**
 * For tests: transports that live in dedicated workers, each behind a stand-in in the page that passes
 * calls and events to and fro, so that the contract suite drives the real thing where it really runs.
 */
import type { CountingTransport, Traffic } from '../book.ts';
import type { Flock } from '../contract.ts';
import type { Lane, PeerId, TransportEvents } from '../transport.ts';
import { TransportError } from '../transport.ts';

/** What a worker is to make. `port` is the other end of the page part's. */
export interface EndpointSpec {
  readonly kind: 'broadcast' | 'webrtc';
  readonly room: string;
  readonly self: PeerId;
  readonly port: MessagePort;
}

/** Page to worker. */
export type Call =
  | { readonly kind: 'make'; readonly spec: EndpointSpec }
  | { readonly kind: 'open' }
  | {
      readonly kind: 'send';
      readonly call: number;
      readonly to: PeerId;
      readonly lane: Lane;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'drop'; readonly peer: PeerId; readonly reason: string }
  | { readonly kind: 'close' };

/** What the worker knows of its peers, with every answer and event. */
export interface Known {
  readonly peers: readonly PeerId[];
  readonly carriers: Readonly<Record<PeerId, string | null>>;
  readonly traffic: Readonly<Record<PeerId, Traffic | null>>;
}

/** Worker to page. */
export type Told = Known &
  (
    | { readonly kind: 'join'; readonly peer: PeerId }
    | { readonly kind: 'leave'; readonly peer: PeerId; readonly reason: string }
    | { readonly kind: 'message'; readonly peer: PeerId; readonly lane: Lane; readonly bytes: Uint8Array }
    | { readonly kind: 'sent'; readonly call: number; readonly error: string | null }
  );

class StandIn implements CountingTransport {
  readonly kind: 'broadcast' | 'webrtc';
  readonly self: PeerId;
  readonly worker: Worker;
  readonly #calls = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  #known: Known = { peers: [], carriers: {}, traffic: {} };
  #events: TransportEvents | null = null;
  #call = 0;

  constructor(spec: EndpointSpec) {
    this.kind = spec.kind;
    this.self = spec.self;
    this.worker = new Worker(new URL('./endpoint.worker.ts', import.meta.url), { type: 'module' });
    this.worker.onmessage = ({ data }: MessageEvent<Told>) => this.#told(data);
    this.#post({ kind: 'make', spec }, [spec.port]);
  }

  open(events: TransportEvents): void {
    this.#events = events;
    this.#post({ kind: 'open' });
  }

  peers(): readonly PeerId[] {
    return this.#known.peers;
  }

  carrier(peer: PeerId): string | null {
    return this.#known.carriers[peer] ?? null;
  }

  traffic(peer: PeerId): Traffic | null {
    return this.#known.traffic[peer] ?? null;
  }

  send(to: PeerId, lane: Lane, bytes: Uint8Array): Promise<void> {
    const call = this.#call++;
    this.#post({ kind: 'send', call, to, lane, bytes });
    return new Promise((resolve, reject) => this.#calls.set(call, { resolve, reject }));
  }

  drop(peer: PeerId, reason: string): void {
    this.#known = { ...this.#known, peers: this.#known.peers.filter((known) => known !== peer) };
    this.#post({ kind: 'drop', peer, reason });
  }

  close(): void {
    this.#events = null;
    this.#known = { peers: [], carriers: {}, traffic: {} };
    this.#post({ kind: 'close' });
  }

  #post(call: Call, transfer: Transferable[] = []): void {
    this.worker.postMessage(call, transfer);
  }

  #told(told: Told): void {
    if (this.#events !== null) this.#known = told;
    if (told.kind === 'join') this.#events?.onJoin(told.peer);
    else if (told.kind === 'leave') this.#events?.onLeave(told.peer, told.reason);
    else if (told.kind === 'message') this.#events?.onMessage(told.peer, told.lane, told.bytes);
    else {
      const call = this.#calls.get(told.call);
      this.#calls.delete(told.call);
      if (told.error === null) call?.resolve();
      else call?.reject(new TransportError(told.error));
    }
  }
}

/** A flock of endpoints, each in its own worker; `spec` also gets a channel for the page part. */
export function workerEndpoints(spec: (position: number, channel: MessageChannel) => EndpointSpec): Flock {
  const made: StandIn[] = [];
  return {
    endpoint(position) {
      const endpoint = new StandIn(spec(position, new MessageChannel()));
      made.push(endpoint);
      return endpoint;
    },
    end() {
      for (const { worker } of made) worker.terminate();
    },
  };
}

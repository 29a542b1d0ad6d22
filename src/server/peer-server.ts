/**
 * Our own PeerServer, embedded in an HTTP server that also serves the lab: it introduces tabs to each
 * other and carries nothing else. Everything that comes over its sockets is hostile until checked: size
 * (64 KiB), rate, kind and addressee are checked before PeerServer sees a message, and a socket that does
 * not answer pings or does not read is closed. HTTP upgrades are routed here by path, because PeerServer's
 * own WebSocket server would answer 400 to every other socket of the same server, hot reload included.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Http2SecureServer } from 'node:http2';
import type { Duplex } from 'node:stream';
import express from 'express';
import { ExpressPeerServer } from 'peer';
import * as v from 'valibot';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { type Clock, realClock } from '../base/clock.ts';
import { type Allowance, FloodGuard, type FloodLimits } from './flood.ts';
import { CLEANUP_MILLISECONDS, startStoppable } from './peer-timers.ts';

/** Largest message on a signalling socket, bytes. */
export const MAX_SIGNAL_BYTES = 65_536;
/** A client that lets so much pile up unread is gone. */
const MAX_UNREAD_BYTES = 4_194_304;
const PING_MILLISECONDS = 5_000;
/** So many pings in a row without an answer end a socket. */
const UNANSWERED_PINGS = 3;

/** Ids and tokens as PeerJS forms them; room for a room's door id. */
const NAME = /^[A-Za-z0-9]+(?:[_-][A-Za-z0-9]+)*$/;
const name = v.pipe(v.string(), v.maxLength(64), v.regex(NAME));

/** What a client may say. LEAVE and EXPIRE are the server's own: from a client they could cut others off. */
const Signal = v.variant('type', [
  v.object({ type: v.literal('HEARTBEAT') }),
  v.object({ type: v.picklist(['OFFER', 'ANSWER', 'CANDIDATE']), dst: name, payload: v.looseObject({}) }),
]);

export interface SignallingOptions {
  /** Path of the server without its slash at the end, such as `/signalling`. */
  readonly path: string;
  /** True if nobody else takes sockets of this server: upgrades of other paths are refused. */
  readonly alone?: boolean;
  readonly limits?: FloodLimits;
  /** Whether the request came under a name that this server answers to; by default any does. */
  readonly admits?: (request: IncomingMessage) => boolean;
  readonly clock?: Clock;
  /** Told of refused sockets and messages, one line each. */
  readonly log?: (line: string) => void;
}

export interface Signalling {
  /** Answers a request under `path`. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** True if this upgrade is ours: of `path`, whatever a proxy left in front of it. */
  owns(request: IncomingMessage): boolean;
  /** True if a client of this id is connected. */
  holds(id: string): boolean;
  /** Closes every socket; new ones are refused. */
  close(): void;
}

/** A socket whose messages reach PeerServer only if they pass the check. */
class GuardedSocket extends WebSocket {
  #check: (data: RawData, binary: boolean) => boolean = () => false;

  guard(check: (data: RawData, binary: boolean) => boolean): void {
    this.#check = check;
  }

  override emit(event: string | symbol, ...details: unknown[]): boolean {
    if (event === 'message') {
      const [data, binary] = details;
      const known = Buffer.isBuffer(data) || data instanceof ArrayBuffer;
      if (!known || !this.#check(data, binary === true)) return false;
    }
    return super.emit(event, ...details);
  }
}

/** Puts a PeerServer under `options.path` of `server`; requests under that path go to its `handle`. */
export function attachSignalling(server: Server | Http2SecureServer, options: SignallingOptions): Signalling {
  const { path, alone = false, clock = realClock, log = () => {}, admits = () => true } = options;
  const flood = new FloodGuard(clock, options.limits);
  const sockets = new Map<GuardedSocket, { unanswered: number }>();
  const socketServer = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_SIGNAL_BYTES,
    perMessageDeflate: false,
    WebSocket: GuardedSocket,
  });
  let closed = false;

  // The server given here would only be passed on to `createWebSocketServer`, which has no use for it.
  const peerServer = ExpressPeerServer(createServer(), {
    path: '/',
    key: 'peerjs',
    expire_timeout: 3_000,
    alive_timeout: 90_000,
    cleanup_out_msgs: CLEANUP_MILLISECONDS,
    concurrent_limit: 4096,
    allow_discovery: false,
    createWebSocketServer: () => socketServer,
  });
  // Without this listener one malformed frame ends the process.
  peerServer.on('error', (error) => log(`A signalling socket failed: ${error.message}`));
  const clients = new Set<string>();
  peerServer.on('connection', (client) => clients.add(client.getId()));
  peerServer.on('disconnect', (client) => clients.delete(client.getId()));
  // PeerServer starts when Express mounts it, which Vite's own middleware stack never tells it.
  const handler = express();
  handler.disable('x-powered-by');
  const stopTimers = startStoppable(clock, () => handler.use(path, peerServer));

  const owns = (request: IncomingMessage) => pathOf(request).endsWith(`${path}/peerjs`);

  const accept = (socket: GuardedSocket, request: IncomingMessage, allowance: Allowance) => {
    const state = { unanswered: 0 };
    sockets.set(socket, state);
    socket.guard((data, binary) => {
      const refusal = refuse(data, binary, allowance);
      if (refusal === null) return true;
      log(`A signalling socket of ${request.socket.remoteAddress} was closed: ${refusal}.`);
      socket.close(1008, refusal);
      return false;
    });
    socket.on('pong', () => {
      state.unanswered = 0;
    });
    socket.on('close', () => {
      sockets.delete(socket);
      allowance.release();
    });
    socketServer.emit('connection', socket, request);
  };

  const upgrade = (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    if (!owns(request)) {
      // Vite parses this URL behind us, and an unparsable one would end the process.
      if (!URL.canParse(`http://example.com${request.url}`)) request.url = '/';
      if (alone) reject(stream, '404 Not Found');
      return;
    }
    if (closed) return reject(stream, '503 Service Unavailable');
    if (!admits(request)) return reject(stream, '403 Forbidden');
    if (!named(request)) return reject(stream, '400 Bad Request');
    const address = request.socket.remoteAddress ?? 'unknown';
    const allowance = flood.open(address);
    if (allowance === null) {
      log(`A signalling socket of ${address} was refused: too many.`);
      return reject(stream, '429 Too Many Requests');
    }
    let accepted = false;
    stream.on('close', () => {
      if (!accepted) allowance.release();
    });
    socketServer.handleUpgrade(request, stream, head, (socket) => {
      accepted = true;
      accept(socket, request, allowance);
    });
  };
  server.prependListener('upgrade', upgrade);

  // Pings are answered by the browser itself, whatever its page is doing: silence means the machine is gone.
  let cancel = () => {};
  const sweep = () => {
    for (const [socket, state] of sockets) {
      if (state.unanswered >= UNANSWERED_PINGS || socket.bufferedAmount > MAX_UNREAD_BYTES)
        socket.terminate();
      else {
        state.unanswered += 1;
        socket.ping();
      }
    }
    cancel = clock.after(PING_MILLISECONDS, sweep);
  };
  cancel = clock.after(PING_MILLISECONDS, sweep);

  const close = () => {
    closed = true;
    cancel();
    stopTimers();
    for (const socket of sockets.keys()) socket.terminate();
  };
  server.once('close', close);
  return {
    handle: (request, response) => handler(request, response),
    owns,
    holds: (id) => clients.has(id),
    close,
  };
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? '';
}

/** The query names a client as PeerJS does. */
function named(request: IncomingMessage): boolean {
  const url = request.url ?? '';
  if (url.length > 1024) return false;
  const query = new URLSearchParams(url.slice(url.indexOf('?') + 1));
  return v.is(name, query.get('id')) && v.is(name, query.get('token'));
}

/** Why a message may not pass, or null. */
function refuse(data: RawData, binary: boolean, allowance: Allowance): string | null {
  const bytes = Array.isArray(data) ? Buffer.concat(data) : data;
  if (!allowance.message(bytes.byteLength)) return 'too many messages';
  if (binary) return 'binary message';
  let message: unknown;
  try {
    message = JSON.parse(bytes.toString());
  } catch {
    return 'not JSON';
  }
  return v.is(Signal, message) ? null : 'unknown message';
}

function reject(stream: Duplex, status: string): void {
  stream.on('error', () => stream.destroy());
  stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/**
 * The Vite plugin that makes the dev and the preview server a whole lab: the embedded PeerServer under
 * `/signalling`, and `/lab.json`, which names the server's current room so that everyone who opens its
 * plain address joins the same ring.
 */
import { resolve } from 'node:path';
import type { Connect, HttpServer, Plugin } from 'vite';
import type { Lab, LabBuild } from '../network/lab.ts';
import { roomCode } from '../network/room-code.ts';
import { printable, ROOM_NAME_RULE, readRoomName } from '../network/room-name.ts';
import { attachSignalling, type SignallingOptions } from './peer-server.ts';
import { address, checkPort } from './port.ts';
import { SettingError } from './setting-error.ts';

export const SIGNALLING_PATH = '/signalling';

export interface SignallingPluginOptions extends LabBuild {
  /** The room that `/lab.json` names; `MURMURATION_ROOM` or a fresh code if not given. */
  readonly room?: string;
  /** Says what the preview server serves, if that differs from the configuration's own build. */
  readonly served?: (outDir: string) => LabBuild | null;
  readonly limits?: SignallingOptions['limits'];
}

export function signallingPlugin(options: SignallingPluginOptions): Plugin {
  const room = chooseRoom(options.room ?? process.env.MURMURATION_ROOM);
  return {
    name: 'murmuration:signalling',
    async configureServer(server) {
      // In middleware mode there is no HTTP server to listen on, hence no signalling.
      if (server.httpServer === null) return;
      await checkPort(server.config.server);
      mount(server.middlewares, server.httpServer, room, options, false);
      server.printUrls = () => server.config.logger.info(greeting(server.httpServer, room));
    },
    async configurePreviewServer(server) {
      const { preview, build, logger, root } = server.config;
      await checkPort(preview);
      const served = options.served?.(resolve(root, build.outDir)) ?? null;
      if (served !== null && served.version !== options.version) {
        logger.warn('The sources have changed since the build; run it again to serve them.');
      }
      mount(server.middlewares, server.httpServer, room, { ...options, ...served }, true);
      server.printUrls = () => logger.info(greeting(server.httpServer, room));
    },
  };
}

function greeting(server: HttpServer | null, room: string): string {
  return `\n  Murmuration is at ${address(server)} (room ${room}). Open it in several tabs.\n`;
}

function chooseRoom(given: string | undefined): string {
  if (given === undefined || given === '') return roomCode((bytes) => crypto.getRandomValues(bytes));
  const read = readRoomName(given);
  if (read.ok) return read.name;
  throw new SettingError(
    `MURMURATION_ROOM: “${printable(given)}” cannot be a room's name. ${read.why} Choose another: ${ROOM_NAME_RULE}.`,
  );
}

function mount(
  middlewares: Connect.Server,
  server: HttpServer,
  room: string,
  options: SignallingPluginOptions,
  alone: boolean,
): void {
  const signalling = attachSignalling(server, {
    path: SIGNALLING_PATH,
    alone,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    log: (line) => console.warn(line),
  });
  const { version, built } = options;
  const lab = JSON.stringify({ room, version, built, signalling: { path: SIGNALLING_PATH } } satisfies Lab);
  middlewares.use((request, response, next) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    if (path === '/lab.json') {
      response.setHeader('Content-Type', 'application/json');
      response.setHeader('Cache-Control', 'no-store');
      response.end(lab);
    } else if (path === SIGNALLING_PATH || path.startsWith(`${SIGNALLING_PATH}/`)) {
      signalling.handle(request, response);
    } else next();
  });
}

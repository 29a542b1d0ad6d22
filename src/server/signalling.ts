/**
 * The Vite plugin that makes the dev and the preview server a whole lab: the embedded PeerServer under
 * `/signalling`, and `/lab.json`, which names the server's own room so that everyone who opens its plain
 * address joins the same ring. It answers only to names that it is known by (`hosts.ts`).
 */
import type { IncomingMessage } from 'node:http';
import { resolve } from 'node:path';
import type { Connect, HttpServer, Plugin } from 'vite';
import { FORMER_ROOM, type Lab, type LabBuild } from '../network/lab.ts';
import { addressesForOthers, greeting } from './addresses.ts';
import { FormerRooms } from './former-rooms.ts';
import { homeRoom, roomFrom } from './home-room.ts';
import { answersTo, cameToLoopback, refuseHost } from './hosts.ts';
import { attachSignalling, type SignallingOptions } from './peer-server.ts';
import { checkPort, type Listening } from './port.ts';
import { fileIn, routeOf } from './prefix.ts';

export const SIGNALLING_PATH = '/signalling';
const LAB_PATH = '/lab.json';

export interface SignallingPluginOptions extends LabBuild {
  /** The room that `/lab.json` names; `MURMURATION_ROOM` or the one of this place and port if not given. */
  readonly room?: string;
  /** Says what the preview server serves, if that differs from the configuration's own build. */
  readonly served?: (outDir: string) => LabBuild | null;
  readonly limits?: SignallingOptions['limits'];
}

/** What Vite's settings of either server say that matters here. */
interface Serving extends Listening {
  readonly allowedHosts?: true | string[] | undefined;
}

export function signallingPlugin(options: SignallingPluginOptions): Plugin {
  const given = roomFrom(options.room ?? process.env.MURMURATION_ROOM);
  const roomOf = (root: string, { port }: Serving) => given ?? homeRoom(root, port);
  return {
    name: 'murmuration:signalling',
    async configureServer(server) {
      const { httpServer, middlewares, config } = server;
      // In middleware mode there is no HTTP server to listen on, hence no signalling.
      if (httpServer === null) {
        config.logger.warn(
          'Without a server of its own the lab has no signalling: only tabs of one browser meet.',
        );
        return;
      }
      await checkPort(config.server);
      const room = roomOf(config.root, config.server);
      mount(middlewares, httpServer, room, options, config.server, false);
      server.printUrls = () => config.logger.info(greeting(httpServer, room));
    },
    async configurePreviewServer(server) {
      const { preview, build, logger, root } = server.config;
      await checkPort(preview);
      const served = options.served?.(resolve(root, build.outDir)) ?? null;
      if (options.served !== undefined && served === null) {
        logger.warn(
          'What is served carries no name of its build: tabs cannot tell whether they run the same lab.',
        );
      } else if (served !== null && served.version !== options.version) {
        logger.warn('The sources have changed since the build; run it again to serve them.');
      }
      const room = roomOf(root, preview);
      atAnyPrefix(server.middlewares, resolve(root, build.outDir));
      mount(server.middlewares, server.httpServer, room, { ...options, ...served }, preview, true);
      server.printUrls = () => logger.info(greeting(server.httpServer, room));
    },
  };
}

/** Serves what is in `folder`, and this server's own paths, below any path. */
function atAnyPrefix(middlewares: Connect.Server, folder: string): void {
  const inFolder = fileIn(folder);
  const isFile = (path: string) => path === LAB_PATH || inFolder(path);
  middlewares.use((request, response, next) => {
    const [path = '', ...query] = (request.url ?? '').split('?');
    const rest = ['', ...query].join('?');
    const route = routeOf(path, SIGNALLING_PATH, isFile);
    if (route.kind === 'serve') {
      request.url = route.path + rest;
      next();
    } else if (route.kind === 'redirect') {
      response.writeHead(302, { Location: route.to + rest }).end();
    } else {
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
      response.end(
        'The lab has no such file; a tab that asks for it runs another version. Reload that tab.\n',
      );
    }
  });
}

function mount(
  middlewares: Connect.Server,
  server: HttpServer,
  room: string,
  options: SignallingPluginOptions,
  { allowedHosts }: Serving,
  alone: boolean,
): void {
  const admits = ({ headers }: IncomingMessage) =>
    allowedHosts === true || answersTo(headers.host, allowedHosts ?? []);
  const signalling = attachSignalling(server, {
    path: SIGNALLING_PATH,
    alone,
    admits,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    log: (line) => console.warn(line),
  });
  const former = new FormerRooms(room, (id) => signalling.holds(id));
  const { version, built } = options;
  const lab = (request: IncomingMessage, query: string): Lab => {
    const from = new URLSearchParams(query).get(FORMER_ROOM);
    if (from !== null) former.heard(from);
    const addresses = cameToLoopback(request.headers.host) ? [...addressesForOthers(server)] : [];
    return {
      ...{ room, version, built, signalling: { path: SIGNALLING_PATH } },
      ...{ former: [...former.list()], addresses },
    };
  };
  // Before Vite's own check of names, which speaks of a file that is not there.
  middlewares.stack.unshift({
    route: '',
    handle: (request: IncomingMessage, response: Parameters<typeof refuseHost>[1], next: () => void) => {
      if (admits(request)) next();
      else refuseHost(request, response);
    },
  });
  middlewares.use((request, response, next) => {
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    if (path === LAB_PATH) {
      response.setHeader('Content-Type', 'application/json');
      response.setHeader('Cache-Control', 'no-store');
      response.end(JSON.stringify(lab(request, query)));
    } else if (path === SIGNALLING_PATH || path.startsWith(`${SIGNALLING_PATH}/`)) {
      signalling.handle(request, response);
    } else next();
  });
}

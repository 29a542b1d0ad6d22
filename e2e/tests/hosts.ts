/** Hosts that are not the lab's own server: one that knows nothing but files, and a reverse proxy. */
import { readFile } from 'node:fs/promises';
import { request as ask, createServer, type RequestListener, type Server } from 'node:http';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { ROOT } from '../experiments/lab-build.ts';

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

export interface Host {
  /** Its origin with a closing slash. */
  readonly url: string;
  close(): void;
}

async function listening(server: Server): Promise<Host> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${address.port}/`, close };
}

/** `dist` below a path such as `/a/b/`; nothing else is there, no signalling and no page for lost ways. */
export function staticHost(below: string): Promise<Host> {
  const answer: RequestListener = async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (!pathname.startsWith(below)) {
      response.writeHead(404).end();
      return;
    }
    const name = pathname.slice(below.length) || 'index.html';
    try {
      const file = await readFile(path.join(ROOT, 'dist', name));
      response.setHeader('Content-Type', TYPES[path.extname(name)] ?? 'application/octet-stream');
      response.end(file);
    } catch {
      response.writeHead(404).end();
    }
  };
  return listening(createServer(answer));
}

/**
 * A reverse proxy in front of `target`: what begins with `/keep` is passed on as it is, what begins with
 * `/strip` without that; nothing else is there. Sockets are passed on as they come.
 */
export function reverseProxy(target: string): Promise<Host> {
  const { hostname, port } = new URL(target);
  const pathOf = (url = '/') => {
    const [, first, rest = ''] = /^\/([a-z]*)(.*)$/s.exec(url) ?? [];
    if (first === 'keep') return url;
    return first === 'strip' ? rest.replace(/^\/?/, '/') : null;
  };
  const server = createServer((request, response) => {
    const { method, headers, url } = request;
    const path = pathOf(url);
    if (path === null) {
      response.writeHead(404).end();
      return;
    }
    const passed = ask({ hostname, port, path, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  });
  server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
    const path = pathOf(request.url);
    if (path === null) {
      socket.destroy();
      return;
    }
    const passed = ask({ hostname, port, path, headers: request.headers });
    passed.on('error', () => socket.destroy());
    passed.on('response', () => socket.destroy());
    passed.on('upgrade', (answer, upstream, first) => {
      const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
      // What either end said before the other was there.
      socket.write(first);
      upstream.write(head);
      upstream.pipe(socket).on('error', () => upstream.destroy());
      socket.pipe(upstream).on('error', () => socket.destroy());
    });
    passed.end();
  });
  return listening(server);
}

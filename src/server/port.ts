/**
 * The address a server is to have: a port in use is found before Vite tries, so that the last line a
 * person sees says which port it was and how to choose another.
 */
import { createServer } from 'node:net';
import { printable } from '../network/room-name.ts';
import { SettingError } from './setting-error.ts';

export interface Listening {
  readonly port?: number | undefined;
  readonly strictPort?: boolean | undefined;
  readonly host?: string | boolean | undefined;
}

/**
 * Tries the port that is about to be listened on. Only strict ports are tried: others give way by themselves.
 * @throws {SettingError} (as a rejection) if it cannot be had.
 */
export async function checkPort({ port, strictPort, host }: Listening): Promise<void> {
  if (!strictPort || port === undefined || port === 0) return;
  // Vite restarts a server while the old one still listens, with all modules evaluated afresh.
  const mark = `${process.pid}:${port}`;
  if (process.env.MURMURATION_LISTENING === mark) return;
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (error: NodeJS.ErrnoException) =>
      reject(new SettingError(sentence(port, host, error))),
    );
    probe.listen({ port, ...(typeof host === 'string' ? { host } : {}) }, () => probe.close(() => resolve()));
  });
  process.env.MURMURATION_LISTENING = mark;
}

function sentence(port: number, host: string | boolean | undefined, error: NodeJS.ErrnoException): string {
  const name = `HOST: “${printable(String(host))}”`;
  const leave = 'Leave HOST out to serve this machine alone; HOST=0.0.0.0 opens the lab to the network.';
  if (error.syscall === 'getaddrinfo') return `${name} has no address that could be found. ${leave}`;
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'EINVAL') {
    return `${name} is no address of this machine. ${leave}`;
  }
  // Below 1024 all ports are alike to a user who may not open one.
  const other = error.code === 'EADDRINUSE' && port < 65_535 ? port + 1 : 8080;
  const choose = `choose another with PORT, for example: PORT=${other} npm start`;
  if (error.code === 'EADDRINUSE') return `Port ${port} is already in use; ${choose}`;
  if (error.code === 'EACCES') return `Port ${port} may not be opened by this user; ${choose}`;
  return `Port ${port} cannot be opened (${error.message}); ${choose}`;
}

/** PORT from the environment: a whole number from 0 (any free port) to 65535; 8080 if not given. */
export function portFrom(given: string | undefined): number {
  if (given === undefined || given === '') return 8080;
  const port = /^\d{1,5}$/.test(given) ? Number(given) : Number.NaN;
  if (port <= 65_535) return port;
  throw new SettingError(
    `PORT: “${printable(given)}” is no port; it must be a whole number from 0 to 65535.`,
  );
}

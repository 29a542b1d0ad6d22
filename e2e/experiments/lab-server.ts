/** The built lab on a free port, with its own signalling server: what a person gets from `npm start`. */
import { preview } from 'vite';
import { BuildError, ensureBuilt, ROOT } from './lab-build.ts';

export interface LabServer {
  /** Address with a closing slash. */
  readonly url: string;
  close(): Promise<void>;
}

/** `port`: 0 for any that is free; `host`: 0.0.0.0 for others, too. @throws {BuildError} */
export async function serveLab(
  say: (line: string) => void,
  { port = 0, host = '127.0.0.1' } = {},
): Promise<LabServer> {
  await ensureBuilt(say);
  const server = await preview({
    root: ROOT,
    configLoader: 'runner',
    logLevel: 'warn',
    preview: { host, port, strictPort: false, open: false },
  });
  const url = server.resolvedUrls?.local[0];
  if (url === undefined) throw new BuildError('The lab was built, but its server has no address.');
  return { url, close: () => server.close() };
}

/**
 * `npm start`: the lab for people, on PORT and HOST. It is built if it has to be; a build that is there is
 * served as it is, and nothing is written then, so that the lab may lie where only others can write.
 */
import { createLogger, type Logger, preview } from 'vite';
import { roomFrom } from '../src/server/home-room.ts';
import { allowedHosts } from '../src/server/hosts.ts';
import { checkPort, portFrom } from '../src/server/port.ts';
import { BuildError, build, buildState, ROOT } from './experiments/lab-build.ts';
import { oneLine } from './sentence.ts';

const say = (text: string) => console.error(oneLine(text));

/** @throws {BuildError} if there is nothing to serve. */
async function ensureSomething(): Promise<void> {
  const state = buildState();
  if (state === 'current') return;
  try {
    await build(say);
  } catch (error) {
    if (!(error instanceof BuildError && error.unwritable) || state === 'none') throw error;
    if (state === 'old') say(`${error.message} An older build of it is served.`);
  }
}

/** Vite's logger, but for its heading over what is said below in a sentence. */
function quiet(): Logger {
  const logger = createLogger();
  return {
    ...logger,
    error(text, options) {
      if (!text.includes('failed to load config')) logger.error(text, options);
    },
  };
}

export async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  if (args.length > 0) {
    say(
      'npm start takes no flags: PORT and HOST choose the address, as in PORT=8081 HOST=0.0.0.0 npm start.',
    );
    return 2;
  }
  try {
    // Before a build, which takes its time.
    roomFrom(process.env.MURMURATION_ROOM);
    allowedHosts(process.env.MURMURATION_HOSTS);
    await checkPort({
      port: portFrom(process.env.PORT),
      strictPort: true,
      host: process.env.HOST || '127.0.0.1',
    });
    await ensureSomething();
    if (signal.aborted) return 130;
    const server = await preview({ root: ROOT, configLoader: 'runner', customLogger: quiet() });
    server.printUrls();
  } catch (error) {
    // By name: Vite's configuration has modules of its own, and classes with them.
    if (!(error instanceof Error) || !['SettingError', 'BuildError'].includes(error.name)) throw error;
    say(error.message);
    return error.name === 'BuildError' ? 1 : 2;
  }
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
  return 0;
}

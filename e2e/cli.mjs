/**
 * Runs a TypeScript program: `node e2e/cli.mjs path/to/main.ts [arguments]`.
 *
 * Node 20 does not run TypeScript, and the shaders are imported as text (`?raw`), so programs go through
 * Vite's own module runner: the same resolution and the same transforms as the built lab, no bundle and
 * no server. The program exports `main(arguments, signal)` and resolves to its exit code. The first
 * Ctrl-C (or SIGTERM) aborts `signal`, so that it can keep what it has; the second one ends it at once.
 */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRunnableDevEnvironment, resolveConfig } from 'vite';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** A module environment that stays open, so that the program may import lazily. */
async function openRunner() {
  const config = await resolveConfig(
    {
      root,
      // Its plugins only: what a program imports besides TypeScript.
      configFile: path.join(root, 'e2e', 'cli.config.ts'),
      envDir: false,
      logLevel: 'error',
      cacheDir: path.join(tmpdir(), 'murmuration-cli'),
      environments: {
        program: {
          consumer: 'server',
          dev: { moduleRunnerTransform: true },
          resolve: { external: true, mainFields: [], conditions: ['node', 'module-sync'] },
        },
      },
    },
    'serve',
  );
  const environment = createRunnableDevEnvironment('program', config, {
    runnerOptions: { hmr: { logger: false } },
    hot: false,
  });
  await environment.init();
  return environment;
}

/** Turns signals into an abort; a second one is final. */
function interruption() {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM']) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort(new Error(`stopped by ${name}`));
    });
  }
  return controller.signal;
}

const [program, ...programArguments] = process.argv.slice(2);
if (program === undefined || !existsSync(program)) {
  console.error('Usage: node e2e/cli.mjs PROGRAM.ts [arguments]');
  process.exit(2);
}

const signal = interruption();
const environment = await openRunner();
try {
  const { main } = await environment.runner.import(path.resolve(program));
  process.exitCode = await main(programArguments, signal);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await environment.close();
}
// A finished program ends, whatever sockets and timers it has left; the callback is the flush.
process.stdout.write('', () => process.exit());

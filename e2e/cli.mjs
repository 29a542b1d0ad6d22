/**
 * Runs a TypeScript program: `node e2e/cli.mjs path/to/main.ts [arguments]`.
 *
 * Node 20 does not run TypeScript, and the shaders are imported as text (`?raw`), so programs go through
 * Vite's own module runner: the same resolution and the same transforms as the built lab, no bundle, no
 * server, and nothing written beside the sources. The program exports `main(arguments, signal)` and resolves
 * to its exit code. `interruption.mjs` says what ends it early; it is to keep what it has then.
 */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRunnableDevEnvironment, resolveConfig } from 'vite';
import { complain, interruption, outlive } from './interruption.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** A module environment that stays open, so that the program may import lazily. */
async function openRunner() {
  const config = await resolveConfig(
    {
      root,
      // Its plugins only: what a program imports besides TypeScript.
      configFile: path.join(root, 'e2e', 'cli.config.ts'),
      configLoader: 'runner',
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

const output = outlive();
const [program, ...programArguments] = process.argv.slice(2);
if (program === undefined || !existsSync(program)) {
  console.error('Usage: node e2e/cli.mjs PROGRAM.ts [arguments]');
  process.exit(2);
}

const { signal, faults } = interruption();
let environment;
let code = 1;
try {
  environment = await openRunner();
  const { main } = await environment.runner.import(path.resolve(program));
  code = await main(programArguments, signal);
} catch (error) {
  complain(error);
} finally {
  await environment?.close().catch(complain);
}
if (faults() > 0 || output.failed()) code = code === 0 || code === 130 ? 1 : code;
// A finished program ends, whatever sockets and timers it has left; the callback is the flush.
process.exitCode = code;
process.stdout.write('', () => process.exit());

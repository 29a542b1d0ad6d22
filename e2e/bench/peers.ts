/**
 * The libraries we compare with: fetched when a benchmark runs, exact versions, into a cache of their own,
 * so that `npm ci` stays small. And the page they are measured in, built like any production page.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, type PreviewServer, preview } from 'vite';
import { ascPlugin } from '../../src/compute/cpu/wasm/asc-plugin.ts';
import { signallingPlugin } from '../../src/server/signalling.ts';
import { ROOT } from '../experiments/lab-server.ts';

const PEERS = {
  '@jax-js/jax': '0.1.25',
  '@tensorflow/tfjs-backend-cpu': '4.22.0',
  '@tensorflow/tfjs-backend-wasm': '4.22.0',
  '@tensorflow/tfjs-backend-webgpu': '4.22.0',
  '@tensorflow/tfjs-core': '4.22.0',
};
const CACHE = path.join(ROOT, 'node_modules', '.cache', 'murmuration-bench');

export class PeersError extends Error {
  override readonly name = 'PeersError';
}

/** @throws {PeersError} if npm cannot fetch them. */
export function ensurePeers(say: (line: string) => void): string {
  const manifest = `${JSON.stringify({ private: true, dependencies: PEERS }, null, 2)}\n`;
  const file = path.join(CACHE, 'package.json');
  const done = path.join(CACHE, 'installed.json');
  if (existsSync(done) && readFileSync(done, 'utf8') === manifest) return CACHE;
  say(`fetching ${Object.keys(PEERS).join(', ')}`);
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(file, manifest);
  const npm = spawnSync(
    'npm',
    ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: CACHE,
      encoding: 'utf8',
      timeout: 600_000,
      shell: process.platform === 'win32',
    },
  );
  if (npm.status !== 0) {
    throw new PeersError(`npm could not fetch the libraries to compare with:\n${npm.stderr.slice(-1000)}`);
  }
  writeFileSync(done, manifest);
  return CACHE;
}

/** Builds the benchmark page and serves it, with the headers that make timers fine. */
export async function serveBench(cache: string, say: (line: string) => void): Promise<PreviewServer> {
  const root = path.join(ROOT, 'e2e', 'bench', 'page');
  const outDir = path.join(cache, 'dist');
  const names = Object.keys(PEERS);
  say('building the benchmark page');
  const common = { root, configFile: false, envDir: false, logLevel: 'error' } as const;
  await build({
    ...common,
    // TensorFlow.js hands the text of a function to its threads, which new names for what is around it break.
    build: { outDir, emptyOutDir: true, target: 'esnext', minify: false, chunkSizeWarningLimit: 10_000 },
    worker: { format: 'es' },
    plugins: [
      ascPlugin(),
      {
        name: 'murmuration:peers',
        enforce: 'pre',
        // The page is not below the cache, so its bare imports have to be looked up there.
        resolveId(source, importer) {
          const known = names.some((name) => source === name || source.startsWith(`${name}/`));
          if (!known || importer?.startsWith(cache)) return null;
          return this.resolve(source, path.join(cache, 'importer.js'), { skipSelf: true });
        },
      },
    ],
  });
  return preview({
    ...common,
    build: { outDir },
    plugins: [signallingPlugin({ version: 'bench', built: 1 })],
    preview: {
      host: '127.0.0.1',
      port: 0,
      open: false,
      headers: {
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Cross-Origin-Embedder-Policy': 'require-corp',
      },
    },
  });
}

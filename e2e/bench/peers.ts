/**
 * The libraries we compare with: their exact versions, and the page they are measured in, built like any
 * production page.
 */
import path from 'node:path';
import { build, type PreviewServer, preview } from 'vite';
import { ascPlugin } from '../../src/compute/cpu/wasm/asc-plugin.ts';
import { signallingPlugin } from '../../src/server/signalling.ts';
import { ROOT } from '../experiments/lab-build.ts';
import { ensurePackages } from './packages.ts';

const PEERS = {
  '@jax-js/jax': '0.1.25',
  '@tensorflow/tfjs-backend-cpu': '4.22.0',
  '@tensorflow/tfjs-backend-wasm': '4.22.0',
  '@tensorflow/tfjs-backend-webgpu': '4.22.0',
  '@tensorflow/tfjs-core': '4.22.0',
};

/** @throws {PackagesError} if npm cannot fetch them. */
export function ensurePeers(say: (line: string) => void): string {
  return ensurePackages('peers', PEERS, say);
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

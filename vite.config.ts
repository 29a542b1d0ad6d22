/**
 * One configuration for `vite` (development), `vite build` and `vite preview`: the lab, with its own
 * signalling server on the same port. PORT and HOST choose the address,
 * MURMURATION_HOSTS the names that it answers to.
 */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { ascPlugin } from './src/compute/cpu/wasm/asc-plugin.ts';
import { wgslPlugin } from './src/compute/webgpu/wgsl-plugin.ts';
import { digitsPlugin } from './src/data/digits-plugin.ts';
import { textPlugin } from './src/data/text-plugin.ts';
import { buildOf, buildPlugin, servedBuild } from './src/server/build.ts';
import { allowedHosts } from './src/server/hosts.ts';
import { madeFromPlugin } from './src/server/made-from.ts';
import { portFrom } from './src/server/port.ts';
import { signallingPlugin } from './src/server/signalling.ts';
import { sourceOf } from './src/server/source.ts';
import { workerPlugin } from './src/server/worker-plugin.ts';

const build = buildOf(import.meta.dirname);
const address = {
  port: portFrom(process.env.PORT),
  strictPort: true,
  // The whole network only if asked for: a lab is a person's own until shared.
  host: process.env.HOST || '127.0.0.1',
  allowedHosts: allowedHosts(process.env.MURMURATION_HOSTS, process.env.HOST),
  // Cross-origin isolation gives pages fine timers.
  headers: {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
  },
};

export default defineConfig({
  // Below any path: what the page needs is found from its own address.
  base: './',
  plugins: [
    react(),
    ascPlugin(),
    digitsPlugin(),
    textPlugin(),
    wgslPlugin(),
    workerPlugin(),
    buildPlugin(build),
    madeFromPlugin(import.meta.dirname),
    signallingPlugin({ ...build, served: servedBuild }),
  ],
  define: {
    __LAB_VERSION__: JSON.stringify(build.version),
    __LAB_BUILT__: JSON.stringify(build.built),
    __LAB_SOURCE__: JSON.stringify(sourceOf(import.meta.dirname)),
  },
  build: {
    target: 'es2023',
    chunkSizeWarningLimit: 800,
    // What the page's scripts import is fetched ahead; scripts that a worker imports, too, cannot look into a page.
    modulePreload: {
      polyfill: false,
      resolveDependencies: (_file, dependencies, { hostType }) => (hostType === 'html' ? dependencies : []),
    },
  },
  server: address,
  preview: address,
});

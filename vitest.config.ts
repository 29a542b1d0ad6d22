import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { launchOptions } from './e2e/browser.ts';
import { ascPlugin } from './src/compute/cpu/wasm/asc-plugin.ts';
import { signallingPlugin } from './src/server/signalling.ts';

/** Projects: `unit` in Node, `kernels` in a real Chromium, `e2e` driving the built lab, `prove` for long. */
export default defineConfig({
  test: {
    projects: [
      {
        plugins: [ascPlugin()],
        test: {
          name: 'unit',
          environment: 'node',
          include: ['src/**/*.test.ts', 'e2e/**/*.unit.test.ts'],
          exclude: ['**/*.browser.test.ts', 'node_modules'],
          // A busy machine is no failure.
          testTimeout: 60_000,
        },
      },
      {
        // The runner's own server is the signalling server of the WebRTC tests.
        plugins: [ascPlugin(), signallingPlugin({ version: 'test', built: 1 })],
        worker: { format: 'es' },
        // Found late, these would reload the page in the middle of a test.
        optimizeDeps: {
          include: [
            'peerjs',
            'fast-check',
            'papaparse',
            'valibot',
            '@noble/hashes/sha2.js',
            '@noble/hashes/utils.js',
          ],
        },
        test: {
          name: 'kernels',
          include: ['src/**/*.browser.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: launchOptions() }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        plugins: [ascPlugin()],
        test: {
          name: 'e2e',
          environment: 'node',
          include: ['e2e/tests/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // The same for what takes long; `npm run prove`.
        plugins: [ascPlugin()],
        test: {
          name: 'soak',
          include: ['src/**/*.browser.soak.ts'],
          testTimeout: 600_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: launchOptions() }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        // What takes long; `npm run prove`.
        plugins: [ascPlugin()],
        test: {
          name: 'prove',
          environment: 'node',
          include: ['e2e/prove/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});

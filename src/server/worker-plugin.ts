/**
 * Builds workers together with the page, so that what both import is one file, fetched once: the page's
 * forms and the session hold the same registries, and Vite alone would bundle a worker with all it imports.
 *
 * In development, and where tests serve the sources, Vite's own handling of `new Worker(new URL(...))` stays.
 */
import { dirname, resolve } from 'node:path';
import type { Plugin } from 'vite';

/** As our sources write it: `new Worker(new URL('./thread.ts', import.meta.url), { type: 'module', ...`. */
const WORKER = /(?<=new Worker\()new URL\('(\.[^']+)', import\.meta\.url\)(?=, \{ type: 'module')/g;
/** Vite's wrapper of dynamic imports, which tells `window` when one fails; a worker has none. */
const PRELOAD = /vite\/preload-helper/;

export function workerPlugin(): Plugin {
  return {
    name: 'murmuration:worker',
    apply: 'build',
    enforce: 'pre',
    transform(code, id) {
      if (PRELOAD.test(id)) return code.replaceAll('window.', 'globalThis.');
      if (!code.includes('new Worker(')) return null;
      return code.replaceAll(WORKER, (_, path: string) => {
        const chunk = this.emitFile({ type: 'chunk', id: resolve(dirname(id), path) });
        return `import.meta.ROLLUP_FILE_URL_${chunk}`;
      });
    },
  };
}

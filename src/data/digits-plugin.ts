/** The Vite plugin that puts the digits where the page can fetch them, in dev and in builds alike. */
import type { Plugin } from 'vite';
import { ensureDigits } from './digits-build.ts';

export function digitsPlugin(): Plugin {
  return {
    name: 'murmuration:digits',
    // A build that is merely shown has them.
    apply: (_config, { isPreview }) => isPreview !== true,
    // Before the server looks at what is in `public`, and before a build copies it.
    configResolved(config) {
      ensureDigits(config.root);
    },
  };
}

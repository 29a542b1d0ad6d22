/** The Vite plugin that puts the lab's source text where the page can fetch it, in dev and in builds alike. */
import type { Plugin } from 'vite';
import { ensureText } from './text-build.ts';

export function textPlugin(): Plugin {
  return {
    name: 'murmuration:text',
    // A build that is merely shown has them.
    apply: (_config, { isPreview }) => isPreview !== true,
    // Before the server looks at what is in `public`, and before a build copies it.
    configResolved(config) {
      ensureText(config.root);
    },
  };
}

/**
 * Serves shaders without comments and indentation in a production build: they are half of what a newcomer
 * would otherwise download of them. Development keeps them as they are, line numbers of messages included.
 */
import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';

const RAW = '.wgsl?raw';

/** WGSL with nothing that the compiler does not read; the shaders have no block comments. */
export function withoutComments(source: string): string {
  return source
    .split('\n')
    .map((line) => line.replace(/\/\/.*$/, '').trim())
    .filter((line) => line !== '')
    .join('\n');
}

export function wgslPlugin(): Plugin {
  return {
    name: 'murmuration:wgsl',
    apply: 'build',
    enforce: 'pre',
    load(id) {
      if (!id.endsWith(RAW)) return null;
      const source = readFileSync(id.slice(0, -'?raw'.length), 'utf8');
      return `export default ${JSON.stringify(withoutComments(source))};`;
    },
  };
}

/** Vite's plugins for command-line programs (`cli.mjs`): the cpu backend's WebAssembly is made from source. */
import { defineConfig } from 'vite';
import { ascPlugin } from '../src/compute/cpu/wasm/asc-plugin.ts';

export default defineConfig({ plugins: [ascPlugin()] });

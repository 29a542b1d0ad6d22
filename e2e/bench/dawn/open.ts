/**
 * WebGPU in Node: Dawn, Chromium's own implementation, as the npm package `webgpu` brings it. It wants a
 * driver of the system. Where there is none, the software driver that comes with Chromium does: Vulkan's
 * loader looks for drivers where the environment says when its process starts, so the program then starts
 * itself again with that environment.
 */
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { findChromium } from '../../browser.ts';
import { ROOT } from '../../experiments/lab-build.ts';
import { ensurePackages } from '../packages.ts';

const VERSION = '0.6.2';
const SOFTWARE = 'vk_swiftshader_icd.json';
/** Set in the program that was started again. */
const AGAIN = 'MURMURATION_SOFTWARE_VULKAN';

interface Dawn {
  create(flags: readonly string[]): GPU;
  readonly globals: Readonly<Record<string, unknown>>;
}

function isDawn(module: unknown): module is Dawn {
  return (
    typeof module === 'object' &&
    module !== null &&
    typeof Reflect.get(module, 'create') === 'function' &&
    typeof Reflect.get(module, 'globals') === 'object'
  );
}

/** A GPU with an adapter, or null if Dawn finds none. */
export async function openDawn(say: (line: string) => void): Promise<GPU | null> {
  const folder = ensurePackages('dawn', { webgpu: VERSION }, say);
  const file = path.join(folder, 'node_modules', 'webgpu', 'index.js');
  const module: unknown = await import(/* @vite-ignore */ pathToFileURL(file).href);
  if (!isDawn(module)) throw new Error(`The package webgpu ${VERSION} is not what it was.`);
  Object.assign(globalThis, module.globals);
  const gpu = module.create([]);
  return (await gpu.requestAdapter()) === null ? null : gpu;
}

/** The folder with Chromium's software driver and loader, or undefined. */
function softwareDriver(): string | undefined {
  const chromium = findChromium();
  if (process.platform !== 'linux' || chromium === undefined || process.env[AGAIN]) return undefined;
  const folders = [path.dirname(realpathSync(chromium)), '/usr/lib/chromium', '/opt/google/chrome'];
  return folders.find((folder) => existsSync(path.join(folder, SOFTWARE)));
}

/** Runs the program again on the software driver; its exit code, or null if there is no such driver. */
export async function runOnSoftware(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<number | null> {
  const folder = softwareDriver();
  if (folder === undefined) return null;
  const child = spawn(process.execPath, [path.join(ROOT, 'e2e', 'cli.mjs'), program, ...args], {
    cwd: ROOT,
    stdio: 'inherit',
    env: {
      ...process.env,
      [AGAIN]: '1',
      VK_DRIVER_FILES: path.join(folder, SOFTWARE),
      VK_ICD_FILENAMES: path.join(folder, SOFTWARE),
      LD_LIBRARY_PATH: [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':'),
    },
  });
  signal.addEventListener('abort', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

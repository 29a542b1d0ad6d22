/**
 * Which Chromium to drive, and how: Playwright's own if it is there, else the system's. WebGPU on
 * machines without a GPU runs on the software adapter.
 */
import { existsSync } from 'node:fs';
import { chromium } from 'playwright';

/** Path of a Chromium, or undefined if there is none. `MURMURATION_CHROMIUM` overrides. */
export function findChromium(): string | undefined {
  const own = process.env.MURMURATION_CHROMIUM;
  if (own !== undefined) return own;
  const candidates = [
    chromium.executablePath(),
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
  ];
  return candidates.find((path) => path !== '' && existsSync(path));
}

/** Options for `chromium.launch`. `webgpu: false` leaves the adapter out, as on most classroom machines. */
export function launchOptions({ webgpu = true, headless = true } = {}) {
  const executablePath = findChromium();
  const args = [
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ...(webgpu
      ? ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']
      : ['--disable-features=WebGPU']),
  ];
  return { headless, args, ...(executablePath === undefined ? {} : { executablePath }) };
}

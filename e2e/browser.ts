/**
 * Which Chromium to drive, and how: Playwright's own if it is there, else the system's. WebGPU on
 * machines without a GPU runs on the software adapter.
 */
import { existsSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { type Browser, chromium } from 'playwright';
import { messageOf, oneLine } from './sentence.ts';

/** Path of a Chromium, or undefined if there is none. `MURMURATION_CHROMIUM` overrides. */
export function findChromium(): string | undefined {
  const own = process.env.MURMURATION_CHROMIUM;
  if (own !== undefined && own !== '') return own;
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

/** There is no Chromium, or it does not start; the message says what to do. */
export class BrowserError extends Error {
  override readonly name = 'BrowserError';
}

/** What of Playwright's report and the browser's own log says why. */
function reasonIn(report: string): string {
  const lines = stripVTControlCharacters(report)
    .split('\n')
    .map((line) => line.replace(/^.*?(\[err\]|\[pid=\d+\]|launch:)/, '').trim());
  const telling = /error while loading|cannot open|No usable sandbox|ENOENT|EACCES|denied|FATAL|exitCode=/;
  return oneLine(lines.find((line) => telling.test(line)) ?? lines[0] ?? '', 120);
}

/**
 * A browser for a command-line program. Ctrl-C is the program's to handle, so that it can still collect from
 * the tabs.
 * @throws {BrowserError} in one sentence.
 */
export async function openChromium(): Promise<Browser> {
  const executable = findChromium();
  const bring =
    executable !== undefined && executable === process.env.MURMURATION_CHROMIUM
      ? 'MURMURATION_CHROMIUM names it; correct that, or leave it out'
      : '"node e2e/ensure-chromium.mjs" brings one, or set MURMURATION_CHROMIUM to the path of yours';
  if (executable === undefined) throw new BrowserError(`There is no Chromium to run in: ${bring}.`);
  try {
    return await chromium.launch({
      ...launchOptions(),
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
  } catch (error) {
    const why = existsSync(executable) ? reasonIn(messageOf(error)) : 'there is no such file';
    throw new BrowserError(`Chromium (${executable}) could not be started (${why}): ${bring}.`, {
      cause: error,
    });
  }
}

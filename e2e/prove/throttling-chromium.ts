/**
 * A Chromium as people run it: with windows, and with hidden tabs slowed down.
 *
 * Playwright switches the slowing off, by launch flags and by pretending that every page has the focus, so
 * the browser is started here, on a virtual screen where there is no other, and Playwright only attaches
 * to it and leaves pages as they are. Callers must still check that a hidden page's timers are slow.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { type Browser, chromium } from 'playwright';
import { findChromium, launchOptions } from '../browser.ts';

const PATIENCE_MS = 60_000;

export class NoScreenError extends Error {
  override readonly name = 'NoScreenError';
}

export interface ThrottlingChromium {
  readonly browser: Browser;
  close(): Promise<void>;
}

/** The first match in what a process says, or an error with what it said instead. */
function hear(child: ChildProcess, stream: Readable, pattern: RegExp, what: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = (why: string) => reject(new Error(`${what} ${why}. It said: ${said.slice(-2000)}`));
    const timer = setTimeout(() => fail(`was not ready within ${PATIENCE_MS / 1000} s`), PATIENCE_MS);
    stream.setEncoding('utf8');
    stream.on('data', (text) => {
      said += String(text);
      const found = pattern.exec(said)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    });
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(`ended with code ${code}`);
    });
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const last = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(last);
}

/** A screen of our own; on systems other than Linux, the desktop's. */
async function openScreen(): Promise<{ display: string | undefined; close(): Promise<void> }> {
  const ours = () => Promise.resolve();
  if (process.platform !== 'linux') return { display: undefined, close: ours };
  // Xvfb picks a free display number and writes it to descriptor 3.
  const child = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const numbers = child.stdio[3];
  try {
    if (numbers === null || numbers === undefined || !('read' in numbers))
      throw new Error('No pipe to Xvfb.');
    const number = await hear(child, numbers, /(\d+)\n/, 'Xvfb');
    return { display: `:${number}`, close: () => stop(child) };
  } catch (error) {
    await stop(child);
    const display = process.env.DISPLAY;
    if (display !== undefined && display !== '') return { display, close: ours };
    const why = error instanceof Error ? error.message : String(error);
    throw new NoScreenError(
      `A test of hidden tabs needs a browser with windows, and there is no screen for them (${why}). ` +
        'Install Xvfb ("apt-get install xvfb", "dnf install xorg-x11-server-Xvfb") or set DISPLAY, and run ' +
        'this again.',
    );
  }
}

/** @throws {NoScreenError} */
export async function openThrottlingChromium(): Promise<ThrottlingChromium> {
  const executable = findChromium();
  if (executable === undefined) throw new Error('There is no Chromium; "npm test" brings one.');
  const screen = await openScreen();
  const profile = await mkdtemp(path.join(tmpdir(), 'murmuration-prove-'));
  const child = spawn(
    executable,
    [
      ...launchOptions().args,
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      '--no-default-browser-check',
      '--window-size=1000,700',
      'about:blank',
    ],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...(screen.display === undefined ? {} : { DISPLAY: screen.display }) },
    },
  );
  let browser: Browser | null = null;
  const close = async () => {
    await browser?.close();
    await stop(child);
    await screen.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  try {
    const address = await hear(child, child.stderr, /DevTools listening on (ws:\S+)/, 'Chromium');
    browser = await chromium.connectOverCDP(address, { noDefaults: true, timeout: PATIENCE_MS });
    return { browser, close };
  } catch (error) {
    await close();
    throw error;
  }
}

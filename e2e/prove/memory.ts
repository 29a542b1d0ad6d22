/**
 * How much memory a lab uses: the JavaScript of its page and its session's worker as the browser counts
 * it, and the resident memory of the graphics process, where buffers and pipelines live (with a software
 * adapter all of them). Linux only for the latter; elsewhere it is null.
 */
import { readFile } from 'node:fs/promises';
import { type Browser, chromium, type Page } from 'playwright';
import { launchOptions } from '../browser.ts';

const MEGABYTE = 1 << 20;

declare global {
  interface Performance {
    /** Of cross-origin isolated pages; https://wicg.github.io/performance-measure-memory/ */
    measureUserAgentSpecificMemory?(): Promise<{
      readonly bytes: number;
      readonly breakdown: readonly {
        readonly bytes: number;
        readonly attribution: readonly { readonly scope: string }[];
      }[];
    }>;
  }
}

/** A Chromium that answers memory measurements at once, after a collection. */
export function launchMeasured(): Promise<Browser> {
  const options = launchOptions();
  return chromium.launch({
    ...options,
    args: [...options.args, '--enable-blink-features=ForceEagerMeasureMemory'],
  });
}

/** All in bytes. */
export interface Memory {
  /** Page and session together. */
  readonly script: number;
  /** The session's worker alone. */
  readonly session: number;
  /** Resident in the graphics process, or null where that cannot be told. */
  readonly graphics: number | null;
}

async function graphicsMemory(browser: Browser): Promise<number | null> {
  if (process.platform !== 'linux') return null;
  const devtools = await browser.newBrowserCDPSession();
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
  await devtools.detach();
  const gpu = processInfo.find(({ type }) => type.toLowerCase() === 'gpu');
  if (gpu === undefined) return null;
  const status = await readFile(`/proc/${gpu.id}/status`, 'utf8');
  const kilobytes = /^RssAnon:\s+(\d+) kB/m.exec(status)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}

export async function measureMemory(browser: Browser, page: Page): Promise<Memory> {
  const scripts = await page.evaluate(async () => {
    const measured = await performance.measureUserAgentSpecificMemory?.();
    if (measured === undefined) {
      throw new Error('The page is not cross-origin isolated: its memory cannot be measured.');
    }
    const session = measured.breakdown
      .filter(({ attribution }) => attribution.some(({ scope }) => scope === 'DedicatedWorkerGlobalScope'))
      .reduce((sum, { bytes }) => sum + bytes, 0);
    return { script: measured.bytes, session };
  });
  return { ...scripts, graphics: await graphicsMemory(browser) };
}

/** What a later measurement may be at most: a tenth more, and some megabytes. */
export function allowed(bytes: number, megabytes: number): number {
  return bytes * 1.1 + megabytes * MEGABYTE;
}

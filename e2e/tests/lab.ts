/** What end-to-end tests share: the built lab on a free port, a Chromium, tabs, and waiting for conditions. */
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright';
import type { Snapshot } from '../../src/session/snapshot.ts';
import { launchOptions } from '../browser.ts';
import { type LabServer, serveLab } from '../experiments/lab-server.ts';

/** Longest wait for anything, in ms: a slow machine is no failure. */
export const PATIENCE_MS = 90_000;

export class Lab {
  readonly server: LabServer;
  readonly browser: Browser;
  readonly errors: string[] = [];

  private constructor(server: LabServer, browser: Browser) {
    this.server = server;
    this.browser = browser;
  }

  static async open(options: Parameters<typeof launchOptions>[0] = {}): Promise<Lab> {
    const server = await serveLab(() => undefined);
    return new Lab(server, await chromium.launch(launchOptions(options)));
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.server.close();
  }

  /** A tab at this address below the lab's; resolves once its session speaks. */
  async tab(context: BrowserContext, path: string, base = this.server.url): Promise<Page> {
    const page = await context.newPage();
    page.on('pageerror', (error) => this.errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
    await page.goto(new URL(path, base).href);
    await until(page, (snapshot) => snapshot.phase !== 'starting');
    return page;
  }
}

export function snapshotOf(page: Page): Promise<Snapshot> {
  return page.evaluate(() => {
    const snapshot = window.murmuration?.snapshot() ?? null;
    if (snapshot === null) throw new Error('The lab has not started.');
    return snapshot;
  });
}

/** Waits until the snapshot satisfies a condition, which runs in the page with `argument`. */
export async function until<Argument>(
  page: Page,
  condition: (snapshot: Snapshot, argument: Argument) => boolean,
  argument?: Argument,
): Promise<void> {
  await page.waitForFunction(
    ({ text, value }) => {
      const snapshot = window.murmuration?.snapshot() ?? null;
      const test: unknown = new Function(`return (${text})`)();
      return snapshot !== null && typeof test === 'function' && test(snapshot, value);
    },
    { text: condition.toString(), value: argument },
    { timeout: PATIENCE_MS, polling: 50 },
  );
}

/** Waits until all pages see this many living workers in one view. */
export async function assembled(pages: readonly Page[], workers: number): Promise<void> {
  await Promise.all(
    pages.map((page) =>
      until(
        page,
        (snapshot, count) => snapshot.workers.filter(({ health }) => health !== 'gone').length === count,
        workers,
      ),
    ),
  );
}

/** Keeps what the session reports in the page, for `recorded`. */
export async function record(page: Page): Promise<void> {
  await page.evaluate(() => {
    const points: unknown[] = [];
    Reflect.set(window, 'recorded', points);
    window.murmuration?.subscribe((report) => {
      if (report.kind === 'points') points.push(...report.points);
    });
  });
}

/**
 * `npm run bench [-- --json FILE] [-- --only NAME,NAME]`: measures, prints a table, and writes the same
 * rows as JSON. Nothing is printed that was not measured in this run.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Browser, chromium } from 'playwright';
import { launchOptions } from '../browser.ts';
import { serveLab } from '../experiments/lab-server.ts';
import { benchCompressors } from './compressors.ts';
import { benchCpu } from './cpu.ts';
import { benchFirstLoad } from './first-load.ts';
import { benchGossip } from './gossip.ts';
import { ensurePeers, serveBench } from './peers.ts';
import { benchRounds } from './rounds.ts';
import { type Row, table } from './rows.ts';
import { benchSizes } from './sizes.ts';
import { benchSteps } from './steps.ts';
import { benchTraining } from './training.ts';

interface Places {
  readonly browser: Browser;
  /** Address of the page with the compared libraries. */
  benchUrl(): Promise<string>;
  /** Address of the built lab. */
  labUrl(): Promise<string>;
}

const BENCHES: Readonly<Record<string, (places: Places) => Promise<readonly Row[]>>> = {
  sizes: () => benchSizes(),
  steps: async ({ browser, benchUrl }) => benchSteps(browser, await benchUrl()),
  cpu: async ({ browser, benchUrl }) => benchCpu(browser, await benchUrl()),
  compressors: async ({ browser, benchUrl }) => benchCompressors(browser, await benchUrl()),
  rounds: async ({ browser, benchUrl }) => benchRounds(browser, await benchUrl()),
  gossip: async ({ browser, benchUrl }) => benchGossip(browser, await benchUrl()),
  training: async ({ browser, labUrl }) => benchTraining(browser, await labUrl()),
  load: async ({ browser, labUrl }) => benchFirstLoad(browser, await labUrl()),
};

const say = (line: string) => console.error(line);

/** Opens servers when they are first needed, and closes what it opened. */
async function withPlaces<T>(use: (places: Places) => Promise<T>): Promise<T> {
  const closers: (() => Promise<void>)[] = [];
  const once = (open: () => Promise<string>) => {
    let opened: Promise<string> | undefined;
    return () => {
      opened ??= open();
      return opened;
    };
  };
  const browser = await chromium.launch(launchOptions());
  closers.push(() => browser.close());
  try {
    return await use({
      browser,
      benchUrl: once(async () => {
        const server = await serveBench(ensurePeers(say), say);
        closers.push(() => server.close());
        return server.resolvedUrls?.local[0] ?? '';
      }),
      labUrl: once(async () => {
        const server = await serveLab(say);
        closers.push(() => server.close());
        return server.url;
      }),
    });
  } finally {
    for (const close of closers) await close();
  }
}

export async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  const known = Object.keys(BENCHES);
  let json: string | undefined;
  let chosen = known;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { json: { type: 'string' }, only: { type: 'string' } },
    });
    json = values.json;
    chosen = values.only?.split(',') ?? known;
  } catch {
    console.error('Usage: npm run bench -- [--json FILE] [--only NAME,NAME]');
    return 2;
  }
  const unknown = chosen.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    console.error(`There is no benchmark "${unknown}"; there are ${known.join(', ')}.`);
    return 2;
  }
  let failed = false;
  const rows = await withPlaces(async (places) => {
    const found: Row[] = [];
    for (const name of chosen) {
      if (signal.aborted) break;
      say(`measuring ${name}`);
      try {
        found.push(...((await BENCHES[name]?.(places)) ?? []));
      } catch (error) {
        failed = true;
        say(`${name} could not be measured: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return found;
  });
  console.log(table(rows));
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(rows, null, 2)}\n`);
  if (signal.aborted) return 130;
  return failed ? 1 : 0;
}

/**
 * `npm run bench [-- --json FILE] [-- --only NAME,NAME] [-- --runtime dawn]`: measures, prints a table, and
 * writes the same rows as JSON, with where they come from. Nothing is printed that was not measured in this run.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { parseArgs } from 'node:util';
import type { Browser } from 'playwright';
import { openChromium } from '../browser.ts';
import { serveLab } from '../experiments/lab-server.ts';
import { provenanceOf } from '../experiments/provenance.ts';
import { whyNot } from '../file-trouble.ts';
import { messageOf, oneLine, placeOf } from '../sentence.ts';
import { benchCompressors } from './compressors.ts';
import { benchCpu } from './cpu.ts';
import { benchDawn } from './dawn/index.ts';
import { openDawn, runOnSoftware } from './dawn/open.ts';
import { benchFirstLoad } from './first-load.ts';
import { benchGossip } from './gossip.ts';
import { benchProducts } from './matmul.ts';
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

interface Benchmark {
  readonly about: string;
  run(places: Places): Promise<readonly Row[]>;
}

const BENCHES: Readonly<Record<string, Benchmark>> = {
  sizes: { about: 'bytes of every compressor’s message', run: () => benchSizes() },
  steps: {
    about: 'training steps on WebGPU, against jax-js and TensorFlow.js',
    run: async ({ browser, benchUrl }) => benchSteps(browser, await benchUrl()),
  },
  matmul: {
    about: 'matrix products on WebGPU, against jax-js, TensorFlow.js and onnxruntime-web',
    run: async ({ browser, benchUrl }) => benchProducts(browser, await benchUrl()),
  },
  cpu: {
    about: 'training steps on the processor, against TensorFlow.js',
    run: async ({ browser, benchUrl }) => benchCpu(browser, await benchUrl()),
  },
  compressors: {
    about: 'encoding and decoding a million numbers',
    run: async ({ browser, benchUrl }) => benchCompressors(browser, await benchUrl()),
  },
  rounds: {
    about: 'a round of every algorithm, eight workers in a tab, beside plain steps',
    run: async ({ browser, benchUrl }) => benchRounds(browser, await benchUrl()),
  },
  gossip: {
    about: 'goodput and page stalls between two tabs, against PeerJS',
    run: async ({ browser, benchUrl }) => benchGossip(browser, await benchUrl()),
  },
  training: {
    about: 'page stalls while two tabs train',
    run: async ({ browser, labUrl }) => benchTraining(browser, await labUrl()),
  },
  load: {
    about: 'bytes of the first load, and the time to the first round',
    run: async ({ browser, labUrl }) => benchFirstLoad(browser, await labUrl()),
  },
};

function help(): string {
  const names = Object.entries(BENCHES).map(
    ([name, { about }]) => `                       ${name.padEnd(12)} ${about}`,
  );
  return [
    'Measures, prints a table, and says what bounds us where an aim is missed.',
    '',
    'npm run bench -- --only steps,cpu --json FILE',
    '',
    '  --only NAME,NAME     What to measure in Chromium (all):',
    ...names,
    '  --runtime dawn       Measure in Node on Dawn instead: kernels, steps, products, vectors.',
    '  --json FILE          Write the rows as JSON, too, with the commit, the command, and the machine.',
    '  --help               Print this.',
  ].join('\n');
}

const say = (line: string) => console.error(line);
const PROGRAM = 'e2e/bench/main.ts';

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
  const browser = await openChromium();
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

interface Request {
  readonly json: string | undefined;
  readonly only: readonly string[];
  readonly runtime: 'chromium' | 'dawn';
}

/** What is asked for; or a sentence that says what is wrong with it; or null for help. */
function requestOf(args: readonly string[]): Request | string | null {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        json: { type: 'string' },
        only: { type: 'string' },
        runtime: { type: 'string', default: 'chromium' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return null;
    const { json, runtime } = values;
    const only = values.only?.split(',') ?? Object.keys(BENCHES);
    const unknown = only.find((name) => !Object.hasOwn(BENCHES, name));
    if (unknown !== undefined) {
      return `There is no benchmark "${unknown}"; there are ${Object.keys(BENCHES).join(', ')}.`;
    }
    if (runtime !== 'chromium' && runtime !== 'dawn')
      return `The runtime is chromium or dawn, not "${runtime}".`;
    if (runtime === 'dawn' && values.only !== undefined)
      return '--only is for Chromium; Dawn measures all it can.';
    return { json, only, runtime };
  } catch (error) {
    return `${messageOf(error).split('\n')[0]}; --help says what there is.`;
  }
}

async function benchInChromium(chosen: readonly string[], signal: AbortSignal): Promise<Outcome> {
  return withPlaces(async (places) => {
    const { browser } = places;
    const rows: Row[] = [];
    let failed = false;
    for (const name of chosen) {
      if (signal.aborted) break;
      say(`measuring ${name}`);
      try {
        rows.push(...((await BENCHES[name]?.run(places)) ?? []));
      } catch (error) {
        failed = true;
        say(`${name} could not be measured: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return { rows, failed, browser: `Chromium ${browser.version()}` };
  });
}

interface Outcome {
  readonly rows: readonly Row[];
  readonly failed: boolean;
  /** What it was measured in. */
  readonly browser: string;
}

/** Of the machine, nothing that names it or its owner. */
function environmentOf(browser: string) {
  const cores = os.cpus();
  return {
    browser,
    processor: `${cores.length} × ${cores[0]?.model.trim() ?? 'unknown'}`,
    versions: { node: process.versions.node, os: `${os.type()} ${os.release()} ${os.arch()}` },
  };
}

export async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  const request = requestOf(args);
  if (request === null) {
    console.log(help());
    return 0;
  }
  if (typeof request === 'string') {
    console.error(request);
    return 2;
  }
  const { json } = request;
  const place = json === undefined ? null : reserve(json);
  if (place !== null && 'trouble' in place) {
    say(place.trouble);
    return 2;
  }
  try {
    return await measure(request, args, place?.draft ?? null, signal);
  } catch (error) {
    if (!(error instanceof Error && ['BrowserError', 'BuildError', 'PackagesError'].includes(error.name)))
      throw error;
    say(oneLine(error.message));
    return 1;
  } finally {
    if (place !== null) rmSync(place.draft, { force: true });
  }
}

/** Where the rows are written before they move to their place; found out before anything is measured. */
function reserve(file: string): { readonly draft: string } | { readonly trouble: string } {
  const draft = `${file}.${process.pid}`;
  try {
    writeFileSync(draft, '');
    return { draft };
  } catch (error) {
    return { trouble: `${placeOf(file)} cannot be written: ${whyNot(error)}; choose another --json.` };
  }
}

async function measure(
  { json, only, runtime }: Request,
  args: readonly string[],
  draft: string | null,
  signal: AbortSignal,
): Promise<number> {
  const provenance = provenanceOf('bench', args, new Date());
  let outcome: Outcome;
  if (runtime === 'dawn') {
    const gpu = await openDawn(say);
    if (gpu === null) {
      say('Dawn finds no graphics adapter: this machine has no driver for it (on Linux: Vulkan).');
      const code = await runOnSoftware(PROGRAM, args, signal);
      if (code !== null) return code;
      say('There is no Chromium with a software driver either, so nothing can be measured.');
      return 1;
    }
    outcome = { rows: await benchDawn(gpu, signal, say), failed: false, browser: 'none' };
  } else {
    outcome = await benchInChromium(only, signal);
  }
  console.log(table(outcome.rows));
  if (json !== undefined && draft !== null) {
    const { rows, browser } = outcome;
    const record = { provenance, environment: environmentOf(browser), rows };
    writeFileSync(draft, `${JSON.stringify(record, null, 2)}\n`);
    renameSync(draft, json);
  }
  if (signal.aborted) return 130;
  return outcome.failed ? 1 : 0;
}

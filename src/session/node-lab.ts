/**
 * The lab without a browser: sessions in one Node process over the in-memory transport, on the cpu
 * backend. The same session, room and algorithm code as in tabs; the same recipe gives the same bytes.
 */
import { setMaxListeners } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Clock, realClock } from '../base/clock.ts';
import { findEntry } from '../base/registry.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import type { FetchBytes, HostDataset } from '../data/dataset.ts';
import { DIGITS_PATH } from '../data/digits.ts';
import { digitsBytes } from '../data/digits-build.ts';
import { DATASETS } from '../data/index.ts';
import { SOURCE_TEXT_PATH } from '../data/text.ts';
import { sourceText } from '../data/text-build.ts';
import { MemoryHub } from '../network/memory.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { DEFAULT_LOCAL } from '../recipe/url.ts';
import type { TraceEvent } from './emulation.ts';
import type { LabHandle } from './handle.ts';
import { nodeDecoder, readOwnFile } from './node-files.ts';
import { Session } from './session.ts';
import type { Report, Snapshot } from './snapshot.ts';

const PATIENCE_MS = 60_000;

// All that a tab's workers wait for ends with one signal, and Node takes more than ten waits for a leak.
setMaxListeners(0);

export interface NodeLabOptions {
  readonly recipe: Recipe;
  readonly tabs: number;
  readonly workersPerTab: number;
  /** The project's folder, where `public/data` is or will be made. */
  readonly root?: string;
}

/** What the lab serves, from `public` of the project's folder `root`; and a person's files, by their paths. */
export function fetchInNode(root: string): FetchBytes {
  return async (wanted) => {
    if (wanted.startsWith('file:')) return readOwnFile(wanted.slice('file:'.length));
    // Made from what is there, so that nothing has to be written where the lab lies.
    if (wanted === SOURCE_TEXT_PATH) return new TextEncoder().encode(sourceText(root));
    if (wanted === DIGITS_PATH) return digitsBytes(root);
    return readFile(path.join(root, 'public', wanted));
  };
}

/** What a recipe learns from. */
export function loadInNode(recipe: Recipe, root = process.cwd()): Promise<HostDataset> {
  const { id, options } = recipe.dataset;
  return findEntry('dataset', DATASETS, id).load(options, fetchInNode(root), recipe.seed, nodeDecoder);
}

/** What a simulation puts in place of the machine's own. */
export interface Simulated {
  readonly clock: Clock;
  load(recipe: Recipe): Promise<HostDataset>;
  random(): number;
  trace(event: TraceEvent): void;
}

/** One session on this hub. */
export function openNodeTab(
  hub: MemoryHub,
  tab: number,
  options: Pick<NodeLabOptions, 'recipe' | 'workersPerTab' | 'root'>,
  simulated?: Simulated,
): LabHandle {
  const listeners = new Set<(report: Report) => void>();
  let latest: Snapshot | null = null;
  const session = new Session({
    clock: simulated?.clock ?? realClock,
    transport: hub.connect(`tab-${String(tab).padStart(3, '0')}`),
    recipe: options.recipe,
    local: { ...DEFAULT_LOCAL, workers: options.workersPerTab, backend: 'cpu', transport: 'memory' },
    lab: { version: 'node', built: 0 },
    room: { code: 'node' },
    openDevice: async () => ({ compute: createCpuCompute(), notice: null }),
    loadDataset: (recipe) => simulated?.load(recipe) ?? loadInNode(recipe, options.root),
    random: simulated?.random ?? Math.random,
    trace: (event) => simulated?.trace(event),
    report(report) {
      if (report.kind === 'snapshot') latest = report.snapshot;
      for (const listener of listeners) listener(report);
    },
  });
  session.open();
  session.setEstablished();
  return {
    snapshot: () => latest,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    send: (request) => session.request(request),
    models: (at) => session.models(at),
    ask: (about, question) => session.ask(about, question),
    close: () => session.close(),
  };
}

/** Opens `tabs` sessions, each once the one before is in the room, so that seats are in tab order. */
export async function startNodeLab(options: NodeLabOptions): Promise<readonly LabHandle[]> {
  const hub = new MemoryHub();
  const labs: LabHandle[] = [];
  for (let tab = 0; tab < options.tabs; tab += 1) {
    labs.push(openNodeTab(hub, tab, options));
    const seats = (tab + 1) * options.workersPerTab;
    await until(labs, (snapshot) => snapshot.workers.length === seats);
  }
  return labs;
}

/** How far a lab is, in a few words: a snapshot holds all that a page shows. */
function standing(lab: LabHandle): string {
  const snapshot = lab.snapshot();
  if (snapshot === null) return 'a lab that has not started';
  const { phase, round, workers, notices } = snapshot;
  const told = notices.map(({ what }) => what).slice(0, 2);
  return [`${phase} at round ${round} with ${workers.length} workers`, ...told].join(', ');
}

/** Resolves once every lab's snapshot satisfies `condition`; rejects after a minute. */
export async function until(
  labs: readonly LabHandle[],
  condition: (snapshot: Snapshot) => boolean,
): Promise<void> {
  const met = () =>
    labs.every((lab) => {
      const snapshot = lab.snapshot();
      return snapshot !== null && condition(snapshot);
    });
  if (met()) return;
  await new Promise<void>((resolve, reject) => {
    const giveUp = realClock.after(PATIENCE_MS, () => {
      reject(new Error(`Waited in vain: ${labs.map(standing).slice(0, 4).join('; ')}`));
    });
    const ends = labs.map((lab) =>
      lab.subscribe(() => {
        if (!met()) return;
        for (const end of ends) end();
        giveUp();
        resolve();
      }),
    );
  });
}

/**
 * The lab without a browser: sessions in one Node process over the in-memory transport, on the cpu
 * backend. The same session, room and algorithm code as in tabs; the same recipe gives the same bytes.
 */
import { readFile } from 'node:fs/promises';
import { realClock } from '../base/clock.ts';
import { findEntry } from '../base/registry.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { DIGITS_PATH } from '../data/digits.ts';
import { ensureDigits } from '../data/digits-build.ts';
import { DATASETS } from '../data/index.ts';
import { MemoryHub } from '../network/memory.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { DEFAULT_LOCAL } from '../recipe/url.ts';
import type { LabHandle } from './handle.ts';
import { Session } from './session.ts';
import type { Report, Snapshot } from './snapshot.ts';

const PATIENCE_MS = 60_000;

export interface NodeLabOptions {
  readonly recipe: Recipe;
  readonly tabs: number;
  readonly workersPerTab: number;
  /** The project's folder, where `public/data` is or will be made. */
  readonly root?: string;
}

async function fetchBytes(root: string, path: string): Promise<Uint8Array> {
  if (path !== DIGITS_PATH) throw new Error(`A Node run has no file ${path}.`);
  return readFile(ensureDigits(root));
}

/** One session on this hub. */
export function openNodeTab(
  hub: MemoryHub,
  tab: number,
  options: Pick<NodeLabOptions, 'recipe' | 'workersPerTab' | 'root'>,
): LabHandle {
  const listeners = new Set<(report: Report) => void>();
  let latest: Snapshot | null = null;
  const session = new Session({
    clock: realClock,
    transport: hub.connect(`tab-${String(tab).padStart(3, '0')}`),
    recipe: options.recipe,
    local: { ...DEFAULT_LOCAL, workers: options.workersPerTab, backend: 'cpu', transport: 'memory' },
    lab: { version: 'node', built: 0 },
    room: { code: 'node' },
    openDevice: async () => ({ compute: createCpuCompute(), notice: null }),
    loadDataset: (recipe) =>
      findEntry('dataset', DATASETS, recipe.dataset.id).load(recipe.dataset.options, (path) =>
        fetchBytes(options.root ?? process.cwd(), path),
      ),
    random: Math.random,
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
    models: () => session.models(),
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
      reject(new Error(`Waited in vain: ${JSON.stringify(labs.map((lab) => lab.snapshot()))}`));
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

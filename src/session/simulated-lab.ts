/**
 * The lab of `node-lab.ts` under a virtual clock: the same sessions, but time is simulated, so the same
 * recipe gives the same events at the same times. Whoever opens it lets the clock run.
 */
import type { VirtualClock } from '../base/virtual-clock.ts';
import { PURPOSE, randomStream } from '../math/random.ts';
import { MemoryHub } from '../network/memory.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { TraceEvent } from './emulation.ts';
import type { LabHandle } from './handle.ts';
import { loadInNode, type NodeLabOptions, openNodeTab } from './node-lab.ts';

/** Virtual milliseconds within which the tabs find each other. */
const MEETING_MS = 60_000;
/** The rooms' random numbers: those of messages from a seat that nobody has (see `network/conditions.ts`). */
const ROOMS = 0xfffe_0000;

/** Data is loaded before the clock starts: how long that takes is not simulated. */
export async function startSimulatedLab(
  options: NodeLabOptions,
  clock: VirtualClock,
  trace: (event: TraceEvent) => void,
): Promise<readonly LabHandle[]> {
  const { recipe, root } = options;
  const host = await loadInNode(recipe, root);
  const known = JSON.stringify(recipe.dataset);
  const load = (wanted: Recipe) =>
    JSON.stringify(wanted.dataset) === known ? Promise.resolve(host) : loadInNode(wanted, root);
  const hub = new MemoryHub();
  const labs: LabHandle[] = [];
  for (let tab = 0; tab < options.tabs; tab += 1) {
    const stream = randomStream(recipe.seed, PURPOSE.simulation, ROOMS + tab, 0);
    labs.push(openNodeTab(hub, tab, options, { clock, load, random: () => stream.uniform(), trace }));
    const seats = (tab + 1) * options.workersPerTab;
    const met = () =>
      labs.every((lab) => {
        const snapshot = lab.snapshot();
        return snapshot?.workers.length === seats && snapshot.phase !== 'starting';
      });
    if (!(await clock.run(met, MEETING_MS))) throw new Error('The tabs of the simulation did not meet.');
  }
  return labs;
}

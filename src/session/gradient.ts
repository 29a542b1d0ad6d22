/** A worker's gradient being computed: in one go, or layer by layer, while messages come and go. */
import type { Turns } from '../algorithms/algorithm.ts';
import type { Clock } from '../base/clock.ts';
import type { Vector } from '../compute/compute.ts';
import type { Stage } from '../models/model.ts';
import type { Timesheet } from './timesheet.ts';

/** A gradient that is to be computed; nothing has been recorded yet. */
export interface Gradient {
  readonly vector: Vector;
  whole(): void;
  stages(): Iterable<Stage>;
  /** What comes after all stages, and changes every entry; null if nothing does. */
  readonly clip: (() => void) | null;
  /** Resolves when a `share` of it, begun at `since`, is there, as far as anybody waits for that. */
  spent(share: number, since: number): Promise<void>;
  done(): void;
}

/**
 * The forward pass's share of a gradient's time, of three products a layer: one forward, two back. Layers
 * share it by their numbers of parameters, as those of an MLP do.
 */
const FORWARD = 1 / 3;

export async function computeWhole(gradient: Gradient, clock: Clock, sheet: Timesheet): Promise<Vector> {
  const since = clock.now();
  gradient.whole();
  await sheet.during('computing', () => gradient.spent(1, since));
  gradient.done();
  return gradient.vector;
}

/** `proceed` throws if the round is over: it is asked between layers. */
export async function computeInTurns(
  gradient: Gradient,
  turns: Turns,
  clock: Clock,
  sheet: Timesheet,
  proceed: () => void,
): Promise<Vector> {
  const { vector, clip } = gradient;
  const late: Stage[] = [];
  await sheet.during('computing', async () => {
    for (const stage of gradient.stages()) {
      const { kind, begin, end } = stage;
      if (kind === 'reads') await sheet.pausing(() => turns.needed(begin, end));
      const share = ((end - begin) / vector.length) * (kind === 'reads' ? FORWARD : 1 - FORWARD);
      await gradient.spent(share, clock.now());
      proceed();
      if (kind === 'reads') continue;
      if (clip === null) turns.ready(vector, begin, end);
      else late.push(stage);
    }
  });
  clip?.();
  for (const { begin, end } of late) turns.ready(vector, begin, end);
  gradient.done();
  return vector;
}

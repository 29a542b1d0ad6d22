/**
 * The model that a run reports, from its workers' models as collected: the server's, any replica, the average,
 * or the de-biased average, as the algorithm declares. The same rule as in the tabs.
 */
import { combined, REPORTED_MODEL, type Reported } from '../../src/algorithms/reported.ts';
import type { Recipe } from '../../src/recipe/recipe.ts';
import type { WorkerModel } from '../../src/session/handle.ts';
import { reportingOf } from '../../src/session/reporting.ts';

/** Of which model a run's figures are, as run.json says it. */
export interface Figures {
  readonly of: Reported;
  /** The server's, where it is the server's. */
  readonly seat: number | null;
  readonly says: string;
}

export interface ReportedModel extends Figures {
  /** Rounds behind it; of several workers' models the least. */
  readonly round: number;
  readonly parameters: Float32Array;
}

/** Of which model the figures of a run with these seats are. */
export function figuresOf(recipe: Recipe, seats: readonly number[]): Figures {
  const { of, seat } = reportingOf(recipe, seats);
  return { of, seat, says: REPORTED_MODEL[of] };
}

/** null without models. `models` are of all workers, one each, by seat. */
export function reportedOf(recipe: Recipe, models: readonly WorkerModel[]): ReportedModel | null {
  const seats = models.map(({ seat }) => seat);
  const parts = reportingOf(recipe, seats).parts(models.map(({ weight }) => weight));
  const involved = models.filter((_, index) => (parts[index] ?? 0) > 0);
  if (involved.length === 0) return null;
  const vectors = models.map(({ parameters }) => parameters);
  return {
    ...figuresOf(recipe, seats),
    round: Math.min(...involved.map(({ round }) => round)),
    parameters: Float32Array.from(combined(vectors, parts)),
  };
}

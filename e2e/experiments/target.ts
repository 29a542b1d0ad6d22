/**
 * Whether a run has reached its target accuracy: the reported model has, at an evaluated round. Where that model
 * is an average over several tabs none of them knows it; then the driver collects what the workers' models were
 * at the latest evaluated round that all have, and evaluates their average itself.
 */
import type { Recipe } from '../../src/recipe/recipe.ts';
import type { ModelPoint } from './csv.ts';
import type { Ledger } from './ledger.ts';
import { reportedOf } from './reported.ts';
import type { Evaluate } from './summary.ts';

export interface Target {
  /** 0 to 1. */
  readonly accuracy: number;
  readonly recipe: Recipe;
  readonly evaluate: Evaluate;
}

/** Adds the reported model's figures to the ledger, where no tab can know them. */
export async function collectFigures(ledger: Ledger, { recipe, evaluate }: Target): Promise<void> {
  const seats = ledger.seats();
  // Every worker has a row of this round.
  const common = Math.min(...seats.map((seat) => ledger.lastRow(seat)?.round ?? 0));
  if (seats.length === 0 || common <= (ledger.figures.at(-1)?.round ?? 0)) return;
  const models = (
    await Promise.all(ledger.living().map((tab) => tab.models('evaluated').catch(() => [])))
  ).flat();
  for (const round of [...new Set(models.map((model) => model.round))].sort((a, b) => b - a)) {
    const then = models.filter((model) => model.round === round).sort((a, b) => a.seat - b.seat);
    const whole = then.length === seats.length && then.every(({ seat }, index) => seat === seats[index]);
    const reported = whole ? reportedOf(recipe, then) : null;
    if (reported === null) continue;
    const { loss: testLoss, accuracy: testAccuracy } = await evaluate(reported.parameters);
    ledger.figures.push({ kind: 'model', epoch: 0, round, testLoss, testAccuracy });
    return;
  }
}

/** The first evaluated round at which the reported model was this good, as far as known; or null. */
export function reachedAt(
  { figures }: { readonly figures: readonly ModelPoint[] },
  accuracy: number,
): number | null {
  const rounds = figures.flatMap(({ round, testAccuracy }) =>
    testAccuracy !== null && testAccuracy >= accuracy ? [round] : [],
  );
  return rounds.length === 0 ? null : Math.min(...rounds);
}

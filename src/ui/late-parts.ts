/**
 * The parts of the page that come after the rest. Each begins as null and shows where it stands once it is
 * here; `ahead` lists them in the order of wanting.
 */
import { useEffect, useReducer, useState } from 'react';
import { Late } from '../base/late.ts';
import { words } from './words.ts';

export const CHARTS = new Late(
  words.broken.parts.charts,
  async () => (await import('./charts/charts.tsx')).default,
);
export const KEEPER = new Late(words.broken.parts.keeper, async () => {
  const { saveIfDue } = await import('./model/keeper.ts');
  return { saveIfDue };
});
export const PANELS = {
  try: new Late(words.broken.parts.try, async () => (await import('./model/try-it.tsx')).default),
  mistakes: new Late(words.broken.parts.mistakes, async () => (await import('./model/how-well.tsx')).default),
  keep: new Late(words.broken.parts.keep, async () => (await import('./model/keep-it.tsx')).default),
};
export const DATA_PANEL = new Late(
  words.broken.parts.data,
  async () => (await import('./data/data-panel.tsx')).default,
);

export const LATE_PARTS = [CHARTS, PANELS.keep, KEEPER, PANELS.try, PANELS.mistakes, DATA_PANEL];

/** The part if it is here, and null until then. Throws for the boundary around it if it does not come. */
export function useLate<Part>(late: Late<Part>): Part | null {
  const [, showAgain] = useReducer((count: number) => count + 1, 0);
  const [failed, setFailed] = useState<{ readonly of: Late<Part>; readonly error: unknown } | null>(null);
  useEffect(() => {
    if (late.part !== null) return;
    let gone = false;
    late.load().then(
      () => !gone && showAgain(),
      (error: unknown) => !gone && setFailed({ of: late, error }),
    );
    return () => {
      gone = true;
    };
  }, [late]);
  if (failed?.of === late) throw failed.error;
  return late.part;
}

/**
 * The model's part of the page: three buttons, and the panel that was opened. Panels are loaded when they
 * are first asked for, so that nobody waits for them who only watches.
 */
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { useSnapshot, useStage } from '../context.ts';
import { words } from '../words.ts';

const PANELS = {
  try: lazy(() => import('./try-it.tsx')),
  mistakes: lazy(() => import('./how-well.tsx')),
  keep: lazy(() => import('./keep-it.tsx')),
};
type Panel = keyof typeof PANELS;
const NAMES: readonly Panel[] = ['try', 'mistakes', 'keep'];

/** Least time between two automatic savings, in ms. */
const LEAST_MS = 5000;

/** Saves this tab's model now and then, if its person wants that; the code for it comes when it is needed. */
function useAutomaticSaving(): void {
  const stage = useStage();
  const every = useSnapshot((snapshot) => snapshot?.recipe.evalEvery ?? 0);
  const measured = useSnapshot((snapshot) => {
    const mine = snapshot?.workers.find((worker) => worker.mine);
    return mine === undefined || mine.testLoss === null ? 0 : Math.floor(mine.round / Math.max(1, every));
  });
  const last = useRef(0);
  useEffect(() => {
    const now = performance.now();
    if (measured === 0 || now - last.current < LEAST_MS) return;
    last.current = now;
    void import('./keeper.ts').then(({ saveIfDue }) => saveIfDue(stage, measured));
  }, [measured, stage]);
}

export function ModelSection() {
  const [open, setOpen] = useState<Panel | null>(null);
  useAutomaticSaving();
  const Chosen = open === null ? null : PANELS[open];
  return (
    <section className="model" aria-label={words.model.label}>
      <h2>{words.model.label}</h2>
      <div className="model-tabs">
        {NAMES.map((name) => (
          <button
            key={name}
            type="button"
            aria-expanded={open === name}
            aria-controls="model-panel"
            onClick={() => setOpen(open === name ? null : name)}
          >
            {words.model.open[name]}
          </button>
        ))}
      </div>
      <div id="model-panel">
        {Chosen !== null && (
          <Suspense fallback={<p className="chart-empty">{words.model.loading}…</p>}>
            <Chosen />
          </Suspense>
        )}
      </div>
    </section>
  );
}

/**
 * The model's part of the page: three buttons, and the panel that was opened. Panels are fetched
 * when the page is idle, or when they are first asked for; nobody waits for them who only watches.
 */
import { useEffect, useRef, useState } from 'react';
import { Boundary } from '../boundary.tsx';
import { useSnapshot, useStage } from '../context.ts';
import { KEEPER, PANELS, useLate } from '../late-parts.ts';
import { words } from '../words.ts';

type PanelName = keyof typeof PANELS;
const NAMES: readonly PanelName[] = ['try', 'mistakes', 'keep'];

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
    // What did not come is asked for again after the next evaluation.
    KEEPER.load().then(
      ({ saveIfDue }) => saveIfDue(stage, measured),
      () => undefined,
    );
  }, [measured, stage]);
}

function Panel({ name }: { readonly name: PanelName }) {
  const Loaded = useLate(PANELS[name]);
  return Loaded === null ? <p className="chart-empty">{words.model.loading}…</p> : <Loaded />;
}

export function ModelSection() {
  const [open, setOpen] = useState<PanelName | null>(null);
  useAutomaticSaving();
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
        {open !== null && (
          <Boundary key={open} name={words.broken.parts[open]}>
            <Panel name={open} />
          </Boundary>
        )}
      </div>
    </section>
  );
}

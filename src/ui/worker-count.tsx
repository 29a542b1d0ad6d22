/** How many virtual workers this tab hosts: a number with a button on either side. A local setting. */
import { useEffect, useId, useState } from 'react';
import { MAX_WORKERS } from '../recipe/url.ts';
import { useSnapshot, useStage } from './context.ts';
import { words } from './words.ts';

export function WorkerCount({ label }: { readonly label?: string }) {
  const { lab, wanted } = useStage();
  const actual = useSnapshot((snapshot) => snapshot?.local.workers ?? wanted.local.workers);
  // What was asked for stands in the field until the session answers.
  const [asked, setAsked] = useState<number | null>(null);
  useEffect(() => {
    setAsked((before) => (before === actual ? null : before));
  }, [actual]);
  const count = asked ?? actual;
  const id = useId();
  const set = (next: number) => {
    if (!Number.isInteger(next) || next < 1 || next > MAX_WORKERS) return;
    setAsked(next);
    lab.send({ kind: 'workers', count: next });
  };
  return (
    <span className="counter">
      {label !== undefined && <label htmlFor={id}>{label}</label>}
      <button type="button" aria-label={words.run.fewer} disabled={count <= 1} onClick={() => set(count - 1)}>
        −
      </button>
      <input
        id={id}
        aria-label={label ?? words.run.workers}
        type="number"
        min={1}
        max={MAX_WORKERS}
        value={count}
        onChange={(event) => set(event.target.valueAsNumber)}
      />
      <button
        type="button"
        aria-label={words.run.another}
        disabled={count >= MAX_WORKERS}
        onClick={() => set(count + 1)}
      >
        +
      </button>
    </span>
  );
}

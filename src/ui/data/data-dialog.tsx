/**
 * The frame of the data panel: a modal dialog, so that the keyboard stays within; Escape closes it. It
 * comes with the page and opens at once; what is in it may come later, or say why it does not.
 */
import { useEffect, useId, useRef } from 'react';
import { Boundary } from '../boundary.tsx';
import { DATA_PANEL, useLate } from '../late-parts.ts';
import { words } from '../words.ts';

function Contents({ close }: { close(): void }) {
  const Loaded = useLate(DATA_PANEL);
  return Loaded === null ? <p className="chart-empty">{words.model.loading}…</p> : <Loaded close={close} />;
}

export function DataDialog({ onClose }: { onClose(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const close = () => dialog.current?.close();
  return (
    <dialog ref={dialog} className="data-panel" aria-labelledby={title} onClose={onClose}>
      <header>
        <h2 id={title}>{words.data.title}</h2>
        <button type="button" className="icon" aria-label={words.data.close} onClick={close}>
          ×
        </button>
      </header>
      <Boundary name={words.broken.parts.data}>
        <Contents close={close} />
      </Boundary>
    </dialog>
  );
}

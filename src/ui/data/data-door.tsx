/**
 * The ways in for a person's own data: a button, and the whole page as a place to drop files on. Either
 * opens the panel; what was dropped is handed to the session's thread, which keeps
 * and reads it.
 */
import { useEffect, useRef, useState } from 'react';
import type { Lab } from '../../store/lab.ts';
import { useStage, useView } from '../context.ts';
import { words } from '../words.ts';
import { DataDialog } from './data-dialog.tsx';
import { bundlesOf, type Dropped, filesOfDrop } from './dropped.ts';

/** Hands files to the session: each bundle is kept and read, one after the other. */
export function keep(lab: Lab, dropped: readonly Dropped[]): void {
  for (const { name, files } of bundlesOf(dropped)) {
    lab.send({ kind: 'files', ask: { do: 'keep', name, files } });
  }
}

export function DataButton() {
  const { view } = useStage();
  return (
    <button
      type="button"
      title={words.data.openHint}
      aria-haspopup="dialog"
      onClick={() => view.setState({ data: true })}
    >
      {words.data.open}
    </button>
  );
}

/** At the top of the editor of the data. */
export function OwnDataButton() {
  const { view } = useStage();
  return (
    <p className="own-data">
      <button type="button" onClick={() => view.setState({ data: true })}>
        {words.data.own}
      </button>
    </p>
  );
}

const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;

/** Whether files hover over the page; a drop that nobody else takes is handed to `take`. */
function useDrop(take: (transfer: DataTransfer) => void): boolean {
  const [hovering, setHovering] = useState(false);
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    const over = (event: DragEvent) => {
      if (!carriesFiles(event) || event.defaultPrevented) return;
      event.preventDefault();
      setHovering(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setHovering(false);
    };
    const drop = (event: DragEvent) => {
      setHovering(false);
      const transfer = event.dataTransfer;
      if (transfer === null || !carriesFiles(event) || event.defaultPrevented) return;
      event.preventDefault();
      latest.current(transfer);
    };
    window.addEventListener('dragover', over);
    window.addEventListener('dragleave', leave);
    window.addEventListener('drop', drop);
    return () => {
      window.removeEventListener('dragover', over);
      window.removeEventListener('dragleave', leave);
      window.removeEventListener('drop', drop);
    };
  }, []);
  return hovering;
}

export function DataDoor() {
  const { lab, view } = useStage();
  const open = useView((state) => state.data);
  const hovering = useDrop((transfer) => {
    view.setState({ data: true });
    void filesOfDrop(transfer).then((dropped) => keep(lab, dropped));
  });
  return (
    <>
      {open && <DataDialog onClose={() => view.setState({ data: false })} />}
      {hovering && (
        <div className="drop-veil" aria-hidden="true">
          {words.data.dropNow}
        </div>
      )}
    </>
  );
}

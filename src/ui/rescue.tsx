/**
 * Saving the model without any panel: for when a part of the page fails while the training goes on. It
 * comes with the page and asks nothing of the rest of it but the session.
 */
import { useState } from 'react';
import { useStage } from './context.ts';
import { fileName, give, MODEL_TYPE } from './model/give.ts';
import { words } from './words.ts';

export function Rescue() {
  const { lab } = useStage();
  const [told, setTold] = useState<string | null>(null);
  const save = async () => {
    try {
      const mine = lab.store.getState().snapshot?.workers.find((worker) => worker.mine);
      if (mine === undefined) throw new Error(words.broken.noModel);
      const { bytes, round } = await lab.ask('export', { of: mine.seat });
      give(fileName(`${mine.name} ${round}`), new Uint8Array(bytes), MODEL_TYPE);
      setTold(words.broken.saved);
    } catch (error) {
      setTold(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      <button type="button" onClick={() => void save()}>
        {words.broken.save}
      </button>
      <span className="help" aria-live="polite">
        {told}
      </span>
    </>
  );
}

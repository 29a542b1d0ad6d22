/** Start, Pause, Step and Reset, for the whole room; each can be pressed only when it would do something. */
import type { Snapshot } from '../session/snapshot.ts';
import { useSnapshot, useStage } from './context.ts';
import { words } from './words.ts';

/** Which buttons do something in this state. */
export function possible(
  snapshot: Snapshot | null,
): Readonly<Record<'start' | 'pause' | 'step' | 'reset', boolean>> {
  const phase = snapshot?.phase ?? 'starting';
  const legal = snapshot !== null && snapshot.refusal === null;
  const still = phase === 'idle' || phase === 'paused';
  return {
    start: legal && still,
    pause: phase === 'running',
    step: legal && still,
    reset: phase !== 'starting' && phase !== 'idle',
  };
}

export function RunControls() {
  const { lab } = useStage();
  const can = useSnapshot((snapshot) => JSON.stringify(possible(snapshot)));
  const { start, pause, step, reset }: ReturnType<typeof possible> = JSON.parse(can);
  const rounds = useSnapshot((snapshot) => snapshot?.recipe.rounds ?? 0);
  const refused = useSnapshot((snapshot) => snapshot?.refusal ?? null);
  return (
    <fieldset className="run">
      <legend className="unseen">{words.run.label}</legend>
      <button
        type="button"
        className="primary"
        disabled={!start}
        title={refused ?? words.run.startHint}
        onClick={() =>
          lab.send({ kind: 'command', command: { kind: 'start', stopAt: rounds > 0 ? rounds : null } })
        }
      >
        {words.run.start}
      </button>
      <button
        type="button"
        disabled={!pause}
        title={words.run.pauseHint}
        onClick={() => lab.send({ kind: 'command', command: { kind: 'pause' } })}
      >
        {words.run.pause}
      </button>
      <button
        type="button"
        disabled={!step}
        title={words.run.stepHint}
        onClick={() => lab.send({ kind: 'command', command: { kind: 'step' } })}
      >
        {words.run.step}
      </button>
      <button
        type="button"
        disabled={!reset}
        title={words.run.resetHint}
        onClick={() => lab.send({ kind: 'command', command: { kind: 'reset' } })}
      >
        {words.run.reset}
      </button>
    </fieldset>
  );
}

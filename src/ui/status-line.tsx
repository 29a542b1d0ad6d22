/** One line: what the flock is doing, which round, how fast, and for whom it waits since when. */
import { useStore } from 'zustand';
import { useSnapshot, useStage } from './context.ts';
import { duration, grouped, three } from './format.ts';
import { words } from './words.ts';

export function StatusLine() {
  const snapshot = useSnapshot((latest) => latest);
  const failed = useStore(useStage().lab.store, (state) => state.notices.length > 0);
  if (snapshot === null) {
    return <p className="status">{failed ? words.status.failed : `${words.status.starting}…`}</p>;
  }
  const { phase, round, roundsPerSecond, waiting, room, totals, notices } = snapshot;
  const diverged = notices.some(({ id }) => id === 'diverged');
  const signalling = words.status.signalling[room.signalling];
  return (
    <p className="status">
      <b className={`phase ${phase}`}>{diverged ? words.status.diverged : words.phase[phase]}</b>
      <span>
        {words.status.round} <b className="number">{grouped(round)}</b>
      </span>
      {phase === 'running' && (
        <span>
          <b className="number">{three(roundsPerSecond)}</b> {words.status.perSecond}
        </span>
      )}
      {waiting !== null && (
        <span className="waiting">{words.status.waiting(waiting.name, duration(waiting.ms))}</span>
      )}
      {signalling !== '' && <span className="waiting">{signalling}</span>}
      {totals.protocolErrors > 0 && (
        <span className="waiting">{words.notices.errors(totals.protocolErrors)}</span>
      )}
    </p>
  );
}

/** For screen readers: says only when the state changes, never every number. */
export function PhaseAnnouncer() {
  const phase = useSnapshot((snapshot) => snapshot?.phase ?? 'starting');
  const diverged = useSnapshot((snapshot) => snapshot?.notices.some(({ id }) => id === 'diverged') === true);
  return (
    <output className="unseen" aria-live="polite">
      {diverged ? words.status.diverged : words.phase[phase]}
    </output>
  );
}

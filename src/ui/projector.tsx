/** For the wall of a classroom: the flock, loss, consensus, and how to join. Nothing else. */
import { type ReactNode, useEffect } from 'react';
import { useStage } from './context.ts';
import { Flock } from './flock/flock.tsx';
import { Notices } from './notices.tsx';
import { QrCode } from './qr-code.tsx';
import { ReachNote, useReach } from './reach.tsx';
import { useRoomName, useShortLink } from './room-link.tsx';
import { StatusLine } from './status-line.tsx';
import { words } from './words.ts';

/** Names longer than this are no codes: smaller, or they would fill the wall. */
const LONG = 16;

export function Projector({ charts }: { readonly charts: ReactNode }) {
  const { view } = useStage();
  const name = useRoomName();
  const link = useShortLink();
  const { offered, alone } = useReach();
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key === 'Escape') view.setState({ projector: false });
    };
    document.addEventListener('keydown', key);
    return () => document.removeEventListener('keydown', key);
  }, [view]);
  return (
    <main className="projector">
      <h1 className="unseen">{words.title}</h1>
      <Notices />
      <Flock />
      <section className="charts" aria-label={words.charts.label}>
        <div className="join">
          {link !== null && <QrCode text={link} label={words.room.scan} />}
          <div>
            <p>{words.room.label}</p>
            <p className={name !== null && name.length > LONG ? 'code long' : 'code'}>
              <bdi>{name}</bdi>
            </p>
            {offered.length === 0 ? <p className="address">{window.location.host}</p> : <ReachNote />}
            {alone && (
              <p className="reach">
                <small>{words.room.onlyHere}</small>
              </p>
            )}
            <StatusLine />
          </div>
        </div>
        {charts}
      </section>
      <button type="button" className="leave quiet" onClick={() => view.setState({ projector: false })}>
        {words.view.leaveProjector}
      </button>
    </main>
  );
}

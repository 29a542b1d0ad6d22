/**
 * Where others can open this lab. A page that was opened on localhost has an address that leads everybody to
 * their own machine: its links and its QR code take one that the server offers instead, and where there is
 * none, that is said.
 */
import { isLoopback } from '../network/loopback.ts';
import { useSnapshot, useStage, useView } from './context.ts';
import { words } from './words.ts';

const NONE: readonly string[] = [];

export interface Reach {
  /** Of links for others. */
  readonly origin: string;
  /** What there is to choose from; empty where this page's own address is good for others. */
  readonly offered: readonly string[];
  /** Whether only this machine can follow a link. */
  readonly alone: boolean;
}

export function useReach(): Reach {
  const offered = useSnapshot((snapshot) => snapshot?.room.addresses ?? NONE);
  const chosen = useView((state) => state.origin);
  const { origin, hostname } = window.location;
  if (!isLoopback(hostname)) return { origin, offered: NONE, alone: false };
  const [first] = offered;
  if (first === undefined) return { origin, offered: NONE, alone: true };
  return { origin: chosen !== null && offered.includes(chosen) ? chosen : first, offered, alone: false };
}

const hostOf = (origin: string) => new URL(origin).host;

/** Which address links for others have, to choose where there are several. Nothing where this page's own will do. */
export function ReachNote() {
  const { view } = useStage();
  const { origin, offered } = useReach();
  if (offered.length === 0) return null;
  return (
    <p className="reach">
      {offered.length === 1 ? (
        <>
          {words.room.othersOpen} <b>{hostOf(origin)}</b>
        </>
      ) : (
        <label>
          {words.room.othersOpen}{' '}
          <select value={origin} onChange={(event) => view.setState({ origin: event.target.value })}>
            {offered.map((each) => (
              <option key={each} value={each}>
                {hostOf(each)}
              </option>
            ))}
          </select>
        </label>
      )}
      {origin.startsWith('http:') && <small> {words.room.plainHttp}</small>}
    </p>
  );
}

/** The room's code, how its tabs talk, and its link to share. */
import { useRef, useState } from 'react';
import { DEFAULT_RECIPE } from '../recipe/schema.ts';
import { DEFAULT_LOCAL } from '../recipe/url.ts';
import { useRecipe, useSnapshot, useStage } from './context.ts';
import { ReachNote, useReach } from './reach.tsx';
import { words } from './words.ts';

/** The room's name as it was written; null until it is known. */
export function useRoomName(): string | null {
  return useSnapshot((snapshot) => snapshot?.room.code || null);
}

/** Address that opens this room with this recipe; null until the room is known. */
export function useRoomLink(): string | null {
  const { linkOf, wanted } = useStage();
  const { origin } = useReach();
  const recipe = useRecipe();
  const code = useRoomName();
  return code === null ? null : linkOf(recipe, { ...wanted.local, workers: 1, name: '' }, code, origin);
}

/** The shortest address of this room: who joins takes its recipe anyway. For the QR code. */
export function useShortLink(): string | null {
  const { linkOf } = useStage();
  const { origin } = useReach();
  const code = useRoomName();
  return code === null ? null : linkOf(DEFAULT_RECIPE, DEFAULT_LOCAL, code, origin);
}

export function RoomLink() {
  const code = useRoomName();
  const transport = useSnapshot((snapshot) => snapshot?.room.transport ?? null);
  const link = useRoomLink();
  const { alone } = useReach();
  const [copied, setCopied] = useState<string | null>(null);
  const [failed, setFailed] = useState(false);
  const shown = useRef<HTMLInputElement>(null);
  if (code === null || transport === null || link === null) return null;

  const copy = async () => {
    try {
      // Undefined outside a secure context, such as a page served to a classroom over plain http.
      await navigator.clipboard.writeText(link);
      setCopied(link);
    } catch {
      setFailed(true);
    }
  };
  return (
    <>
      <div className="room">
        <span>
          {words.room.label}{' '}
          <b className="code">
            <bdi>{code}</bdi>
          </b>
          <small> {words.room.carrier[transport]}</small>
        </span>
        {failed ? (
          <label>
            {words.room.copyFailed}{' '}
            <input ref={shown} readOnly value={link} onFocus={() => shown.current?.select()} />
          </label>
        ) : (
          <button type="button" onClick={copy}>
            {copied === link ? words.room.copied : words.room.copy}
          </button>
        )}
      </div>
      <ReachNote />
      {alone && (copied !== null || failed) && (
        <p className="reach" role="status">
          <small>{words.room.onlyHere}</small>
        </p>
      )}
    </>
  );
}

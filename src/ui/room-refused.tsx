/**
 * The whole page where the address names a room that cannot be: nobody is joined, least of all a room that
 * nobody asked for. Says why, and leads on: to another name, to the server's room, to a fresh one.
 */
import { type FormEvent, useEffect, useState } from 'react';
import { asksForNewRoom, ROOM_NAME_RULE, readRoomName, roomFragment } from '../network/room-name.ts';
import { words } from './words.ts';

export function RoomRefused({ name, why }: { readonly name: string; readonly why: string }) {
  const [text, setText] = useState('');
  const [fault, setFault] = useState<string | null>(null);
  const say = words.room.refused;
  useEffect(() => {
    document.title = `${words.room.refused.title} – ${words.title}`;
  }, []);
  const go = (event: FormEvent) => {
    event.preventDefault();
    const read = readRoomName(text);
    if (read.ok) window.location.hash = roomFragment(read.name);
    else if (asksForNewRoom(text)) window.location.hash = '#room=new';
    else setFault(read.why);
  };
  const { pathname, search } = window.location;
  return (
    <main className="refused">
      <p className="brand">{words.title}</p>
      <h1>{say.title}</h1>
      <p className="name">
        <bdi>{say.name(name)}</bdi>
      </p>
      <p>
        {why} {say.rule(ROOM_NAME_RULE)} {say.works}
      </p>
      <form onSubmit={go}>
        <label htmlFor="room-name">{say.choose}</label>
        <input
          id="room-name"
          value={text}
          autoComplete="off"
          aria-invalid={fault !== null}
          aria-describedby="room-fault"
          onChange={(event) => {
            setText(event.target.value);
            setFault(null);
          }}
        />
        <button type="submit" className="primary">
          {say.go}
        </button>
        <p id="room-fault" className="fault" role="alert">
          {fault}
        </p>
      </form>
      <p className="ways">
        <a href={`${pathname}${search}`}>{say.host}</a>
        <a href={`${pathname}${search}#room=new`}>{say.fresh}</a>
      </p>
    </main>
  );
}

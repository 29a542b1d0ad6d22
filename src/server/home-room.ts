/**
 * The room of a server: `MURMURATION_ROOM` names it. Where nobody has, it follows from where the lab lies and its port, so
 * that a server that is started again names the same room, with nothing written down anywhere: tabs that
 * were reloaded and newcomers meet those who went on training. Another checkout, or another port, has
 * another room. Codes are no secret (see `network/room-code.ts`).
 */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { roomCode } from '../network/room-code.ts';
import { printable, ROOM_NAME_RULE, readRoomName } from '../network/room-name.ts';
import { SettingError } from './setting-error.ts';

export function homeRoom(root: string, port: number | undefined): string {
  return roomCode((bytes) => {
    const hash = createHash('sha256')
      .update(`${realpathSync(root)}\0${port ?? 0}`)
      .digest();
    bytes.set(hash.subarray(0, bytes.length));
  });
}

/** MURMURATION_ROOM from the environment; null if not given. @throws {SettingError} */
export function roomFrom(given: string | undefined): string | null {
  if (given === undefined || given === '') return null;
  const read = readRoomName(given);
  if (read.ok) return read.name;
  throw new SettingError(
    `MURMURATION_ROOM: “${printable(given)}” cannot be a room's name. ${read.why} Choose another: ${ROOM_NAME_RULE}.`,
  );
}

/**
 * The room of a server that nobody has named one for. It follows from where the lab lies and its port, so
 * that a server that is started again names the same room, with nothing written down anywhere: tabs that
 * were reloaded and newcomers meet those who went on training. Another checkout, or another port, has
 * another room. Codes are no secret (see `network/room-code.ts`).
 */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { roomCode } from '../network/room-code.ts';

export function homeRoom(root: string, port: number | undefined): string {
  return roomCode((bytes) => {
    const hash = createHash('sha256')
      .update(`${realpathSync(root)}\0${port ?? 0}`)
      .digest();
    bytes.set(hash.subarray(0, bytes.length));
  });
}

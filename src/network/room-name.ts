/**
 * What a room may be called, whoever names it: the address, the server's `MURMURATION_ROOM`, `lab.json`.
 * A room is shown as it was written. Underneath it has an id, which takes no notice of what people do not
 * hear when a name is said aloud (capitals, full-width digits, how accents are stored), so that nobody ends
 * up alone next door; different ids are different rooms. (The folding is that of PRECIS' UsernameCaseMapped,
 * RFC 8265, with NFKC.)
 */

/** Most characters of a name, counted as code points of its composed form. */
export const MAX_ROOM_NAME = 64;
/** What may be in a name, in words. */
export const ROOM_NAME_RULE = `letters and digits of any script, spaces and _ . -, up to ${MAX_ROOM_NAME} characters`;
/** `#room=new` opens a fresh room, hence no room is called so. */
const RESERVED = 'new';

/** A letter or digit with what stands on it, or one of the marks between. */
const ALLOWED = /^(?:[\p{L}\p{Nd}]\p{M}*|[ _.-])+$/u;
const FIRST_REFUSED = /[^\p{L}\p{Nd}\p{M} _.-]/u;
const SPACES = /\p{Zs}+/gu;
/** Characters that show nothing by themselves, or change what stands around them. */
const UNSEEN = /[\p{C}\p{Z}\p{M}]/u;

export type RoomName =
  | { readonly ok: true; readonly name: string }
  /** `why`: one sentence on what is wrong with it. */
  | { readonly ok: false; readonly why: string };

/** Reads a name as people write it: composed, without spaces around it and with single ones inside. */
export function readRoomName(text: string): RoomName {
  // Nothing that long shrinks to a name; nobody need look at all of it.
  if (text.length > 16 * MAX_ROOM_NAME) return tooLong();
  const name = text.trim().replace(SPACES, ' ').normalize('NFC');
  if (name === '') return { ok: false, why: 'It is empty.' };
  const refused = FIRST_REFUSED.exec(name)?.[0];
  if (refused !== undefined) return { ok: false, why: `It contains ${characterName(refused)}.` };
  if ([...name].length > MAX_ROOM_NAME) return tooLong();
  if (!ALLOWED.test(name)) return { ok: false, why: 'It begins with an accent that stands on no letter.' };
  if (!/[\p{L}\p{Nd}]/u.test(name)) return { ok: false, why: 'It has no letter and no digit.' };
  if (roomId(name) === RESERVED) {
    return { ok: false, why: `“${RESERVED}” is the word that opens a fresh room.` };
  }
  return { ok: true, name };
}

/** Under which a room is found: equal for names that are the same room. */
export function roomId(name: string): string {
  return name.normalize('NFKC').toLowerCase().normalize('NFKC');
}

export function sameRoom(one: string, other: string): boolean {
  return roomId(one) === roomId(other);
}

/** What stands behind the query of an address that names this room. */
export function roomFragment(name: string): string {
  return `#room=${encodeURIComponent(name)}`;
}

/** Whether an address asks for a fresh room. */
export function asksForNewRoom(text: string): boolean {
  return text.length <= MAX_ROOM_NAME && roomId(text.trim()) === RESERVED;
}

/** Any text, so that it can be shown: what is unseen as its code point, and not more of it than fits. */
export function printable(text: string): string {
  const start = [...text.slice(0, 2 * MAX_ROOM_NAME + 2)];
  const shown = start
    .slice(0, MAX_ROOM_NAME)
    .map((each) => (each !== ' ' && UNSEEN.test(each) ? codePoint(each) : each));
  return shown.join('') + (start.length > MAX_ROOM_NAME ? '…' : '');
}

function tooLong(): RoomName {
  return { ok: false, why: `It is longer than ${MAX_ROOM_NAME} characters.` };
}

function characterName(character: string): string {
  return UNSEEN.test(character)
    ? `a character that cannot be seen, ${codePoint(character)}`
    : `“${character}”`;
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

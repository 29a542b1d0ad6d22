/**
 * What a tab remembers over its reloads, until it is closed. Storage may be switched off: then it begins
 * anew every time, which costs comfort alone.
 */

/** The query that the page itself wrote in the room that it has just left: nobody's wish for the next. */
export const CARRIED_KEY = 'murmuration.carried';

export function recall(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // See above.
  }
}

export function forget(key: string): void {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // See above.
  }
}

/**
 * Fetching ahead: when a page has what it needs to train and has nothing better to do, it and its thread
 * fetch what a press may need later, so that a server that is gone by then is not missed.
 */
import { realClock } from '../base/clock.ts';

/** Browsers without idle callbacks wait so long, and those with them at most, in ms. */
const WAIT_MILLISECONDS = { without: 1000, most: 10_000 };

/** Calls `action` when this page is idle; never where its person asked the browser to save data. */
export function whenIdle(action: () => void): void {
  // Not in the type library: only Chromium has it.
  const connection: unknown = Reflect.get(navigator, 'connection');
  const saves =
    typeof connection === 'object' && connection !== null && Reflect.get(connection, 'saveData') === true;
  if (saves) return;
  if (typeof requestIdleCallback === 'function')
    requestIdleCallback(action, { timeout: WAIT_MILLISECONDS.most });
  else realClock.after(WAIT_MILLISECONDS.without, action);
}

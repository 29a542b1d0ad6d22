/**
 * The room's patience, all in milliseconds. A tab that vanishes without a word is noticed after
 * `SILENCE_MS`, and the view without it needs two trips more: well within six seconds in all.
 */

/** How often the room looks at the time. */
export const TICK_MS = 250;
/** A heartbeat goes out this often, and whenever what it says has changed. */
export const HEARTBEAT_MS = 500;
/** One that is listened for and not heard for this long is asked for a word. */
export const ASK_MS = 750;
/** A heartbeat that has nothing new is sent whole after this long, in case one was lost; otherwise a pulse. */
export const REFRESH_MS = 10_000;
/** A peer not heard for this long while it was listened for is suspected. */
export const SILENCE_MS = 3000;
/** A tick this late means that we slept: what others seem to have missed is our own fault. */
export const STALL_MS = 1000;
/** How long a member may take to promise before the change goes on without it... */
export const PROMISE_MS = 2000;
/** ...and how long a newcomer may keep the members waiting. */
export const NEWCOMER_MS = 1000;
/** How long a promise binds while its leader is heard of, and how long after that. */
export const HOLD_MS = 4000;
export const ORPHAN_MS = 1000;
/** A member in another view for this long has left ours: a commit was lost, or it was evicted. */
export const STRAY_MS = 2000;
/** Two members that do not see each other for this long cannot both stay. */
export const BLIND_MS = 1000;
/** Before asking a peer again that did not want to join. */
export const COOLDOWN_MS = 1000;
/** A hello that was not answered is repeated after this long. */
export const HELLO_MS = 1000;
/** A command is sent to the leader again after this long, and given up after... */
export const RESEND_MS = 1000;
export const COMMAND_MS = 10_000;

/**
 * Commands on their way: those that the person at this tab has asked for and no view has carried out yet,
 * and (where this peer leads) the queue of everybody's, in the order in which they take effect.
 *
 * A command is sent until a view names it as applied, and named at most once: so it survives a leader's
 * death and is not carried out twice.
 */
import type { PeerId } from '../network/transport.ts';
import { MAX_COMMANDS } from '../protocol/control.ts';
import { COMMAND_MS, RESEND_MS } from './timing.ts';
import type { ChangeMode, Command } from './view.ts';

/** The number counts its peer's commands. */
export interface CommandId {
  readonly peer: PeerId;
  readonly number: number;
}

export interface OrderedCommand extends CommandId {
  readonly command: Command;
}

interface Asked {
  readonly number: number;
  readonly command: Command;
  readonly since: number;
  sent: number;
  to: PeerId | null;
}

/** How many applied commands are remembered, to know one that is sent again. */
const MEMORY = 4 * MAX_COMMANDS;
const MAX_ASKED = 16;
const MAX_QUEUED_PER_PEER = MAX_ASKED;

const keyOf = ({ peer, number }: CommandId): string => `${number} ${peer}`;

/** Commands that make rounds in flight pointless. */
const restarts = (command: Command): boolean =>
  command.kind === 'reset' || command.kind === 'renew' || (command.kind === 'recipe' && command.restart);

export class CommandDesk {
  readonly #self: PeerId;
  #asked: Asked[] = [];
  #queue: OrderedCommand[] = [];
  readonly #applied = new Set<string>();
  #number = 0;

  constructor(self: PeerId) {
    this.#self = self;
  }

  /** Takes a command of this peer's own; false if too many are waiting. */
  ask(command: Command, now: number): boolean {
    if (this.#asked.length >= MAX_ASKED) return false;
    this.#number += 1;
    const sent = Number.NEGATIVE_INFINITY;
    this.#asked.push({ number: this.#number, command, since: now, sent, to: null });
    return true;
  }

  /** This peer's commands that should now go to `leader`; they count as sent. */
  due(leader: PeerId, now: number): readonly OrderedCommand[] {
    const due = this.#asked.filter((asked) => asked.to !== leader || now - asked.sent >= RESEND_MS);
    for (const asked of due) {
      asked.sent = now;
      asked.to = leader;
    }
    return due.map(({ number, command }) => ({ peer: this.#self, number, command }));
  }

  /** Gives up this peer's commands that nobody carried out in time, and returns them. */
  expire(now: number): readonly Command[] {
    const lost = this.#asked.filter(({ since }) => now - since >= COMMAND_MS);
    if (lost.length > 0) this.#asked = this.#asked.filter((asked) => !lost.includes(asked));
    return lost.map(({ command }) => command);
  }

  /** For the leader: puts a command at the end of the queue, unless it is there or was carried out. */
  enqueue(ordered: OrderedCommand): void {
    const key = keyOf(ordered);
    if (this.#applied.has(key) || this.#queue.some((queued) => keyOf(queued) === key)) return;
    if (this.#queue.filter(({ peer }) => peer === ordered.peer).length >= MAX_QUEUED_PER_PEER) return;
    this.#queue.push(ordered);
  }

  /** For the leader: how the queue would have the view changed, or null if it is empty. */
  wants(): ChangeMode | null {
    if (this.#queue.length === 0) return null;
    return this.#queue.some(({ command }) => restarts(command)) ? 'abort' : 'graceful';
  }

  /** For the leader: what a view agreed in this mode carries out. */
  next(mode: ChangeMode): readonly OrderedCommand[] {
    const first = this.#queue.findIndex(({ command }) => restarts(command));
    const end = mode === 'abort' || first < 0 ? this.#queue.length : first;
    return this.#queue.slice(0, Math.min(end, MAX_COMMANDS));
  }

  /** A view carried these out. Who does not lead keeps no queue: its owners send again. */
  settle(applied: readonly CommandId[], leads: boolean): void {
    for (const id of applied) this.#applied.add(keyOf(id));
    for (const key of this.#applied) {
      if (this.#applied.size <= MEMORY) break;
      this.#applied.delete(key);
    }
    const done = (id: CommandId) => this.#applied.has(keyOf(id));
    this.#asked = this.#asked.filter(({ number }) => !done({ peer: this.#self, number }));
    this.#queue = leads ? this.#queue.filter((queued) => !done(queued)) : [];
  }
}

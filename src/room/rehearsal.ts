/**
 * A stage for tests of the room: whole flocks of real rooms over the memory transport under virtual time,
 * with delays, cuts, crashes and stalls, and a small stand-in for the training session that runs rounds
 * in lock-step over real frames. It also writes down what every peer saw, for the checks of safety.
 */
import type { Clock } from '../base/clock.ts';
import { sleepWith } from '../base/clock.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import { sketchHash } from '../math/sketch-hash.ts';
import { MemoryHub } from '../network/memory.ts';
import { PostOffice } from '../network/post-office.ts';
import type { PeerId, Transport } from '../network/transport.ts';
import { isActive } from './next-view.ts';
import { Room, type RoomHost, type RoomNotice, type RoomSelf } from './room.ts';
import { bySeniority } from './seats.ts';
import type { ChangeMode, View } from './view.ts';

export interface Installed {
  readonly view: View;
  readonly mode: ChangeMode;
  readonly fresh: boolean;
  /** Rounds completed when it came. */
  readonly completed: number;
}

/** How long the work of a round takes. */
const ROUND_MS = 150;

/** Rounds in lock-step with all members of the view; one frame to each a round. */
export class RoundsHost implements RoomHost {
  readonly installed: Installed[] = [];
  /** Rounds completed in this epoch. */
  round = 0;
  /** Rounds completed in all, to see that things move. */
  total = 0;
  refusedRecipe: string | null = null;
  #view: View | null = null;
  /** Views agreed gracefully, to be entered when the rounds before them are done. */
  #next: View[] = [];
  #limit: number | null = null;
  #inFlight = false;
  readonly #arrived = new Map<string, Set<PeerId>>();
  readonly #post: PostOffice;
  readonly #clock: Clock;

  constructor(post: PostOffice, clock: Clock) {
    this.#post = post;
    this.#clock = clock;
    post.on('algorithm', ({ view, round }, from) => {
      const key = `${view} ${round}`;
      const peers = this.#arrived.get(key) ?? new Set();
      this.#arrived.set(key, peers.add(from));
      this.#advance();
    });
  }

  prepare(mode: ChangeMode): number {
    if (mode === 'abort') {
      this.#inFlight = false;
      this.#limit = this.round;
      return this.round;
    }
    this.#limit = Math.max(this.round + (this.#inFlight ? 1 : 0), this.#next.at(-1)?.startRound ?? 0);
    return this.#limit;
  }

  release(): void {
    this.#limit = null;
    this.#advance();
  }

  commit(view: View, mode: ChangeMode, fresh: boolean): void {
    this.installed.push({ view, mode, fresh, completed: this.round });
    this.#limit = null;
    const last = this.#next.at(-1) ?? this.#view;
    if (fresh || mode === 'abort' || view.run.epoch !== last?.run.epoch) {
      this.#next = [];
      this.#enter(view);
    } else {
      this.#next.push(view);
    }
    this.#advance();
  }

  waitsFor(): readonly PeerId[] {
    const view = this.#view;
    if (view === null || !this.#inFlight) return [];
    const arrived = this.#arrived.get(`${view.id} ${this.round}`);
    return bySeniority(view).filter((peer) => peer !== this.#post.self && arrived?.has(peer) !== true);
  }

  checkRecipe(recipe: string): string | null {
    return recipe === this.refusedRecipe ? 'it is not to my taste.' : null;
  }

  /** In words, for a failing test. */
  describe(): string {
    const views = [this.#view, ...this.#next].map((view) => `#${view?.counter}@${view?.startRound}`);
    const arrived = this.#arrived.get(`${this.#view?.id} ${this.round}`);
    const heard = arrived === undefined ? '' : `, heard ${[...arrived].join(' ')}`;
    return `round ${this.round}${heard}${this.#inFlight ? '+' : ''} in ${views.join(', ')}, limit ${this.#limit}`;
  }

  #enter(view: View): void {
    const before = this.#view?.id;
    for (const key of this.#arrived.keys()) if (key.startsWith(`${before} `)) this.#arrived.delete(key);
    this.#view = view;
    this.#inFlight = false;
    this.round = view.startRound;
  }

  #advance(): void {
    for (;;) {
      const next = this.#next[0];
      if (this.#inFlight || next === undefined || this.round < next.startRound) break;
      this.#next.shift();
      this.#enter(next);
    }
    const view = this.#view;
    if (view === null) return;
    const never = Number.POSITIVE_INFINITY;
    const upcoming = Math.min(this.#next[0]?.startRound ?? never, this.#limit ?? never);
    const others = bySeniority(view).filter((peer) => peer !== this.#post.self);
    const { round } = this;
    if (!this.#inFlight) {
      if (!isActive(view.run, this.round) || this.round >= upcoming) return;
      this.#inFlight = true;
      for (const peer of others) this.#send(view, peer);
      if (others.length === 0) {
        this.#clock.after(ROUND_MS, () => this.#complete(view, round));
        return;
      }
    }
    const arrived = this.#arrived.get(`${view.id} ${round}`);
    if (others.length > 0 && others.every((peer) => arrived?.has(peer) === true)) {
      this.#clock.after(ROUND_MS, () => this.#complete(view, round));
    }
  }

  #send(view: View, peer: PeerId): void {
    const address = {
      view: view.id,
      round: this.round,
      step: 0,
      tag: 0,
      codec: 0,
      source: 0,
      destination: 0,
    };
    this.#post
      .send({ type: 'algorithm', ...address, payload: new Uint8Array(4) }, peer)
      .catch(() => undefined);
  }

  #complete(view: View, round: number): void {
    if (this.#view?.id !== view.id || this.round !== round || !this.#inFlight) return;
    this.#arrived.delete(`${view.id} ${round}`);
    this.#inFlight = false;
    this.round += 1;
    this.total += 1;
    this.#advance();
  }
}

export interface Actor {
  readonly id: PeerId;
  readonly room: Room;
  readonly host: RoundsHost;
  readonly transport: Transport;
  readonly post: PostOffice;
  readonly notices: RoomNotice[];
  alive: boolean;
}

/** Uniform numbers in [0, 1) that a seed determines. */
export function seeded(seed: number): () => number {
  let count = 0;
  return () => sketchHash(seed, count++) / 2 ** 32;
}

export class Stage {
  readonly clock = new VirtualClock();
  readonly hub: MemoryHub;
  readonly actors: Actor[] = [];
  readonly #stalls = new Map<PeerId, number>();
  /** Links that are cut, with the messages they hold back. */
  readonly #cuts = new Map<string, (() => void)[]>();
  readonly #broken = new Set<string>();
  readonly #lastDelivery = new Map<string, number>();
  readonly #random: () => number;

  /** @param delay milliseconds that a message takes, at most. */
  constructor(random: () => number = () => 0.5, delay = 20) {
    this.#random = random;
    this.hub = new MemoryHub({
      schedule: (deliver, { from, to, lane }) => {
        const channel = `${from} ${to} ${lane}`;
        const arrival = this.clock.now() + delay * random();
        const at = Math.max(arrival, this.#lastDelivery.get(channel) ?? 0, this.#stalls.get(to) ?? 0);
        this.#lastDelivery.set(channel, at);
        const link = [from, to].sort().join(' ');
        this.clock.after(at - this.clock.now(), () => {
          const held = this.#cuts.get(link);
          if (held !== undefined) held.push(() => this.#unstalled(to, deliver));
          else this.#unstalled(to, deliver);
        });
      },
    });
  }

  /** A new peer, opened at once. */
  add(id: PeerId, self: Partial<RoomSelf> & { recipe?: string; layoutHash?: string } = {}): Actor {
    const clock = this.#clockOf(id);
    const transport = this.hub.connect(id);
    const post = new PostOffice(transport, { clock });
    const host = new RoundsHost(post, clock);
    const { recipe = '{"seats":0}', layoutHash = 'abcd', ...rest } = self;
    const room = new Room({
      clock,
      post,
      transport,
      random: this.#random,
      self: { peer: id, name: id, workers: 1, backend: 'cpu', adapter: 'test', lab: '1', built: 1, ...rest },
      recipe,
      layoutHash: () => layoutHash,
      host,
    });
    const actor: Actor = { id, room, host, transport, post, notices: [], alive: true };
    room.onNotice((notice) => actor.notices.push(notice));
    this.actors.push(actor);
    room.open();
    return actor;
  }

  /** Vanishes without a word, like a tab whose machine died. */
  crash(actor: Actor): void {
    actor.alive = false;
    this.hub.crash(actor.id);
    actor.room.close();
  }

  /** Closes in good order. */
  close(actor: Actor): void {
    actor.alive = false;
    actor.room.close();
    this.clock.after(1, () => actor.transport.close());
  }

  /** Everything of a peer stands still for a while, like a tab that was put to sleep. */
  stall(actor: Actor, milliseconds: number): void {
    this.#stalls.set(actor.id, this.clock.now() + milliseconds);
  }

  /** Milliseconds until the last stall is over. */
  stalledFor(): number {
    return Math.max(0, ...[...this.#stalls.values()].map((end) => end - this.clock.now()));
  }

  get living(): readonly Actor[] {
    return this.actors.filter(({ alive }) => alive);
  }

  /**
   * Cuts all links between two groups, and tells nobody. `break`: what is sent is lost, and healing makes
   * new connections, as when a data channel fails. `hold`: healing delivers what was sent meanwhile, as a
   * reliable channel does after a short outage.
   */
  cut(a: readonly Actor[], b: readonly Actor[], how: 'break' | 'hold' = 'break'): void {
    for (const one of a) {
      for (const other of b) {
        if (one === other) continue;
        const link = [one.id, other.id].sort().join(' ');
        if (how === 'break') this.hub.cut(one.id, other.id);
        if (!this.#cuts.has(link)) this.#cuts.set(link, []);
        if (how === 'break') this.#broken.add(link);
      }
    }
  }

  heal(a: readonly Actor[], b: readonly Actor[]): void {
    for (const one of a) {
      for (const other of b) {
        if (one === other) continue;
        const link = [one.id, other.id].sort().join(' ');
        const held = this.#cuts.get(link) ?? [];
        this.#cuts.delete(link);
        if (this.#broken.delete(link)) {
          one.transport.drop(other.id, 'broken');
          other.transport.drop(one.id, 'broken');
        } else {
          for (const deliver of held) deliver();
        }
        this.hub.heal(one.id, other.id);
      }
    }
  }

  /** True if all these are members of one and the same view, and nobody else is. */
  agreed(actors: readonly Actor[] = this.living): boolean {
    const views = actors.map(({ room }) => room.view);
    const [first] = views;
    if (first === null || first === undefined || views.some((view) => view?.id !== first.id)) return false;
    const members = [...bySeniority(first)].sort();
    return JSON.stringify(members) === JSON.stringify(actors.map(({ id }) => id).sort());
  }

  /** Waits for `condition`. @throws if it does not hold within so much virtual time. */
  async until(condition: () => boolean, limitMs = 6000): Promise<void> {
    if (await this.clock.run(condition, limitMs)) return;
    throw new Error(`Not so after ${limitMs} ms:\n${this.describe()}`);
  }

  async settled(actors: readonly Actor[] = this.living, limitMs = 6000): Promise<View> {
    await this.until(() => this.agreed(actors), limitMs);
    const view = actors[0]?.room.view;
    if (view === null || view === undefined) throw new Error('There is nobody.');
    return view;
  }

  describe(): string {
    return this.living
      .map(({ id, room, host }) => {
        const view = room.view;
        const seats = view?.seats.map(({ seat, peer }) => `${seat}=${peer}`).join(' ');
        return `${id}: view ${view?.id.slice(0, 6)} #${view?.counter}, ${host.describe()} [${seats}]`;
      })
      .join('\n');
  }

  #clockOf(id: PeerId): Clock {
    const after: Clock['after'] = (milliseconds, action) =>
      this.clock.after(milliseconds, () => this.#unstalled(id, action));
    return {
      now: () => this.clock.now(),
      after,
      sleep: (milliseconds, signal) => sleepWith(after, milliseconds, signal),
    };
  }

  #unstalled(id: PeerId, action: () => void): void {
    const left = (this.#stalls.get(id) ?? 0) - this.clock.now();
    if (left > 0) this.clock.after(left, () => this.#unstalled(id, action));
    else action();
  }
}

/**
 * Safety, over everything that any peer saw. Returns what is wrong, in words:
 * an id names one content; a peer that is not fresh has installed the parent right before; counters grow
 * by one along a lineage; nobody installs a view without itself; no completed round is done again.
 */
export function violations(actors: readonly Actor[]): string[] {
  const wrong: string[] = [];
  const contents = new Map<string, string>();
  for (const { id, host } of actors) {
    let previous: Installed | null = null;
    for (const step of host.installed) {
      const { view, fresh, completed } = step;
      const { run, seats, ...rest } = view;
      const parts = [rest, run, ...seats].map((part) => Object.entries(part).sort());
      const text = JSON.stringify(parts);
      const name = `${id}, view ${view.id} #${view.counter}`;
      if ((contents.get(view.id) ?? text) !== text) wrong.push(`${name}: two views share this id`);
      contents.set(view.id, text);
      if (!view.seats.some(({ peer }) => peer === id)) wrong.push(`${name}: is not in it`);
      if (!fresh) {
        if (previous?.view.id !== view.parent) wrong.push(`${name}: did not see its parent ${view.parent}`);
        if (previous?.view.counter !== view.counter - 1) wrong.push(`${name}: the counter leapt`);
        const same = previous?.view.run.epoch === view.run.epoch;
        if (same && view.startRound < completed)
          wrong.push(`${name}: starts at ${view.startRound} < ${completed}`);
        if (view.run.epoch < (previous?.view.run.epoch ?? 0)) wrong.push(`${name}: the epoch went back`);
      }
      previous = step;
    }
  }
  return wrong;
}

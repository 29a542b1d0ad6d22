/**
 * The room: who is here, and what the flock is doing. It greets peers, listens for their heartbeats,
 * takes commands, and keeps one agreed view. It trains nothing, and knows neither models nor devices.
 *
 * A peer that has met nobody has a view of itself alone, so one tab is a ring of one. Peers that share a
 * view all see each other: a full mesh.
 */
import type { Clock } from '../base/clock.ts';
import type { PostOffice } from '../network/post-office.ts';
import type { PeerId, Transport } from '../network/transport.ts';
import { type ControlMessage, type ControlOf, type ReportRow, reportMessages } from '../protocol/control.ts';
import { Agreement } from './agreement.ts';
import { Attention } from './attention.ts';
import { CommandDesk } from './command-desk.ts';
import type { RoomNotice } from './gate.ts';
import { Heartbeats } from './heartbeats.ts';
import type { RoomHost } from './host.ts';
import { actingLeader, council, heard, type Outlook } from './leadership.ts';
import { Mail } from './mail.ts';
import { type Acquaintances, type MemberStatus, memberStatus, memberStatuses } from './members.ts';
import { aloneView, PEER_ID } from './next-view.ts';
import * as notices from './notices.ts';
import { type Card, Reception, type RoomSelf } from './reception.ts';
import { recipeProblem } from './recipe-limits.ts';
import { Reports } from './reports.ts';
import { type Acquaintance, type Hello, Roster } from './roster.ts';
import { bySeniority, seatsOf } from './seats.ts';
import type { Standing } from './standing.ts';
import { STALL_MS, TICK_MS } from './timing.ts';
import type { Command, View } from './view.ts';

export type { RoomNotice } from './gate.ts';
export type { RoomHost } from './host.ts';
export type { MemberStatus } from './members.ts';
export type { RoomSelf } from './reception.ts';

export interface RoomOptions {
  readonly clock: Clock;
  readonly post: PostOffice;
  readonly transport: Transport;
  /** In [0, 1). */
  readonly random: () => number;
  readonly self: RoomSelf;
  /** JSON text of the recipe to begin with, until a room's takes its place. */
  readonly recipe: string;
  /** Hash (hex) of the parameter layout that the present recipe makes here, or '' if not known. */
  readonly layoutHash: () => string;
  readonly host: RoomHost;
}

export class Room {
  readonly #options: RoomOptions;
  readonly #roster = new Roster();
  readonly #mail: Mail;
  readonly #desk: CommandDesk;
  readonly #reception: Reception;
  readonly #agreement: Agreement;
  readonly #changeHandlers = new Set<() => void>();
  readonly #noticeHandlers = new Set<(notice: RoomNotice) => void>();
  readonly #heartbeats: Heartbeats;
  readonly #attention = new Attention();
  readonly #reports = new Reports();
  readonly #reportHandlers = new Set<(from: PeerId, epoch: number, rows: readonly ReportRow[]) => void>();
  /** Members that have disconnected, until a view without them. */
  readonly #absent = new Map<PeerId, Acquaintance>();
  #endings: (() => void)[] = [];
  #cancelTick: () => void = () => undefined;
  #state: 'new' | 'open' | 'closed' = 'new';
  #established = false;
  #greetedRecipe: string;
  #poked = false;
  #changed = false;
  #epoch = 0;
  #lastTick = 0;
  #lastSeen = '';

  /** @throws {RangeError} if the recipe is larger than a room can carry. */
  constructor(options: RoomOptions) {
    this.#options = options;
    const { self, recipe, host, random } = options;
    const problem = recipeProblem(recipe);
    if (problem !== null) throw new RangeError(problem);
    this.#greetedRecipe = recipe;
    this.#mail = new Mail(options.post);
    this.#heartbeats = new Heartbeats(this.#mail);
    this.#desk = new CommandDesk(self.peer);
    this.#reception = new Reception({
      self,
      roster: this.#roster,
      mail: this.#mail,
      transport: options.transport,
      layoutHash: options.layoutHash,
      now: () => this.#now(),
      view: () => this.#agreement.view,
      standing: () => this.#agreement.standing(this.#established),
      notify: (notice) => this.#notify(notice),
    });
    this.#agreement = new Agreement(
      {
        self: self.peer,
        mail: this.#mail,
        desk: this.#desk,
        host,
        random,
        outlook: () => this.#outlook(),
        onView: (view) => this.#onView(view),
        onFull: (peer) => this.#onFull(peer),
        onRecipeRefused: (reason) => this.#notify(notices.foreignRecipe(reason)),
      },
      aloneView(self.peer, this.#reception.card.workers, recipe),
    );
  }

  /** Opens the transport; the host gets its first view before this returns. */
  open(): void {
    if (this.#state !== 'new') return;
    this.#state = 'open';
    const { post, host, clock } = this.#options;
    this.#endings = [
      post.onJoin((peer) => this.#onJoin(peer)),
      post.onLeave((peer) => this.#onLeave(peer)),
      post.onProtocolError((peer, error, dropped) => {
        if (dropped) this.#notify(notices.dropped(this.#nameOf(peer), error.message));
      }),
      this.#mail.listen((from, message) => this.#onMessage(from, message)),
    ];
    host.commit(this.#agreement.view, 'graceful', true);
    post.open();
    this.#lastTick = clock.now();
    this.#tickLater();
    this.#poke();
  }

  /** Says goodbye; nothing is told to the host any more. The transport stays open. */
  close(): void {
    if (this.#state === 'open') {
      for (const { peer } of this.#roster.all()) void this.#mail.send(peer, { kind: 'bye' });
    }
    this.#state = 'closed';
    this.#cancelTick();
    for (const end of this.#endings.splice(0)) end();
    this.#roster.clear();
  }

  /** The agreed view; null before `open`. */
  get view(): View | null {
    return this.#state === 'new' ? null : this.#agreement.view;
  }

  /** The member that leads changes of the view, as this peer sees it; null before `open`. */
  get leader(): PeerId | null {
    return this.#state === 'new' ? null : actingLeader(this.#outlook());
  }

  /** The view's members by seniority, then other connected peers. */
  members(): readonly MemberStatus[] {
    if (this.#state === 'new') return [];
    return memberStatuses(this.#acquaintances());
  }

  /** One of these; undefined if it is none. */
  member(peer: PeerId): MemberStatus | undefined {
    return this.#state === 'new' ? undefined : memberStatus(this.#acquaintances(), peer);
  }

  /** What the person at this tab asks of the whole flock; the leader puts it in order. */
  command(command: Command): void {
    if (this.#state !== 'open') return;
    if (command.kind === 'recipe') {
      const problem = recipeProblem(command.recipe) ?? this.#options.host.checkRecipe(command.recipe);
      if (problem !== null) {
        this.#notify(notices.recipe(problem));
        return;
      }
    }
    if (!this.#desk.ask(command, this.#now())) this.#notify(notices.commandLost(command));
    this.#poke();
  }

  /** How many workers this peer hosts: its seats follow with the next view. From 1 to 64. */
  setWorkers(count: number): void {
    this.#present({ workers: count });
  }

  setHidden(hidden: boolean): void {
    if (hidden !== this.#reception.card.hidden) this.#present({ hidden });
  }

  /** What its workers compute on, once that is known. */
  setBackend(backend: Hello['backend'], adapter: string): void {
    this.#present({ backend, adapter });
  }

  setName(name: string): void {
    this.#present({ name });
  }

  /** Discovery says that nobody else is there: this peer's view is a room that others join. */
  setEstablished(): void {
    this.#established = true;
    this.#poke();
  }

  /**
   * Telemetry of this peer's workers: every member hears of it, as soon as there is room for it. Numbers that
   * are not finite become null.
   */
  report(rows: readonly ReportRow[]): void {
    if (this.#state !== 'open') return;
    const finite = (value: number | null) => (value !== null && Number.isFinite(value) ? value : null);
    this.#reports.update(
      rows.map((row) => ({
        ...row,
        trainLoss: finite(row.trainLoss),
        testLoss: finite(row.testLoss),
        testAccuracy: finite(row.testAccuracy),
        residualNorm: finite(row.residualNorm),
      })),
    );
    this.#tell();
  }

  /** Sends the reports that are due. */
  #tell(): void {
    const { view } = this.#agreement;
    const others = bySeniority(view).filter((peer) => peer !== this.#options.self.peer);
    for (const { peer, rows } of this.#reports.due(others, this.#now())) {
      for (const message of reportMessages(rows, view.run.epoch)) void this.#mail.send(peer, message);
    }
  }

  /** Calls `handler` with the telemetry of others, only for seats that they hold. */
  onReport(handler: (from: PeerId, epoch: number, rows: readonly ReportRow[]) => void): () => void {
    this.#reportHandlers.add(handler);
    return () => this.#reportHandlers.delete(handler);
  }

  /** Calls `handler` when the view or anything in `members()` may have changed. */
  onChange(handler: () => void): () => void {
    this.#changeHandlers.add(handler);
    return () => this.#changeHandlers.delete(handler);
  }

  onNotice(handler: (notice: RoomNotice) => void): () => void {
    this.#noticeHandlers.add(handler);
    return () => this.#noticeHandlers.delete(handler);
  }

  #now(): number {
    return this.#options.clock.now();
  }

  #acquaintances(): Acquaintances {
    const { transport } = this.#options;
    return { at: this.#outlook(), card: this.#reception.card, absent: this.#absent, transport };
  }

  #outlook(): Outlook {
    return {
      self: this.#options.self.peer,
      workers: this.#reception.card.workers,
      view: this.#agreement.view,
      standing: this.#agreement.standing(this.#established),
      roster: this.#roster,
      gone: this.#agreement.gone,
      now: this.#now(),
    };
  }

  #notify(notice: RoomNotice): void {
    for (const handler of [...this.#noticeHandlers]) handler(notice);
  }

  /** Does what is due as soon as the present event is over: once for many events. */
  #poke(): void {
    if (this.#poked || this.#state !== 'open') return;
    this.#poked = true;
    queueMicrotask(() => {
      this.#poked = false;
      this.#work();
    });
  }

  #work(): void {
    if (this.#state !== 'open') return;
    const leader = actingLeader(this.#outlook());
    for (const ordered of this.#desk.due(leader, this.#now())) {
      const { number, command } = ordered;
      if (leader === this.#options.self.peer) this.#desk.enqueue(ordered);
      else void this.#mail.send(leader, { kind: 'command', number, command });
    }
    const { recipe } = this.#agreement.view;
    if (recipe !== this.#greetedRecipe) this.#greetAgain();
    this.#greetedRecipe = recipe;
    this.#agreement.consider();
    this.#beat();
    if (!this.#changed) return;
    this.#changed = false;
    for (const handler of [...this.#changeHandlers]) handler();
  }

  #tickLater(): void {
    this.#cancelTick = this.#options.clock.after(TICK_MS, () => this.#tick());
  }

  #tick(): void {
    if (this.#state !== 'open') return;
    const now = this.#now();
    if (now - this.#lastTick > TICK_MS + STALL_MS) this.#roster.forgive(now);
    this.#lastTick = now;
    this.#reception.remind();
    this.#tell();
    const at = this.#outlook();
    const { owed, pledgedTo } = this.#agreement;
    const awaited = this.#options.host.waitsFor?.() ?? [];
    for (const { peer } of this.#attention.turn(at, awaited, pledgedTo)) {
      this.#heartbeats.word(at, owed, peer, true);
    }
    for (const command of this.#desk.expire(now)) this.#notify(notices.commandLost(command));
    this.#work();
    this.#tickLater();
  }

  /** Sends the heartbeats that are due, and those with news. */
  #beat(): void {
    const at = this.#outlook();
    const { owed } = this.#agreement;
    const text = JSON.stringify([at.standing, owed, heard(at)]);
    if (text !== this.#lastSeen) this.#changed = true;
    this.#lastSeen = text;
    this.#heartbeats.beat(at, owed);
  }

  /** Another recipe: a hello tells it, and its layout, to those who lead, and to those outside. */
  #greetAgain(): void {
    const at = this.#outlook();
    const inner = council(at);
    const members = bySeniority(at.view);
    for (const { peer } of this.#roster.all()) {
      const concerned = inner.includes(at.self) || inner.includes(peer) || !members.includes(peer);
      if (concerned) this.#reception.greet(peer);
    }
  }

  #present(changes: Partial<Card>): void {
    this.#reception.present(changes);
    this.#changed = true;
    this.#poke();
  }

  #onJoin(peer: PeerId): void {
    if (!PEER_ID.test(peer)) {
      this.#options.transport.drop(peer, 'Its id is not one that this lab makes.');
      return;
    }
    this.#roster.join(peer, this.#now());
    this.#heartbeats.forget(peer);
    this.#reception.greet(peer);
  }

  #onLeave(peer: PeerId): void {
    const known = this.#roster.get(peer);
    const member = seatsOf(this.#agreement.view, peer).length > 0;
    if (known !== undefined && member) this.#absent.set(peer, known);
    this.#roster.leave(peer);
    this.#heartbeats.forget(peer);
    this.#agreement.onLeave(peer);
    this.#changed = true;
    this.#poke();
  }

  #onView(view: View): void {
    this.#reports.viewed(this.#now(), view.run.epoch !== this.#epoch);
    this.#epoch = view.run.epoch;
    this.#absent.clear();
    this.#roster.watchView(view, this.#now());
    if (view.run.dealt !== null) this.#established = true;
    this.#beat(); // before any promise about this view
    this.#changed = true;
    this.#poke();
  }

  #onMessage(from: PeerId, message: ControlMessage): void {
    const known = this.#roster.get(from);
    if (known === undefined || known.refused) return;
    known.heard = this.#now();
    // Nothing but a hello is taken from one that has not said it; it comes again, and so will the rest.
    if (message.kind === 'hello') this.#onHello(known, message);
    else if (message.kind === 'refused') this.#reception.refused(known, message.reason);
    else if (message.kind === 'bye') this.#options.transport.drop(from, 'It said goodbye.');
    else if (known.hello !== null) this.#onMembership(known, message);
  }

  #onMembership(known: Acquaintance, message: ControlMessage): void {
    const from = known.peer;
    switch (message.kind) {
      case 'heartbeat':
        this.#onHeartbeat(known, message);
        return;
      case 'pulse':
        this.#onPulse(known, message);
        return;
      case 'report':
        this.#onReport(from, message);
        return;
      case 'prepare':
        this.#agreement.onPrepare(from, message);
        break;
      case 'promise':
        this.#agreement.onPromise(from, message);
        break;
      case 'reject':
        this.#agreement.onReject(from, message);
        break;
      case 'commit':
        this.#agreement.onCommit(from, message);
        break;
      case 'command':
        this.#onCommand(from, message);
        break;
    }
    this.#poke();
  }

  #onHello(known: Acquaintance, hello: Hello): void {
    if (!this.#reception.admit(known, hello)) return;
    this.#heartbeats.forget(known.peer); // so that it hears at once whom we hear
    this.#changed = true;
    this.#learn(known, hello.view);
    this.#poke();
  }

  #onHeartbeat(known: Acquaintance, message: ControlOf<'heartbeat'>): void {
    const { view, hears, misses, leads, owed } = message;
    const same = sameSet(hears, known.hears) && sameSet(misses, known.misses) && leads === known.leads;
    const news = !same || owed !== known.owed || view.id !== known.standing?.id;
    known.hears = new Set(hears);
    known.misses = new Set(misses);
    known.leads = leads;
    known.owed = owed;
    this.#learn(known, view);
    if (news) this.#poke();
  }

  /** Nothing has changed there: it is as it was. */
  #onPulse(known: Acquaintance, { ask }: ControlOf<'pulse'>): void {
    if (known.standing !== null) this.#learn(known, known.standing);
    if (ask) this.#heartbeats.word(this.#outlook(), this.#agreement.owed, known.peer, false);
  }

  #learn(known: Acquaintance, standing: Standing): void {
    const { view } = this.#agreement;
    const before = known.standing;
    known.standing = standing;
    if (standing.id !== view.id) {
      known.strayedSince ??= this.#now();
    } else {
      known.strayedSince = null;
      if (standing.established) this.#established = true;
    }
    this.#agreement.onStanding(known.peer, standing, before);
  }

  #onFull(peer: PeerId): void {
    const known = this.#roster.get(peer);
    if (known !== undefined) this.#reception.refuse(known, 'full', 'There is no free seat.', notices.full());
  }

  #onCommand(from: PeerId, { number, command }: ControlOf<'command'>): void {
    if (seatsOf(this.#agreement.view, from).length === 0) return;
    if (command.kind === 'recipe') {
      const problem = recipeProblem(command.recipe) ?? this.#options.host.checkRecipe(command.recipe);
      if (problem !== null) return;
    }
    this.#desk.enqueue({ peer: from, number, command });
  }

  #onReport(from: PeerId, { rows, epoch }: ControlOf<'report'>): void {
    const seats = new Set(seatsOf(this.#agreement.view, from).map(({ seat }) => seat));
    const own = rows.filter(({ seat }) => seats.has(seat));
    if (own.length === 0) return;
    for (const handler of [...this.#reportHandlers]) handler(from, epoch, own);
  }

  #nameOf(peer: PeerId): string {
    return this.#roster.get(peer)?.hello?.name ?? '';
  }
}

function sameSet(list: readonly PeerId[], set: ReadonlySet<PeerId>): boolean {
  return list.length === set.size && list.every((peer) => set.has(peer));
}

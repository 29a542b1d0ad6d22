/**
 * Agreement on the next view, in two phases and with no quorum: prepare and promise, then commit.
 *
 * The acting leader asks every member that is to stay, and every newcomer, to prepare; each promises to
 * its highest ballot only; when all have, the leader commits, and nobody else can commit a child of the
 * same view with any of them. Whoever does not answer is left out of the next attempt. So every side of
 * a partition goes on by itself, and the lineages merge when they meet again (`standing.ts`). The shape
 * is that of virtual synchrony (Birman and Joseph 1987), the ballots are Paxos's (Lamport 1998).
 */
import type { PeerId } from '../network/transport.ts';
import type { ControlOf } from '../protocol/control.ts';
import { type Ballot, compareBallots, isLeap, Pledge } from './ballot.ts';
import type { CommandDesk } from './command-desk.ts';
import type { RoomHost } from './host.ts';
import { Leader } from './leader.ts';
import { actingLeader, isWell, type Outlook } from './leadership.ts';
import type { Mail } from './mail.ts';
import { malformed, PEER_ID } from './next-view.ts';
import { bySeniority, seatsOf } from './seats.ts';
import { compareStanding, isFresh, type Standing, standingOf } from './standing.ts';
import { HEARTBEAT_MS, HOLD_MS, ORPHAN_MS, STRAY_MS } from './timing.ts';
import type { ChangeMode, View } from './view.ts';
import { textHash } from './view-id.ts';

export interface AgreementParts {
  readonly self: PeerId;
  readonly mail: Mail;
  readonly desk: CommandDesk;
  readonly host: RoomHost;
  /** In [0, 1): spreads attempts of rivals in time. */
  readonly random: () => number;
  /** What is known at this moment. */
  outlook(): Outlook;
  /** A view took effect here; called before the host is told. */
  onView(view: View): void;
  onFull(peer: PeerId): void;
  onRecipeRefused(reason: string): void;
}

export type Commit = ControlOf<'commit'>;
const MAX_REFUSED_RECIPES = 64;
const NO_BALLOT: Ballot = { counter: 0, leader: '' };

export class Agreement {
  readonly #parts: AgreementParts;
  #view: View;
  /** Members that have left the present view for good. */
  readonly gone = new Set<PeerId>();
  #highest: Ballot = NO_BALLOT;
  #pledge: Pledge | null = null;
  /** Our host rolled back in this view. */
  #rolledBack = false;
  #owed = false;
  /** How the present view came to be, for members that missed it. */
  #lastCommit: Commit | null = null;
  /** Hashes of recipes that our host cannot run: no view with one is worth joining. */
  readonly #refusedRecipes = new Set<string>();
  readonly #leader: Leader;

  constructor(parts: AgreementParts, view: View) {
    this.#parts = parts;
    this.#view = view;
    this.#leader = new Leader(parts, {
      rolledBack: () => this.#rolledBack,
      gone: this.gone,
      pledge: (at, mode) => this.#pledgeSelf(at, mode),
      letGo: () => this.#letGo(),
      forward: (to, parent) => this.#forward(to, parent),
      install: (commit, mode) => this.#install(commit, mode),
      consider: () => this.consider(),
    });
  }

  get view(): View {
    return this.#view;
  }

  /** This peer rolled back for a change that never came: a change must follow. */
  get owed(): boolean {
    return this.#owed;
  }

  /** The leader that has our promise, or null. */
  get pledgedTo(): PeerId | null {
    return this.#pledge?.ballot.leader ?? null;
  }

  /** Looks at everything and does what is due. Cheap; called after every event and at every tick. */
  consider(): void {
    const at = this.#parts.outlook();
    this.#noteStrays(at);
    this.#leader.watch(at);
    // If that made a new view, `at` is history: we are called again.
    if (this.#leader.busy || at.view !== this.#view || !this.#isFree(at)) return;
    this.#leader.attempt(at);
    if (!this.#leader.busy && this.#pledge?.ballot.leader === at.self) this.#letGo();
  }

  onPrepare(from: PeerId, message: ControlOf<'prepare'>): void {
    const { ballot, view: base, member, mode } = message;
    const at = this.#parts.outlook();
    if (ballot.leader !== from || (member && isLeap(ballot, this.#highest))) {
      this.#parts.mail.complain(from, 'A ballot of this kind cannot be.');
      return;
    }
    const recipe = at.roster.known(from)?.hello.recipeHash ?? '';
    const reason = member
      ? this.#objection(from, base, ballot)
      : this.#refusedRecipes.has(recipe)
        ? 'recipe'
        : this.#reluctance(at.standing, base, ballot);
    if (reason !== null) {
      // One that missed our view is told of it first, and then that it is behind.
      if (reason === 'view') this.#forward(from, base.id);
      const { id, counter } = this.#view;
      void this.#parts.mail.send(from, { kind: 'reject', ballot, view: { id, counter }, reason });
      return;
    }
    this.#leader.yield();
    if (member) this.#highest = ballot;
    // What is in flight in a view that we leave altogether need not be undone before it is left.
    const heldMode = member ? mode : 'graceful';
    this.#pledge = new Pledge(ballot, base, member, heldMode, at.now);
    const next = this.#prepareHost(heldMode);
    void this.#parts.mail.send(from, {
      kind: 'promise',
      ballot,
      next: member ? next : 0,
      view: { id: base.id, counter: base.counter },
    });
  }

  onPromise(from: PeerId, message: ControlOf<'promise'>): void {
    this.#leader.onPromise(from, message);
  }

  onReject(from: PeerId, message: ControlOf<'reject'>): void {
    this.#leader.onReject(from, message);
  }

  onCommit(from: PeerId, message: Commit): void {
    const { view, ballot } = message;
    const flaw = malformed(view);
    const foul = ballot.leader !== view.leader || message.applied.some(({ peer }) => !PEER_ID.test(peer));
    if (flaw !== null || foul) {
      const reason = flaw ?? 'its ballot or its commands are not its own';
      this.#parts.mail.complain(from, `A view was announced that cannot be one: ${reason}.`);
      return;
    }
    const pledge = this.#pledge;
    const included = seatsOf(view, this.#parts.self).length > 0;
    const promised = pledge?.covers(view, ballot) === true;
    const child = view.parent === this.#view.id && view.counter === this.#view.counter + 1;
    const kin = child && seatsOf(this.#view, from).length > 0;
    if (!promised && !kin) return;
    if (!included) {
      // We were left out: to us, those of the new view are gone.
      if (kin) for (const peer of bySeniority(view)) this.gone.add(peer);
      if (promised) this.#letGo();
      return;
    }
    if (!promised) {
      // A child of our view that we did not promise, or no longer: others are in it already, so follow,
      // unless a higher ballot, or a senior view, has our word.
      const bound = pledge !== null && pledge.ballot.leader !== this.#parts.self;
      if (seatsOf(view, from).length === 0) return;
      if (bound && (!pledge.member || compareBallots(ballot, pledge.ballot) <= 0)) return;
    }
    const refusal = view.recipe === this.#view.recipe ? null : this.#parts.host.checkRecipe(view.recipe);
    if (refusal !== null) {
      if (this.#refusedRecipes.size >= MAX_REFUSED_RECIPES) this.#refusedRecipes.clear();
      this.#refusedRecipes.add(textHash(view.recipe));
      this.#parts.onRecipeRefused(refusal);
      if (promised) this.#letGo();
      return;
    }
    this.#install(message, promised && pledge !== null ? pledge.mode : this.#catchUp(message));
  }

  /**
   * How a view is entered that this peer did not promise, or no longer. Others may still wait for what it
   * sends in the rounds before the new view's first, so it finishes them, unless it is past them.
   */
  #catchUp({ mode, view }: Commit): ChangeMode {
    if (mode === 'graceful' && this.#prepareHost('graceful') <= view.startRound) return 'graceful';
    this.#prepareHost('abort');
    return 'abort';
  }

  /** A peer has told which view it is in. Lanes are ordered: what it sent before has arrived. */
  onStanding(from: PeerId, standing: Standing, before: Standing | null): void {
    // Whoever promised us and then turns up elsewhere is not coming back to this view.
    const known = [this.#view.id, this.#view.parent, before?.id];
    const elsewhere = !known.includes(standing.id);
    if (elsewhere && this.#view.leader === this.#parts.self && seatsOf(this.#view, from).length > 0) {
      this.gone.add(from);
    }
    const pledge = this.#pledge;
    if (pledge?.ballot.leader === from && standing.id !== pledge.base.id && from !== this.#parts.self) {
      this.#letGo();
    }
    if (standing.id !== this.#view.parent) return;
    const at = this.#parts.outlook();
    const since = at.roster.get(from)?.strayedSince ?? at.now; // our commit may still be on its way
    if (at.now - since >= HEARTBEAT_MS && actingLeader(at) === at.self) this.#forward(from, standing.id);
  }

  onLeave(peer: PeerId): void {
    if (seatsOf(this.#view, peer).length > 0) this.gone.add(peer);
  }

  /** Tells a member of the view before ours how ours came to be. */
  #forward(to: PeerId, parent: string): void {
    if (this.#lastCommit?.view.parent === parent) void this.#parts.mail.send(to, this.#lastCommit);
  }

  /** Why a member of this view does not promise. */
  #objection(from: PeerId, base: Standing, ballot: Ballot): 'view' | 'ballot' | null {
    if (base.id !== this.#view.id || seatsOf(this.#view, from).length === 0) return 'view';
    if (this.#pledge?.member === false) return 'ballot'; // about to leave for a senior view
    return compareBallots(ballot, this.#highest) > 0 ? null : 'ballot';
  }

  /** Why a peer does not leave its view for another. */
  #reluctance(mine: Standing, base: Standing, ballot: Ballot): 'view' | 'junior' | 'ballot' | null {
    if (base.id === this.#view.id) return 'view';
    if (compareStanding(base, mine) <= 0) return 'junior';
    const pledge = this.#pledge;
    if (pledge === null || pledge.member) return null;
    if (pledge.base.id === base.id) return compareBallots(ballot, pledge.ballot) > 0 ? null : 'ballot';
    return compareStanding(base, pledge.base) > 0 ? null : 'junior';
  }

  /** Whether no promise keeps this peer from proposing; one that has lost its leader is dropped in time. */
  #isFree(at: Outlook): boolean {
    const pledge = this.#pledge;
    if (pledge === null || pledge.ballot.leader === at.self) return true;
    const lost = pledge.member
      ? !isWell(at, pledge.ballot.leader)
      : !at.roster.hears(pledge.ballot.leader, at.now);
    if (lost && pledge.member && actingLeader(at) === at.self) return true; // our own ballot will supersede it
    pledge.orphaned = lost ? (pledge.orphaned ?? at.now) : null;
    const orphan = pledge.orphaned !== null && at.now - pledge.orphaned >= ORPHAN_MS;
    if (!orphan && at.now - pledge.made < HOLD_MS) return false;
    this.#letGo();
    return true;
  }

  #noteStrays(at: Outlook): void {
    for (const peer of bySeniority(this.#view)) {
      const known = at.roster.known(peer);
      // Of one that is not listened for, this may be old news.
      const strayed = known === undefined || known.watched === null ? null : known.strayedSince;
      if (strayed !== null && at.now - strayed >= STRAY_MS) this.gone.add(peer);
    }
  }

  #pledgeSelf(at: Outlook, mode: ChangeMode): { readonly ballot: Ballot; readonly next: number } {
    const ballot = { counter: this.#highest.counter + 1, leader: at.self };
    this.#highest = ballot;
    this.#pledge = new Pledge(ballot, at.standing, true, mode, at.now);
    return { ballot, next: this.#prepareHost(mode) };
  }

  /** Takes back our promise: the change was abandoned. */
  #letGo(): void {
    this.#pledge = null;
    this.#leader.yield();
    if (this.#rolledBack) this.#owed = true;
    this.#parts.host.release();
  }

  #prepareHost(mode: ChangeMode): number {
    if (mode === 'abort') this.#rolledBack = true;
    return this.#parts.host.prepare(mode);
  }

  #install(commit: Commit, mode: ChangeMode): void {
    const { view, applied } = commit;
    this.#view = view;
    this.#lastCommit = commit;
    this.#highest = NO_BALLOT;
    this.#pledge = null;
    this.#leader.reset();
    this.#rolledBack = false;
    this.#owed = false;
    // What a broken connection lost is still missing after a graceful change: someone must go.
    const stays = (peer: PeerId) => seatsOf(view, peer).some(({ since }) => since < view.counter);
    for (const peer of this.gone) if (mode === 'abort' || !stays(peer)) this.gone.delete(peer);
    this.#parts.onView(view);
    this.#parts.desk.settle(applied, actingLeader(this.#parts.outlook()) === this.#parts.self);
    this.#parts.host.commit(view, mode, isFresh(view, this.#parts.self));
  }

  /** This peer's view in brief. */
  standing(established: boolean): Standing {
    return standingOf(this.#view, established);
  }
}

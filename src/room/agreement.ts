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
import { type Ballot, compareBallots, isLeap, Pledge, Proposal } from './ballot.ts';
import type { CommandDesk, CommandId } from './command-desk.ts';
import type { RoomHost } from './host.ts';
import {
  actingLeader,
  blindPairs,
  candidates,
  isWell,
  type Outlook,
  stayers,
  wantedWorkers,
} from './leadership.ts';
import type { Mail } from './mail.ts';
import { MAX_COUNT, malformed, nextView, PEER_ID, seatsAfter } from './next-view.ts';
import { bySeniority, seatsOf } from './seats.ts';
import { compareStanding, isFresh, type Standing, standingOf } from './standing.ts';
import {
  BLIND_MS,
  COOLDOWN_MS,
  HEARTBEAT_MS,
  HOLD_MS,
  NEWCOMER_MS,
  ORPHAN_MS,
  PROMISE_MS,
  STRAY_MS,
} from './timing.ts';
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

type Commit = ControlOf<'commit'>;
const MAX_REFUSED_RECIPES = 64;
const NO_BALLOT: Ballot = { counter: 0, leader: '' };

export class Agreement {
  readonly #parts: AgreementParts;
  #view: View;
  /** Members that have left the present view for good. */
  readonly gone = new Set<PeerId>();
  #highest: Ballot = NO_BALLOT;
  #pledge: Pledge | null = null;
  #proposal: Proposal | null = null;
  /** Our host rolled back in this view. */
  #rolledBack = false;
  #owed = false;
  /** How the present view came to be, for members that missed it. */
  #lastCommit: Commit | null = null;
  readonly #blind = new Map<string, number>();
  /** Hashes of recipes that our host cannot run: no view with one is worth joining. */
  readonly #refusedRecipes = new Set<string>();
  #patience = Number.NEGATIVE_INFINITY;

  constructor(parts: AgreementParts, view: View) {
    this.#parts = parts;
    this.#view = view;
  }

  get view(): View {
    return this.#view;
  }

  /** This peer rolled back for a change that never came: a change must follow. */
  get owed(): boolean {
    return this.#owed;
  }

  /** Looks at everything and does what is due. Cheap; called after every event and at every tick. */
  consider(): void {
    const at = this.#parts.outlook();
    this.#noteStrays(at);
    this.#watchProposal(at);
    // If that made a new view, `at` is history: we are called again.
    if (this.#proposal !== null || at.view !== this.#view || !this.#isFree(at)) return;
    this.#attempt(at);
    if (this.#proposal === null && this.#pledge?.ballot.leader === at.self) this.#letGo();
  }

  /** Proposes a change if there is one to make, and if it is ours to make. */
  #attempt(at: Outlook): void {
    if (actingLeader(at) !== at.self || at.now < this.#patience) return;

    const staying = stayers(at, this.#overdueBlind(at));
    const { joining, full } = candidates(at, staying);
    for (const peer of full) this.#parts.onFull(peer);
    // Who rolled back needs a new view to go on, even if the reason for the change has gone away.
    const owed = this.#owed || this.#rolledBack || this.#someoneOwed(at);
    const loses = bySeniority(this.#view).length > staying.length;
    const wanted = this.#parts.desk.wants();
    const resized = seatsAfter(this.#view, staying, []).changed;
    if (!owed && !loses && !resized && wanted === null && joining.length === 0) return;
    const mode: ChangeMode = owed || loses || wanted === 'abort' ? 'abort' : 'graceful';
    this.#propose(
      at,
      mode,
      staying.map(({ peer }) => peer),
      joining.map(({ peer }) => peer),
    );
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
    this.#proposal = null;
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
    const proposal = this.#proposal;
    if (proposal === null || compareBallots(proposal.ballot, message.ballot) !== 0) return;
    if (message.next > MAX_COUNT) {
      this.#parts.mail.complain(from, `Round ${message.next} is beyond any run.`);
      return;
    }
    proposal.promised(from, message.next);
    this.#finish();
  }

  onReject(from: PeerId, message: ControlOf<'reject'>): void {
    const proposal = this.#proposal;
    if (proposal === null || compareBallots(proposal.ballot, message.ballot) !== 0) return;
    const at = this.#parts.outlook();
    if (proposal.guests.has(from)) {
      const known = at.roster.get(from);
      if (message.reason === 'recipe' && known !== undefined) known.declined = this.#view.recipe;
      this.#uninvite(from, at.now + COOLDOWN_MS);
      this.#finish();
      return;
    }
    if (!proposal.members.has(from)) return;
    if (message.reason === 'ballot') {
      // A rival is at it: let it finish, but do not wait for ever.
      this.#patience = at.now + 200 + 400 * this.#parts.random();
      this.#letGo();
    } else if (message.view.id === this.#view.parent && proposal.remind(from)) {
      this.#forward(from, message.view.id);
      this.#sendPrepare(from, proposal, at.standing, true);
    } else {
      this.gone.add(from);
      this.consider();
    }
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
      const strayed = at.roster.known(peer)?.strayedSince ?? null;
      if (strayed !== null && at.now - strayed >= STRAY_MS) this.gone.add(peer);
    }
  }

  #overdueBlind(at: Outlook): ReadonlySet<PeerId> {
    const pairs = blindPairs(at);
    for (const key of this.#blind.keys()) if (!pairs.has(key)) this.#blind.delete(key);
    const overdue = new Set<PeerId>();
    for (const [key, junior] of pairs) {
      const since = this.#blind.get(key) ?? at.now;
      this.#blind.set(key, since);
      if (at.now - since >= BLIND_MS) overdue.add(junior);
    }
    return overdue;
  }

  #someoneOwed(at: Outlook): boolean {
    return at.roster.all().some(({ owed, standing }) => owed && standing?.id === this.#view.id);
  }

  #propose(at: Outlook, mode: ChangeMode, members: readonly PeerId[], guests: readonly PeerId[]): void {
    const ballot = { counter: this.#highest.counter + 1, leader: at.self };
    const proposal = new Proposal(ballot, mode, members, guests, at.now);
    this.#highest = ballot;
    this.#proposal = proposal;
    this.#pledge = new Pledge(ballot, at.standing, true, mode, at.now);
    proposal.promised(at.self, this.#prepareHost(mode));
    for (const peer of members) if (peer !== at.self) this.#sendPrepare(peer, proposal, at.standing, true);
    for (const peer of guests) this.#sendPrepare(peer, proposal, at.standing, false);
    this.#finish();
  }

  #sendPrepare(to: PeerId, { ballot, mode }: Proposal, view: Standing, member: boolean): void {
    void this.#parts.mail.send(to, { kind: 'prepare', ballot, mode, view, member });
  }

  /** Gives up on whoever keeps the proposal waiting. */
  #watchProposal(at: Outlook): void {
    const proposal = this.#proposal;
    if (proposal === null) return;
    const age = at.now - proposal.since;
    for (const peer of proposal.waitingFor()) {
      const guest = proposal.guests.has(peer);
      if (guest && (age >= NEWCOMER_MS || !at.roster.hears(peer, at.now))) {
        this.#uninvite(peer, at.now + COOLDOWN_MS);
      } else if (!guest && age >= PROMISE_MS) {
        this.gone.add(peer);
      }
    }
    if ([...proposal.members].some((peer) => !isWell(at, peer))) this.#proposal = null;
    else this.#finish();
  }

  #uninvite(peer: PeerId, notBefore: number): void {
    this.#proposal?.guests.delete(peer);
    const known = this.#parts.outlook().roster.get(peer);
    if (known !== undefined) known.notBefore = notBefore;
  }

  /** Takes back our promise: the change was abandoned. */
  #letGo(): void {
    this.#pledge = null;
    this.#proposal = null;
    if (this.#rolledBack) this.#owed = true;
    this.#parts.host.release();
  }

  #prepareHost(mode: ChangeMode): number {
    if (mode === 'abort') this.#rolledBack = true;
    return this.#parts.host.prepare(mode);
  }

  /** Commits once all have promised. */
  #finish(): void {
    const proposal = this.#proposal;
    if (proposal === null || proposal.waitingFor().length > 0) return;
    const at = this.#parts.outlook();
    const guest = (peer: PeerId) => ({ peer, workers: wantedWorkers(at, peer) });
    const ordered = this.#parts.desk.next(proposal.mode);
    const before = this.#view;
    const view = nextView(before, at.self, {
      staying: [...proposal.members].map(guest),
      joining: [...proposal.guests].map(guest),
      commands: ordered.map(({ command }) => command),
      startRound: proposal.startRound(),
    });
    const applied: CommandId[] = ordered.map(({ peer, number }) => ({ peer, number }));
    const { ballot, mode } = proposal;
    const commit: Commit = { kind: 'commit', ballot, view, mode, applied };
    const told = new Set([...bySeniority(view), ...bySeniority(before)]);
    told.delete(at.self);
    for (const peer of told) void this.#parts.mail.send(peer, commit);
    this.#install(commit, mode);
  }

  #install(commit: Commit, mode: ChangeMode): void {
    const { view, applied } = commit;
    this.#view = view;
    this.#lastCommit = commit;
    this.#highest = NO_BALLOT;
    this.#pledge = null;
    this.#proposal = null;
    this.#rolledBack = false;
    this.#owed = false;
    this.#blind.clear();
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

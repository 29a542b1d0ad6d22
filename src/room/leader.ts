/**
 * The leading half of the agreement: proposes a change, collects promises, commits. Every member has one;
 * it acts where its peer leads. What binds the peer as a member is in `agreement.ts`.
 */
import type { PeerId } from '../network/transport.ts';
import type { ControlOf } from '../protocol/control.ts';
import type { AgreementParts, Commit } from './agreement.ts';
import { type Ballot, compareBallots, Proposal } from './ballot.ts';
import {
  actingLeader,
  blindPairs,
  candidates,
  isWell,
  type Outlook,
  stayers,
  wantedWorkers,
} from './leadership.ts';
import { MAX_COUNT, nextView, seatsAfter } from './next-view.ts';
import { bySeniority } from './seats.ts';
import type { Standing } from './standing.ts';
import { BLIND_MS, COOLDOWN_MS, NEWCOMER_MS, PROMISE_MS } from './timing.ts';
import type { ChangeMode } from './view.ts';

/** The other half: this peer as a member of its view. */
export interface Membership {
  readonly gone: Set<PeerId>;
  /** It rolled back in this view, so a change must follow. */
  rolledBack(): boolean;
  /** Promises to our own next ballot of this view; how far our host is. */
  pledge(at: Outlook, mode: ChangeMode): { readonly ballot: Ballot; readonly next: number };
  /** Takes our promise back. */
  letGo(): void;
  /** Tells a member of the view before ours how ours came to be. */
  forward(to: PeerId, parent: string): void;
  install(commit: Commit, mode: ChangeMode): void;
  consider(): void;
}

export class Leader {
  readonly #parts: AgreementParts;
  readonly #member: Membership;
  #proposal: Proposal | null = null;
  /** Pairs of members that do not see each other, and since when. */
  readonly #blind = new Map<string, number>();
  /** No attempt before this. */
  #patience = Number.NEGATIVE_INFINITY;

  constructor(parts: AgreementParts, member: Membership) {
    this.#parts = parts;
    this.#member = member;
  }

  get busy(): boolean {
    return this.#proposal !== null;
  }

  /** Gives a proposal up: another's ballot has our word, or there is a new view. */
  yield(): void {
    this.#proposal = null;
  }

  /** A new view: whatever was seen in the one before counts no more. */
  reset(): void {
    this.#proposal = null;
    this.#blind.clear();
  }

  /** Proposes a change if there is one to make, and if it is ours to make. */
  attempt(at: Outlook): void {
    if (actingLeader(at) !== at.self || at.now < this.#patience) return;
    const staying = stayers(at, this.#overdueBlind(at));
    const { joining, full } = candidates(at, staying);
    for (const peer of full) this.#parts.onFull(peer);
    // Who rolled back needs a new view to go on, even if the reason for the change has gone away.
    const owed =
      this.#member.rolledBack() ||
      at.roster.all().some((peer) => peer.owed && peer.standing?.id === at.view.id);
    const loses = bySeniority(at.view).length > staying.length;
    const wanted = this.#parts.desk.wants();
    const resized = seatsAfter(at.view, staying, []).changed;
    if (!owed && !loses && !resized && wanted === null && joining.length === 0) return;
    const mode: ChangeMode = owed || loses || wanted === 'abort' ? 'abort' : 'graceful';
    const members = staying.map(({ peer }) => peer);
    const guests = joining.map(({ peer }) => peer);
    const { ballot, next } = this.#member.pledge(at, mode);
    const proposal = new Proposal(ballot, mode, members, guests, at.now);
    this.#proposal = proposal;
    proposal.promised(at.self, next);
    for (const peer of members) if (peer !== at.self) this.#sendPrepare(peer, proposal, at.standing, true);
    for (const peer of guests) this.#sendPrepare(peer, proposal, at.standing, false);
    this.#finish();
  }

  /** Gives up on whoever keeps the proposal waiting. */
  watch(at: Outlook): void {
    const proposal = this.#proposal;
    if (proposal === null) return;
    const age = at.now - proposal.since;
    for (const peer of proposal.waitingFor()) {
      const guest = proposal.guests.has(peer);
      if (guest && (age >= NEWCOMER_MS || !at.roster.hears(peer, at.now))) {
        this.#uninvite(proposal, peer, at);
      } else if (!guest && age >= PROMISE_MS) {
        this.#member.gone.add(peer);
      }
    }
    if ([...proposal.members].some((peer) => !isWell(at, peer))) this.#proposal = null;
    else this.#finish();
  }

  onPromise(from: PeerId, message: ControlOf<'promise'>): void {
    const proposal = this.#current(message.ballot);
    // Ballots are counted anew in every view: one that was held up may be of an earlier, of the same number.
    if (proposal === null || message.view.id !== this.#parts.outlook().view.id) return;
    if (message.next > MAX_COUNT) {
      this.#parts.mail.complain(from, `Round ${message.next} is beyond any run.`);
      return;
    }
    proposal.promised(from, message.next);
    this.#finish();
  }

  onReject(from: PeerId, message: ControlOf<'reject'>): void {
    const proposal = this.#current(message.ballot);
    if (proposal === null) return;
    const at = this.#parts.outlook();
    if (proposal.guests.has(from)) {
      const known = at.roster.get(from);
      if (message.reason === 'recipe' && known !== undefined) known.declined = at.view.recipe;
      this.#uninvite(proposal, from, at);
      this.#finish();
      return;
    }
    if (!proposal.members.has(from)) return;
    if (message.reason === 'ballot') {
      // A rival is at it: let it finish, but do not wait for ever.
      this.#patience = at.now + 200 + 400 * this.#parts.random();
      this.#proposal = null;
      this.#member.letGo();
    } else if (message.view.id === at.view.parent && proposal.remind(from)) {
      this.#member.forward(from, message.view.id);
      this.#sendPrepare(from, proposal, at.standing, true);
    } else {
      this.#member.gone.add(from);
      this.#member.consider();
    }
  }

  #current(ballot: Ballot): Proposal | null {
    const proposal = this.#proposal;
    return proposal !== null && compareBallots(proposal.ballot, ballot) === 0 ? proposal : null;
  }

  /** The junior of every pair that has not seen each other for too long. */
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

  #sendPrepare(to: PeerId, { ballot, mode }: Proposal, view: Standing, member: boolean): void {
    void this.#parts.mail.send(to, { kind: 'prepare', ballot, mode, view, member });
  }

  #uninvite(proposal: Proposal, peer: PeerId, at: Outlook): void {
    proposal.guests.delete(peer);
    const known = at.roster.get(peer);
    if (known !== undefined) known.notBefore = at.now + COOLDOWN_MS;
  }

  /** Commits once all have promised. */
  #finish(): void {
    const proposal = this.#proposal;
    if (proposal === null || proposal.waitingFor().length > 0) return;
    const at = this.#parts.outlook();
    const guest = (peer: PeerId) => ({ peer, workers: wantedWorkers(at, peer) });
    const ordered = this.#parts.desk.next(proposal.mode);
    const view = nextView(at.view, at.self, {
      staying: [...proposal.members].map(guest),
      joining: [...proposal.guests].map(guest),
      commands: ordered.map(({ command }) => command),
      startRound: proposal.startRound(),
    });
    const { ballot, mode } = proposal;
    const applied = ordered.map(({ peer, number }) => ({ peer, number }));
    const commit: Commit = { kind: 'commit', ballot, view, mode, applied };
    // Those who are left out hear of it too, so that they need not find out by themselves.
    const told = new Set([...bySeniority(view), ...bySeniority(at.view)]);
    told.delete(at.self);
    for (const peer of told) void this.#parts.mail.send(peer, commit);
    this.#member.install(commit, mode);
  }
}

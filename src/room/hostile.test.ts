/**
 * Hostile peers: rubbish, well-formed nonsense, and real messages bent out of shape, from strangers and
 * from members. Nothing may throw, what is kept stays bounded, and once the offender is gone the flock
 * agrees and trains on.
 */
import { describe, expect, it, vi } from 'vitest';
import { PostOffice } from '../network/post-office.ts';
import {
  type ControlMessage,
  type ControlOf,
  decodeControl,
  encodeControl,
  MAX_SEATS,
} from '../protocol/control.ts';
import { NO_SEAT, NO_VIEW, PROTOCOL_VERSION } from '../protocol/frame.ts';
import { type Actor, Stage, seeded } from './rehearsal.ts';
import type { View } from './view.ts';
import { viewId } from './view-id.ts';

vi.setConfig({ testTimeout: 60_000 });

const NUMBERS = [0, 1, 2, 3, 7, 255, 256, 65_535, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 1];

/** Puts a random value of the same type in the place of some leaves: most results are still valid. */
function bend(value: unknown, random: () => number, words: readonly string[]): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => bend(item, random, words));
    return random() < 0.1 ? [...items, ...items].slice(0, MAX_SEATS) : items;
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, bend(item, random, words)]));
  }
  if (random() > 0.15) return value;
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)];
  if (typeof value === 'number') return random() < 0.5 ? value + 1 : pick(NUMBERS);
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'string') return pick(words);
  return random() < 0.5 ? null : 1;
}

/** A peer that speaks the protocol by hand. */
class Villain {
  readonly heard: ControlMessage[] = [];
  readonly post: PostOffice;
  readonly #random: () => number;
  readonly #stage: Stage;

  constructor(stage: Stage, id: string, random: () => number) {
    this.#stage = stage;
    this.#random = random;
    this.post = new PostOffice(stage.hub.connect(id), { clock: stage.clock });
    this.post.on('control', ({ payload }) => {
      const decoded = decodeControl(payload);
      if (decoded.ok) this.heard.push(decoded.message);
      if (this.heard.length > 400) this.heard.splice(0, 200);
    });
    this.post.open();
  }

  send(to: Actor, payload: Uint8Array): void {
    const address = { view: NO_VIEW, round: 0, step: 0, tag: 0, codec: 0 };
    this.post
      .send({ type: 'control', ...address, source: NO_SEAT, destination: NO_SEAT, payload }, to.id)
      .catch(() => undefined);
  }

  hello(to: Actor, view: View): void {
    const standing = { id: viewId(1, this.post.self, NO_VIEW), counter: 1, leader: this.post.self };
    const hello: ControlOf<'hello'> = {
      kind: 'hello',
      protocol: PROTOCOL_VERSION,
      lab: '1',
      built: 1,
      workers: 1,
      name: 'villain',
      backend: 'cpu',
      adapter: '',
      hidden: false,
      view: { ...standing, size: 1, trained: false, established: false },
      recipeHash: '',
      layoutHash: '',
    };
    this.send(to, encodeControl(hello));
    const hears = view.seats.map(({ peer }) => peer);
    this.send(
      to,
      encodeControl({ kind: 'heartbeat', view: hello.view, hears, misses: [], leads: true, owed: false }),
    );
  }

  /** Something heard, bent, with an id that fits where there should be one. */
  mischief(to: Actor): void {
    const random = this.#random;
    const message = this.heard[Math.floor(random() * this.heard.length)];
    if (message === undefined) return;
    const actors = this.#stage.actors;
    const words = [
      this.post.self,
      ...actors.map(({ id }) => id),
      ...actors.map(({ room }) => room.view?.id ?? ''),
      '',
      'é'.repeat(30),
      '0'.repeat(16),
    ];
    let bent = bend(message, random, words);
    if (random() < 0.6) bent = asOwn(bent, this.post.self);
    const text = JSON.stringify(bent);
    this.send(to, new TextEncoder().encode(text));
  }
}

/** Makes ballots and views the villain's own, so that they pass the first look. */
function asOwn(message: unknown, self: string): unknown {
  const decoded = decodeControl(new TextEncoder().encode(JSON.stringify(message)));
  if (!decoded.ok) return message;
  const own = decoded.message;
  if (own.kind === 'prepare') return { ...own, ballot: { ...own.ballot, leader: self } };
  if (own.kind === 'commit') {
    const id = viewId(own.view.counter, self, own.view.parent);
    return { ...own, ballot: { ...own.ballot, leader: self }, view: { ...own.view, id, leader: self } };
  }
  return own;
}

async function recovered(stage: Stage, actors: readonly Actor[]): Promise<void> {
  await stage.settled(actors, 20_000);
  actors[0]?.room.command({ kind: 'reset' });
  await stage.clock.pass(12_000);
  actors[0]?.room.command({ kind: 'start', stopAt: null });
  await stage.until(() => actors.every(({ host }) => host.round >= 3), 10_000);
}

async function honest(random: () => number) {
  const stage = new Stage(random);
  const actors = [stage.add('a'), stage.add('b'), stage.add('c')];
  await stage.settled();
  actors[0]?.room.command({ kind: 'start', stopAt: null });
  await stage.until(() => actors.every(({ host }) => host.round >= 2));
  return { stage, actors };
}

describe('a hostile peer', () => {
  it('that sends rubbish is dropped with a notice, and the flock does not miss a beat', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const random = seeded(seed);
      const { stage, actors } = await honest(random);
      const { id } = actors[0]?.room.view ?? {};
      const villain = new Villain(stage, 'villain', random);
      await stage.clock.pass(100);
      for (let count = 0; count < 40; count++) {
        const payload = Uint8Array.from({ length: Math.floor(300 * random()) }, () => 256 * random());
        for (const actor of actors) villain.send(actor, payload);
      }
      await stage.clock.pass(2000);
      expect(actors.map(({ transport }) => transport.peers().includes('villain'))).toEqual([
        false,
        false,
        false,
      ]);
      expect(actors[0]?.notices.at(-1)).toMatchObject({ id: 'peer-dropped' });
      expect(actors.map(({ room }) => room.view?.id)).toEqual([id, id, id]);
    }
  });

  it('that is a member and bends real messages breaks nothing for long', async () => {
    let commits = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const random = seeded(1000 + seed);
      const { stage, actors } = await honest(random);
      const villain = new Villain(stage, 'villain', random);
      await stage.clock.pass(100);
      for (let step = 0; step < 60; step++) {
        const view = actors[step % 3]?.room.view;
        for (const actor of actors) {
          if (view !== null && view !== undefined && step % 5 === 0) villain.hello(actor, view);
          if (random() < 0.7) villain.mischief(actor);
        }
        if (random() < 0.2) actors[step % 3]?.room.command({ kind: random() < 0.5 ? 'pause' : 'step' });
        await stage.clock.pass(120 * random());
      }
      commits += villain.heard.filter(({ kind }) => kind === 'commit').length;
      for (const actor of actors) actor.transport.drop('villain', 'enough');
      await recovered(stage, actors);
      for (const { room } of stage.actors) room.close();
    }
    expect(commits).toBeGreaterThan(0); // it really was in the thick of it
  });

  it('cannot make a view overflow, or take numbers that leave no room', async () => {
    const random = seeded(5);
    const { stage, actors } = await honest(random);
    const [first] = actors as [Actor];
    const villain = new Villain(stage, 'villain', random);
    await stage.clock.pass(100);
    const top = 2 ** 32 - 1;
    const leader = 'villain';
    const base = {
      id: 'f'.repeat(16),
      counter: top - 1,
      leader,
      size: 256,
      trained: true,
      established: true,
    };
    const ballot = { counter: 1, leader };
    if (first.room.view === null) throw new Error('no view');
    const before = first.room.view;
    villain.hello(first, before);
    villain.send(first, encodeControl({ kind: 'prepare', ballot, mode: 'abort', view: base, member: false }));
    await stage.clock.pass(100);
    const view: View = {
      ...before,
      id: viewId(top, leader, base.id),
      counter: top,
      leader,
      parent: base.id,
      startRound: top,
      seats: [
        { seat: 0, peer: leader, worker: 0, since: 1 },
        { seat: 1, peer: first.id, worker: 0, since: top },
      ],
    };
    villain.send(first, encodeControl({ kind: 'commit', ballot, view, mode: 'abort', applied: [] }));
    await stage.clock.pass(100);
    expect(first.room.view.counter).toBeLessThan(100);
    first.transport.drop('villain', 'enough');
    await recovered(stage, actors);
  });
});

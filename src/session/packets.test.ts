/** Packets that come, come late, or never: what a worker gets of a message, when, and what is kept. */
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../base/virtual-clock.ts';
import { type Frame, PACKET_PAYLOAD_BYTES } from '../protocol/frame.ts';
import { cutIntoPackets, joinPackets, Packets, type WantedPackets } from './packets.ts';

const VIEW = '00000000000000ab';
const DEADLINE = 50;
const SILENCE = 20;
const message = Uint8Array.from({ length: 2 * PACKET_PAYLOAD_BYTES + 6 }, (_, k) => 1 + (k % 250));
const pieces = cutIntoPackets(message);

function packet(step: number, more: Partial<Frame> = {}): Frame {
  const payload = pieces[step] ?? new Uint8Array();
  const about = { type: 'packet', view: VIEW, round: 3, step, tag: 1, codec: 1, sequence: 1 } as const;
  return { ...about, source: 1, destination: 0, payload, ...more };
}

const wanted = (more: Partial<WantedPackets> = {}): WantedPackets => ({
  to: 0,
  view: VIEW,
  round: 3,
  tag: 1,
  from: [{ seat: 1, peer: 'b', count: pieces.length }],
  ...more,
});

const patience = (clock: VirtualClock) => ({ by: clock.now() + DEADLINE, silence: SILENCE });

function setting() {
  const clock = new VirtualClock();
  const packets = new Packets();
  const rollback = new AbortController();
  /** Places of what came of each message, and when. */
  const collect = async (what = wanted()) => {
    const come = await packets.collect(what, clock, patience(clock), rollback.signal);
    return { come: come.map((each) => [...each.keys()].sort()), at: clock.now() };
  };
  return { clock, packets, rollback, collect };
}

describe('a message in packets', () => {
  it('is cut and joined, with zeros for what is missing', () => {
    expect(pieces.map(({ length }) => length)).toEqual([1000, 1000, 6]);
    expect(cutIntoPackets(new Uint8Array()).length).toBe(1);
    const whole = joinPackets(message.length, new Map(pieces.map((_, k) => [k, packet(k)])));
    expect(whole).toEqual({ payload: message, wire: 1, came: [true, true, true], fits: true });
    const some = joinPackets(
      message.length,
      new Map([packet(0), packet(2)].map((each) => [each.step, each])),
    );
    const holed = message.slice().fill(0, 1000, 2000);
    expect(some).toEqual({ payload: holed, wire: 1, came: [true, false, true], fits: true });
    expect(joinPackets(message.length, new Map())).toMatchObject({ came: [false, false, false], fits: true });
  });

  it('does not take what is no part of it', () => {
    const join = (...frames: Frame[]) =>
      joinPackets(message.length, new Map(frames.map((each) => [each.step, each]))).fits;
    expect(join(packet(3, { payload: new Uint8Array(1) }))).toBe(false);
    expect(join(packet(2, { payload: new Uint8Array(7) }))).toBe(false);
    expect(join(packet(0, { payload: new Uint8Array(999) }))).toBe(false);
    expect(join(packet(0), packet(1, { codec: 4 }))).toBe(false);
  });
});

describe('collecting', () => {
  it('ends with the last packet, whatever is missing', async () => {
    const { clock, packets, collect } = setting();
    packets.deliver('b', packet(0));
    const collected = collect();
    await clock.pass(10);
    packets.deliver('b', packet(2));
    packets.deliver('b', packet(2));
    expect(await collected).toEqual({ come: [[0, 2]], at: 10 });
  });

  it('ends when the sender is heard from in a later phase, or in a later round', async () => {
    for (const later of [{ tag: 2 }, { round: 4 }]) {
      const { clock, packets, collect } = setting();
      const collected = collect();
      await clock.pass(10);
      packets.deliver('b', packet(1));
      packets.deliver('b', packet(0, later));
      expect(await collected).toEqual({ come: [[1]], at: 10 });
      // What is of later is still there.
      expect((await Promise.all([collect(wanted(later)), clock.pass(DEADLINE)]))[0].come).toEqual([[0]]);
    }
  });

  it('ends at the deadline, also with nothing', async () => {
    const { clock, packets, collect } = setting();
    const from = [...wanted().from, { seat: 2, peer: 'c', count: 1 }];
    const collected = collect(wanted({ from }));
    packets.deliver('b', packet(2));
    await clock.pass(DEADLINE);
    // Of c nothing came, so nobody knows whether it has begun.
    expect(await collected).toEqual({ come: [[2], []], at: DEADLINE });
    expect(clock.waiting).toBe(0);
  });

  it('ends when a sender has been silent for a while after its first packets', async () => {
    const { clock, packets, collect } = setting();
    const from = [...wanted().from, { seat: 2, peer: 'c', count: 9 }];
    const collected = collect(wanted({ from }));
    await clock.pass(5);
    packets.deliver('b', packet(0));
    await clock.pass(7);
    packets.deliver('c', packet(0, { source: 2 }));
    await clock.pass(8);
    packets.deliver('b', packet(1));
    await clock.pass(DEADLINE);
    expect(await collected).toEqual({ come: [[0, 1], [0]], at: 20 + SILENCE });
    expect(clock.waiting).toBe(0);
  });

  it('takes a seat’s packets from its holder alone, and of the phase that is due', async () => {
    const { clock, packets, collect } = setting();
    packets.deliver('stranger', packet(2));
    packets.deliver('b', packet(2, { source: 5 }));
    packets.deliver('b', packet(2, { destination: 1 }));
    packets.deliver('b', packet(2, { view: '00000000000000cd' }));
    packets.deliver('b', packet(2, { round: 2 }));
    const collected = collect();
    await clock.pass(DEADLINE);
    expect(await collected).toEqual({ come: [[]], at: DEADLINE });
  });

  it('ends when the round is rolled back; a repeated round finds what has come', async () => {
    const { clock, packets, rollback, collect } = setting();
    packets.deliver('b', packet(0));
    const collected = collect();
    rollback.abort(new Error('rolled back'));
    await expect(collected).rejects.toThrow('rolled back');
    await expect(collect()).rejects.toThrow('rolled back');
    expect(clock.waiting).toBe(0);
    packets.deliver('b', packet(2));
    const again = packets.collect(wanted(), clock, patience(clock), new AbortController().signal);
    expect([...((await again)[0]?.keys() ?? [])]).toEqual([0, 2]);
  });
});

describe('what is kept', () => {
  it('is not what comes late, which is counted once', async () => {
    const { clock, packets, collect } = setting();
    await Promise.all([collect(), clock.pass(DEADLINE)]);
    packets.deliver('b', packet(0));
    packets.deliver('b', packet(0, { round: 2, tag: 2 }));
    expect(packets.held('b')).toBe(0);
    expect([packets.late(0), packets.late(0), packets.late(1)]).toEqual([2, 0, 0]);
    packets.deliver('b', packet(0, { tag: 2 }));
    expect(packets.held('b')).toBeGreaterThan(0);
    expect(packets.late(0)).toBe(0);
  });

  it('is forgotten with its round, and with its view, of which nothing is late any more', () => {
    const { packets } = setting();
    packets.deliver('b', packet(0));
    packets.deliver('b', packet(0, { round: 4 }));
    packets.deliver('b', packet(0, { view: '00000000000000cd' }));
    const one = packets.held('b') / 3;
    packets.forget(VIEW, 3, 0);
    expect(packets.held('b')).toBe(2 * one);
    packets.deliver('b', packet(1));
    packets.forget(VIEW, Number.POSITIVE_INFINITY, 0);
    packets.deliver('b', packet(1, { round: 9 }));
    expect(packets.held('b')).toBe(one);
    expect(packets.late(0)).toBe(0);
  });

  it('is bounded for every peer, whatever seats and views it invents', () => {
    const { packets } = setting();
    const payload = new Uint8Array(PACKET_PAYLOAD_BYTES);
    packets.deliver('honest', packet(0));
    for (let k = 0; k < 80_000; k += 1) {
      const view = (k % 977).toString(16).padStart(16, '0');
      packets.deliver('b', packet(k % 65_536, { payload, view, source: k % 31, round: k % 1009 }));
    }
    expect(packets.held('b')).toBeLessThanOrEqual(67_108_864);
    expect(packets.held('b')).toBeGreaterThan(33_554_432);
    expect(packets.held('honest')).toBeGreaterThan(0);
  });
});

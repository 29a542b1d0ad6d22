import { describe, expect, it } from 'vitest';
import type { Frame } from '../protocol/frame.ts';
import { Inbox, type Wanted } from './inbox.ts';

const VIEW = '00000000000000aa';
const never = new AbortController().signal;

function frame(source: number, round: number, parts: Partial<Frame> = {}): Frame {
  return {
    type: 'algorithm',
    view: VIEW,
    round,
    step: 0,
    tag: 1,
    codec: 1,
    sequence: 0,
    source,
    destination: 0,
    payload: Uint8Array.of(source, round),
    ...parts,
  };
}
const wanted = (round: number, ...seats: number[]): Wanted => ({
  to: 0,
  type: 'algorithm',
  view: VIEW,
  round,
  step: 0,
  tag: 1,
  from: seats.map((seat) => ({ seat, peer: `peer-${seat}` })),
});

describe('the inbox', () => {
  it('waits for all, and gives them in the order that was asked for', async () => {
    const inbox = new Inbox();
    const gathering = inbox.gather(wanted(3, 1, 2), never);
    inbox.deliver('peer-2', frame(2, 3));
    expect(inbox.missing(wanted(3, 1, 2))).toEqual([1]);
    inbox.deliver('peer-1', frame(1, 4));
    inbox.deliver('peer-1', frame(1, 3));
    expect((await gathering).map(({ source }) => source)).toEqual([1, 2]);
  });

  it('keeps messages until their round is forgotten, so that a round can be repeated', async () => {
    const inbox = new Inbox();
    inbox.deliver('peer-1', frame(1, 3));
    await inbox.gather(wanted(3, 1), never);
    await inbox.gather(wanted(3, 1), never);
    inbox.forget(VIEW, 3, 0);
    expect(inbox.missing(wanted(3, 1))).toEqual([1]);
  });

  it('does not let one peer speak for another’s seat, or replace what was said', async () => {
    const inbox = new Inbox();
    inbox.deliver('rogue', frame(1, 3, { payload: Uint8Array.of(66) }));
    expect(inbox.missing(wanted(3, 1))).toEqual([1]);
    inbox.deliver('peer-1', frame(1, 3));
    inbox.deliver('peer-1', frame(1, 3, { payload: Uint8Array.of(66) }));
    const [first] = await inbox.gather(wanted(3, 1), never);
    expect(first?.payload).toEqual(Uint8Array.of(1, 3));
  });

  it('is bounded for every peer', () => {
    const inbox = new Inbox();
    for (let round = 0; round < 70_000; round += 1) inbox.deliver('peer-1', frame(1, round));
    expect(inbox.missing(wanted(69_999, 1))).toEqual([]);
    expect(inbox.missing(wanted(0, 1))).toEqual([1]);
    // What 32 workers around 64 rings send before one of them begins is kept.
    expect(inbox.missing(wanted(69_999 - (64 * 32 * 31) / 2, 1))).toEqual([]);
    const large = new Uint8Array(100_000_000);
    for (let round = 0; round < 4; round += 1) inbox.deliver('peer-2', frame(2, round, { payload: large }));
    expect(inbox.missing(wanted(3, 2))).toEqual([]);
    expect(inbox.missing(wanted(0, 2))).toEqual([2]);
  });

  it('stops waiting when the round is aborted', async () => {
    const inbox = new Inbox();
    const abort = new AbortController();
    const gathering = inbox.gather(wanted(1, 1), abort.signal);
    abort.abort(new Error('over'));
    await expect(gathering).rejects.toThrow('over');
    await expect(inbox.gather(wanted(1, 1), abort.signal)).rejects.toThrow('over');
  });
});

import { describe, expect, it } from 'vitest';
import type { View } from '../room/view.ts';
import { Agenda, RolledBackError } from './agenda.ts';

function view(counter: number, startRound: number, epoch = 0): View {
  return {
    id: String(counter).padStart(16, '0'),
    counter,
    leader: 'a',
    parent: String(counter - 1).padStart(16, '0'),
    startRound,
    recipeVersion: 1,
    recipe: '{}',
    run: { running: true, stopAt: null, epoch, dealt: 2 },
    seats: [],
  };
}

describe('the agenda', () => {
  it('queues graceful changes, so that nothing started is lost', () => {
    const agenda = new Agenda();
    agenda.commit(view(1, 0), 'graceful', true);
    const worker = { round: 3, started: 4, view: view(1, 0) };
    expect(agenda.prepare('graceful', [worker, { ...worker, started: 5 }])).toBe(5);
    expect(agenda.hold).toBe(5);
    const { signal } = agenda;
    agenda.commit(view(2, 6), 'graceful', false);
    agenda.commit(view(3, 6), 'graceful', false);
    expect(signal.aborted).toBe(false);
    expect(agenda.hold).toBe(Number.POSITIVE_INFINITY);
    expect(agenda.after(worker.view)?.view.counter).toBe(2);
    expect(agenda.after(view(2, 6))?.view.counter).toBe(3);
    expect(agenda.after(view(3, 6))).toBe(null);
    // A change on top of one that is agreed and not yet entered cannot begin before it.
    expect(agenda.prepare('graceful', [worker])).toBe(6);
  });

  it('rolls back on abort, and only the newest view counts then', () => {
    const agenda = new Agenda();
    agenda.commit(view(1, 0), 'graceful', true);
    agenda.commit(view(2, 6), 'graceful', false);
    const { signal } = agenda;
    expect(agenda.prepare('abort', [{ round: 3, started: 4, view: view(1, 0) }])).toBe(3);
    expect(signal.reason).toBeInstanceOf(RolledBackError);
    expect(agenda.hold).toBe(0);
    agenda.commit(view(3, 4), 'abort', false);
    expect(agenda.after(view(1, 0))?.view.counter).toBe(3);
  });

  it('goes on as before when a change is abandoned', () => {
    const agenda = new Agenda();
    agenda.commit(view(1, 0), 'graceful', true);
    agenda.prepare('abort', []);
    agenda.release();
    expect(agenda.hold).toBe(Number.POSITIVE_INFINITY);
    expect(agenda.signal.aborted).toBe(false);
    expect(agenda.latest?.counter).toBe(1);
  });

  it('does not count rounds of another epoch', () => {
    const agenda = new Agenda();
    agenda.commit(view(1, 0), 'graceful', true);
    agenda.commit(view(2, 0, 1), 'abort', false);
    expect(agenda.prepare('graceful', [{ round: 90, started: 91, view: view(1, 0) }])).toBe(0);
  });

  it('loses no change between a look and a wait', async () => {
    const agenda = new Agenda();
    const { version } = agenda;
    agenda.wake();
    await agenda.changeSince(version);
    let told = false;
    const waiting = agenda.changeSince(agenda.version).then(() => {
      told = true;
    });
    await Promise.resolve();
    expect(told).toBe(false);
    agenda.wake();
    await waiting;
  });

  it('drops views that everybody has left', () => {
    const agenda = new Agenda();
    for (let counter = 1; counter <= 4; counter += 1)
      agenda.commit(view(counter, counter), 'graceful', false);
    const at = (counter: number) => ({ round: 9, started: 9, view: view(counter, counter) });
    agenda.prune([at(2), at(3)]);
    expect(agenda.after(view(2, 2))?.view.counter).toBe(3);
    agenda.prune([at(4), at(4)]);
    expect(agenda.after(view(2, 2))?.view.counter).toBe(4);
  });
});

/** When a run is given up: told by the virtual clock, long before a person's patience ends. */
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import type { Snapshot } from '../../src/session/snapshot.ts';
import { snapshotOf, workerAt } from '../../src/store/fixtures/snapshot.ts';
import { drive } from './drive.ts';
import type { Tab } from './ledger.ts';
import { virtualPace } from './pace.ts';

const silent = { update: () => undefined, note: () => undefined, end: () => undefined };
const HOUR = 3_600_000;

/** One tab of one worker, as `look` says it is; heartbeats go on whatever happens. */
async function driven(clock: VirtualClock, look: () => Partial<Snapshot>) {
  const beat = () => {
    clock.after(1000, beat);
  };
  beat();
  const tab: Tab = {
    label: 'tab 1',
    lost: () => null,
    poll: async () => ({ snapshot: snapshotOf(look()), rows: [], consensus: [], figures: [] }),
    send: async () => undefined,
    models: async () => [],
    ask: () => Promise.reject(new Error('There is nothing to be asked.')),
  };
  const pace = virtualPace(clock);
  const plan = {
    workersPerTab: 1,
    rounds: 5,
    seconds: null,
    target: null,
    origin: null,
    stateBytes: 0,
    pace,
  };
  return drive([tab], plan, silent, new AbortController().signal);
}

const running = (round: number) => ({ phase: 'running' as const, workers: [workerAt(0, { round })] });

describe('a run under the virtual clock', () => {
  it('in which nobody can go on ends with a sentence', async () => {
    const clock = new VirtualClock();
    // Three gradients, and then nothing more.
    let done = 0;
    const compute = () => {
      done += 1;
      if (done < 3) clock.work.after(20, compute);
    };
    clock.work.after(20, compute);
    const { stoppedBy, failure } = await driven(clock, () => running(done));
    expect([done, stoppedBy]).toEqual([3, 'failure']);
    expect(failure).toMatch(/^Nobody can go on: nothing is computed, and no message is on its way/);
    expect(clock.now()).toBeLessThan(HOUR);
  });

  it('may take hours for one gradient', async () => {
    const clock = new VirtualClock();
    let done = false;
    clock.work.after(3 * HOUR, () => {
      done = true;
    });
    const collected = await driven(clock, () => (done ? { phase: 'finished' } : running(0)));
    expect(collected.stoppedBy).toBe('rounds');
    expect(clock.now()).toBeGreaterThanOrEqual(3 * HOUR);
  });

  it('that fails at one worker is over, though nobody has paused the others', async () => {
    const what = 'A round failed: something.';
    const notice = { id: 'failed', level: 'error', what, works: '', todo: 'Press Start.' } as const;
    const { failure } = await driven(new VirtualClock(), () => ({ ...running(0), notices: [notice] }));
    expect(failure).toMatch(/^The flock has stopped.*A round failed: something\.\)\.$/);
  });

  it('that a worker has stopped is over', async () => {
    const notice = { id: 'diverged', level: 'error', what: 'It diverged.', works: '', todo: '' } as const;
    const { stoppedBy, failure } = await driven(new VirtualClock(), () => ({
      phase: 'paused',
      notices: [notice],
    }));
    expect([stoppedBy, failure]).toEqual([
      'failure',
      expect.stringMatching(/^The flock has stopped.*It diverged/),
    ]);
  });
});

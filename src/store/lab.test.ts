import { describe, expect, test } from 'vitest';
import type { LabHandle } from '../session/handle.ts';
import type { Report, Request, Snapshot } from '../session/snapshot.ts';
import { snapshotOf, workerAt } from './fixtures/snapshot.ts';
import { History } from './history.ts';
import { createLab } from './lab.ts';

function stage() {
  const timers: (() => void)[] = [];
  const listeners = new Set<(report: Report) => void>();
  const sent: Request[] = [];
  let hidden = false;
  const lab = createLab({
    after: (_, action) => {
      timers.push(action);
      return () => undefined;
    },
    hidden: () => hidden,
  });
  const handle: LabHandle = {
    snapshot: () => null,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    send: (request) => sent.push(request),
    models: async () => [],
    ask: () => Promise.reject(new Error('There are no models here.')),
    close: () => undefined,
  };
  let updates = 0;
  lab.store.subscribe(() => {
    updates += 1;
  });
  return {
    lab,
    handle,
    sent,
    report: (snapshot: Snapshot) => {
      for (const listener of listeners) listener({ kind: 'snapshot', snapshot });
    },
    /** Lets the interval pass. */
    pass: () => {
      for (const timer of timers.splice(0)) timer();
    },
    hide: (value: boolean) => {
      hidden = value;
      lab.visibilityChanged();
    },
    updates: () => updates,
  };
}

describe('the lab as the page sees it', () => {
  test('a burst of reports is one update; a pressed button shows at once', () => {
    const { lab, handle, report, pass, updates } = stage();
    lab.attach(handle);
    report(snapshotOf());
    expect(updates()).toBe(1);
    for (let round = 1; round <= 50; round += 1) report(snapshotOf({ round }));
    expect(updates()).toBe(1);
    pass();
    expect(updates()).toBe(2);
    expect(lab.store.getState().snapshot?.round).toBe(50);
    report(snapshotOf({ phase: 'running', round: 50 }));
    expect(lab.store.getState().snapshot?.phase).toBe('running');
  });

  test('nothing is drawn while the page is hidden, and all of it when it is seen again', () => {
    const { lab, handle, report, pass, hide, updates } = stage();
    lab.attach(handle);
    hide(true);
    report(snapshotOf({ round: 7 }));
    pass();
    expect(updates()).toBe(0);
    hide(false);
    expect(updates()).toBe(1);
    expect(lab.store.getState().snapshot?.round).toBe(7);
  });

  test('an equal recipe keeps its identity; a changed one does not', () => {
    const { lab, handle, report, pass } = stage();
    lab.attach(handle);
    report(snapshotOf());
    const first = lab.store.getState().snapshot?.recipe;
    report(snapshotOf({ round: 1 }));
    pass();
    expect(lab.store.getState().snapshot?.recipe).toBe(first);
    report(snapshotOf({ recipe: { ...snapshotOf().recipe, seed: 9 }, recipeVersion: 2 }));
    expect(lab.store.getState().snapshot?.recipe.seed).toBe(9);
  });

  test('what is pressed before the session is there waits for it, in order', () => {
    const { lab, handle, sent } = stage();
    lab.send({ kind: 'workers', count: 3 });
    lab.send({ kind: 'command', command: { kind: 'step' } });
    expect(sent).toEqual([]);
    lab.attach(handle);
    expect(sent).toEqual([
      { kind: 'workers', count: 3 },
      { kind: 'command', command: { kind: 'step' } },
    ]);
  });
});

describe('the history', () => {
  test('a new epoch clears every series; late points of the old one are dropped', () => {
    const history = new History();
    history.addPoints([
      { kind: 'loss', epoch: 0, seat: 1, round: 5, value: 2 },
      { kind: 'model', epoch: 0, round: 5, testLoss: 1, testAccuracy: 0.5 },
      { kind: 'consensus', epoch: 0, round: 5, value: 0.3, exact: true, distances: { 0: 0.4 } },
    ]);
    history.addSnapshot(snapshotOf({ round: 5, workers: [workerAt(0, { distanceToMean: 0.6 })] }));
    expect(history.loss.get(1)?.last).toEqual({ x: 5, y: 2 });
    expect(history.exact).toBe(true);
    expect(history.farthest).toBe(0.6);
    expect(history.sent.samples).toHaveLength(1);

    history.addPoints([{ kind: 'loss', epoch: 1, seat: 0, round: 1, value: 2.2 }]);
    history.addPoints([{ kind: 'loss', epoch: 0, seat: 1, round: 6, value: 1.9 }]);
    expect([...history.loss.keys()]).toEqual([0]);
    expect(history.model.last).toBeUndefined();
    expect(history.consensus.last).toBeUndefined();
    expect(history.sent.last).toBeUndefined();
    expect(history.farthest).toBe(0);
  });
});

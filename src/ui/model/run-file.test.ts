/** What the page's run.json says of where its figures come from. */
import { describe, expect, it } from 'vitest';
import { snapshotOf } from '../../store/fixtures/snapshot.ts';
import { History } from '../../store/history.ts';
import { runJson } from './run-file.ts';

describe('the run that the page exports', () => {
  it('names the sources, the build, the browser, and when the run began', () => {
    let now = Date.UTC(2026, 1, 3);
    const history = new History(() => now);
    const built = {
      version: '0.1.0-abcdef01',
      built: Date.UTC(2026, 0, 1),
      source: { commit: '0'.repeat(40), dirty: false, lockfile: 'f'.repeat(64) },
    };
    const record = () => JSON.parse(runJson(snapshotOf(), history, 'Browser/1.0', built));
    const view = { counter: 1, startRound: 0, epoch: 1 };
    history.addSnapshot(snapshotOf({ phase: 'idle', view }));
    expect(record().provenance.startedAt).toBeNull();
    history.addSnapshot(snapshotOf({ phase: 'running', view }));
    now += 60_000;
    history.addSnapshot(snapshotOf({ phase: 'paused', view }));
    history.addSnapshot(snapshotOf({ phase: 'running', view }));
    expect(record().provenance).toEqual({
      ...built.source,
      command: null,
      startedAt: '2026-02-03T00:00:00.000Z',
      builtAt: '2026-01-01T00:00:00.000Z',
    });
    expect(record().environment).toMatchObject({
      browser: 'Browser/1.0',
      versions: { murmuration: '0.1.0-abcdef01' },
    });
    // A reset is another run.
    history.addSnapshot(snapshotOf({ phase: 'running', view: { ...view, epoch: 2 } }));
    expect(record().provenance.startedAt).toBe('2026-02-03T00:01:00.000Z');
  });
});

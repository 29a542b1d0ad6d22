/**
 * One run of the whole flock, whatever carries it: wait for everyone, start, watch, stop, collect.
 *
 * A `Tab` is a page in Chromium or a session in this process; both are driven through the lab's handle.
 * A tab that is lost is reported and the run goes on with the rest. Progress is polled, never pushed, so
 * a slow driver costs the tabs nothing.
 */
import type { WorkerModel } from '../../src/session/handle.ts';
import type { MetricRow, Snapshot } from '../../src/session/snapshot.ts';
import { messageOf, someOf } from '../sentence.ts';
import type { ConsensusPoint, ModelPoint } from './csv.ts';
import { Ledger, type Tab } from './ledger.ts';
import type { Origin } from './origin.ts';
import type { Pace } from './pace.ts';
import type { Progress } from './progress.ts';
import { collectFigures, reachedAt, type Target } from './target.ts';

export interface Plan {
  readonly workersPerTab: number;
  /** Rounds, or 0 for no end. */
  readonly rounds: number;
  /** Of the pace's clock. */
  readonly seconds: number | null;
  readonly target: Target | null;
  /** Where the run begins, if not at the seed's x_0. */
  readonly origin: Origin | null;
  /** Bytes that the workers' states may take all together to be collected, too. */
  readonly stateBytes: number;
  /** How time passes between two looks at the tabs. */
  readonly pace: Pace;
}

export type StoppedBy = 'rounds' | 'seconds' | 'target-accuracy' | 'interrupt' | 'failure';

export interface Collected {
  readonly rows: readonly MetricRow[];
  readonly consensus: readonly ConsensusPoint[];
  /** Of the model that the run reports. */
  readonly figures: readonly ModelPoint[];
  /** The last snapshot of each tab, also of those that were lost later. */
  readonly snapshots: readonly Snapshot[];
  readonly models: readonly WorkerModel[];
  /** The workers' whole states as files; null where they were not to be had. */
  readonly states: readonly StateFile[] | null;
  /** Wall-clock seconds from start to stop. */
  readonly seconds: number;
  /** The same by a virtual clock; null under the real one. */
  readonly simulatedSeconds: number | null;
  /** What the pace's clock showed at the start, in ms. */
  readonly startedAt: number;
  readonly stoppedBy: StoppedBy;
  /** Why the run failed; null unless `stoppedBy` is "failure". */
  readonly failure: string | null;
}

/** All that a worker's next round depends on. */
export interface StateFile {
  readonly seat: number;
  readonly file: Uint8Array;
}

/** The run could not begin; the message says why and what to do. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure';
}

const CONNECT_MS = 90_000;
const PAUSE_MS = 20_000;
/** For all tabs to hear of a pause, where none of them runs. */
const HEAR_MS = 2_000;
/** How often states are asked for: a worker may be a moment behind its tab. */
const STATE_ATTEMPTS = 10;
/** For all workers to begin where the run does. */
const BEGIN_MS = 60_000;
/** Without a finished round for this long a run is given up. */
const STALL_MS = 120_000;
/** Simulated time without any work that is a deadlock: longer than any deadline or change of members takes. */
const IDLE_MS = 600_000;

const here = (snapshot: Snapshot) => snapshot.workers.filter(({ health }) => health !== 'gone');

function trouble(snapshot: Snapshot | null): string {
  if (snapshot === null) return 'its session has not started';
  const notices = snapshot.notices
    .filter(({ level }) => level !== 'info')
    // What to do about it speaks of the page's buttons.
    .map(({ what }) => what);
  const { transport, signalling } = snapshot.room;
  return [`transport ${transport}, signalling ${signalling}`, ...notices].join('; ');
}

async function connect(
  ledger: Ledger,
  tabs: readonly Tab[],
  plan: Plan,
  progress: Progress,
  signal: AbortSignal,
) {
  const expected = tabs.length * plan.workersPerTab;
  const deadline = performance.now() + CONNECT_MS;
  for (;;) {
    const living = await ledger.poll();
    if (living.length < tabs.length) {
      const reasons = tabs.flatMap((tab) => (tab.lost() === null ? [] : [`${tab.label}: ${tab.lost()}`]));
      throw new RunFailure(`A tab was lost before the run began (${someOf(reasons, '; ')}).`);
    }
    for (const { refusal } of ledger.snapshots.values()) {
      if (refusal !== null) throw new RunFailure(refusal);
    }
    const seen = tabs.map((tab) => {
      const snapshot = ledger.snapshots.get(tab);
      return snapshot === undefined || snapshot.phase === 'starting' ? 0 : here(snapshot).length;
    });
    if (seen.every((count) => count === expected)) return;
    progress.update(`connecting: ${Math.min(...seen)} of ${expected} workers are known everywhere`);
    if (signal.aborted) return;
    if (performance.now() > deadline) {
      const index = seen.findIndex((count) => count !== expected);
      const tab = tabs[index];
      const snapshot = tab === undefined ? undefined : ledger.snapshots.get(tab);
      throw new RunFailure(
        `After ${CONNECT_MS / 1000} s ${tab?.label} knows ${seen[index]} of ${expected} workers ` +
          `(${trouble(snapshot ?? null)}). Where WebRTC cannot connect, try --transport broadcast.`,
      );
    }
    await plan.pace.pass();
  }
}

/** Has all workers begin where the run does, and waits until they are there. */
async function beginAt(
  origin: Origin,
  ledger: Ledger,
  tabs: readonly Tab[],
  { pace }: Plan,
  signal: AbortSignal,
): Promise<void> {
  const epochs = new Map(tabs.map((tab) => [tab, ledger.snapshots.get(tab)?.view.epoch ?? 0]));
  const deadline = performance.now() + BEGIN_MS;
  let why = '';
  let told = false;
  const arrived = (tab: Tab) => {
    const snapshot = ledger.snapshots.get(tab);
    if (snapshot === undefined || snapshot.view.epoch <= (epochs.get(tab) ?? 0)) return false;
    const mine = snapshot.workers.filter((worker) => worker.mine);
    return (
      ['idle', 'paused'].includes(snapshot.phase) &&
      mine.length > 0 &&
      mine.every(({ round }) => origin.round === 0 || round > 0)
    );
  };
  while (!signal.aborted) {
    if (!told) {
      // Models come a moment after their workers.
      const answer = await orElse(
        () => origin.tell(tabs, (tab) => ledger.snapshots.get(tab)),
        (error) => error,
      );
      told = answer === undefined;
      why = answer ?? '';
    }
    await ledger.poll();
    if (told && tabs.every(arrived)) return;
    if (ledger.says('failed') || performance.now() > deadline) {
      const [first] = tabs.filter((tab) => !arrived(tab));
      const snapshot = first === undefined ? null : (ledger.snapshots.get(first) ?? null);
      throw new RunFailure(
        `The run could not begin where it was to: ${why === '' ? trouble(snapshot) : why}.`,
      );
    }
    await pace.pass();
  }
}

/** The workers' states, if they are not too large. */
async function statesIn(
  ledger: Ledger,
  { stateBytes, pace }: Plan,
  progress: Progress,
): Promise<readonly StateFile[] | null> {
  const tabs = ledger.living();
  if (stateBytes === 0 || tabs.length === 0) return null;
  const ask = () => Promise.all(tabs.map((tab) => tab.ask('state', { most: stateBytes / tabs.length })));
  type Answers = Awaited<ReturnType<typeof ask>>;
  let answers: Answers | null = null;
  let reason = '';
  for (let attempt = 0; attempt < STATE_ATTEMPTS && answers === null; attempt += 1) {
    if (attempt > 0) await pace.pass();
    answers = await orElse<Answers | null>(ask, (why) => {
      reason = why;
      return null;
    });
  }
  if (answers === null) {
    progress.note(`The workers' states were not kept: ${reason}`);
    return null;
  }
  const states = answers.flatMap((answer) => answer.states ?? []);
  const complete = answers.length > 0 && answers.every((answer) => answer.states !== null);
  return complete ? states.sort((a, b) => a.seat - b.seat) : null;
}

function describe(ledger: Ledger, plan: Plan): string {
  const snapshots = ledger.living().flatMap((tab) => ledger.snapshots.get(tab) ?? []);
  const round = Math.min(...snapshots.map((each) => each.round));
  const fastest = Math.max(...snapshots.flatMap((each) => each.workers.map((worker) => worker.round)));
  const losses = snapshots.flatMap((each) =>
    each.workers.flatMap(({ mine, trainLoss }) => (mine && trainLoss !== null ? [trainLoss] : [])),
  );
  const accuracy = ledger.accuracy();
  const own = ledger.ownAccuracy();
  const consensus = ledger.consensus.at(-1);
  return [
    `round ${round}${fastest > round + 1 ? `–${fastest}` : ''}${plan.rounds > 0 ? `/${plan.rounds}` : ''}`,
    ...(losses.length > 0 ? [`loss ${(losses.reduce((a, b) => a + b, 0) / losses.length).toFixed(3)}`] : []),
    ...(accuracy === null ? [] : [`test ${(accuracy * 100).toFixed(1)} %`]),
    ...(accuracy !== null || own === null ? [] : [`workers’ own test ${(own * 100).toFixed(1)} %`]),
    ...(consensus === undefined ? [] : [`consensus distance ${consensus.value.toPrecision(3)}`]),
    `${Math.min(...snapshots.map((each) => each.roundsPerSecond)).toFixed(1)} rounds/s`,
  ].join(' · ');
}

/** For how long after `since` nobody has worked, in ms of the pace's clock; 0 where that is not known. */
function idleFor(pace: Pace, since: number): number {
  const idleSince = pace.idleSince();
  return idleSince === null ? 0 : pace.now() - Math.max(idleSince, since);
}

async function reached(ledger: Ledger, target: Target): Promise<boolean> {
  const kinds = [...ledger.snapshots.values()].map(({ model }) => model.of);
  const several = ledger.living().length > 1;
  // Of one tab, of a server and of replicas some tab knows it.
  if (several && kinds.some((of) => of === 'average' || of === 'de-biased')) {
    await collectFigures(ledger, target);
  }
  return reachedAt(ledger, target.accuracy) !== null;
}

async function watch(
  ledger: Ledger,
  plan: Plan,
  progress: Progress,
  signal: AbortSignal,
): Promise<{ stoppedBy: StoppedBy; failure: string | null }> {
  const started = performance.now();
  const startedAt = plan.pace.now();
  // A run that goes on is paused until all have heard of the start.
  let begun = false;
  let most = -1;
  let moved = started;
  let movedAt = startedAt;
  const failed = (why: string) => {
    const reasons = ledger
      .living()
      .map((tab) => `${tab.label}: ${trouble(ledger.snapshots.get(tab) ?? null)}`);
    return { stoppedBy: 'failure', failure: `${why} (${someOf(reasons, ' | ')}).` } as const;
  };
  for (;;) {
    const living = await ledger.poll();
    const now = performance.now();
    if (living.length === 0) return { stoppedBy: 'failure', failure: 'Every tab was lost.' };
    if (signal.aborted) return { stoppedBy: 'interrupt', failure: null };
    if (ledger.says('diverged')) return failed('The flock has stopped; a lower --lr may help');
    if (ledger.phases().every((phase) => phase === 'finished')) return { stoppedBy: 'rounds', failure: null };
    if (plan.target !== null && (await reached(ledger, plan.target))) {
      return { stoppedBy: 'target-accuracy', failure: null };
    }
    const left =
      plan.seconds === null ? Number.POSITIVE_INFINITY : startedAt + plan.seconds * 1000 - plan.pace.now();
    if (left <= 0) {
      return { stoppedBy: 'seconds', failure: null };
    }
    const rounds = ledger.rounds();
    if (rounds > most) {
      most = rounds;
      moved = now;
      movedAt = plan.pace.now();
    } else if (now - moved > STALL_MS) {
      return failed(`No round was finished for ${STALL_MS / 1000} s`);
    }
    if (idleFor(plan.pace, movedAt) > IDLE_MS) {
      return failed('Nobody can go on: nothing is computed, and no message is on its way');
    }
    begun ||= ledger.phases().every((phase) => phase !== 'paused');
    // Nobody but a worker that cannot go on pauses a run; its round may fail before the others are told.
    const paused = begun && ledger.phases().includes('paused');
    if (paused || ledger.says('failed')) return failed('The flock has stopped');
    progress.update(describe(ledger, plan));
    await plan.pace.pass(left);
  }
}

/** Asks everyone to stop and waits until they have, or until it is clear that they will not. */
async function pause(ledger: Ledger, plan: Plan): Promise<void> {
  const [first] = ledger.living();
  if (first === undefined) return;
  const counterOf = (tab: Tab) => ledger.snapshots.get(tab)?.view.counter ?? 0;
  const before = new Map(ledger.living().map((tab) => [tab, counterOf(tab)]));
  // What is known of a tab may be from before the pause, or even from before the start.
  const heard = () => ledger.living().every((tab) => counterOf(tab) > (before.get(tab) ?? 0));
  await first.send({ kind: 'command', command: { kind: 'pause' } });
  const deadline = performance.now() + PAUSE_MS;
  const patience = performance.now() + HEAR_MS;
  const asked = plan.pace.now();
  while (performance.now() < deadline && idleFor(plan.pace, asked) <= IDLE_MS) {
    await ledger.poll();
    const rests = ledger.phases().every((phase) => phase !== 'running');
    if (rests && (heard() || performance.now() > patience)) return;
    await plan.pace.pass();
  }
}

/** A run that was stopped by the clock while its losses were far too high has diverged (`divergence.ts`). */
function divergedBy(ledger: Ledger): { stoppedBy: StoppedBy; failure: string } | null {
  const workers = [...ledger.snapshots.values()].flatMap((snapshot) => snapshot.workers);
  const high = workers.filter(({ mine, diverging }) => mine && diverging);
  if (high.length === 0) return null;
  const losses = high.map(({ seat, trainLoss }) => `${trainLoss?.toPrecision(3)} at worker ${seat}`);
  const failure = `The training diverged: losses are far above those of the start (${someOf(losses, ', ')}); a lower --lr may help.`;
  return { stoppedBy: 'failure', failure };
}

/** What an attempt came to; once a run has begun, nothing that goes wrong may cost what was collected. */
async function orElse<T>(attempt: () => Promise<T>, otherwise: (why: string) => T): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    return otherwise(messageOf(error));
  }
}

/**
 * @throws {RunFailure} if the run cannot begin; afterwards whatever was collected is returned.
 */
export async function drive(
  tabs: readonly Tab[],
  plan: Plan,
  progress: Progress,
  signal: AbortSignal,
): Promise<Collected> {
  const ledger = new Ledger(tabs, progress);
  await connect(ledger, tabs, plan, progress, signal);
  if (plan.origin !== null) await beginAt(plan.origin, ledger, tabs, plan, signal);
  const started = performance.now();
  const startedAt = plan.pace.now();
  const stopAt = plan.rounds > 0 ? plan.rounds : null;
  if (!signal.aborted) await tabs[0]?.send({ kind: 'command', command: { kind: 'start', stopAt } });
  const outcome = await orElse<{ stoppedBy: StoppedBy; failure: string | null }>(
    () => watch(ledger, plan, progress, signal),
    (why) => ({ stoppedBy: 'failure', failure: `The run could not be watched any longer: ${why}` }),
  );
  const seconds = (performance.now() - started) / 1000;
  // A run that ends by its rounds took until the last of them, not until somebody looked.
  const last = Math.max(0, ...ledger.rows.map((row) => row.simulatedSeconds ?? 0));
  const passed = outcome.stoppedBy === 'rounds' ? last : (plan.pace.now() - startedAt) / 1000;
  const simulatedSeconds = plan.pace.virtual ? passed : null;
  const give = (why: string) => progress.note(`Not everything may have been collected: ${why}`);
  if (outcome.stoppedBy !== 'rounds') await orElse(() => pause(ledger, plan), give);
  const models = await Promise.all(
    ledger.living().map(async (tab) => {
      try {
        return await tab.models();
      } catch (error) {
        progress.note(`${tab.label} gave no models: ${messageOf(error)}`);
        return [];
      }
    }),
  );
  const states = await statesIn(ledger, plan, progress);
  await orElse(async () => void (await ledger.poll()), give);
  return {
    rows: ledger.rows,
    consensus: ledger.consensus,
    figures: ledger.figures,
    snapshots: [...ledger.snapshots.values()],
    models: models.flat().sort((a, b) => a.seat - b.seat),
    states,
    seconds,
    simulatedSeconds,
    startedAt,
    ...(outcome.stoppedBy === 'seconds' ? (divergedBy(ledger) ?? outcome) : outcome),
  };
}

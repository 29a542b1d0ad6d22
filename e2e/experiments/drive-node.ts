/**
 * Tabs without a browser: sessions in this process over the memory transport and the cpu backend. The
 * same recipe gives the same bytes, every time.
 */
import { setMaxListeners } from 'node:events';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import type { TraceEvent } from '../../src/session/emulation.ts';
import type { LabHandle, WorkerModel } from '../../src/session/handle.ts';
import type { AnswerOn, QuestionOn, Topic } from '../../src/session/models-questions.ts';
import { startNodeLab } from '../../src/session/node-lab.ts';
import { startSimulatedLab } from '../../src/session/simulated-lab.ts';
import type { MetricRow, Request } from '../../src/session/snapshot.ts';
import type { ConsensusPoint, ModelPoint } from './csv.ts';
import type { Flock } from './drive-browser.ts';
import type { Experiment } from './flags.ts';
import { ROOT } from './lab-build.ts';
import type { Polled, Tab } from './ledger.ts';
import { realPace, virtualPace } from './pace.ts';

/** Nothing is waited for but computing. */
const POLL_MS = 20;

class SessionTab implements Tab {
  readonly label: string;
  readonly #lab: LabHandle;
  #rows: MetricRow[] = [];
  #consensus: ConsensusPoint[] = [];
  #figures: ModelPoint[] = [];

  constructor(lab: LabHandle, label: string) {
    this.#lab = lab;
    this.label = label;
    lab.subscribe((report) => {
      if (report.kind === 'metrics') this.#rows.push(...report.rows);
      if (report.kind === 'points') {
        for (const point of report.points) {
          if (point.kind === 'consensus') this.#consensus.push(point);
          if (point.kind === 'model') this.#figures.push(point);
        }
      }
    });
  }

  lost(): null {
    return null;
  }

  async poll(): Promise<Polled> {
    const polled = {
      snapshot: this.#lab.snapshot(),
      rows: this.#rows,
      consensus: this.#consensus,
      figures: this.#figures,
    };
    this.#figures = [];
    this.#rows = [];
    this.#consensus = [];
    return polled;
  }

  async send(request: Request): Promise<void> {
    this.#lab.send(request);
  }

  models(at?: 'evaluated'): Promise<readonly WorkerModel[]> {
    return this.#lab.models(at);
  }

  ask<About extends Topic>(about: About, question: QuestionOn<About>): Promise<AnswerOn<About>> {
    return this.#lab.ask(about, question);
  }
}

// All workers of a tab listen to one signal, and there may be hundreds: that is no leak.
setMaxListeners(0);

export async function openNodeFlock({ recipe, local, run }: Experiment): Promise<Flock> {
  const options = { recipe, tabs: run.tabs, workersPerTab: local.workers, root: ROOT };
  const clock = run.clock === 'virtual' ? new VirtualClock() : null;
  const trace: TraceEvent[] = [];
  const labs =
    clock === null
      ? await startNodeLab(options)
      : await startSimulatedLab(options, clock, (event) => trace.push(event));
  return {
    tabs: labs.map((lab, index) => new SessionTab(lab, `tab ${index + 1}`)),
    pace: clock === null ? realPace(POLL_MS) : virtualPace(clock),
    browser: 'none',
    ...(clock === null ? {} : { trace }),
    close: async () => {
      for (const lab of labs) lab.close();
    },
  };
}

/**
 * Tabs without a browser: sessions in this process over the memory transport and the cpu backend. The
 * same recipe gives the same bytes, every time.
 */
import type { LabHandle, WorkerModel } from '../../src/session/handle.ts';
import { startNodeLab } from '../../src/session/node-lab.ts';
import type { MetricRow, Request } from '../../src/session/snapshot.ts';
import type { ConsensusPoint } from './csv.ts';
import type { Flock } from './drive-browser.ts';
import type { Experiment } from './flags.ts';
import { ROOT } from './lab-server.ts';
import type { Polled, Tab } from './ledger.ts';

class SessionTab implements Tab {
  readonly label: string;
  readonly #lab: LabHandle;
  #rows: MetricRow[] = [];
  #consensus: ConsensusPoint[] = [];

  constructor(lab: LabHandle, label: string) {
    this.#lab = lab;
    this.label = label;
    lab.subscribe((report) => {
      if (report.kind === 'metrics') this.#rows.push(...report.rows);
      if (report.kind === 'points') {
        for (const point of report.points) if (point.kind === 'consensus') this.#consensus.push(point);
      }
    });
  }

  lost(): null {
    return null;
  }

  async poll(): Promise<Polled> {
    const polled = { snapshot: this.#lab.snapshot(), rows: this.#rows, consensus: this.#consensus };
    this.#rows = [];
    this.#consensus = [];
    return polled;
  }

  async send(request: Request): Promise<void> {
    this.#lab.send(request);
  }

  models(): Promise<readonly WorkerModel[]> {
    return this.#lab.models();
  }
}

export async function openNodeFlock({ recipe, local, run }: Experiment): Promise<Flock> {
  const labs = await startNodeLab({ recipe, tabs: run.tabs, workersPerTab: local.workers, root: ROOT });
  return {
    tabs: labs.map((lab, index) => new SessionTab(lab, `tab ${index + 1}`)),
    browser: 'none',
    close: async () => {
      for (const lab of labs) lab.close();
    },
  };
}

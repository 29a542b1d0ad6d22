/**
 * Reports: what a peer tells the others about its workers, for their pages. What all know of all would grow
 * with the square of the members, so every peer tells at most so many rows a second, whoever is there: each
 * row to one member after the other, only what that member has not had, the one first that has waited
 * longest. In a small room everybody hears of everything within a second; in a large one it takes longer.
 * Members tell each other directly: nobody speaks for another, and nobody's going leaves others in the dark.
 */
import type { PeerId } from '../network/transport.ts';
import type { ReportRow } from '../protocol/control.ts';

/** Rows that a peer tells in a second, over all members; so many may also have been saved up. */
export const ROWS_PER_SECOND = 16;
/** Shortest time between two reports to the same member, in ms. */
export const REPORT_MS = 1000;
/** After a new epoch a member may not know of it yet, and would not take what is of it; in ms. */
const SETTLE_MS = 500;
/** Most edges of a row in one report; of more, others are told the next time. */
export const EDGES_PER_ROW = 16;

interface Listener {
  at: number;
  /** By seat, the version of the row that it had last. */
  readonly had: Map<number, number>;
}

export interface Due {
  readonly peer: PeerId;
  readonly rows: readonly ReportRow[];
}

export class Reports {
  readonly #rows = new Map<
    number,
    { readonly row: ReportRow; readonly text: string; readonly version: number }
  >();
  readonly #listeners = new Map<PeerId, Listener>();
  #version = 0;
  #allowance = ROWS_PER_SECOND;
  #at = Number.NEGATIVE_INFINITY;
  #quietUntil = Number.NEGATIVE_INFINITY;

  /** How this peer's workers are now; a seat that is not among them is told of no more. */
  update(rows: readonly ReportRow[]): void {
    const seats = new Set(rows.map(({ seat }) => seat));
    for (const seat of this.#rows.keys()) if (!seats.has(seat)) this.#rows.delete(seat);
    for (const row of rows) {
      const text = JSON.stringify(row);
      if (this.#rows.get(row.seat)?.text === text) continue;
      this.#version += 1;
      this.#rows.set(row.seat, { row, text, version: this.#version });
    }
  }

  /** There is a new view: all there hear everything anew, in time. */
  viewed(now: number, newEpoch: boolean): void {
    this.#listeners.clear();
    if (newEpoch) this.#quietUntil = now + SETTLE_MS;
  }

  /** What to tell now, and to whom of these; it counts as told. */
  due(peers: readonly PeerId[], now: number): readonly Due[] {
    const passed = Math.max(0, now - this.#at);
    this.#at = now;
    this.#allowance = Math.min(ROWS_PER_SECOND, this.#allowance + (passed * ROWS_PER_SECOND) / 1000);
    if (now < this.#quietUntil) return [];
    const due: Due[] = [];
    const waiting = peers.map((peer) => ({ peer, listener: this.#listener(peer) }));
    for (const { peer, listener } of waiting.sort((a, b) => a.listener.at - b.listener.at)) {
      if (this.#allowance < 1) break;
      if (now - listener.at < REPORT_MS) break;
      const rows = this.#news(listener);
      if (rows.length === 0) continue;
      this.#allowance -= rows.length;
      listener.at = now;
      due.push({ peer, rows });
    }
    return due;
  }

  #listener(peer: PeerId): Listener {
    let listener = this.#listeners.get(peer);
    if (listener === undefined) {
      listener = { at: Number.NEGATIVE_INFINITY, had: new Map() };
      this.#listeners.set(peer, listener);
    }
    return listener;
  }

  /** Rows that this listener has not had, as many as are allowed, the longest unheard first; they count as had. */
  #news(listener: Listener): readonly ReportRow[] {
    const news = [...this.#rows.values()]
      .filter(({ row, version }) => listener.had.get(row.seat) !== version)
      .sort((a, b) => (listener.had.get(a.row.seat) ?? 0) - (listener.had.get(b.row.seat) ?? 0))
      .slice(0, Math.floor(this.#allowance));
    for (const { row, version } of news) listener.had.set(row.seat, version);
    return news.map(({ row, version }) => ({ ...row, edges: windowOf(row.edges, version) }));
  }
}

/** Of many edges, some, others at every version: in turn all of them. */
function windowOf(edges: ReportRow['edges'], version: number): ReportRow['edges'] {
  if (edges.length <= EDGES_PER_ROW) return edges;
  const start = (version * EDGES_PER_ROW) % edges.length;
  return [...edges.slice(start), ...edges.slice(0, start)].slice(0, EDGES_PER_ROW);
}

/**
 * Which bytes of a growing memory are free: a first-fit free list, lowest address first, whose neighbours
 * merge. It hands out numbers and touches no memory. Vectors are allocated when a run is set up, not in a
 * step, so a list in address order is fast enough.
 */

/** A cache line: no two blocks share one, and every block suits vectors of four lanes. */
const GRAIN = 64;

interface Gap {
  start: number;
  end: number;
}

export class FreeList {
  /** In address order, never touching one another. */
  readonly #gaps: Gap[] = [];
  #end: number;
  #used = 0;

  /** Bytes from `start` on are its to give, once it is told of them by `extend`. */
  constructor(start: number) {
    this.#end = roundUp(start);
  }

  /** Bytes handed out. */
  get used(): number {
    return this.#used;
  }

  /** The end of the memory that it knows. */
  get end(): number {
    return this.#end;
  }

  /** The memory now ends at `end`. */
  extend(end: number): void {
    if (end > this.#end) this.#insert({ start: this.#end, end });
    this.#end = Math.max(this.#end, end);
  }

  /** Start of a free block of so many bytes, or null if there is none. */
  allocate(bytes: number): number | null {
    const size = roundUp(Math.max(1, bytes));
    const at = this.#gaps.findIndex((gap) => gap.end - gap.start >= size);
    const gap = this.#gaps[at];
    if (gap === undefined) return null;
    const { start } = gap;
    gap.start += size;
    if (gap.start === gap.end) this.#gaps.splice(at, 1);
    this.#used += size;
    return start;
  }

  /** How far the memory has to reach for so many bytes, if no gap holds them. */
  reach(bytes: number): number {
    const last = this.#gaps.at(-1);
    const start = last !== undefined && last.end === this.#end ? last.start : this.#end;
    return start + roundUp(Math.max(1, bytes));
  }

  /** Takes back what `allocate` gave for as many bytes. */
  release(start: number, bytes: number): void {
    const size = roundUp(Math.max(1, bytes));
    this.#used -= size;
    this.#insert({ start, end: start + size });
  }

  #insert(freed: Gap): void {
    let at = this.#gaps.findIndex((gap) => gap.start >= freed.end);
    if (at === -1) at = this.#gaps.length;
    const before = this.#gaps[at - 1];
    const after = this.#gaps[at];
    if (after !== undefined && after.start === freed.end) {
      freed.end = after.end;
      this.#gaps.splice(at, 1);
    }
    if (before !== undefined && before.end === freed.start) before.end = freed.end;
    else this.#gaps.splice(at, 0, freed);
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / GRAIN) * GRAIN;
}

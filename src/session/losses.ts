/**
 * The device ring in which a worker's batch losses collect, so that no training step waits for a
 * read-back. A round takes a slot when it computes its gradient; only committed rounds count.
 */
import type { Compute, Vector } from '../compute/compute.ts';
import type { BatchLoss } from './loss-window.ts';

/** Gradients between two reads, at least. */
const SLOTS = 256;

export class Losses {
  readonly #compute: Compute;
  #ring: Vector;
  #slots: number;
  /** Gradients of one round. */
  #steps: number;
  #next = 0;
  #committed: { readonly slot: number; readonly round: number }[] = [];
  #open: number[] = [];

  constructor(compute: Compute, steps: number) {
    this.#compute = compute;
    this.#steps = steps;
    this.#slots = SLOTS + steps;
    this.#ring = compute.vector(2 * this.#slots);
  }

  /** Makes room for so many gradients a round; what the ring holds stays. */
  reserve(steps: number): void {
    this.#steps = steps;
    const slots = SLOTS + steps;
    if (slots <= this.#slots) return;
    const larger = this.#compute.vector(2 * slots);
    this.#compute.linear(larger, []);
    this.#compute.slices.copy(larger, 0, this.#ring, 0, this.#ring.length);
    this.#compute.free(this.#ring);
    this.#ring = larger;
    this.#slots = slots;
  }

  get ring(): Vector {
    return this.#ring;
  }

  /** Index in the ring for one gradient's loss and count. */
  take(): number {
    const slot = this.#next;
    this.#next = (this.#next + 1) % this.#slots;
    this.#open.push(slot);
    return 2 * slot;
  }

  /** Must be read before another round takes its gradients. */
  get full(): boolean {
    return this.#committed.length + this.#open.length + this.#steps >= this.#slots;
  }

  /** Losses of committed rounds that wait to be read. */
  get unread(): boolean {
    return this.#committed.length > 0;
  }

  /** The gradients since the last call belong to this round, counted from 1. */
  commit(round: number): void {
    this.#committed.push(...this.#open.map((slot) => ({ slot, round })));
    this.#open = [];
  }

  /** The round was rolled back: its slot does not count. */
  abandon(): void {
    this.#open = [];
  }

  /** Another run: what was not read is of no interest. */
  forget(): void {
    this.#committed = [];
    this.#open = [];
    this.#next = 0;
    this.#compute.linear(this.#ring, []);
  }

  /** Mean batch losses of the gradients committed since the last read, in order; empties the ring. */
  async read(): Promise<readonly BatchLoss[]> {
    const committed = this.#committed;
    const reading = this.#compute.read(this.#ring);
    this.forget();
    const values = await reading;
    return committed.map(({ slot, round }) => ({ round, loss: values[2 * slot] ?? Number.NaN }));
  }

  destroy(): void {
    this.#compute.free(this.#ring);
  }
}

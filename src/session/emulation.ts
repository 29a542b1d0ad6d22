/**
 * What a recipe's conditions make of this tab: gradients that take their time, links that delay, workers
 * that are slower; and the trace of who computed, sent and applied what, when. Under the virtual clock
 * this is the whole of time; under the real one it comes on top of what computing and sending take.
 */
import type { Clock } from '../base/clock.ts';
import { PURPOSE, randomStream } from '../math/random.ts';
import { EmulatedLinks } from '../network/conditions.ts';
import type { Letter, PostOffice } from '../network/post-office.ts';
import type { PeerId } from '../network/transport.ts';
import { algorithmMessageBytes } from '../protocol/codec.ts';
import { type Conditions, conditionsIn } from '../recipe/conditions.ts';
import type { Recipe } from '../recipe/recipe.ts';

/** Draws of compute times: as of messages from a seat that nobody has (see `EmulatedLinks`). */
const COMPUTE = 0xffff;

interface TraceLine {
  /** Milliseconds of the session's clock. */
  readonly at: number;
  readonly seat: number;
  /** The worker's own round. */
  readonly round: number;
}

/** One event of one worker; what they mean is written down where the file of them is: `e2e/experiments/trace.ts`. */
export type TraceEvent =
  | (TraceLine & { readonly kind: 'computing' | 'computed'; readonly step: number })
  | (TraceLine & {
      readonly kind: 'sent';
      readonly to: number;
      readonly tag: number;
      readonly step: number;
      readonly bytes: number;
    })
  | (TraceLine & {
      readonly kind: 'applied';
      readonly from: number;
      readonly tag: number;
      readonly step: number;
      /** The sender's round. */
      readonly sentIn: number;
      readonly bytes: number;
    })
  | (TraceLine & { readonly kind: 'committed' | 'rolled-back' });

type WithoutTime<Event> = Event extends TraceEvent ? Omit<Event, 'at'> : never;

export class Emulation {
  readonly #clock: Clock;
  readonly #post: PostOffice;
  readonly #trace: ((event: TraceEvent) => void) | null;
  #recipe: Recipe | null = null;
  #conditions: Conditions | null = null;
  #links: EmulatedLinks | null = null;

  constructor(clock: Clock, post: PostOffice, trace: ((event: TraceEvent) => void) | null = null) {
    this.#clock = clock;
    this.#post = post;
    this.#trace = trace;
  }

  /** A run begins: what was on its way is another run's, and random numbers start again. */
  reset(): void {
    this.#recipe = null;
  }

  /** How many times slower a seat is where nothing says how long a gradient takes: by its own measure. */
  drag(recipe: Recipe, seat: number): number {
    const { compute, stragglers } = this.#of(recipe);
    return compute === null ? (stragglers.get(seat) ?? 1) : 1;
  }

  /** Whether gradients have a length of their own. */
  timesGradients(recipe: Recipe): boolean {
    return this.#of(recipe).compute !== null;
  }

  /**
   * Resolves once a gradient that was begun at `since`, or `share` of one, would be there. `index` numbers a
   * seat's gradients.
   */
  async computed(
    recipe: Recipe,
    seat: number,
    index: number,
    since: number,
    share: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { compute, stragglers } = this.#of(recipe);
    if (compute === null) return;
    const random = randomStream(recipe.seed, PURPOSE.simulation, COMPUTE * 0x10000 + seat, index);
    const varied = compute.milliseconds * (1 + compute.jitter * (2 * random.uniform() - 1));
    const left = since + share * varied * (stragglers.get(seat) ?? 1) - this.#clock.now();
    if (left > 0) await (this.#clock.work ?? this.#clock).sleep(left, signal);
  }

  /** Sends a letter from one worker to another, over the emulated link if there is one. */
  send(recipe: Recipe, letter: Letter, peer: PeerId): void {
    this.#of(recipe);
    // A peer that is gone is the room's affair: the view changes and the round is aborted.
    const deliver = () => void this.#post.send(letter, peer).catch(() => undefined);
    if (this.#links === null) deliver();
    else {
      const bytes = algorithmMessageBytes(letter.payload.length);
      this.#links.pass(letter.source, letter.destination, bytes, letter.type !== 'packet', deliver);
    }
  }

  note(event: WithoutTime<TraceEvent>): void {
    this.#trace?.({ at: this.#clock.now(), ...event });
  }

  #of(recipe: Recipe): Conditions {
    if (this.#conditions === null || this.#recipe !== recipe) {
      this.#recipe = recipe;
      this.#conditions = conditionsIn(recipe);
      const { link } = this.#conditions;
      this.#links =
        link === null ? null : new EmulatedLinks(this.#clock.work ?? this.#clock, recipe.seed, link);
    }
    return this.#conditions;
  }
}

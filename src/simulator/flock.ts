/**
 * A flock in one process without a room: n workers in one fixed view, stepped together. It is what the
 * algorithms' invariants are tested on, on either backend; membership has tests of its own.
 */
import { realClock } from '../base/clock.ts';
import type { Compute, HostDataset } from '../compute/compute.ts';
import { randomStream } from '../math/random.ts';
import { MemoryHub } from '../network/memory.ts';
import { PostOffice } from '../network/post-office.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { SeatHolder, View } from '../room/view.ts';
import { Assets } from '../session/assets.ts';
import { FlockWorker } from '../session/flock-worker.ts';
import { Inbox } from '../session/inbox.ts';

const PEER = 'flock';

/** Rows of random bytes whose class shows in a bright stripe: learnable, small, the same everywhere. */
export function syntheticDigits(rows = 2400, seed = 7): HostDataset {
  const random = randomStream(seed, 99, 0, 0);
  const features = new Uint8Array(rows * 784);
  const labels = new Uint8Array(rows);
  for (let row = 0; row < rows; row += 1) {
    const label = random.integer(10);
    labels[row] = label;
    for (let k = 0; k < 784; k += 1) {
      const bright = Math.floor(k / 78) === label ? 120 : 0;
      features[row * 784 + k] = random.integer(100) + bright;
    }
  }
  return { rows, width: 784, classes: 10, scale: 1 / 255, features, labels };
}

export class Flock {
  readonly assets: Assets;
  readonly workers: readonly FlockWorker[];
  readonly post: PostOffice;
  readonly view: View;

  private constructor(assets: Assets, workers: readonly FlockWorker[], post: PostOffice, view: View) {
    this.assets = assets;
    this.workers = workers;
    this.post = post;
    this.view = view;
  }

  /**
   * n workers at x_0; or, with `starts`, each at its own parameters in a view that begins at round 1, so
   * that algorithms with neighbour state exchange it as after a change of members.
   */
  static async make(
    compute: Compute,
    recipe: Recipe,
    host: HostDataset,
    n: number,
    starts: readonly Float32Array[] = [],
  ): Promise<Flock> {
    const post = new PostOffice(new MemoryHub().connect(PEER), { clock: realClock });
    const inbox = new Inbox();
    post.on('algorithm', (frame, peer) => inbox.deliver(peer, frame));
    post.on('resync', (frame, peer) => inbox.deliver(peer, frame));
    post.open();
    const seats: SeatHolder[] = Array.from({ length: n }, (_, seat) => ({
      seat,
      peer: PEER,
      worker: seat,
      since: 1,
    }));
    const view: View = {
      id: '00000000000000f1',
      counter: 1,
      leader: PEER,
      parent: '0000000000000000',
      startRound: starts.length === 0 ? 0 : 1,
      recipeVersion: 0,
      recipe: JSON.stringify(recipe),
      run: { running: true, stopAt: null, epoch: 0, dealt: n },
      seats,
    };
    const assets = new Assets(compute, recipe, host);
    const never = new AbortController().signal;
    const workers = seats.map(({ seat }) => new FlockWorker(seat, realClock, post, inbox));
    await Promise.all(
      workers.map((worker, index) => {
        const holder = seats[index];
        if (holder === undefined) throw new Error('Every worker has a seat.');
        worker.equip(assets);
        worker.place(starts[index] ?? assets.initial);
        return worker.enter(view, holder, false, never);
      }),
    );
    return new Flock(assets, workers, post, view);
  }

  /** One round of every worker. */
  async step(): Promise<void> {
    const never = new AbortController().signal;
    await Promise.all(this.workers.map((worker) => worker.step(never)));
  }

  /** Committed vectors of this name, by seat. */
  async read(name = 'x'): Promise<Float32Array[]> {
    return Promise.all(
      this.workers.map((worker) => {
        const vector = worker.state?.[name];
        if (vector === undefined) throw new Error(`No worker has a vector ${name}.`);
        return this.assets.compute.read(vector);
      }),
    );
  }

  /** The gradients that the coming round will use, by seat. */
  async gradients(): Promise<Float32Array[]> {
    const { compute, program, data, layout } = this.assets;
    const gradient = compute.vector(layout.length);
    const losses = compute.vector(2);
    const all: Float32Array[] = [];
    for (const worker of this.workers) {
      const rows = this.assets.rows(worker.index, this.workers.length);
      const batch = this.assets.sampler(rows, worker.index).at(worker.round);
      const x = worker.parameters;
      if (x === null) throw new Error('A worker has no parameters.');
      program.gradient(x, data, batch, gradient, losses, 0);
      all.push(await compute.read(gradient));
    }
    compute.free(gradient, losses);
    return all;
  }

  destroy(): void {
    for (const worker of this.workers) worker.unequip();
    this.assets.destroy();
  }
}

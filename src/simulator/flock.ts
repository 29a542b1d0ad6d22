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

/** One endpoint: what the workers of a tab share. */
interface Tab {
  readonly post: PostOffice;
  readonly inbox: Inbox;
}

/** Endpoints of one hub, once each has joined all others. */
async function openTabs(count: number): Promise<readonly Tab[]> {
  const hub = new MemoryHub();
  let joins = 0;
  const tabs = Array.from({ length: count }, (_, tab) => {
    const peer = tab === 0 ? PEER : `${PEER} ${tab}`;
    const post = new PostOffice(hub.connect(peer), { clock: realClock });
    const inbox = new Inbox();
    post.on('algorithm', (frame, from) => inbox.deliver(from, frame));
    post.on('resync', (frame, from) => inbox.deliver(from, frame));
    post.on('packet', (frame, from) => inbox.packets.deliver(from, frame));
    post.onJoin(() => {
      joins += 1;
    });
    post.open();
    return { post, inbox };
  });
  while (joins < count * (count - 1)) await Promise.resolve();
  return tabs;
}

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
  /** Of the first tab, which is the only one unless `tabs` says otherwise. */
  readonly post: PostOffice;
  readonly #inbox: Inbox;
  #workers: readonly FlockWorker[];
  #view: View;

  private constructor(assets: Assets, workers: readonly FlockWorker[], { post, inbox }: Tab, view: View) {
    this.assets = assets;
    this.post = post;
    this.#inbox = inbox;
    this.#workers = workers;
    this.#view = view;
  }

  /** Those in the present view, by rank. */
  get workers(): readonly FlockWorker[] {
    return this.#workers;
  }

  get view(): View {
    return this.#view;
  }

  /**
   * n workers, each at its x_0; or, with `starts`, each at its own parameters in a view that begins at round 1, so
   * that algorithms with neighbour state exchange it as after a change of members. `tabs` are the numbers
   * of the workers' tabs, from 0; all are in one if not given.
   */
  static async make(
    compute: Compute,
    recipe: Recipe,
    host: HostDataset,
    n: number,
    starts: readonly Float32Array[] = [],
    tabs: readonly number[] = [],
  ): Promise<Flock> {
    const opened = await openTabs(1 + Math.max(0, ...tabs));
    const [first] = opened;
    if (first === undefined) throw new Error('There is a first tab.');
    const tabOf = (seat: number) => opened[tabs[seat] ?? 0] ?? first;
    const seats: SeatHolder[] = Array.from({ length: n }, (_, seat) => ({
      seat,
      peer: tabOf(seat).post.self,
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
    const workers = seats.map(({ seat }) => {
      const { post, inbox } = tabOf(seat);
      return new FlockWorker(seat, realClock, post, inbox);
    });
    await Promise.all(
      workers.map((worker, index) => {
        const holder = seats[index];
        if (holder === undefined) throw new Error('Every worker has a seat.');
        worker.equip(assets);
        worker.place(starts[index] ?? assets.startOf(index));
        return worker.enter(view, holder, false, never);
      }),
    );
    return new Flock(assets, workers, first, view);
  }

  /** One round of every worker; those who are done answer the others. */
  async step(): Promise<void> {
    const never = new AbortController().signal;
    const stepping = new Set(this.workers);
    await Promise.all(
      this.workers.map(async (worker) => {
        try {
          await worker.step(never);
        } finally {
          stepping.delete(worker);
        }
        if (this.assets.algorithm.serves === undefined) return;
        while (stepping.size > 0 || worker.mail) {
          if (worker.mail) await worker.serve(never);
          else await realClock.sleep(0);
        }
      }),
    );
  }

  /** What a round put off is done by all, as before an evaluation. */
  async settle(): Promise<void> {
    const never = new AbortController().signal;
    await Promise.all(this.workers.map((worker) => worker.settle(never)));
  }

  /**
   * Another view, as when members come and go: `leave` are seats, newcomers take fresh ones with the
   * parameters of the first that stays. All enter it together; `abruptly`, without a last word in the old.
   * `order` lists all seats that stay, as the graph is to be laid over them: the same members, other edges.
   */
  async change({
    leave = [],
    join = 0,
    abruptly = false,
    order,
  }: {
    readonly leave?: readonly number[];
    readonly join?: number;
    readonly order?: readonly number[];
    readonly abruptly?: boolean;
  }): Promise<void> {
    const { compute } = this.assets;
    if (!abruptly) await this.settle();
    const never = new AbortController().signal;
    const before = this.#view;
    const staying = before.seats.filter(({ seat }) => !leave.includes(seat));
    if (order !== undefined) staying.sort((a, b) => order.indexOf(a.seat) - order.indexOf(b.seat));
    const next = 1 + Math.max(...before.seats.map(({ seat }) => seat));
    const counter = before.counter + 1;
    const joining = Array.from({ length: join }, (_, index) => {
      const seat = next + index;
      return { seat, peer: PEER, worker: seat, since: counter };
    });
    const seats = [...staying, ...joining];
    const startRound = 1 + Math.max(...this.#workers.map(({ round }) => round));
    const id = counter.toString(16).padStart(16, '0');
    const view: View = { ...before, id, counter, parent: before.id, startRound, seats };
    const [sponsor] = this.#workers.filter(({ holder }) => !leave.includes(holder?.seat ?? -1));
    const x = sponsor?.parameters;
    if (x === undefined || x === null) throw new Error('Somebody must stay.');
    const parameters = await compute.read(x);
    const workers = seats.map(({ worker: index }) => {
      const known = this.#workers.find((worker) => worker.index === index);
      if (known !== undefined) return known;
      const added = new FlockWorker(index, realClock, this.post, this.#inbox);
      added.equip(this.assets);
      added.place(parameters);
      return added;
    });
    for (const worker of this.#workers) if (!workers.includes(worker)) worker.unequip();
    this.#view = view;
    this.#workers = workers;
    await Promise.all(
      workers.map(async (worker, rank) => {
        const holder = seats[rank];
        if (holder !== undefined) await worker.enter(view, holder, false, never);
      }),
    );
  }

  /** Committed vectors of this name, by seat, nothing being put off. */
  async read(name = 'x'): Promise<Float32Array[]> {
    await this.settle();
    return Promise.all(
      this.workers.map((worker) => {
        const vector = worker.state?.[name];
        if (vector === undefined || typeof vector === 'number')
          throw new Error(`No worker has a vector ${name}.`);
        return this.assets.compute.read(vector);
      }),
    );
  }

  /** The gradients on the batches of the coming round, by seat: at `points`, or where the workers are. */
  async gradients(points?: readonly Float32Array[]): Promise<Float32Array[]> {
    const { compute, program, data, layout } = this.assets;
    const gradient = compute.vector(layout.length);
    const at = compute.vector(layout.length);
    const losses = compute.vector(2);
    const all: Float32Array[] = [];
    for (const [index, x] of (points ?? (await this.read())).entries()) {
      const worker = this.workers[index];
      if (worker === undefined) throw new Error(`There is no worker ${index}.`);
      const rows = this.assets.rows(worker.index, this.#view.run.dealt ?? this.workers.length);
      const batch = this.assets.sampler(rows, worker.index).at(worker.round);
      compute.upload(at, x);
      program.gradient(at, data, batch, gradient, losses, 0);
      all.push(await compute.read(gradient));
    }
    compute.free(gradient, at, losses);
    return all;
  }

  destroy(): void {
    for (const worker of this.workers) worker.unequip();
    this.assets.destroy();
  }
}

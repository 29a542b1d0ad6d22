/**
 * What a session's workers compute with: the device, and the assets of the latest recipe on it. It opens
 * the device, replaces one that was lost, loads data, and keeps assets of earlier recipes until the last
 * worker has left them.
 */
import type { Compute, HostDataset } from '../compute/compute.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { sameRun } from '../recipe/schema.ts';
import { Assets } from './assets.ts';
import { MissingFileError } from './file-desk.ts';
import type { Notice } from './snapshot.ts';
import { WORDS } from './words.ts';

export interface Device {
  readonly compute: Compute;
  /** Why it is not what was asked for, or null. */
  readonly notice: Notice | null;
}

export interface Supplies {
  /** Makes a device; `again` after one was lost. */
  openDevice(again: boolean): Promise<Device>;
  loadDataset(recipe: Recipe): Promise<HostDataset>;
}

export interface EquipmentEvents {
  /** The recipe to equip for. */
  recipe(): Recipe;
  onDevice(compute: Compute): void;
  /** There is something to work with. */
  onReady(): void;
  /** The device and all on it is gone; another is being opened. */
  onLost(): void;
  /** There are no data for the latest recipe, and this is why. */
  onBare(notice: Notice): void;
  notice(notice: Notice): void;
  dismiss(id: string): void;
}

export class Equipment {
  readonly #supplies: Supplies;
  readonly #events: EquipmentEvents;
  readonly #datasets = new Map<string, Promise<HostDataset>>();
  #device: Compute | null = null;
  #assets: Assets | null = null;
  #retired: Assets[] = [];
  #closed = false;

  constructor(supplies: Supplies, events: EquipmentEvents) {
    this.#supplies = supplies;
    this.#events = events;
  }

  get device(): Compute | null {
    return this.#device;
  }

  /** Assets of the latest recipe, or of the one before while those are being made; null before any. */
  get assets(): Assets | null {
    return this.#assets;
  }

  async open(again = false): Promise<void> {
    const { compute, notice } = await this.#supplies.openDevice(again);
    if (this.#closed) {
      compute.destroy();
      return;
    }
    if (notice !== null) this.#events.notice(notice);
    this.#device = compute;
    this.#events.onDevice(compute);
    void compute.lost.then((reason) => this.#lost(compute, reason));
    await this.refresh();
  }

  /** Makes what the latest recipe needs, if it is not there yet. */
  async refresh(): Promise<void> {
    const device = this.#device;
    const recipe = this.#events.recipe();
    if (device === null) return;
    if (this.#assets?.compute === device && sameRun(this.#assets.recipe, recipe)) return;
    try {
      const host = await this.#dataset(recipe);
      if (this.#device !== device || this.#events.recipe() !== recipe || this.#closed) return;
      if (this.#assets !== null) this.#retired.push(this.#assets);
      this.#assets = new Assets(device, recipe, host);
      this.#events.dismiss('data');
    } catch (error) {
      this.#datasets.clear();
      if (this.#events.recipe() !== recipe || this.#closed) return;
      const reason = error instanceof Error ? error.message : String(error);
      this.#events.onBare(error instanceof MissingFileError ? WORDS.noFile(reason) : WORDS.noData(reason));
    }
    this.#events.onReady();
  }

  /** Frees assets of earlier recipes that nobody uses any more. */
  tidy(inUse: (assets: Assets) => boolean): void {
    this.#retired = this.#retired.filter((old) => {
      if (inUse(old)) return true;
      old.destroy();
      return false;
    });
  }

  close(): void {
    this.#closed = true;
    this.#device?.destroy();
  }

  #lost(compute: Compute, reason: string): void {
    if (this.#closed || this.#device !== compute) return;
    this.#events.notice(WORDS.deviceLost(reason));
    this.#device = null;
    this.#assets = null;
    this.#retired = [];
    this.#events.onLost();
    void this.open(true);
  }

  #dataset(recipe: Recipe): Promise<HostDataset> {
    // The seed decides generated rows, and which rows a scale is fitted on.
    const key = JSON.stringify([recipe.dataset, recipe.seed]);
    let loading = this.#datasets.get(key);
    if (loading === undefined) {
      loading = this.#supplies.loadDataset(recipe);
      this.#datasets.set(key, loading);
    }
    return loading;
  }
}

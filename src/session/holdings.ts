/**
 * Who holds what by the present deal, for the picture: counted from the labels and the partition that this
 * tab has anyway. Of private data a tab knows its own share only.
 */
import { findEntry } from '../base/registry.ts';
import { classNames } from '../data/files-recognise.ts';
import { holdingsOf } from '../data/holdings.ts';
import { PARTITIONS } from '../data/index.ts';
import { isPrivate } from '../data/private.ts';
import type { View } from '../room/view.ts';
import type { Assets } from './assets.ts';

export interface SeatHoldings {
  readonly seat: number;
  /** Rows in each bin. */
  readonly counts: readonly number[];
}

export interface HoldingsReport {
  /** Names of the classes, or of ranges of the numbers to predict. */
  readonly bins: readonly string[];
  /** Bins are ranges of numbers. */
  readonly ranges: boolean;
  readonly seats: readonly SeatHoldings[];
  /** Mean total-variation distance of the workers' shares to that of all; 0 to nearly 1. */
  readonly heterogeneity: number;
  /** The run has begun; before, this is how the data would be dealt over those present. */
  readonly dealt: boolean;
  /** Others hold files of their own, of which nothing is known here. */
  readonly private: boolean;
}

/** The rows of each seat of this view; of private data of the seats of the peer `self`. */
export function partsHeld(assets: Assets, view: View, self: string) {
  const { recipe, split, labels } = assets;
  const own = isPrivate(recipe.dataset.options);
  const { dealt } = view.run;
  const held = view.seats.filter(({ peer }) => !own || peer === self).map(({ seat }) => seat);
  const over = dealt ?? Math.max(recipe.seats, view.seats.length);
  // One deal for all seats; late ones have deals of their own.
  const partition = findEntry('partition', PARTITIONS, recipe.partition.id);
  const parts = own ? [] : partition.deal(split.train, labels, over, recipe.seed, recipe.partition.options);
  const rowsOf = (seat: number, rank: number) =>
    own ? split.train : (parts[dealt === null ? rank : seat] ?? assets.rows(seat, over));
  return { seats: held, parts: held.map(rowsOf), own };
}

/** The seats of this view; of private data those of the peer `self`. */
export function holdingsReport(assets: Assets, view: View, self: string): HoldingsReport {
  const { recipe, labels, classes } = assets;
  const { seats: held, parts, own } = partsHeld(assets, view, self);
  const { dealt } = view.run;
  const { tokens } = assets.shape;
  // Text has no classes to count: one bin for all.
  const names = tokens === true ? ['text'] : classes === 0 ? [] : classNames(classes, recipe.dataset.options);
  const { bins, counts, heterogeneity } = holdingsOf(parts, labels, names);
  const seats = held.map((seat, at) => ({ seat, counts: counts[at] ?? [] }));
  return { bins, ranges: names.length === 0, seats, heterogeneity, dealt: dealt !== null, private: own };
}

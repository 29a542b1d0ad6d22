/**
 * Quantity skew: everybody holds the same mix, but in amounts drawn from Dir(α, …, α) over the seats
 * (Li, Diao, Chen, He, arXiv:2102.02079, section 4.3). Rows are shuffled, so labels play no part; every
 * seat gets at least one row while there are enough.
 */
import { numberOption } from '../base/options.ts';
import { PURPOSE, randomStream } from '../math/random.ts';
import type { PartitionEntry } from './dataset.ts';
import { dirichletDraw } from './dirichlet.ts';

export const quantity: PartitionEntry = {
  id: 'quantity',
  label: 'in unequal amounts',
  description:
    'Rows are shuffled and dealt in random amounts: some get many more than others, the more so the smaller α is.',
  options: {
    alpha: {
      kind: 'number',
      label: 'α',
      help: 'Concentration of the Dirichlet distribution of the amounts: 0.5 is severe, 100 nearly even.',
      default: 1,
      min: 0.01,
      max: 1000,
    },
  },
  deal(rows, _labels, seats, seed, options) {
    const stream = randomStream(seed, PURPOSE.partition, 0, 0);
    const order = stream.shuffle(rows.slice());
    const sizes = sizesOf(dirichletDraw(stream, numberOption(options, 'alpha'), seats), rows.length);
    let start = 0;
    return sizes.map((size) => {
      start += size;
      return order.slice(start - size, start);
    });
  },
};

/** Whole numbers that add up to `total`, as near to the proportions as may be, each at least 1 if it can. */
function sizesOf(proportions: Float64Array, total: number): number[] {
  const least = total >= proportions.length ? 1 : 0;
  const spare = total - least * proportions.length;
  let share = 0;
  let given = 0;
  return Array.from(proportions, (proportion, seat) => {
    share += proportion;
    const last = seat === proportions.length - 1;
    const end = last ? spare : Math.min(spare, Math.floor(share * spare));
    const size = Math.max(0, end - given);
    given += size;
    return least + size;
  });
}

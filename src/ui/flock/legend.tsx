/** What colour, place, width and motion mean in the picture of the flock. */

import { useSnapshot } from '../context.ts';
import { tick } from '../format.ts';
import { words } from '../words.ts';
import { LOSS_SCALE } from './geometry.ts';

export function Legend({ pulses }: { readonly pulses: boolean }) {
  const of = useSnapshot((snapshot) => snapshot?.model.of);
  return (
    <ul className="legend">
      <li>
        {words.flock.loss} <span className="number">{tick(LOSS_SCALE.high)}</span>
        <span className="scale" aria-hidden="true" />
        <span className="number">{tick(LOSS_SCALE.low)}</span>
      </li>
      {of !== 'server' && <li>{words.flock.agreement}</li>}
      <li>{words.flock.width}</li>
      {pulses && <li>{words.flock.pulse}</li>}
    </ul>
  );
}

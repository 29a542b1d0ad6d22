/**
 * What stands instead of the page when the page as a whole cannot be shown: what happened, that the
 * training goes on, and how to take the model along. It uses as little of the page as it can.
 */
import { Boundary } from './boundary.tsx';
import { Rescue } from './rescue.tsx';
import { StatusLine } from './status-line.tsx';
import { words } from './words.ts';

export function PageBroken({ reason, again }: { readonly reason: string; again(): void }) {
  return (
    <main className="page-broken">
      <h1>{words.title}</h1>
      <div className="broken" role="alert">
        <p>
          <b>{reason}</b> {words.broken.worksBelow} {words.broken.todo}
        </p>
        <div className="broken-ends">
          <button type="button" className="primary" onClick={again}>
            {words.broken.again}
          </button>
          <Rescue />
        </div>
      </div>
      <Boundary name={words.broken.parts.page} instead={() => null}>
        <StatusLine />
      </Boundary>
    </main>
  );
}

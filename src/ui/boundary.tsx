/**
 * Where a part of the page that cannot be shown stops: it says so in its own place, offers to try again,
 * and whatever else is on the page, and the training in its own thread, goes on.
 */
import { Component, type ReactNode } from 'react';
import { LateError } from '../base/late.ts';
import { Rescue } from './rescue.tsx';
import { words } from './words.ts';

interface BoundaryProps {
  /** What stands here, as the person knows it; it begins a sentence. */
  readonly name: string;
  /** Its place in the page's grid, where it has one. */
  readonly area?: string;
  /** Shows what went wrong instead of this boundary's own notice. */
  readonly instead?: (reason: string, again: () => void) => ReactNode;
  readonly children: ReactNode;
}

export class Boundary extends Component<BoundaryProps, { readonly error: unknown }> {
  override readonly state: { readonly error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown): { readonly error: unknown } {
    return { error: error ?? new Error('unknown') };
  }

  readonly #again = (): void => this.setState({ error: null });

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    const { name, area, instead } = this.props;
    const reason = reasonOf(name, error);
    if (instead !== undefined) return instead(reason, this.#again);
    return <Broken reason={reason} late={error instanceof LateError} area={area} again={this.#again} />;
  }
}

function reasonOf(name: string, error: unknown): string {
  if (error instanceof LateError) return error.message;
  return words.broken.shown(name, error instanceof Error ? error.message : String(error));
}

interface BrokenProps {
  readonly reason: string;
  /** It did not come, rather than fail. */
  readonly late: boolean;
  readonly area: string | undefined;
  again(): void;
}

function Broken({ reason, late, area, again }: BrokenProps) {
  return (
    <div className="broken" role="alert" style={{ gridArea: area }}>
      <p>
        <b>{reason}</b> {words.broken.works} {late ? words.broken.lateTodo : words.broken.todo}
      </p>
      <div className="broken-ends">
        <button type="button" onClick={again}>
          {words.broken.again}
        </button>
        <Rescue />
      </div>
    </div>
  );
}

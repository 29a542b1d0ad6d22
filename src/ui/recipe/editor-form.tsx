/** The frame of every editor: its fields, a word on what applying means, and the button that does. */
import type { ReactNode } from 'react';
import { words } from '../words.ts';
import { AsControl } from './as-control.tsx';

interface Props {
  readonly ready: boolean;
  readonly message: string | null;
  readonly children: ReactNode;
  /** Where only the mathematics is against what stands here: applies it as a negative control. */
  readonly onControl?: (() => void) | undefined;
  onSubmit(): void;
}

export function EditorForm({ ready, message, children, onControl, onSubmit }: Props) {
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {children}
      <div className="editor-end">
        <button type="submit" className="primary" disabled={!ready}>
          {words.editor.apply}
        </button>
        {onControl !== undefined && <AsControl onPress={onControl} />}
        <output className={onControl === undefined ? 'help' : 'help below'}>
          {message ?? words.editor.unchanged}
        </output>
      </div>
    </form>
  );
}

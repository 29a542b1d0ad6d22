/** The frame of every editor: its fields, a word on what applying means, and the button that does. */
import type { ReactNode } from 'react';
import { words } from '../words.ts';

interface Props {
  readonly ready: boolean;
  readonly message: string | null;
  readonly children: ReactNode;
  onSubmit(): void;
}

export function EditorForm({ ready, message, children, onSubmit }: Props) {
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
        <output className="help">{message ?? words.editor.unchanged}</output>
      </div>
    </form>
  );
}

/** The button beside a refusal that mathematics alone stands behind: the recipe as a negative control. */
import { words } from '../words.ts';

export function AsControl({ onPress }: { onPress(): void }) {
  return (
    <button type="button" title={words.editor.asControlHelp} onClick={onPress}>
      {words.editor.asControl}
    </button>
  );
}

/**
 * The recipe as a sentence whose bold words are controls: each opens its editor where it stands.
 * One editor is open at a time; Escape or a press elsewhere closes it and focus returns to its word.
 */
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { Recipe } from '../../recipe/recipe.ts';
import type { ScalarName } from '../../recipe/schema.ts';
import { useRecipe, useSnapshot, useStage } from '../context.ts';
import { type Part, phraseOf, sentenceOf, type Target } from '../sentence.ts';
import { words } from '../words.ts';
import { WorkerCount } from '../worker-count.tsx';
import { AsControl } from './as-control.tsx';
import { FamilyEditor } from './family-editor.tsx';
import { ScalarsEditor } from './scalars-editor.tsx';

interface Open {
  readonly target: Target;
  readonly anchor: HTMLElement;
}

const MORE: readonly ScalarName[] = ['clip', 'init', 'rounds', 'evalEvery', 'seats'];

/** Families that the sentence leaves out while they are at their defaults. */
const MORE_FAMILIES = ['optimizer', 'schedule'] as const;

function nameOf(target: Target): string {
  if (target === 'workers') return words.editor.workersTitle;
  if (target === 'more') return words.editor.moreTitle;
  if ('family' in target) return words.family[target.family];
  return target.scalar === 'lr' ? 'learning rate' : target.scalar;
}

function Editor({
  target,
  recipe,
  onApply,
  onOpen,
}: {
  readonly target: Target;
  readonly recipe: Recipe;
  onApply(recipe: Recipe): void;
  /** Opens another editor in the place of this one. */
  onOpen(target: Target): void;
}) {
  const { catalogue } = useStage();
  if (target === 'workers') {
    return (
      <>
        <div className="field">
          <span>{words.editor.workersHere}</span>
          <WorkerCount />
          <p className="help">{words.editor.workersHereHelp}</p>
        </div>
        <ScalarsEditor names={['seats']} recipe={recipe} onApply={onApply} />
      </>
    );
  }
  if (target === 'more') {
    return (
      <>
        {MORE_FAMILIES.map((family) => (
          <div className="field" key={family}>
            <span>{words.family[family]}</span>
            <button type="button" className="word" onClick={() => onOpen({ family })}>
              {phraseOf(family, recipe, catalogue).bold}
            </button>
          </div>
        ))}
        <ScalarsEditor names={MORE} recipe={recipe} onApply={onApply} />
      </>
    );
  }
  if ('family' in target) return <FamilyEditor family={target.family} recipe={recipe} onApply={onApply} />;
  return <ScalarsEditor names={[target.scalar]} recipe={recipe} onApply={onApply} />;
}

/** Words are buttons, after which a line may break: a comma or full stop stays with the word it follows. */
function withPunctuation(parts: readonly Part[]): readonly (Part & { readonly punctuation: string })[] {
  const after = parts.map(({ target }, at) =>
    target === undefined ? '' : (/^[,.]/.exec(parts[at + 1]?.text ?? '')?.[0] ?? ''),
  );
  return parts.map((part, at) => ({
    ...part,
    text: part.text.slice(after[at - 1]?.length ?? 0),
    punctuation: after[at] ?? '',
  }));
}

/** Places the editor under its word, inside the sentence's width. */
function place(editor: HTMLElement, anchor: HTMLElement): void {
  const frame = editor.offsetParent?.getBoundingClientRect();
  if (frame === undefined) return;
  const word = anchor.getBoundingClientRect();
  const most = Math.max(0, frame.width - editor.offsetWidth);
  editor.style.left = `${Math.min(most, Math.max(0, word.left - frame.left))}px`;
  editor.style.top = `${word.bottom - frame.top + 8}px`;
}

export function RecipeSentence() {
  const { lab, catalogue } = useStage();
  const recipe = useRecipe();
  const workers = useSnapshot(
    (snapshot) => snapshot?.workers.filter((worker) => worker.health !== 'gone').length ?? 0,
  );
  const refused = useSnapshot((snapshot) => snapshot?.refusal ?? null);
  const control =
    refused === null || workers === 0 || catalogue.refusal(recipe, workers)?.kind !== 'unsound'
      ? null
      : catalogue.asControl(recipe, workers);
  const [open, setOpen] = useState<Open | null>(null);
  const editor = useRef<HTMLDialogElement>(null);

  const apply = (next: Recipe) =>
    lab.send({ kind: 'command', command: { kind: 'recipe', recipe: JSON.stringify(next) } });

  const close = useCallback(() => {
    setOpen((current) => {
      current?.anchor.focus();
      return null;
    });
  }, []);

  useLayoutEffect(() => {
    if (open === null || editor.current === null) return;
    place(editor.current, open.anchor);
    editor.current.querySelector<HTMLElement>('input:checked, input:not(:disabled), select')?.focus();
  }, [open]);

  useEffect(() => {
    if (open === null) return;
    const pressed = (event: PointerEvent) => {
      const target = event.target;
      if (!(target instanceof Node)) return;
      if (editor.current?.contains(target) || open.anchor.contains(target)) return;
      setOpen(null);
    };
    const key = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      close();
    };
    document.addEventListener('pointerdown', pressed);
    document.addEventListener('keydown', key, true);
    return () => {
      document.removeEventListener('pointerdown', pressed);
      document.removeEventListener('keydown', key, true);
    };
  }, [open, close]);

  const word = (text: string, target: Target) => {
    const key = JSON.stringify(target);
    const expanded = open !== null && JSON.stringify(open.target) === key;
    return (
      <button
        key={key}
        type="button"
        className={target === 'more' ? 'word quiet' : 'word'}
        aria-haspopup="dialog"
        aria-expanded={expanded}
        title={nameOf(target)}
        onClick={(event) => setOpen(expanded ? null : { target, anchor: event.currentTarget })}
      >
        {text}
      </button>
    );
  };

  return (
    <section className="recipe" aria-label={words.sentence.label}>
      <p className="sentence">
        {withPunctuation(sentenceOf(recipe, workers, catalogue)).map(({ text, target, punctuation }) =>
          target === undefined ? (
            text
          ) : (
            <span key={JSON.stringify(target)} className="with-punctuation">
              {word(text, target)}
              {punctuation}
            </span>
          ),
        )}{' '}
        {word(words.sentence.more, 'more')}
      </p>
      {refused !== null && (
        <div className="refusal">
          <p>{refused}</p>
          {control !== null && <AsControl onPress={() => apply(control)} />}
        </div>
      )}
      {open !== null && (
        <dialog open ref={editor} className="editor" aria-label={nameOf(open.target)}>
          <button type="button" className="icon close" aria-label={words.editor.close} onClick={close}>
            ×
          </button>
          <Editor
            key={JSON.stringify(open.target)}
            target={open.target}
            recipe={recipe}
            onOpen={(target) => setOpen({ target, anchor: open.anchor })}
            onApply={(next) => {
              apply(next);
              close();
            }}
          />
        </dialog>
      )}
    </section>
  );
}

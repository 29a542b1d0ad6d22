/** What happened, what still works, what to do: one block for each notice, put away with a press. */
import { useStore } from 'zustand';
import type { Notice } from '../session/snapshot.ts';
import { useSnapshot, useStage, useView } from './context.ts';
import { words } from './words.ts';

const NONE: readonly Notice[] = [];
const SIGNS: Readonly<Record<Notice['level'], string>> = { info: 'i', warning: '!', error: '×' };

const APART = { target: '_blank', rel: 'noopener' } as const;

const keyOf = (notice: Notice) => `${notice.id}: ${notice.what}`;

export function Notices() {
  const { lab, view } = useStage();
  const own = useStore(lab.store, (state) => state.notices);
  const told = useSnapshot((snapshot) => snapshot?.notices ?? NONE);
  const dismissed = useView((state) => state.dismissed);
  const shown = [...own, ...told].filter((notice) => !dismissed.includes(keyOf(notice)));
  return (
    <section className="notices" aria-label={words.notices.label} aria-live="polite">
      {shown.map((notice) => (
        <div key={notice.id} className={`notice ${notice.level}`}>
          <span className="sign" aria-hidden="true">
            {SIGNS[notice.level]}
          </span>
          <p>
            <span className="unseen">{words.notices.levels[notice.level]}: </span>
            <b>{notice.what}</b> {notice.works} {notice.todo}{' '}
            {notice.link !== undefined && (
              <a href={notice.link.href} {...(notice.link.apart ? APART : {})}>
                {notice.link.text}
              </a>
            )}
          </p>
          <button
            type="button"
            className="icon"
            aria-label={words.notices.dismiss}
            onClick={() =>
              view.setState((state) => ({ dismissed: [...state.dismissed.slice(-49), keyOf(notice)] }))
            }
          >
            ×
          </button>
        </div>
      ))}
    </section>
  );
}

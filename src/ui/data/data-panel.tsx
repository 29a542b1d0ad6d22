/**
 * What is in the dialog of a person's own data: ways to bring it, what it turned out to be, what is kept,
 * and who holds what.
 */
import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { useStore } from 'zustand';
import type { FilesState } from '../../session/file-state.ts';
import { useStage } from '../context.ts';
import { bytes, grouped } from '../format.ts';
import { words } from '../words.ts';
import { keep } from './data-door.tsx';
import { pickedFiles } from './dropped.ts';
import { Holdings } from './holdings.tsx';
import { RecognisedCard } from './recognised-card.tsx';

function Picker({ folder, children }: { readonly folder: boolean; readonly children: ReactNode }) {
  const { lab } = useStage();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" className={folder ? undefined : 'primary'} onClick={() => input.current?.click()}>
        {children}
      </button>
      <input
        ref={(element) => {
          input.current = element;
          // React knows no such attribute; every browser does.
          if (folder) element?.setAttribute('webkitdirectory', '');
        }}
        type="file"
        hidden
        multiple
        onChange={(event) => {
          keep(lab, pickedFiles(event.target.files));
          event.target.value = '';
        }}
      />
    </>
  );
}

function UrlForm({ busy }: { readonly busy: boolean }) {
  const { lab } = useStage();
  const [url, setUrl] = useState('');
  const id = useId();
  return (
    <form
      className="data-url"
      onSubmit={(event) => {
        event.preventDefault();
        lab.send({ kind: 'files', ask: { do: 'fetch', url: url.trim() } });
      }}
    >
      <label htmlFor={id}>{words.data.url}</label>
      <input
        id={id}
        type="url"
        inputMode="url"
        placeholder={words.data.urlPlaceholder}
        value={url}
        onChange={(event) => setUrl(event.target.value)}
      />
      <button type="submit" disabled={url.trim() === '' || busy}>
        {words.data.fetch}
      </button>
    </form>
  );
}

function Work({ work }: { readonly work: NonNullable<FilesState['work']> }) {
  const { step, name, done, total } = work;
  const known = total !== null && total > 0;
  const far =
    step === 'reading'
      ? done > 0
        ? words.data.pictures(grouped(done))
        : ''
      : known
        ? words.data.of(bytes(done), bytes(total))
        : bytes(done);
  return (
    <p className="data-work">
      {words.data.working[step](name)}
      <progress aria-label={words.data.working[step](name)} {...(known ? { value: done, max: total } : {})} />
      <span className="number">{far}</span>
    </p>
  );
}

function Kept({ state }: { readonly state: FilesState }) {
  const { lab } = useStage();
  const { files, room, work } = state;
  const heading = useRef<HTMLHeadingElement>(null);
  if (files === null) return null;
  return (
    <section>
      <h3 ref={heading} tabIndex={-1}>
        {words.data.kept}
      </h3>
      {files.length === 0 && <p className="help">{words.data.none}</p>}
      {files.length > 0 && (
        <ul className="data-files">
          {files.map((file) => (
            <li key={file.name}>
              <span className="data-name">{file.name}</span>
              <span className="number help">
                {bytes(file.bytes)}
                {file.files > 1 && `, ${words.data.files(file.files)}`}
              </span>
              <button
                type="button"
                aria-label={words.data.lookAt(file.name)}
                disabled={work !== null}
                onClick={() => lab.send({ kind: 'files', ask: { do: 'recognise', name: file.name } })}
              >
                {words.data.look}
              </button>
              <button
                type="button"
                aria-label={words.data.forgetIt(file.name)}
                disabled={work !== null}
                onClick={() => {
                  lab.send({ kind: 'files', ask: { do: 'forget', name: file.name } });
                  // The button goes; who pressed it by keyboard stays near.
                  heading.current?.focus();
                }}
              >
                {words.data.forget}
              </button>
            </li>
          ))}
        </ul>
      )}
      {room !== null && files.length > 0 && (
        <p className="help number">{words.data.room(bytes(room.used), bytes(room.most))}</p>
      )}
    </section>
  );
}

export default function DataPanel({ close }: { close(): void }) {
  const { lab } = useStage();
  const state = useStore(lab.store, ({ files }) => files);
  useEffect(() => lab.send({ kind: 'files', ask: { do: 'list' } }), [lab]);
  const work = state?.work ?? null;
  return (
    <>
      <section className="data-bring">
        <p>{words.data.dropHere}</p>
        <p className="help">{words.data.promise}</p>
        <div className="data-ways">
          <Picker folder={false}>{words.data.pick}</Picker>
          <Picker folder={true}>{words.data.pickFolder}</Picker>
          <UrlForm busy={work !== null} />
        </div>
      </section>
      <div aria-live="polite">
        {work !== null && <Work work={work} />}
        {state?.problem != null && (
          <p className="data-problem" role="alert">
            {state.problem}
          </p>
        )}
      </div>
      {state?.recognised != null && (
        <RecognisedCard
          key={state.recognised.name}
          recognised={state.recognised}
          own={state.own}
          busy={work !== null}
          onUsed={close}
        />
      )}
      {state !== null && <Kept state={state} />}
      <Holdings />
    </>
  );
}

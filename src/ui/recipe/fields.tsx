/** Form fields made from an option schema: one labelled input for each option, with its help and error. */
import { useId } from 'react';
import type { OptionSchema, OptionSpec } from '../../base/options.ts';
import { words } from '../words.ts';
import type { DraftValues } from './draft.ts';

/** The keyboard that a phone shows. */
function inputModeOf(spec: OptionSpec): 'text' | 'numeric' | 'decimal' {
  if (spec.kind !== 'number' || spec.zero !== undefined) return 'text';
  return spec.integer ? 'numeric' : 'decimal';
}

interface FieldProps {
  readonly spec: OptionSpec;
  readonly value: string;
  readonly error: string | undefined;
  onChange(value: string): void;
}

function Control({
  spec,
  value,
  id,
  described,
  invalid,
  onChange,
}: Omit<FieldProps, 'error'> & {
  readonly id: string;
  readonly described: string;
  readonly invalid: boolean;
}) {
  const shared = { id, value, 'aria-describedby': described, 'aria-invalid': invalid };
  if (spec.kind === 'choice' || spec.kind === 'boolean') {
    const choices =
      spec.kind === 'choice'
        ? spec.choices.map((choice) => [choice, choice] as const)
        : ([
            ['true', words.editor.yes],
            ['false', words.editor.no],
          ] as const);
    return (
      <select {...shared} onChange={(event) => onChange(event.target.value)}>
        {choices.map(([choice, label]) => (
          <option key={choice} value={choice}>
            {label}
          </option>
        ))}
      </select>
    );
  }
  return (
    <input
      {...shared}
      type="text"
      inputMode={inputModeOf(spec)}
      autoComplete="off"
      spellCheck={false}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

function Field({ spec, value, error, onChange }: FieldProps) {
  const id = useId();
  const described = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{spec.label}</label>
      <Control
        spec={spec}
        value={value}
        id={id}
        described={described}
        invalid={error !== undefined}
        onChange={onChange}
      />
      <p id={described} className={error === undefined ? 'help' : 'help wrong'}>
        {error ?? spec.help}
      </p>
    </div>
  );
}

interface FieldsProps {
  readonly schema: OptionSchema;
  readonly draft: DraftValues;
  readonly errors: Readonly<Record<string, string>>;
  onChange(draft: DraftValues): void;
}

export function Fields({ schema, draft, errors, onChange }: FieldsProps) {
  return Object.entries(schema).map(([name, spec]) => (
    <Field
      key={name}
      spec={spec}
      value={draft[name] ?? ''}
      error={errors[name]}
      onChange={(value) => onChange({ ...draft, [name]: value })}
    />
  ));
}

/** A model of text writes on from a prompt, a few characters at a time, while it learns. */
import { useEffect, useId, useRef, useState } from 'react';
import type { Whose } from '../../session/models-questions.ts';
import { useSnapshot, useStage } from '../context.ts';
import { words } from '../words.ts';
import { useMine, useNames } from './data.ts';

/** Characters asked for at a time at most, and in all. */
const AT_A_TIME = 16;
const MOST = 600;
/** An answer that takes longer, in ms, is asked for in smaller pieces: something should be seen to happen. */
const SLOW_MS = 300;

export function WhoseChoice(props: {
  readonly label: string;
  readonly value: Whose;
  readonly choose: (of: Whose) => void;
}) {
  const mine = useMine();
  const nameOf = useNames();
  const kind = useSnapshot((snapshot) => snapshot?.model.of) ?? 'average';
  const id = useId();
  return (
    <span className="counter">
      <label htmlFor={id}>{props.label}</label>
      <select
        id={id}
        value={String(props.value)}
        onChange={({ currentTarget: { value } }) =>
          props.choose(value === 'reported' ? value : Number(value))
        }
      >
        {mine.map((seat) => (
          <option key={seat} value={seat}>
            {words.model.mine(nameOf(seat))}
          </option>
        ))}
        <option value="reported">{words.model.reportedOf[kind]}</option>
      </select>
    </span>
  );
}

/** The chosen model: the first of this tab until another is chosen, or when that one is gone. */
export function useWhose(): readonly [Whose, (of: Whose) => void] {
  const mine = useMine();
  const [chosen, choose] = useState<Whose | null>(null);
  const valid = chosen === 'reported' || (chosen !== null && mine.includes(chosen));
  return [valid && chosen !== null ? chosen : (mine[0] ?? 'reported'), choose];
}

export function Write() {
  const { lab } = useStage();
  const [of, choose] = useWhose();
  const [prompt, setPrompt] = useState('');
  const [temperature, setTemperature] = useState(0.7);
  const [text, setText] = useState('');
  const [running, setRunning] = useState(false);
  const [why, setWhy] = useState<string | null>(null);
  const alive = useRef(false);
  const ids = [useId(), useId()] as const;
  const say = words.model.write;
  useEffect(
    () => () => {
      alive.current = false;
    },
    [],
  );

  const write = async () => {
    alive.current = true;
    setRunning(true);
    setWhy(null);
    let written = prompt;
    let count = 1;
    setText(written);
    try {
      while (alive.current && written.length < prompt.length + MOST) {
        const asked = performance.now();
        const answer = await lab.ask('write', { of, prompt: written, count, temperature });
        if (!alive.current) break;
        const slow = performance.now() - asked > SLOW_MS;
        count = slow ? Math.max(1, count >> 1) : Math.min(AT_A_TIME, 2 * count);
        written += answer.text;
        setText(written);
      }
    } catch (error) {
      setWhy(error instanceof Error ? error.message : String(error));
    }
    alive.current = false;
    setRunning(false);
  };
  return (
    <div className="write">
      <div className="write-tools">
        <label htmlFor={ids[0]}>{say.prompt}</label>
        <input
          id={ids[0]}
          value={prompt}
          maxLength={200}
          onChange={({ currentTarget: { value } }) => setPrompt(value)}
        />
        <WhoseChoice label={say.who} value={of} choose={choose} />
        <span className="counter">
          <label htmlFor={ids[1]} title={say.temperatureHelp}>
            {say.temperature}
          </label>
          <input
            id={ids[1]}
            type="number"
            min={0}
            max={2}
            step={0.1}
            value={temperature}
            onChange={({ currentTarget: { valueAsNumber } }) =>
              setTemperature(Number.isFinite(valueAsNumber) ? Math.max(0, Math.min(2, valueAsNumber)) : 0)
            }
          />
        </span>
        <button
          type="button"
          className="primary"
          onClick={() => {
            if (running) alive.current = false;
            else void write();
          }}
        >
          {running ? say.stop : say.write}
        </button>
      </div>
      <p className="help">{say.temperatureHelp}</p>
      <output className={running ? 'written writing' : 'written'} aria-label={say.text} aria-live="off">
        {text}
      </output>
      {why !== null && <p className="help wrong">{why}</p>}
    </div>
  );
}

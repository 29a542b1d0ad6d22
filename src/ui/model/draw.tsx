/**
 * Draw a digit (or drop a picture, or step through test examples), see what the model sees, and what every
 * worker makes of it while it learns.
 */
import { type DragEvent, type PointerEvent, useRef, useState } from 'react';
import type { DataShape } from '../../data/dataset.ts';
import { useRecipe, useStage } from '../context.ts';
import { grouped } from '../format.ts';
import { words } from '../words.ts';
import { classNames, useLatest, useNames } from './data.ts';
import { Picture } from './picture.tsx';
import { Predictions } from './predictions.tsx';
import { asTrained, fitted, type Ink, inked } from './preprocess.ts';

/** Pixels of the paper, and width of the pen on it: about what 28 × 28 digits have. */
const PAPER = 280;
const PEN = 22;
/** A picture from a file is read at this size at most. */
const MOST_PIXELS = 512;
/** Sets of writing: their pictures are centred by mass. */
const WRITING = new Set(['digits', 'idx']);

interface Shown {
  readonly features: Float32Array;
  readonly how: string;
  readonly example: { readonly index: number; readonly text: string } | null;
}

/** Grey values of a canvas, 0 to 1. */
function greyOf(context: CanvasRenderingContext2D): Ink {
  const { width, height } = context.canvas;
  const { data } = context.getImageData(0, 0, width, height);
  const pixels = Float32Array.from({ length: width * height }, (_, k) => {
    const [r = 0, g = 0, b = 0] = [data[4 * k], data[4 * k + 1], data[4 * k + 2]];
    return (0.299 * r + 0.587 * g + 0.114 * b) / 255;
  });
  return { width, height, pixels };
}

/** As many equal channels as the model wants. */
function channelled({ pixels }: Ink, channels: number): Float32Array {
  if (channels === 1) return pixels;
  return Float32Array.from(
    { length: pixels.length * channels },
    (_, k) => pixels[Math.floor(k / channels)] ?? 0,
  );
}

async function readPicture(file: File): Promise<Ink> {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, MOST_PIXELS / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('There is no canvas.');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return greyOf(context);
}

export function Draw({
  shape,
  image,
}: {
  readonly shape: DataShape;
  readonly image: NonNullable<DataShape['image']>;
}) {
  const { lab } = useStage();
  const recipe = useRecipe();
  const names = classNames(recipe, shape.classes);
  const nameOf = useNames();
  const paper = useRef<HTMLCanvasElement>(null);
  const pen = useRef<{ x: number; y: number } | null>(null);
  const [shown, setShown] = useState<Shown | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const counter = useRef(0);
  const frame = useRef(0);
  const [key, setKey] = useState(0);
  const say = words.model.draw;
  const writing = WRITING.has(recipe.dataset.id);

  const show = (next: Shown | null) => {
    counter.current += 1;
    setKey(counter.current);
    setProblem(null);
    setShown(next);
  };
  const { answer, why } = useLatest(
    `${key}`,
    shown === null ? null : () => lab.ask('predict', { features: shown.features }),
  );

  const context = () => paper.current?.getContext('2d', { willReadFrequently: true }) ?? null;
  const take = () => {
    const from = context();
    if (from === null) return;
    const seen = asTrained(greyOf(from), image.width, image.height);
    const how = say.centred(image.width, image.height);
    show({ features: channelled(seen, image.channels), how, example: null });
  };
  /** Once a frame: a pen moves more often than that. */
  const look = () => {
    if (frame.current !== 0) return;
    frame.current = requestAnimationFrame(() => {
      frame.current = 0;
      take();
    });
  };
  const at = (event: PointerEvent<HTMLCanvasElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const scale = PAPER / box.width;
    return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
  };
  const stroke = (event: PointerEvent<HTMLCanvasElement>) => {
    const to = context();
    const from = pen.current;
    if (to === null || from === null) return;
    const next = at(event);
    to.strokeStyle = '#fff';
    to.lineWidth = PEN;
    to.lineCap = 'round';
    to.beginPath();
    to.moveTo(from.x, from.y);
    to.lineTo(next.x, next.y);
    to.stroke();
    pen.current = next;
    look();
  };
  const wipe = () => {
    cancelAnimationFrame(frame.current);
    frame.current = 0;
    context()?.clearRect(0, 0, PAPER, PAPER);
    pen.current = null;
  };
  const read = async (file: File | undefined) => {
    if (file === undefined) return;
    try {
      const grey = inked(await readPicture(file));
      wipe();
      const seen = writing
        ? asTrained(grey, image.width, image.height)
        : fitted(grey, image.width, image.height);
      const how = (writing ? say.centred : say.fitted)(image.width, image.height);
      show({ features: channelled(seen, image.channels), how, example: null });
    } catch {
      setProblem(say.badFile(file.name));
    }
  };
  const example = async (step: number) => {
    const index = shown?.example == null ? 0 : shown.example.index + step;
    try {
      const row = await lab.ask('example', { index });
      wipe();
      const label = names[row.label] ?? '';
      const text = say.example(grouped(row.index + 1), grouped(row.count), label);
      show({ features: row.features, how: say.asIs, example: { index: row.index, text } });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };

  return (
    <div className="draw">
      <div className="draw-input">
        <canvas
          ref={paper}
          className="paper"
          width={PAPER}
          height={PAPER}
          role="img"
          aria-label={say.label}
          onDragOver={(event: DragEvent) => event.preventDefault()}
          onDrop={(event: DragEvent) => {
            event.preventDefault();
            void read(event.dataTransfer.files[0]);
          }}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            if (shown?.example != null) wipe();
            pen.current = at(event);
            stroke(event);
          }}
          onPointerMove={stroke}
          onPointerUp={() => {
            pen.current = null;
          }}
          onPointerCancel={() => {
            pen.current = null;
          }}
        />
        <div className="draw-tools">
          <button
            type="button"
            onClick={() => {
              wipe();
              show(null);
            }}
          >
            {say.clear}
          </button>
          <button
            type="button"
            aria-label={say.previous}
            title={say.previous}
            onClick={() => void example(-1)}
          >
            ←
          </button>
          <button type="button" aria-label={say.next} title={say.next} onClick={() => void example(1)}>
            →
          </button>
          <label className="file">
            {say.file}
            <input
              type="file"
              accept="image/*"
              onChange={(event) => {
                void read(event.currentTarget.files?.[0]);
                event.currentTarget.value = '';
              }}
            />
          </label>
        </div>
        <p className="help">{say.help}</p>
      </div>
      {shown !== null && (
        <figure className="seen">
          <Picture features={shown.features} image={image} label={say.seen} />
          <figcaption>
            <b>{say.seen}</b>
            <small>{shown.how}</small>
            {shown.example !== null && <small aria-live="polite">{shown.example.text}</small>}
          </figcaption>
        </figure>
      )}
      <div className="said-all">
        {shown === null ? (
          <p className="chart-empty">{say.empty}</p>
        ) : (
          answer !== null && <Predictions answer={answer} names={names} nameOf={nameOf} />
        )}
        {(problem ?? why) !== null && <p className="help wrong">{problem ?? why}</p>}
      </div>
    </div>
  );
}

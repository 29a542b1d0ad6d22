/**
 * The desk for questions about models: predictions, mistakes, files. One question at a time, on a copy of
 * the parameters as last committed, between the rounds of training; nothing here changes a run but an
 * import, which makes the room begin again.
 */
import { findEntry } from '../base/registry.ts';
import type { Vector } from '../compute/compute.ts';
import { classNames } from '../data/files-recognise.ts';
import { DATASETS } from '../data/index.ts';
import { alphabetOf } from '../data/text.ts';
import { ONNX } from '../models/late-parts.ts';
import { decodeModel, encodeModel, ModelFileError } from '../models/model-file.ts';
import { SafetensorsError } from '../models/safetensors.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { sameRun } from '../recipe/schema.ts';
import type { Assets } from './assets.ts';
import type { FlockWorker } from './flock-worker.ts';
import { partsHeld } from './holdings.ts';
import { confusionOf } from './models-confusion.ts';
import { gradientDifference } from './models-gradients.ts';
import {
  type AnswerOn,
  NoAnswerError,
  type Prediction,
  type QuestionOn,
  type Topic,
  type Whose,
} from './models-questions.ts';
import { ReportedModel, type ReportedSources } from './models-reported.ts';
import type { Starts } from './models-start.ts';
import {
  decodeState,
  encodeState,
  type SavedRuns,
  SavedStateError,
  type SavedWorker,
} from './saved-state.ts';

/** Questions that may wait. */
const MAX_WAITING = 8;
/** Rows of one `predict`, and test rows of one `confusion`. */
const MAX_ROWS = 4096;
const MAX_SCORED = 10_000;
const MAX_MISTAKES = 64;
const MAX_WRITTEN = 256;
/** A model file: no model of this lab is near it. */
const MAX_FILE_BYTES = 268_435_456;

export interface DeskSources extends ReportedSources {
  readonly starts: Starts;
  readonly saved: SavedRuns;
  readonly lab: string;
  recipe(): Recipe;
  assets(): Assets | null;
  random(): number;
  /** A worker as it is between two rounds; null while rounds go on, or before the first view. */
  save(worker: FlockWorker): Promise<SavedWorker | null>;
  /** All begin again, from these parameters. */
  restart(hash: string): void;
}

type Handlers = { readonly [About in Topic]: (question: QuestionOn<About>) => Promise<AnswerOn<About>> };

export class ModelsDesk {
  readonly #sources: DeskSources;
  readonly #reported: ReportedModel;
  readonly #handlers: Handlers = {
    predict: (question) => this.#predict(question),
    example: async ({ index }) => this.#example(index),
    examples: async ({ most }) => this.#examples(most),
    confusion: (question) => this.#confusion(question),
    export: (question) => this.#export(question),
    import: async (question) => this.#import(question),
    state: ({ most }) => this.#state(most),
    resume: async (question) => this.#resume(question),
    difference: () => this.#difference(),
    write: (question) => this.#write(question),
  };
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();
  #copy: { readonly assets: Assets; readonly x: Vector } | null = null;

  constructor(sources: DeskSources) {
    this.#sources = sources;
    this.#reported = new ReportedModel(sources);
  }

  /** @throws {NoAnswerError} with the reason; other errors when the device or recipe changes meanwhile. */
  async ask<About extends Topic>(about: About, question: QuestionOn<About>): Promise<AnswerOn<About>> {
    if (this.#waiting >= MAX_WAITING) throw new NoAnswerError('Too many questions at once; ask again.');
    this.#waiting += 1;
    const before = this.#last;
    const answer = before.then(() => this.#handlers[about](question));
    this.#last = answer.catch(() => undefined);
    try {
      return await answer;
    } finally {
      this.#waiting -= 1;
    }
  }

  #assets(): Assets {
    const assets = this.#sources.assets();
    if (assets === null || !sameRun(assets.recipe, this.#sources.recipe())) {
      throw new NoAnswerError('The model is not there yet.');
    }
    return assets;
  }

  /** A copy of one model, which the rounds that go on leave alone. */
  async #take(of: Whose, assets: Assets, fresh = false): Promise<{ x: Vector; round: number }> {
    if (this.#copy?.assets !== assets) {
      const old = this.#copy;
      this.#copy = { assets, x: assets.compute.vector(assets.layout.length) };
      // A device that was lost took its vectors with it.
      if (old?.assets.compute === assets.compute) assets.compute.free(old.x);
    }
    const { x } = this.#copy;
    if (of === 'reported') {
      const round = await this.#reported.into(x, assets, fresh);
      if (typeof round === 'string') throw new NoAnswerError(round);
      return { x, round };
    }
    const worker = this.#sources.workers().find(({ holder }) => holder?.seat === of);
    const held = worker?.parameters;
    if (worker === undefined || held === undefined || held === null || !worker.equipped(assets)) {
      throw new NoAnswerError('This tab has no worker on that seat with a model yet.');
    }
    assets.compute.linear(x, [[1, held]]);
    return { x, round: worker.round };
  }

  async #predict({ features, of }: QuestionOn<'predict'>): Promise<AnswerOn<'predict'>> {
    const assets = this.#assets();
    const { width, classes } = shapeOf(assets);
    const { program } = assets;
    if (program.predict === undefined) throw new NoAnswerError('This model writes text; it sorts nothing.');
    const rows = features.length / width;
    if (!Number.isInteger(rows) || rows < 1 || rows > MAX_ROWS) {
      throw new NoAnswerError(`A question has 1 to ${MAX_ROWS} rows of ${width} numbers each.`);
    }
    const wanted = of ?? [...this.#seats(), 'reported' as const];
    const predictions: Prediction[] = [];
    let noReported: string | null = null;
    for (const each of wanted) {
      try {
        const { x, round } = await this.#take(each, assets);
        predictions.push({ of: each, round, outputs: await program.predict(x, { features }) });
      } catch (error) {
        if (!(error instanceof NoAnswerError) || each !== 'reported') throw error;
        noReported = error.message;
      }
    }
    return { outputs: Math.max(1, classes), classifies: classes > 0, predictions, noReported };
  }

  #example(index: number): AnswerOn<'example'> {
    const assets = this.#assets();
    const count = assets.scored.length;
    const at = ((Math.trunc(index) % count) + count) % count;
    return { index: at, count, ...assets.row(assets.scored[at] ?? 0) };
  }

  #examples(most: number): AnswerOn<'examples'> {
    const assets = this.#assets();
    const count = Math.max(0, Math.min(Math.trunc(most), MAX_ROWS, assets.scored.length));
    const rows = Array.from(assets.scored.subarray(0, count), (row) => assets.row(row));
    const { width } = shapeOf(assets);
    const features = new Float32Array(count * width);
    rows.forEach((row, at) => {
      features.set(row.features, at * width);
    });
    return { features, labels: Float32Array.from(rows, ({ label }) => label) };
  }

  async #confusion({ of, mistakes }: QuestionOn<'confusion'>): Promise<AnswerOn<'confusion'>> {
    const assets = this.#assets();
    const { classes, tokens } = shapeOf(assets);
    const { program } = assets;
    if (program.predict === undefined || classes === 0 || tokens === true) {
      throw new NoAnswerError('Only a model that tells classes apart can take one for another.');
    }
    const { x, round } = await this.#take(of, assets, true);
    const rows = assets.scored.subarray(0, MAX_SCORED);
    const probabilities = await program.predict(x, { data: assets.data, rows });
    const labels = Array.from(rows, (row) => assets.row(row, false).label);
    const { counts, wrong } = confusionOf(probabilities, classes, labels, Math.min(mistakes, MAX_MISTAKES));
    return {
      of,
      round,
      rows: rows.length,
      available: assets.scored.length,
      classes,
      counts,
      mistakes: wrong.map(({ at, predicted, confidence, truthProbability }) => ({
        index: at,
        predicted,
        confidence,
        truth: truthProbability,
        ...assets.row(rows[at] ?? 0),
      })),
    };
  }

  async #export({ of, as }: QuestionOn<'export'>): Promise<AnswerOn<'export'>> {
    const assets = this.#assets();
    const { x, round } = await this.#take(of, assets, true);
    const parameters = await assets.compute.read(x);
    const recipe = this.#sources.recipe();
    const { tensors } = assets.layout;
    const metadata = {
      lab: this.#sources.lab,
      recipe: JSON.stringify(recipe),
      model: JSON.stringify(recipe.model),
      layout: JSON.stringify(tensors.map(({ name, shape }) => [name, shape])),
      seed: String(recipe.seed),
      seat: String(of),
      round: String(round),
    };
    if (as !== 'onnx') return { round, bytes: encodeModel(assets.layout, parameters, metadata) };
    const { encodeOnnx, refusesOnnx } = await ONNX.load();
    const refusal = refusesOnnx(recipe.model.id);
    if (refusal !== null) throw new NoAnswerError(refusal);
    const { layout, preparation, shape: data } = assets;
    const classes = JSON.stringify(classNames(data.classes, recipe.dataset.options));
    const source = { model: recipe.model, layout, parameters, data, preparation };
    return { round, bytes: encodeOnnx({ ...source, metadata: { ...metadata, classes } }) };
  }

  #import({ bytes }: QuestionOn<'import'>): AnswerOn<'import'> {
    const assets = this.#assets();
    if (bytes.length > MAX_FILE_BYTES) {
      throw new NoAnswerError(`The file has ${bytes.length} bytes; at most ${MAX_FILE_BYTES} are read.`);
    }
    try {
      const { parameters, metadata } = decodeModel(bytes, assets.layout);
      this.#sources.restart(this.#sources.starts.hold(parameters));
      return { metadata };
    } catch (error) {
      if (error instanceof SafetensorsError) {
        throw new NoAnswerError(`This is not a safetensors file of 32-bit numbers: ${error.message}`);
      }
      if (error instanceof ModelFileError) throw new NoAnswerError(error.message);
      throw error;
    }
  }

  async #state(most: number): Promise<AnswerOn<'state'>> {
    this.#assets();
    const workers = this.#sources.workers().filter(({ holder }) => holder !== null);
    const bytes = workers.reduce((sum, { stateBytes }) => sum + stateBytes, 0);
    if (bytes > most) return { bytes, states: null };
    const states: { seat: number; file: Uint8Array<ArrayBuffer> }[] = [];
    for (const worker of workers) {
      const saved = await this.#sources.save(worker);
      if (saved === null) throw new NoAnswerError('A state is taken between two rounds: pause first.');
      states.push({ seat: saved.seat, file: encodeState(saved) });
    }
    return { bytes, states };
  }

  #resume({ id, files }: QuestionOn<'resume'>): AnswerOn<'resume'> {
    const { layout } = this.#assets();
    try {
      const workers = files.map((file) => decodeState(file, layout));
      this.#sources.saved.hold(id, workers);
      return { seats: workers.map(({ seat }) => seat) };
    } catch (error) {
      throw error instanceof SavedStateError ? new NoAnswerError(error.message) : error;
    }
  }

  async #difference(): Promise<AnswerOn<'difference'>> {
    const assets = this.#assets();
    const view = this.#sources.view();
    if (view === null) throw new NoAnswerError('There is no flock yet.');
    // Nobody's own rows are looked at here: without others' data there is nothing to compare.
    const { parts, own } = partsHeld(assets, view, '');
    if (own) throw new NoAnswerError('Of private data nobody knows the others’ gradients.');
    const { model } = view.run;
    const start = model === undefined ? assets.initial : this.#sources.starts.of(model);
    if (start === null) throw new NoAnswerError('The model that this run began from is not here any more.');
    return gradientDifference(assets, parts, start, this.#sources.clock);
  }

  async #write({ of, prompt, count, temperature }: QuestionOn<'write'>): Promise<AnswerOn<'write'>> {
    const assets = this.#assets();
    const { program } = assets;
    if (program.sample === undefined) throw new NoAnswerError('Only a model of text can write.');
    const alphabet = alphabetOf(assets.recipe.dataset.options);
    // A line end begins a text as well as anything.
    const tokens = alphabet.encode(prompt === '' ? '\n' : prompt);
    const { x, round } = await this.#take(of, assets);
    const length = Math.max(1, Math.min(MAX_WRITTEN, Math.trunc(count)));
    const random = () => this.#sources.random();
    const written = await program.sample(x, tokens, length, temperature, random);
    return { round, text: alphabet.decode(written) };
  }

  #seats(): number[] {
    return this.#sources.workers().flatMap(({ holder }) => (holder === null ? [] : [holder.seat]));
  }
}

function shapeOf({ recipe }: Assets) {
  return findEntry('dataset', DATASETS, recipe.dataset.id).shape(recipe.dataset.options);
}

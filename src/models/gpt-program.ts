/**
 * A GPT at work: token windows -> embeddings -> blocks -> norm -> head -> softmax cross-entropy over every
 * place, and back; and what it writes, one token after another.
 *
 * Forward and backward are recorded without waiting, so they join the update in one submit, and one set of
 * activations serves all workers of a tab. Loss and accuracy are means over predicted tokens.
 */
import type { Compute, DeviceDataset, Slice, Vector, Words } from '../compute/compute.ts';
import { type Extent, GptBlock, type GptSite } from './gpt-block.ts';
import { type GptSizes, gptSizes } from './gpt-layout.ts';
import { chooseToken } from './gpt-sampling.ts';
import { type Run, runOf, tensorOf } from './layout.ts';
import type { Layout, Score, Stage } from './model.ts';
import { StagedProgram } from './staged-program.ts';

/** Places of one forward pass during evaluation, if a batch does not have more. */
const EVALUATION_PLACES = 1024;

export class GptProgram extends StagedProgram {
  readonly #sizes: GptSizes;
  /** Windows of one forward pass. */
  readonly #capacity: number;
  readonly #tokens: Words;
  readonly #targets: Words;
  readonly #embedded: Vector;
  readonly #blocks: readonly GptBlock[];
  readonly #normal: Vector;
  readonly #moments: Vector;
  readonly #logits: Vector;
  readonly #narrow: Vector;
  readonly #ones: Vector;
  /** Gradients of the residual stream and of the logits. */
  readonly #stream: Vector;
  readonly #dLogits: Vector;
  readonly #score: Vector;
  /** Stand for the bias that the head has not, and its gradient; the first stays 0. */
  readonly #noBias: Vector;
  readonly #unused: Vector;
  readonly #lastLogits: Vector;
  /** What is learned at either end, apart from the blocks. */
  readonly #embeddings: Run;
  readonly #rest: Run;
  readonly #scratch: (Vector | Words)[] = [];

  constructor(compute: Compute, layout: Layout, heads: number, batch: number) {
    super(compute, layout, batch);
    const sizes = gptSizes(layout, heads);
    const { width, context, vocabulary } = sizes;
    const norm = runOf(layout, 'norm.');
    this.#embeddings = { begin: 0, end: runOf(layout, 'positions.').end };
    this.#rest = { begin: norm.begin, end: layout.length };
    this.#sizes = sizes;
    this.#capacity = Math.max(batch, Math.floor(EVALUATION_PLACES / context), 1);
    const places = this.#capacity * context;
    const backward = batch * context;
    const scratch = (length: number) => this.#vector(length);
    this.#narrow = scratch(backward * width);
    this.#ones = scratch(4 * backward * width);
    compute.upload(this.#ones, new Float32Array(this.#ones.length).fill(1));
    const [wide, wider] = [scratch(4 * backward * width), scratch(4 * backward * width)];
    const gradients = { wide, wider, narrow: this.#narrow, ones: this.#ones };
    const site: GptSite = { compute, layout, sizes, places, scratch, ...gradients };
    this.#tokens = compute.words(places);
    this.#targets = compute.words(places);
    this.#scratch.push(this.#tokens, this.#targets);
    this.#embedded = scratch(places * width);
    const branch = scratch(places * width);
    const blocks: GptBlock[] = [];
    for (let layer = 0; layer < sizes.layers; layer++) {
      blocks.push(new GptBlock(site, layer, blocks.at(-1)?.output ?? this.#embedded, branch));
    }
    this.#blocks = blocks;
    this.#normal = scratch(places * width);
    this.#moments = scratch(2 * places);
    this.#logits = scratch(places * vocabulary);
    this.#stream = scratch(backward * width);
    this.#dLogits = scratch(backward * vocabulary);
    this.#score = scratch(2);
    this.#noBias = scratch(vocabulary);
    this.#unused = scratch(vocabulary);
    this.#lastLogits = scratch(vocabulary);
  }

  protected *passes(
    parameters: Vector,
    data: DeviceDataset,
    rows: Uint32Array,
    gradient: Vector,
    losses: Vector,
    index: number,
  ): Generator<Stage, void, undefined> {
    const { context } = this.#sizes;
    const windows = rows.length;
    const extent = { windows, context };
    this.#gather(data, rows);
    // A tied head needs nothing that the embedding has not read.
    yield { kind: 'reads', ...this.#embeddings };
    this.#embed(parameters, extent);
    for (const block of this.#blocks) {
      yield { kind: 'reads', ...block.run };
      block.forward(parameters, extent);
    }
    yield { kind: 'reads', ...this.#rest };
    this.#normalise(parameters, extent);
    this.#classify(parameters, extent);
    this.compute.linear(this.#score, []);
    this.#loss(windows * context, 1 / (windows * context), this.#dLogits);
    this.compute.slices.add(losses, index, this.#score, 0, 1, 1);
    // The contract counts rows, of which a window is one.
    this.compute.slices.add(losses, index + 1, this.#score, 1, 1, 1 / context);
    this.#headBackward(parameters, gradient, extent);
    yield { kind: 'written', ...this.#rest };
    for (const block of this.#blocks.toReversed()) {
      block.backward(parameters, gradient, this.#stream, extent);
      yield { kind: 'written', ...block.run };
    }
    this.#embedBackward(gradient, extent);
    yield { kind: 'written', ...this.#embeddings };
  }

  async evaluate(parameters: Vector, data: DeviceDataset, rows: Uint32Array): Promise<Score> {
    const { context } = this.#sizes;
    if (rows.length === 0) throw new RangeError('There is no score over no rows; give at least one.');
    const predicted = rows.length * context;
    this.compute.linear(this.#score, []);
    for (let start = 0; start < rows.length; start += this.#capacity) {
      const chunk = rows.subarray(start, start + this.#capacity);
      this.#gather(data, chunk);
      this.#forward(parameters, { windows: chunk.length, context });
      this.#loss(chunk.length * context, 1 / predicted, null);
    }
    const [loss = Number.NaN, correct = Number.NaN] = await this.compute.read(this.#score);
    return { loss, accuracy: correct / predicted };
  }

  async sample(
    parameters: Vector,
    prompt: Uint8Array,
    count: number,
    temperature: number,
    random: () => number,
  ): Promise<Uint8Array> {
    const { context, vocabulary, width } = this.#sizes;
    if (prompt.length === 0)
      throw new RangeError('There is nothing to go on from; give a prompt of one token.');
    const written = Uint8Array.of(...prompt.subarray(-context), ...new Uint8Array(count));
    const begin = written.length - count;
    for (let end = begin; end < written.length; end++) {
      const seen = Uint32Array.from(written.subarray(Math.max(0, end - context), end));
      this.compute.uploadWords(this.#tokens, seen);
      this.#forwardToNorm(parameters, { windows: 1, context: seen.length });
      const last = { vector: this.#normal, offset: (seen.length - 1) * width };
      const shape = { m: 1, k: width, n: vocabulary, transposeB: true };
      const logits = { vector: this.#lastLogits, offset: 0 };
      this.compute.matrices.multiply(logits, last, this.#head(parameters), shape);
      written[end] = chooseToken(await this.compute.read(this.#lastLogits), temperature, random());
    }
    return written.slice(begin);
  }

  destroy(): void {
    this.compute.free(...this.#scratch);
  }

  #gather(data: DeviceDataset, rows: Uint32Array): void {
    const { context, vocabulary } = this.#sizes;
    if (data.width !== context + 1) {
      throw new RangeError(`Windows of ${data.width} tokens; this model was made for ${context + 1}.`);
    }
    this.compute.embedding.gatherTokens(data, rows, vocabulary, this.#tokens, this.#targets);
  }

  #forward(parameters: Vector, extent: Extent): void {
    this.#forwardToNorm(parameters, extent);
    this.#classify(parameters, extent);
  }

  #forwardToNorm(parameters: Vector, extent: Extent): void {
    this.#embed(parameters, extent);
    for (const block of this.#blocks) block.forward(parameters, extent);
    this.#normalise(parameters, extent);
  }

  #embed(parameters: Vector, extent: Extent): void {
    const at = (tensor: string) => this.#in(parameters, tensor);
    const [table, positions] = [at('tokens.weight'), at('positions.weight')];
    this.compute.embedding.embed(this.#embedding(extent), this.#tokens, table, positions, this.#embedded);
  }

  #normalise(parameters: Vector, extent: Extent): void {
    const at = (tensor: string) => this.#in(parameters, tensor);
    const [gain, bias] = [at('norm.gain'), at('norm.bias')];
    this.compute.layerNorm.forward(this.#norm(extent), this.#last, gain, bias, this.#normal, this.#moments);
  }

  #classify(parameters: Vector, extent: Extent): void {
    const head = this.#head(parameters);
    const noBias = { vector: this.#noBias, offset: 0 };
    this.compute.dense(this.#headShape(extent), this.#normal, head, noBias, this.#logits, 'none');
  }

  /** From the logits' gradient to that of the stream past the last block. */
  #headBackward(parameters: Vector, gradient: Vector, extent: Extent): void {
    const at = (tensor: string) => this.#in(gradient, tensor);
    const unused = { vector: this.#unused, offset: 0 };
    const shape = this.#headShape(extent);
    const head = this.#head(parameters);
    this.compute.denseWeightGradient(shape, this.#normal, this.#dLogits, this.#head(gradient), unused);
    this.compute.denseInputGradient(shape, this.#dLogits, head, this.#ones, this.#narrow);
    const gain = this.#in(parameters, 'norm.gain');
    const [dGain, dBias] = [at('norm.gain'), at('norm.bias')];
    const norm = this.#norm(extent);
    const { layerNorm } = this.compute;
    layerNorm.backward(
      norm,
      this.#last,
      this.#moments,
      gain,
      this.#narrow,
      this.#stream,
      'set',
      dGain,
      dBias,
    );
  }

  #embedBackward(gradient: Vector, extent: Extent): void {
    const at = (tensor: string) => this.#in(gradient, tensor);
    // A tied head has left its share in the same place.
    const mode = this.#sizes.tied ? 'add' : 'set';
    const [dTable, dPositions] = [at('tokens.weight'), at('positions.weight')];
    const shape = this.#embedding(extent);
    this.compute.embedding.embedGradient(shape, this.#tokens, this.#stream, dTable, mode, dPositions);
  }

  #loss(rows: number, scale: number, dLogits: Vector | null): void {
    const { vocabulary } = this.#sizes;
    const [logits, targets, score] = [this.#logits, this.#targets, this.#score];
    this.compute.softmaxCrossEntropy(rows, vocabulary, logits, targets, scale, dLogits, score, 0);
  }

  /** The residual stream past the last block. */
  get #last(): Vector {
    return this.#blocks.at(-1)?.output ?? this.#embedded;
  }

  #head(vector: Vector): Slice {
    return this.#in(vector, this.#sizes.tied ? 'tokens.weight' : 'head.weight');
  }

  #embedding(extent: Extent) {
    const { vocabulary, width } = this.#sizes;
    return { ...extent, vocabulary, width };
  }

  #norm({ windows, context }: Extent) {
    return { rows: windows * context, width: this.#sizes.width };
  }

  #headShape({ windows, context }: Extent) {
    return { batch: windows * context, inputs: this.#sizes.width, outputs: this.#sizes.vocabulary };
  }

  #in(vector: Vector, tensor: string): Slice {
    return { vector, offset: tensorOf(this.layout, tensor).offset };
  }

  #vector(length: number): Vector {
    const vector = this.compute.vector(length);
    this.#scratch.push(vector);
    return vector;
  }
}

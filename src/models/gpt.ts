/**
 * `gpt`: a character-level transformer, GPT-2 in small (Radford et al. 2019; Vaswani et al. 2017). It
 * learns to predict each character of a window from those before it.
 *
 * This file is the entry of the registry; gpt-layout.ts has the tensors and their initial values,
 * gpt-block.ts a block, gpt-program.ts the whole. The context is the data's: a row of `text` is a window
 * of context + 1 tokens.
 */
import { booleanOption, numberOption, type Options } from '../base/options.ts';
import { gptLayout, initialiseGpt, refusedWidth } from './gpt-layout.ts';
import { GptProgram } from './gpt-program.ts';
import type { DataShape, ModelEntry } from './model.ts';

const TEXT_ONLY = 'The model gpt learns to write text; choose the data set text, or another model.';

export const gpt: ModelEntry = {
  id: 'gpt',
  label: 'GPT',
  description: 'A transformer that predicts the next character, GPT-2 in small.',
  options: {
    layers: {
      kind: 'number',
      label: 'layers',
      help: 'Blocks of attention and MLP, one after another.',
      default: 2,
      min: 1,
      max: 12,
      integer: true,
    },
    heads: {
      kind: 'number',
      label: 'heads',
      help: 'Attention heads of each block, which share its width.',
      default: 4,
      min: 1,
      max: 16,
      integer: true,
    },
    width: {
      kind: 'number',
      label: 'width',
      help: 'Numbers that stand for a character between the blocks; a multiple of four times the heads.',
      default: 64,
      min: 4,
      max: 512,
      integer: true,
    },
    tied: {
      kind: 'boolean',
      label: 'tied head',
      help: 'Whether the last layer shares its weights with the embedding of the characters.',
      default: false,
    },
  },

  tokens: true,

  refuses(data: DataShape, options?: Options) {
    if (data.tokens !== true) return TEXT_ONLY;
    return options === undefined
      ? null
      : refusedWidth(numberOption(options, 'width'), numberOption(options, 'heads'));
  },

  layout(options: Options, data: DataShape) {
    if (data.tokens !== true) throw new RangeError(TEXT_ONLY);
    return gptLayout({
      layers: numberOption(options, 'layers'),
      heads: numberOption(options, 'heads'),
      width: numberOption(options, 'width'),
      context: data.width - 1,
      vocabulary: data.classes,
      tied: booleanOption(options, 'tied'),
    });
  },

  initialise: initialiseGpt,

  program: (compute, layout, options, batch) =>
    new GptProgram(compute, layout, numberOption(options, 'heads'), batch),
};

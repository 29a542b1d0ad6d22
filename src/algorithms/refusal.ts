/**
 * Why a configuration is refused, and which refusals a person may overrule to see what happens.
 *
 * `impossible`: it could not run (sizes, roles, edges that are not there), or would be another algorithm.
 * `unsound`: it would run, and the mathematics says that it fails: a negative control. Papers show such runs to
 * tell why they need what they need. Each kind has a stable short code, which recipes name in `allow`.
 */

/** What can be allowed: for each code what then runs, in words that follow "allows". */
export const CONTROLS = {
  'whole-numbers': 'a lossy compressor where whole numbers are meant to be sent and errors are not fed back',
  contraction: 'error feedback or public copies with a compressor that is no contraction',
  'bounded-error': 'error feedback with a compressor whose errors may grow',
  unbiased: 'a biased compressor where errors are meant to average out',
  'fine-steps': 'a coarse compressor whose errors are forgotten',
  'no-feedback': 'error feedback switched off where compression leaves out more than noise',
  'doubly-stochastic': 'averaging with weights under which the average drifts',
  'd2-spectrum': 'D² with a mixing matrix whose smallest eigenvalue is −1/3 or less, as it is',
  'gradient-averaging': 'averaging gradients instead of models where messages are lost',
} as const satisfies Readonly<Record<string, string>>;

export type Control = keyof typeof CONTROLS;

export interface Impossible {
  readonly kind: 'impossible';
  /** A sentence that says why, and what to choose instead. */
  readonly why: string;
}

export interface Unsound {
  readonly kind: 'unsound';
  readonly why: string;
  /** What a recipe must allow for it to run all the same. */
  readonly control: Control;
}

export type Refusal = Impossible | Unsound;

export function impossible(why: string): Impossible {
  return { kind: 'impossible', why };
}

/** null where the recipe allows it. */
export function unsound(
  { allow }: { readonly allow: readonly Control[] },
  control: Control,
  why: string,
): Unsound | null {
  return allow.includes(control) ? null : { kind: 'unsound', control, why };
}

const isControl = (text: string): text is Control => Object.hasOwn(CONTROLS, text);

/** Every code, in the order of the list above. */
export const CONTROL_CODES: readonly Control[] = Object.keys(CONTROLS).filter(isControl);

/** The codes in a text that a recipe has been given: each once, in the order of the list above. */
export function controlsOf(text: string): readonly Control[] {
  const named = text.split(',').map((code) => code.trim());
  return CONTROL_CODES.filter((code) => named.includes(code));
}

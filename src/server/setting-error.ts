/** A setting of the environment that cannot be used; the message says what to do. */
import { inspect } from 'node:util';

export class SettingError extends Error {
  override readonly name = 'SettingError';

  /** Vite prints start-up errors through `inspect`: the sentence, without a stack. */
  [inspect.custom](): string {
    return this.message;
  }
}

/** Memory on the device for one use after another. */
import type { Access } from './access.ts';
import type { DeviceArray } from './memory.ts';

/** As large as the largest use so far: steps of one shape allocate once. */
export class Scratch {
  readonly #access: Access;
  #array: DeviceArray | null = null;

  constructor(access: Access) {
    this.#access = access;
  }

  of(length: number): DeviceArray {
    if (this.#array !== null && this.#array.length < length) {
      this.#access.recorder.free(this.#array);
      this.#array = null;
    }
    this.#array ??= this.#access.memory.create('vector', length);
    return this.#array;
  }

  free(): void {
    if (this.#array !== null) this.#access.recorder.free(this.#array);
    this.#array = null;
  }
}

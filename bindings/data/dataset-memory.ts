// The memory of a dataset, and what is made in it on first use.
import { type Core, Scope } from "../engine/core.js";
import type { Work } from "../engine/work.js";
import { BitcenterError } from "../errors.js";

export class DatasetMemory {
  readonly core: Core;
  readonly scope: Scope;
  #isDisposed = false;

  constructor(core: Core, scope: Scope) {
    this.core = core;
    this.scope = scope;
  }

  get bytes(): number {
    return this.#isDisposed || this.core.isDisposed ? 0 : this.scope.bytes;
  }

  checkLive(): void {
    if (this.#isDisposed) throw new BitcenterError("DISPOSED", "this dataset was disposed; create another one");
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.scope.release();
  }

  /**
   * What `known` has under `key`, or what `make` makes: memory and all, it is then the dataset's. Of two runs that make the same thing in each other's pauses the first to be done
   * gives it to both.
   */
  *once<K, V>(known: Map<K, V>, key: K, make: (scope: Scope) => Work<V>): Work<V> {
    const found = known.get(key);
    if (found !== undefined) return found;
    const scope = new Scope(this.core);
    try {
      const made = yield* make(scope);
      this.checkLive();
      const other = known.get(key);
      if (other !== undefined) return other;
      known.set(key, made);
      this.scope.adopt(scope);
      return made;
    } finally {
      scope.release();
    }
  }
}

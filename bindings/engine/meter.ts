// How much of a memory one piece of work takes, whoever else uses that memory in its pauses.
import type { Arena } from "./arena.js";
import type { Work } from "./work.js";

export class Meter {
  readonly #arena: Arena;
  /** Held when the work paused last; most that was held at a time until then. */
  #held = 0;
  #most = 0;
  /** In use by all when the work went on. */
  #before = 0;
  #isOn = false;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** Most bytes that the work has held at a time. */
  get most(): number {
    return this.#isOn ? Math.max(this.#most, this.#held + this.#arena.highest - this.#before) : this.#most;
  }

  #enter(): void {
    this.#before = this.#arena.used;
    this.#arena.highest = this.#before;
    this.#isOn = true;
  }

  #leave(): void {
    this.#most = this.most;
    this.#held += this.#arena.used - this.#before;
    this.#isOn = false;
  }

  /** `work`, with what it takes counted. */
  *of<T>(work: Work<T>): Work<T> {
    try {
      for (;;) {
        this.#enter();
        try {
          const { done, value } = work.next();
          if (done) return value;
        } finally {
          this.#leave();
        }
        yield;
      }
    } finally {
      work.return(undefined as never);
    }
  }

  /** Calls back from within the work: what is taken there is not counted. */
  outside(act: () => void): void {
    this.#leave();
    try {
      act();
    } finally {
      this.#enter();
    }
  }
}

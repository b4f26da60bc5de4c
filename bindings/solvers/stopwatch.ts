// Where a run's time goes, as its reports say it.
import type { Work } from "../engine/work.js";

export class Stopwatch {
  #inner = 0;
  #exact = 0;

  /** What `work` gives; its seconds count even when it throws, those of its pauses never. */
  *timed<T>(kind: "inner" | "exact", work: Work<T>): Work<T> {
    try {
      for (;;) {
        const started = performance.now();
        let step: IteratorResult<undefined, T>;
        try {
          step = work.next();
        } finally {
          const seconds = (performance.now() - started) / 1000;
          if (kind === "inner") this.#inner += seconds;
          else this.#exact += seconds;
        }
        if (step.done) return step.value;
        yield;
      }
    } finally {
      // abandoned in a pause: what it holds is freed, too (done already, this does nothing)
      work.return(undefined as T);
    }
  }

  get seconds(): { readonly inner: number; readonly exact: number } {
    return { inner: this.#inner, exact: this.#exact };
  }
}

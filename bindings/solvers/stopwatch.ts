// Where a run's time goes, as its reports say it.

export class Stopwatch {
  #inner = 0;
  #exact = 0;

  /** What `work` gives; its seconds count even when it throws. */
  timed<T>(kind: "inner" | "exact", work: () => T): T {
    const started = performance.now();
    try {
      return work();
    } finally {
      const seconds = (performance.now() - started) / 1000;
      if (kind === "inner") this.#inner += seconds;
      else this.#exact += seconds;
    }
  }

  get seconds(): { readonly inner: number; readonly exact: number } {
    return { inner: this.#inner, exact: this.#exact };
  }
}

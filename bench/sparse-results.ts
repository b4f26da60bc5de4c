// The shape of bench/results/sparse.json: written by sparse.ts, read by report.ts.

/** Of sparse rows, and of the same rows forced to be dense. */
export interface Both<T> {
  readonly sparse: T;
  readonly dense: T;
}

export interface SparseCase {
  readonly name: string;
  readonly loss: string;
  readonly rows: number;
  readonly cols: number;
  readonly entries: number;
  /** How values are kept. */
  readonly exact: Both<string>;
  /** Linear memory of the dataset after the run, codes included. */
  readonly bytes: Both<number>;
  /** Bytes per entry besides its index of 4: everything else, and values with codes alone. */
  readonly bytesPerEntry: { readonly all: number; readonly values: number };
  /** Seconds, medians over the rounds: making dataset and problem, and the run of `auto`. */
  readonly load: Both<number>;
  readonly fit: Both<number>;
  /** |F sparse − F dense| ÷ (F(0) − F). */
  readonly difference: number;
}

export interface SparseResults {
  readonly environment: Readonly<Record<string, string | number>>;
  readonly rounds: number;
  readonly cases: readonly SparseCase[];
}

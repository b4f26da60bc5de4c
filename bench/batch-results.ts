// The shape of bench/results/batches-*.json: written by batches.ts, read by report.ts.

export interface BatchRow {
  readonly columns: number;
  readonly name: string;
  /** Rows per second. */
  readonly rate: number;
  readonly spread: number;
  /** × single int8 rows, and × the fastest float32, single or in batches. */
  readonly toSingle: number;
  readonly toFloat: number;
}

export interface BatchResults {
  readonly environment: Readonly<Record<string, string | number>>;
  /** Data larger than any cache, or in L2. */
  readonly isFromMemory: boolean;
  readonly results: readonly BatchRow[];
}

// The shape of bench/results/levels.json: written by levels.ts, read by report.ts.

export interface LevelTime {
  /** Number of values. */
  readonly count: number;
  readonly name: string;
  /** Of the public call, all in all: median over the rounds, and the quickest. */
  readonly milliseconds: number;
  readonly least: number;
  /** Variance ÷ that of the optimum. */
  readonly toOptimum: number;
}

export interface LevelGain {
  readonly law: string;
  /** Per number of bits: variance of uniform levels over the range ÷ that of the best levels, median of the samples. */
  readonly ratios: readonly number[];
}

export interface LevelResults {
  readonly environment: Readonly<Record<string, string | number>>;
  readonly rounds: number;
  readonly levels: number;
  readonly times: readonly LevelTime[];
  readonly bits: readonly number[];
  /** Values of a sample, samples of a law. */
  readonly values: number;
  readonly samples: number;
  readonly gains: readonly LevelGain[];
}

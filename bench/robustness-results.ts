// The shape of bench/results/robustness.json: written by robustness.ts, read by report.ts.

/** Targets of the relative gap. */
export const ROBUSTNESS_TARGETS = [1e-3, 1e-6, 1e-9] as const;

export interface Miss {
  readonly name: string;
  readonly gap: number;
  readonly outerSteps: number;
  readonly isConverged: boolean;
}

export interface RobustnessResults {
  readonly environment: Readonly<Record<string, string | number>>;
  readonly problems: number;
  readonly seeds: number;
  readonly promise: number;
  readonly runs: number;
  /** Runs whose objective rose between two reports. */
  readonly risen: number;
  readonly misses: readonly Miss[];
  /** Passes over the codes, exact ones counted threefold, to each target; null: never. */
  readonly passes: readonly { readonly median: number; readonly most90: number | null; readonly most: number | null }[];
  /** The problems with squared hinge solved with hinge. */
  readonly hinge: {
    readonly problems: number;
    readonly runs: number;
    readonly risen: number;
    readonly misses: readonly Miss[];
    readonly outerSteps: { readonly median: number; readonly most: number };
  };
}

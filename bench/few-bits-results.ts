// The shape of bench/results/few-bits.json: written by few-bits.ts, read by report.ts.

export const FORMATS = ["8", "4", "4 uniform", "2", "2 uniform"] as const;
export type Format = (typeof FORMATS)[number];

/** Passes over the codes and over the exact copy; null: not reached. */
export type Count = readonly [passes: number, exactPasses: number] | null;

export interface Outcome {
  readonly task: string;
  readonly format: Format;
  readonly solver: string;
  /** Lowest relative gap of the run. */
  readonly gap: number;
  /** To the target. */
  readonly count: Count;
  /** The emulation's; "unknown": not among its runs. */
  readonly ideal: Count | "unknown";
}

export interface FewBitsResults {
  readonly environment: Readonly<Record<string, string | number>>;
  /** Relative gap (F − F*)/(F(0) − F*). */
  readonly target: number;
  readonly outcomes: readonly Outcome[];
}

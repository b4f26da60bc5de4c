// The shape of bench/results/objective.json: written by objective.ts, read by report.ts.

/** Targets of the relative gap (F − F*)/(F(0) − F*). */
export const OBJECTIVE_TARGETS = [1e-2, 1e-3, 1e-4, 1e-6, 1e-9] as const;

/** bitcenter's own name among the competitors. */
export const OURS = "bitcenter";
/** The same solver on float32 rows (bench/twin): no competitor, but what the low precision is measured against. */
export const TWIN = "bitcenter's float32 twin";
/** The twin without any float64 sum: it cannot reach a gradient as small as the other two. */
export const ROUGH_TWIN = "bitcenter's float32 twin, float32 sums";

/** When the weights of a gap were at hand. */
export interface CurvePoint {
  readonly seconds: number;
  readonly gap: number;
}

/** One way to run a competitor. */
export interface SettingRow {
  readonly setting: string;
  /** Counted runs; the first one of the process is not among them, unless there was no other. */
  readonly runs: number;
  /** Of the first counted run. */
  readonly curve: readonly CurvePoint[];
  /** Median seconds to each of OBJECTIVE_TARGETS; null: not reached. */
  readonly seconds: readonly (number | null)[];
  /** Median of seconds ÷ bitcenter's in the same round, for each target; null where one of the two never met it. */
  readonly ratios: readonly (number | null)[];
  /** Passes over all rows to each target, exact ones included; only of solvers that count them. */
  readonly passes?: readonly (number | null)[];
  /** ‖∇F‖ at the last weights of the first run, as judged; only of bitcenter and its twin. */
  readonly finalGradient?: number;
  /** Seconds of the first run of the process. */
  readonly cold: readonly (number | null)[];
  /** Why the run ended early, if it did. */
  readonly note: string | null;
}

export interface Best {
  readonly setting: string;
  readonly seconds: number;
  readonly ratio: number | null;
}

export interface CompetitorRow {
  readonly competitor: string;
  /** The program it ran in: "ours", or the name --peers knows it by. */
  readonly peer: string;
  readonly version: string;
  readonly settings: readonly SettingRow[];
  /** For each target the setting that was fastest; null: no setting reached it. */
  readonly best: readonly (Best | null)[];
}

export interface ObjectiveSet {
  readonly name: string;
  readonly description: string;
  readonly rows: number;
  readonly cols: number;
  readonly outputs: number;
  readonly loss: "softmax" | "logistic" | "squared";
  /** For columns as the float competitors see them. */
  readonly l2: number;
  readonly environment: Readonly<Record<string, string | number>>;
  readonly optimum: {
    readonly objective: number;
    /** F(0). */
    readonly start: number;
    /** Upper bound of F* − min F, divided by F(0) − F*: ‖∇F‖²/(2·l2) at the best weights, since F is l2-strongly convex. */
    readonly certificate: number;
    /** Gap of our own solver with a very small `tol`; F* is the lowest objective of anyone. */
    readonly ours: number;
  };
  readonly competitors: readonly CompetitorRow[];
  readonly skipped: readonly { readonly peer: string; readonly reason: string }[];
}

export interface ObjectiveResults {
  readonly sets: readonly ObjectiveSet[];
}

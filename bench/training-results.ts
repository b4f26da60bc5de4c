// The shape of bench/results/training.json: written by training.ts, read by report.ts.

/** Targets of the relative gap. */
export const TARGETS = [1e-3, 1e-6, 1e-9] as const;

/** Over the runs; null: never reached, or diverged. */
export interface Spread {
  readonly median: number | null;
  readonly least: number | null;
  readonly most: number | null;
}

export interface SolverRow {
  readonly solver: string;
  /** HALP with a given mu: multiple of the smallest eigenvalue of the Hessian. */
  readonly factor?: number;
  /** Outer steps to each of TARGETS. */
  readonly epochs: readonly Spread[];
  /** (F − F*)/(F(0) − F*) and ‖∇F‖/‖∇F(0)‖ after the last epoch. */
  readonly gap: Spread;
  readonly gradient: Spread;
  /** Runs that diverged. */
  readonly diverged: number;
}

export interface ConvergenceTask {
  readonly name: string;
  readonly description: string;
  readonly rows: number;
  readonly cols: number;
  readonly outputs: number;
  readonly runs: number;
  readonly epochs: number;
  /** L/mu in unit coordinates. */
  readonly condition: Spread;
  readonly solvers: readonly SolverRow[];
  readonly sweeps: readonly SolverRow[];
}

export interface ImageRow {
  readonly solver: string;
  readonly objective: number;
  /** objective/(that of float64 SVRG) − 1. */
  readonly excess: number;
  readonly gradient: number;
  /** On the test set, 0 to 1. */
  readonly accuracy: number;
  /** Medians per outer step: T stochastic steps, one exact pass. */
  readonly seconds: { readonly inner: number; readonly exact: number };
}

export interface ImageTask {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  readonly outputs: number;
  readonly l2: number;
  readonly epochs: number;
  readonly solvers: readonly ImageRow[];
}

export interface TrainingResults {
  readonly environment: Readonly<Record<string, string | number>>;
  readonly convergence: readonly ConvergenceTask[];
  readonly images: readonly ImageTask[];
}

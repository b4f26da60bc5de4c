// What a fit says of itself.
import type { LossName } from "../data/problem.js";
import type { Variant } from "../engine/load.js";
import type { SolverName } from "./options.js";
import type { Ending } from "./training.js";

export interface FitReport {
  readonly solver: SolverName | "stream";
  /** The module that ran: results do not depend on it; "none" for partialFit. */
  readonly variant: Variant | "none";
  readonly loss: LossName;
  readonly rows: number;
  readonly cols: number;
  /** Passes over codes and over the exact copy, of all problems. */
  readonly passes: number;
  readonly exactPasses: number;
  readonly outerSteps: number;
  /** F at the model's weights: exact, float64, in your units; the sum over classes where each is set against the rest. */
  readonly objective: number;
  /** ‖∇F‖₂ there, likewise. */
  readonly gradientNorm: number;
  /** Whether every problem was solved to `tol`. Nothing is printed when not: look here. */
  readonly isConverged: boolean;
  /** Why the fit ended. "running": it has not; "aborted", "failed": an AbortSignal or an error ended it, the model is that of the last finished outer step. */
  readonly stoppedBy: Ending | "running" | "aborted" | "failed";
  /** With validation: the mean loss of the kept weights on the rows held out (weighted by `sampleWeight` and `classWeight`), and the outer step they come from, per problem. */
  readonly validation: { readonly loss: number; readonly outerSteps: readonly number[] } | null;
  /** Most bytes of linear memory that this fit held at a time, whatever else its engine holds; partialFit: bytes that stay between two batches. */
  readonly bytes: number;
  /** Seconds of loading rows, and of training. */
  readonly loadSeconds: number;
  readonly seconds: number;
}

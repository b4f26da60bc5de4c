// What a solver yields: one report per outer step, the first one (outerStep 0) for the starting point.

export interface StepReport {
  readonly outerStep: number;
  /** Stochastic sample gradients so far ÷ rows. */
  readonly passes: number;
  /** Passes over the exact copy that the method itself has used so far (for SGD and LP-SGD none: there they only serve the report). */
  readonly exactPasses: number;
  /** F at the present weights: float64, on the exact copy. */
  readonly objective: number;
  /** ‖∇F‖₂ at the present weights in the user's coordinates: float64, on the exact copy. */
  readonly gradientNorm: number;
  /** α of the last inner run, unit coordinates. */
  readonly stepSize: number;
  /** Value of one code of the low-precision part in the last inner run, unit coordinates; 0 for float32 parts and before the first run. */
  readonly deltaScale: number;
  /** Codes of the low-precision part that stood at a limit of their format when the last inner run ended; 0 for float32 parts. */
  readonly saturated: number;
  /** HALP: the mu of the last inner run, given or found by "auto"; 0 elsewhere. */
  readonly mu: number;
  /** HALP with mu "auto": true when the outer step just made was taken back because its grid was too coarse; the report repeats the point before. */
  readonly isRejected: boolean;
  /** True when the run has diverged (objective not finite, or a million times that of zero weights and of the start): the last report. */
  readonly isDiverged: boolean;
  /** Present weights, a fresh copy. coef: outputs × cols row-major; intercept: outputs. */
  readonly coef: Float64Array;
  readonly intercept: Float64Array;
  /** Wall-clock seconds spent so far in stochastic steps and in exact passes. */
  readonly seconds: { readonly inner: number; readonly exact: number };
}

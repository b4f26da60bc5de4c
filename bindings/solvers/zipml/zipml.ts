// ZipML: SGD on rows rounded to a few levels, without bias; model and gradient in low precision, too, if asked for.
//   minimise  F(w, b) = 1/n Σ ωᵢ loss(w·xᵢ + b, yᵢ) + l2/2 ‖w‖²
// Given     bits of the samples (model, gradient), how a sample enters the gradient, batch size B, stepSize α and its decay, seed
// Each step:  ŵ = Q3(w);  g = 1/B Σ ω·½(Q1(x)·ℓ′(Q2(x)·ŵ) + Q2(x)·ℓ′(Q1(x)·ŵ)) over B random rows;  w ← prox(w − α·Q4(g))
// One rounding used twice has E QQᵀ = xxᵀ + D: it solves another problem, with the ridge D̄ = mean variances. Two independent ones have E Q1·Q2ᵀ = xxᵀ. Samples that
// are stored and used again solve the normal equations of their own codes; fresh ones read the float32 row.
// Result    reports with weights in float64; objective and gradient of the original problem. SGD: good for gaps of 1e-3 to 1e-4, see halp for more
// See ZipML, Zhang et al. 2017 (arXiv 1611.05402), §2 (double sampling), §3 (levels), §4 (other losses). Formats: docs/numerics.md §14.
import type { ExactPass, Problem, RowValues } from "../../data/problem.js";
import { Scope } from "../../engine/core.js";
import { reportsOf, type Steps, type Work } from "../../engine/work.js";
import { DIVERGED } from "../stochastic/session.js";
import { Stopwatch } from "../stopwatch.js";
import { type CheckedZipml, checkZipml, type ZipmlOptions } from "./options.js";
import { SampleStore } from "./sample-store.js";

export interface ZipmlReport {
  /** Epochs so far. */
  readonly outerStep: number;
  /** Rows visited so far ÷ rows. */
  readonly passes: number;
  /** F at the reported weights: float64, on the exact copy. */
  readonly objective: number;
  /** ‖∇F‖₂ at the reported weights in the user's coordinates: float64, on the exact copy. */
  readonly gradientNorm: number;
  /** α of the last epoch (before the first one: the first one's), unit coordinates. */
  readonly stepSize: number;
  /** Bits of a sample in the last epoch (before the first one: the first one's); 32 for exact rows. */
  readonly bits: number;
  /** Bytes of sample data that the steps have read so far: packed bytes per visited row; fresh samples, exact and refetched rows 4 per padded column. */
  readonly sampleBytes: number;
  /** Fraction of the visited rows whose exact row was fetched. */
  readonly refetched: number;
  /** Fraction of the polynomial's margins beyond its radius. */
  readonly outside: number;
  /** True when the run has diverged (objective not finite, or a million times that of zero weights and of the start): the last report. */
  readonly isDiverged: boolean;
  /** Reported weights, a fresh copy. coef: cols; intercept: 1. */
  readonly coef: Float64Array;
  readonly intercept: Float64Array;
  /** Wall-clock seconds spent so far in stochastic steps and in exact passes. */
  readonly seconds: { readonly inner: number; readonly exact: number };
}

/**
 * Runs ZipML; yields the starting point and then one report per epoch. `break` when satisfied.
 * @throws BitcenterError BAD_OPTION at once (levels that do not cover the data, a sketch too small, bits of a later epoch: when it runs); UNSUPPORTED, DISPOSED,
 *   OUT_OF_MEMORY while it runs
 */
export function zipml(problem: Problem, options: ZipmlOptions = {}): Generator<ZipmlReport, void, undefined> {
  return reportsOf(zipmlSteps(problem, options));
}

/** `zipml`, with pauses. @internal */
export function zipmlSteps(problem: Problem, options: ZipmlOptions = {}): Steps<ZipmlReport> {
  return run(problem, checkZipml("zipml", problem, options));
}

const STEPS = {
  none: () => 1,
  inverse: (epoch: number) => 1 / (1 + epoch),
  inverseSqrt: (epoch: number) => 1 / Math.sqrt(1 + epoch),
} as const;

interface Memory {
  readonly scope: Scope;
  readonly store: SampleStore;
  /** Reported point and its gradient: padded f64. */
  readonly v: number;
  readonly g: number;
  readonly values: RowValues;
}

function* allocate(scope: Scope, problem: Problem, options: CheckedZipml, bits: number): Work<Memory> {
  const store = yield* SampleStore.create(scope, problem, options, bits);
  store.setConfidence();
  const bytes = store.frame.padded * 8;
  const [v, g] = [scope.alloc(bytes, "the model"), scope.alloc(bytes, "the full gradient")];
  return { scope, store, v, g, values: yield* problem.allocRows(scope) };
}

function* run(problem: Problem, options: CheckedZipml): Steps<ZipmlReport> {
  problem.checkLive();
  const { core, dataset } = problem;
  const { batchSize, outerSteps } = options;
  const bitsOf = (epoch: number): number => (options.samples === null ? 32 : options.bits(epoch));
  let bits = bitsOf(0);
  const { scope, store, v, g, values } = yield* Scope.guardWork(core, (memory) =>
    allocate(memory, problem, options, bits),
  );
  problem.own(scope);
  try {
    const { padded } = store.frame;
    const stopwatch = new Stopwatch();
    const steps = options.innerSteps ?? Math.ceil(dataset.rows / batchSize);
    const evaluate = (): Work<ExactPass> => stopwatch.timed("exact", problem.exactPass(store.frame, v, g, values));
    const stepOf = (epoch: number): number => store.stepSize * STEPS[options.decay](epoch);

    let visited = 0;
    let reference = 0;
    if (options.start !== null) {
      // divergence is judged from zero too
      reference = (yield* evaluate()).objective;
      problem.toCodes(store.frame, options.start, v);
      core.kernels.toGridF32(v, 1, store.w, padded);
    }
    const report = function* (outerStep: number): Work<ZipmlReport> {
      problem.checkLive();
      const { objective, gradientNorm } = yield* evaluate();
      if (outerStep === 0) reference = Math.max(reference, objective);
      const epoch = Math.max(0, outerStep - 1);
      return {
        outerStep,
        passes: visited / dataset.rows,
        objective,
        gradientNorm,
        stepSize: stepOf(epoch),
        bits,
        sampleBytes: store.sampleBytes,
        refetched: store.refetched,
        outside: store.outside,
        isDiverged: !Number.isFinite(objective) || objective > DIVERGED * reference,
        ...problem.toWeights(store.frame, v),
        seconds: stopwatch.seconds,
      };
    };
    yield yield* report(0);
    const firstAveraged = Math.floor(outerSteps / 2);
    for (let epoch = 0; epoch < outerSteps; epoch++) {
      problem.checkLive();
      // a schedule is asked once per epoch, after the report of the one before
      if (epoch > 0) bits = bitsOf(epoch);
      store.setBits(bits);
      const isAveraged = options.hasAverage && epoch >= firstAveraged;
      yield* stopwatch.timed("inner", store.advance(epoch, steps, stepOf(epoch), isAveraged));
      visited += steps * batchSize;
      store.point(v);
      const state = yield* report(epoch + 1);
      yield state;
      if (state.isDiverged) return;
    }
  } finally {
    problem.forget(scope);
    scope.release();
  }
}

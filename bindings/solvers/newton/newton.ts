// Newton's method on bytes, exact at every outer step: the default solver.
//   minimise  F(w, b) = 1/n Σ ωᵢ loss(w·xᵢ + b, yᵢ) + l2/2 ‖w‖²
// Hinge, which has no curvature, goes another way on the same integers: interior-run.ts.
// Start     the same problem on a random sample of rows, when there are many more rows than columns
// Each outer step:  z ≈ −H⁻¹∇F by conjugate gradients, with Hessian products in integers (int8 data, int16 vectors) over all or a part of the rows,
//           preconditioned by the Cholesky factor of an integer Gram matrix;  v += a₁z + a₂·(previous step), the minimum of F over that plane;
//           margins and gradient follow exactly
// Stops     when the quadratic model promises a relative decrease of less than tol²
// Result    reports with the weights in float64; the optimum of the original problem, whatever the codes are
// See HALP, De Sa et al. 2018 (arXiv 1803.03383) for exact outer and low-precision inner loops; subsampled Newton: Byrd et al. 2011; plane search:
// SESOP, Narkiss & Zibulevsky 2005. docs/numerics.md §10–11, docs/decisions/0009.
import type { ExactCopy } from "../../data/dataset.js";
import { Problem, type WeightsInput } from "../../data/problem.js";
import { reportsOf, type Steps } from "../../engine/work.js";
import { BitcenterError, show } from "../../errors.js";
import { checkNames, number, numberOrAuto, oneOf } from "../../options.js";
import { BYTE_ARITHMETIC } from "./byte-products.js";
import { InteriorRun } from "./interior-run.js";
import { NewtonRun, type NewtonSettings } from "./newton-run.js";
import type { Arithmetic } from "./products.js";
import { SPARSE_ARITHMETIC } from "./sparse-products.js";

export interface AutoOptions {
  /** Accuracy: the run ends when the estimated relative gap (F − F*)/(F(0) − F*) is below tol² (default 1e-6). */
  readonly tol?: number;
  /** Outer steps after which the generator ends by itself (default 1000: a handful is usual, nearly separable squared hinge takes hundreds); `break` ends it earlier. */
  readonly outerSteps?: number;
  /** Whole number from 0 to 2³² − 1 (default 0). Same seed, same bits, everywhere. */
  readonly seed?: number;
  /** Weights to start from, where their objective is not above that of zeros (default: zeros, then the solution of a rougher problem). Hinge: they only
   *  bound the objective. */
  readonly start?: WeightsInput;
}

export interface NewtonOptions extends AutoOptions {
  /** Part of the rows whose Hessian is used, 0 < share ≤ 1; "auto" (default): 10 % or ten rows per column where there are many rows; all after a stall. */
  readonly hessianShare?: number | "auto";
  /** "auto" (default): Gram where its cost is moderate, the other one after a stall. */
  readonly preconditioner?: "auto" | "gram" | "diagonal";
  /** Solve rougher problems first, on a sample of the rows and on codes alone, where there are (default true; with `start` only those of huber far beyond its bend). */
  readonly warmStart?: boolean;
}

export interface NewtonReport {
  readonly outerStep: number;
  /** Passes over the data's codes so far, in units of one dot and one update with every row. */
  readonly passes: number;
  /** Passes over the exact copy so far. */
  readonly exactPasses: number;
  /** F at the present weights: float64, on the exact copy. Never rises. */
  readonly objective: number;
  /** ‖∇F‖₂ at the present weights in the user's coordinates, on the exact copy; hinge: of the Lagrangian, at the dual variables of the run. */
  readonly gradientNorm: number;
  /** Estimate of (F − F*)/(F(0) − F*), hinge: the duality gap in that unit; 1 before the first step. */
  readonly gap: number;
  /** True when gap ≤ tol²: the last report. */
  readonly isConverged: boolean;
  /** True when no step lowers the objective any more, although the gap is above tol²: the last report. */
  readonly isStalled: boolean;
  /** Part of the rows in the last Hessian. */
  readonly hessianShare: number;
  /** Of the present step; "rows": a diagonal and the rows of large curvature (hinge on more than 2048 columns). */
  readonly preconditioner: "gram" | "diagonal" | "rows";
  /** Which exact copy the objective and gradient come from, and the bytes of linear memory the dataset holds (codes included). */
  readonly exact: ExactCopy;
  readonly bytes: number;
  /** Present weights, a fresh copy. coef: outputs × cols row-major; intercept: outputs. */
  readonly coef: Float64Array;
  readonly intercept: Float64Array;
  /** Wall-clock seconds spent so far in directions (integer products, preconditioner) and in exact passes and searches. */
  readonly seconds: { readonly inner: number; readonly exact: number };
}

const AUTO = ["tol", "outerSteps", "seed", "start"];
const UINT32_MAX = 4_294_967_295;

function checkAuto(where: string, problem: Problem, options: AutoOptions, more: readonly string[]): NewtonSettings {
  if (!(problem instanceof Problem)) {
    throw new BitcenterError("BAD_OPTION", `${where}: expected a problem of an engine, given ${show(problem)}`);
  }
  problem.checkLive();
  checkNames(where, options, [...AUTO, ...more]);
  return {
    tol: number(where, "tol", options.tol, { above: 0, max: 1 }, 1e-6),
    outerSteps: number(where, "outerSteps", options.outerSteps, { min: 0, integer: true }, 1000),
    seed: number(where, "seed", options.seed, { min: 0, max: UINT32_MAX, integer: true }, 0),
    start: options.start === undefined ? null : problem.checkWeights(`${where}: start`, options.start),
    hessianShare: null,
    preconditioner: "auto",
    warmStart: true,
  };
}

/**
 * The default solver: no step size, no scaling, no luck. Yields the starting point and then one report per outer step; ends when converged.
 * @throws BitcenterError BAD_OPTION, UNSUPPORTED at once; DISPOSED, OUT_OF_MEMORY while it runs
 */
export function auto(problem: Problem, options: AutoOptions = {}): Generator<NewtonReport, void, undefined> {
  return reportsOf(autoSteps(problem, options));
}

/** `auto`, with pauses; on other arithmetic for the float32 twin of the benchmark. @internal */
export function autoSteps(problem: Problem, options: AutoOptions = {}, arithmetic?: Arithmetic): Steps<NewtonReport> {
  return run(problem, checkAuto("auto", problem, options, []), arithmetic);
}

/**
 * `auto` with its choices in the caller's hands, for study.
 * @throws BitcenterError BAD_OPTION, UNSUPPORTED at once; DISPOSED, OUT_OF_MEMORY while it runs
 */
export function newton(problem: Problem, options: NewtonOptions = {}): Generator<NewtonReport, void, undefined> {
  return reportsOf(newtonSteps(problem, options));
}

/** `newton`, with pauses. @internal */
export function newtonSteps(problem: Problem, options: NewtonOptions = {}): Steps<NewtonReport> {
  const where = "newton";
  const settings = checkAuto(where, problem, options, ["hessianShare", "preconditioner", "warmStart"]);
  if (problem.loss === "hinge" && typeof options.hessianShare === "number" && options.hessianShare < 1) {
    const given = `given hessianShare: ${options.hessianShare}`;
    throw new BitcenterError(
      "UNSUPPORTED",
      `${where}: an interior-point method (loss "hinge") needs all rows, ${given}`,
    );
  }
  const chosen: NewtonSettings = {
    ...settings,
    hessianShare: numberOrAuto(where, "hessianShare", options.hessianShare, { above: 0, max: 1 }),
    preconditioner: oneOf(
      where,
      "preconditioner",
      options.preconditioner,
      ["auto", "gram", "diagonal"] as const,
      "auto",
    ),
    warmStart: oneOf(where, "warmStart", options.warmStart, [true, false] as const, true),
  };
  return run(problem, chosen);
}

function* run(
  problem: Problem,
  settings: NewtonSettings,
  arithmetic: Arithmetic = problem.dataset.sparse === null ? BYTE_ARITHMETIC : SPARSE_ARITHMETIC,
): Steps<NewtonReport> {
  problem.checkLive();
  const Run = problem.loss === "hinge" ? InteriorRun : NewtonRun;
  const state = yield* Run.create(problem, settings, arithmetic);
  try {
    const isDone = yield* state.begin();
    // from zero the gap is known; from elsewhere it takes a direction
    const isFirst = isDone || state.isFromZero;
    if (isFirst) yield { outerStep: 0, gap: isDone ? 0 : 1, isConverged: isDone, isStalled: false, ...state.facts() };
    if (isDone || (isFirst && settings.outerSteps === 0)) return;
    problem.checkLive();
    let outerStep = (yield* state.warmUp()) ? 1 : 0;
    for (let isAlive = true; ; outerStep++) {
      problem.checkLive();
      const { gap, isConverged } = yield* state.direct();
      const isStalled = !isConverged && !isAlive;
      // zero weights are the optimum as far as can be seen: a step that stays where it is
      if (isConverged && outerStep === 0 && isFirst) outerStep = 1;
      if (outerStep > 0 || !isFirst) yield { outerStep, gap, isConverged, isStalled, ...state.facts() };
      if (isConverged || isStalled || outerStep >= settings.outerSteps) return;
      problem.checkLive();
      isAlive = yield* state.step();
    }
  } finally {
    state.release();
  }
}

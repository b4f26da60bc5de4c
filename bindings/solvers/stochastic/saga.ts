// SAGA on integers, with bit centring: like HALP, but every sample is compared with the derivative last seen of its row instead of the anchor's.
//   minimise  F(w, b) = 1/n Σ ωᵢ loss(w·xᵢ + b, yᵢ) + l2/2 ‖w‖²
// Each outer step:  fullGradient at the anchor, exactly; table e = 0, mean gradient G = fullGradient;
//           T × d = loss′ᵢ(anchor + delta) − loss′ᵢ(anchor);  delta ← delta − α·((d − eᵢ)·xᵢ + G);  G += (d − eᵢ)·xᵢ/n;  eᵢ = d;   anchor += delta
// The mean needs no update of its own per step: between two flushes of the dense part delta has moved by −α·Σ (d − e)·x, which is what G lacks.
// See SAGA, Defazio et al. 2014; HALP, De Sa et al. 2018 (arXiv 1803.03383), Algorithm 3. docs/numerics.md §5.
import type { Problem } from "../../data/problem.js";
import { reportsOf, type Steps } from "../../engine/work.js";
import { numberOrAuto, oneOf } from "../../options.js";
import { runCentred } from "./centred.js";
import { type CommonOptions, checkBits, checkCommon, checkRounding, type DeltaBits, type Rounding } from "./options.js";
import type { StepReport } from "./report.js";

export interface SagaOptions extends CommonOptions {
  /** Bits of delta: 16 (default) or 8 (needs data of 8 bits or fewer). */
  readonly bits?: DeltaBits;
  /** Range knob, as for `halp`. */
  readonly mu?: number | "auto";
  readonly rounding?: Rounding;
}

/** Stochastic steps per outer step, in rows: the table has then seen nearly every row. */
const PASSES = 3;

/**
 * Runs SAGA; yields the starting point and then one report per outer step. `break` when satisfied. innerSteps "auto" is 3 × rows.
 * @throws BitcenterError BAD_OPTION at once; DISPOSED, OUT_OF_MEMORY while it runs
 */
export function saga(problem: Problem, options: SagaOptions = {}): Generator<StepReport, void, undefined> {
  return reportsOf(sagaSteps(problem, options));
}

/** `saga`, with pauses. @internal */
export function sagaSteps(problem: Problem, options: SagaOptions = {}): Steps<StepReport> {
  const where = "saga";
  const common = checkCommon(where, problem, options, ["bits", "mu", "rounding"]);
  const bits = oneOf(where, "bits", options.bits, [8, 16] as const, 16);
  return runCentred(
    where,
    problem,
    { ...common, innerSteps: common.innerSteps ?? PASSES * problem.dataset.rows },
    {
      bits: checkBits(where, bits, problem),
      mu: numberOrAuto(where, "mu", options.mu, { above: 0 }),
      isStochastic: checkRounding(where, options.rounding) === "stochastic",
      isOptionTwo: false,
      hasTable: true,
    },
  );
}

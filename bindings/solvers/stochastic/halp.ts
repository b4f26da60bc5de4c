// HALP: SVRG with bit centring.
//   minimise  F(w, b) = 1/n Σ ωᵢ loss(w·xᵢ + b, yᵢ) + l2/2 ‖w‖²
// Given     codes of the data, bits of delta, mu, stepSize α, innerSteps T, seed
// Each outer step:  fullGradient at the anchor, exactly;  deltaScale = ‖fullGradient‖/(mu·(2^(bits−1) − 1));
//           T × delta ← Q(delta − α·(∇fᵢ(anchor + delta) − ∇fᵢ(anchor) + fullGradient)),  all on integers;  anchor += delta
// As the gradient shrinks, so does the grid: the bits are re-centred around the solution and no noise floor remains.
// Result    reports with the anchor's weights in float64
// See HALP, De Sa et al. 2018 (arXiv 1803.03383), Algorithm 3 and §5 (linear models). Integer formats and bounds: docs/numerics.md §5, §9.
import type { Problem } from "../../data/problem.js";
import { reportsOf, type Steps } from "../../engine/work.js";
import { numberOrAuto } from "../../options.js";
import { runCentred } from "./centred.js";
import {
  type AnchorOption,
  type BatchSize,
  type CommonOptions,
  checkAnchorOption,
  checkBatchSize,
  checkBits,
  checkCommon,
  checkRounding,
  type DeltaBits,
  type Rounding,
} from "./options.js";
import type { StepReport } from "./report.js";

export interface HalpOptions extends CommonOptions {
  /** Bits of delta: 8 as published (needs data of 8 bits or fewer), 16 as measurements recommend. Default: 8 for data of 8 bits, else 16. */
  readonly bits?: DeltaBits;
  /** Range knob: delta reaches ‖fullGradient‖/mu in every unit coordinate. In theory the strong-convexity constant; too large is slow, too small
   *  loses precision and may diverge at 8 bits. "auto" follows how much of the range the last outer step used, and
   *  takes an outer step back (the report then repeats the previous point) when a grid too coarse has made it worse. */
  readonly mu?: number | "auto";
  readonly rounding?: Rounding;
  readonly option?: AnchorOption;
  /** Rows per stochastic step (default 1): a step is then `stepSize` times the mean gradient of 8, 16 or 32 rows, all at the same delta. Not fewer outer steps, but
   *  up to several times as many rows per second, most on narrow data. "auto" of `stepSize` becomes B/(2L), at most 1/λmax, of `innerSteps`
   *  2 × rows ÷ B. The rows of a batch stand together in a random order made once per dataset, in a copy of the codes of their own.
   *  Needs dense rows of 8 bits, 16 bits of delta (then the default) and a loss with one output. */
  readonly batchSize?: BatchSize;
}

/**
 * Runs HALP; yields the starting point and then one report per outer step. `break` when satisfied.
 * @throws BitcenterError BAD_OPTION at once; DISPOSED, OUT_OF_MEMORY while it runs
 */
export function halp(problem: Problem, options: HalpOptions = {}): Generator<StepReport, void, undefined> {
  return reportsOf(halpSteps(problem, options));
}

/** `halp`, with pauses. @internal */
export function halpSteps(problem: Problem, options: HalpOptions = {}): Steps<StepReport> {
  const where = "halp";
  const common = checkCommon(where, problem, options, ["bits", "mu", "rounding", "option", "batchSize"]);
  const batchSize = checkBatchSize(where, options.batchSize, problem, options.bits);
  return runCentred(
    where,
    problem,
    { ...common, batchSize },
    {
      bits: checkBits(where, options.bits === undefined && batchSize > 1 ? 16 : options.bits, problem),
      mu: numberOrAuto(where, "mu", options.mu, { above: 0 }),
      isStochastic: checkRounding(where, options.rounding) === "stochastic",
      isOptionTwo: checkAnchorOption(where, options.option) === "II",
      hasTable: false,
    },
  );
}

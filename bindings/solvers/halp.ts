// HALP: SVRG with bit centring.
//   minimise  F(w, b) = 1/n Σ ωᵢ loss(w·xᵢ + b, yᵢ) + l2/2 ‖w‖²
// Given     codes of the data, bits of delta, mu, stepSize α, innerSteps T, seed
// Each outer step:  fullGradient at the anchor, exactly;  deltaScale = ‖fullGradient‖/(mu·(2^(bits−1) − 1));
//           T × delta ← Q(delta − α·(∇fᵢ(anchor + delta) − ∇fᵢ(anchor) + fullGradient)),  all on integers;  anchor += delta
// As the gradient shrinks, so does the grid: the bits are re-centred around the solution and no noise floor remains.
// Result    reports with the anchor's weights in float64
// See HALP, De Sa et al. 2018 (arXiv 1803.03383), Algorithm 3 and §5 (linear models). Integer formats and bounds: docs/numerics.md §5, §9.
import type { Problem } from "../data/problem.js";
import { numberOrAuto } from "../options.js";
import { runCentred } from "./centred.js";
import {
  type AnchorOption,
  type CommonOptions,
  checkAnchorOption,
  checkBits,
  checkCommon,
  checkRounding,
  type DeltaBits,
  type Rounding,
} from "./options.js";
import type { StepReport } from "./report.js";

export interface HalpOptions extends CommonOptions {
  /** Bits of delta: 8 as published (needs 8-bit data), 16 as measurements recommend (default: those of the data). */
  readonly bits?: DeltaBits;
  /** Range knob: delta reaches ‖fullGradient‖/mu in every unit coordinate. In theory the strong-convexity constant; too large is slow, too small
   *  loses precision and may diverge at 8 bits. "auto" follows how much of the range the last outer step used, and
   *  takes an outer step back (the report then repeats the previous point) when a grid too coarse has made it worse. */
  readonly mu?: number | "auto";
  readonly rounding?: Rounding;
  readonly option?: AnchorOption;
}

/**
 * Runs HALP; yields the starting point and then one report per outer step. `break` when satisfied.
 * @throws BitcenterError BAD_OPTION at once; DISPOSED, OUT_OF_MEMORY while it runs
 */
export function halp(problem: Problem, options: HalpOptions = {}): Generator<StepReport, void, undefined> {
  const where = "halp";
  const common = checkCommon(where, problem, options, ["bits", "mu", "rounding", "option"]);
  return runCentred(where, problem, common, {
    bits: checkBits(where, options.bits, problem),
    mu: numberOrAuto(where, "mu", options.mu, { above: 0 }),
    isStochastic: checkRounding(where, options.rounding) === "stochastic",
    isOptionTwo: checkAnchorOption(where, options.option) === "II",
    hasTable: false,
  });
}

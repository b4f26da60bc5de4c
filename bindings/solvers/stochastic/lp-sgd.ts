// LP-SGD: SGD whose model lives on one fixed grid, w ← Q(w − α·∇fᵢ(w)).
// Two noise floors add up: the gradient noise of SGD (∝ α) and the rounding noise of the grid (∝ d·deltaScale²/α).
// See HALP, De Sa et al. 2018 (arXiv 1803.03383), §3; ZipML, Zhang et al. 2017 (arXiv 1611.05402). Integer formats: docs/numerics.md §5.
import type { Problem } from "../../data/problem.js";
import { reportsOf, type Steps } from "../../engine/work.js";
import { checkLp, type LpOptions, runOnGrid } from "./lp-svrg.js";
import { checkCommon } from "./options.js";
import type { StepReport } from "./report.js";

/**
 * Runs LP-SGD; yields the starting point (rounded to the grid) and then one report per `innerSteps` steps.
 * @throws BitcenterError BAD_OPTION at once; DISPOSED, OUT_OF_MEMORY while it runs
 */
export function lpSgd(problem: Problem, options: LpOptions = {}): Generator<StepReport, void, undefined> {
  return reportsOf(lpSgdSteps(problem, options));
}

/** `lpSgd`, with pauses. @internal */
export function lpSgdSteps(problem: Problem, options: LpOptions = {}): Steps<StepReport> {
  const where = "lpSgd";
  const common = checkCommon(where, problem, options, ["bits", "range", "rounding"]);
  return runOnGrid(where, problem, common, checkLp(where, problem, options), false, false);
}

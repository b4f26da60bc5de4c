// Variance-optimal levels of a dataset's unit values: the seam between the solver and the level solvers.
import type { Dataset } from "../../data/dataset.js";
import { BitcenterError } from "../../errors.js";

/**
 * `count` ascending levels from −1 to 1 that cover the unit values of `dataset`, least in mean variance under stochastic rounding.
 * @throws BitcenterError UNSUPPORTED: no level solver is built in yet
 */
export function datasetLevels(_dataset: Dataset, _hasIntercept: boolean, count: number): Float64Array {
  throw new BitcenterError(
    "UNSUPPORTED",
    `zipml: levels: "optimal" is not available yet: give an array of ${count} levels, or use "uniform"`,
  );
}

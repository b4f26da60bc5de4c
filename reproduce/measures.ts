// Figures that the tables of reproduce/ and bench/ share.
import type { Dataset, Problem, WeightsInput } from "../bindings/index.js";

/** Of an even number of values the mean of the middle two; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Share of the rows of `test` whose label has the largest margin (softmax). */
export function accuracy(problem: Problem, test: Dataset, weights: WeightsInput): number {
  const margins = problem.margins(weights, test);
  const { outputs, classes } = problem;
  let right = 0;
  for (let i = 0; i < test.rows; i++) {
    const row = margins.subarray(i * outputs, (i + 1) * outputs);
    if (classes[row.indexOf(Math.max(...row))] === (test.labels as Float64Array)[i]) right++;
  }
  return right / test.rows;
}

// Curvature of the rows, in parts.
import type { Problem } from "../../data/problem.js";
import type { Core } from "../../engine/core.js";
import { eachPart, type Work } from "../../engine/work.js";
import type { Curvature, RowFacts } from "./products.js";

/** The curvature of every row at its state, rows f32 at `h`; with several classes their states say it all. epsilon: where huber bends. */
export function* writeCurvature(
  { core, outputs, lossId }: Problem,
  { rows, weights }: RowFacts,
  epsilon: number,
  state: number,
  h: number,
): Work<void> {
  if (outputs > 1) return;
  yield* eachPart(core, rows, 2, 1, (row, count) => {
    const omega = weights.f32 === 0 ? 0 : weights.f32 + 4 * row;
    core.kernels.curvatureRows(lossId, state + 4 * row, omega, count, epsilon, h + 4 * row);
  });
}

/** The curvature of the rows from `row` on. */
export function partOfCurvature({ h, p, weights }: Curvature, row: number, outputs: number): Curvature {
  return {
    h: h === 0 ? 0 : h + 4 * row,
    p: p === 0 ? 0 : p + 4 * row * outputs,
    weights: weights === 0 ? 0 : weights + 4 * row,
  };
}

/** Curvature of every row as one number: rows f32 at `out`. Returns the largest. */
export function* rowWeights(
  core: Core,
  curvature: Curvature,
  rows: number,
  outputs: number,
  out: number,
): Work<number> {
  let top = 0;
  yield* eachPart(core, rows, 2 * outputs, 1, (row, count) => {
    const { h, p, weights } = partOfCurvature(curvature, row, outputs);
    top = Math.max(top, core.kernels.rowWeights(h, p, weights, count, outputs, out + 4 * row));
  });
  return top;
}

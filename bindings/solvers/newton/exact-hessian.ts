// Hessian products in float64 on the exact copy, for directions so weak that the codes do not show them.
import type { Frame } from "../../data/dataset.js";
import type { Problem } from "../../data/problem.js";
import { eachPart, type Work } from "../../engine/work.js";
import { partOfCurvature } from "./curvature.js";
import type { Curvature } from "./products.js";

/** out = H·p for all rows; p, out: outputs × padded f64 in code coordinates; t: work space, rows × outputs f64. */
export function* exactHessian(
  problem: Problem,
  frame: Frame,
  p: number,
  curvature: Curvature,
  t: number,
  out: number,
): Work<void> {
  yield* problem.exactMargins(frame, p, t);
  const { core, dataset, outputs } = problem;
  yield* eachPart(core, dataset.rows, 2 * outputs, 1, (first, count) => {
    const { h, p: probabilities, weights } = partOfCurvature(curvature, first, outputs);
    core.kernels.applyCurvature(t + 8 * first * outputs, h, probabilities, weights, count, outputs);
  });
  yield* problem.exactGradient(frame, p, t, out);
}

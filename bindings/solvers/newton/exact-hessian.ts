// Hessian products in float64 on the exact copy, for directions so weak that the codes do not show them.
import type { Frame } from "../../data/dataset.js";
import type { Problem } from "../../data/problem.js";
import type { Work } from "../../engine/work.js";
import type { Curvature } from "./products.js";

/** out = H·p for all rows; p, out: outputs × padded f64 in code coordinates; t: work space, rows × outputs f64. */
export function* exactHessian(
  problem: Problem,
  frame: Frame,
  p: number,
  { h, p: probabilities, weights }: Curvature,
  t: number,
  out: number,
): Work<void> {
  yield* problem.exactMargins(frame, p, t);
  problem.core.kernels.applyCurvature(t, h, probabilities, weights, problem.dataset.rows, problem.outputs);
  yield* problem.exactGradient(frame, p, t, out);
}

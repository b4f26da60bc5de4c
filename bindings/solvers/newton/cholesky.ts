// Cholesky factors and solves, in parts.
import type { Core } from "../../engine/core.js";
import { eachPart, type Work } from "../../engine/work.js";

/** Replaces a matrix (n × n f64, the upper part) by its Cholesky factor; false where it has none. */
export function* factorise(core: Core, matrix: number, n: number): Work<boolean> {
  let isPositive = true;
  // row j loses j rows above it, of n − j columns each
  yield* eachPart(core, n, (n * n) / 4, 1, (first, count) => {
    const end = first + count;
    isPositive &&= core.kernels.choleskyFactor(matrix, n, first, end) === end;
  });
  return isPositive;
}

/** b → (FᵀF)⁻¹b in place for a factor F of n rows; b: count vectors of n f64, `pitch` numbers apart. Four rows at a time, forward and back. */
export function solveFactored(
  core: Core,
  factor: number,
  n: number,
  b: number,
  pitch: number,
  count: number,
): Work<void> {
  return eachPart(core, 2 * Math.ceil(n / 4), 4 * n * count, 1, (first, some) => {
    core.kernels.choleskySolve(factor, n, b, pitch, count, first, first + some);
  });
}

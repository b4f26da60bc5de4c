// Seeded sparse problems for tests of the stochastic solvers, with the same rows dense.
import type { LossName } from "../../bindings/index.js";
import type { Problem as ExactProblem } from "../oracle/objective.js";
import { dice } from "./data.js";

export interface SparseSample {
  readonly matrix: {
    readonly data: Float64Array;
    readonly indices: Int32Array;
    readonly indptr: Int32Array;
    readonly rows: number;
    readonly cols: number;
  };
  /** The same, rows × cols. */
  readonly dense: Float64Array;
  readonly labels: Float64Array;
  /** Positive, between ½ and 2. */
  readonly weights: Float64Array;
}

/**
 * About `entries` entries a row, popular columns first; of the last columns one is in one row only and one in none. `value`: what stands in an entry.
 * Labels of a noisy linear model that fit `loss`.
 */
export function sparseSample(
  loss: LossName,
  rows: number,
  cols: number,
  entries: number,
  seed: number,
  classes = 3,
  value: (normal: number, column: number) => number = (normal) => normal,
): SparseSample {
  const { normal, uniform, below } = dice(seed);
  const indptr = new Int32Array(rows + 1);
  const indices: number[] = [];
  const data: number[] = [];
  const dense = new Float64Array(rows * cols);
  const outputs = loss === "softmax" ? classes : 1;
  const truth = Float64Array.from({ length: outputs * cols }, normal);
  const labels = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const own = new Set<number>();
    // the product of two uniform numbers: low columns come often
    for (let e = 0; e < entries; e++) own.add(Math.floor(((1 + uniform()) / 2) * below(cols - 2)));
    if (i === rows >> 1) own.add(cols - 2);
    const margins = Array.from({ length: outputs }, () => normal());
    for (const j of [...own].sort((a, b) => a - b)) {
      const x = value(normal(), j);
      indices.push(j);
      data.push(x);
      dense[i * cols + j] = x;
      for (let c = 0; c < outputs; c++) margins[c] = (margins[c] as number) + (truth[c * cols + j] as number) * x;
    }
    indptr[i + 1] = indices.length;
    const first = margins[0] as number;
    if (loss === "softmax") labels[i] = i < classes ? i : margins.indexOf(Math.max(...margins));
    else if (loss === "squared" || loss === "huber") labels[i] = first;
    else labels[i] = i < 2 ? i : first > 0 ? 1 : 0;
  }
  const weights = Float64Array.from({ length: rows }, () => 1.25 + 0.75 * uniform());
  const matrix = { data: Float64Array.from(data), indices: Int32Array.from(indices), indptr, rows, cols };
  return { matrix, dense, labels, weights };
}

/** The problem as the oracle states it. */
export function exactOf(
  { matrix, dense, labels, weights }: SparseSample,
  loss: LossName,
  { l2, classes, isWeighted = false }: { l2: number; classes: number; isWeighted?: boolean },
): ExactProblem {
  const isSigned = loss === "logistic" || loss === "squaredHinge" || loss === "hinge";
  return {
    values: dense,
    rows: matrix.rows,
    cols: matrix.cols,
    labels: isSigned ? labels.map((y) => 2 * y - 1) : labels,
    loss,
    classes,
    l2,
    intercept: true,
    ...(isWeighted && { weights }),
  };
}

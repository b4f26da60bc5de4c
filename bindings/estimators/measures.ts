// How well predictions agree with the truth. Plain float64 sums in one fixed order.
import type { Work } from "../engine/work.js";
import { BitcenterError } from "../errors.js";
import { type Label, rowWeights } from "./labels.js";

/** Rows between two pauses. */
const CHUNK = 1 << 16;

/** The weights that a score is asked for with: one ≥ 0 per row, one of them above 0; null where none are given. */
export function* scoreWeights(
  where: string,
  sampleWeight: ArrayLike<number> | undefined,
  rows: number,
): Work<Float64Array | null> {
  const weights = yield* rowWeights(where, sampleWeight, null, null, rows);
  if (weights !== null && !weights.some((weight) => weight > 0)) {
    throw new BitcenterError(
      "BAD_VALUE",
      `${where}: sampleWeight: expected a weight above 0 for at least one row, given 0 for all ${rows}`,
    );
  }
  return weights;
}

/** Σ w·value / Σ w over rows; weights null: all 1. */
function* mean(rows: number, value: (i: number) => number, weights: Float64Array | null): Work<number> {
  let [sum, total] = [0, 0];
  for (let i = 0; i < rows; i++) {
    if (i % CHUNK === CHUNK - 1) yield;
    const weight = weights === null ? 1 : (weights[i] as number);
    // rows without weight may hold what overflows
    if (weight > 0) sum += weight * value(i);
    total += weight;
  }
  return sum / total;
}

/** The (weighted) part of the rows whose label is predicted. */
export function* accuracy(
  predicted: ArrayLike<Label>,
  truth: ArrayLike<Label>,
  weights: Float64Array | null,
): Work<number> {
  return yield* mean(truth.length, (i) => (predicted[i] === truth[i] ? 1 : 0), weights);
}

/**
 * R² = 1 − Σw(y − ŷ)²/Σw(y − ȳ)². Where all y are the same there is nothing to explain: 1 if every one is met exactly, else 0, as scikit-learn's r2_score has it. Whether they are
 * is told from the values: the sum of squares about a rounded mean need not be 0.
 */
export function* r2(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  weights: Float64Array | null,
): Work<number> {
  const rows = truth.length;
  const y = (i: number): number => truth[i] as number;
  const counts = (i: number): boolean => weights === null || (weights[i] as number) > 0;
  let first = 0;
  while (!counts(first)) first++;
  let [isConstant, isExact] = [true, true];
  for (let i = first; i < rows; i++) {
    if (i % CHUNK === CHUNK - 1) yield;
    if (!counts(i)) continue;
    isConstant &&= y(i) === y(first);
    isExact &&= y(i) === predicted[i];
  }
  if (isConstant || isExact) return isExact ? 1 : 0;
  const centre = yield* mean(rows, y, weights);
  const square = (x: number): number => x * x;
  const left = yield* mean(rows, (i) => square(y(i) - (predicted[i] as number)), weights);
  const all = yield* mean(rows, (i) => square(y(i) - centre), weights);
  // squares of what is tiny may be 0
  return all > 0 ? 1 - left / all : 0;
}

// What fitted weights say of rows: scores, probabilities, losses. Plain float64 dots in one fixed order and without an engine: whoever predicts needs
// neither WebAssembly nor a second copy of the rows (docs/decisions/0021).
import { type CheckedMatrix, checkMatrix, isSparse, type SparseMatrix } from "../data/matrix.js";
import type { LossName, Weights } from "../data/problem.js";
import { finish, type Work } from "../engine/work.js";
import { BitcenterError } from "../errors.js";
import { exp, log, log1p } from "./elementary.js";
import { blocksOf, type RowsInput, shapeOf } from "./rows.js";

/** Products, and losses, between two pauses. */
const PIECE = 1 << 21;
const LOSSES = 1 << 16;
/** Stored values of sparse rows that are made float64 at a time. */
const BLOCK_VALUES = 1 << 14;

/** wᵀx of `length` columns in four interleaved sums. */
function dot(w: Float64Array, k: number, x: Float64Array, i: number, length: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  const whole = length - (length % 4);
  for (let j = 0; j < whole; j += 4) {
    a += (w[k + j] as number) * (x[i + j] as number);
    b += (w[k + j + 1] as number) * (x[i + j + 1] as number);
    c += (w[k + j + 2] as number) * (x[i + j + 2] as number);
    d += (w[k + j + 3] as number) * (x[i + j + 3] as number);
  }
  for (let j = whole; j < length; j++) a += (w[k + j] as number) * (x[i + j] as number);
  return a + c + (b + d);
}

/** w·x + b of every row: rows × outputs, row-major. cols: the model's. */
export function* scoresOf(where: string, weights: Weights, cols: number, input: RowsInput): Work<Float64Array> {
  const shape = shapeOf(where, input);
  if (shape.cols !== cols) {
    throw new BitcenterError("BAD_SHAPE", `${where}: rows have ${shape.cols} columns, the model ${cols}`);
  }
  const outputs = weights.intercept.length;
  const scores = new Float64Array(shape.rows * outputs);
  if (isSparse(input)) yield* scoreSparse(weights, cols, input, scores);
  else yield* scoreDense(weights, yield* checkMatrix(where, input), scores);
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  if (bad >= 0) checkRow(where, input, Math.floor(bad / outputs), cols);
  return scores;
}

function* scoreDense({ coef, intercept }: Weights, matrix: CheckedMatrix, scores: Float64Array): Work<void> {
  const outputs = intercept.length;
  const { cols } = matrix;
  let done = 0;
  for (const { x, first, count } of blocksOf(matrix)) {
    for (let i = 0; i < count; i++) {
      for (let k = 0; k < outputs; k++) {
        scores[(first + i) * outputs + k] = dot(coef, k * cols, x, i * cols, cols) + (intercept[k] as number);
      }
    }
    done += count * outputs * cols;
    if (done >= PIECE) {
      done = 0;
      yield;
    }
  }
}

function* scoreSparse(
  { coef, intercept }: Weights,
  cols: number,
  { data, indices, indptr, rows }: SparseMatrix,
  scores: Float64Array,
): Work<void> {
  const outputs = intercept.length;
  // class after class of a column side by side: a stored value meets its weights in one place
  const columns = new Float64Array(coef.length);
  for (let k = 0; k < outputs; k++) {
    for (let j = 0; j < cols; j++) columns[j * outputs + k] = coef[k * cols + j] as number;
  }
  const values = new Float64Array(BLOCK_VALUES);
  let done = 0;
  let [loaded, base] = [0, 0];
  for (let i = 0; i < rows; i++) {
    const to = i * outputs;
    for (let k = 0; k < outputs; k++) scores[to + k] = intercept[k] as number;
    const end = indptr[i + 1] as number;
    for (let at = indptr[i] as number; at < end; at++) {
      if (at >= loaded) {
        base = at;
        loaded = Math.min(data.length, at + BLOCK_VALUES);
        values.set(data.subarray(base, loaded));
      }
      const value = values[at - base] as number;
      const from = (indices[at] as number) * outputs;
      for (let k = 0; k < outputs; k++) {
        scores[to + k] = (scores[to + k] as number) + value * (columns[from + k] as number);
      }
    }
    done += (end - (indptr[i] as number)) * outputs;
    if (done >= PIECE) {
      done = 0;
      yield;
    }
  }
}

/** Throws when a row holds NaN or infinity; a score of finite values may overflow, then there is none. */
function checkRow(where: string, input: RowsInput, row: number, cols: number): void {
  const complain = (column: number, value: number): never => {
    throw new BitcenterError(
      "BAD_VALUE",
      `${where}: row ${row}, column ${column}: expected a finite number, given ${value}`,
    );
  };
  if (isSparse(input)) {
    for (let at = input.indptr[row] as number; at < (input.indptr[row + 1] as number); at++) {
      if (!Number.isFinite(input.data[at])) complain(input.indices[at] as number, input.data[at] as number);
    }
    return;
  }
  for (const { x, first, count } of blocksOf(finish(checkMatrix(where, input)))) {
    if (row < first || row >= first + count) continue;
    for (let j = 0; j < cols; j++) {
      const value = x[(row - first) * cols + j] as number;
      if (!Number.isFinite(value)) complain(j, value);
    }
  }
}

/** Place of the largest score of each row, of equal ones the first; of one score, whether it is above 0. */
export function winners(scores: Float64Array, outputs: number): Uint16Array {
  const places = new Uint16Array(scores.length / outputs);
  for (let i = 0; i < places.length; i++) {
    if (outputs === 1) places[i] = (scores[i] as number) > 0 ? 1 : 0;
    else {
      let best = 0;
      for (let k = 1; k < outputs; k++) {
        if ((scores[i * outputs + k] as number) > (scores[i * outputs + best] as number)) best = k;
      }
      places[i] = best;
    }
  }
  return places;
}

/** 1/(1 + e⁻ᵐ), with full relative accuracy on both sides. */
function sigmoid(m: number): number {
  const small = exp(-Math.abs(m));
  return m >= 0 ? 1 / (1 + small) : small / (1 + small);
}

/** Probabilities of the classes: rows × classes, row-major. One score: logistic; several: softmax, or each against the rest and then divided by their sum. */
export function probabilities(scores: Float64Array, outputs: number, isSoftmax: boolean): Float64Array {
  if (outputs === 1) {
    const both = new Float64Array(2 * scores.length);
    scores.forEach((m, i) => {
      both[2 * i] = sigmoid(-m);
      both[2 * i + 1] = sigmoid(m);
    });
    return both;
  }
  const all = new Float64Array(scores.length);
  for (let first = 0; first < scores.length; first += outputs) {
    const row = scores.subarray(first, first + outputs);
    let top = row[0] as number;
    for (const m of row) top = Math.max(top, m);
    let total = 0;
    for (let k = 0; k < outputs; k++) {
      const value = isSoftmax ? exp((row[k] as number) - top) : sigmoid(row[k] as number);
      all[first + k] = value;
      total += value;
    }
    // each against the rest: all of them may be sure of the rest
    for (let k = 0; k < outputs; k++) all[first + k] = total > 0 ? (all[first + k] as number) / total : 1 / outputs;
  }
  return all;
}

/** ln(1 + e⁻ᵐ). */
function logistic(m: number): number {
  return log1p(exp(-Math.abs(m))) + Math.max(-m, 0);
}

/** Loss of one row. y: ±1, a target, or for softmax the place of the class. */
export function lossOf(
  loss: LossName,
  scores: Float64Array,
  at: number,
  outputs: number,
  y: number,
  tau: number,
): number {
  const m = scores[at] as number;
  switch (loss) {
    case "logistic":
      return logistic(y * m);
    case "softmax": {
      const own = scores[at + y] as number;
      let top = m;
      for (let k = 1; k < outputs; k++) top = Math.max(top, scores[at + k] as number);
      let total = 0;
      for (let k = 0; k < outputs; k++) total += exp((scores[at + k] as number) - top);
      return log(total) + (top - own);
    }
    case "hinge":
      return Math.max(0, 1 - y * m);
    case "squaredHinge":
      return 0.5 * Math.max(0, 1 - y * m) * Math.max(0, 1 - y * m);
    case "squared":
      return 0.5 * (m - y) * (m - y);
    default: {
      const r = Math.abs(m - y);
      return r <= tau ? 0.5 * r * r : tau * (r - 0.5 * tau);
    }
  }
}

/** Weighted mean loss of rows with their scores. */
export function* meanLoss(
  loss: LossName,
  scores: Float64Array,
  outputs: number,
  targets: Float64Array,
  weights: Float64Array | null,
  tau: number,
): Work<number> {
  let [sum, total] = [0, 0];
  const each = Math.ceil(LOSSES / outputs);
  for (let i = 0; i < targets.length; i++) {
    if (i % each === each - 1) yield;
    const weight = weights === null ? 1 : (weights[i] as number);
    sum += weight * lossOf(loss, scores, i * outputs, outputs, targets[i] as number, tau);
    total += weight;
  }
  return sum / total;
}

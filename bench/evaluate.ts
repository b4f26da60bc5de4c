// The one judge of all weights: objective and gradient in plain float64 on the set's values as they are (bytes ÷ top, unrounded).
import type { BenchSet } from "./sets.js";

/** Below this density only the nonzeros are walked. */
const SPARSE = 0.3;

interface Sparse {
  readonly starts: Int32Array;
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

function compress({ raw, rows, cols, top }: BenchSet): Sparse {
  let count = 0;
  for (let at = 0; at < raw.length; at++) if (raw[at] !== 0) count++;
  const starts = new Int32Array(rows + 1);
  const columns = new Int32Array(count);
  const values = new Float64Array(count);
  let at = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const value = raw[i * cols + j] as number;
      if (value === 0) continue;
      columns[at] = j;
      values[at++] = value / top;
    }
    starts[i + 1] = at;
  }
  return { starts, columns, values };
}

export class Judge {
  readonly size: number;
  readonly #set: BenchSet;
  readonly #sparse: Sparse | null;

  constructor(set: BenchSet) {
    this.#set = set;
    this.size = set.outputs * set.cols;
    this.#sparse = set.density < SPARSE ? compress(set) : null;
  }

  /** F(w); w: outputs × cols. With `gradient` (of w's size) its gradient too. */
  objective(w: Float64Array, gradient: Float64Array | null = null): number {
    const { rows, cols, outputs, loss, l2, top, labels, raw } = this.#set;
    if (w.length !== this.size) throw new Error(`weights of length ${w.length}, expected ${this.size}`);
    const sparse = this.#sparse;
    // class-contiguous: one value meets all its weights side by side
    const turned = new Float64Array(this.size);
    const sums = new Float64Array(this.size);
    for (let c = 0; c < outputs; c++) {
      for (let j = 0; j < cols; j++) turned[j * outputs + c] = w[c * cols + j] as number;
    }
    const margins = new Float64Array(outputs);
    let total = 0;
    let lost = 0;
    for (let i = 0; i < rows; i++) {
      margins.fill(0);
      const [from, to] = sparse === null ? [0, cols] : [sparse.starts[i] as number, sparse.starts[i + 1] as number];
      for (let at = from; at < to; at++) {
        const j = sparse === null ? at : (sparse.columns[at] as number);
        const x = sparse === null ? (raw[i * cols + j] as number) / top : (sparse.values[at] as number);
        for (let c = 0; c < outputs; c++) {
          margins[c] = (margins[c] as number) + x * (turned[j * outputs + c] as number);
        }
      }
      const value = derive(loss, margins, labels[i] as number);
      // Neumaier's compensated sum: a million rows must not cost the gap's last digits
      const next = total + value;
      lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
      total = next;
      if (gradient === null) continue;
      for (let at = from; at < to; at++) {
        const j = sparse === null ? at : (sparse.columns[at] as number);
        const x = sparse === null ? (raw[i * cols + j] as number) / top : (sparse.values[at] as number);
        for (let c = 0; c < outputs; c++) {
          sums[j * outputs + c] = (sums[j * outputs + c] as number) + x * (margins[c] as number);
        }
      }
    }
    let squares = 0;
    for (const one of w) squares += one * one;
    if (gradient !== null) {
      for (let c = 0; c < outputs; c++) {
        for (let j = 0; j < cols; j++) {
          const at = c * cols + j;
          gradient[at] = (sums[j * outputs + c] as number) / rows + l2 * (w[at] as number);
        }
      }
    }
    return (total + lost) / rows + 0.5 * l2 * squares;
  }
}

/** The loss of one row; margins are replaced by the derivatives. */
function derive(loss: BenchSet["loss"], margins: Float64Array, label: number): number {
  const first = margins[0] as number;
  if (loss === "squared") {
    const error = first - label;
    margins[0] = error;
    return 0.5 * error * error;
  }
  if (loss === "logistic") {
    const t = label * first;
    const small = Math.exp(-Math.abs(t));
    margins[0] = (-label * (t >= 0 ? small : 1)) / (1 + small);
    return Math.max(0, -t) + Math.log1p(small);
  }
  let largest = Number.NEGATIVE_INFINITY;
  for (const one of margins) if (one > largest) largest = one;
  const own = margins[label] as number;
  let sum = 0;
  for (let c = 0; c < margins.length; c++) {
    margins[c] = Math.exp((margins[c] as number) - largest);
    sum += margins[c] as number;
  }
  for (let c = 0; c < margins.length; c++) margins[c] = (margins[c] as number) / sum - (c === label ? 1 : 0);
  return Math.log(sum) + largest - own;
}

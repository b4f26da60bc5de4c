// L-BFGS (Nocedal & Wright, algorithms 7.4 and 7.5) and, for the plain JavaScript competitor, the objective on typed arrays: float32 data, float64 sums,
// one walk over the data per evaluation, dots unrolled, classes in blocks. Knows nothing of the engine.
import type { BenchSet } from "./sets.js";

/** F(w); its gradient goes to `gradient`. */
export type Objective = (w: Float64Array, gradient: Float64Array) => number;

export interface LbfgsOptions {
  readonly memory?: number;
  readonly maxIterations?: number;
  /** Relative rounding of F: what a step may seem to rise by. */
  readonly noise?: number;
  /** After every iteration, with arrays that are not changed afterwards; false ends the run. */
  readonly onIterate: (w: Float64Array, objective: number, gradient: Float64Array) => boolean;
}

/** A gap that needs no further iterations, relative to the fall of F so far. */
const SETTLED = 1e-11;
/** Iterations in which the gradient must fall by a tenth; where float32 gradients end, it does not. */
const PATIENCE = 150;

/** Tells when L-BFGS has gone far enough: F is l2-strongly convex, so its gap is at most ‖∇F‖²/(2·l2). */
export function settling(l2: number): (objective: number, gradient: Float64Array) => boolean {
  let first = Number.NaN;
  let least = Number.POSITIVE_INFINITY;
  let since = 0;
  return (objective, gradient) => {
    if (Number.isNaN(first)) first = objective;
    const squares = dot(gradient, gradient);
    since++;
    if (squares < 0.81 * least) [least, since] = [squares, 0];
    return since > PATIENCE || squares <= 2 * l2 * SETTLED * (first - objective);
  };
}

const ARMIJO = 1e-4;
const CURVATURE = 0.9;
const MOST_TRIALS = 30;

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k] as number) * (b[k] as number);
  return sum;
}

/** y += t·x */
function add(y: Float64Array, t: number, x: Float64Array): void {
  for (let k = 0; k < y.length; k++) y[k] = (y[k] as number) + t * (x[k] as number);
}

/** From zero. Ends by itself where no step along the steepest descent lowers F any more. */
export function minimise(size: number, objective: Objective, options: LbfgsOptions): void {
  const { memory = 10, maxIterations = 10_000, noise = 1e-15, onIterate } = options;
  let w: Float64Array = new Float64Array(size);
  let gradient: Float64Array = new Float64Array(size);
  let value = objective(w, gradient);
  const pairs: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    const direction = gradient.map((one) => -one);
    const factors: number[] = [];
    for (let p = pairs.length - 1; p >= 0; p--) {
      const { s, y, rho } = pairs[p] as (typeof pairs)[number];
      factors[p] = rho * dot(s, direction);
      add(direction, -(factors[p] as number), y);
    }
    const last = pairs.at(-1);
    const first = last === undefined ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
    if (last !== undefined) {
      const gamma = 1 / (last.rho * dot(last.y, last.y));
      for (let k = 0; k < size; k++) direction[k] = (direction[k] as number) * gamma;
    }
    pairs.forEach(({ s, y, rho }, p) => {
      add(direction, (factors[p] as number) - rho * dot(y, direction), s);
    });
    const found = search(objective, w, value, gradient, direction, first, noise * Math.abs(value));
    if (found === null) {
      if (pairs.length === 0) return;
      pairs.length = 0;
      continue;
    }
    const s = found.w.map((one, k) => one - (w[k] as number));
    const y = found.gradient.map((one, k) => one - (gradient[k] as number));
    const curvature = dot(s, y);
    if (curvature > 1e-14 * dot(s, s)) {
      if (pairs.length === memory) pairs.shift();
      pairs.push({ s, y, rho: 1 / curvature });
    }
    ({ w, gradient, value } = found);
    if (!onIterate(w, value, gradient)) return;
  }
}

/** A point that fulfils the Wolfe conditions, by bracketing with interpolation; null: none was found. */
function search(
  objective: Objective,
  w: Float64Array,
  value: number,
  gradient: Float64Array,
  direction: Float64Array,
  first: number,
  slack: number,
): { w: Float64Array; gradient: Float64Array; value: number } | null {
  const slope = dot(gradient, direction);
  if (!(slope < 0)) return null;
  let low = { step: 0, value, slope };
  let high: { step: number; value: number } | null = null;
  let step = first;
  for (let trial = 0; trial < MOST_TRIALS; trial++) {
    const there = w.map((one, k) => one + step * (direction[k] as number));
    const g = new Float64Array(w.length);
    const f = objective(there, g);
    const steep = dot(g, direction);
    const falls = f <= value + ARMIJO * step * slope;
    // where rounding hides the decrease, the slope tells (Hager & Zhang 2005)
    const seemsFlat = f <= value + slack && steep <= (2 * ARMIJO - 1) * slope;
    if (!falls && !seemsFlat) high = { step, value: f };
    else if (steep < CURVATURE * slope) low = { step, value: f, slope: steep };
    else return { w: there, gradient: g, value: f };
    if (high === null) step *= 2;
    else {
      const width = high.step - low.step;
      const bend = high.value - low.value - low.slope * width;
      const wanted = bend > 0 ? (-low.slope * width) / (2 * bend) : 0.5;
      step = low.step + width * Math.min(0.9, Math.max(0.1, wanted));
    }
  }
  return null;
}

// --- the objective on typed arrays ---

/** Row i: the loss; margins become derivatives. */
function rowLoss({ loss, labels }: BenchSet, i: number, margins: Float64Array): number {
  const y = labels[i] as number;
  if (loss === "softmax") {
    let largest = margins[0] as number;
    for (let c = 1; c < margins.length; c++) if ((margins[c] as number) > largest) largest = margins[c] as number;
    const own = margins[y] as number;
    let sum = 0;
    for (let c = 0; c < margins.length; c++) {
      const e = Math.exp((margins[c] as number) - largest);
      margins[c] = e;
      sum += e;
    }
    for (let c = 0; c < margins.length; c++) margins[c] = (margins[c] as number) / sum;
    margins[y] = (margins[y] as number) - 1;
    return Math.log(sum) + largest - own;
  }
  const m = margins[0] as number;
  if (loss === "squared") {
    margins[0] = m - y;
    return 0.5 * (m - y) * (m - y);
  }
  const t = y * m;
  const e = Math.exp(-Math.abs(t));
  margins[0] = (-y * (t >= 0 ? e : 1)) / (1 + e);
  return Math.max(0, -t) + Math.log1p(e);
}

/** margins[c … c+4] = dots of a row with five rows of weights: each value is loaded once. */
function dots5(x: Float32Array, from: number, cols: number, w: Float64Array, at: number, m: Float64Array, c: number) {
  const b = at + cols;
  const d = b + cols;
  const e = d + cols;
  const g = e + cols;
  let m0 = 0;
  let m1 = 0;
  let m2 = 0;
  let m3 = 0;
  let m4 = 0;
  for (let j = 0; j < cols; j++) {
    const value = x[from + j] as number;
    m0 += value * (w[at + j] as number);
    m1 += value * (w[b + j] as number);
    m2 += value * (w[d + j] as number);
    m3 += value * (w[e + j] as number);
    m4 += value * (w[g + j] as number);
  }
  m[c] = m0;
  m[c + 1] = m1;
  m[c + 2] = m2;
  m[c + 3] = m3;
  m[c + 4] = m4;
}

function adds5(x: Float32Array, from: number, cols: number, w: Float64Array, at: number, m: Float64Array, c: number) {
  const b = at + cols;
  const d = b + cols;
  const e = d + cols;
  const g = e + cols;
  const m0 = m[c] as number;
  const m1 = m[c + 1] as number;
  const m2 = m[c + 2] as number;
  const m3 = m[c + 3] as number;
  const m4 = m[c + 4] as number;
  for (let j = 0; j < cols; j++) {
    const value = x[from + j] as number;
    w[at + j] = (w[at + j] as number) + m0 * value;
    w[b + j] = (w[b + j] as number) + m1 * value;
    w[d + j] = (w[d + j] as number) + m2 * value;
    w[e + j] = (w[e + j] as number) + m3 * value;
    w[g + j] = (w[g + j] as number) + m4 * value;
  }
}

function dot1(x: Float32Array, from: number, cols: number, w: Float64Array, at: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let j = 0;
  for (; j + 3 < cols; j += 4) {
    s0 += (x[from + j] as number) * (w[at + j] as number);
    s1 += (x[from + j + 1] as number) * (w[at + j + 1] as number);
    s2 += (x[from + j + 2] as number) * (w[at + j + 2] as number);
    s3 += (x[from + j + 3] as number) * (w[at + j + 3] as number);
  }
  for (; j < cols; j++) s0 += (x[from + j] as number) * (w[at + j] as number);
  return s0 + s1 + (s2 + s3);
}

function add1(x: Float32Array, from: number, cols: number, w: Float64Array, at: number, factor: number): void {
  let j = 0;
  for (; j + 3 < cols; j += 4) {
    w[at + j] = (w[at + j] as number) + factor * (x[from + j] as number);
    w[at + j + 1] = (w[at + j + 1] as number) + factor * (x[from + j + 1] as number);
    w[at + j + 2] = (w[at + j + 2] as number) + factor * (x[from + j + 2] as number);
    w[at + j + 3] = (w[at + j + 3] as number) + factor * (x[from + j + 3] as number);
  }
  for (; j < cols; j++) w[at + j] = (w[at + j] as number) + factor * (x[from + j] as number);
}

/**
 * For peers that make float32 products of whole blocks: the losses of `count` rows from row `first`, summed in float64. `margins` is
 * outputs × count; the derivatives replace the margins.
 */
export function blockLoss(set: BenchSet, first: number, count: number, margins: Float32Array): number {
  const own = new Float64Array(set.outputs);
  let total = 0;
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < own.length; c++) own[c] = margins[c * count + i] as number;
    total += rowLoss(set, first + i, own);
    for (let c = 0; c < own.length; c++) margins[c * count + i] = own[c] as number;
  }
  return total;
}

/** Mean of the losses plus the regulariser; turns sums of row gradients into the gradient. w as outputs × cols. */
export function complete({ rows, l2 }: BenchSet, total: number, w: Float64Array, gradient: Float64Array): number {
  let squares = 0;
  for (let k = 0; k < w.length; k++) {
    const one = w[k] as number;
    squares += one * one;
    gradient[k] = (gradient[k] as number) / rows + l2 * one;
  }
  return total / rows + 0.5 * l2 * squares;
}

export function denseObjective(set: BenchSet): Objective {
  const { values: x, rows, cols, outputs } = set;
  const margins = new Float64Array(outputs);
  return (w, gradient) => {
    gradient.fill(0);
    let total = 0;
    for (let i = 0; i < rows; i++) {
      const from = i * cols;
      let c = 0;
      for (; c + 4 < outputs; c += 5) dots5(x, from, cols, w, c * cols, margins, c);
      for (; c < outputs; c++) margins[c] = dot1(x, from, cols, w, c * cols);
      total += rowLoss(set, i, margins);
      // the row is still in the cache
      for (c = 0; c + 4 < outputs; c += 5) adds5(x, from, cols, gradient, c * cols, margins, c);
      for (; c < outputs; c++) add1(x, from, cols, gradient, c * cols, margins[c] as number);
    }
    return complete(set, total, w, gradient);
  };
}

interface Nonzeros {
  readonly x: Float32Array;
  /** Column × outputs: where the column's weights begin. */
  readonly columns: Int32Array;
}

/** Five classes from `at` on: their sums stay in registers. */
function sparseDots5({ x, columns }: Nonzeros, from: number, to: number, w: Float64Array, m: Float64Array, at: number) {
  let m0 = 0;
  let m1 = 0;
  let m2 = 0;
  let m3 = 0;
  let m4 = 0;
  for (let p = from; p < to; p++) {
    const value = x[p] as number;
    const k = (columns[p] as number) + at;
    m0 += value * (w[k] as number);
    m1 += value * (w[k + 1] as number);
    m2 += value * (w[k + 2] as number);
    m3 += value * (w[k + 3] as number);
    m4 += value * (w[k + 4] as number);
  }
  m[at] = m0;
  m[at + 1] = m1;
  m[at + 2] = m2;
  m[at + 3] = m3;
  m[at + 4] = m4;
}

function sparseAdds5({ x, columns }: Nonzeros, from: number, to: number, w: Float64Array, m: Float64Array, at: number) {
  const m0 = m[at] as number;
  const m1 = m[at + 1] as number;
  const m2 = m[at + 2] as number;
  const m3 = m[at + 3] as number;
  const m4 = m[at + 4] as number;
  for (let p = from; p < to; p++) {
    const value = x[p] as number;
    const k = (columns[p] as number) + at;
    w[k] = (w[k] as number) + m0 * value;
    w[k + 1] = (w[k + 1] as number) + m1 * value;
    w[k + 2] = (w[k + 2] as number) + m2 * value;
    w[k + 3] = (w[k + 3] as number) + m3 * value;
    w[k + 4] = (w[k + 4] as number) + m4 * value;
  }
}

function sparseDot1({ x, columns }: Nonzeros, from: number, to: number, w: Float64Array, at: number): number {
  let sum = 0;
  for (let p = from; p < to; p++) sum += (x[p] as number) * (w[(columns[p] as number) + at] as number);
  return sum;
}

function sparseAdd1({ x, columns }: Nonzeros, from: number, to: number, w: Float64Array, at: number, factor: number) {
  for (let p = from; p < to; p++) {
    const k = (columns[p] as number) + at;
    w[k] = (w[k] as number) + factor * (x[p] as number);
  }
}

/** The same on the nonzeros alone, which it collects first; classes side by side, so that one value meets all its weights at once. */
export function sparseObjective(set: BenchSet): Objective {
  const { values, rows, cols, outputs } = set;
  const starts = new Int32Array(rows + 1);
  for (let i = 0, count = 0; i < rows; i++) {
    for (let at = i * cols; at < (i + 1) * cols; at++) if (values[at] !== 0) count++;
    starts[i + 1] = count;
  }
  const columns = new Int32Array(starts[rows] as number);
  const x = new Float32Array(columns.length);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const value = values[i * cols + j] as number;
      if (value === 0) continue;
      columns[at] = j * outputs;
      x[at++] = value;
    }
  }
  const nonzeros: Nonzeros = { x, columns };
  const turned = new Float64Array(outputs * cols);
  const sums = new Float64Array(outputs * cols);
  const margins = new Float64Array(outputs);
  return (w, gradient) => {
    for (let c = 0; c < outputs; c++) {
      for (let j = 0; j < cols; j++) turned[j * outputs + c] = w[c * cols + j] as number;
    }
    sums.fill(0);
    let total = 0;
    for (let i = 0; i < rows; i++) {
      const [from, to] = [starts[i] as number, starts[i + 1] as number];
      let c = 0;
      for (; c + 4 < outputs; c += 5) sparseDots5(nonzeros, from, to, turned, margins, c);
      for (; c < outputs; c++) margins[c] = sparseDot1(nonzeros, from, to, turned, c);
      total += rowLoss(set, i, margins);
      for (c = 0; c + 4 < outputs; c += 5) sparseAdds5(nonzeros, from, to, sums, margins, c);
      for (; c < outputs; c++) sparseAdd1(nonzeros, from, to, sums, c, margins[c] as number);
    }
    for (let c = 0; c < outputs; c++) {
      for (let j = 0; j < cols; j++) gradient[c * cols + j] = sums[j * outputs + c] as number;
    }
    return complete(set, total, w, gradient);
  };
}

// Is this the optimum? From its conditions alone, in plain float64, whatever way led there.
//   F(w, b) = 1/n Σ ωᵢ loss(w·xᵢ + b, yᵢ) + l1‖w‖₁ + l2/2 ‖w‖²,   b not regularised
import { hMax, lossDerivative, lossSecondDerivative } from "./loss.js";
import { gradient, marginsOf, normalisedWeights, type Problem, widthOf } from "./objective.js";

const U = 2 ** -53;
/** Pivots below this part of their diagonal are directions without curvature: they get no step. */
const FLAT = 1e-10;

export interface Optimality {
  /** ‖least subgradient‖₂. */
  readonly subgradient: number;
  /** What rounding may have added to it: a bound. */
  readonly rounding: number;
  /** Largest change of a weight in the Newton step from here on the weights that are not 0 (l1 = 0: all), in units of the largest weight. */
  readonly distance: number;
}

/** ∇ of the smooth part, next to l1: what no choice of the subgradient of |w| at 0 takes away. */
function leastSubgradient(problem: Problem, theta: Float64Array, l1: number): Float64Array {
  const width = widthOf(problem);
  return gradient(problem, theta).map((g, at) => {
    const w = theta[at]!;
    if (at % width === problem.cols) return g;
    return w !== 0 ? g + l1 * Math.sign(w) : Math.sign(g) * Math.max(Math.abs(g) - l1, 0);
  });
}

/** Per row and column: a margin is off by its terms' roundings, the derivative by hMax of that and a few of its own, the mean over n rows by n. */
function roundingOf(problem: Problem, theta: Float64Array): number {
  const { rows, cols, values, labels, loss, tau, classes, l2 } = problem;
  const omega = normalisedWeights(problem);
  const width = widthOf(problem);
  const bound = new Float64Array(classes * width);
  for (let i = 0; i < rows; i++) {
    const first = lossDerivative(loss, marginsOf(problem, theta, i), labels[i]!, tau);
    let terms = 0;
    theta.forEach((w, at) => {
      const j = at % width;
      terms += Math.abs(w * (j < cols ? values[i * cols + j]! : 1));
    });
    for (let c = 0; c < classes; c++) {
      const part = omega[i]! * (hMax(loss) * (width + 4) * terms + (rows + 8) * Math.abs(first[c]!));
      for (let j = 0; j < width; j++)
        bound[c * width + j]! += (part * (j < cols ? Math.abs(values[i * cols + j]!) : 1)) / rows;
    }
  }
  return U * Math.hypot(...bound.map((sum, at) => sum + (at % width < cols ? 4 * l2 * Math.abs(theta[at]!) : 0)));
}

/** x of A·x = b, A symmetric, positive semidefinite, in place. */
function solveFlat(A: Float64Array, b: Float64Array): void {
  const m = b.length;
  for (let p = 0; p < m; p++) {
    const own = A[p * m + p]!;
    for (let q = 0; q <= p; q++) {
      let sum = A[p * m + q]!;
      for (let k = 0; k < q; k++) sum -= A[p * m + k]! * A[q * m + k]!;
      if (p > q) A[p * m + q] = sum / A[q * m + q]!;
      else A[p * m + p] = sum > FLAT * own ? Math.sqrt(sum) : Number.POSITIVE_INFINITY;
    }
  }
  for (let p = 0; p < m; p++) {
    let sum = b[p]!;
    for (let k = 0; k < p; k++) sum -= A[p * m + k]! * b[k]!;
    b[p] = sum / A[p * m + p]!;
  }
  for (let p = m - 1; p >= 0; p--) {
    let sum = b[p]!;
    for (let k = p + 1; k < m; k++) if (A[k * m + k]! < Number.POSITIVE_INFINITY) sum -= A[k * m + p]! * b[k]!;
    b[p] = sum / A[p * m + p]!;
  }
}

/** Not for hinge. */
export function optimality(problem: Problem, theta: Float64Array, l1: number): Optimality {
  const { rows, cols, values, labels, loss, tau, classes: K, l2, intercept } = problem;
  const omega = normalisedWeights(problem);
  const width = widthOf(problem);
  const left = leastSubgradient(problem, theta, l1);
  // centred where the intercept makes up for it, and scaled to deviation 1: columns of any size cost no digits
  const mean = new Float64Array(width);
  const scale = new Float64Array(width).fill(1);
  for (let j = 0; j < cols; j++) {
    if (intercept) {
      for (let i = 0; i < rows; i++) mean[j]! += (values[i * cols + j]! - values[j]!) / rows;
      mean[j]! += values[j]!;
    }
    let squares = 0;
    for (let i = 0; i < rows; i++) squares += (values[i * cols + j]! - mean[j]!) ** 2 / rows;
    scale[j] = Math.sqrt(squares) || 1;
  }
  const places = Array.from({ length: K * width }, (_, at) => at).filter(
    (at) => at % width === cols || l1 === 0 || theta[at] !== 0,
  );
  const byClass = Array.from({ length: K }, (_, c) => places.filter((at) => Math.floor(at / width) === c));
  const m = places.length;
  const first = new Map(places.map((at, p) => [at, p]));
  const H = new Float64Array(m * m);
  const x = new Float64Array(width);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < width; j++) x[j] = j < cols ? (values[i * cols + j]! - mean[j]!) / scale[j]! : 1;
    const second = lossSecondDerivative(loss, marginsOf(problem, theta, i), labels[i]!, tau);
    for (let a = 0; a < K; a++) {
      const p0 = first.get(byClass[a]?.[0] ?? -1) ?? 0;
      for (let b = 0; b <= a; b++) {
        const q0 = first.get(byClass[b]?.[0] ?? -1) ?? 0;
        const factor = (omega[i]! * second[a * K + b]!) / rows;
        if (factor === 0) continue;
        byClass[a]!.forEach((at, p) => {
          const fx = factor * x[at % width]!;
          if (fx === 0) return;
          const row = (p0 + p) * m + q0;
          const columns = byClass[b]!;
          for (let q = 0; q < columns.length; q++) H[row + q]! += fx * x[columns[q]! % width]!;
        });
      }
    }
  }
  const b = new Float64Array(m);
  places.forEach((at, p) => {
    const j = at % width;
    const shared = intercept ? left[at - j + cols]! : 0;
    b[p] = j < cols ? (left[at]! - mean[j]! * shared) / scale[j]! : left[at]!;
    H[p * m + p]! += j < cols ? l2 / scale[j]! ** 2 : 0;
    // intercepts of all classes may be shifted together
    if (j === cols && K > 1)
      places.forEach((other, q) => {
        if (other % width === cols && q <= p) H[p * m + q]! += 1;
      });
  });
  solveFlat(H, b);
  const largest = theta.reduce((top, w, at) => (at % width < cols ? Math.max(top, Math.abs(w)) : top), 0);
  let step = 0;
  places.forEach((at, p) => {
    if (at % width < cols) step = Math.max(step, Math.abs(b[p]! / scale[at % width]!));
  });
  return { subgradient: Math.hypot(...left), rounding: roundingOf(problem, theta), distance: step / largest };
}

/** Rows on the kink of the hinge and their dual variables, between 0 and 1; those of the other rows are 0 or 1. */
export interface Kink {
  readonly rows: readonly number[];
  readonly share: readonly number[];
}

/**
 * Bound of ‖w − w*‖₂/max|w|. With dual variables a of the rows, Σ ω·a·y = 0, r = l2·w − 1/n Σ ω·a·y·x and Δ = w − w*:
 *   l2·‖Δ‖² ≤ ‖r‖·‖Δ‖ + 1/n Σ ω·|1 − y·m| over the rows on the kink,
 * because elsewhere a is what the slope of the hinge is (monotone: (a − a*)·(t − t*) ≤ 0). What rounding leaves of Σ ω·a·y = n·β, the dual variable of one row on the
 * kink takes over, if there is room between 0 and 1 for it: that moves r by β·x.
 */
export function hingeDistance(problem: Problem, theta: Float64Array, kink: Kink): number {
  const { rows, cols, values, labels, l2, intercept } = problem;
  const omega = normalisedWeights(problem);
  const share = new Map(kink.rows.map((row, k) => [row, kink.share[k]!]));
  const r = Float64Array.from({ length: cols }, (_, j) => l2 * theta[j]!);
  // compensated (Neumaier)
  let balance = 0;
  let lost = 0;
  let rest = 0;
  let room = 0;
  let roomy = 0;
  for (let i = 0; i < rows; i++) {
    const y = labels[i]!;
    const open = 1 - y * marginsOf(problem, theta, i)[0]!;
    const own = share.get(i);
    const part = omega[i]! / rows;
    if (own !== undefined) {
      rest += part * Math.abs(open);
      const free = part * Math.min(own, 1 - own);
      if (free > room) [room, roomy] = [free, i];
    }
    const c = part * (own ?? (open > 0 ? 1 : 0)) * y;
    const next = balance + c;
    lost += Math.abs(balance) >= Math.abs(c) ? balance - next + c : c - next + balance;
    balance = next;
    for (let j = 0; j < cols; j++) r[j]! -= c * values[i * cols + j]!;
  }
  let length = Math.hypot(...r);
  if (intercept) {
    const beta = Math.abs(balance + lost);
    if (beta > room) return Number.POSITIVE_INFINITY;
    length += beta * Math.hypot(...values.subarray(roomy * cols, (roomy + 1) * cols));
  }
  const bound = (length + Math.sqrt(length * length + 4 * l2 * rest)) / (2 * l2);
  const largest = theta.reduce((top, w, j) => (j < cols ? Math.max(top, Math.abs(w)) : top), 0);
  return bound / largest;
}

// l1 and elastic-net penalties in float64, and their optimum:
//
//   F(w, b) = 1/n Σ ω_i loss(w·x_i + b, y_i) + l1 ‖w‖₁ + l2/2 ‖w‖²        the intercept b free
//
// minimisePenalised: proximal Newton on columns that are centred and scaled. Its quadratic subproblems are solved by coordinate descent (which
// finds the zeros) and by Cholesky on the coordinates that are not zero (which finds the values), until both agree.

import { lossDerivative, lossSecondDerivative } from "./loss.js";
import { gradient, joinParameters, normalisedWeights, objective, type Problem, widthOf } from "./objective.js";

export interface PenalisedProblem extends Problem {
  l1: number;
}

/** Whether parameter `at` of theta is penalised: all but the intercepts. */
function isPenalised(problem: Problem, at: number): boolean {
  return at % widthOf(problem) < problem.cols;
}

/** F with its l1 term. */
export function penalisedObjective(problem: PenalisedProblem, theta: Float64Array): number {
  let sum = 0;
  theta.forEach((x, at) => {
    if (isPenalised(problem, at)) sum += Math.abs(x);
  });
  return objective(problem, theta) + problem.l1 * sum;
}

/** The subgradient of least norm at a point, coordinate by coordinate: 0 there is the condition of Karush, Kuhn and Tucker. */
export function leastSubgradient(g: Float64Array, x: Float64Array, strength: (at: number) => number): Float64Array {
  return g.map((slope, at) => {
    const value = x[at] as number;
    const l1 = strength(at);
    if (value !== 0) return slope + Math.sign(value) * l1;
    return Math.sign(slope) * Math.max(0, Math.abs(slope) - l1);
  });
}

/** The least subgradient of F in the user's coordinates, K × width. */
export function penalisedGradient(problem: PenalisedProblem, theta: Float64Array): Float64Array {
  const strength = (at: number): number => (isPenalised(problem, at) ? problem.l1 : 0);
  return leastSubgradient(gradient(problem, theta), theta, strength);
}

/** Smallest l1 at which all weights are 0, given the intercepts that are best then (theta of zeros but for them). */
export function largestStrength(problem: Problem, theta: Float64Array): number {
  let top = 0;
  gradient(problem, theta).forEach((slope, at) => {
    if (isPenalised(problem, at)) top = Math.max(top, Math.abs(slope));
  });
  return top;
}

export interface PenalisedOptimum {
  theta: Float64Array;
  /** K × cols */
  coef: Float64Array;
  /** K numbers, 0 without an intercept */
  intercept: Float64Array;
  objective: number;
  /** Largest |least subgradient| over the sum of sizes |ω loss′ x|/n + |l2 w| + l1 of its terms, columns centred: what float64 can be asked for. */
  residual: number;
  iterations: number;
}

/** Columns of unit variance (about their mean, where there is an intercept), and theta in their terms: x = mean + scale·column. */
interface Scaled {
  readonly problem: PenalisedProblem;
  readonly omega: Float64Array;
  readonly width: number;
  readonly size: number;
  /** rows × width, the intercept's ones included */
  readonly x: Float64Array;
  readonly mean: Float64Array;
  readonly scale: Float64Array;
  /** Per parameter. */
  readonly l1: Float64Array;
  readonly l2: Float64Array;
}

function scaleColumns(problem: PenalisedProblem): Scaled {
  const { rows, cols, values, intercept, classes } = problem;
  const width = widthOf(problem);
  const size = classes * width;
  const omega = normalisedWeights(problem);
  const mean = new Float64Array(width);
  const scale = new Float64Array(width).fill(1);
  const x = new Float64Array(rows * width).fill(1);
  for (let j = 0; j < cols; j++) {
    const centre = values[j] as number;
    let sum = 0;
    for (let i = 0; i < rows; i++) sum += (omega[i] as number) * ((values[i * cols + j] as number) - centre);
    if (intercept) mean[j] = centre + sum / rows;
    let squares = 0;
    for (let i = 0; i < rows; i++) {
      squares += ((omega[i] as number) * ((values[i * cols + j] as number) - (mean[j] as number)) ** 2) / rows;
    }
    scale[j] = Math.sqrt(squares) || 1;
    for (let i = 0; i < rows; i++) {
      x[i * width + j] = ((values[i * cols + j] as number) - (mean[j] as number)) / (scale[j] as number);
    }
  }
  const l1 = new Float64Array(size);
  const l2 = new Float64Array(size);
  for (let at = 0; at < size; at++) {
    const j = at % width;
    if (j === cols) continue;
    l1[at] = problem.l1 / (scale[j] as number);
    l2[at] = problem.l2 / (scale[j] as number) ** 2;
  }
  return { problem, omega, width, size, x, mean, scale, l1, l2 };
}

/** Objective, gradient (without l1), sizes of the gradient's terms, and the Hessian where `second`. */
function evaluate(scaled: Scaled, v: Float64Array, second: boolean) {
  const { problem, omega, width, size, x, l1, l2 } = scaled;
  const { rows, classes: K, loss, tau, labels } = problem;
  const margins = new Float64Array(rows * K);
  const g = new Float64Array(size);
  const terms = new Float64Array(size);
  const H = new Float64Array(second ? size * size : 0);
  for (let i = 0; i < rows; i++) {
    const row = x.subarray(i * width, (i + 1) * width);
    const m = new Float64Array(K);
    for (let k = 0; k < K; k++) {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += row[j]! * v[k * width + j]!;
      m[k] = sum;
    }
    margins.set(m, i * K);
    const weight = (omega[i] as number) / rows;
    const first = lossDerivative(loss, m, labels[i] as number, tau);
    for (let k = 0; k < K; k++) {
      const c = weight * first[k]!;
      if (c === 0) continue;
      for (let j = 0; j < width; j++) {
        const term = c * row[j]!;
        g[k * width + j]! += term;
        terms[k * width + j]! += Math.abs(term);
      }
    }
    if (!second) continue;
    const h = lossSecondDerivative(loss, m, labels[i] as number, tau);
    for (let a = 0; a < K; a++) {
      for (let b = 0; b <= a; b++) {
        const factor = weight * h[a * K + b]!;
        if (factor === 0) continue;
        for (let j = 0; j < width; j++) {
          const fx = factor * row[j]!;
          if (fx === 0) continue;
          const at = (a * width + j) * size + b * width;
          for (let k = 0; k < width; k++) H[at + k]! += fx * row[k]!;
        }
      }
    }
  }
  for (let at = 0; at < size; at++) {
    g[at]! += l2[at]! * v[at]!;
    terms[at]! += Math.abs(l2[at]! * v[at]!) + l1[at]!;
    if (second) H[at * (size + 1)]! += l2[at]!;
  }
  if (second) for (let a = 0; a < size; a++) for (let b = a + 1; b < size; b++) H[a * size + b] = H[b * size + a]!;
  return { margins, g, terms, H };
}

const norm = (a: Float64Array): number => Math.sqrt(a.reduce((sum, x) => sum + x * x, 0));

/** Cholesky of the coordinates in `free` and the solution of H·d = b there; null where a pivot is not positive. */
function solveFree(H: Float64Array, size: number, free: readonly number[], b: Float64Array): Float64Array | null {
  const m = free.length;
  const L = new Float64Array(m * m);
  const y = new Float64Array(m);
  for (let p = 0; p < m; p++) {
    for (let q = 0; q <= p; q++) {
      let sum = H[free[p]! * size + free[q]!]!;
      for (let k = 0; k < q; k++) sum -= L[p * m + k]! * L[q * m + k]!;
      if (p === q) {
        if (!(sum > 0)) return null;
        L[p * m + p] = Math.sqrt(sum);
      } else L[p * m + q] = sum / L[q * m + q]!;
    }
    let sum = b[free[p]!]!;
    for (let k = 0; k < p; k++) sum -= L[p * m + k]! * y[k]!;
    y[p] = sum / L[p * m + p]!;
  }
  for (let p = m - 1; p >= 0; p--) {
    let sum = y[p]!;
    for (let k = p + 1; k < m; k++) sum -= L[k * m + p]! * y[k]!;
    y[p] = sum / L[p * m + p]!;
  }
  return y;
}

/** argmin over u of g·(u − v) + ½(u − v)ᵀH(u − v) + Σ l1|u|, with H's diagonal a little raised. */
function quadratic(H0: Float64Array, g: Float64Array, v: Float64Array, l1: Float64Array): Float64Array {
  const size = v.length;
  const H = H0.slice();
  let trace = 0;
  for (let at = 0; at < size; at++) trace += H[at * (size + 1)]!;
  for (let at = 0; at < size; at++) H[at * (size + 1)]! += 1e-13 * (H[at * (size + 1)]! + trace / size) + 1e-300;
  const u = v.slice();
  const slopes = g.slice();
  const move = (at: number, change: number): void => {
    if (change === 0) return;
    u[at]! += change;
    for (let k = 0; k < size; k++) slopes[k]! += change * H[at * size + k]!;
  };
  for (let round = 0; round < 1000; round++) {
    for (let sweep = 0; sweep < 3; sweep++) {
      for (let at = 0; at < size; at++) {
        const h = H[at * (size + 1)]!;
        const to = u[at]! - slopes[at]! / h;
        const next = Math.sign(to) * Math.max(0, Math.abs(to) - l1[at]! / h);
        const change = next - u[at]!;
        move(at, change);
        if (next === 0) u[at] = 0;
      }
    }
    for (let face = 0; face < size; face++) {
      const free = Array.from({ length: size }, (_, at) => at).filter((at) => u[at] !== 0 || l1[at] === 0);
      const down = slopes.map((slope, at) => -slope - Math.sign(u[at]!) * l1[at]!);
      const d = solveFree(H, size, free, down);
      if (d === null) break;
      // as far as no sign changes
      let part = 1;
      let wall = -1;
      free.forEach((at, p) => {
        if (l1[at]! > 0 && u[at]! * (u[at]! + part * d[p]!) <= 0) {
          part = -u[at]! / d[p]!;
          wall = at;
        }
      });
      free.forEach((at, p) => {
        move(at, part * d[p]!);
      });
      if (wall < 0) break;
      u[wall] = 0;
    }
    slopes.set(g);
    for (let at = 0; at < size; at++) {
      const change = u[at]! - v[at]!;
      if (change !== 0) for (let k = 0; k < size; k++) slopes[k]! += change * H[at * size + k]!;
    }
    const scaled = leastSubgradient(slopes, u, (at) => l1[at]!).map((x, at) => x / Math.sqrt(H[at * (size + 1)]!));
    const start = leastSubgradient(g, v, (at) => l1[at]!).map((x, at) => x / Math.sqrt(H[at * (size + 1)]!));
    if (norm(scaled) <= 1e-12 * norm(start)) break;
  }
  return u;
}

/**
 * Proximal Newton from 0 (or `start`, K × width): steps halved until F decreases enough; where F no longer tells two points apart, a step is taken
 * while it makes the subgradient smaller. Ends where no step helps any more. Not for the hinge.
 */
export function minimisePenalised(problem: PenalisedProblem, start?: Float64Array, most = 300): PenalisedOptimum {
  if (problem.loss === "hinge") throw new Error("the hinge has no second derivative");
  const scaled = scaleColumns(problem);
  const { width, size, mean, scale, l1 } = scaled;
  const { cols, classes } = problem;
  const toUser = (v: Float64Array): Float64Array => {
    const theta = v.slice();
    for (let k = 0; k < classes; k++) {
      for (let j = 0; j < cols; j++) {
        theta[k * width + j]! /= scale[j]!;
        if (problem.intercept) theta[k * width + cols]! -= mean[j]! * theta[k * width + j]!;
      }
    }
    return theta;
  };
  let v = new Float64Array(size);
  if (start !== undefined) {
    for (let k = 0; k < classes; k++) {
      for (let j = 0; j < width; j++) v[k * width + j] = start[k * width + j]! * scale[j]!;
      if (problem.intercept) for (let j = 0; j < cols; j++) v[k * width + cols]! += mean[j]! * start[k * width + j]!;
    }
  }
  const residualOf = ({ g, terms }: { g: Float64Array; terms: Float64Array }, at: Float64Array): number =>
    leastSubgradient(g, at, (i) => l1[i]!).reduce((top, x, i) => Math.max(top, Math.abs(x) / (terms[i]! || 1)), 0);
  let value = penalisedObjective(problem, toUser(v));
  let here = evaluate(scaled, v, true);
  let iterations = 0;
  for (; iterations < most && residualOf(here, v) > 0; iterations++) {
    const u = quadratic(here.H, here.g, v, l1);
    let slope = 0;
    u.forEach((x, at) => {
      slope += here.g[at]! * (x - v[at]!) + l1[at]! * (Math.abs(x) - Math.abs(v[at]!));
    });
    let isTaken = false;
    for (let halvings = 0; halvings < 40 && !isTaken; halvings++) {
      const length = 0.5 ** halvings;
      const next = v.map((x, at) => (length === 1 ? u[at]! : x + length * (u[at]! - x)));
      const nextValue = penalisedObjective(problem, toUser(next));
      const isFlat = Math.abs(nextValue - value) <= 1e-13 * Math.abs(value);
      if (!(nextValue <= value + 1e-4 * length * slope || isFlat)) continue;
      const there = evaluate(scaled, next, true);
      if (isFlat && residualOf(there, next) >= residualOf(here, v)) break;
      v = next;
      value = nextValue;
      here = there;
      isTaken = true;
    }
    if (!isTaken) break;
  }
  const theta = toUser(v);
  const coef = new Float64Array(classes * cols);
  const intercept = new Float64Array(classes);
  for (let k = 0; k < classes; k++) {
    coef.set(theta.subarray(k * width, k * width + cols), k * cols);
    if (problem.intercept) intercept[k] = theta[k * width + cols]!;
  }
  return { theta, coef, intercept, objective: value, residual: residualOf(here, v), iterations };
}

/** ‖least subgradient‖ at weights as a solver returns them. */
export function certificate(
  problem: PenalisedProblem,
  coef: ArrayLike<number>,
  intercept: ArrayLike<number>,
): { objective: number; norm: number } {
  const theta = joinParameters(problem, coef, intercept);
  return { objective: penalisedObjective(problem, theta), norm: norm(penalisedGradient(problem, theta)) };
}

// The user's problem in float64, and its optimum.
//
//   F(w, b) = 1/n Σ ω_i loss(w·x_i + b, y_i) + l2/2 ‖w‖²        ω_i = n·weight_i / Σ weight
//
// Parameters are one array theta, K × width row-major, width = cols + (intercept ? 1 : 0): class c holds w_c and then b_c.
// b is never regularised.

import { type Loss, lossDerivative, lossSecondDerivative, lossValue } from "./loss.js";

export interface Problem {
  /** n × cols, row-major: the values as the user gave them */
  values: Float64Array;
  rows: number;
  cols: number;
  /** n labels: ±1, targets, or classes 0 … K − 1 */
  labels: ArrayLike<number>;
  loss: Loss;
  /** huber only */
  tau?: number;
  /** K; 1 unless softmax */
  classes: number;
  l2: number;
  intercept: boolean;
  /** sample weights, any positive multiple of ω */
  weights?: ArrayLike<number>;
}

/** Numbers per class: cols, plus one with an intercept. */
export function widthOf(problem: Problem): number {
  return problem.cols + (problem.intercept ? 1 : 0);
}

/** ω_i = n·weight_i / Σ weight, all 1 without weights. */
export function normalisedWeights({ rows, weights }: Problem): Float64Array {
  if (weights === undefined) return new Float64Array(rows).fill(1);
  const all = Float64Array.from(weights);
  const total = all.reduce((a, b) => a + b, 0);
  return all.map((w) => (rows * w) / total);
}

/** Row i with the 1 of the intercept appended: width numbers. */
function rowOf(problem: Problem, i: number): Float64Array {
  const row = new Float64Array(widthOf(problem)).fill(1);
  row.set(problem.values.subarray(i * problem.cols, (i + 1) * problem.cols));
  return row;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += (a[j] as number) * (b[j] as number);
  return sum;
}

export function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}

/** K margins of row i: w_c·x_i + b_c. */
export function marginsOf(problem: Problem, theta: Float64Array, i: number): Float64Array {
  const width = widthOf(problem);
  const row = rowOf(problem, i);
  return Float64Array.from({ length: problem.classes }, (_, c) => dot(theta.subarray(c * width, (c + 1) * width), row));
}

/** F(w, b). */
export function objective(problem: Problem, theta: Float64Array): number {
  const { rows, cols, classes, loss, tau, labels, l2 } = problem;
  const omega = normalisedWeights(problem);
  const width = widthOf(problem);
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    sum += (omega[i] as number) * lossValue(loss, marginsOf(problem, theta, i), labels[i] as number, tau);
  }
  let squares = 0;
  for (let c = 0; c < classes; c++) for (let j = 0; j < cols; j++) squares += (theta[c * width + j] as number) ** 2;
  return sum / rows + (l2 / 2) * squares;
}

/** ω_i loss′_i x_i + l2 w (0 for b): the gradient of one term f_i, K × width. F is the mean of the f_i. */
export function componentGradient(problem: Problem, theta: Float64Array, i: number, omega: number): Float64Array {
  const { cols, classes, loss, tau, labels, l2 } = problem;
  const width = widthOf(problem);
  const row = rowOf(problem, i);
  const derivative = lossDerivative(loss, marginsOf(problem, theta, i), labels[i] as number, tau);
  const g = new Float64Array(classes * width);
  for (let c = 0; c < classes; c++) {
    for (let j = 0; j < width; j++) {
      const at = c * width + j;
      g[at] = omega * (derivative[c] as number) * (row[j] as number) + (j < cols ? l2 * (theta[at] as number) : 0);
    }
  }
  return g;
}

/** ∇F in the user's coordinates, K × width. */
export function gradient(problem: Problem, theta: Float64Array): Float64Array {
  const { rows, cols, classes, loss, tau, labels, l2 } = problem;
  const omega = normalisedWeights(problem);
  const width = widthOf(problem);
  const g = new Float64Array(classes * width);
  for (let i = 0; i < rows; i++) {
    const row = rowOf(problem, i);
    const derivative = lossDerivative(loss, marginsOf(problem, theta, i), labels[i] as number, tau);
    for (let c = 0; c < classes; c++) {
      const factor = (omega[i] as number) * (derivative[c] as number);
      for (let j = 0; j < width; j++) g[c * width + j] = (g[c * width + j] as number) + factor * (row[j] as number);
    }
  }
  for (let c = 0; c < classes; c++) {
    for (let j = 0; j < width; j++) {
      const at = c * width + j;
      g[at] = (g[at] as number) / rows + (j < cols ? l2 * (theta[at] as number) : 0);
    }
  }
  return g;
}

/** ∇²F, (K·width)² row-major:  1/n Σ ω_i (loss″_i ⊗ x_i x_iᵀ) + l2 I (0 on b). */
export function hessian(problem: Problem, theta: Float64Array): Float64Array {
  const { rows, cols, classes: K, loss, tau, labels, l2 } = problem;
  const omega = normalisedWeights(problem);
  const width = widthOf(problem);
  const size = K * width;
  const H = new Float64Array(size * size);
  for (let i = 0; i < rows; i++) {
    const row = rowOf(problem, i);
    const second = lossSecondDerivative(loss, marginsOf(problem, theta, i), labels[i] as number, tau);
    for (let a = 0; a < K; a++) {
      for (let b = 0; b < K; b++) {
        const factor = ((omega[i] as number) * (second[a * K + b] as number)) / rows;
        if (factor === 0) continue;
        for (let j = 0; j < width; j++) {
          for (let k = 0; k < width; k++) {
            const at = (a * width + j) * size + b * width + k;
            H[at] = (H[at] as number) + factor * (row[j] as number) * (row[k] as number);
          }
        }
      }
    }
  }
  for (let c = 0; c < K; c++) {
    for (let j = 0; j < cols; j++) {
      const at = (c * width + j) * (size + 1);
      H[at] = (H[at] as number) + l2;
    }
  }
  return H;
}

/** Solves A x = b (A: m × m row-major) by LU with partial pivoting. A and b are left alone. */
export function solveLinear(A: Float64Array, b: Float64Array): Float64Array {
  const m = b.length;
  const M = Float64Array.from(A);
  const x = Float64Array.from(b);
  for (let p = 0; p < m; p++) {
    let pivot = p;
    for (let i = p + 1; i < m; i++) {
      if (Math.abs(M[i * m + p] as number) > Math.abs(M[pivot * m + p] as number)) pivot = i;
    }
    if (pivot !== p) {
      for (let k = 0; k < m; k++) {
        const keep = M[p * m + k] as number;
        M[p * m + k] = M[pivot * m + k] as number;
        M[pivot * m + k] = keep;
      }
      const keep = x[p] as number;
      x[p] = x[pivot] as number;
      x[pivot] = keep;
    }
    for (let i = p + 1; i < m; i++) {
      const factor = (M[i * m + p] as number) / (M[p * m + p] as number);
      if (factor === 0) continue;
      for (let k = p; k < m; k++) M[i * m + k] = (M[i * m + k] as number) - factor * (M[p * m + k] as number);
      x[i] = (x[i] as number) - factor * (x[p] as number);
    }
  }
  for (let i = m - 1; i >= 0; i--) {
    let sum = x[i] as number;
    for (let k = i + 1; k < m; k++) sum -= (M[i * m + k] as number) * (x[k] as number);
    x[i] = sum / (M[i * m + i] as number);
  }
  return x;
}

/** Largest (or, on −A, smallest) eigenvalue of a symmetric matrix: cyclic Jacobi rotations; all m eigenvalues, ascending. */
export function eigenvalues(A: Float64Array): Float64Array {
  const m = Math.round(Math.sqrt(A.length));
  const M = Float64Array.from(A);
  const at = (i: number, j: number): number => M[i * m + j] as number;
  for (let sweep = 0; sweep < 100; sweep++) {
    let off = 0;
    for (let i = 0; i < m; i++) for (let j = 0; j < i; j++) off += at(i, j) ** 2;
    if (off === 0) break;
    for (let p = 0; p < m; p++) {
      for (let q = p + 1; q < m; q++) {
        if (at(p, q) === 0) continue;
        const theta = (at(q, q) - at(p, p)) / (2 * at(p, q));
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = t * c;
        for (let k = 0; k < m; k++) {
          const kp = at(k, p);
          const kq = at(k, q);
          M[k * m + p] = c * kp - s * kq;
          M[k * m + q] = s * kp + c * kq;
        }
        for (let k = 0; k < m; k++) {
          const pk = at(p, k);
          const qk = at(q, k);
          M[p * m + k] = c * pk - s * qk;
          M[q * m + k] = s * pk + c * qk;
        }
        M[p * m + q] = 0;
        M[q * m + p] = 0;
      }
    }
  }
  return Float64Array.from({ length: m }, (_, i) => at(i, i)).sort();
}

export interface Optimum {
  theta: Float64Array;
  /** K × cols */
  coef: Float64Array;
  /** K numbers, 0 without an intercept */
  intercept: Float64Array;
  objective: number;
  /** ‖∇F‖ at theta */
  gradientNorm: number;
  iterations: number;
}

/** theta as coef (K × cols) and intercept (K). */
function splitParameters(problem: Problem, theta: Float64Array): { coef: Float64Array; intercept: Float64Array } {
  const { cols, classes } = problem;
  const width = widthOf(problem);
  const coef = new Float64Array(classes * cols);
  const intercept = new Float64Array(classes);
  for (let c = 0; c < classes; c++) {
    coef.set(theta.subarray(c * width, c * width + cols), c * cols);
    if (problem.intercept) intercept[c] = theta[c * width + cols] as number;
  }
  return { coef, intercept };
}

/** coef and intercept as one theta. */
export function joinParameters(problem: Problem, coef: ArrayLike<number>, intercept: ArrayLike<number>): Float64Array {
  const { cols, classes } = problem;
  const width = widthOf(problem);
  const theta = new Float64Array(classes * width);
  for (let c = 0; c < classes; c++) {
    for (let j = 0; j < cols; j++) theta[c * width + j] = coef[c * cols + j] as number;
    if (problem.intercept) theta[c * width + cols] = intercept[c] as number;
  }
  return theta;
}

/**
 * Damped Newton from 0: (H + ridge·I) s = −∇F with step halving until F decreases enough; at the level where F no longer
 * tells two points apart, a step is taken while it makes the gradient smaller. The ridge (1e-12 of the mean eigenvalue) only
 * serves singular Hessians: softmax intercepts may be shifted together, collinear columns without l2, inactive hinges.
 * Stops when no step helps any more: at about 1e-15 of the size of the terms of ∇F. Not for the hinge.
 */
export function minimise(problem: Problem, maxIterations = 200): Optimum {
  if (problem.loss === "hinge") throw new Error("the hinge has no second derivative");
  const size = problem.classes * widthOf(problem);
  let theta = new Float64Array(size);
  let value = objective(problem, theta);
  let g = gradient(problem, theta);
  let iterations = 0;
  for (; iterations < maxIterations && norm(g) > 0; iterations++) {
    const H = hessian(problem, theta);
    let trace = 0;
    for (let i = 0; i < size; i++) trace += H[i * (size + 1)] as number;
    const ridge = trace > 0 ? (1e-12 * trace) / size : 1;
    for (let i = 0; i < size; i++) H[i * (size + 1)] = (H[i * (size + 1)] as number) + ridge;
    const s = solveLinear(
      H,
      g.map((x) => -x),
    );
    const slope = dot(g, s);
    let taken = false;
    for (let halvings = 0; halvings < 40 && !taken; halvings++) {
      const length = 0.5 ** halvings;
      const next = theta.map((x, i) => x + length * (s[i] as number));
      const nextValue = objective(problem, next);
      const nextGradient = gradient(problem, next);
      const flat = Math.abs(nextValue - value) <= 1e-13 * Math.abs(value);
      if (nextValue <= value + 1e-4 * length * slope || flat) {
        if (flat && norm(nextGradient) >= norm(g)) break;
        theta = next;
        value = nextValue;
        g = nextGradient;
        taken = true;
      }
    }
    if (!taken) break;
  }
  return { theta, ...splitParameters(problem, theta), objective: value, gradientNorm: norm(g), iterations };
}

/**
 * What is left to gain at theta according to the quadratic model there, ½·gᵀH⁻¹g: near the optimum the gap F(theta) − F*. Columns are centred and scaled
 * first, so that columns of any size cost no digits. Softmax: the direction common to all classes, along which only l2 acts, gets a ridge; a model
 * whose class means vanish has no gradient there.
 */
export function remainingGap(problem: Problem, theta: Float64Array): number {
  const { rows, cols, classes: K, l2, loss, tau, labels, values } = problem;
  const omega = normalisedWeights(problem);
  const width = widthOf(problem);
  const size = K * width;
  const mean = new Float64Array(width);
  const scale = new Float64Array(width).fill(1);
  for (let j = 0; j < cols; j++) {
    if (problem.intercept) {
      for (let i = 0; i < rows; i++) mean[j] = (mean[j] as number) + (values[i * cols + j] as number) / rows;
    }
    let squares = 0;
    for (let i = 0; i < rows; i++) squares += ((values[i * cols + j] as number) - (mean[j] as number)) ** 2 / rows;
    scale[j] = Math.sqrt(squares) || 1;
  }
  const H = new Float64Array(size * size);
  const g = new Float64Array(size);
  const x = new Float64Array(width).fill(1);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      x[j] = ((values[i * cols + j] as number) - (mean[j] as number)) / (scale[j] as number);
    }
    const margins = marginsOf(problem, theta, i);
    const first = lossDerivative(loss, margins, labels[i] as number, tau);
    const second = lossSecondDerivative(loss, margins, labels[i] as number, tau);
    const weight = (omega[i] as number) / rows;
    for (let a = 0; a < K; a++) {
      const c = weight * (first[a] as number);
      for (let j = 0; j < width; j++) g[a * width + j] = (g[a * width + j] as number) + c * (x[j] as number);
      for (let b = 0; b <= a; b++) {
        const factor = weight * (second[a * K + b] as number);
        if (factor === 0) continue;
        for (let j = 0; j < width; j++) {
          const at = (a * width + j) * size + b * width;
          const fx = factor * (x[j] as number);
          for (let k = 0; k < width; k++) H[at + k] = (H[at + k] as number) + fx * (x[k] as number);
        }
      }
    }
  }
  for (let a = 0; a < K; a++) {
    for (let j = 0; j < cols; j++) {
      const at = a * width + j;
      const unit = scale[j] as number;
      g[at] = (g[at] as number) + (l2 * (theta[at] as number)) / unit;
      H[at * (size + 1)] = (H[at * (size + 1)] as number) + l2 / unit / unit;
    }
  }
  if (K > 1) {
    for (let j = 0; j < width; j++) {
      const ridge = 1e-3 * (H[j * (size + 1)] as number);
      for (let a = 0; a < K; a++) {
        for (let b = 0; b <= a; b++) {
          const at = (a * width + j) * size + b * width + j;
          H[at] = (H[at] as number) + ridge;
        }
      }
    }
  }
  // Cholesky in the lower triangle, and y = L⁻¹g on the way: gᵀH⁻¹g = ‖y‖²
  let gap = 0;
  for (let p = 0; p < size; p++) {
    for (let q = 0; q <= p; q++) {
      let sum = H[p * size + q] as number;
      for (let k = 0; k < q; k++) sum -= (H[p * size + k] as number) * (H[q * size + k] as number);
      const diagonal = Math.abs(H[p * (size + 1)] as number);
      if (p === q) H[p * (size + 1)] = Math.sqrt(sum > 1e-15 * diagonal ? sum : 1e-15 * diagonal + Number.MIN_VALUE);
      else H[p * size + q] = sum / (H[q * (size + 1)] as number);
    }
    let y = g[p] as number;
    for (let k = 0; k < p; k++) y -= (H[p * size + k] as number) * (g[k] as number);
    y /= H[p * (size + 1)] as number;
    g[p] = y;
    gap += 0.5 * y * y;
  }
  return gap;
}

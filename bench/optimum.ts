// The exact optimum of a small problem by Newton's method in float64, and distances from it: gaps far below the rounding of the objective come from
// the quadratic form of the Hessian there.

import type { Weights } from "../bindings/index.js";
import { fromWeights, fullPass, type UnitProblem } from "./svrg64.js";

export interface Optimum {
  readonly objective: number;
  /** F(0) − F*. */
  readonly start: number;
  /** Smallest eigenvalue of the Hessian at the optimum, unit coordinates: the strong-convexity constant there. */
  readonly mu: number;
  /** (F(w) − F*)/(F(0) − F*); objective: F(w) as computed by the caller, used only where it is accurate enough. */
  gap(weights: Weights, objective: number): number;
}

/** Dense symmetric matrix with its Cholesky factor. */
interface Factored {
  readonly size: number;
  readonly matrix: Float64Array;
  readonly factor: Float64Array;
}

/** Parameters without padding: outputs × cols. */
function hessian(problem: UnitProblem, u: Float64Array): Float64Array {
  const { rows, cols, width, outputs, data, ridge, loss } = problem;
  const size = outputs * cols;
  const matrix = new Float64Array(size * size);
  const { derivatives } = fullPass(problem, u);
  for (let i = 0; i < rows; i++) {
    const row = data.subarray(i * width, i * width + cols);
    for (let a = 0; a < outputs; a++) {
      for (let b = 0; b <= a; b++) {
        const pa = probability(problem, derivatives, i, a);
        const pb = probability(problem, derivatives, i, b);
        const h = (loss === "squared" ? 1 : (a === b ? pa : 0) - pa * pb) / rows;
        for (let j = 0; j < cols; j++) {
          const hx = h * (row[j] as number);
          if (hx === 0) continue;
          const at = (a * cols + j) * size + b * cols;
          for (let k = 0; k < cols; k++) matrix[at + k] = (matrix[at + k] as number) + hx * (row[k] as number);
        }
      }
    }
  }
  for (let p = 0; p < size; p++) {
    matrix[p * size + p] = (matrix[p * size + p] as number) + (ridge[p % cols] as number);
    for (let q = 0; q < p; q++) matrix[q * size + p] = matrix[p * size + q] as number;
  }
  return matrix;
}

function probability({ outputs, labels }: UnitProblem, derivatives: Float64Array, i: number, c: number): number {
  return (derivatives[i * outputs + c] as number) + (labels[i] === c ? 1 : 0);
}

function cholesky(matrix: Float64Array, size: number): Factored {
  const factor = matrix.slice();
  for (let p = 0; p < size; p++) {
    for (let q = 0; q <= p; q++) {
      let sum = factor[p * size + q] as number;
      for (let k = 0; k < q; k++) sum -= (factor[p * size + k] as number) * (factor[q * size + k] as number);
      if (p !== q) factor[p * size + q] = sum / (factor[q * size + q] as number);
      else if (sum > 0) factor[p * size + p] = Math.sqrt(sum);
      else throw new Error("the Hessian is not positive definite");
    }
  }
  return { size, matrix, factor };
}

function solve({ size, factor }: Factored, right: Float64Array): Float64Array {
  const x = right.slice();
  for (let p = 0; p < size; p++) {
    let sum = x[p] as number;
    for (let k = 0; k < p; k++) sum -= (factor[p * size + k] as number) * (x[k] as number);
    x[p] = sum / (factor[p * size + p] as number);
  }
  for (let p = size - 1; p >= 0; p--) {
    let sum = x[p] as number;
    for (let k = p + 1; k < size; k++) sum -= (factor[k * size + p] as number) * (x[k] as number);
    x[p] = sum / (factor[p * size + p] as number);
  }
  return x;
}

function norm(x: Float64Array): number {
  return Math.sqrt(x.reduce((sum, one) => sum + one * one, 0));
}

/** Inverse power iteration. */
function smallestEigenvalue(factored: Factored): number {
  let v: Float64Array = new Float64Array(factored.size).map((_, p) => Math.cos(p + 1));
  let value = 0;
  for (let iteration = 0; iteration < 500; iteration++) {
    const length = norm(v);
    v = v.map((one) => one / length);
    const next = solve(factored, v);
    const grown = norm(next);
    v = next;
    const before = value;
    value = 1 / grown;
    if (Math.abs(value - before) < 1e-9 * value) break;
  }
  return value;
}

/** Equal intercepts for all classes change no probability and carry no l2: that direction is given a curvature of 1 to make the Hessian regular. */
function pinIntercepts(problem: UnitProblem, matrix: Float64Array): void {
  if (problem.loss !== "softmax" || !problem.hasIntercept) return;
  const { cols, outputs } = problem;
  const size = outputs * cols;
  for (let a = 0; a < outputs; a++) {
    for (let b = 0; b < outputs; b++) {
      const at = (a * cols + cols - 1) * size + b * cols + cols - 1;
      matrix[at] = (matrix[at] as number) + 1 / outputs;
    }
  }
}

/** Padded (outputs × width) → plain (outputs × cols). */
function compact({ outputs, cols, width }: UnitProblem, padded: Float64Array): Float64Array {
  const plain = new Float64Array(outputs * cols);
  for (let c = 0; c < outputs; c++) plain.set(padded.subarray(c * width, c * width + cols), c * cols);
  return plain;
}

export function findOptimum(problem: UnitProblem): Optimum {
  const { outputs, cols, width } = problem;
  const size = outputs * cols;
  const u = new Float64Array(outputs * width);
  const start = fullPass(problem, u);
  let pass = start;
  let factored = cholesky(new Float64Array([1]), 1);
  let plain: Float64Array = new Float64Array(0);
  for (let iteration = 0; iteration < 40; iteration++) {
    plain = hessian(problem, u);
    const pinned = plain.slice();
    pinIntercepts(problem, pinned);
    factored = cholesky(pinned, size);
    const step = solve(factored, compact(problem, pass.gradient));
    const before = u.slice();
    const gradientNorm = norm(pass.gradient);
    for (let length = 1; length > 1e-3; length /= 2) {
      for (let p = 0; p < size; p++) {
        const at = Math.floor(p / cols) * width + (p % cols);
        u[at] = (before[at] as number) - length * (step[p] as number);
      }
      pass = fullPass(problem, u);
      if (norm(pass.gradient) < gradientNorm || gradientNorm < 1e-12 * norm(start.gradient)) break;
    }
    // quadratic convergence ends at rounding: there, a step that does not halve the gradient is the last one
    const isNear = gradientNorm < 1e-9 * norm(start.gradient);
    if (isNear && !(norm(pass.gradient) < 0.5 * gradientNorm)) break;
  }
  const range = start.objective - pass.objective;
  const gap = (weights: Weights, objective: number): number => {
    const there = fromWeights(problem, weights);
    const difference = compact(
      problem,
      there.map((one, at) => one - (u[at] as number)),
    );
    let form = 0;
    for (let p = 0; p < size; p++) {
      let sum = 0;
      for (let q = 0; q < size; q++) sum += (plain[p * size + q] as number) * (difference[q] as number);
      form += 0.5 * sum * (difference[p] as number);
    }
    // for softmax the form is exact only near the optimum, the difference of objectives only far from it
    if (problem.loss === "squared" || form < 1e-8 * range) return form / range;
    return (objective - pass.objective) / range;
  };
  return { objective: pass.objective, start: range, mu: smallestEigenvalue(factored), gap };
}

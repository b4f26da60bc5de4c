// The papers' algorithms (algorithms.md 3.1 to 3.3) in float64: no codes, no flushes, a dense step each time.
//
//   SGD      w <- w − α ∇f_i(w)                                   LP-SGD   w <- Q(that)
//   SVRG     w <- w − α(∇f_i(w) − ∇f_i(w̃) + g̃), g̃ = ∇F(w̃)        LP-SVRG  w <- Q(that)
//   HALP     δ_k = ‖g̃‖/(mu(2^(b−1) − 1));  z <- Q_δk(z − α(∇f_i(w̃ + z) − ∇f_i(w̃) + g̃));  w̃ <- w̃ + z
//
// Q is any function; which row and, for option II, which iterate, is given by the caller.

import { componentGradient, gradient, norm, normalisedWeights, type Problem, widthOf } from "./objective.js";

/** F(w) = 1/n Σ f_i(w). */
export interface FiniteSum {
  n: number;
  dimension: number;
  /** ∇f_i(w) */
  component(i: number, w: Float64Array): Float64Array;
  /** ∇F(w) */
  full(w: Float64Array): Float64Array;
}

/** f_i = ω_i loss_i + l2/2 ‖w‖². */
export function finiteSum(problem: Problem): FiniteSum {
  const omega = normalisedWeights(problem);
  return {
    n: problem.rows,
    dimension: problem.classes * widthOf(problem),
    component: (i, w) => componentGradient(problem, w, i, omega[i] as number),
    full: (w) => gradient(problem, w),
  };
}

/** Q_(δ,b): rounds every value to a multiple of δ and saturates at −δ2^(b−1), δ(2^(b−1) − 1). */
export type Quantiser = (values: Float64Array, deltaScale: number, bits: number) => Float64Array;

export const identity: Quantiser = (values) => values;

/** δ·clip(floor(x/δ + u), −2^(b−1), 2^(b−1) − 1), u from `uniform` once per value. */
export function quantiser(uniform: () => number): Quantiser {
  return (values, deltaScale, bits) =>
    values.map((x) => {
      const code = Math.floor(x / deltaScale + uniform());
      return deltaScale * Math.min(Math.max(code, -(2 ** (bits - 1))), 2 ** (bits - 1) - 1);
    });
}

/** Round half up. */
export const nearest: Quantiser = quantiser(() => 0.5);

/** Unbiased inside the range, for uniform numbers in [0, 1). */
export const stochastic = quantiser;

export interface PaperInput {
  problem: FiniteSum;
  /** α */
  stepSize: number;
  /** T */
  innerSteps: number;
  outerSteps: number;
  /** row of inner step t of outer step k */
  index: (outerStep: number, t: number) => number;
  /** w̃ at the start, 0 by default */
  start?: Float64Array;
  /** option II: the iterate w_t, 0 <= t < T, that becomes the anchor; none: option I, w_T */
  stop?: (outerStep: number) => number;
  /** called with w (HALP: with z) after each inner step; t counts from 1 */
  trace?: (outerStep: number, t: number, iterate: Float64Array) => void;
}

export interface LowPrecision {
  quantise: Quantiser;
  /** b */
  bits: number;
}

export interface PaperReport {
  /** w̃ after the outer step */
  anchor: Float64Array;
  /** g̃ it started from; zeros for SGD */
  fullGradient: Float64Array;
  /** δ of the outer step; 0 without one */
  deltaScale: number;
}

/** a + factor·b. */
function plus(a: Float64Array, factor: number, b: Float64Array): Float64Array {
  return a.map((x, j) => x + factor * (b[j] as number));
}

/** The inner loop all of them share: iterate <- round(iterate − α·direction(i, iterate)). */
function inner(
  input: PaperInput,
  outerStep: number,
  start: Float64Array,
  direction: (i: number, iterate: Float64Array) => Float64Array,
  round: (values: Float64Array) => Float64Array,
): Float64Array {
  const steps = input.stop === undefined ? input.innerSteps : input.stop(outerStep);
  let iterate = start;
  for (let t = 0; t < steps; t++) {
    iterate = round(plus(iterate, -input.stepSize, direction(input.index(outerStep, t), iterate)));
    input.trace?.(outerStep, t + 1, iterate);
  }
  return iterate;
}

const startOf = ({ problem, start }: PaperInput): Float64Array => start?.slice() ?? new Float64Array(problem.dimension);
const same = (values: Float64Array): Float64Array => values;

function plainSgd(input: PaperInput, round: (values: Float64Array) => Float64Array, deltaScale: number): PaperReport[] {
  let w = startOf(input);
  const reports: PaperReport[] = [];
  for (let k = 0; k < input.outerSteps; k++) {
    w = inner(input, k, w, (i, at) => input.problem.component(i, at), round);
    reports.push({ anchor: w, fullGradient: new Float64Array(w.length), deltaScale });
  }
  return reports;
}

function plainSvrg(
  input: PaperInput,
  round: (values: Float64Array) => Float64Array,
  deltaScale: number,
): PaperReport[] {
  const { problem } = input;
  let anchor = startOf(input);
  const reports: PaperReport[] = [];
  for (let k = 0; k < input.outerSteps; k++) {
    const w0 = anchor;
    const fullGradient = problem.full(w0);
    const direction = (i: number, w: Float64Array): Float64Array =>
      plus(plus(problem.component(i, w), -1, problem.component(i, w0)), 1, fullGradient);
    anchor = inner(input, k, w0, direction, round);
    reports.push({ anchor, fullGradient, deltaScale });
  }
  return reports;
}

/** Algorithms.md 3.1. */
export function sgd(input: PaperInput): PaperReport[] {
  return plainSgd(input, same, 0);
}

/** Algorithms.md 3.1, fixed δ. */
export function lpSgd(input: PaperInput & LowPrecision & { deltaScale: number }): PaperReport[] {
  return plainSgd(input, (values) => input.quantise(values, input.deltaScale, input.bits), input.deltaScale);
}

/** Algorithms.md 3.2. */
export function svrg(input: PaperInput): PaperReport[] {
  return plainSvrg(input, same, 0);
}

/** Algorithms.md 3.2, fixed δ. */
export function lpSvrg(input: PaperInput & LowPrecision & { deltaScale: number }): PaperReport[] {
  return plainSvrg(input, (values) => input.quantise(values, input.deltaScale, input.bits), input.deltaScale);
}

/** Algorithms.md 3.3. Stops where the full gradient is zero. */
export function halp(input: PaperInput & LowPrecision & { mu: number }): PaperReport[] {
  const { problem, mu, bits } = input;
  let anchor = startOf(input);
  const reports: PaperReport[] = [];
  for (let k = 0; k < input.outerSteps; k++) {
    const w0 = anchor;
    const fullGradient = problem.full(w0);
    const size = norm(fullGradient);
    if (size === 0) break;
    const deltaScale = size / (mu * (2 ** (bits - 1) - 1));
    const direction = (i: number, z: Float64Array): Float64Array =>
      plus(plus(problem.component(i, plus(w0, 1, z)), -1, problem.component(i, w0)), 1, fullGradient);
    const z = inner(input, k, new Float64Array(w0.length), direction, (values) =>
      input.quantise(values, deltaScale, bits),
    );
    anchor = plus(w0, 1, z);
    reports.push({ anchor, fullGradient, deltaScale });
  }
  return reports;
}

// The outer loops of docs/numerics.md section 7, in float64 around inner.ts.
//
//   margin = v·code + 0,  v = scale·w  (intercept column included),   b = Q·v[cols] − Σ offset·w   (packed codes: the intercept's code in place of Q)
//   g      = gradient in code coordinates, K × d:  1/n Σ ω loss′·(x − offset)/scale + r·v,  r = l2/scale², 0 for the intercept
//
//   HALP     delta = ‖g‖/(mu·Q²·(2^(bits−1) − 1)),  z = 0,               v += delta·z
//   LP-SVRG  delta = range/Q/(2^(bits−1) − 1),      z = anchor's codes,  v = delta·z
//   LP-SGD   the same grid, no gradient, z carries on;  v = delta·z
//   SVRG     float32 z = 0,                                              v += z
//   SGD      float32 z carries on;                                       v = z
//
// Sums of the engine have a fixed order that is not specified, so gradients agree to rounding and the codes that follow from
// them almost always. To compare codes exactly, `onAnchor` may overwrite gradient, state and deltaScale with the engine's.

import {
  type Codes,
  type InnerInput,
  type InnerStep,
  type PackedLevels,
  runInner,
  SHUFFLE_SEED,
  shuffled,
} from "./inner.js";
import { hMax, type Loss, lossDerivative, stateFloat32 } from "./loss.js";
import { gradient, joinParameters, marginsOf, norm, normalisedWeights, objective, type Problem } from "./objective.js";
import { permutation, xorshift32 } from "./random.js";

export type Method = "halp" | "lpSvrg" | "lpSgd" | "svrg" | "sgd";

export interface SolverInput {
  /** rows × (cols + intercept), without padding */
  codes: Codes;
  /** cols + intercept of them */
  scale: ArrayLike<number>;
  /** cols + intercept of them */
  offset: ArrayLike<number>;
  /** the exact copy: rows × cols, user values */
  values: Float64Array;
  rows: number;
  cols: number;
  labels: ArrayLike<number>;
  loss: Loss;
  tau?: number;
  /** K, 1 unless softmax */
  classes?: number;
  l2: number;
  intercept: boolean;
  /** raw sample weights */
  weights?: ArrayLike<number>;
  /** packed codes */
  packed?: PackedLevels;
  /** the intercept's code; Q unless told */
  interceptCode?: number;
  /** width of z for HALP, LP-SVRG and LP-SGD; SVRG and SGD use float32 */
  bits?: 8 | 16;
  /** in unit coordinates */
  stepSize: number;
  /** HALP, in unit coordinates */
  mu?: number;
  /** LP-SVRG and LP-SGD: the largest |v| in unit coordinates */
  range?: number;
  innerSteps: number;
  flushEvery: number;
  seed: number;
  /** by default uniform */
  sampling?: "uniform" | "blocks";
  rounding?: "stochastic" | "nearest";
  option?: "I" | "II";
  outerSteps: number;
  /** LM-HALP's step; by default int8 data, int8 z and flushEvery 1 (section 5) */
  published?: boolean;
  /** called at each anchor, before the inner loop; may change what it is given */
  onAnchor?: (anchor: Anchor) => void;
  /** called after each inner step */
  trace?: (outerStep: number, step: InnerStep) => void;
}

/** What an outer step hands to its inner loop. */
export interface Anchor {
  outerStep: number;
  /** K × d, model in code coordinates */
  v: Float64Array;
  /** K × d, full gradient in code coordinates, l2 term included */
  gradient: Float64Array;
  /** K × d, G of the flush: all of it, the data part, or null */
  dense: Float64Array | null;
  /** rows × K float32 */
  state: Float32Array | null;
  /** rows × K integers, null for 0 */
  base: Float64Array | null;
  deltaScale: number;
  /** codes of z at the start */
  z: Codes;
}

export interface SolverReport {
  outerStep: number;
  /** F and ‖∇F‖ (user's coordinates, intercept included) after this outer step */
  objective: number;
  gradientNorm: number;
  /** delta this outer step used; 1 for float32 z */
  deltaScale: number;
  /** of this outer step's inner loop */
  saturated: number;
  /** inner steps of this outer step */
  steps: number;
  /** inner sample gradients so far ÷ n; full gradients are not in it */
  passes: number;
  /** K × cols */
  coef: Float64Array;
  /** K */
  intercept: Float64Array;
  /** K × d, model in code coordinates */
  v: Float64Array;
  /** K × d codes at the end of the inner loop */
  z: Codes;
}

/** Q of the codes' format. */
function largestCodeOf(codes: Codes): number {
  return codes instanceof Int8Array ? 127 : codes instanceof Int16Array ? 32767 : 1;
}

/** w = v/scale, b = Q·v[cols] − Σ offset·w. */
function userModel(input: SolverInput, v: Float64Array): { coef: Float64Array; intercept: Float64Array } {
  const { cols, intercept: hasIntercept, scale, offset } = input;
  const K = input.classes ?? 1;
  const d = cols + (hasIntercept ? 1 : 0);
  const interceptCode = input.interceptCode ?? largestCodeOf(input.codes);
  const coef = new Float64Array(K * cols);
  const intercept = new Float64Array(K);
  for (let c = 0; c < K; c++) {
    let shift = 0;
    for (let j = 0; j < cols; j++) {
      const w = (v[c * d + j] as number) / (scale[j] as number);
      coef[c * cols + j] = w;
      shift += (offset[j] as number) * w;
    }
    if (hasIntercept) intercept[c] = interceptCode * (v[c * d + cols] as number) - shift;
  }
  return { coef, intercept };
}

/** The user's problem of an input. */
export function problemOf(input: SolverInput): Problem {
  const { values, rows, cols, labels, loss, tau, l2, intercept, weights } = input;
  return {
    values,
    rows,
    cols,
    labels,
    loss,
    classes: input.classes ?? 1,
    l2,
    intercept,
    ...(tau === undefined ? {} : { tau }),
    ...(weights === undefined ? {} : { weights }),
  };
}

/** r_j = l2/scale_j², 0 for the intercept. */
function ridgeOf(input: SolverInput): Float64Array {
  const { cols, intercept, scale, l2 } = input;
  return Float64Array.from({ length: cols + (intercept ? 1 : 0) }, (_, j) =>
    j < cols ? l2 / (scale[j] as number) ** 2 : 0,
  );
}

/** Data part of g, K × d:  1/n Σ ω_i loss′_i·(x_i − offset)/scale, Q for the intercept column; and the n × K margins. */
function codeGradient(input: SolverInput, v: Float64Array): { data: Float64Array; margins: Float64Array[] } {
  const { values, rows: n, cols, intercept: hasIntercept, scale, offset, labels, loss, tau } = input;
  const K = input.classes ?? 1;
  const d = cols + (hasIntercept ? 1 : 0);
  const interceptCode = input.interceptCode ?? largestCodeOf(input.codes);
  const problem = problemOf(input);
  const { coef, intercept } = userModel(input, v);
  const theta = joinParameters(problem, coef, intercept);
  const omega = normalisedWeights(problem);
  const data = new Float64Array(K * d);
  const margins: Float64Array[] = [];
  for (let i = 0; i < n; i++) {
    const m = marginsOf(problem, theta, i);
    margins.push(m);
    const derivative = lossDerivative(loss, m, labels[i] as number, tau);
    for (let c = 0; c < K; c++) {
      const factor = ((omega[i] as number) * (derivative[c] as number)) / n;
      for (let j = 0; j < cols; j++) {
        const code = ((values[i * cols + j] as number) - (offset[j] as number)) / (scale[j] as number);
        data[c * d + j] = (data[c * d + j] as number) + factor * code;
      }
      if (hasIntercept) data[c * d + cols] = (data[c * d + cols] as number) + factor * interceptCode;
    }
  }
  return { data, margins };
}

/** Runs a solver; one report per outer step. Ends early where the full gradient is exactly zero. */
export function solve(method: Method, input: SolverInput): SolverReport[] {
  const { codes, rows: n, cols, intercept: hasIntercept, labels, loss, flushEvery, innerSteps, seed, tau } = input;
  const K = input.classes ?? 1;
  const d = cols + (hasIntercept ? 1 : 0);
  const Q = largestCodeOf(codes);
  const bits = input.bits ?? 16;
  const problem = problemOf(input);
  const omega = normalisedWeights(problem);
  const ridge = ridgeOf(input);
  const alpha = input.stepSize / Q ** 2;
  const isFloat = method === "svrg" || method === "sgd";
  const isReduced = method === "halp" || method === "lpSvrg" || method === "svrg";
  const zeroCodes = (): Codes =>
    isFloat ? new Float32Array(K * d) : bits === 8 ? new Int8Array(K * d) : new Int16Array(K * d);
  const published = input.published ?? (!isFloat && codes instanceof Int8Array && bits === 8 && flushEvery === 1);

  const v = new Float64Array(K * d);
  let carried = zeroCodes(); // z of LP-SVRG, LP-SGD and SGD from outer step to outer step
  let passes = 0;
  const reports: SolverReport[] = [];
  for (let outerStep = 0; outerStep < input.outerSteps; outerStep++) {
    const { data, margins } = codeGradient(input, v);
    const full = data.map((x, i) => x + (ridge[i % d] as number) * (v[i] as number));
    const size = norm(full);
    if (size === 0 && isReduced) break; // SGD and LP-SGD never see the full gradient

    let deltaScale = 1;
    if (method === "halp") deltaScale = size / ((input.mu as number) * Q ** 2 * (2 ** (bits - 1) - 1));
    if (method === "lpSvrg" || method === "lpSgd") deltaScale = (input.range as number) / Q / (2 ** (bits - 1) - 1);

    let state: Float32Array | null = null;
    if (isReduced) {
      state = new Float32Array(n * K);
      for (let i = 0; i < n; i++) state.set(stateFloat32(loss, margins[i] as Float64Array, labels[i] as number), i * K);
    }
    let base: Float64Array | null = null;
    if (method === "lpSvrg") {
      base = new Float64Array(n * K);
      for (let i = 0; i < n; i++) {
        for (let c = 0; c < K; c++) {
          let sum = 0;
          for (let j = 0; j < d; j++) sum += (codes[i * d + j] as number) * (carried[c * d + j] as number);
          base[i * K + c] = sum;
        }
      }
    }
    const anchor: Anchor = {
      outerStep,
      v: v.slice(),
      gradient: full,
      dense: method === "lpSvrg" ? data : isReduced ? full : null,
      state,
      base,
      deltaScale,
      z: method === "halp" || method === "svrg" ? zeroCodes() : carried,
    };
    input.onAnchor?.(anchor);

    const order = input.sampling === "blocks" ? shuffled : (run: InnerInput): InnerInput => run;
    const run = order({
      codes,
      z: anchor.z,
      rows: n,
      columns: d,
      classes: K,
      loss,
      labels,
      alpha,
      deltaScale: anchor.deltaScale,
      ridge,
      flushEvery,
      innerSteps,
      option: input.option ?? "I",
      rounding: input.rounding ?? "stochastic",
      seed,
      outerStep,
      published,
      ...(input.packed === undefined ? {} : { packed: input.packed }),
      ...(tau === undefined ? {} : { tau }),
      ...(input.weights === undefined ? {} : { omega }),
      ...(anchor.state === null ? {} : { state: anchor.state }),
      ...(anchor.base === null ? {} : { base: anchor.base }),
      ...(anchor.dense === null ? {} : { gradient: anchor.dense }),
      ...(input.trace === undefined ? {} : { trace: (step: InnerStep) => input.trace?.(outerStep, step) }),
    });
    const inner = runInner(run);

    for (let i = 0; i < v.length; i++) {
      const value = anchor.deltaScale * (inner.z[i] as number);
      v[i] = method === "halp" || method === "svrg" ? (v[i] as number) + value : value;
    }
    if (method === "halp" && loss === "softmax") {
      for (let j = 0; j < d; j++) {
        let sum = 0;
        for (let c = 0; c < K; c++) sum += v[c * d + j] as number;
        const mean = sum / K;
        for (let c = 0; c < K; c++) v[c * d + j] = (v[c * d + j] as number) - mean;
      }
    }
    carried = inner.z;
    passes += inner.steps / n;
    const model = userModel(input, v);
    const theta = joinParameters(problem, model.coef, model.intercept);
    reports.push({
      outerStep,
      objective: objective(problem, theta),
      gradientNorm: norm(gradient(problem, theta)),
      deltaScale: anchor.deltaScale,
      saturated: inner.saturated,
      steps: inner.steps,
      passes,
      coef: model.coef,
      intercept: model.intercept,
      v: v.slice(),
      z: inner.z,
    });
  }
  return reports;
}

export const halp = (input: SolverInput): SolverReport[] => solve("halp", input);
export const lpSvrg = (input: SolverInput): SolverReport[] => solve("lpSvrg", input);
export const lpSgd = (input: SolverInput): SolverReport[] => solve("lpSgd", input);
export const svrg = (input: SolverInput): SolverReport[] => solve("svrg", input);
export const sgd = (input: SolverInput): SolverReport[] => solve("sgd", input);

// ---- section 8 ---------------------------------------------------------------------------------------------------

/** L = hMax·max_i ω_i‖code_i‖²/Q²; `stepSize: "auto"` is 1/(2L). */
export function smoothness(input: SolverInput): number {
  const { codes, rows: n, cols, intercept, loss } = input;
  const d = cols + (intercept ? 1 : 0);
  const Q = largestCodeOf(codes);
  const omega = normalisedWeights(problemOf(input));
  let largest = 0;
  for (let i = 0; i < n; i++) {
    let squares = 0;
    for (let j = 0; j < d; j++) squares += (codes[i * d + j] as number) ** 2;
    largest = Math.max(largest, (omega[i] as number) * squares);
  }
  return (hMax(loss) * largest) / Q ** 2;
}

/**
 * λmax of hMax·Σ ω code codeᵀ/m: m = n rows up to 1000, else 1000 rows drawn with replacement, row = floor(draw·n/2³²); 8 products with A
 * from a start vector of draw/2³² − ½ (xorshift32 from 0x9E3779B9, rows first); the Rayleigh quotient uᵀAu/uᵀu of the eighth. Of a shuffled
 * plane it is the places that are drawn.
 */
export function largestEigenvalue(input: SolverInput): number {
  const { codes, rows: n, cols, intercept, loss } = input;
  const d = cols + (intercept ? 1 : 0);
  const omega = normalisedWeights(problemOf(input));
  let state = 0x9e3779b9;
  const draw = (): number => {
    state = xorshift32(state);
    return state;
  };
  const order = input.sampling === "blocks" ? permutation(SHUFFLE_SEED, n) : null;
  const chosen = Array.from({ length: Math.min(n, 1000) }, (_, i) => {
    const place = n > 1000 ? Math.floor((draw() / 2 ** 32) * n) : i;
    return order === null ? place : (order[place] as number);
  });
  let u = Float64Array.from({ length: d }, () => draw() / 2 ** 32 - 0.5);
  u = u.map((x) => x / norm(u));
  let quotient = 0;
  for (let iteration = 0; iteration < 8; iteration++) {
    const Au = new Float64Array(d);
    for (const i of chosen) {
      let product = 0;
      for (let j = 0; j < d; j++) product += (codes[i * d + j] as number) * (u[j] as number);
      product *= omega[i] as number;
      for (let j = 0; j < d; j++) Au[j] = (Au[j] as number) + product * (codes[i * d + j] as number);
    }
    quotient = 0;
    for (let j = 0; j < d; j++) quotient += ((u[j] as number) * (Au[j] as number)) / chosen.length;
    const length = norm(Au);
    if (length === 0) return 0;
    u = Au.map((x) => x / length);
  }
  return hMax(loss) * quotient;
}

/** `flushEvery: "auto"`: clamp(floor(1/(alpha·λmax)), 1, 64). */
export function autoFlushEvery(input: SolverInput): number {
  const alpha = input.stepSize / largestCodeOf(input.codes) ** 2;
  return Math.min(Math.max(Math.floor(1 / (alpha * largestEigenvalue(input))), 1), 64);
}

// The reference of bench/training.ts: SVRG in plain float64 typed arrays, no WebAssembly, Math.exp for softmax.
//   minimise  F(u) = 1/n Σ loss(u·x̂ᵢ, yᵢ) + ½ Σ r̂ u²
// Coordinates are the unit coordinates of the data set's codes (docs/numerics.md §1): x̂ = (x − offset)/(scale·Q) as float64, *not* rounded to
// codes, the intercept a column of ones, r̂ = l2/(scale·Q)². So the same stepSize means the same step as in the engine's solvers.
// Schedule as in the engine: α = 1/(2L), T = 2n, the dense term (full gradient, l2 as a proximal step) in halves
// around blocks of `flushEvery` steps.
import { finish } from "../bindings/engine/work.js";
import type { Problem, Weights } from "../bindings/index.js";

export interface UnitProblem {
  readonly rows: number;
  /** Columns and, where one is fitted, the intercept. */
  readonly cols: number;
  /** cols rounded up to a multiple of 4, the rest zeros: the dot is unrolled. */
  readonly width: number;
  readonly outputs: number;
  readonly loss: "squared" | "softmax";
  readonly hasIntercept: boolean;
  /** x̂: rows × width. */
  readonly data: Float64Array;
  /** Targets, or class numbers from 0. */
  readonly labels: Float64Array;
  /** r̂: width, zero for the intercept. */
  readonly ridge: Float64Array;
  /** scale·Q and offset of the columns without the intercept. */
  readonly unit: Float64Array;
  readonly offset: Float64Array;
}

/** The engine's problem as float64 arrays of our own. `rows` are the values it was made from. */
export function unitProblem(problem: Problem, rows: { readonly data: ArrayLike<number> }): UnitProblem {
  const { core, dataset, outputs, loss, fitIntercept, l2 } = problem;
  if (loss !== "squared" && loss !== "softmax") throw new Error(`float64 SVRG knows no loss "${loss}"`);
  const plane = finish(dataset.plane("codes", fitIntercept));
  const { rows: n } = dataset;
  const plain = dataset.cols;
  const cols = plain + (fitIntercept ? 1 : 0);
  const width = Math.ceil(cols / 4) * 4;
  const unit = core.f64(plane.scale, plain).map((scale) => scale * plane.largest);
  const offset = core.f64(plane.offset, plain).slice();
  const data = new Float64Array(n * width);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < plain; j++) {
      data[i * width + j] = ((rows.data[i * plain + j] as number) - (offset[j] as number)) / (unit[j] as number);
    }
    if (fitIntercept) data[i * width + plain] = 1;
  }
  const ridge = new Float64Array(width);
  ridge.set(unit.map((one) => l2 / (one * one)));
  const labels =
    loss === "softmax"
      ? (dataset.labels as Float64Array).map((label) => problem.classes.indexOf(label))
      : (dataset.labels as Float64Array).slice();
  return { rows: n, cols, width, outputs, loss, hasIntercept: fitIntercept, data, labels, ridge, unit, offset };
}

/** u (outputs × width) → weights in the user's coordinates. */
export function toWeights(problem: UnitProblem, u: Float64Array): Weights {
  const { outputs, width, unit, offset, hasIntercept } = problem;
  const plain = unit.length;
  const coef = new Float64Array(outputs * plain);
  const intercept = new Float64Array(outputs);
  for (let c = 0; c < outputs; c++) {
    let shift = 0;
    for (let j = 0; j < plain; j++) {
      const w = (u[c * width + j] as number) / (unit[j] as number);
      coef[c * plain + j] = w;
      shift += w * (offset[j] as number);
    }
    if (hasIntercept) intercept[c] = (u[c * width + plain] as number) - shift;
  }
  return { coef, intercept };
}

/** Weights in the user's coordinates → u (outputs × width). */
export function fromWeights(problem: UnitProblem, { coef, intercept }: Weights): Float64Array {
  const { outputs, width, unit, offset, hasIntercept } = problem;
  const plain = unit.length;
  const u = new Float64Array(outputs * width);
  for (let c = 0; c < outputs; c++) {
    let shift = 0;
    for (let j = 0; j < plain; j++) {
      const w = coef[c * plain + j] as number;
      u[c * width + j] = w * (unit[j] as number);
      shift += w * (offset[j] as number);
    }
    if (hasIntercept) u[c * width + plain] = (intercept[c] as number) + shift;
  }
  return u;
}

function dot(a: Float64Array, from: number, b: Float64Array, at: number, width: number): number {
  // four sums: one alone would wait for its own latency at every element
  let [p, q, r, s] = [0, 0, 0, 0];
  for (let j = 0; j < width; j += 4) {
    p += (a[from + j] as number) * (b[at + j] as number);
    q += (a[from + j + 1] as number) * (b[at + j + 1] as number);
    r += (a[from + j + 2] as number) * (b[at + j + 2] as number);
    s += (a[from + j + 3] as number) * (b[at + j + 3] as number);
  }
  return p + q + (r + s);
}

function axpy(k: number, x: Float64Array, from: number, z: Float64Array, at: number, width: number): void {
  for (let j = 0; j < width; j++) z[at + j] = (z[at + j] as number) + k * (x[from + j] as number);
}

/** probabilities ← softmax of the margins; returns log Σ exp(margin). */
function softmax(margins: Float64Array, probabilities: Float64Array): number {
  let top = Number.NEGATIVE_INFINITY;
  for (const margin of margins) top = Math.max(top, margin);
  let total = 0;
  for (let c = 0; c < margins.length; c++) {
    const e = Math.exp((margins[c] as number) - top);
    probabilities[c] = e;
    total += e;
  }
  for (let c = 0; c < margins.length; c++) probabilities[c] = (probabilities[c] as number) / total;
  return top + Math.log(total);
}

export interface FullPass {
  readonly objective: number;
  /** outputs × width. */
  readonly gradient: Float64Array;
  /** rows × outputs: margins, and the derivatives of the loss there. */
  readonly margins: Float64Array;
  readonly derivatives: Float64Array;
}

/** Objective and full gradient at u. */
export function fullPass(problem: UnitProblem, u: Float64Array): FullPass {
  const { rows, width, outputs, data, labels, ridge, loss } = problem;
  const margins = new Float64Array(rows * outputs);
  const derivatives = new Float64Array(rows * outputs);
  const gradient = new Float64Array(outputs * width);
  let total = 0;
  for (let i = 0; i < rows; i++) {
    const at = i * outputs;
    for (let c = 0; c < outputs; c++) margins[at + c] = dot(data, i * width, u, c * width, width);
    const y = labels[i] as number;
    if (loss === "squared") {
      const residual = (margins[at] as number) - y;
      derivatives[at] = residual;
      total += 0.5 * residual * residual;
    } else {
      const p = derivatives.subarray(at, at + outputs);
      total += softmax(margins.subarray(at, at + outputs), p) - (margins[at + y] as number);
      p[y] = (p[y] as number) - 1;
    }
    for (let c = 0; c < outputs; c++) {
      axpy(derivatives[at + c] as number, data, i * width, gradient, c * width, width);
    }
  }
  let penalty = 0;
  for (let c = 0; c < outputs; c++) {
    for (let j = 0; j < width; j++) {
      const pull = (ridge[j] as number) * (u[c * width + j] as number);
      penalty += 0.5 * pull * (u[c * width + j] as number);
      gradient[c * width + j] = (gradient[c * width + j] as number) / rows + pull;
    }
  }
  return { objective: total / rows + penalty, gradient, margins, derivatives };
}

/** L = hMax·max ‖x̂‖². */
export function smoothness({ rows, width, data, loss }: UnitProblem): number {
  let largest = 0;
  for (let i = 0; i < rows; i++) largest = Math.max(largest, dot(data, i * width, data, i * width, width));
  return (loss === "squared" ? 1 : 0.5) * largest;
}

/** Largest eigenvalue of hMax·X̂ᵀX̂/n, on at most 1000 evenly spaced rows: it only sets flushEvery. */
function largestEigenvalue({ rows, width, data, loss }: UnitProblem): number {
  const step = Math.ceil(rows / 1000);
  const count = Math.ceil(rows / step);
  let v = new Float64Array(width).fill(1);
  let value = 0;
  for (let iteration = 0; iteration < 8; iteration++) {
    const length = Math.sqrt(dot(v, 0, v, 0, width));
    if (length === 0) return 0;
    v = v.map((one) => one / length);
    const next = new Float64Array(width);
    for (let i = 0; i < rows; i += step)
      axpy(dot(data, i * width, v, 0, width) / count, data, i * width, next, 0, width);
    value = dot(v, 0, next, 0, width);
    v = next;
  }
  return (loss === "squared" ? 1 : 0.5) * value;
}

/** A generator of its own (mulberry32): the reference must not share the engine's row order. */
function rowPicker(seed: number, rows: number): () => number {
  let state = (seed * 0x9e3779b9 + 12345) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * rows);
  };
}

export interface Svrg64Report {
  readonly outerStep: number;
  readonly objective: number;
  readonly weights: Weights;
  readonly stepSize: number;
  readonly flushEvery: number;
  readonly seconds: { readonly inner: number; readonly exact: number };
}

/** Runs SVRG from zero; yields the starting point and then one report per outer step. */
export function* svrg64(
  problem: UnitProblem,
  options: { readonly seed: number; readonly outerSteps: number },
): Generator<Svrg64Report, void, undefined> {
  const { rows, width, outputs, data, ridge, loss } = problem;
  const stepSize = 1 / (2 * smoothness(problem));
  const flushEvery = Math.max(1, Math.min(64, Math.floor(1 / (stepSize * largestEigenvalue(problem)))));
  const size = outputs * width;
  const u = new Float64Array(size);
  const z = new Float64Array(size);
  const margins = new Float64Array(outputs);
  const probabilities = new Float64Array(outputs);
  const pickRow = rowPicker(options.seed, rows);
  const seconds = { inner: 0, exact: 0 };
  const pass = (): FullPass => {
    const started = performance.now();
    const made = fullPass(problem, u);
    seconds.exact += (performance.now() - started) / 1000;
    return made;
  };
  const report = (outerStep: number, { objective }: FullPass): Svrg64Report => {
    return { outerStep, objective, weights: toWeights(problem, u), stepSize, flushEvery, seconds: { ...seconds } };
  };
  const flush = (gradient: Float64Array, steps: number): void => {
    const far = stepSize * steps;
    for (let c = 0; c < outputs; c++) {
      for (let j = 0; j < width; j++) {
        const at = c * width + j;
        z[at] = ((z[at] as number) - far * (gradient[at] as number)) / (1 + far * (ridge[j] as number));
      }
    }
  };

  let anchor = pass();
  yield report(0, anchor);
  for (let k = 1; k <= options.outerSteps; k++) {
    const started = performance.now();
    const steps = 2 * rows;
    z.fill(0);
    const { gradient, margins: anchorMargins, derivatives } = anchor;
    flush(gradient, Math.min(flushEvery, steps) >> 1);
    for (let t = 1; t <= steps; t++) {
      const i = pickRow();
      const at = i * outputs;
      for (let c = 0; c < outputs; c++) {
        margins[c] = (anchorMargins[at + c] as number) + dot(data, i * width, z, c * width, width);
      }
      if (loss === "squared") {
        const change = (margins[0] as number) - (anchorMargins[at] as number);
        axpy(-stepSize * change, data, i * width, z, 0, width);
      } else {
        softmax(margins, probabilities);
        const y = problem.labels[i] as number;
        for (let c = 0; c < outputs; c++) {
          const now = (probabilities[c] as number) - (c === y ? 1 : 0);
          axpy(-stepSize * (now - (derivatives[at + c] as number)), data, i * width, z, c * width, width);
        }
      }
      // the second half of the block that ends here, the first half of the next
      const done = t % flushEvery === 0 ? flushEvery : t === steps ? t % flushEvery : 0;
      if (done > 0) flush(gradient, Math.ceil(done / 2) + (Math.min(flushEvery, steps - t) >> 1));
    }
    for (let j = 0; j < size; j++) u[j] = (u[j] as number) + (z[j] as number);
    seconds.inner += (performance.now() - started) / 1000;
    anchor = pass();
    yield report(k, anchor);
  }
}

/// <reference lib="esnext.disposable" preserve="true" />
// Problem: a dataset bound to a loss, l2 and the intercept; computes objective and gradient exactly (float64 on the exact copy).
//   F(w, b) = 1/n Σ ωᵢ loss(w·xᵢ + b, yᵢ) + l2/2 ‖w‖²,   the intercept b not regularised
import { type Core, Scope } from "../engine/core.js";
import type { CodeStorage } from "../engine/kernels.js";
import { BitcenterError, show } from "../errors.js";
import { checkNames, number, oneOf } from "../options.js";
import { Dataset, type Frame, type Plane, type StoredCopy } from "./dataset.js";
import { checkVector, isVector } from "./matrix.js";
import { eachUnpacked, unpackRows } from "./packed.js";

export type LossName = "squared" | "logistic" | "softmax" | "squaredHinge" | "hinge" | "huber";

export interface ProblemOptions {
  readonly loss: LossName;
  /** Strength λ ≥ 0 of l2/2 ‖w‖² (default 0). */
  readonly l2?: number;
  /** Default true. */
  readonly fitIntercept?: boolean;
  /** Huber's τ > 0, in units of the target (default 1); the other losses have no use for it. */
  readonly epsilon?: number;
}

/** Weights in the user's coordinates. coef: outputs × cols row-major; intercept: outputs (zeros when none is fitted). */
export interface Weights {
  readonly coef: Float64Array;
  readonly intercept: Float64Array;
}

/** Weights as a caller may give them: any arrays of numbers. Without a fitted intercept, `intercept` may be left out. */
export interface WeightsInput {
  readonly coef: ArrayLike<number>;
  readonly intercept?: ArrayLike<number>;
}

export interface Evaluation {
  readonly objective: number;
  /** ‖∇F‖₂ in the user's coordinates, intercept included. */
  readonly gradientNorm: number;
}

/** What an exact pass leaves behind, besides the gradient in code coordinates. */
export interface ExactPass extends Evaluation {
  /** ‖g‖₂ in code coordinates. */
  readonly codeNorm: number;
}

/** Norms of a gradient, and l2's part of the objective. */
export interface GradientFacts {
  readonly gradientNorm: number;
  readonly codeNorm: number;
  readonly penalty: number;
}

/** Per row and output: margins f64, derivatives f64, states f32 (docs/numerics.md §6). Pointers. */
export interface RowValues {
  readonly margins: number;
  readonly derivatives: number;
  readonly state: number;
}

interface LossFacts {
  /** Number in assembly/loss/loss.ts. */
  readonly id: number;
  /** Bound of the second derivative (docs/numerics.md §8). */
  readonly curvature: number;
  readonly isClassifier: boolean;
}

const LOSSES: Record<LossName, LossFacts> = {
  squared: { id: 0, curvature: 1, isClassifier: false },
  logistic: { id: 1, curvature: 0.25, isClassifier: true },
  softmax: { id: 2, curvature: 0.5, isClassifier: true },
  squaredHinge: { id: 3, curvature: 1, isClassifier: true },
  hinge: { id: 4, curvature: 1, isClassifier: true },
  huber: { id: 5, curvature: 1, isClassifier: false },
};

/** Inner steps are float32: targets, residuals and their products must stay inside its range. */
const LARGEST_TARGET = 1e20;

/** Rows and iterations of the eigenvalue estimate, and the seed of its random choices (docs/numerics.md §8). */
const SPECTRUM_ROWS = 1000;
const SPECTRUM_ITERATIONS = 8;
const SPECTRUM_SEED = 0x9e3779b9;

/** Random u32 numbers from a fixed seed. */
function xorshift32(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Name of a constant of one plane. */
const keyOf = (what: string, { storage, order, isUnit }: Plane): string =>
  `${what} ${storage} ${order} ${isUnit === true}`;

/** Distinct labels in ascending order. */
function distinct(labels: Float64Array): number[] {
  const found = new Set<number>();
  // the last two seen: with two classes the set is asked twice, not for every row
  let [last, other] = [Number.NaN, Number.NaN];
  for (const label of labels) {
    if (label === last || label === other) continue;
    found.add(label);
    [last, other] = [label, last];
  }
  return [...found].sort((a, b) => a - b);
}

export class Problem {
  readonly dataset: Dataset;
  readonly loss: LossName;
  readonly l2: number;
  readonly fitIntercept: boolean;
  readonly epsilon: number;
  /** Labels in ascending order; the second of two is the positive one. Empty for regression. */
  readonly classes: readonly number[];
  /** Rows of the coefficient matrix: number of classes for softmax, else 1. */
  readonly outputs: number;
  /** @internal */
  readonly core: Core;
  /** @internal */
  readonly lossId: number;
  /** @internal */
  readonly curvature: number;
  /** Labels as the loss wants them: rows f64 and rows f32 in linear memory. @internal */
  readonly labels: { readonly f64: number; readonly f32: number };
  readonly #scope: Scope;
  readonly #runs = new Set<Scope>();
  /** w and stored-form sums: outputs × width f64 each; bias and sums: outputs f64 each; results: 5 f64. */
  readonly #weights: number;
  readonly #sums: number;
  readonly #bias: number;
  readonly #results: number;
  readonly #constants = new Map<string, number>();
  #isDisposed = false;

  /** @internal Use engine.problem. */
  constructor(dataset: Dataset, options: ProblemOptions) {
    const where = "problem";
    checkNames(where, options, ["loss", "l2", "fitIntercept", "epsilon"]);
    if (options?.loss === undefined) {
      throw new BitcenterError("BAD_OPTION", `problem: loss is missing; known: ${Object.keys(LOSSES).join(", ")}`);
    }
    this.loss = oneOf(where, "loss", options.loss, Object.keys(LOSSES) as LossName[], "squared");
    this.l2 = number(where, "l2", options.l2, { min: 0 }, 0);
    this.fitIntercept = oneOf(where, "fitIntercept", options.fitIntercept, [true, false] as const, true);
    this.epsilon = number(where, "epsilon", options.epsilon, { above: 0 }, 1);
    dataset.checkLive();
    this.dataset = dataset;
    this.core = dataset.core;
    const facts = LOSSES[this.loss];
    this.lossId = facts.id;
    this.curvature = facts.curvature;
    if (dataset.labels === null) {
      throw new BitcenterError("BAD_SHAPE", "problem: the dataset has no labels: it was made for prediction only");
    }
    const { values, classes } = this.#mapLabels(dataset.labels, facts.isClassifier);
    this.classes = classes;
    this.outputs = this.loss === "softmax" ? classes.length : 1;

    const { core, outputs } = this;
    const { rows, stored } = dataset;
    const blocks = Scope.guard(core, (scope) => {
      const f64 = scope.alloc(rows * 8, "labels");
      const f32 = scope.alloc(rows * 4, "labels");
      core.f64(f64, rows).set(values);
      core.kernels.toFloat32(f64, f32, rows);
      const weights = scope.alloc(outputs * stored.width * 8, "weights");
      const sums = scope.alloc(outputs * stored.width * 8, "a gradient");
      const bias = scope.alloc(2 * outputs * 8, "intercepts");
      const results = scope.alloc(40, "norms");
      return { scope, f64, f32, weights, sums, bias, results };
    });
    this.#scope = blocks.scope;
    this.labels = { f64: blocks.f64, f32: blocks.f32 };
    this.#weights = blocks.weights;
    this.#sums = blocks.sums;
    this.#bias = blocks.bias;
    this.#results = blocks.results;
  }

  /** Frees the problem's memory, that of unfinished solver runs included; the dataset stays. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    for (const run of this.#runs) run.release();
    this.#runs.clear();
    this.#scope.release();
  }

  /** Memory of a solver run, freed with the problem when the run is never finished. @internal */
  own(run: Scope): void {
    this.#runs.add(run);
  }

  /** @internal */
  forget(run: Scope): void {
    this.#runs.delete(run);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal */
  checkLive(): void {
    this.dataset.checkLive();
    if (this.#isDisposed) throw new BitcenterError("DISPOSED", "this problem was disposed; create another one");
  }

  #mapLabels(labels: Float64Array, isClassifier: boolean): { values: Float64Array; classes: number[] } {
    if (!isClassifier) {
      const largest = labels.reduce((top, y) => Math.max(top, Math.abs(y)), 0);
      if (largest > LARGEST_TARGET || (largest > 0 && largest < 1 / LARGEST_TARGET)) {
        throw new BitcenterError(
          "BAD_VALUE",
          `problem: targets up to ${largest} do not fit float32 steps: scale them to between ${1 / LARGEST_TARGET} and ${LARGEST_TARGET}`,
        );
      }
      return { values: labels, classes: [] };
    }
    const classes = distinct(labels);
    if (classes.length < 2) {
      throw new BitcenterError(
        "ONE_CLASS",
        `problem: loss "${this.loss}" needs at least two classes, but every label is ${classes[0]}`,
      );
    }
    if (this.loss === "softmax") {
      if (classes.length > 1024) {
        throw new BitcenterError(
          "BAD_VALUE",
          `problem: ${classes.length} distinct labels are too many for loss "softmax" (at most 1024); are these targets of a regression?`,
        );
      }
      const index = new Map(classes.map((label, i) => [label, i]));
      return { values: labels.map((label) => index.get(label) as number), classes };
    }
    if (classes.length > 2) {
      const shown = `${classes.slice(0, 5).map(show).join(", ")}${classes.length > 5 ? ", …" : ""}`;
      const advice = classes.every(Number.isInteger) ? 'use loss "softmax"' : 'for real targets use loss "squared"';
      throw new BitcenterError(
        "BAD_VALUE",
        `problem: loss "${this.loss}" needs two classes, given ${classes.length} (${shown}); ${advice}`,
      );
    }
    return { values: labels.map((label) => (label === classes[1] ? 1 : -1)), classes };
  }

  /** Objective and gradient norm at weights in the user's coordinates: exact, float64. */
  evaluate(weights: WeightsInput): Evaluation {
    this.checkLive();
    const checked = this.checkWeights("evaluate", weights);
    const { cols } = this.dataset;
    const padded = cols + 1;
    return Scope.scratch(this.core, (scratch) => {
      // the user's own coordinates: scale 1, offset 0, the intercept as a column of ones
      const scale = scratch.alloc(padded * 8, "column scales");
      this.core.f64(scale, padded).fill(1);
      const offset = scratch.alloc(padded * 8, "column scales");
      const own: Frame = { largest: 1, padded, intercept: this.fitIntercept ? 1 : 0, scale, offset };
      const bytes = this.outputs * padded * 8;
      const v = scratch.alloc(bytes, "weights");
      const g = scratch.alloc(bytes, "a gradient");
      const rowsOut = this.allocRows(scratch);
      this.toCodes(own, checked, v);
      const { objective, gradientNorm } = this.exactPass(own, v, g, rowsOut);
      return { objective, gradientNorm };
    });
  }

  /** Margins w·x + b of every row of a dataset with as many columns: rows × outputs, row-major. */
  margins(weights: WeightsInput, dataset: Dataset = this.dataset): Float64Array {
    this.checkLive();
    const { coef, intercept } = this.checkWeights("margins", weights);
    if (!(dataset instanceof Dataset)) {
      throw new BitcenterError("BAD_OPTION", `margins: expected a dataset of this engine, given ${show(dataset)}`);
    }
    dataset.checkLive();
    const { cols } = this.dataset;
    if (dataset.core !== this.core || dataset.cols !== cols) {
      const isForeign = dataset.core !== this.core;
      throw new BitcenterError(
        isForeign ? "BAD_OPTION" : "BAD_SHAPE",
        isForeign
          ? "margins: the dataset belongs to another engine"
          : `margins: the dataset has ${dataset.cols} columns, the model ${cols}`,
      );
    }
    const { core, outputs } = this;
    const { rows, stored } = dataset;
    return Scope.scratch(core, (scratch) => {
      const w = scratch.alloc(outputs * stored.width * 8, "weights");
      const bias = scratch.alloc(outputs * 8, "intercepts");
      const margins = scratch.alloc(rows * outputs * 8, "margins");
      for (let k = 0; k < outputs; k++) {
        core.f64(w + k * stored.width * 8, cols).set(coef.subarray(k * cols, (k + 1) * cols));
      }
      core.f64(bias, outputs).set(intercept);
      this.#passMargins(dataset, w, bias, margins);
      return core.f64(margins, rows * outputs).slice();
    });
  }

  /**
   * Weights of a caller, checked and copied: shapes, finite numbers, and no intercept where none is fitted.
   * @internal
   */
  checkWeights(where: string, weights: WeightsInput): Weights {
    const { outputs } = this;
    const { cols } = this.dataset;
    const given: unknown = weights;
    const { coef: c, intercept: i } = (
      typeof given === "object" && given !== null ? given : {}
    ) as Partial<WeightsInput>;
    const b = i === undefined && c !== undefined && !this.fitIntercept ? new Float64Array(outputs) : i;
    const sizeOf = (values: unknown): string =>
      isVector(values) ? `of ${values.length}` : `${show(values)} (no array)`;
    if (!isVector(c) || !isVector(b) || c.length !== outputs * cols || b.length !== outputs) {
      const shape = `coef of ${outputs * cols} numbers (${outputs} × ${cols}) and intercept of ${outputs}`;
      const found = c === undefined && b === undefined ? show(given) : `coef ${sizeOf(c)}, intercept ${sizeOf(b)}`;
      throw new BitcenterError("BAD_SHAPE", `${where}: expected ${shape}, given ${found}`);
    }
    const coef = checkVector(where, "coef", c, outputs * cols);
    const intercept = checkVector(where, "intercept", b, outputs);
    if (!this.fitIntercept && intercept.some((b) => b !== 0)) {
      throw new BitcenterError(
        "BAD_VALUE",
        `${where}: intercept must be 0 in a problem with fitIntercept: false, given ${intercept.find((b) => b !== 0)}`,
      );
    }
    return { coef, intercept };
  }

  /** margins ← stored rows · wᵀ + bias; w (outputs × width) and bias are brought into the stored form in place. */
  #passMargins(dataset: Dataset, w: number, bias: number, margins: number): void {
    const { kernels } = this.core;
    const { rows, cols, stored } = dataset;
    kernels.toStored(w, stored.width, cols, this.outputs, stored.passScale, stored.passOffset, bias);
    const pass = kernels[`margins${stored.storage}`];
    pass(stored.pointer, stored.low, stored.strideBytes, rows, stored.width, w, bias, this.outputs, margins);
  }

  /** What an exact pass writes per row, in `scope`. @internal */
  allocRows(scope: Scope): RowValues {
    const count = this.dataset.rows * this.outputs;
    return {
      margins: scope.alloc(count * 8, "the margins of an exact pass"),
      derivatives: scope.alloc(count * 8, "the derivatives of an exact pass"),
      // kernels read 16 bytes of states at a time
      state: scope.alloc(count * 4 + 16, "the states of an exact pass"),
    };
  }

  /**
   * One exact pass at v (outputs × padded f64, code coordinates of `frame`): writes the full gradient into g (same shape) and the values of the rows.
   * @internal
   */
  exactPass(frame: Frame, v: number, g: number, { margins, derivatives, state }: RowValues): ExactPass {
    const { core, dataset, outputs } = this;
    const { rows } = dataset;
    this.exactMargins(frame, v, margins);
    const total = core.kernels.lossPass(
      this.lossId,
      margins,
      this.labels.f64,
      dataset.weights.f64,
      rows,
      outputs,
      this.epsilon,
      derivatives,
      state,
    );
    const { gradientNorm, codeNorm, penalty } = this.exactGradient(frame, v, derivatives, g);
    return { objective: total / rows + penalty, gradientNorm, codeNorm };
  }

  /** Margins at v: rows × outputs f64, float64 sums over the exact copy. @internal */
  exactMargins(frame: Frame, v: number, margins: number): void {
    const { core, dataset, outputs } = this;
    core.kernels.toWeights(
      v,
      frame.padded,
      this.#weights,
      dataset.stored.width,
      dataset.cols,
      outputs,
      frame.scale,
      frame.offset,
      frame.intercept,
      this.#bias,
    );
    this.#passMargins(dataset, this.#weights, this.#bias, margins);
  }

  /** The full gradient from derivatives (rows × outputs f64), float64 sums over the exact copy. @internal */
  exactGradient(frame: Frame, v: number, derivatives: number, g: number): GradientFacts {
    const { core, dataset, outputs } = this;
    const { rows, stored } = dataset;
    const totals = this.#bias + outputs * 8;
    core.f64(this.#sums, outputs * stored.width).fill(0);
    const pass = core.kernels[`gradient${stored.storage}`];
    pass(stored.pointer, stored.low, stored.strideBytes, rows, stored.width, derivatives, outputs, this.#sums);
    core.kernels.columnSums(derivatives, rows, outputs, totals);
    return this.assembleGradient(frame, stored, this.#sums, totals, v, g, rows);
  }

  /**
   * The full gradient from stored sums Σ cᵢ·storedᵢ (outputs × width f64) and totals Σ cᵢ (outputs f64) over `rows` rows, with l2's part.
   * @internal
   */
  assembleGradient(
    frame: Frame,
    stored: Pick<StoredCopy, "width" | "passScale" | "passOffset">,
    sums: number,
    totals: number,
    v: number,
    g: number,
    rows: number,
  ): GradientFacts {
    const { core, dataset, outputs } = this;
    core.kernels.assembleGradient(
      sums,
      stored.width,
      totals,
      v,
      g,
      frame.padded,
      dataset.cols,
      outputs,
      rows,
      frame.scale,
      frame.offset,
      stored.passScale,
      stored.passOffset,
      this.l2,
      frame.intercept,
      this.#results,
    );
    const [gradientNorm, codeNorm, penalty] = core.f64(this.#results, 3) as unknown as [number, number, number];
    return { gradientNorm, codeNorm, penalty };
  }

  /** Weights → v (outputs × padded f64) in the code coordinates of `frame`. @internal */
  toCodes(frame: Frame, weights: Weights, v: number): void {
    const { core, outputs } = this;
    const { cols } = this.dataset;
    core.f64(this.#weights, outputs * cols).set(weights.coef);
    core.f64(this.#bias, outputs).set(weights.intercept);
    core.kernels.toCodes(
      this.#weights,
      cols,
      v,
      frame.padded,
      cols,
      outputs,
      frame.scale,
      frame.offset,
      frame.intercept,
      this.#bias,
    );
  }

  /** v in the code coordinates of `frame` → weights, copied out. @internal */
  toWeights(frame: Frame, v: number): Weights {
    const { core, outputs } = this;
    const { cols } = this.dataset;
    core.kernels.toWeights(
      v,
      frame.padded,
      this.#weights,
      cols,
      cols,
      outputs,
      frame.scale,
      frame.offset,
      frame.intercept,
      this.#bias,
    );
    return {
      coef: core.f64(this.#weights, outputs * cols).slice(),
      intercept: core.f64(this.#bias, outputs).slice(),
    };
  }

  /** L = curvature·maxᵢ ωᵢ‖codeᵢ‖²/Q², in unit coordinates (docs/numerics.md §8). @internal */
  smoothness(plane: Plane): number {
    return this.#constant(keyOf("smoothness", plane), () => {
      return (this.curvature * this.#longestRow(plane)) / (plane.largest * plane.largest);
    });
  }

  /** maxᵢ ωᵢ‖codeᵢ‖². */
  #longestRow({ storage, packed, codes, strideBytes, padded, weights }: Plane): number {
    const { core } = this;
    const { rows } = this.dataset;
    if (packed === null) {
      return core.kernels[`maxRowNorm${storage as CodeStorage}`](codes, strideBytes, rows, padded, weights.f64);
    }
    let top = 0;
    eachUnpacked(core, { codes, strideBytes, padded, packed }, rows, (pointer, bytes, first, count) => {
      const omega = weights.f64 === 0 ? 0 : weights.f64 + 8 * first;
      top = Math.max(top, core.kernels.maxRowNormI8(pointer, bytes, count, padded, omega));
    });
    return top;
  }

  /**
   * Estimate of the largest eigenvalue of curvature·Σ ωᵢ·codeᵢcodeᵢᵀ/n, in unit coordinates: power iterations on at most 1000 rows. Rows and
   * start vector are random (fixed seed): evenly spaced rows may follow a period of the data, a plain start vector may be orthogonal
   * to what matters. @internal
   */
  largestEigenvalue(plane: Plane): number {
    return this.#constant(keyOf("eigenvalue", plane), () => {
      const { core } = this;
      const { rows, cols } = this.dataset;
      const { padded, strideBytes, weights, packed } = plane;
      const random = xorshift32(SPECTRUM_SEED);
      return Scope.scratch(core, (scratch) => {
        let [codes, omega, count] = [plane.codes, weights.f64, rows];
        if (rows > SPECTRUM_ROWS) {
          count = SPECTRUM_ROWS;
          codes = scratch.alloc(count * strideBytes, "a sample of rows");
          if (omega !== 0) omega = scratch.alloc(count * 8, "a sample of weights");
          for (let i = 0; i < count; i++) {
            const row = Math.floor((random() / 2 ** 32) * rows);
            core
              .bytes(codes + i * strideBytes, strideBytes)
              .set(core.bytes(plane.codes + row * strideBytes, strideBytes));
            if (omega !== 0) core.f64(omega, count)[i] = core.f64(weights.f64, rows)[row] as number;
          }
        }
        const p = scratch.alloc(padded * 8, "an eigenvector");
        const q = scratch.alloc(padded * 8, "an eigenvector");
        const t = scratch.alloc(count * 8, "margins");
        const zero = scratch.alloc(8, "a zero");
        const start = core.f64(p, cols + (plane.intercept !== 0 ? 1 : 0));
        for (let j = 0; j < start.length; j++) start[j] = random() / 2 ** 32 - 0.5;
        let [storage, stride] = [plane.storage as CodeStorage, strideBytes];
        if (packed !== null) {
          const wide = scratch.alloc(count * padded, "a sample of rows");
          unpackRows(core, { codes, strideBytes, padded, packed }, count, wide);
          [codes, storage, stride] = [wide, "I8", padded];
        }
        const kernel = core.kernels[`largestEigenvalue${storage}`];
        const value = kernel(codes, stride, count, padded, omega, SPECTRUM_ITERATIONS, p, q, t, zero);
        return (this.curvature * value) / (plane.largest * plane.largest);
      });
    });
  }

  #constant(key: string, compute: () => number): number {
    let value = this.#constants.get(key);
    if (value === undefined) {
      value = compute();
      this.#constants.set(key, value);
    }
    return value;
  }
}

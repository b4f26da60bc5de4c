/// <reference lib="esnext.disposable" preserve="true" />
// Problem: a dataset bound to a loss, l2 and the intercept; computes objective and gradient exactly (float64 on the exact copy).
//   F(w, b) = 1/n Σ ωᵢ loss(w·xᵢ + b, yᵢ) + l1 ‖w‖₁ + l2/2 ‖w‖²,   the intercept b not regularised
import { type Core, Scope } from "../engine/core.js";
import type { CodeStorage } from "../engine/kernels.js";
import { eachPart, finish, type Work } from "../engine/work.js";
import { BitcenterError, show } from "../errors.js";
import { checkNames, number, oneOf } from "../options.js";
import { Dataset, type Frame, type Plane, type StoredCopy } from "./dataset.js";
import { checkVector, isVector } from "./matrix.js";
import { eachUnpacked, unpackRows } from "./packed.js";
import { eachSparse } from "./sparse-rows.js";
import type { SparsePlane } from "./sparse-source.js";

export type LossName = "squared" | "logistic" | "softmax" | "squaredHinge" | "hinge" | "huber";

export interface ProblemOptions {
  readonly loss: LossName;
  /** Strength ≥ 0 of l1 ‖w‖₁ (default 0): weights that are not worth it are 0 exactly. Solvers `auto` and `newton`; not for "hinge". */
  readonly l1?: number;
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
  /** ‖∇F‖₂ in the user's coordinates, intercept included; with l1 that of the subgradient of least norm, which is 0 at the optimum alone. */
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

/** Multiply-adds that a loss takes as long as, with its exponentials and logarithms, per row and output. */
export const LOSS_PRICE = 16;

/** The same for a number that is copied to memory used for the first time, and for one that is added to a sum in memory. */
const COPY_PRICE = 8;
const SUM_PRICE = 4;
/** The same for a value in the norm of its row, one after the other. */
export const NORM_PRICE = 2;

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

/** Labels looked at between two pauses, and multiply-adds that one takes as long as (in a set or map). */
const LABELS = 2 ** 16;
const LABEL_PRICE = 32;

/** `labels`, each as `map` says. */
function* mapped(core: Core, labels: Float64Array, map: (label: number) => number): Work<Float64Array> {
  const values = new Float64Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    if (i % LABELS === 0 && core.isDue(LABELS * LABEL_PRICE)) yield;
    values[i] = map(labels[i] as number);
  }
  return values;
}

/** Distinct labels in ascending order. */
function* distinct(core: Core, labels: Float64Array): Work<number[]> {
  const found = new Set<number>();
  // the last two seen: with two classes the set is asked twice, not for every row
  let [last, other] = [Number.NaN, Number.NaN];
  for (let i = 0; i < labels.length; i++) {
    if (i % LABELS === 0 && core.isDue(LABELS * LABEL_PRICE)) yield;
    const label = labels[i] as number;
    if (label === last || label === other) continue;
    found.add(label);
    [last, other] = [label, last];
  }
  return [...found].sort((a, b) => a - b);
}

type CheckedProblem = Required<ProblemOptions>;

function checkOptions(where: string, options: ProblemOptions): CheckedProblem {
  checkNames(where, options, ["loss", "l1", "l2", "fitIntercept", "epsilon"]);
  if (options?.loss === undefined) {
    throw new BitcenterError("BAD_OPTION", `${where}: loss is missing; known: ${Object.keys(LOSSES).join(", ")}`);
  }
  const loss = oneOf(where, "loss", options.loss, Object.keys(LOSSES) as LossName[], "squared");
  const l1 = number(where, "l1", options.l1, { min: 0 }, 0);
  if (loss === "hinge" && l1 > 0) {
    throw new BitcenterError(
      "UNSUPPORTED",
      `${where}: loss "hinge" has no l1 penalty here (both have corners), given l1: ${l1}; use loss "squaredHinge", or l2`,
    );
  }
  return {
    loss,
    l1,
    l2: number(where, "l2", options.l2, { min: 0 }, 0),
    fitIntercept: oneOf(where, "fitIntercept", options.fitIntercept, [true, false] as const, true),
    epsilon: number(where, "epsilon", options.epsilon, { above: 0 }, 1),
  };
}

/** What a problem keeps in linear memory: pointers. */
interface Blocks {
  readonly scope: Scope;
  readonly f64: number;
  readonly f32: number;
  readonly weights: number;
  readonly bias: number;
  readonly pass: number;
  readonly results: number;
}

/** Room for an exact pass. */
interface PassSpace {
  readonly pointer: number;
  release(): void;
}

function* writeBlocks(scope: Scope, { core, rows, exactRows }: Dataset, labels: Float64Array, outputs: number) {
  const f64 = yield* scope.allocWork(rows * 8, "labels");
  const f32 = yield* scope.allocWork(rows * 4, "labels");
  yield* eachPart(core, rows, COPY_PRICE, 1, (first, count) => {
    core.f64(f64 + 8 * first, count).set(labels.subarray(first, first + count));
    core.kernels.toFloat32(f64 + 8 * first, f32 + 4 * first, count);
  });
  const weights = scope.alloc(outputs * exactRows.width * 8, "weights");
  const bias = scope.alloc(outputs * 8, "intercepts");
  const pass = scope.alloc(outputs * (exactRows.width + 1) * 8, "an exact pass");
  const results = scope.alloc(40, "norms");
  return { scope, f64, f32, weights, bias, pass, results };
}

/** Labels as the loss wants them, and their classes. */
function* mapLabels(
  core: Core,
  labels: Float64Array,
  loss: LossName,
): Work<{ values: Float64Array; classes: number[] }> {
  if (!LOSSES[loss].isClassifier) {
    let largest = 0;
    for (let i = 0; i < labels.length; i++) {
      if (i % LABELS === 0 && core.isDue(LABELS * LABEL_PRICE)) yield;
      largest = Math.max(largest, Math.abs(labels[i] as number));
    }
    if (largest > LARGEST_TARGET || (largest > 0 && largest < 1 / LARGEST_TARGET)) {
      throw new BitcenterError(
        "BAD_VALUE",
        `problem: targets up to ${largest} do not fit float32 steps: scale them to between ${1 / LARGEST_TARGET} and ${LARGEST_TARGET.toExponential()}`,
      );
    }
    return { values: labels, classes: [] };
  }
  const classes = yield* distinct(core, labels);
  if (classes.length < 2) {
    throw new BitcenterError(
      "ONE_CLASS",
      `problem: loss "${loss}" needs at least two classes, but every label is ${classes[0]}`,
    );
  }
  if (loss === "softmax") {
    if (classes.length > 1024) {
      throw new BitcenterError(
        "BAD_VALUE",
        `problem: ${classes.length} distinct labels are too many for loss "softmax" (at most 1024); are these targets of a regression?`,
      );
    }
    const index = new Map(classes.map((label, i) => [label, i]));
    return { values: yield* mapped(core, labels, (label) => index.get(label) as number), classes };
  }
  if (classes.length > 2) {
    const shown = `${classes.slice(0, 5).map(show).join(", ")}${classes.length > 5 ? ", …" : ""}`;
    const advice = classes.every(Number.isInteger) ? 'use loss "softmax"' : 'for real targets use loss "squared"';
    throw new BitcenterError(
      "BAD_VALUE",
      `problem: loss "${loss}" needs two classes, given ${classes.length} (${shown}); ${advice}`,
    );
  }
  return { values: yield* mapped(core, labels, (label) => (label === classes[1] ? 1 : -1)), classes };
}

export class Problem {
  readonly dataset: Dataset;
  readonly loss: LossName;
  readonly l1: number;
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
  /** Weights on their way in and out: outputs × cols f64, outputs f64; norms: 5 f64. Never in use during a pause. */
  readonly #weights: number;
  readonly #bias: number;
  readonly #results: number;
  readonly #space: PassSpace;
  #isSpaceTaken = false;
  readonly #constants = new Map<string, number>();
  #isDisposed = false;

  private constructor(dataset: Dataset, options: CheckedProblem, classes: readonly number[], blocks: Blocks) {
    this.dataset = dataset;
    this.core = dataset.core;
    this.loss = options.loss;
    this.l1 = options.l1;
    this.l2 = options.l2;
    this.fitIntercept = options.fitIntercept;
    this.epsilon = options.epsilon;
    const facts = LOSSES[this.loss];
    this.lossId = facts.id;
    this.curvature = facts.curvature;
    this.classes = classes;
    this.outputs = this.loss === "softmax" ? classes.length : 1;
    this.#scope = blocks.scope;
    this.labels = { f64: blocks.f64, f32: blocks.f32 };
    this.#weights = blocks.weights;
    this.#bias = blocks.bias;
    this.#results = blocks.results;
    const release = (): void => {
      this.#isSpaceTaken = false;
    };
    this.#space = { pointer: blocks.pass, release };
  }

  /** @internal Use engine.problem. */
  static *create(dataset: Dataset, options: ProblemOptions): Work<Problem> {
    const checked = checkOptions("problem", options);
    const { loss } = checked;
    dataset.checkLive();
    const { core } = dataset;
    if (dataset.labels === null) {
      throw new BitcenterError("BAD_SHAPE", "problem: the dataset has no labels: it was made for prediction only");
    }
    const { values, classes } = yield* mapLabels(core, dataset.labels, loss);
    const outputs = loss === "softmax" ? classes.length : 1;
    const blocks = yield* Scope.guardWork(core, (scope) => writeBlocks(scope, dataset, values, outputs));
    return new Problem(dataset, checked, classes, blocks);
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

  /** Refuses an l1 penalty. where: the solver. @internal */
  checkSmooth(where: string): void {
    if (this.l1 === 0) return;
    throw new BitcenterError(
      "UNSUPPORTED",
      `${where}: l1 penalties are for the solvers "auto" and "newton", given a problem with l1: ${this.l1}`,
    );
  }

  /** Objective and gradient norm at weights in the user's coordinates: exact, float64. */
  evaluate(weights: WeightsInput): Evaluation {
    return finish(this.evaluateWork(weights));
  }

  /** `evaluate`, with pauses. @internal */
  *evaluateWork(weights: WeightsInput): Work<Evaluation> {
    this.checkLive();
    const checked = this.checkWeights("evaluate", weights);
    const { cols } = this.dataset;
    const padded = cols + 1;
    const scratch = new Scope(this.core);
    try {
      // the user's own coordinates: scale 1, offset 0, the intercept as a column of ones
      const scale = scratch.alloc(padded * 8, "column scales");
      this.core.f64(scale, padded).fill(1);
      const offset = scratch.alloc(padded * 8, "column scales");
      const own: Frame = { largest: 1, padded, intercept: this.fitIntercept ? 1 : 0, scale, offset };
      const bytes = this.outputs * padded * 8;
      const v = scratch.alloc(bytes, "weights");
      const g = scratch.alloc(bytes, "a gradient");
      const rowsOut = yield* this.allocRows(scratch);
      this.toCodes(own, checked, v);
      const { objective, gradientNorm } = yield* this.exactPass(own, v, g, rowsOut);
      if (this.l1 === 0) return { objective, gradientNorm };
      const size = checked.coef.length;
      const w = scratch.alloc(size * 8, "weights");
      const strengths = scratch.alloc(size * 8, "weights");
      this.core.f64(w, size).set(checked.coef);
      this.core.f64(strengths, size).fill(this.l1);
      return {
        objective: objective + this.core.kernels.l1Norm(w, strengths, size),
        gradientNorm: this.leastSubgradient(own, v, g),
      };
    } finally {
      scratch.release();
    }
  }

  /** Margins w·x + b of every row of a dataset with as many columns: rows × outputs, row-major. */
  margins(weights: WeightsInput, dataset: Dataset = this.dataset): Float64Array {
    return finish(this.marginsWork(weights, dataset));
  }

  /** `margins`, with pauses. @internal */
  *marginsWork(weights: WeightsInput, dataset: Dataset = this.dataset): Work<Float64Array> {
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
    const { rows, exactRows: stored } = dataset;
    const scratch = new Scope(core);
    try {
      const w = scratch.alloc(outputs * stored.width * 8, "weights");
      const bias = scratch.alloc(outputs * 8, "intercepts");
      const margins = yield* scratch.allocWork(rows * outputs * 8, "margins");
      for (let k = 0; k < outputs; k++) {
        core.f64(w + k * stored.width * 8, cols).set(coef.subarray(k * cols, (k + 1) * cols));
      }
      core.f64(bias, outputs).set(intercept);
      yield* this.#passMargins(dataset, w, bias, margins);
      const found = new Float64Array(rows * outputs);
      yield* eachPart(core, found.length, COPY_PRICE, 1, (first, count) => {
        found.set(core.f64(margins + 8 * first, count), first);
      });
      return found;
    } finally {
      scratch.release();
    }
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
    const coef = finish(checkVector(where, "coef", c, outputs * cols));
    const intercept = finish(checkVector(where, "intercept", b, outputs));
    if (!this.fitIntercept && intercept.some((b) => b !== 0)) {
      throw new BitcenterError(
        "BAD_VALUE",
        `${where}: intercept must be 0 in a problem with fitIntercept: false, given ${intercept.find((b) => b !== 0)}`,
      );
    }
    return { coef, intercept };
  }

  /** margins ← stored rows · wᵀ + bias; w (outputs × width) and bias are brought into the stored form in place. */
  *#passMargins({ cols, exactRows }: Dataset, w: number, bias: number, margins: number): Work<void> {
    const { width, passScale, passOffset } = exactRows;
    if (this.core.isDue(width * this.outputs)) yield;
    this.core.kernels.toStored(w, width, cols, this.outputs, passScale, passOffset, bias);
    yield* exactRows.margins(w, bias, this.outputs, margins);
  }

  /** What an exact pass writes per row, in `scope`. @internal */
  *allocRows(scope: Scope): Work<RowValues> {
    const count = this.dataset.rows * this.outputs;
    return {
      margins: yield* scope.allocWork(count * 8, "the margins of an exact pass"),
      derivatives: yield* scope.allocWork(count * 8, "the derivatives of an exact pass"),
      // kernels read 16 bytes of states at a time
      state: yield* scope.allocWork(count * 4 + 16, "the states of an exact pass"),
    };
  }

  /**
   * One exact pass at v (outputs × padded f64, code coordinates of `frame`): writes the full gradient into g (same shape) and the values of the rows.
   * @internal
   */
  *exactPass(frame: Frame, v: number, g: number, { margins, derivatives, state }: RowValues): Work<ExactPass> {
    const { rows, weights } = this.dataset;
    yield* this.exactMargins(frame, v, margins);
    const total = yield* this.losses(margins, this.labels.f64, weights.f64, rows, derivatives, state);
    const { gradientNorm, codeNorm, penalty } = yield* this.exactGradient(frame, v, derivatives, g);
    return { objective: total / rows + penalty, gradientNorm, codeNorm };
  }

  /**
   * Σ ωᵢ·loss at margins (rows × outputs f64), at most `most` rows at a time; writes derivatives and states. labels: rows f64; weights: rows f64, or 0;
   * epsilon: where huber bends, if not where the problem says.
   * @internal
   */
  *losses(
    margins: number,
    labels: number,
    weights: number,
    rows: number,
    derivatives: number,
    state: number,
    most = rows,
    epsilon = this.epsilon,
  ): Work<number> {
    const { core, outputs } = this;
    let total = 0;
    yield* eachPart(
      core,
      rows,
      outputs * LOSS_PRICE,
      2,
      (row, count) => {
        const at = row * outputs;
        total += core.kernels.lossPass(
          this.lossId,
          margins + at * 8,
          labels + row * 8,
          weights === 0 ? 0 : weights + row * 8,
          count,
          outputs,
          epsilon,
          derivatives + at * 8,
          state + at * 4,
        );
      },
      most,
    );
    return total;
  }

  /** Margins at v: rows × outputs f64, float64 sums over the exact copy. @internal */
  *exactMargins(frame: Frame, v: number, margins: number): Work<void> {
    const { core, dataset, outputs } = this;
    const { cols, exactRows: stored } = dataset;
    const { padded, scale, offset, intercept } = frame;
    const space = this.#takeSpace();
    try {
      const w = space.pointer;
      const bias = w + outputs * stored.width * 8;
      if (core.isDue(outputs * stored.width)) yield;
      core.kernels.toWeights(v, padded, w, stored.width, cols, outputs, scale, offset, intercept, bias);
      yield* this.#passMargins(dataset, w, bias, margins);
    } finally {
      space.release();
    }
  }

  /** Room for weights or sums of one exact pass (outputs × width f64, then outputs f64): the problem's own, or, for a pass that begins in a pause of another, room of its own. */
  #takeSpace(): PassSpace {
    if (!this.#isSpaceTaken) {
      this.#isSpaceTaken = true;
      return this.#space;
    }
    const scope = new Scope(this.core);
    const pointer = scope.alloc(this.outputs * (this.dataset.exactRows.width + 1) * 8, "an exact pass");
    return { pointer, release: () => scope.release() };
  }

  /** The full gradient from derivatives (rows × outputs f64), float64 sums over the exact copy. @internal */
  *exactGradient(frame: Frame, v: number, derivatives: number, g: number): Work<GradientFacts> {
    const { core, dataset, outputs } = this;
    const { rows, exactRows: stored } = dataset;
    const space = this.#takeSpace();
    try {
      const sums = space.pointer;
      const totals = sums + outputs * stored.width * 8;
      if (core.isDue(outputs * stored.width)) yield;
      core.f64(sums, outputs * (stored.width + 1)).fill(0);
      yield* stored.gradient(derivatives, outputs, sums);
      yield* eachPart(core, rows, SUM_PRICE * outputs, 1, (first, count) => {
        core.kernels.columnSums(derivatives + first * outputs * 8, count, outputs, totals, 1);
      });
      if (core.isDue(outputs * stored.width)) yield;
      return this.assembleGradient(frame, stored, sums, totals, v, g, rows);
    } finally {
      space.release();
    }
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

  /** Norm of F's subgradient of least norm in the user's coordinates, from the gradient g without l1 at v (outputs × padded f64 each). @internal */
  leastSubgradient({ padded, scale, offset, intercept }: Frame, v: number, g: number): number {
    const { core, dataset, outputs, l1 } = this;
    return core.kernels.leastSubgradient(g, v, padded, dataset.cols, outputs, scale, offset, intercept, l1);
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
  *smoothness(plane: Plane | SparsePlane): Work<number> {
    const isSparse = "entries" in plane;
    const key = isSparse ? "smoothness sparse" : keyOf("smoothness", plane);
    let value = this.#constants.get(key);
    if (value === undefined) {
      const longest = isSparse ? yield* this.#longestSparse(plane) : yield* this.#longestRow(plane);
      value = (this.curvature * longest) / (plane.largest * plane.largest);
      this.#constants.set(key, value);
    }
    return value;
  }

  *#longestSparse({ starts, codes, entries, intercept }: SparsePlane): Work<number> {
    const { core } = this;
    const { rows, weights } = this.dataset;
    let top = 0;
    yield* eachSparse(core, { rows, entries }, 1, (first, count) => {
      const omega = weights.f64 === 0 ? 0 : weights.f64 + 8 * first;
      top = Math.max(top, core.kernels.sparseMaxRowNorm(starts + 4 * first, codes, count, intercept, omega));
    });
    return top;
  }

  /** maxᵢ ωᵢ‖codeᵢ‖². */
  *#longestRow({ storage, packed, codes, strideBytes, padded, weights }: Plane): Work<number> {
    const { core } = this;
    const { rows } = this.dataset;
    let top = 0;
    if (packed === null) {
      const kernel = core.kernels[`maxRowNorm${storage as CodeStorage}`];
      yield* eachPart(core, rows, NORM_PRICE * padded, 1, (first, count) => {
        const omega = weights.f64 === 0 ? 0 : weights.f64 + 8 * first;
        top = Math.max(top, kernel(codes + first * strideBytes, strideBytes, count, padded, omega));
      });
      return top;
    }
    yield* eachUnpacked(core, { codes, strideBytes, padded, packed }, rows, (pointer, bytes, first, count) => {
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
  *largestEigenvalue(plane: Plane): Work<number> {
    const key = keyOf("eigenvalue", plane);
    let value = this.#constants.get(key);
    if (value === undefined) {
      value = yield* Scope.scratchWork(this.core, (scratch) => this.#estimateEigenvalue(scratch, plane));
      this.#constants.set(key, value);
    }
    return value;
  }

  *#estimateEigenvalue(scratch: Scope, plane: Plane): Work<number> {
    const { core } = this;
    const { rows, cols } = this.dataset;
    const { padded, strideBytes, weights, packed } = plane;
    const random = xorshift32(SPECTRUM_SEED);
    let [codes, omega, count] = [plane.codes, weights.f64, rows];
    if (rows > SPECTRUM_ROWS) {
      count = SPECTRUM_ROWS;
      codes = scratch.alloc(count * strideBytes, "a sample of rows");
      if (omega !== 0) omega = scratch.alloc(count * 8, "a sample of weights");
      for (let i = 0; i < count; i++) {
        if (core.isDue(strideBytes)) yield;
        const row = Math.floor((random() / 2 ** 32) * rows);
        core.bytes(codes + i * strideBytes, strideBytes).set(core.bytes(plane.codes + row * strideBytes, strideBytes));
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
      yield* unpackRows(core, { codes, strideBytes, padded, packed }, count, wide);
      [codes, storage, stride] = [wide, "I8", padded];
    }
    const kernel = core.kernels[`largestEigenvalue${storage}`];
    let value = 0;
    for (let i = 0; i < SPECTRUM_ITERATIONS; i++) {
      yield* eachPart(core, count, 2 * padded, 4, (first, some) => {
        const isStarted = i + first > 0 ? 1 : 0;
        value = kernel(codes, stride, count, padded, omega, 1, p, q, t, zero, isStarted, first, first + some);
      });
    }
    return (this.curvature * value) / (plane.largest * plane.largest);
  }
}

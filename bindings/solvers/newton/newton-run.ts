// One run of a Newton solver: its memory, and its phases. A sample of the rows is solved first, then (where the exact copy is wider than its codes) the
// problem of the codes, both roughly and on integers alone; the exact problem starts from there.
import type { Frame } from "../../data/dataset.js";
import type { Problem, Weights } from "../../data/problem.js";
import { Scope } from "../../engine/core.js";
import { clearVector } from "../../engine/vectors.js";
import type { Work } from "../../engine/work.js";
import { Stopwatch } from "../stopwatch.js";
import { Descent, type DescentSettings } from "./descent.js";
import { L1Model } from "./l1-model.js";
import { L1System } from "./l1-system.js";
import { type NewtonMemory, newtonMemory } from "./newton-memory.js";
import { type Buffers, type Coordinates, type Direction, NewtonSystem, NOISE, type System } from "./newton-system.js";
import { diagonal, GRAM_COLUMNS, gramPasses, gramRows, SAMPLE_PER_COLUMN } from "./preconditioner.js";
import type { Arithmetic, ExactPasses, Products, RowFacts, RowMatrix, RowView } from "./products.js";
import { isPackedMatrix } from "./row-matrix.js";
import { RowSample } from "./row-sample.js";

export interface NewtonSettings {
  readonly tol: number;
  readonly outerSteps: number;
  readonly seed: number;
  readonly start: Weights | null;
  /** null: chosen here. */
  readonly hessianShare: number | null;
  readonly preconditioner: "auto" | "gram" | "diagonal";
  readonly warmStart: boolean;
}

/** Rows from which a sample can stand for all: absolutely, and per column. */
const MANY_ROWS = 5000;
const MANY_ROWS_PER_COLUMN = 20;
const SMALLEST_SHARE = 0.1;
/** Largest cost of a Gram matrix with its factor, in passes. */
const GRAM_PASSES = 15;
/** The same with l1, where zeros are found the sooner the better the explicit model is. */
const L1_GRAM_PASSES = 60;
/** Multiply-adds of a Cholesky factor, counted as columns³, in the time of a pass over one entry of sparse rows. */
const SPARSE_ENTRY = 32;
/** Multiplications for a Gram matrix in float64 that take no longer than a descent would. */
const DIRECT_PRODUCTS = 2 ** 28;
/**
 * A promised decrease that has not fallen to this part is a stall, which in the end means Hessian products on the exact copy. Codes of a few bits are slow but steady:
 * where a Gram matrix of the exact copy takes more than so many multiplications (a millisecond), twice the steps with them cost less.
 */
const STALL = 0.5;
const PACKED_STALL = 0.7;
const STALLED_PRODUCTS = 2 ** 24;
/** Conjugate gradients stop when the residual has fallen to this part; on the sample, whose solution is rough anyway, earlier. */
const FORCING = 0.1;
const SAMPLE_FORCING = 0.3;
/** Estimated gaps at which the sample and the problem of the codes are solved well enough, and most steps for it. */
const SAMPLE_GAP = 3e-2;
const CODES_GAP = 1e-6;
const WARM_STEPS = 8;
/** Huber's errors are far out from so many times its bend on, on average; from one bend on the way to the next closer one, and where and after how many steps each is solved well enough. */
const FAR_ERRORS = 1024;
const BEND = 4;
const BEND_GAP = 1e-2;
const BEND_STEPS = 40;
/** Columns from which an exact pass costs so much more than one over codes that the problem of the codes pays. */
const CODES_COLUMNS = 64;
/** Part of the gap aimed at below which the length of a step no longer matters: on level ground it has none. */
const FLAT = 1e-4;
/** Rows looked at for the scales of the coordinates. */
const SCALE_ROWS = 1000;

/** How far a point is from the optimum. */
export interface Progress {
  /** Estimate of (F − F*)/(F(0) − F*). */
  readonly gap: number;
  readonly isConverged: boolean;
}

/** What a run keeps in linear memory. */
interface BuiltRun {
  readonly scope: Scope;
  readonly facts: RowFacts;
  readonly memory: NewtonMemory;
  readonly coordinates: Coordinates;
  readonly system: System;
  readonly rowWeights: number;
}

/** A system at zero: with l1 or without. */
function createSystem(
  scope: Scope,
  problem: Problem,
  frame: Frame,
  facts: RowFacts,
  inner: Products,
  exact: ExactPasses,
  buffers: Buffers,
  coordinates: Coordinates,
): Work<System> {
  const { preconditioner } = coordinates;
  return preconditioner instanceof L1Model
    ? L1System.create(scope, problem, frame, facts, inner, exact, buffers, coordinates, preconditioner)
    : NewtonSystem.create(scope, problem, frame, facts, inner, exact, buffers, coordinates);
}

function* build(
  scope: Scope,
  problem: Problem,
  settings: NewtonSettings,
  arithmetic: Arithmetic,
  view: RowView,
): Work<BuiltRun> {
  const { labels, dataset } = problem;
  const { rows, weights } = dataset;
  const { frame } = view;
  const memory = yield* newtonMemory(scope, problem, arithmetic, view, settings.seed);
  const { ridge, damping, products, passes, buffers, preconditioner } = memory;
  const scales = scope.alloc(frame.padded * 8, "the scales of the coordinates");
  const rowWeights = yield* scope.allocWork(rows * 4, "the curvature of the rows");
  const coordinates = { ridge, damping, scales, preconditioner };
  const facts: RowFacts = { rows, labels, weights };
  const system = yield* createSystem(scope, problem, frame, facts, products, passes, buffers, coordinates);
  return { scope, facts, memory, coordinates, system, rowWeights };
}

export class NewtonRun {
  readonly #problem: Problem;
  readonly #settings: NewtonSettings;
  readonly #arithmetic: Arithmetic;
  readonly #view: RowView;
  readonly #scope: Scope;
  readonly #facts: RowFacts;
  readonly #products: Products;
  readonly #buffers: Buffers;
  readonly #coordinates: Coordinates;
  readonly #descentSettings: DescentSettings;
  readonly #descent: Descent;
  #zeroObjective = 0;
  #isFromZero = true;
  readonly #stopwatch = new Stopwatch();
  #warmPasses = 0;

  private constructor(
    problem: Problem,
    settings: NewtonSettings,
    arithmetic: Arithmetic,
    view: RowView,
    built: BuiltRun,
  ) {
    this.#problem = problem;
    this.#settings = settings;
    this.#arithmetic = arithmetic;
    this.#view = view;
    this.#facts = built.facts;
    this.#scope = built.scope;
    this.#products = built.memory.products;
    this.#buffers = built.memory.buffers;
    this.#coordinates = built.coordinates;
    this.#descentSettings = this.#choose(built.memory.random, built.rowWeights);
    this.#descent = new Descent(problem, view.frame, view.inner, built.system, this.#descentSettings);
    problem.own(built.scope);
  }

  static *create(problem: Problem, settings: NewtonSettings, arithmetic: Arithmetic): Work<NewtonRun> {
    const view = yield* arithmetic.view(problem);
    const built = yield* Scope.guardWork(problem.core, (scope) => build(scope, problem, settings, arithmetic, view));
    const run = new NewtonRun(problem, settings, arithmetic, view, built);
    let isReady = false;
    try {
      yield* run.#measureScales();
      isReady = true;
      return run;
    } finally {
      if (!isReady) run.release();
    }
  }

  /** What the size of the problem suggests, where the caller has not chosen. */
  #choose(random: number, rowWeights: number): DescentSettings {
    const { dataset, loss, outputs, l1 } = this.#problem;
    const { hessianShare, preconditioner } = this.#settings;
    const { rows } = dataset;
    const { dimension, filled } = this.#coordinates.preconditioner;
    const isLarge = rows >= MANY_ROWS && rows >= MANY_ROWS_PER_COLUMN * dimension;
    const sampled = gramRows(rows, dimension);
    const isSparse = dataset.sparse !== null;
    const factorPasses = isSparse
      ? (dimension * dimension * dimension) / (SPARSE_ENTRY * rows * filled)
      : (dimension * dimension) / (2 * rows);
    const isCheapOf = (count: number): boolean =>
      dimension <= GRAM_COLUMNS &&
      (gramPasses(count, rows, filled, 1) + factorPasses) / outputs <= (l1 > 0 ? L1_GRAM_PASSES : GRAM_PASSES);
    const isCheap = isCheapOf(sampled);
    const isRounded = this.#view.exact !== this.#view.inner;
    const isPacked = isPackedMatrix(this.#view.inner);
    // a constant Hessian that is soon made: then the first direction ends at the optimum
    const isDirect =
      loss === "squared" &&
      (isSparse ? isCheapOf(rows) : rows * dimension * dimension <= DIRECT_PRODUCTS) &&
      hessianShare === null &&
      preconditioner === "auto";
    const share = isLarge && !isDirect ? Math.max(SMALLEST_SHARE, (SAMPLE_PER_COLUMN * dimension) / rows) : 1;
    return {
      arithmetic: this.#arithmetic,
      share: hessianShare ?? share,
      gramRows: isDirect ? rows : sampled,
      isGram: isDirect || (preconditioner === "auto" ? isCheap : preconditioner === "gram"),
      // with l1 it is the explicit model that finds the zeros: a diagonal one does so slowly
      mayToggle: preconditioner === "auto" && l1 === 0,
      isRounded,
      isExact: isDirect && isRounded,
      stall: isPacked && rows * dimension * dimension > STALLED_PRODUCTS ? PACKED_STALL : STALL,
      forcing: FORCING,
      random,
      rowWeights,
    };
  }

  /** The estimated gap at which the run has converged. */
  get #goal(): number {
    return this.#settings.tol * this.#settings.tol;
  }

  release(): void {
    this.#problem.forget(this.#scope);
    this.#coordinates.preconditioner.release();
    this.#scope.release();
  }

  /** Curvature bounds of the coordinates, from a sample: hMax·mean code² + ridge; and the damping that follows from them. */
  *#measureScales(): Work<void> {
    const { dataset, curvature } = this.#problem;
    const { frame, inner } = this.#view;
    const { ridge, scales, damping, preconditioner } = this.#coordinates;
    const measure = (matrix: RowMatrix, weights: number): Work<void> => {
      const scale = curvature / matrix.rows;
      return diagonal(this.#problem, frame, this.#products, matrix, matrix.rows, weights, scale, ridge, scales);
    };
    if (dataset.rows <= SCALE_ROWS) yield* measure(inner, dataset.weights.f32);
    else yield* this.#withSample(SCALE_ROWS, (sample) => measure(sample.matrix, sample.facts.weights.f32));
    // with l1 the explicit model has a damping of its own
    if (this.#problem.l1 === 0)
      yield* damping.measure(this.#problem, frame, scales, preconditioner.dimension, this.#goal);
  }

  /** Rows that all have the same chance. */
  #withSample<T>(count: number, work: (sample: RowSample) => Work<T>): Work<T> {
    return RowSample.use(this.#problem, this.#view.inner, count, 0, this.#descentSettings.random, work);
  }

  /** Evaluates the start; true when it is stationary to the last bit. */
  begin(): Work<boolean> {
    return this.#stopwatch.timed("exact", this.#begin());
  }

  *#begin(): Work<boolean> {
    const { start } = this.#settings;
    const { system } = this.#descent;
    const { core, outputs } = this.#problem;
    const { frame } = this.#view;
    const { margins } = this.#buffers;
    this.#zeroObjective = (yield* system.evaluate()).objective;
    if (start !== null) {
      this.#problem.toCodes(frame, start, system.v);
      // no margin depends on these: what is not penalised stays as it is given
      if (this.#problem.l2 > 0) system.preconditioner.clearEmpty(system.v);
      yield* this.#problem.exactMargins(frame, system.v, margins);
      // far away losses are flat, and margins have no digits left for where they will end
      this.#isFromZero = !((yield* system.evaluate()).objective <= this.#zeroObjective);
      if (this.#isFromZero) {
        core.f64(system.v, outputs * frame.padded).fill(0);
        yield* clearVector(core, margins, this.#problem.dataset.rows * outputs);
        yield* system.evaluate();
      }
    }
    return system.point.scaledNorm === 0;
  }

  /** Whether the run begins at zero weights, because there is no start or none that is better. */
  get isFromZero(): boolean {
    return this.#isFromZero;
  }

  /** Solves rougher problems first; false when there is none. What they find is taken only when it lowers the exact objective. */
  *warmUp(): Work<boolean> {
    const { warmStart } = this.#settings;
    const { rows } = this.#problem.dataset;
    const { exact } = this.#view;
    const { gramRows: sampled, share, isExact } = this.#descentSettings;
    const hasSample = share < 1 && 2 * sampled <= rows;
    // sparse codes are no faster than the values they stand for
    const hasCodes =
      exact === null && this.#problem.dataset.sparse === null && this.#problem.dataset.cols >= CODES_COLUMNS;
    if (!warmStart || isExact) return false;
    if (yield* this.#stopwatch.timed("inner", this.#straighten())) return true;
    if (!this.#isFromZero || !(hasSample || hasCodes)) return false;
    const { system } = this.#descent;
    const before = system.point.objective;
    const solveSample = (): Work<void> => this.#withSample(sampled, (sample) => this.#solveSample(sample));
    if (hasSample) yield* this.#stopwatch.timed("inner", solveSample());
    if (hasCodes) yield* this.#stopwatch.timed("inner", this.#solveCodes(hasSample));
    yield* this.#stopwatch.timed("exact", system.jump(before));
    return true;
  }

  /**
   * Huber where nearly all errors are beyond the bend: there F has no curvature, and a direction no length. Problems that bend as far out as the errors are on average,
   * then ever closer, each from the solution of the one before. From a given start, too: one that is not the optimum is as lost out there. False when the errors are not that large.
   */
  *#straighten(): Work<boolean> {
    const { loss, epsilon } = this.#problem;
    const { system } = this.#descent;
    const { frame, inner } = this.#view;
    // huber is ε(|error| − ε/2) out there
    const meanError = (): number => system.point.objective / system.epsilon + system.epsilon / 2;
    if (loss !== "huber" || !(meanError() > FAR_ERRORS * epsilon)) return false;
    const descentAt = (): Descent => new Descent(this.#problem, frame, inner, system, this.#descentSettings);
    if (!this.#isFromZero) {
      const descent = descentAt();
      const { isConverged } = this.#progressOf(yield* descent.direct());
      this.#warmPasses += descent.gramPasses;
      system.preconditioner.release();
      if (isConverged || this.#settings.outerSteps === 0) return false;
    }
    const { core, outputs } = this.#problem;
    const size = outputs * frame.padded;
    const scratch = new Scope(core);
    try {
      const start = scratch.alloc(size * 8, "the start");
      core.f64(start, size).set(core.f64(system.v, size));
      const before = system.point.objective;
      for (let bend = meanError(); bend > BEND * epsilon; bend = Math.min(bend, meanError()) / BEND) {
        system.epsilon = bend;
        const { objective } = yield* system.evaluate();
        const descent = descentAt();
        yield* this.#descend(descent, objective, BEND_GAP, BEND_STEPS);
        this.#warmPasses += descent.gramPasses;
        system.preconditioner.release();
      }
      system.epsilon = epsilon;
      if (!((yield* system.evaluate()).objective <= before)) {
        core.f64(system.v, size).set(core.f64(start, size));
        yield* system.jump(Number.POSITIVE_INFINITY);
      }
    } finally {
      scratch.release();
    }
    return true;
  }

  /** The problem on a sample of the rows, from zero; its solution goes into the system's v. */
  *#solveSample(sample: RowSample): Work<void> {
    const { frame } = this.#view;
    const { matrix, facts } = sample;
    const scope = new Scope(this.#problem.core);
    try {
      const products = yield* this.#arithmetic.products(scope, this.#problem, frame, matrix, true);
      const system = yield* this.#systemOn(scope, facts, products);
      const settings = { ...this.#descentSettings, share: 1, isRounded: false, forcing: SAMPLE_FORCING };
      const descent = new Descent(this.#problem, frame, matrix, system, settings);
      const zero = (yield* system.evaluate()).objective;
      yield* this.#descend(descent, zero, SAMPLE_GAP);
      this.#take(descent, matrix);
    } finally {
      scope.release();
    }
  }

  /** The problem of all rows' codes, from the system's v where `hasStart`; its solution replaces it. */
  *#solveCodes(hasStart: boolean): Work<void> {
    const { frame, inner } = this.#view;
    const scope = new Scope(this.#problem.core);
    try {
      const products = yield* this.#arithmetic.products(scope, this.#problem, frame, inner, true);
      const system = yield* this.#systemOn(scope, this.#facts, products);
      const settings = { ...this.#descentSettings, isRounded: false, isExact: false };
      const descent = new Descent(this.#problem, frame, inner, system, settings);
      const size = this.#problem.outputs * frame.padded;
      if (hasStart) {
        const { core } = this.#problem;
        core.f64(system.v, size).set(core.f64(this.#descent.system.v, size));
        yield* system.jump(this.#zeroObjective);
      } else yield* system.evaluate();
      yield* this.#descend(descent, this.#zeroObjective, Math.max(CODES_GAP, this.#goal));
      this.#take(descent, inner);
    } finally {
      scope.release();
    }
  }

  #systemOn(scope: Scope, facts: RowFacts, products: Products): Work<System> {
    const { frame } = this.#view;
    return createSystem(scope, this.#problem, frame, facts, products, products, this.#buffers, this.#coordinates);
  }

  /** Takes over the solution of a rougher problem. matrix: its rows. */
  #take({ system, gramPasses }: Descent, matrix: RowMatrix): void {
    const { core, outputs, dataset } = this.#problem;
    const size = outputs * this.#view.frame.padded;
    core.f64(this.#descent.system.v, size).set(core.f64(system.v, size));
    this.#warmPasses += ((system.passes + system.exactPasses + gramPasses) * matrix.rows) / dataset.rows;
  }

  /** Steps until the estimated gap is below `gap`, `most` of them. */
  *#descend(descent: Descent, zeroObjective: number, gap: number, most = WARM_STEPS): Work<void> {
    for (let step = 0; step < most; step++) {
      const { decrement } = yield* descent.direct();
      if (relativeGap(zeroObjective, descent.system.point.objective, decrement) <= gap) return;
      if (!(yield* descent.step())) return;
    }
  }

  /** The next direction, and how far the present point is from the optimum. */
  *direct(): Work<Progress> {
    return this.#progressOf(yield* this.#stopwatch.timed("inner", this.#descent.direct()));
  }

  #progressOf({ isSolved, decrement, length = 0 }: Direction): Progress {
    const { objective } = this.#descent.system.point;
    const gap = relativeGap(this.#zeroObjective, objective, decrement);
    // losses are never negative: F* ≥ 0, and (F − F*)/(F(0) − F*) ≤ F/F(0)
    const most = objective / this.#zeroObjective;
    // with l1 the weights are to be as good as the tolerance too, as far as a gap can still tell
    const flat = FLAT * this.#goal;
    const isClose = length <= this.#settings.tol || gap <= flat || most <= flat;
    if (most <= this.#goal && isClose) return { gap: most, isConverged: true };
    return { gap, isConverged: isSolved && gap <= this.#goal && isClose };
  }

  step(): Work<boolean> {
    return this.#stopwatch.timed("exact", this.#descent.step());
  }

  /** What every report says. */
  facts() {
    const { system, share, isGram, gramPasses } = this.#descent;
    const { dataset } = this.#problem;
    const { objective, gradientNorm } = system.point;
    return {
      passes: this.#warmPasses + system.passes + gramPasses,
      exactPasses: system.exactPasses,
      objective,
      gradientNorm,
      hessianShare: share,
      preconditioner: isGram ? ("gram" as const) : ("diagonal" as const),
      exact: dataset.exact,
      bytes: dataset.bytes,
      ...this.#weights(),
      seconds: this.#stopwatch.seconds,
    };
  }

  /** The present weights. Softmax with l1: intercepts, which only their differences decide, get a mean of 0; smooth systems take it out of every vector. */
  #weights(): Weights {
    const { l1, loss, fitIntercept } = this.#problem;
    const weights = this.#problem.toWeights(this.#view.frame, this.#descent.system.v);
    if (l1 === 0 || loss !== "softmax" || !fitIntercept) return weights;
    const mean = weights.intercept.reduce((sum, b) => sum + b, 0) / weights.intercept.length;
    return { coef: weights.coef, intercept: weights.intercept.map((b) => b - mean) };
  }
}

/** Half the decrement is what the quadratic model has left to gain. Where the data say nothing, all there is to gain is below the rounding of F. */
function relativeGap(zeroObjective: number, objective: number, decrement: number): number {
  const left = 0.5 * decrement;
  const total = Math.max(zeroObjective - objective + left, NOISE * zeroObjective);
  return total > 0 ? Math.min(1, left / total) : 1;
}

// The state of a Newton solver over one set of rows (all of them, or a sample to start from): margins, derivatives, gradient, direction, and the
// steps between two exact passes. docs/numerics.md §10–11.
import type { Frame } from "../../data/dataset.js";
import type { Problem } from "../../data/problem.js";
import type { Scope } from "../../engine/core.js";
import { addScaled, clearVector, combine, copyVector, maxAbs } from "../../engine/vectors.js";
import { after, eachPart, partOf, type Work } from "../../engine/work.js";
import { conjugateGradients } from "./conjugate-gradients.js";
import { rowWeights, writeCurvature } from "./curvature.js";
import type { Damping } from "./damping.js";
import { exactHessian } from "./exact-hessian.js";
import { diagonal, type Preconditioner } from "./preconditioner.js";
import type { Curvature, CurvedRows, ExactPasses, Products, RowFacts } from "./products.js";
import type { RowSample } from "./row-sample.js";

/** Rows per call of the passes over margins: short calls, since one long call would never leave the first compiler tier. */
const ROWS_PER_CALL = 8192;
/** The plane search ends when the slope along its last Newton step is this part of what it has gained, or after so many looks. */
const PLANE_TOLERANCE = 1e-3;
const MOST_LOOKS = 24;
/** Rounding of the sums of a look, in float32. */
const PLANE_NOISE = 2 ** -20;
/** Multiply-adds that looking at an output of a row takes as long as, and at a row of several besides; passes over vectors before the first look. */
const LOOK_PRICE = 16;
const ROW_PRICE = 32;
const LINE_PASSES = 8;
/** The same for a square that is added to the others. */
const SQUARE_PRICE = 4;
/**
 * With several classes and at least four times as many rows as one call takes, the plane search looks at a quarter of each stretch of rows: which one turns by
 * the golden section, so that no order of the rows with a period of its own decides what is seen.
 */
const LOOK_STRETCH = 2048;
const LOOK_ROWS = 512;
const LOOK_TURN = (Math.sqrt(5) - 1) / 2;
export const MOST_HALVINGS = 40;
/** What rounding a step may cost, as a part of what it gains: the next step has to make it good. */
export const ROUNDING = 1e-3;
/** Curvature bounds come from bytes, which may show half of what the exact copy holds. */
const LEAST_DECREMENT = 0.5;
/** Curvature below this part of its bound is rounding noise; a step without any goes so many times as far as the bound allows, and back from there. */
const FLAT = 2 ** -52;
const FAR = 64;
/** Rounding noise of an objective: compensated sums, float64 losses. */
export const NOISE = 2 ** -48;

/** What all systems of a run have in common: l2's part of the Hessian and the curvature bounds (padded f64 each), what is added in directions, and the preconditioner. */
export interface Coordinates {
  readonly ridge: number;
  readonly damping: Damping;
  readonly scales: number;
  readonly preconditioner: Preconditioner;
}

type RowSpace = Pick<Buffers, "margins" | "u1" | "u2" | "derivatives" | "state" | "h">;

/** Work space of a system: per row and output, and per column and output. Systems that run one after the other share it. */
export class Buffers {
  readonly margins: number;
  readonly u1: number;
  readonly u2: number;
  readonly derivatives: number;
  readonly state: number;
  readonly h: number;
  readonly z: number;
  readonly previous: number;
  readonly r: number;
  readonly y: number;
  readonly p: number;
  readonly hp: number;
  readonly looks: number;

  private constructor(scope: Scope, { outputs }: Problem, frame: Frame, rows: RowSpace) {
    const size = outputs * frame.padded;
    const vector = (what: string): number => scope.alloc(size * 8, what);
    this.z = vector("a direction");
    this.previous = vector("the previous step");
    this.r = vector("a residual");
    this.y = vector("a residual");
    this.p = vector("a direction");
    this.hp = vector("a Hessian product");
    this.margins = rows.margins;
    this.u1 = rows.u1;
    this.u2 = rows.u2;
    this.derivatives = rows.derivatives;
    this.state = rows.state;
    this.h = rows.h;
    this.looks = scope.alloc(64 + 16 * Math.ceil(outputs / 4) + 16, "a plane search");
  }

  static *create(scope: Scope, problem: Problem, frame: Frame, rows: number): Work<Buffers> {
    const { outputs } = problem;
    // the plane search reads four rows at a time
    const perRow = 4 * Math.ceil(rows / 4) * outputs;
    return new Buffers(scope, problem, frame, {
      margins: yield* scope.allocWork(perRow * 8, "the margins"),
      u1: yield* scope.allocWork(perRow * 8, "the margins of a direction"),
      u2: yield* scope.allocWork(perRow * 8, "the margins of the previous step"),
      derivatives: yield* scope.allocWork(perRow * 8, "the derivatives"),
      state: yield* scope.allocWork(perRow * 4 + 16, "the states of the rows"),
      h: outputs === 1 ? yield* scope.allocWork(perRow * 4, "the curvature of the rows") : 0,
    });
  }
}

export interface Point {
  readonly objective: number;
  /** ‖∇F‖₂ in the user's coordinates. */
  readonly gradientNorm: number;
  /** ‖g‖ with every coordinate divided by the root of its curvature bound. */
  readonly scaledNorm: number;
}

export interface Direction {
  /** −g·z: twice the decrease that the quadratic model promises, and near the optimum twice the gap. */
  readonly decrement: number;
  /** Whether conjugate gradients reached their tolerance. */
  readonly isSolved: boolean;
  /** Whether the decrease is below the rounding of the objective, along columns that nothing but rounding tells apart: no search can measure it. */
  readonly isNoise?: boolean;
  /** What the curvature bounds promise: no decrement is less, but for columns that never vary. */
  readonly least: number;
  /** Hessian products it took. */
  readonly products: number;
  /** Whether the preconditioner turned out not to be positive definite. */
  readonly isMispreconditioned?: boolean;
  /** With l1: its length as a part of the weights', about their relative error. */
  readonly length?: number;
}

/** What a descent works on: smooth here, with l1 in l1-system.ts. */
export interface System {
  readonly rows: number;
  /** Passes over all of these rows' bytes so far, in units of one dot and one update with every row and class. */
  readonly passes: number;
  /** Passes over the exact copy so far, those of preconditioners included. */
  exactPasses: number;
  /** Whether plane searches look at all rows from now on: after a step that had to be shortened, or a stall. */
  looksAtAll: boolean;
  /** Where huber bends: the problem's, or wider on the way to it. Takes effect with the next evaluate(). */
  epsilon: number;
  /** Weights: outputs × padded f64, code coordinates. */
  readonly v: number;
  readonly preconditioner: Preconditioner;
  readonly point: Point;
  jump(most: number): Work<void>;
  evaluate(given?: number): Work<Point>;
  rowWeights(out: number): Work<void>;
  rowsOf(sample: RowSample | null): Work<CurvedRows>;
  solve(
    sample: { readonly products: Products; readonly rows: CurvedRows } | "exact" | null,
    forcing: number,
  ): Work<Direction>;
  move(): Work<boolean>;
}

/** Slopes and curvatures of the objective over a plane: g₁, g₂, h₁₁, h₁₂, h₂₂. */
type Look = readonly [number, number, number, number, number];

export class NewtonSystem implements System {
  readonly rows: number;
  /** Passes over all of these rows' bytes so far, in units of one dot and one update with every row and class. */
  passes = 0;
  exactPasses = 0;
  /** Whether plane searches look at all rows from now on: after a step that had to be shortened, or a stall. */
  looksAtAll = false;
  /** Where huber bends: the problem's, or wider on the way to it. */
  epsilon: number;
  /** v, g: outputs × padded f64, code coordinates. */
  readonly v: number;
  readonly g: number;
  readonly preconditioner: Preconditioner;
  readonly #problem: Problem;
  readonly #frame: Frame;
  readonly #facts: RowFacts;
  readonly #inner: Products;
  readonly #exact: ExactPasses;
  readonly #size: number;
  readonly #ridge: number;
  readonly #damping: Damping;
  readonly #scales: number;
  readonly #buffers: Buffers;
  #hasPrevious = false;
  #hasCurvature = false;
  #penalty = 0;
  #decrement = 0;
  #point: Point = { objective: Number.NaN, gradientNorm: Number.NaN, scaledNorm: Number.NaN };

  private constructor(
    scope: Scope,
    problem: Problem,
    frame: Frame,
    facts: RowFacts,
    inner: Products,
    exact: ExactPasses,
    buffers: Buffers,
    coordinates: Coordinates,
  ) {
    const { core, outputs } = problem;
    this.#problem = problem;
    this.epsilon = problem.epsilon;
    this.#frame = frame;
    this.#facts = facts;
    this.#inner = inner;
    this.#exact = exact;
    this.rows = facts.rows;
    this.#ridge = coordinates.ridge;
    this.#damping = coordinates.damping;
    this.#scales = coordinates.scales;
    this.preconditioner = coordinates.preconditioner;
    this.#size = outputs * frame.padded;
    this.#buffers = buffers;
    this.v = scope.alloc(this.#size * 8, "the weights");
    this.g = scope.alloc(this.#size * 8, "the full gradient");
    // rows past the last: the plane search reads four at a time
    const rest = (-this.rows * outputs) & 3;
    if (outputs === 1) {
      core.f64(this.#buffers.u1 + this.rows * 8, rest).fill(0);
      core.f64(this.#buffers.u2 + this.rows * 8, rest).fill(0);
    }
  }

  /** Starts at zero. */
  static *create(
    scope: Scope,
    problem: Problem,
    frame: Frame,
    facts: RowFacts,
    inner: Products,
    exact: ExactPasses,
    buffers: Buffers,
    coordinates: Coordinates,
  ): Work<NewtonSystem> {
    const system = new NewtonSystem(scope, problem, frame, facts, inner, exact, buffers, coordinates);
    yield* system.#clearMargins();
    return system;
  }

  #clearMargins(): Work<void> {
    const { core, outputs } = this.#problem;
    return clearVector(core, this.#buffers.margins, this.rows * outputs);
  }

  get point(): Point {
    return this.#point;
  }

  /**
   * u = X·z with z rounded in place. Softmax: rounding leaves a mean over the classes, which the loss does not see and l2 would keep; it is taken out of z,
   * and u is right up to a shift that all classes of a row share.
   */
  *#multiply(z: number, u: number, allowed: number): Work<void> {
    const { core, outputs } = this.#problem;
    yield* this.#exact.multiply(z, u, this.#scales, allowed);
    if (outputs > 1) core.kernels.centreClasses(z, this.#frame.padded, outputs);
  }

  /** Evaluates at a v set from outside; back to zero when that is not better than `most`. */
  *jump(most: number): Work<void> {
    const { core } = this.#problem;
    yield* this.#multiply(this.v, this.#buffers.margins, 0);
    const objective = yield* this.#loss();
    if (objective <= most) {
      yield* this.evaluate(objective);
      return;
    }
    core.f64(this.v, this.#size).fill(0);
    yield* this.#clearMargins();
    yield* this.evaluate();
  }

  /** Objective at the present margins; derivatives and states of the rows. */
  *#loss(): Work<number> {
    const { core, outputs } = this.#problem;
    const total = yield* lossOfRows(this.#problem, this.#facts, this.#buffers, this.epsilon);
    this.#hasCurvature = false;
    if (core.isDue(this.#size)) yield;
    core.kernels.scaleColumns(this.v, this.#ridge, 0, this.#frame.padded, outputs, this.#buffers.hp);
    this.#penalty = 0.5 * core.kernels.dotF64(this.v, this.#buffers.hp, this.#size);
    return total / this.rows + this.#penalty;
  }

  /** Objective, gradient and norms at the present v, whose margins are in place. */
  *evaluate(given?: number): Work<Point> {
    const objective = given ?? (yield* this.#loss());
    const { gradientNorm } = yield* this.#exact.gradient(this.v, this.#buffers.derivatives, this.g);
    this.exactPasses++;
    const { kernels } = this.#problem.core;
    const squares = kernels.weightedSquares(this.g, this.#scales, this.#frame.padded, this.#problem.outputs);
    this.#point = { objective, gradientNorm, scaledNorm: Math.sqrt(squares) };
    return this.#point;
  }

  /** Curvature of all rows at the present point. */
  *#curvature(): Work<Curvature> {
    const { state, h } = this.#buffers;
    if (!this.#hasCurvature) yield* writeCurvature(this.#problem, this.#facts, this.epsilon, state, h);
    this.#hasCurvature = true;
    return { h, p: state, weights: this.#facts.weights.f32 };
  }

  /** Curvature of every row as one number, for sampling: rows f32 at `out`. */
  *rowWeights(out: number): Work<void> {
    const { core, outputs } = this.#problem;
    yield* rowWeights(core, yield* this.#curvature(), this.rows, outputs, out);
  }

  /** Rows for Hessian products and preconditioner: all, or those of a sample with their present curvature. */
  *rowsOf(sample: RowSample | null): Work<CurvedRows> {
    const curvature = yield* this.#curvature();
    if (sample === null) return { matrix: this.#inner.matrix, curvature, rows: this.rows };
    return yield* sample.rowsWith(curvature, this.#problem.outputs);
  }

  /**
   * Direction z ≈ −H⁻¹g by conjugate gradients with the Hessian of `sample` (null: all rows), until the residual in the metric of the
   * preconditioner has fallen to the part `forcing`.
   */
  *solve(
    sample: { readonly products: Products; readonly rows: CurvedRows } | "exact" | null,
    forcing: number,
  ): Work<Direction> {
    const { core, outputs } = this.#problem;
    const { kernels } = core;
    const size = this.#size;
    const { padded } = this.#frame;
    const part = sample === "exact" ? null : sample;
    const products = sample === "exact" ? null : (part?.products ?? this.#inner);
    const curvature = part?.rows.curvature ?? (yield* this.#curvature());
    const share = (part?.rows.rows ?? this.rows) / this.rows;
    if (this.#point.scaledNorm === 0) {
      core.f64(this.#buffers.z, size).fill(0);
      this.#decrement = 0;
      return { decrement: 0, least: 0, isSolved: true, products: 0 };
    }
    const { z, r, y, p, hp } = this.#buffers;
    core.f64(r, size).fill(0);
    kernels.addScaled(r, -1, this.g, size);
    const solution = yield* conjugateGradients(
      {
        core,
        size,
        z,
        r,
        y,
        p,
        hp,
        multiply: (from, to) => this.#hessian(products, curvature, share, from, to),
        precondition: (vector) => this.#precondition(vector),
      },
      forcing,
    );
    let { isSolved } = solution;
    let decrement = -kernels.dotF64(this.g, z, size);
    if (!(decrement > 0) || !Number.isFinite(decrement)) {
      // conjugate gradients have failed at once: a scaled gradient step always descends
      core.f64(z, size).fill(0);
      kernels.addScaled(z, -1, this.g, size);
      kernels.scaleColumns(z, this.#scales, 1, padded, outputs, z);
      this.preconditioner.clearEmpty(z);
      decrement = -kernels.dotF64(this.g, z, size);
      // nothing but rounding errors in empty columns is left
      isSolved &&= solution.norm === 0;
    }
    this.#decrement = decrement;
    // H ≼ size·S, S the curvature bounds: the trace of S^(−½)·H·S^(−½) is at most `size`
    const { scaledNorm } = this.#point;
    let least = (LEAST_DECREMENT * scaledNorm * scaledNorm) / size;
    if (decrement < least) least = (LEAST_DECREMENT * (yield* this.#boundedSquares())) / size;
    const isMispreconditioned = solution.fault === "preconditioner";
    return { decrement, least, isSolved, isNoise: this.#isNoise, products: solution.products, isMispreconditioned };
  }

  /** gᵀS⁻¹g with the curvature bounds S of all rows: those of a sample say nothing of a column that it does not show, and call every gradient there large. Rounding errors in empty columns do not count. */
  *#boundedSquares(): Work<number> {
    const { core, curvature, outputs } = this.#problem;
    const { rows, weights } = this.#facts;
    const { matrix } = this.#inner;
    const bounds = this.#buffers.hp;
    const scale = curvature / rows;
    yield* diagonal(this.#problem, this.#frame, this.#inner, matrix, rows, weights.f32, scale, this.#ridge, bounds);
    // the residual is free once a direction is found
    const { r } = this.#buffers;
    core.f64(r, this.#size).set(core.f64(this.g, this.#size));
    this.preconditioner.clearEmpty(r);
    return core.kernels.weightedSquares(r, bounds, this.#frame.padded, outputs);
  }

  /** to = H·from, with products (a part of the rows: `share`) or, where they are null, on the exact copy. */
  #hessian(products: Products | null, curvature: Curvature, share: number, from: number, to: number): Work<void> {
    const damping = this.#damping;
    const work =
      products === null
        ? // the search's margins are free while a direction is sought
          exactHessian(this.#problem, this.#frame, from, curvature, this.#buffers.u1, to)
        : products.hessian(from, curvature, damping.total, to);
    return after(this.#problem.core, work, this.#size, () => {
      if (products === null) {
        this.exactPasses++;
        if (damping.isOn) this.#addDamped(from, to);
      } else this.passes += share;
      this.#centre(to);
    });
  }

  #addDamped(from: number, to: number): void {
    const { core, outputs } = this.#problem;
    // conjugate gradients have no use for this one during a product
    const { y } = this.#buffers;
    core.kernels.scaleColumns(from, this.#damping.added, 0, this.#frame.padded, outputs, y);
    core.kernels.addScaled(to, 1, y, this.#size);
  }

  #precondition(vector: number): Work<void> {
    const work = this.preconditioner.solve(vector);
    return after(this.#problem.core, work, this.#size, () => this.#centre(vector));
  }

  #centre(vector: number): void {
    const { core, loss, outputs } = this.#problem;
    if (loss === "softmax") core.kernels.centreClasses(vector, this.#frame.padded, outputs);
  }

  get #isNoise(): boolean {
    return this.#damping.isOn && 0.5 * this.#decrement < NOISE * Math.abs(this.#point.objective);
  }

  /**
   * Moves to the minimum of the objective over the plane spanned by the direction and the previous step; then a new exact pass. Returns false
   * (and stays) when no step lowers the objective.
   */
  *move(): Work<boolean> {
    const { core, outputs } = this.#problem;
    const size = this.#size;
    const count = this.rows * outputs;
    yield* this.#multiply(this.#buffers.z, this.#buffers.u1, ROUNDING * this.#decrement);
    // lengths of a search would be quotients of two rounding errors
    const [a1, a2] = this.#isNoise ? [1, 0] : yield* this.#searchPlane();
    if (a1 === 0 && a2 === 0) return false;
    const kept = this.#hasPrevious ? a2 : 0;
    yield* combine(core, this.#buffers.u2, kept, a1, this.#buffers.u1, count);
    yield* combine(core, this.#buffers.previous, kept, a1, this.#buffers.z, size);
    this.#hasPrevious = true;
    const before = this.#point.objective;
    const most = before + NOISE * Math.abs(before);
    const { margins, u1, u2, previous, r } = this.#buffers;
    // the margins of the direction have done their work: their place keeps those of the present point, so that it can be had back to the last bit
    const { v } = this;
    yield* copyVector(core, margins, u1, count);
    yield* copyVector(core, v, r, size);
    const back = function* (): Work<void> {
      yield* copyVector(core, u1, margins, count);
      yield* copyVector(core, r, v, size);
    };
    for (let halving = 0, part = 1; halving <= MOST_HALVINGS; halving++, part /= 2) {
      if (halving > 0) {
        this.looksAtAll = true;
        yield* back();
      }
      yield* addScaled(core, margins, part, u2, count);
      yield* addScaled(core, v, part, previous, size);
      const objective = yield* this.#loss();
      // a whole step may cost rounding; one that is shortened until nothing is left of it would do so for ever
      if (!(part < 1 ? objective < before : objective <= most)) continue;
      if (part < 1) {
        yield* combine(core, u2, 0, part, u2, count);
        yield* combine(core, previous, 0, part, previous, size);
      }
      yield* this.evaluate(objective);
      return true;
    }
    yield* back();
    this.#hasPrevious = false;
    yield* this.evaluate();
    return false;
  }

  /**
   * A look whose curvature along the direction is none: where the loss is flat for every row that moves (huber, squared hinge without l2). Then a bound of it is taken, so that
   * the step has a length at all. top: the largest |margin| of the direction.
   */
  *#curved([g1, g2, h11, h12, h22]: Look, top: number): Work<Look> {
    const { core, curvature, outputs } = this.#problem;
    const { u1 } = this.#buffers;
    // unit vectors: squares of a direction as long as this may overflow
    const scale = top > 0 ? 1 / top : 0;
    let squares = 0;
    yield* eachPart(core, this.rows * outputs, SQUARE_PRICE, 1, (first, count) => {
      squares = addSquares(squares, core.f64(u1 + 8 * first, count), scale);
    });
    const bound = ((curvature * squares) / this.rows) * top * top;
    return [g1, g2, h11 > FLAT * bound ? h11 : bound / FAR, h12, h22];
  }

  /** (a₁, a₂) that minimise F(v + a₁z + a₂·previous), by Newton's method in the plane; a₂ is 0 without a previous step. */
  *#searchPlane(): Work<[number, number]> {
    const { core, outputs, loss, lossId, curvature } = this.#problem;
    const { epsilon } = this;
    const { kernels } = core;
    const size = this.#size;
    const { rows, labels, weights } = this.#facts;
    const count = rows * outputs;
    const hasPrevious = this.#hasPrevious;
    const buffers = this.#buffers;
    const { z, previous } = buffers;
    const u2 = hasPrevious ? this.#buffers.u2 : 0;
    // unit vectors keep float32 products in range
    const top1 = yield* maxAbs(core, buffers.u1, count);
    const top2 = hasPrevious ? yield* maxAbs(core, buffers.u2, count) : 0;
    const inverse1 = top1 > 0 ? 1 / top1 : 0;
    const inverse2 = top2 > 0 ? 1 / top2 : 0;
    if (core.isDue(LINE_PASSES * size)) yield;
    const slope1 = kernels.dotF64(this.g, z, size);
    const slope2 = hasPrevious ? kernels.dotF64(this.g, previous, size) : 0;
    kernels.scaleColumns(z, this.#ridge, 0, this.#frame.padded, outputs, this.#buffers.hp);
    const ridge11 = kernels.dotF64(z, this.#buffers.hp, size);
    const ridge12 = hasPrevious ? kernels.dotF64(previous, this.#buffers.hp, size) : 0;
    let ridge22 = 0;
    if (hasPrevious) {
      kernels.scaleColumns(previous, this.#ridge, 0, this.#frame.padded, outputs, this.#buffers.hp);
      ridge22 = kernels.dotF64(previous, this.#buffers.hp, size);
    }
    const isPart = outputs > 1 && rows >= 4 * ROWS_PER_CALL && !this.looksAtAll;
    const price = outputs * LOOK_PRICE + (outputs > 1 ? ROW_PRICE : 0);
    const few = Math.min(ROWS_PER_CALL, partOf(price, 4));
    const [stretch, most] = isPart ? [LOOK_STRETCH, LOOK_ROWS] : [few, few];
    const lookAt = (row: number, count: number, a1: number, a2: number): void => {
      const at = row * outputs;
      const state = buffers.state + at * 4;
      const omega = weights.f32 === 0 ? 0 : weights.f32 + row * 4;
      const first = buffers.u1 + at * 8;
      const second = u2 === 0 ? 0 : u2 + at * 8;
      if (outputs === 1) {
        kernels.plane1(
          lossId,
          state,
          labels.f32 + row * 4,
          omega,
          first,
          second,
          count,
          epsilon,
          a1,
          a2,
          inverse1,
          inverse2,
          buffers.looks,
        );
      } else {
        const scratch = buffers.looks + 64;
        kernels.planeSoftmax(
          state,
          omega,
          first,
          second,
          count,
          outputs,
          a1,
          a2,
          inverse1,
          inverse2,
          scratch,
          buffers.looks,
        );
      }
    };
    let [seen, turn] = [0, 0];
    /** Looks at some stretches, in order. */
    const lookAtSome = (first: number, count: number, a1: number, a2: number): void => {
      for (let i = first; i < first + count; i++, turn = (turn + LOOK_TURN) % 1) {
        const skipped = isPart ? LOOK_ROWS * Math.floor((turn * LOOK_STRETCH) / LOOK_ROWS) : 0;
        const part = Math.min(most, rows - i * stretch - skipped);
        // the last stretch may end before the part that is its turn
        if (part <= 0) continue;
        seen += part;
        lookAt(i * stretch + skipped, part, a1, a2);
      }
    };
    let found: Look = [0, 0, 0, 0, 0];
    /** Slopes and curvatures at (a₁, a₂) → found. */
    const look = (a1: number, a2: number): Work<void> => {
      core.f64(buffers.looks, 5).fill(0);
      [seen, turn] = [0, 0];
      const work = eachPart(core, Math.ceil(rows / stretch), most * price, 1, (first, count) =>
        lookAtSome(first, count, a1, a2),
      );
      return after(core, work, 1, () => {
        const [g1, g2, h11, h12, h22] = core.f64(buffers.looks, 5) as unknown as Look;
        found = [
          slope1 + (g1 * top1) / seen + ridge11 * a1 + ridge12 * a2,
          slope2 + (g2 * top2) / seen + ridge12 * a1 + ridge22 * a2,
          (h11 * top1 * top1) / seen + ridge11,
          (h12 * top1 * top2) / seen + ridge12,
          (h22 * top2 * top2) / seen + ridge22,
        ];
      });
    };
    let [a1, a2] = [0, 0];
    let gained = 0;
    yield* look(a1, a2);
    let here = found;
    let start: Look | null = null;
    for (let looks = 1; looks < MOST_LOOKS; ) {
      if (!(here[2] > FLAT * curvature * top1 * top1)) here = yield* this.#curved(here, top1);
      const [p1, p2] = newton2(here, hasPrevious && top2 > 0);
      const slope = p1 * here[0] + p2 * here[1];
      if (!(slope < 0) || -slope <= PLANE_TOLERANCE * gained) break;
      // towards infinity a loss has no curvature left, and what is left of its slope is rounding: dividing by it would go on for ever
      start ??= here;
      if (steepness(here, start) <= PLANE_TOLERANCE * steepness(start, start)) break;
      let step = 1;
      let there = here;
      // along a descent direction of a convex function: a slope that is still negative means lower, a steeper positive one too far
      for (let isFar = true; isFar && looks < MOST_LOOKS; ) {
        if (loss === "squared") break;
        yield* look(a1 + step * p1, a2 + step * p2);
        there = found;
        looks++;
        const ahead = p1 * there[0] + p2 * there[1];
        isFar = !(ahead <= -0.5 * slope);
        if (isFar) step *= Number.isFinite(ahead) ? Math.min(0.7, Math.max(0.1, -slope / (ahead - slope))) : 0.1;
      }
      a1 += step * p1;
      a2 += step * p2;
      gained -= step * slope;
      here = there;
      if (loss === "squared") break;
    }
    return [a1, a2];
  }
}

/** Σ ωᵢ·loss of a system's rows at its margins; derivatives and states of the rows. epsilon: where huber bends. */
export function lossOfRows(
  problem: Problem,
  { rows, labels, weights }: RowFacts,
  { margins, derivatives, state }: Buffers,
  epsilon: number,
): Work<number> {
  return problem.losses(margins, labels.f64, weights.f64, rows, derivatives, state, ROWS_PER_CALL, epsilon);
}

/** sum + Σ (value·scale)², in order. */
function addSquares(sum: number, values: Float64Array, scale: number): number {
  let total = sum;
  for (const value of values) total += value * scale * (value * scale);
  return total;
}

/** How steep the objective is at `here`, each direction measured by its curvature at `start`. */
function steepness([g1, g2]: Look, [, , h11, , h22]: Look): number {
  return Math.hypot(h11 > 0 ? g1 / Math.sqrt(h11) : 0, h22 > 0 ? g2 / Math.sqrt(h22) : 0);
}

/**
 * Newton step of a function of two variables from (gradient, Hessian), scaled to a unit diagonal; of one when `isPlane` is false. Nearly parallel directions share the step:
 * sums of float32 products do not tell them apart, and the difference of two long steps would be made of what they miss.
 */
function newton2([g1, g2, h11, h12, h22]: readonly number[], isPlane: boolean): [number, number] {
  const one = g1 as number;
  const two = g2 as number;
  const c1 = Math.sqrt(Math.max(h11 as number, 1e-300));
  const c2 = Math.sqrt(Math.max(h22 as number, 1e-300));
  if (!isPlane || !((h22 as number) > 0)) return [-one / (c1 * c1), 0];
  const ridge = 1 + PLANE_NOISE;
  const cross = (h12 as number) / (c1 * c2);
  const determinant = ridge * ridge - cross * cross;
  if (!(determinant > 0)) return [-one / (c1 * c1), 0];
  const b1 = one / c1;
  const b2 = two / c2;
  return [-(ridge * b1 - cross * b2) / (determinant * c1), -(ridge * b2 - cross * b1) / (determinant * c2)];
}

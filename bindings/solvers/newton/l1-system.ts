// Newton's method with an l1 term, over one set of rows: what NewtonSystem is to smooth problems.
//   minimise  F(v) = f(v) + Σ strengthⱼ|vⱼ|,   f smooth
// A direction ends at u, where the quadratic model of F at v is small: the optimum of an explicit model (L1Model) says which weights are to be 0, conjugate gradients with
// integer Hessian products on the face of that point say what the others are, until they meet a corner; then the model is asked again, from there. At last v goes
// towards u as far as F falls, all the way if it can: zeros are exact. Proximal Newton methods: Lee, Sun & Saunders 2014 (SIAM J. Optim. 24); faces and
// conjugate gradients: Byrd, Chin, Nocedal & Oztoprak 2016 (Math. Program. 159). docs/numerics.md §17, docs/decisions/0018.
import type { Frame } from "../../data/dataset.js";
import type { Problem } from "../../data/problem.js";
import type { Core, Scope } from "../../engine/core.js";
import { addScaled, clearVector, copyVector } from "../../engine/vectors.js";
import { after, type Work } from "../../engine/work.js";
import { rowWeights, writeCurvature } from "./curvature.js";
import { exactHessian } from "./exact-hessian.js";
import type { L1Model } from "./l1-model.js";
import {
  type Buffers,
  type Coordinates,
  type Direction,
  lossOfRows,
  MOST_HALVINGS,
  NOISE,
  type Point,
  ROUNDING,
  type System,
} from "./newton-system.js";
import type { Curvature, CurvedRows, ExactPasses, Products, RowFacts } from "./products.js";
import type { RowSample } from "./row-sample.js";

/** Most times the explicit model is asked on the way to the end of a direction. */
const MOST_ROUNDS = 15;
/** Conjugate gradients on one face end when what they could still gain is this part of what the first model promised, times forcing². */
const ENOUGH = 0.1;
/** Most Hessian products in a round. */
const MOST_PRODUCTS = 60;
/** The part of what a direction promises that F must lose along a step. */
const LOSS = 1e-3;
/** Damping, in parts of the curvature bounds: the least, after a step that went less than `SHORT` of its way; a tenth after every whole step. */
const DAMPING = 1e-3;
const LEAST_DAMPING = 1e-6;
const SHORT = 0.2;
/** Passes over vectors from one model or product to the next, and at a new point. */
const VECTOR_PASSES = 8;
const POINT_PASSES = 8;

export class L1System implements System {
  readonly rows: number;
  passes = 0;
  exactPasses = 0;
  /** Of no meaning here: there is no plane to look at. */
  looksAtAll = true;
  readonly v: number;
  readonly g: number;
  readonly preconditioner: L1Model;
  /** Where huber bends: the problem's, or wider on the way to it. */
  epsilon: number;
  readonly #problem: Problem;
  readonly #core: Core;
  readonly #frame: Frame;
  readonly #facts: RowFacts;
  readonly #inner: Products;
  readonly #exact: ExactPasses;
  readonly #size: number;
  readonly #ridge: number;
  readonly #scales: number;
  readonly #buffers: Buffers;
  /** Where a direction ends, the gradient of the quadratic model there, and the optimum of the explicit model; outputs × padded f64 each. */
  readonly #u: number;
  readonly #q: number;
  readonly #next: number;
  /** l2's part of the Hessian with the damping, curvature bounds of the weights alone: padded f64 each. */
  readonly #damped: number;
  readonly #lengths: number;
  #damping = 0;
  #hasCurvature = false;
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
    model: L1Model,
  ) {
    const { core, outputs } = problem;
    this.#problem = problem;
    this.epsilon = problem.epsilon;
    this.#core = core;
    this.#frame = frame;
    this.#facts = facts;
    this.#inner = inner;
    this.#exact = exact;
    this.rows = facts.rows;
    this.#ridge = coordinates.ridge;
    this.#scales = coordinates.scales;
    this.preconditioner = model;
    this.#size = outputs * frame.padded;
    this.#buffers = buffers;
    this.v = scope.alloc(this.#size * 8, "the weights");
    this.g = scope.alloc(this.#size * 8, "the full gradient");
    this.#u = scope.alloc(this.#size * 8, "the end of a direction");
    this.#q = scope.alloc(this.#size * 8, "a gradient of the model");
    this.#next = scope.alloc(this.#size * 8, "the optimum of the model");
    this.#damped = scope.alloc(frame.padded * 8, "the regulariser");
    this.#lengths = scope.alloc(frame.padded * 8, "the scales of the weights");
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
    model: L1Model,
  ): Work<L1System> {
    const system = new L1System(scope, problem, frame, facts, inner, exact, buffers, coordinates, model);
    yield* system.#clearMargins();
    return system;
  }

  #clearMargins(): Work<void> {
    return clearVector(this.#core, this.#buffers.margins, this.rows * this.#problem.outputs);
  }

  get point(): Point {
    return this.#point;
  }

  #copy(from: number, to: number): Work<void> {
    return copyVector(this.#core, from, to, this.#size);
  }

  /** Evaluates at a v set from outside; back to zero when that is not better than `most`. */
  *jump(most: number): Work<void> {
    yield* this.#exact.multiply(this.v, this.#buffers.margins, this.#scales, 0);
    const objective = yield* this.#loss();
    if (objective <= most) {
      yield* this.evaluate(objective);
      return;
    }
    this.#core.f64(this.v, this.#size).fill(0);
    yield* this.#clearMargins();
    yield* this.evaluate();
  }

  /** Objective at the present margins; derivatives and states of the rows. */
  *#loss(): Work<number> {
    const { kernels } = this.#core;
    const { hp } = this.#buffers;
    const total = yield* lossOfRows(this.#problem, this.#facts, this.#buffers, this.epsilon);
    this.#hasCurvature = false;
    if (this.#core.isDue(POINT_PASSES * this.#size)) yield;
    kernels.scaleColumns(this.v, this.#ridge, 0, this.#frame.padded, this.#problem.outputs, hp);
    const squares = 0.5 * kernels.dotF64(this.v, hp, this.#size);
    return total / this.rows + squares + kernels.l1Norm(this.v, this.preconditioner.strengths, this.#size);
  }

  /** Objective, gradient and norms at the present v, whose margins are in place. */
  *evaluate(given?: number): Work<Point> {
    const { kernels } = this.#core;
    const { strengths } = this.preconditioner;
    const objective = given ?? (yield* this.#loss());
    // most of the gradient meets l1 on the other side: what is left of it has to be seen
    const left = (): number => kernels.l1Least(this.g, this.v, strengths, this.#size);
    yield* this.#exact.gradient(this.v, this.#buffers.derivatives, this.g, left);
    this.exactPasses++;
    if (this.#core.isDue(POINT_PASSES * this.#size)) yield;
    const gradientNorm = this.#problem.leastSubgradient(this.#frame, this.v, this.g);
    this.#point = { objective, gradientNorm, scaledNorm: left() };
    return this.#point;
  }

  /** Curvature of all rows at the present point. */
  *#curvature(): Work<Curvature> {
    const { state, h } = this.#buffers;
    if (!this.#hasCurvature) yield* writeCurvature(this.#problem, this.#facts, this.epsilon, state, h);
    this.#hasCurvature = true;
    return { h, p: state, weights: this.#facts.weights.f32 };
  }

  *rowWeights(out: number): Work<void> {
    yield* rowWeights(this.#core, yield* this.#curvature(), this.rows, this.#problem.outputs, out);
  }

  *rowsOf(sample: RowSample | null): Work<CurvedRows> {
    const curvature = yield* this.#curvature();
    if (sample === null) return { matrix: this.#inner.matrix, curvature, rows: this.rows };
    return yield* sample.rowsWith(curvature, this.#problem.outputs);
  }

  /** to = (H + damping)·from, with products (a part of the rows: `share`) or, where they are null, on the exact copy. */
  #hessian(products: Products | null, curvature: Curvature, share: number, from: number, to: number): Work<void> {
    if (products !== null) {
      this.passes += share;
      return products.hessian(from, curvature, this.#damped, to);
    }
    const { z, u1 } = this.#buffers;
    this.exactPasses++;
    // the margins of a step are free while a direction is sought
    const work = exactHessian(this.#problem, this.#frame, from, curvature, u1, to);
    return after(this.#core, work, 2 * this.#size, () => {
      if (this.#damping === 0) return;
      const { kernels } = this.#core;
      kernels.scaleColumns(from, this.#scales, 0, this.#frame.padded, this.#problem.outputs, z);
      kernels.addScaled(to, this.#damping, z, this.#size);
    });
  }

  /** A direction from v to u, where the quadratic model of F promises to be low; until the promise of a further one has fallen to the part forcing². */
  *solve(
    sample: { readonly products: Products; readonly rows: CurvedRows } | "exact" | null,
    forcing: number,
  ): Work<Direction> {
    const core = this.#core;
    const { kernels } = core;
    const size = this.#size;
    const model = this.preconditioner;
    const { strengths } = model;
    const part = sample === "exact" ? null : sample;
    const products = sample === "exact" ? null : (part?.products ?? this.#inner);
    const curvature = part?.rows.curvature ?? (yield* this.#curvature());
    const share = (part?.rows.rows ?? this.rows) / this.rows;
    const [u, q, next] = [this.#u, this.#q, this.#next];
    const { z, previous: s, r: worn, y: ms, hp } = this.#buffers;
    if (core.isDue(VECTOR_PASSES * size)) yield;
    this.#damp();
    yield* this.#copy(this.v, u);
    yield* this.#copy(this.g, q);
    let first = 0;
    let taken = 0;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      yield* this.#copy(u, next);
      yield* this.#copy(q, worn);
      yield* model.minimise({ u: next, q: worn, d: z, s, ms });
      yield* this.#copy(next, s);
      if (core.isDue(VECTOR_PASSES * size)) yield;
      kernels.addScaled(s, -1, u, size);
      const promised = -kernels.dotF64(q, s, size) - kernels.l1Change(u, s, strengths, size);
      if (round === 0) first = promised;
      if (!(promised > (round === 0 ? 0 : forcing * forcing * first))) break;
      yield* this.#hessian(products, curvature, share, s, hp);
      taken++;
      if (core.isDue(VECTOR_PASSES * size)) yield;
      const curved = kernels.dotF64(s, hp, size);
      const reached = curved > promised ? promised / curved : 1;
      kernels.l1Take(u, next, s, reached, size);
      kernels.addScaled(q, reached, hp, size);
      const enough = ENOUGH * forcing * forcing * first;
      const multiply = (from: number, to: number): Work<void> => this.#hessian(products, curvature, share, from, to);
      taken += yield* this.#descendFace(multiply, forcing, enough);
    }
    yield* this.#copy(u, z);
    if (core.isDue(2 * VECTOR_PASSES * size)) yield;
    kernels.addScaled(z, -1, this.v, size);
    const promised = -kernels.dotF64(this.g, z, size) - kernels.l1Change(this.v, z, strengths, size);
    this.#decrement = promised;
    return {
      // where the explicit model promises more than the Hessian has found, nothing is certain yet
      decrement: Math.max(promised, first, 0),
      isSolved: Number.isFinite(promised),
      least: 0,
      products: taken,
      length: this.#lengthOf(z),
    };
  }

  /** ‖z‖ ÷ ‖u‖, the weights alone, in the metric of the curvature bounds. */
  #lengthOf(z: number): number {
    const { kernels } = this.#core;
    const { padded } = this.#frame;
    const { outputs } = this.#problem;
    const { hp } = this.#buffers;
    kernels.scaleColumns(z, this.#lengths, 0, padded, outputs, hp);
    const step = kernels.dotF64(z, hp, this.#size);
    if (step === 0) return 0;
    kernels.scaleColumns(this.#u, this.#lengths, 0, padded, outputs, hp);
    const all = kernels.dotF64(this.#u, hp, this.#size);
    return Math.sqrt(step / all);
  }

  /** Lays the present damping on l2's part of the Hessian and on the explicit model. */
  #damp(): void {
    const core = this.#core;
    const { padded, intercept } = this.#frame;
    const { cols } = this.#problem.dataset;
    core.f64(this.#damped, padded).set(core.f64(this.#ridge, padded));
    core.kernels.addScaled(this.#damped, this.#damping, this.#scales, padded);
    core.f64(this.#lengths, padded).set(core.f64(this.#scales, padded));
    if (intercept !== 0) core.f64(this.#lengths, padded)[cols] = 0;
    this.preconditioner.damp(this.#damping, this.#scales);
  }

  /** Conjugate gradients down the quadratic model on the face of u, as far as the first corner they meet. Returns the products they took. */
  *#descendFace(multiply: (from: number, to: number) => Work<void>, forcing: number, enough: number): Work<number> {
    const core = this.#core;
    const { kernels } = core;
    const size = this.#size;
    const model = this.preconditioner;
    const { strengths } = model;
    const [u, q] = [this.#u, this.#q];
    const { r, y, p, hp, previous: s } = this.#buffers;
    yield* model.face(u);
    const norm = function* (): Work<number> {
      if (core.isDue(VECTOR_PASSES * size)) yield;
      kernels.l1Slopes(q, u, strengths, size, r);
      yield* copyVector(core, r, y, size);
      yield* model.precondition(y, u);
      return kernels.dotF64(r, y, size);
    };
    let rz = yield* norm();
    const target = Math.max(forcing * forcing * rz, enough);
    yield* this.#copy(y, p);
    let products = 0;
    while (products < MOST_PRODUCTS && rz > target) {
      yield* multiply(p, hp);
      products++;
      if (core.isDue(VECTOR_PASSES * size)) yield;
      const curved = kernels.dotF64(p, hp, size);
      const step = curved > 0 ? kernels.dotF64(p, r, size) / curved : Number.POSITIVE_INFINITY;
      const reached = kernels.l1Reach(u, p, strengths, size, step);
      // level ground without an end: another face will know more
      if (!Number.isFinite(reached)) break;
      const zeros = kernels.l1Step(u, p, strengths, size, reached, s);
      kernels.addScaled(u, 1, s, size);
      kernels.addScaled(q, reached, hp, size);
      if (zeros > 0) break;
      const next = yield* norm();
      kernels.combine(p, next / rz, 1, y, size);
      rz = next;
    }
    return products;
  }

  /** Moves towards u, all the way where F falls enough; then a new exact pass. False (and stays) when no step lowers F. */
  *move(): Work<boolean> {
    const core = this.#core;
    const { kernels } = core;
    const size = this.#size;
    const count = this.rows * this.#problem.outputs;
    const { z, r, margins, u1, u2 } = this.#buffers;
    const promised = this.#decrement;
    const before = this.#point.objective;
    if (!(promised > 0)) return false;
    const allowed = ROUNDING * promised;
    yield* this.#exact.multiply(z, u1, this.#scales, allowed);
    const { v } = this;
    yield* copyVector(core, margins, u2, count);
    yield* this.#copy(v, r);
    const back = function* (): Work<void> {
      yield* copyVector(core, u2, margins, count);
      yield* copyVector(core, r, v, size);
    };
    for (let halving = 0, part = 1; halving <= MOST_HALVINGS; halving++, part /= 2) {
      if (halving > 0) yield* back();
      if (core.isDue(POINT_PASSES * size)) yield;
      // weights that become 0 do so exactly, even where the rounded step would have missed it: then the margins are made anew
      if (kernels.l1Take(this.v, this.#u, z, part, size) > 0) {
        yield* this.#exact.multiply(this.v, margins, this.#scales, allowed);
      } else yield* addScaled(core, margins, part, u1, count);
      this.#shift();
      const objective = yield* this.#loss();
      if (!(objective <= before - LOSS * part * promised + NOISE * Math.abs(before))) continue;
      this.#adapt(part);
      yield* this.evaluate(objective);
      return true;
    }
    yield* back();
    this.#adapt(0);
    yield* this.evaluate();
    return false;
  }

  /** What several classes' weights of a column have in common the losses do not see, only the penalty: it is at its best after every step. */
  #shift(): void {
    const { outputs, dataset } = this.#problem;
    if (outputs === 1) return;
    const { kernels } = this.#core;
    kernels.l1Shift(this.v, this.#frame.padded, dataset.cols, outputs, this.preconditioner.strengths, this.#ridge);
  }

  /** More damping after a step that went only this part of its way, less after a whole one. */
  #adapt(part: number): void {
    if (part < SHORT) this.#damping = Math.max(10 * this.#damping, DAMPING);
    else if (part === 1) this.#damping = this.#damping < LEAST_DAMPING ? 0 : this.#damping / 10;
  }
}

// Hinge has no curvature, so its optimum is followed along the central path: a primal-dual interior-point method with Mehrotra's predictor and corrector.
//   rows      dual variables a ∈ [0, 1] and slacks, float64 (assembly/loss/interior.ts, docs/numerics.md §12)
//   columns   one Newton system (Xᵀ·diag(h)·X/n + l2)·dw = −ρ per direction, hᵢ = ωᵢ/(s/a + ξ/e + γ): conjugate gradients on integers, corrected by the
//             exact residual until what is left is small against the complementarity; γ keeps h finite (proximal method of multipliers, Rockafellar 1976)
//   gap       losses minus dual variables' bound, row by row, plus what the residual can still gain: an upper bound of F − F* up to the preconditioner
// Mehrotra 1992 (SIAM J. Optim. 2); for support vector machines Ferris & Munson 2002 (SIAM J. Optim. 13). docs/decisions/0010.
import type { Problem } from "../../data/problem.js";
import { type Core, Scope } from "../../engine/core.js";
import { addScaled, clearVector } from "../../engine/vectors.js";
import { eachPart, piece, type Work } from "../../engine/work.js";
import { Stopwatch } from "../stopwatch.js";
import { conjugateGradients, type LinearSystem } from "./conjugate-gradients.js";
import { exactHessian } from "./exact-hessian.js";
import { type NewtonMemory, newtonMemory } from "./newton-memory.js";
import type { NewtonSettings, Progress } from "./newton-run.js";
import { diagonal, GRAM_COLUMNS, gramPasses, gramRows } from "./preconditioner.js";
import type { Arithmetic, Curvature, RowMatrix, RowView } from "./products.js";
import { RowSample } from "./row-sample.js";
import { RowSpace } from "./row-space.js";

/** Arrays of a row: a, e, s, ξ and two right-hand sides. */
const ROW_PARTS = 6;
/** Part of the way to the nearest wall that a step goes. */
const TO_THE_WALL = 0.995;
/** Limits of the proximal term γ = √µ: the curvature of a row is at most 1/γ. */
const LEAST_GAMMA = 1e-6;
const MOST_GAMMA = 1;
/** Least complementarity aimed at, as a part of the gap. */
const LEAST_CENTRING = 0.002;
/** A direction is good enough when its residual could gain this part of the complementarity aimed at. */
const RESIDUAL = 0.1;
const LAST = 0.01;
/** And when it could cost the rows at the kink no more than this part of the gap. */
const KINK = 0.1;
/** Conjugate gradients inside one correction, and most corrections. */
const FORCING = 0.1;
const MOST_CORRECTIONS = 6;
/** A correction on codes that leaves more than this part of what the residual could gain calls for products on the exact copy. */
const POOR = 0.5;
/** Rounding a correction may cost this part of what it gains. */
const ROUNDING = 1e-3;
/** Times as many rows as the sample has, from which one is drawn. */
const WORTH_SAMPLING = 4;
/** Multiply-adds that a row takes as long as: with its divisions, and where it is only added up. */
const ROW_PRICE = 16;
const SUM_PRICE = 2;
/** First ridge on the Gram matrix: small, since the rows at the margin outweigh the regulariser by many orders. */
const RIDGE = 1e-12;
/** Outer steps without a lower objective or a smaller gap before the run gives up. */
const MOST_FAILURES = 60;
/** Part to which the gap has to fall in so many steps for a run that is getting nowhere otherwise to go on. */
const LEAST_FALL = 0.5;
/** Part of the objective below which a gap is not seen in it any more. */
const NOISE = 2 ** -52;

/** What a run keeps in linear memory. */
interface BuiltRun {
  readonly scope: Scope;
  readonly memory: NewtonMemory;
  readonly v: number;
  readonly direction: number;
  readonly g: number;
  readonly rho: number;
  readonly best: number;
  readonly scales: number;
  readonly rows: number;
  readonly totalWeight: number;
  readonly rowSpace: RowSpace | null;
}

function* build(
  scope: Scope,
  problem: Problem,
  settings: NewtonSettings,
  arithmetic: Arithmetic,
  view: RowView,
): Work<BuiltRun> {
  const memory = yield* newtonMemory(scope, problem, arithmetic, view, settings.seed);
  const vector = (what: string): number => scope.alloc(view.frame.padded * 8, what);
  const isWide = settings.preconditioner === "auto" && memory.preconditioner.dimension > GRAM_COLUMNS;
  return {
    scope,
    memory,
    v: vector("the weights"),
    direction: vector("a direction"),
    g: vector("a gradient"),
    rho: vector("a residual"),
    best: vector("the best weights"),
    scales: vector("the scales of the coordinates"),
    rows: yield* scope.allocWork(ROW_PARTS * problem.dataset.rows * 8, "the dual variables"),
    totalWeight: yield* sumOf(problem.core, problem.dataset.weights.f64, problem.dataset.rows),
    // last: its memory is its own
    rowSpace: isWide ? yield* RowSpace.create(problem, view.frame, memory.products, memory.ridge) : null,
  };
}

/** Sum of the weights (rows f64, or 0 for ones), in order. */
function* sumOf(core: Core, weights: number, rows: number): Work<number> {
  if (weights === 0) return rows;
  let sum = 0;
  yield* eachPart(core, rows, SUM_PRICE, 1, (first, count) => {
    sum = core.f64(weights + 8 * first, count).reduce((total, weight) => total + weight, sum);
  });
  return sum;
}

export class InteriorRun {
  readonly #problem: Problem;
  readonly #settings: NewtonSettings;
  readonly #view: RowView;
  readonly #scope: Scope;
  readonly #memory: NewtonMemory;
  readonly #isGram: boolean;
  readonly #gramRows: number;
  /** Of wide data. */
  readonly #rowSpace: RowSpace | null;
  /** Passes of the longest step so far, and those before the present one. */
  #longest = 0;
  #passesBefore = 0;
  readonly #size: number;
  /** Pointers: weights, the direction, residuals (of the point, of the direction), the best weights, scales: size f64 each; rows. */
  readonly #v: number;
  readonly #direction: number;
  readonly #g: number;
  readonly #rho: number;
  readonly #best: number;
  readonly #scales: number;
  readonly #rows: number;
  readonly #pitch: number;
  readonly #totalWeight: number;
  #passes = 0;
  #exactPasses = 0;
  readonly #stopwatch = new Stopwatch();
  #zeroObjective = 0;
  #isFromZero = true;
  #objective = Number.POSITIVE_INFINITY;
  #bestObjective = Number.POSITIVE_INFINITY;
  #gradientNorm = 0;
  #bestGradientNorm = 0;
  #isExact = false;
  #mu = 1;
  #gap = 1;
  #above = 1;
  #leastAbove = Number.POSITIVE_INFINITY;
  #isBetter = false;
  #failures = 0;
  /** The last gap that was half of the one before it, and the steps since. */
  #markedGap = Number.POSITIVE_INFINITY;
  #creeping = 0;

  private constructor(problem: Problem, settings: NewtonSettings, view: RowView, built: BuiltRun) {
    const { dataset } = problem;
    const { rows } = dataset;
    this.#problem = problem;
    this.#settings = settings;
    this.#view = view;
    this.#size = view.frame.padded;
    this.#pitch = rows * 8;
    this.#totalWeight = built.totalWeight;
    this.#scope = built.scope;
    this.#memory = built.memory;
    this.#v = built.v;
    this.#direction = built.direction;
    this.#g = built.g;
    this.#rho = built.rho;
    this.#best = built.best;
    this.#scales = built.scales;
    this.#rows = built.rows;
    problem.own(built.scope);
    const { dimension } = built.memory.preconditioner;
    this.#gramRows = gramRows(rows, dimension);
    this.#isGram = settings.preconditioner === "auto" ? dimension <= GRAM_COLUMNS : settings.preconditioner === "gram";
    this.#rowSpace = built.rowSpace;
  }

  static *create(problem: Problem, settings: NewtonSettings, arithmetic: Arithmetic): Work<InteriorRun> {
    const view = yield* arithmetic.view(problem);
    const built = yield* Scope.guardWork(problem.core, (scope) => build(scope, problem, settings, arithmetic, view));
    return new InteriorRun(problem, settings, view, built);
  }

  /** The relative gap at which the run has converged. */
  get #goal(): number {
    return this.#settings.tol * this.#settings.tol;
  }

  release(): void {
    this.#problem.forget(this.#scope);
    this.#memory.preconditioner.release();
    this.#rowSpace?.release();
    this.#scope.release();
  }

  get #weights(): number {
    return this.#problem.dataset.weights.f64;
  }

  /** Visits the rows in parts: margins, labels, margins of the direction, weights and dual variables from the first one on, how many they are and which is the first. */
  #eachRows(
    visit: (m: number, y: number, u: number, weights: number, state: number, count: number, first: number) => void,
  ): Work<void> {
    const { core, dataset, labels } = this.#problem;
    const { margins, u1 } = this.#memory.buffers;
    const weights = this.#weights;
    return eachPart(core, dataset.rows, ROW_PRICE, 1, (first, count) => {
      const at = 8 * first;
      const omega = weights === 0 ? 0 : weights + at;
      visit(margins + at, labels.f64 + at, u1 + at, omega, this.#rows + at, count, first);
    });
  }

  /** Σ ω·(a·s + e·ξ) after the part of the direction. */
  *#products(gamma: number, part: number): Work<number> {
    const { kernels } = this.#problem.core;
    let sum = 0;
    yield* this.#eachRows((m, y, u, weights, state, count) => {
      sum += kernels.interiorProducts(m, y, u, weights, count, state, this.#pitch, gamma, part);
    });
    return sum;
  }

  /** The derivatives that the dual variables after the part of the direction stand for. */
  #derive(gamma: number, part: number): Work<void> {
    const { kernels } = this.#problem.core;
    const { derivatives } = this.#memory.buffers;
    return this.#eachRows((m, y, u, weights, state, count, first) => {
      const c = derivatives + 8 * first;
      kernels.interiorDerivatives(m, y, u, weights, count, state, this.#pitch, gamma, part, c);
    });
  }

  /** Right-hand sides towards the complementarity `target`. */
  #aim(gamma: number, target: number, isCorrected: boolean): Work<void> {
    const { kernels } = this.#problem.core;
    return this.#eachRows((m, y, u, _weights, state, count) => {
      kernels.interiorAim(m, y, u, count, state, this.#pitch, gamma, target, isCorrected ? 1 : 0);
    });
  }

  /** Longest step to the nearest wall, at most `most`. */
  *#reach(gamma: number, most: number): Work<number> {
    const { kernels } = this.#problem.core;
    let reach = most;
    yield* this.#eachRows((m, y, u, weights, state, count) => {
      reach = kernels.interiorReach(m, y, u, weights, count, state, this.#pitch, gamma, reach);
    });
    return reach;
  }

  /** Evaluates the start; true when zero loss makes it the optimum. */
  begin(): Work<boolean> {
    return this.#stopwatch.timed("exact", this.#begin());
  }

  *#begin(): Work<boolean> {
    const { start } = this.#settings;
    const { core, dataset } = this.#problem;
    const { frame } = this.#view;
    const { margins } = this.#memory.buffers;
    yield* this.#evaluate();
    this.#zeroObjective = this.#objective;
    if (start !== null) {
      this.#problem.toCodes(frame, start, this.#v);
      // no margin depends on these: what is not penalised stays as it is given
      if (this.#problem.l2 > 0) this.#memory.preconditioner.clearEmpty(this.#v);
      yield* this.#problem.exactMargins(frame, this.#v, margins);
      this.#bestObjective = Number.POSITIVE_INFINITY;
      yield* this.#evaluate();
      this.#isFromZero = !(this.#objective <= this.#zeroObjective);
      if (this.#isFromZero) {
        core.f64(this.#v, this.#size).fill(0);
        yield* clearVector(core, margins, dataset.rows);
        this.#bestObjective = Number.POSITIVE_INFINITY;
        yield* this.#evaluate();
      }
    }
    yield* this.#eachRows((m, y, _u, _weights, state, count) => {
      core.kernels.interiorStart(m, y, count, state, this.#pitch);
    });
    yield* this.#measure();
    return this.#objective === 0;
  }

  /** Whether the run begins at zero weights, because there is no start or none that is better. */
  get isFromZero(): boolean {
    return this.#isFromZero;
  }

  /** There are no rougher problems: a point near the optimum is a bad start for an interior method. */
  warmUp(): Work<boolean> {
    return piece(() => false);
  }

  /** The objective at the present margins and weights; keeps the best. */
  *#evaluate(): Work<void> {
    const { core, dataset, labels } = this.#problem;
    const { kernels } = core;
    const { margins, derivatives, state, hp } = this.#memory.buffers;
    const loss = yield* this.#problem.losses(margins, labels.f64, this.#weights, dataset.rows, derivatives, state);
    kernels.scaleColumns(this.#v, this.#memory.ridge, 0, this.#size, 1, hp);
    this.#objective = loss / dataset.rows + 0.5 * kernels.dotF64(this.#v, hp, this.#size);
    this.#isBetter = this.#objective < this.#bestObjective;
    if (this.#isBetter) {
      this.#bestObjective = this.#objective;
      core.f64(this.#best, this.#size).set(core.f64(this.#v, this.#size));
    }
  }

  /** Complementarity of the present point, and the gradient that its dual variables stand for. */
  *#measure(): Work<void> {
    const { derivatives } = this.#memory.buffers;
    this.#mu = (yield* this.#products(0, 0)) / (2 * this.#totalWeight);
    yield* this.#derive(0, 0);
    this.#gradientNorm = (yield* this.#memory.passes.gradient(this.#v, derivatives, this.#g)).gradientNorm;
    if (this.#objective === this.#bestObjective) this.#bestGradientNorm = this.#gradientNorm;
    this.#exactPasses++;
  }

  get #gamma(): number {
    return Math.min(MOST_GAMMA, Math.max(LEAST_GAMMA, Math.sqrt(this.#mu)));
  }

  /** Curvature of the rows, preconditioner, and how far the present point is from the optimum. */
  direct(): Work<Progress> {
    return this.#stopwatch.timed("inner", this.#direct());
  }

  *#direct(): Work<Progress> {
    const { core, dataset } = this.#problem;
    const { kernels } = core;
    const { h, y } = this.#memory.buffers;
    const gamma = this.#gamma;
    yield* this.#eachRows((_m, _y, _u, weights, state, count, first) => {
      kernels.interiorCurvature(state, this.#pitch, weights, count, gamma, h + 4 * first);
    });
    yield* this.#precondition();
    core.f64(y, this.#size).set(core.f64(this.#g, this.#size));
    yield* this.#apply(y);
    let exceeded = 0;
    yield* this.#eachRows((m, labels, _u, weights, state, count) => {
      exceeded += kernels.interiorGap(m, labels, weights, count, state, this.#pitch);
    });
    const above = exceeded / dataset.rows;
    const relative = (left: number): number => {
      // zero weights are the optimum as far as float64 can tell
      if (Math.max(left, this.#zeroObjective - this.#bestObjective) <= NOISE * this.#zeroObjective) return 0;
      const gained = this.#zeroObjective - this.#objective + left;
      return gained > 0 ? Math.min(1, left / gained) : 1;
    };
    const goal = this.#goal;
    const residual = kernels.dotF64(this.#g, y, this.#size);
    // a preconditioner that is not positive definite says nothing of what the residual can still gain
    this.#gap = residual >= 0 ? relative(above + 0.5 * residual) : 1;
    // a sample of rows may not know what the residual points to: before it alone keeps the run going, the Hessian itself is asked
    if (this.#gap > goal && relative(above) <= goal) {
      const { r, z } = this.#memory.buffers;
      core.f64(r, this.#size).set(core.f64(this.#g, this.#size));
      const { fault } = yield* conjugateGradients(this.#system(), FORCING);
      if (fault === null) {
        this.#gap = Math.min(this.#gap, relative(above + 0.5 * kernels.dotF64(this.#g, z, this.#size)));
      }
    }
    this.#above = above;
    const isNearer = above < this.#leastAbove && above > NOISE * this.#objective;
    this.#failures = this.#isBetter || isNearer ? 0 : this.#failures + 1;
    this.#leastAbove = Math.min(this.#leastAbove, above);
    const hasFallen = this.#gap <= LEAST_FALL * this.#markedGap;
    if (hasFallen) this.#markedGap = this.#gap;
    this.#creeping = hasFallen ? 0 : this.#creeping + 1;
    return { gap: this.#gap, isConverged: this.#gap <= goal };
  }

  /** Rows in proportion to their curvature, where there are many. */
  *#precondition(): Work<void> {
    const { rows } = this.#problem.dataset;
    const { inner } = this.#view;
    const { random, buffers } = this.#memory;
    const curvature = { h: buffers.h, p: 0, weights: 0 };
    if (this.#rowSpace !== null) {
      yield* this.#preconditionOn(inner, buffers.h, 0, rows);
      yield* this.#preconditionRows(this.#rowSpace);
      return;
    }
    if (this.#gramRows * WORTH_SAMPLING >= rows) {
      yield* this.#preconditionOn(inner, buffers.h, 0, rows);
      return;
    }
    yield* RowSample.use(this.#problem, inner, this.#gramRows, buffers.h, random, (sample) =>
      this.#preconditionSampled(sample, curvature),
    );
  }

  /** Rows of large curvature, in a step for which building takes less time than the longest step so far has taken; they are exact, and so are all products of that step. */
  *#preconditionRows(rowSpace: RowSpace): Work<void> {
    const { h } = this.#memory.buffers;
    const spent = this.#passes + this.#exactPasses - this.#passesBefore;
    this.#passesBefore += spent;
    this.#longest = Math.max(this.#longest, spent);
    if (yield* rowSpace.choose(h, this.#longest)) yield* rowSpace.build(h);
  }

  *#preconditionSampled(sample: RowSample, all: Curvature): Work<void> {
    const { matrix, curvature, rows } = yield* sample.rowsWith(all, 1);
    yield* this.#preconditionOn(matrix, curvature.h, sample.index, rows);
  }

  /** From `count` rows with curvature `h` (f32); index: their numbers, u32, or 0 for all. */
  *#preconditionOn(matrix: RowMatrix, h: number, index: number, count: number): Work<void> {
    const { preconditioner, ridge, products } = this.#memory;
    const part = { matrix, curvature: { h, p: 0, weights: 0 }, rows: count };
    const passes = gramPasses(count, this.#problem.dataset.rows, preconditioner.filled, 1);
    if (this.#isGram && this.#isExact && (yield* preconditioner.buildExact(part, index))) this.#exactPasses += passes;
    else if (this.#isGram) {
      yield* preconditioner.buildGram(part, RIDGE);
      this.#passes += passes;
    } else yield* preconditioner.buildDiagonal(part);
    const { frame } = this.#view;
    yield* diagonal(this.#problem, frame, products, matrix, count, h, 1 / count, ridge, this.#scales);
  }

  /** vector ← M⁻¹·vector, 0 in columns that nothing holds. */
  #apply(vector: number): Work<void> {
    const { preconditioner } = this.#memory;
    const rowSpace = this.#rowSpace;
    if (!rowSpace?.isBuilt) return preconditioner.solve(vector);
    return preconditioner.withoutEmpty(vector, () => rowSpace.solve(vector));
  }

  /** ρ at the weights plus the direction: the gradient that the dual variables after it stand for. */
  *#residual(): Work<void> {
    const { core } = this.#problem;
    const { kernels } = core;
    const { derivatives, p } = this.#memory.buffers;
    yield* this.#derive(this.#gamma, 1);
    core.f64(p, this.#size).set(core.f64(this.#v, this.#size));
    kernels.addScaled(p, 1, this.#direction, this.#size);
    yield* this.#memory.passes.gradient(p, derivatives, this.#rho);
    this.#exactPasses++;
  }

  /** The Hessian of the present point: integers, or float64 once they have failed. */
  #system(): LinearSystem {
    const { core } = this.#problem;
    const { z, r, y, p, hp } = this.#memory.buffers;
    return {
      core,
      size: this.#size,
      z,
      r,
      y,
      p,
      hp,
      multiply: (from, to) => this.#multiply(from, to),
      precondition: (vector) => this.#apply(vector),
    };
  }

  #multiply(from: number, to: number): Work<void> {
    const { buffers, products, ridge } = this.#memory;
    const { u2, h } = buffers;
    const curvature = { h, p: 0, weights: 0 };
    if (this.#isExact || this.#rowSpace?.isBuilt) {
      this.#exactPasses++;
      return exactHessian(this.#problem, this.#view.frame, from, curvature, u2, to);
    }
    this.#passes++;
    return products.hessian(from, curvature, ridge, to);
  }

  /** Newton's equations for the present right-hand sides, until the residual could gain no more than `enough`, or `most` corrections. */
  *#solve(enough: number, most: number): Work<void> {
    const { core, dataset } = this.#problem;
    const { kernels } = core;
    const { buffers, passes } = this.#memory;
    const { z, r, u1, u2 } = buffers;
    const size = this.#size;
    const system = this.#system();
    let before = Number.POSITIVE_INFINITY;
    for (let correction = 0; correction < most; correction++) {
      yield* this.#residual();
      core.f64(r, size).fill(0);
      kernels.addScaled(r, -1, this.#rho, size);
      const { norm, products: used, fault } = yield* conjugateGradients(system, FORCING, 2 * enough);
      // what is wrong with codes may be right with the rows themselves
      if (fault === "preconditioner") this.#isExact = true;
      // the direction stays as far as it is good
      if (used === 0 || !Number.isFinite(kernels.dotF64(z, z, size))) return;
      if (norm > POOR * before) this.#isExact = true;
      before = norm;
      yield* passes.multiply(z, u2, this.#scales, ROUNDING * norm);
      kernels.addScaled(this.#direction, 1, z, size);
      yield* addScaled(core, u1, 1, u2, dataset.rows);
    }
  }

  /** One step along the path; false when nothing helps any more. */
  *step(): Work<boolean> {
    yield* this.#stopwatch.timed("inner", this.#follow());
    return yield* this.#stopwatch.timed("exact", this.#move());
  }

  /** The direction of the next step: a predictor, then a corrector. */
  *#follow(): Work<void> {
    const { core, dataset } = this.#problem;
    const mu = this.#mu;
    const gamma = this.#gamma;
    core.f64(this.#direction, this.#size).fill(0);
    yield* clearVector(core, this.#memory.buffers.u1, dataset.rows);
    yield* this.#aim(gamma, 0, false);
    yield* this.#solve(0, 1);
    // how far the path can be followed without centring says how much centring it needs
    const reach = yield* this.#reach(gamma, 1);
    const now = yield* this.#products(gamma, 0);
    const then = yield* this.#products(gamma, reach);
    // no nearer to the walls than the constraints' own residual warrants: it falls at its own pace, set by γ
    // products, not powers: the last bit of ** differs between engines
    const left = then / now;
    const target = Math.max(mu * left * left * left, LEAST_CENTRING * this.#above);
    yield* this.#aim(gamma, target, true);
    const goal = this.#goal * (this.#zeroObjective - this.#bestObjective);
    // what is left moves the margins of rows at the kink, of curvature 1/γ, by √(2γ·left) in the mean: losses see half of that to first order
    const loss = Math.max(KINK * this.#above, goal);
    const enough = Math.min(RESIDUAL * Math.max(target, LAST * goal), (2 * loss * loss) / gamma);
    yield* this.#solve(enough, MOST_CORRECTIONS);
  }

  /** The step itself; mu and gamma are those of its beginning. */
  *#move(): Work<boolean> {
    const { kernels } = this.#problem.core;
    const { margins } = this.#memory.buffers;
    const gamma = this.#gamma;
    const furthest = yield* this.#reach(gamma, 1 / TO_THE_WALL);
    const part = Math.min(1, TO_THE_WALL * furthest);
    yield* this.#eachRows((m, y, u, _weights, state, count) => {
      kernels.interiorMove(m, y, u, count, state, this.#pitch, gamma, part);
    });
    kernels.addScaled(this.#v, part, this.#direction, this.#size);
    // not those the rows have moved by: where weights have come and gone along a direction without curvature, rounding has stayed with them
    yield* this.#problem.exactMargins(this.#view.frame, this.#v, margins);
    yield* this.#evaluate();
    yield* this.#measure();
    return Math.max(this.#failures, this.#creeping) < MOST_FAILURES;
  }

  /** What every report says: the best weights so far. */
  facts() {
    const { dataset } = this.#problem;
    const { isGram } = this.#memory.preconditioner;
    return {
      passes: this.#passes,
      exactPasses: this.#exactPasses,
      objective: this.#bestObjective,
      gradientNorm: this.#bestGradientNorm,
      hessianShare: 1,
      preconditioner: this.#rowSpace?.isBuilt ? ("rows" as const) : isGram ? ("gram" as const) : ("diagonal" as const),
      exact: dataset.exact,
      bytes: dataset.bytes,
      ...this.#problem.toWeights(this.#view.frame, this.#best),
      seconds: this.#stopwatch.seconds,
    };
  }
}

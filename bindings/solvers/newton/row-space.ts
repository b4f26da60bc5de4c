// M ≈ Hessian of wide data, inverted in the space of rows: a diagonal, and the few rows that outweigh it exactly.
//   M = D + X_Sᵀ·diag(h/n)·X_S + intercept      D: the regulariser and the diagonal of the rows that are not in S
//   B = I + Q·K·Q,  K = X_S·D⁻¹·X_Sᵀ,  Q = diag(√(h/n)): |S| × |S|, no eigenvalue below 1, so that it has a Cholesky factor whatever h is
//   without the intercept  M⁻¹ = D⁻¹ − D⁻¹·X_Sᵀ·Q·B⁻¹·Q·X_S·D⁻¹      Woodbury; the intercept, code c in every row, by elimination: its pivot
//   c²·(1ᵀ·Q·B⁻¹·Q·1 + Σ h/n of the rest) has no cancellation
// Hinge's curvature lies on the rows at the kink, the more so the nearer the optimum is: few rows, and the others hardly matter. docs/decisions/0024.
import type { Frame } from "../../data/dataset.js";
import type { ExactRows } from "../../data/exact-rows.js";
import type { Problem } from "../../data/problem.js";
import { eachSparse } from "../../data/sparse-rows.js";
import { Scope } from "../../engine/core.js";
import { eachPart, partOf, type Work } from "../../engine/work.js";
import { factorise, solveFactored } from "./cholesky.js";
import { diagonal } from "./preconditioner.js";
import type { Products } from "./products.js";

/** Rows in S at most, at first and for good: the Cholesky factor of so many takes a tenth of a second, and a second. */
const FEW_ROWS = 1024;
const MOST_ROWS = 2048;
/** Multiply-adds of a Cholesky factor in the time of one of a pass. */
const FACTOR_PRICE = 0.5;
/** The same for a value of a row on its way to code coordinates and weights, and passes over vectors before and after those over rows. */
const DECODE_PRICE = 10;
const VECTOR_PASSES = 12;
/** A row belongs to S when h/n·xᵀD⁻¹x is at least this: then it changes M⁻¹ by half in its own direction. */
const WEIGHTY = 1;
/** Rows beside each other in a pass. */
const BESIDE = 8;
/** Least entry of D, as a part of the diagonal of XᵀX/n: without l2, columns that only rows in S fill would have none. */
const FLOOR = 1e-8;
const WHAT = "the preconditioner";

/** S and its factor: pointers. */
interface Built {
  readonly count: number;
  readonly rows: ExactRows;
  /** The Cholesky factor of B: count × count f64. */
  readonly factor: number;
  /** √(h/n), B⁻¹·√(h/n) and work space: count f64 each. */
  readonly q: number;
  readonly v: number;
  readonly t: number;
  /** The intercept's pivot. */
  readonly pivot: number;
}

export class RowSpace {
  readonly #problem: Problem;
  readonly #frame: Frame;
  readonly #products: Products;
  readonly #scope: Scope;
  readonly #own: Scope;
  /** Least D, 1/D, code = factor·(stored + shift): pitch f64 each. */
  readonly #least: number;
  readonly #inverse: number;
  readonly #factor: number;
  readonly #shift: number;
  /** BESIDE weight vectors of the exact rows, and their intercepts. */
  readonly #w: number;
  readonly #bias: number;
  /** xᵀD⁻¹x of every row for the least D; what the rows weigh; curvature of the rows that are not in S: rows f64, f64, f32. */
  readonly #norms: number;
  readonly #weight: number;
  readonly #rest: number;
  /** Numbers of the rows in S: u32. */
  readonly #index: number;
  #most = FEW_ROWS;
  #chosen = 0;
  #restWeight = 0;
  #built: Built | null = null;

  private constructor(problem: Problem, frame: Frame, products: Products, scope: Scope) {
    const { core, dataset } = problem;
    const { cols, rows, exactRows: stored } = dataset;
    const pitch = Math.max(frame.padded, stored.width);
    const vector = (): number => scope.alloc(pitch * 8, WHAT);
    this.#problem = problem;
    this.#frame = frame;
    this.#products = products;
    this.#scope = scope;
    this.#own = new Scope(core);
    this.#least = vector();
    this.#inverse = vector();
    this.#factor = vector();
    this.#shift = vector();
    this.#w = scope.alloc(BESIDE * pitch * 8, WHAT);
    this.#bias = scope.alloc(BESIDE * 8, WHAT);
    this.#norms = scope.alloc(rows * 8, WHAT);
    this.#weight = scope.alloc(rows * 8, WHAT);
    this.#rest = scope.alloc(rows * 4, WHAT);
    this.#index = scope.alloc(Math.min(rows, MOST_ROWS) * 4, WHAT);
    const { scale, offset } = frame;
    core.kernels.frameMaps(scale, offset, stored.passScale, stored.passOffset, cols, pitch, this.#factor, this.#shift);
  }

  /** ridge: l2's part of the Hessian, padded f64. */
  static *create(problem: Problem, frame: Frame, products: Products, ridge: number): Work<RowSpace> {
    return yield* Scope.guardWork(problem.core, function* (scope) {
      const made = new RowSpace(problem, frame, products, scope);
      yield* made.#measure(ridge);
      return made;
    });
  }

  get isBuilt(): boolean {
    return this.#built !== null;
  }

  release(): void {
    this.#built = null;
    this.#own.release();
    this.#scope.release();
  }

  /** The least D, and the rows' norms in it. */
  *#measure(ridge: number): Work<void> {
    const { core } = this.#problem;
    const { kernels } = core;
    const { padded } = this.#frame;
    yield* this.#diagonal(0, ridge, this.#least);
    kernels.combine(this.#least, FLOOR, 1, ridge, padded);
    core.f64(this.#inverse, padded).fill(1);
    kernels.scaleColumns(this.#inverse, this.#least, 1, padded, 1, this.#inverse);
    yield* this.#square();
  }

  /** norms = Σ code²/D of each row, the intercept left out. */
  *#square(): Work<void> {
    const { core, dataset } = this.#problem;
    const { kernels } = core;
    const { rows, cols, exactRows } = dataset;
    const { matrix, factor } = this.#products;
    if ("csr" in matrix) {
      const { storage, starts, indices, values, table } = matrix.csr;
      const kernel = kernels[`sparseRowSquares${storage}`];
      kernels.scaleColumns(this.#inverse, factor, 0, cols, 1, this.#w);
      kernels.scaleColumns(this.#w, factor, 0, cols, 1, this.#w);
      yield* eachSparse(core, matrix.csr, 2, (first, count) => {
        kernel(starts + 4 * first, indices, values, table, count, this.#w, this.#norms + 8 * first);
      });
      return;
    }
    core.f64(this.#bias, 1)[0] = 1;
    yield* eachPart(core, rows, DECODE_PRICE * cols, 1, (first, count) => {
      for (let row = first; row < first + count; row++) {
        core.f64(this.#w, exactRows.width).fill(0);
        exactRows.decode(row, this.#bias, this.#w);
        kernels.addScaled(this.#w, 1, this.#shift, cols);
        kernels.scaleColumns(this.#w, this.#factor, 0, cols, 1, this.#w);
        const square = kernels.weightedSquares(this.#w, this.#least, cols, 1);
        core.f64(this.#norms + 8 * row, 1)[0] = square;
      }
    });
  }

  /**
   * Chooses S for curvature h (rows f32, the rows' weights in it), and forgets what was built. True when M is worth building: it takes less time than `spent` passes over all rows.
   */
  *choose(h: number, spent: number): Work<boolean> {
    const { core, dataset } = this.#problem;
    const { rows } = dataset;
    this.#built = null;
    this.#own.release();
    yield* eachPart(core, rows, 2, 1, (first, count) => {
      const to = this.#weight + 8 * first;
      core.kernels.toFloat64(h + 4 * first, to, count);
      core.kernels.scaleColumns(to, this.#norms + 8 * first, 0, count, 1, to);
    });
    let least = WEIGHTY * rows;
    let count = yield* this.#above(least);
    if (this.#cost(Math.min(count, MOST_ROWS)) < spent) this.#most = MOST_ROWS;
    // where there are too many, the heaviest to a factor of two; then as many of the others as there is room for
    while (count > this.#most) {
      least *= 2;
      count = yield* this.#above(least);
    }
    yield* this.#take(h, least, count);
    return this.#cost(this.#chosen) < spent;
  }

  /** Passes over all rows that take as long as building M for so many rows. */
  #cost(count: number): number {
    const { rows, cols, sparse } = this.#problem.dataset;
    const entries = sparse === null ? rows * cols : sparse.csr.entries + rows;
    const gram = (count * count * entries) / (2 * rows);
    return (gram + (FACTOR_PRICE * count * count * count) / 6) / (2 * entries);
  }

  /** Rows that weigh `least` or more. */
  *#above(least: number): Work<number> {
    const { core, dataset } = this.#problem;
    let found = 0;
    yield* eachPart(core, dataset.rows, 1, 1, (first, count) => {
      for (const weight of core.f64(this.#weight + 8 * first, count)) if (weight >= least) found++;
    });
    return found;
  }

  /** Into S: the `count` rows that weigh `least` or more, and the first of those that weigh half as much. */
  *#take(h: number, least: number, count: number): Work<void> {
    const { core, dataset } = this.#problem;
    const isCut = least > WEIGHTY * dataset.rows;
    let room = isCut ? this.#most - count : 0;
    let taken = 0;
    let sum = 0;
    yield* eachPart(core, dataset.rows, 2, 1, (first, some) => {
      const weights = core.f64(this.#weight + 8 * first, some);
      const curvature = core.f32(h + 4 * first, some);
      const rest = core.f32(this.#rest + 4 * first, some);
      const index = core.u32(this.#index, Math.min(dataset.rows, MOST_ROWS));
      for (let i = 0; i < some; i++) {
        const weight = weights[i] as number;
        const isNext = weight < least && 2 * weight >= least && room > 0;
        const isTaken = weight >= least || isNext;
        if (isNext) room--;
        if (isTaken) index[taken++] = first + i;
        rest[i] = isTaken ? 0 : (curvature[i] as number);
        sum += rest[i] as number;
      }
    });
    this.#chosen = taken;
    this.#restWeight = sum;
  }

  /** Diagonal of XᵀWX/n + ridge over all rows: padded f64 at `out`; weight: rows f32, or 0 for ones. */
  #diagonal(weight: number, ridge: number, out: number): Work<void> {
    const { rows } = this.#problem.dataset;
    const { matrix } = this.#products;
    return diagonal(this.#problem, this.#frame, this.#products, matrix, rows, weight, 1 / rows, ridge, out);
  }

  /** M for the rows chosen; without any, or when B has no factor after all, nothing is built. */
  *build(h: number): Work<void> {
    const count = this.#chosen;
    if (count === 0) return;
    const { core, dataset } = this.#problem;
    const { kernels } = core;
    const { rows, cols } = dataset;
    const { padded, intercept } = this.#frame;
    yield* this.#diagonal(this.#rest, this.#least, this.#inverse);
    const d = core.f64(this.#inverse, padded);
    for (let j = 0; j < padded; j++) d[j] = j < cols ? 1 / (d[j] as number) : 0;
    const scope = this.#own;
    const vector = (): number => scope.alloc(count * 8, WHAT);
    const [q, v, t] = [vector(), vector(), vector()];
    const index = core.u32(this.#index, count);
    const curvature = core.f32(h, rows);
    core.f64(q, count).forEach((_, i, all) => {
      all[i] = Math.sqrt((curvature[index[i] as number] as number) / rows);
    });
    const exact = yield* dataset.exactRows.gather(scope, this.#index, count);
    const factor = yield* scope.allocWork(count * count * 8, WHAT);
    yield* this.#gram(exact, count, q, factor);
    kernels.raiseDiagonal(factor, count, 1, 1);
    if (!(yield* factorise(core, factor, count))) {
      scope.release();
      return;
    }
    core.f64(v, count).set(core.f64(q, count));
    yield* solveFactored(core, factor, count, v, count, 1);
    const pivot = intercept * intercept * (kernels.dotF64(q, v, count) + this.#restWeight / rows);
    this.#built = { count, rows: exact, factor, q, v, t, pivot };
  }

  /** Q·K·Q, the upper part: count × count f64. */
  *#gram(exact: ExactRows, count: number, q: number, out: number): Work<void> {
    const { core, dataset } = this.#problem;
    const { kernels } = core;
    const { cols, sparse } = dataset;
    const { width } = exact;
    const scratch = new Scope(core);
    try {
      const beside = scratch.alloc(BESIDE * count * 8, WHAT);
      const apart = scratch.alloc(BESIDE * count * 8, WHAT);
      const one = scratch.alloc(8, WHAT);
      core.f64(one, 1)[0] = 1;
      // sparse rows pause by themselves
      const most = sparse === null ? partOf(BESIDE * width, 1) : count;
      for (let first = 0; first < count; first += BESIDE) {
        const some = Math.min(BESIDE, count - first);
        if (core.isDue(DECODE_PRICE * some * width)) yield;
        core.f64(this.#w, some * width).fill(0);
        for (let k = 0; k < some; k++) {
          const w = this.#w + k * width * 8;
          exact.decode(first + k, one, w);
          kernels.addScaled(w, 1, this.#shift, cols);
          kernels.scaleColumns(w, this.#factor, 0, cols, 1, w);
          this.#toStored(w, k);
        }
        const left = count - first;
        for (let row = 0; row < left; row += most) {
          const part = Math.min(most, left - row);
          yield* exact.part(first + row, part).margins(this.#w, this.#bias, some, beside + row * some * 8);
        }
        kernels.separate(beside, left, some, apart, some);
        for (let k = 0; k < some; k++) {
          const to = out + (first + k) * (count + 1) * 8;
          const mine = core.f64(q, count)[first + k] as number;
          kernels.combine(to, 0, mine, apart + k * (left + 1) * 8, left - k);
          kernels.scaleColumns(to, q + (first + k) * 8, 0, left - k, 1, to);
        }
      }
    } finally {
      scratch.release();
    }
  }

  /** w, in code coordinates, becomes the k-th weights of the exact rows: their margins are those of D⁻¹·w. */
  #toStored(w: number, k: number): void {
    const { core, dataset } = this.#problem;
    const { cols } = dataset;
    core.kernels.scaleColumns(w, this.#inverse, 0, cols, 1, w);
    core.kernels.scaleColumns(w, this.#factor, 0, cols, 1, w);
    core.f64(this.#bias, BESIDE)[k] = core.kernels.dotF64(w, this.#shift, cols);
  }

  /** r → M⁻¹r in place; r: padded f64. */
  *solve(r: number): Work<void> {
    const { count, rows, factor, q, v, t, pivot } = this.#built as Built;
    const { core, dataset } = this.#problem;
    const { kernels } = core;
    const { cols } = dataset;
    const { intercept } = this.#frame;
    const w = this.#w;
    if (core.isDue(VECTOR_PASSES * cols)) yield;
    core.f64(w, rows.width).fill(0);
    core.f64(w, cols).set(core.f64(r, cols));
    this.#toStored(w, 0);
    yield* rows.margins(w, this.#bias, 1, t);
    kernels.scaleColumns(t, q, 0, count, 1, t);
    yield* solveFactored(core, factor, count, t, count, 1);
    if (intercept !== 0) {
      const last = core.f64(r + cols * 8, 1);
      const change = ((last[0] as number) - intercept * kernels.dotF64(q, t, count)) / pivot;
      last[0] = change;
      kernels.addScaled(t, intercept * change, v, count);
    }
    kernels.scaleColumns(t, q, 0, count, 1, t);
    if (core.isDue(VECTOR_PASSES * cols)) yield;
    core.f64(w, rows.width).fill(0);
    yield* rows.gradient(t, 1, w);
    kernels.columnSums(t, count, 1, this.#bias);
    kernels.addScaled(w, core.f64(this.#bias, 1)[0] as number, this.#shift, cols);
    kernels.scaleColumns(w, this.#factor, 0, cols, 1, w);
    kernels.addScaled(r, -1, w, cols);
    kernels.scaleColumns(r, this.#inverse, 0, cols, 1, r);
  }
}

// M ≈ Hessian for conjugate gradients: the Cholesky factor of a weighted Gram matrix of sampled rows, or a diagonal.
import type { Frame } from "../../data/dataset.js";
import type { Problem } from "../../data/problem.js";
import { Scope } from "../../engine/core.js";
import { after, eachPart, type Work } from "../../engine/work.js";
import { factorise, solveFactored } from "./cholesky.js";
import { partOfCurvature, rowWeights } from "./curvature.js";
import { exactGram } from "./exact-gram.js";
import type { CurvedRows, Products, RowMatrix } from "./products.js";

/** First ridge on the Gram matrix, as a part of its diagonal, and the largest; in between it is made ten times larger. */
const RIDGE = 1e-6;
const MOST_RIDGE = 0.2;
/** The same for one in float64: a few of its roundings. */
const EXACT_RIDGE = 1e-15;
/** Widest Gram matrix, rows that one is made of per column, and at least. */
export const GRAM_COLUMNS = 2048;
export const SAMPLE_PER_COLUMN = 10;
const SMALLEST_SAMPLE = 1000;

/** Multiply-adds that an entry of the matrix takes as long as on its way to code coordinates. */
export const ASSEMBLE_PRICE = 4;

/** Rows in a Gram matrix of so many columns. */
export function gramRows(rows: number, dimension: number): number {
  return Math.min(rows, Math.max(SAMPLE_PER_COLUMN * dimension, SMALLEST_SAMPLE));
}

/** Passes over `rows` rows that a Gram matrix of `count` rows takes; filled: columns of a row that hold something. */
export function gramPasses(count: number, rows: number, filled: number, outputs: number): number {
  return ((count / rows) * (filled / 4)) / outputs;
}

export class Preconditioner {
  readonly #problem: Problem;
  readonly #frame: Frame;
  readonly #products: Products;
  readonly #ridge: number;
  /** Columns, the intercept's included. */
  readonly dimension: number;
  /** Columns without codes: with l2 their best weight is 0, and without anything is; rounding errors are all that is in their gradient, and would send their weights far away. */
  readonly #empty: readonly number[];
  readonly #scope: Scope;
  #factor = 0;
  #diagonals = 0;

  /** products: gives the maps between bytes and codes; ridge: padded f64. */
  constructor(problem: Problem, frame: Frame, products: Products, ridge: number) {
    this.#problem = problem;
    this.#frame = frame;
    this.#products = products;
    this.#ridge = ridge;
    this.dimension = problem.dataset.cols + (frame.intercept !== 0 ? 1 : 0);
    this.#empty = problem.l1 === 0 ? problem.dataset.emptyColumns(frame.intercept !== 0) : [];
    this.#scope = new Scope(problem.core);
  }

  /** Columns of a row that hold something, on average. */
  get filled(): number {
    const { sparse } = this.#problem.dataset;
    return sparse === null ? this.dimension : sparse.csr.entries / sparse.rows + 1;
  }

  get isGram(): boolean {
    return this.#factor !== 0;
  }

  get isEmpty(): boolean {
    return this.#factor === 0 && this.#diagonals === 0;
  }

  release(): void {
    this.#scope.release();
    this.#factor = 0;
    this.#diagonals = 0;
  }

  /** From the Gram matrix of `rows` plus `ridge` of its diagonal (or more of it, until it can be factored), or at last from the diagonal alone. */
  *buildGram(rows: CurvedRows, ridge = RIDGE, _all = rows): Work<void> {
    this.release();
    const { core } = this.#problem;
    const { kernels } = core;
    const dimension = this.dimension;
    let built = 0;
    const scratch = new Scope(core);
    try {
      const out = yield* this.#scope.allocWork(dimension * dimension * 8, "the preconditioner");
      const fill = yield* this.gram(scratch, rows, out);
      for (let added = ridge; added <= MOST_RIDGE; added *= 10) {
        if (core.isDue(ASSEMBLE_PRICE * dimension * dimension)) yield;
        const trace = fill();
        if (!(trace > 0)) break;
        this.#raiseEmpty(out, trace);
        // the absolute part is for columns that the sample leaves empty
        kernels.raiseDiagonal(out, dimension, 1 + added, 1e-12 * (trace / dimension) * added);
        if (yield* factorise(core, out, dimension)) {
          built = out;
          break;
        }
      }
    } finally {
      scratch.release();
    }
    if (built === 0) yield* this.buildDiagonal(rows);
    else this.#factor = built;
  }

  /** Sums of a Gram matrix of `rows`; what it returns writes the matrix (upper part of dimension² f64) to `out`, as often as it is called, and gives its trace. */
  protected *gram(scratch: Scope, rows: CurvedRows, out: number): Work<() => number> {
    const { core, outputs, dataset } = this.#problem;
    const { kernels } = core;
    const { matrix, curvature, rows: count } = rows;
    const { columns } = matrix;
    const weight = yield* scratch.allocWork(count * 4, "row weights");
    const top = yield* rowWeights(core, curvature, count, outputs, weight);
    const sums = yield* scratch.allocWork(columns * columns * 8, "a Gram matrix");
    const first = scratch.alloc(columns * 8, "column sums");
    const total = top > 0 ? yield* this.#products.gram(scratch, matrix, weight, top, { squares: sums, first }) : 0;
    const { factor, shift } = this.#products;
    const { intercept } = this.#frame;
    const { cols } = dataset;
    return () =>
      kernels.assembleGram(sums, columns, first, total, factor, shift, intercept, count, this.#ridge, cols, out);
  }

  /**
   * From the Gram matrix of the exact copy of `part`'s rows in float64, for weak directions that the codes do not show. One output only.
   * index: numbers of the rows, u32, or 0 for all. False when it cannot be factored.
   */
  *buildExact({ curvature, rows }: CurvedRows, index: number, _all?: CurvedRows): Work<boolean> {
    this.release();
    const { core } = this.#problem;
    const { kernels } = core;
    const dimension = this.dimension;
    let isBuilt = false;
    const scratch = new Scope(core);
    try {
      const out = yield* this.#scope.allocWork(dimension * dimension * 8, "the preconditioner");
      const gram = yield* scratch.allocWork(dimension * dimension * 8, "a Gram matrix");
      const weight = yield* scratch.allocWork(rows * 4, "row weights");
      yield* rowWeights(core, curvature, rows, 1, weight);
      yield* exactGram(this.#problem, this.#frame, weight, index, rows, dimension, gram);
      const sums = core.f64(gram, dimension * dimension);
      const penalty = core.f64(this.#ridge, dimension);
      let trace = 0;
      for (let j = 0; j < dimension; j++) {
        const at = j * dimension + j;
        sums[at] = (sums[at] as number) + (penalty[j] as number);
        trace += sums[at];
      }
      for (let added = EXACT_RIDGE; added <= MOST_RIDGE && trace > 0 && !isBuilt; added *= 10) {
        if (core.isDue(dimension * dimension)) yield;
        core.f64(out, dimension * dimension).set(core.f64(gram, dimension * dimension));
        this.#raiseEmpty(out, trace);
        kernels.raiseDiagonal(out, dimension, 1 + added, 1e-12 * (trace / dimension) * added);
        isBuilt = yield* factorise(core, out, dimension);
      }
      if (isBuilt) this.#factor = out;
    } finally {
      scratch.release();
    }
    if (!isBuilt) this.release();
    return isBuilt;
  }

  /** Gives empty columns of a Gram matrix (upper part of dimension² f64) a diagonal, so that it can be factored. */
  #raiseEmpty(matrix: number, trace: number): void {
    const { dimension } = this;
    const entries = this.#problem.core.f64(matrix, dimension * dimension);
    for (const j of this.#empty) entries[j * (dimension + 1)] = trace / dimension;
  }

  /** Clears what stands in columns that nothing holds; r: outputs × padded f64. */
  clearEmpty(r: number): void {
    if (this.#empty.length === 0) return;
    const { core, outputs } = this.#problem;
    const { padded } = this.#frame;
    const values = core.f64(r, outputs * padded);
    for (let k = 0; k < outputs; k++) for (const j of this.#empty) values[k * padded + j] = 0;
  }

  /** From the diagonal of the Hessian over `rows`, per class. */
  *buildDiagonal({ matrix, curvature, rows }: CurvedRows): Work<void> {
    this.release();
    const { core, outputs } = this.#problem;
    const { padded } = this.#frame;
    this.#diagonals = this.#scope.alloc(outputs * padded * 8, "the preconditioner");
    const weight = yield* this.#scope.allocWork(rows * 4, "row weights");
    for (let k = 0; k < outputs; k++) {
      const at = this.#diagonals + k * padded * 8;
      yield* eachPart(core, rows, 2, 1, (row, count) => {
        const { h, p, weights } = partOfCurvature(curvature, row, outputs);
        core.kernels.classWeights(h, p, weights, count, outputs, k, weight + 4 * row);
      });
      yield* diagonal(this.#problem, this.#frame, this.#products, matrix, rows, weight, 1 / rows, this.#ridge, at);
    }
    this.#scope.free(weight);
  }

  /** r → M⁻¹r in place, 0 in columns that nothing holds; r: outputs × padded f64. */
  solve(r: number): Work<void> {
    const { core, outputs } = this.#problem;
    const { padded } = this.#frame;
    const { dimension } = this;
    return this.withoutEmpty(r, () =>
      this.#factor !== 0
        ? solveFactored(core, this.#factor, dimension, r, padded, outputs)
        : eachPart(core, padded * outputs, 1, 1, (first, count) => {
            const at = r + 8 * first;
            core.kernels.scaleColumns(at, this.#diagonals + 8 * first, 1, count, 1, at);
          }),
    );
  }

  /** Solves for r in place, 0 in columns that nothing holds before and after: off the diagonal of an empty column stand rounding errors, too. */
  withoutEmpty(r: number, solve: () => Work<void>): Work<void> {
    const { core, outputs } = this.#problem;
    this.clearEmpty(r);
    return after(core, solve(), this.#empty.length * outputs, () => this.clearEmpty(r));
  }
}

/** Diagonal of Σ weightᵢ·codeᵢcodeᵢᵀ·scale + ridge in code coordinates, floored: out padded f64; weight: rows f32, or 0 for ones. */
export function* diagonal(
  problem: Problem,
  frame: Frame,
  products: Products,
  matrix: RowMatrix,
  rows: number,
  weight: number,
  scale: number,
  ridge: number,
  out: number,
): Work<void> {
  const { core, dataset } = problem;
  const scratch = new Scope(core);
  try {
    const q = scratch.alloc(dataset.cols * 8, "column sums");
    const s = scratch.alloc(dataset.cols * 8, "column sums");
    const total = yield* products.moments(matrix, rows, weight, q, s);
    core.kernels.assembleDiagonal(
      q,
      s,
      total,
      products.factor,
      products.shift,
      frame.intercept,
      scale,
      ridge,
      dataset.cols,
      out,
      frame.padded,
    );
  } finally {
    scratch.release();
  }
}

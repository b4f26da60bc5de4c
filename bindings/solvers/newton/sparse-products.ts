// Products of sparse rows with vectors in code coordinates. What an entry costs is finding its place in a vector, whatever the vector's type: float64 vectors are as fast as float32 or
// int16 ones (docs/decisions/0017), so nothing of a step is rounded, and the bytes of the entries are what is saved.
import type { Frame } from "../../data/dataset.js";
import type { GradientFacts, Problem } from "../../data/problem.js";
import { eachSparse, SparsePasses } from "../../data/sparse-rows.js";
import type { SparseBytes, SparseSource } from "../../data/sparse-source.js";
import type { Scope } from "../../engine/core.js";
import { piece, type Work } from "../../engine/work.js";
import type { Arithmetic, Curvature, GramSums, Products, RowMatrix } from "./products.js";

/** Multiply-adds that an entry takes as long as: one place of two vectors, and one pair of a Gram matrix. */
const MOMENT_PRICE = 4;

class SparseProducts implements Products {
  readonly matrix: SparseBytes;
  readonly factor: number;
  readonly shift: number;
  readonly #problem: Problem;
  readonly #frame: Frame;
  readonly #passes: SparsePasses;
  /** Weights of bytes: outputs × padded f64, and packed to cols; intercepts and sums of rows: outputs f64. */
  readonly #weights: number;
  readonly #bias: number;
  readonly #totals: number;
  /** Column sums: outputs × cols f64; margins: rows × outputs f64. */
  readonly #sums: number;
  readonly #margins: number;

  private constructor(scope: Scope, problem: Problem, frame: Frame, matrix: SparseBytes, margins: number) {
    const { core, outputs, dataset } = problem;
    const { padded, scale, offset } = frame;
    this.matrix = matrix;
    this.#problem = problem;
    this.#frame = frame;
    this.#passes = new SparsePasses(core, scope, matrix.csr, outputs);
    this.factor = scope.alloc(padded * 8, "column maps");
    this.shift = scope.alloc(padded * 8, "column maps");
    const { passScale, passOffset } = matrix;
    core.kernels.frameMaps(scale, offset, passScale, passOffset, dataset.cols, padded, this.factor, this.shift);
    this.#weights = scope.alloc(outputs * padded * 8, "a vector");
    this.#bias = scope.alloc(outputs * 8, "intercepts");
    this.#totals = scope.alloc(outputs * 8, "column sums");
    this.#sums = scope.alloc(outputs * dataset.cols * 8, "column sums");
    this.#margins = margins;
  }

  static *create(scope: Scope, problem: Problem, frame: Frame, matrix: SparseBytes): Work<SparseProducts> {
    const margins = yield* scope.allocWork(matrix.rows * problem.outputs * 8, "the margins of a direction");
    return new SparseProducts(scope, problem, frame, matrix, margins);
  }

  /** u = X·z; z: outputs × padded f64, u: rows × outputs f64. */
  *multiply(z: number, u: number): Work<void> {
    const { core, outputs, dataset } = this.#problem;
    const { padded, intercept } = this.#frame;
    const { cols } = dataset;
    const weights = this.#weights;
    core.kernels.scaleColumns(z, this.factor, 0, padded, outputs, weights);
    const bias = core.f64(this.#bias, outputs);
    const vector = core.f64(z, outputs * padded);
    for (let k = 0; k < outputs; k++) {
      bias[k] = intercept === 0 ? 0 : intercept * (vector[k * padded + cols] as number);
      if (k > 0) core.f64(weights + k * cols * 8, cols).set(core.f64(weights + k * padded * 8, cols));
    }
    yield* this.#passes.margins(weights, this.#bias, u);
  }

  *gradient(v: number, c: number, g: number): Work<GradientFacts> {
    const { passScale, passOffset, rows, columns } = this.matrix;
    yield* this.#collect(c);
    const stored = { width: columns, passScale, passOffset };
    return this.#problem.assembleGradient(this.#frame, stored, this.#sums, this.#totals, v, g, rows);
  }

  /** Column sums and totals of c: rows × outputs f64. */
  *#collect(c: number): Work<void> {
    const { core, outputs } = this.#problem;
    yield* this.#passes.gradient(c, this.#sums);
    if (core.isDue(this.matrix.rows * outputs)) yield;
    core.kernels.columnSums(c, this.matrix.rows, outputs, this.#totals);
  }

  *hessian(p: number, { h, p: probabilities, weights }: Curvature, ridge: number, out: number): Work<void> {
    const { core, outputs, dataset } = this.#problem;
    const { padded, intercept } = this.#frame;
    const { rows, columns } = this.matrix;
    yield* this.multiply(p, this.#margins);
    if (core.isDue(2 * rows * outputs)) yield;
    core.kernels.applyCurvature(this.#margins, h, probabilities, weights, rows, outputs);
    yield* this.#collect(this.#margins);
    core.kernels.assembleProduct(
      this.#sums,
      columns,
      this.#totals,
      this.factor,
      this.shift,
      intercept,
      rows,
      ridge,
      p,
      dataset.cols,
      outputs,
      out,
      padded,
    );
  }

  *gram(scratch: Scope, matrix: RowMatrix, weight: number, _top: number, sums: GramSums): Work<number> {
    const { core, dataset } = this.#problem;
    const { csr, rows, columns } = matrix as SparseBytes;
    const { storage, starts, indices, values, table } = csr;
    const kernel = core.kernels[`sparseGram${storage}`];
    const price = MOMENT_PRICE * (1 + csr.entries / rows);
    yield* eachSparse(core, csr, price, (first, count) => {
      kernel(starts + 4 * first, indices, values, table, count, weight + 4 * first, columns, sums.squares);
    });
    // the squares of a Gram matrix are on its diagonal already
    const unused = scratch.alloc(dataset.cols * 8, "column sums");
    return yield* this.moments(matrix, rows, weight, unused, sums.first);
  }

  *moments(matrix: RowMatrix, rows: number, weight: number, q: number, s: number): Work<number> {
    const { core } = this.#problem;
    const { csr } = matrix as SparseBytes;
    const { storage, starts, indices, values, table } = csr;
    const kernel = core.kernels[`sparseMoments${storage}`];
    let total = 0;
    yield* eachSparse(core, { rows, entries: csr.entries }, MOMENT_PRICE, (first, count) => {
      const d = weight === 0 ? 0 : weight + 4 * first;
      total += kernel(starts + 4 * first, indices, values, table, count, d, q, s);
    });
    return total;
  }
}

/** Sparse rows: exact passes and Hessian products differ in what is stored of an entry, and in nothing else. */
export const SPARSE_ARITHMETIC: Arithmetic = {
  view: ({ dataset, fitIntercept }) => (dataset.sparse as SparseSource).view(fitIntercept),
  exact: (_scope, problem, frame) =>
    piece(() => ({
      multiply: (z, u) => problem.exactMargins(frame, z, u),
      gradient: (v, c, g) => problem.exactGradient(frame, v, c, g),
    })),
  products: (scope, problem, frame, matrix) => SparseProducts.create(scope, problem, frame, matrix as SparseBytes),
};

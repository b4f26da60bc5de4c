// M ≈ Hessian for conjugate gradients: the Cholesky factor of a weighted Gram matrix of sampled rows, or a diagonal.
import type { ByteMatrix, Frame } from "../data/dataset.js";
import type { Problem } from "../data/problem.js";
import { Scope } from "../engine/core.js";
import type { Curvature, Products } from "./products.js";

/** Rows per block of a Gram matrix in float64. */
const BLOCK = 256;
/** First ridge on the Gram matrix, as a part of its diagonal, and the largest; in between it is made ten times larger. */
const RIDGE = 1e-6;
const MOST_RIDGE = 0.2;

export interface PreconditionerRows {
  readonly matrix: ByteMatrix;
  readonly curvature: Curvature;
  readonly rows: number;
}

export class Preconditioner {
  readonly #problem: Problem;
  readonly #frame: Frame;
  readonly #products: Products;
  readonly #ridge: number;
  readonly #dimension: number;
  readonly #scope: Scope;
  #factor = 0;
  #diagonals = 0;

  /** products: gives the maps between bytes and codes; ridge: padded f64. */
  constructor(problem: Problem, frame: Frame, products: Products, ridge: number) {
    this.#problem = problem;
    this.#frame = frame;
    this.#products = products;
    this.#ridge = ridge;
    this.#dimension = problem.dataset.cols + (frame.hasIntercept ? 1 : 0);
    this.#scope = new Scope(problem.core);
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
  buildGram({ matrix, curvature, rows }: PreconditionerRows, ridge = RIDGE): void {
    this.release();
    const { core, outputs, dataset } = this.#problem;
    const { kernels } = core;
    const { cols } = dataset;
    const dimension = this.#dimension;
    const { columns } = matrix;
    const built = Scope.scratch(core, (scratch) => {
      const weight = scratch.alloc(rows * 4, "row weights");
      const top = kernels.rowWeights(curvature.h, curvature.p, curvature.weights, rows, outputs, weight);
      const out = this.#scope.alloc(dimension * dimension * 8, "the preconditioner");
      const sums = scratch.alloc(columns * columns * 8, "a Gram matrix");
      const first = scratch.alloc(columns * 8, "column sums");
      const total = top > 0 ? this.#products.gram(scratch, matrix, weight, top, { squares: sums, first }) : 0;
      const { factor, shift } = this.#products;
      const intercept = this.#frame.hasIntercept ? this.#frame.largest : 0;
      const fill = (): number =>
        kernels.assembleGram(sums, columns, first, total, factor, shift, intercept, rows, this.#ridge, cols, out);
      for (let added = ridge; added <= MOST_RIDGE; added *= 10) {
        const trace = fill();
        if (!(trace > 0)) return 0;
        // the absolute part is for columns that the sample leaves empty
        kernels.raiseDiagonal(out, dimension, 1 + added, 1e-12 * (trace / dimension) * added);
        if (kernels.choleskyFactor(out, dimension) === dimension) return out;
      }
      return 0;
    });
    if (built === 0) this.buildDiagonal({ matrix, curvature, rows });
    else this.#factor = built;
  }

  /**
   * From the Gram matrix of rows of the exact copy in float64, for weak directions that the codes do not show. One output only.
   * h: the rows' curvature, `count` f32; index: their numbers, u32, or 0 for the first `count`. False when it cannot be factored.
   */
  buildExact(h: number, index: number, count: number, ridge: number): boolean {
    this.release();
    const { core, dataset } = this.#problem;
    const { kernels } = core;
    const { cols, stored } = dataset;
    const { scale, offset, largest, hasIntercept } = this.#frame;
    const dimension = this.#dimension;
    const pitch = 4 * Math.ceil(Math.max(dimension, stored.width) / 4);
    const decode = kernels[`gradient${stored.storage}`];
    const isBuilt = Scope.scratch(core, (scratch) => {
      const out = this.#scope.alloc(dimension * dimension * 8, "the preconditioner");
      const factor = scratch.alloc(pitch * 8, "column maps");
      const shift = scratch.alloc(pitch * 8, "column maps");
      const one = scratch.alloc(8, "a one");
      const most = Math.min(count, BLOCK);
      const x = scratch.alloc(most * pitch * 8, "a block of rows");
      const weighed = scratch.alloc(most * dimension * 8, "a block of rows");
      const sums = scratch.alloc(dimension * pitch * 8, "a Gram matrix");
      core.f64(one, 1)[0] = 1;
      core.f64(sums, dimension * pitch).fill(0);
      kernels.frameMaps(scale, offset, stored.passScale, stored.passOffset, cols, pitch, factor, shift);
      // code = factor·stored + factor·shift
      kernels.scaleColumns(shift, factor, 0, pitch, 1, shift);
      if (hasIntercept) core.f64(shift, pitch)[cols] = largest;
      for (let first = 0; first < count; first += BLOCK) {
        const rows = Math.min(BLOCK, count - first);
        core.f64(x, rows * pitch).fill(0);
        for (let i = 0; i < rows; i++) {
          // a gradient of one row with derivative 1 is the row
          const row = index === 0 ? first + i : (core.u32(index, count)[first + i] as number);
          const from = stored.pointer + row * stored.strideBytes;
          decode(from, stored.low, stored.strideBytes, 1, stored.width, one, 1, x + i * pitch * 8);
        }
        kernels.scaleColumns(x, factor, 0, pitch, rows, x);
        for (let i = 0; i < rows; i++) {
          const code = x + i * pitch * 8;
          kernels.addScaled(code, 1, shift, pitch);
          const weight = core.f32(h, count)[first + i] as number;
          kernels.combine(weighed + i * dimension * 8, 0, weight / count, code, dimension);
        }
        // and one of all rows for as many classes as columns their Gram matrix
        kernels.gradientF64(x, 0, pitch * 8, rows, pitch, weighed, dimension, sums);
      }
      for (let added = ridge; added <= MOST_RIDGE; added *= 10) {
        let trace = 0;
        const penalty = core.f64(this.#ridge, dimension);
        for (let j = 0; j < dimension; j++) {
          const row = core.f64(out + j * dimension * 8, dimension);
          row.set(core.f64(sums + j * pitch * 8, dimension));
          row[j] = (row[j] as number) + (penalty[j] as number);
          trace += row[j] as number;
        }
        if (!(trace > 0)) break;
        kernels.raiseDiagonal(out, dimension, 1 + added, 1e-12 * (trace / dimension) * added);
        if (kernels.choleskyFactor(out, dimension) === dimension) {
          this.#factor = out;
          return true;
        }
      }
      return false;
    });
    if (!isBuilt) this.release();
    return isBuilt;
  }

  /** From the diagonal of the Hessian over `rows`, per class. */
  buildDiagonal({ matrix, curvature, rows }: PreconditionerRows): void {
    this.release();
    const { core, outputs } = this.#problem;
    const { padded } = this.#frame;
    this.#diagonals = this.#scope.alloc(outputs * padded * 8, "the preconditioner");
    const weight = this.#scope.alloc(rows * 4, "row weights");
    for (let k = 0; k < outputs; k++) {
      const at = this.#diagonals + k * padded * 8;
      core.kernels.classWeights(curvature.h, curvature.p, curvature.weights, rows, outputs, k, weight);
      diagonal(this.#problem, this.#frame, this.#products, matrix, rows, weight, 1 / rows, this.#ridge, at);
    }
    this.#scope.free(weight);
  }

  /** r → M⁻¹r in place; r: outputs × padded f64. */
  solve(r: number): void {
    const { core, outputs } = this.#problem;
    const { padded } = this.#frame;
    if (this.#factor !== 0) core.kernels.choleskySolve(this.#factor, this.#dimension, r, padded, outputs);
    else core.kernels.scaleColumns(r, this.#diagonals, 1, padded * outputs, 1, r);
  }
}

/** Diagonal of Σ weightᵢ·codeᵢcodeᵢᵀ·scale + ridge in code coordinates, floored: out padded f64; weight: rows f32, or 0 for ones. */
export function diagonal(
  problem: Problem,
  frame: Frame,
  products: Products,
  matrix: ByteMatrix,
  rows: number,
  weight: number,
  scale: number,
  ridge: number,
  out: number,
): void {
  const { core, dataset } = problem;
  Scope.scratch(core, (scratch) => {
    const q = scratch.alloc(dataset.cols * 8, "column sums");
    const s = scratch.alloc(dataset.cols * 8, "column sums");
    const total = products.moments(matrix, rows, weight, q, s);
    core.kernels.assembleDiagonal(
      q,
      s,
      total,
      products.factor,
      products.shift,
      frame.hasIntercept ? frame.largest : 0,
      scale,
      ridge,
      dataset.cols,
      out,
      frame.padded,
    );
  });
}

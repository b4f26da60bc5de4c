// M ≈ Hessian for conjugate gradients: the Cholesky factor of a weighted Gram matrix of sampled rows, or a diagonal.
import type { ByteMatrix, Frame } from "../data/dataset.js";
import type { Problem } from "../data/problem.js";
import { Scope } from "../engine/core.js";
import type { ByteProducts, Curvature } from "./byte-products.js";

/** Rows per call of the Gram kernel: sums of a block fit int32. */
const BLOCK = 256;
/** First ridge on the Gram matrix, as a part of its diagonal, and how often it may be made ten times larger. */
const RIDGE = 1e-6;
const ATTEMPTS = 6;

export interface PreconditionerRows {
  readonly matrix: ByteMatrix;
  readonly curvature: Curvature;
  readonly rows: number;
}

export class Preconditioner {
  readonly #problem: Problem;
  readonly #frame: Frame;
  readonly #products: ByteProducts;
  readonly #ridge: number;
  readonly #dimension: number;
  readonly #scope: Scope;
  #factor = 0;
  #diagonals = 0;

  /** products: gives the maps between bytes and codes; ridge: padded f64. */
  constructor(problem: Problem, frame: Frame, products: ByteProducts, ridge: number) {
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

  /** From the Gram matrix of `rows`, or (when it cannot be factored) from their diagonal. */
  buildGram({ matrix, curvature, rows }: PreconditionerRows): void {
    this.release();
    const { core, outputs, dataset } = this.#problem;
    const { kernels } = core;
    const { cols } = dataset;
    const dimension = this.#dimension;
    const { storage, pointer, strideBytes, columns } = matrix;
    const built = Scope.scratch(core, (scratch) => {
      const weight = scratch.alloc(rows * 4, "row weights");
      const top = kernels.rowWeights(curvature.h, curvature.p, curvature.weights, rows, outputs, weight);
      const out = this.#scope.alloc(dimension * dimension * 8, "the preconditioner");
      const sums = scratch.alloc(columns * columns * 8, "a Gram matrix");
      const codes = scratch.alloc((rows + 1) * 2, "row weights");
      const strip = scratch.alloc(kernels.gramScratchBytes(columns), "a block of rows");
      const first = scratch.alloc(columns * 8, "column sums");
      const block = scratch.alloc(columns * 4, "column sums");
      let total = 0;
      if (top > 0) {
        kernels[`weightCodes${storage}`](weight, top, rows, codes);
        const unit = top / (storage === "I8" ? 255 : 127);
        for (let row = 0; row < rows; row += BLOCK) {
          const count = Math.min(BLOCK, rows - row);
          const x = pointer + row * strideBytes;
          kernels[`gram${storage}`](x, strideBytes, count, columns, codes + 2 * row, unit, strip, sums);
          core.bytes(block, columns * 4).fill(0);
          kernels[`weightedSums${storage}`](x, strideBytes, count, columns, codes + 2 * row, block);
          kernels.addInt32(first, unit, block, columns);
        }
        total = unit * kernels.sumInt16(codes, rows);
      }
      const { factor, shift } = this.#products;
      const intercept = this.#frame.hasIntercept ? this.#frame.largest : 0;
      const fill = (): number =>
        kernels.assembleGram(sums, columns, first, total, factor, shift, intercept, rows, this.#ridge, cols, out);
      for (let attempt = 0, ridge = RIDGE; attempt < ATTEMPTS; attempt++, ridge *= 10) {
        const trace = fill();
        if (!(trace > 0)) return 0;
        // the absolute part is for columns that the sample leaves empty
        kernels.raiseDiagonal(out, dimension, 1 + ridge, 1e-12 * (trace / dimension) * ridge);
        if (kernels.choleskyFactor(out, dimension) === dimension) return out;
      }
      return 0;
    });
    if (built === 0) this.buildDiagonal({ matrix, curvature, rows });
    else this.#factor = built;
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
  products: ByteProducts,
  matrix: ByteMatrix,
  rows: number,
  weight: number,
  scale: number,
  ridge: number,
  out: number,
): void {
  const { core, dataset } = problem;
  const { storage, pointer, strideBytes } = matrix;
  Scope.scratch(core, (scratch) => {
    const q = scratch.alloc(dataset.cols * 8, "column sums");
    const s = scratch.alloc(dataset.cols * 8, "column sums");
    const moments = core.kernels[`moments${storage}`];
    const total = moments(pointer, strideBytes, rows, dataset.cols, weight, 4, q, s);
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

// Products of float32 rows: the arithmetic of the twin. Vectors are rounded to float32 where bindings/solvers/newton/byte-products.ts rounds them to int16 codes;
// products and sums of at most 256 rows are float32, sums of those float64. Tiles of zeros are skipped where the products of bytes skip them.
import type { ByteMatrix, Dataset, Frame } from "../../bindings/data/dataset.js";
import type { GradientFacts, Problem } from "../../bindings/data/problem.js";
import type { Core, Scope } from "../../bindings/engine/core.js";
import { piece, type Work } from "../../bindings/engine/work.js";
import type { Arithmetic, Curvature, ExactPasses, GramSums, Products } from "../../bindings/solvers/newton/products.js";
import { tileMap } from "../../bindings/solvers/newton/tile-map.js";
import type { TwinKernels } from "./compile.js";

/** Classes that the kernels take at a time, at most; only these skip zeros. */
const GROUP = 5;

/** Pointer to a new map of the zeros of `matrix`, or 0 where it would not pay. */
function realMap(core: Core, scope: Scope, matrix: ByteMatrix): Work<number> {
  return tileMap(core, scope, matrix, (core.kernels as TwinKernels).markRealTiles);
}

class RealProducts implements Products {
  readonly matrix: ByteMatrix;
  readonly factor: number;
  readonly shift: number;
  readonly #core: Core;
  readonly #problem: Problem;
  readonly #frame: Frame;
  readonly #cols: number;
  readonly #outputs: number;
  /** Stored weights: outputs × padded f64, and outputs × columns f32; their shifts: outputs f64. */
  readonly #raw: number;
  readonly #vector: number;
  readonly #shifts: number;
  /** Sums over rows: outputs × columns f64, with totals: outputs f64. */
  readonly #sums: number;
  readonly #totals: number;
  readonly #scratch: number;
  protected readonly map: number;

  constructor(scope: Scope, problem: Problem, frame: Frame, matrix: ByteMatrix, map: number) {
    const { core, outputs, dataset } = problem;
    const { padded } = frame;
    const { columns } = matrix;
    this.#core = core;
    this.#problem = problem;
    this.#frame = frame;
    this.matrix = matrix;
    this.#cols = dataset.cols;
    this.#outputs = outputs;
    this.factor = scope.alloc(padded * 8, "column maps");
    this.shift = scope.alloc(padded * 8, "column maps");
    core.kernels.frameMaps(
      frame.scale,
      frame.offset,
      matrix.passScale,
      matrix.passOffset,
      this.#cols,
      padded,
      this.factor,
      this.shift,
    );
    this.#raw = scope.alloc(outputs * padded * 8, "a vector");
    this.#vector = scope.alloc(outputs * columns * 4, "a vector");
    this.#shifts = scope.alloc(outputs * 8, "shifts");
    this.#sums = scope.alloc(outputs * columns * 8, "column sums");
    this.#totals = scope.alloc(outputs * 8, "column sums");
    this.#scratch = scope.alloc(this.#kernels.realScratchBytes(columns, outputs), "a block of rows");
    this.map = map;
  }

  get #kernels(): TwinKernels {
    return this.#core.kernels as TwinKernels;
  }

  get #intercept(): number {
    return this.#frame.intercept;
  }

  /** What z (outputs × padded f64, code coordinates) is for stored rows: float32 weights and a shift of the margins per class. */
  #toStored(z: number): void {
    const kernels = this.#kernels;
    const { padded } = this.#frame;
    const { columns } = this.matrix;
    kernels.scaleColumns(z, this.factor, 0, padded, this.#outputs, this.#raw);
    for (let k = 0; k < this.#outputs; k++) {
      const raw = this.#raw + k * padded * 8;
      kernels.toFloat32(raw, this.#vector + k * columns * 4, columns);
      let shift = kernels.dotF64(this.shift, raw, padded);
      if (this.#intercept !== 0) {
        shift += this.#intercept * (this.#core.f64(z + (k * padded + this.#cols) * 8, 1)[0] as number);
      }
      this.#core.f64(this.#shifts + k * 8, 1)[0] = shift;
    }
  }

  /** u = X·z with float32 sums; z stays as it is. */
  multiply(z: number, u: number): Work<void> {
    return piece(() => this.#multiply(z, u));
  }

  #multiply(z: number, u: number): void {
    const { pointer, strideBytes, rows, columns } = this.matrix;
    this.#toStored(z);
    this.#kernels.realMargins(
      pointer,
      strideBytes,
      rows,
      columns,
      this.#outputs,
      this.#vector,
      this.#shifts,
      this.#scratch,
      u,
      this.map,
    );
  }

  gradient(v: number, c: number, g: number): Work<GradientFacts> {
    return piece(() => this.#gradient(v, c, g));
  }

  #gradient(v: number, c: number, g: number): GradientFacts {
    const kernels = this.#kernels;
    const { pointer, strideBytes, rows, columns, passScale, passOffset } = this.matrix;
    kernels.realGradient(pointer, strideBytes, rows, columns, this.#outputs, c, this.#scratch, this.#sums, this.map);
    kernels.columnSums(c, rows, this.#outputs, this.#totals);
    const stored = { width: columns, passScale, passOffset };
    return this.#problem.assembleGradient(this.#frame, stored, this.#sums, this.#totals, v, g, rows);
  }

  hessian(p: number, curvature: Curvature, ridge: number, out: number): Work<void> {
    return piece(() => this.#hessian(p, curvature, ridge, out));
  }

  #hessian(p: number, curvature: Curvature, ridge: number, out: number): void {
    const kernels = this.#kernels;
    const { pointer, strideBytes, rows, columns } = this.matrix;
    this.#toStored(p);
    kernels.realHessian(
      pointer,
      strideBytes,
      rows,
      columns,
      this.#outputs,
      this.#vector,
      this.#shifts,
      curvature.h,
      curvature.p,
      curvature.weights,
      this.#scratch,
      this.#sums,
      this.#totals,
      this.map,
    );
    kernels.assembleProduct(
      this.#sums,
      columns,
      this.#totals,
      this.factor,
      this.shift,
      this.#intercept,
      rows,
      ridge,
      p,
      this.#cols,
      this.#outputs,
      out,
      this.#frame.padded,
    );
  }

  *gram(scratch: Scope, matrix: ByteMatrix, weight: number, _top: number, { squares, first }: GramSums): Work<number> {
    const kernels = this.#kernels;
    const { pointer, strideBytes, rows, columns } = matrix;
    const space = scratch.alloc(kernels.realGramScratchBytes(columns), "a block of rows");
    const map = yield* realMap(this.#core, scratch, matrix);
    return kernels.realGram(pointer, strideBytes, rows, columns, weight, space, squares, first, map);
  }

  moments({ pointer, strideBytes }: ByteMatrix, rows: number, weight: number, q: number, s: number): Work<number> {
    return piece(() => this.#kernels.realMoments(pointer, strideBytes, rows, this.#cols, weight, 4, q, s));
  }
}

/**
 * Margins and gradient over all rows of the dataset, float32 rows and float64 sums; map: of their zeros, or 0. Fewer classes than a group go through the
 * engine's own passes, which wait for memory.
 */
function exactPasses(scope: Scope, problem: Problem, frame: Frame, map: number): ExactPasses {
  const { core, outputs, dataset } = problem;
  if (outputs < GROUP) {
    return {
      multiply: (z, u) => problem.exactMargins(frame, z, u),
      gradient: (v, c, g) => problem.exactGradient(frame, v, c, g),
    };
  }
  const kernels = core.kernels as TwinKernels;
  const { cols, stored } = dataset;
  const { pointer, strideBytes, rows, width } = stored;
  // weights and sums: outputs × width f64; bias and totals: outputs f64
  const weights = scope.alloc(outputs * width * 8, "weights");
  const bias = scope.alloc(outputs * 8, "intercepts");
  const sums = scope.alloc(outputs * width * 8, "a gradient");
  const totals = scope.alloc(outputs * 8, "column sums");
  const { intercept } = frame;
  const passes = {
    multiply(z: number, u: number): void {
      kernels.toWeights(z, frame.padded, weights, width, cols, outputs, frame.scale, frame.offset, intercept, bias);
      kernels.toStored(weights, width, cols, outputs, stored.passScale, stored.passOffset, bias);
      kernels.exactMargins(pointer, strideBytes, rows, width, weights, bias, outputs, u, map);
    },
    gradient(v: number, c: number, g: number): GradientFacts {
      core.f64(sums, outputs * width).fill(0);
      kernels.exactGradient(pointer, strideBytes, rows, width, c, outputs, sums, map);
      kernels.columnSums(c, rows, outputs, totals);
      return problem.assembleGradient(frame, stored, sums, totals, v, g, rows);
    },
  };
  return {
    multiply: (z, u) => piece(() => passes.multiply(z, u)),
    gradient: (v, c, g) => piece(() => passes.gradient(v, c, g)),
  };
}

/** The rows of the dataset as a matrix of the products. */
function allRows({ stored }: Dataset): ByteMatrix {
  const { storage, pointer, low, strideBytes, rows, width, passScale, passOffset } = stored;
  if (storage !== "F32") throw new Error(`the twin has float32 rows, these are ${storage}`);
  const largest = Number.POSITIVE_INFINITY;
  return { storage, pointer, low, strideBytes, rows, columns: width, largest, passScale, passOffset };
}

/** Float32 Hessian products with exact passes. */
class ExactProducts extends RealProducts {
  readonly #exact: ExactPasses;

  constructor(scope: Scope, problem: Problem, frame: Frame, matrix: ByteMatrix, map: number) {
    super(scope, problem, frame, matrix, map);
    this.#exact = exactPasses(scope, problem, frame, this.map);
  }

  override multiply(z: number, u: number): Work<void> {
    return this.#exact.multiply(z, u, 0, 0);
  }

  override gradient(v: number, c: number, g: number): Work<GradientFacts> {
    return this.#exact.gradient(v, c, g);
  }
}

/**
 * Which passes of the twin are exact (float32 rows, float64 sums).
 * "afterwards": as `auto` does where the exact copy is wider than its codes: all rows are solved in float32 first, the exact problem starts from there.
 * "throughout": as `auto` does on bytes: every pass over all rows but those of Hessian products. "never": float32 sums everywhere.
 */
export type ExactWhen = "afterwards" | "throughout" | "never";

export function realArithmetic(when: ExactWhen): Arithmetic {
  return {
    *view({ dataset, fitIntercept }) {
      const matrix = allRows(dataset);
      return { frame: yield* dataset.frame(fitIntercept), inner: matrix, exact: when === "afterwards" ? null : matrix };
    },
    *exact(scope, problem, frame) {
      const map = problem.outputs >= GROUP ? yield* realMap(problem.core, scope, allRows(problem.dataset)) : 0;
      return exactPasses(scope, problem, frame, map);
    },
    *products(scope, problem, frame, given) {
      const matrix = given as ByteMatrix;
      const isAll = matrix.pointer === problem.dataset.stored.pointer;
      const Kind = isAll && when === "throughout" ? ExactProducts : RealProducts;
      const map = problem.outputs >= GROUP ? yield* realMap(problem.core, scope, matrix) : 0;
      return new Kind(scope, problem, frame, matrix, map);
    },
  };
}

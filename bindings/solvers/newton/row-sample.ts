// A random sample of rows, gathered side by side: bytes (packed codes as the bytes they stand for), labels, weights, and (again at every point) their curvature.
import type { ByteMatrix } from "../../data/dataset.js";
import { unpackRows } from "../../data/packed.js";
import type { Problem } from "../../data/problem.js";
import { Scope } from "../../engine/core.js";
import type { PreconditionerRows } from "./preconditioner.js";
import type { Curvature } from "./products.js";

/** Labels and weights of the rows, as the kernels want them: pointers. */
export interface RowFacts {
  readonly rows: number;
  readonly labels: { readonly f64: number; readonly f32: number };
  readonly weights: { readonly f64: number; readonly f32: number };
}

export class RowSample {
  readonly matrix: ByteMatrix;
  readonly facts: RowFacts;
  readonly #problem: Problem;
  readonly #scope: Scope;
  /** Numbers of the rows: u32. */
  readonly index: number;
  readonly #h: number;
  readonly #p: number;
  readonly #scale: number;

  /**
   * About `count` rows of `matrix`, drawn in proportion to `weight` (rows f32, or 0: all alike) and weighted so that sums over the sample, divided
   * by its size, estimate those over all rows divided by theirs. state: pointer to the generator's u32, not 0.
   */
  private constructor(problem: Problem, matrix: ByteMatrix, count: number, weight: number, state: number) {
    const { core, dataset, outputs, labels } = problem;
    const { kernels } = core;
    this.#problem = problem;
    const built = Scope.guard(core, (scope) => {
      const { strideBytes } = matrix;
      const index = scope.alloc(2 * count * 4, "a sample of rows");
      const scale = scope.alloc(2 * count * 4, "a sample of rows");
      let rows = kernels.sampleRows(state, weight, dataset.rows, count, index, scale);
      // where no row has any curvature all are alike
      if (rows === 0) rows = kernels.sampleRows(state, 0, dataset.rows, count, index, scale);
      const take = (from: number, size: number): number => {
        if (from === 0) return 0;
        const to = scope.alloc(rows * size, "a sample of rows");
        kernels.gather(from, size, index, rows, size, to, size);
        return to;
      };
      const bytes = take(matrix.pointer, strideBytes);
      const { packed } = matrix;
      const wide = packed === undefined ? 0 : scope.alloc(rows * packed.padded, "a sample of rows");
      if (packed !== undefined) {
        unpackRows(core, { codes: bytes, strideBytes, ...packed }, rows, wide);
        scope.free(bytes);
      }
      const omega = take(dataset.weights.f32, 4);
      if (omega !== 0) kernels.multiplyF32(omega, scale, rows);
      const f32 = omega === 0 ? scale : omega;
      const f64 = scope.alloc(rows * 8, "a sample of rows");
      kernels.toFloat64(f32, f64, rows);
      const facts: RowFacts = {
        rows,
        labels: { f64: take(labels.f64, 8), f32: take(labels.f32, 4) },
        weights: { f64, f32 },
      };
      const h = outputs === 1 ? scope.alloc(rows * 4, "the curvature of a sample") : 0;
      const p = outputs > 1 ? scope.alloc(rows * outputs * 4 + 16, "the curvature of a sample") : 0;
      return { scope, index, scale, facts, h, p, bytes: packed === undefined ? bytes : wide };
    });
    this.#scope = built.scope;
    this.index = built.index;
    this.#scale = built.scale;
    this.facts = built.facts;
    this.#h = built.h;
    this.#p = built.p;
    const { packed, ...plain } = matrix;
    const strideBytes = packed?.padded ?? matrix.strideBytes;
    this.matrix = { ...plain, pointer: built.bytes, low: 0, strideBytes, rows: built.facts.rows };
  }

  /** The sample with the curvature its rows have now. */
  rowsWith(curvature: Curvature, outputs: number): PreconditionerRows {
    const { kernels } = this.#problem.core;
    const { rows, weights } = this.facts;
    if (outputs === 1) {
      // h holds the rows' own weights already
      kernels.gather(curvature.h, 4, this.index, rows, 4, this.#h, 4);
      kernels.multiplyF32(this.#h, this.#scale, rows);
    } else kernels.gather(curvature.p, 4 * outputs, this.index, rows, 4 * outputs, this.#p, 4 * outputs);
    return { matrix: this.matrix, curvature: { h: this.#h, p: this.#p, weights: weights.f32 }, rows };
  }

  /** Work with a sample that lasts as long; arguments as for the constructor. */
  static use<T>(
    problem: Problem,
    matrix: ByteMatrix,
    count: number,
    weight: number,
    state: number,
    work: (sample: RowSample) => T,
  ): T {
    const sample = new RowSample(problem, matrix, count, weight, state);
    try {
      return work(sample);
    } finally {
      sample.#scope.release();
    }
  }
}

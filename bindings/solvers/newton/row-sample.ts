// A random sample of rows, gathered side by side: bytes (packed codes as the bytes they stand for), labels, weights, and (again at every point) their curvature.
import type { Problem } from "../../data/problem.js";
import { gatherRows, gatherTo } from "../../data/raw-rows.js";
import { Scope } from "../../engine/core.js";
import { multiplyF32, toFloat64 } from "../../engine/vectors.js";
import { eachPart, type Work } from "../../engine/work.js";
import type { Curvature, CurvedRows, RowFacts, RowMatrix } from "./products.js";
import { gatherMatrix } from "./row-matrix.js";

/** Between two calls of the sampling kernel, and multiply-adds that a row takes as long as in it. */
const PROGRESS_BYTES = 32;
const DRAW_PRICE = 4;

export class RowSample {
  readonly matrix: RowMatrix;
  readonly facts: RowFacts;
  readonly #problem: Problem;
  /** Numbers of the rows: u32. */
  readonly index: number;
  readonly #h: number;
  readonly #p: number;
  readonly #scale: number;

  private constructor(problem: Problem, built: BuiltSample) {
    this.#problem = problem;
    this.index = built.index;
    this.#scale = built.scale;
    this.facts = built.facts;
    this.#h = built.h;
    this.#p = built.p;
    this.matrix = built.matrix;
  }

  /** The sample with the curvature its rows have now. */
  *rowsWith(curvature: Curvature, outputs: number): Work<CurvedRows> {
    const { core } = this.#problem;
    const { rows, weights } = this.facts;
    if (outputs === 1) {
      // h holds the rows' own weights already
      yield* gatherTo(core, curvature.h, 4, this.index, rows, this.#h);
      yield* multiplyF32(core, this.#h, this.#scale, rows);
    } else yield* gatherTo(core, curvature.p, 4 * outputs, this.index, rows, this.#p);
    return { matrix: this.matrix, curvature: { h: this.#h, p: this.#p, weights: weights.f32 }, rows };
  }

  /**
   * Work with a sample that lasts as long: about `count` rows of `matrix`, drawn in proportion to `weight` (rows f32, or 0: all alike) and weighted so that sums over
   * the sample, divided by its size, estimate those over all rows divided by theirs. state: pointer to the generator's u32, not 0.
   */
  static *use<T>(
    problem: Problem,
    matrix: RowMatrix,
    count: number,
    weight: number,
    state: number,
    work: (sample: RowSample) => Work<T>,
  ): Work<T> {
    const scope = new Scope(problem.core);
    try {
      const built = yield* drawRows(scope, problem, matrix, count, weight, state);
      return yield* work(new RowSample(problem, built));
    } finally {
      scope.release();
    }
  }
}

/** A sample in linear memory: pointers. */
interface BuiltSample {
  readonly index: number;
  readonly scale: number;
  readonly facts: RowFacts;
  readonly h: number;
  readonly p: number;
  readonly matrix: RowMatrix;
}

function* drawRows(
  scope: Scope,
  problem: Problem,
  matrix: RowMatrix,
  count: number,
  weight: number,
  state: number,
): Work<BuiltSample> {
  const { core, dataset, outputs, labels } = problem;
  const { kernels } = core;
  const index = scope.alloc(2 * count * 4, "a sample of rows");
  const scale = scope.alloc(2 * count * 4, "a sample of rows");
  const progress = scope.alloc(PROGRESS_BYTES, "a sample of rows");
  const draw = function* (heavy: number): Work<number> {
    let sum = 0;
    yield* eachPart(core, dataset.rows, 1, 1, (first, some) => {
      sum = kernels.sumWeights(heavy === 0 ? 0 : heavy + 4 * first, some, sum);
    });
    let size = 0;
    yield* eachPart(core, dataset.rows, DRAW_PRICE, 1, (first, some) => {
      const end = first + some;
      size = kernels.sampleRows(state, heavy, dataset.rows, count, index, scale, progress, first, end, sum);
    });
    return size;
  };
  // where no row has any curvature all are alike
  const rows = (yield* draw(weight)) || (yield* draw(0));
  const take = (from: number, size: number): Work<number> =>
    gatherRows(core, scope, from, size, index, rows, "a sample of rows");
  const taken = yield* gatherMatrix(core, scope, matrix, index, rows);
  const omega = yield* take(dataset.weights.f32, 4);
  if (omega !== 0) yield* multiplyF32(core, omega, scale, rows);
  const f32 = omega === 0 ? scale : omega;
  const f64 = scope.alloc(rows * 8, "a sample of rows");
  yield* toFloat64(core, f32, f64, rows);
  const facts: RowFacts = {
    rows,
    labels: { f64: yield* take(labels.f64, 8), f32: yield* take(labels.f32, 4) },
    weights: { f64, f32 },
  };
  const h = outputs === 1 ? scope.alloc(rows * 4, "the curvature of a sample") : 0;
  const p = outputs > 1 ? yield* scope.allocWork(rows * outputs * 4 + 16, "the curvature of a sample") : 0;
  return { index, scale, facts, h, p, matrix: taken };
}

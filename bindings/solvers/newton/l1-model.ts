// M ≈ Hessian for problems with l1: a whole Gram matrix of sampled rows, or a diagonal. It serves twice. The model's optimum, l1 term included, takes no
// pass over the data and says which weights are to be 0; and its Cholesky factor on the face of a point (the coordinates that are not at a corner)
// preconditions conjugate gradients there. docs/numerics.md §17, docs/decisions/0018.
import type { Frame } from "../../data/dataset.js";
import type { Problem } from "../../data/problem.js";
import { Scope } from "../../engine/core.js";
import { after, eachPart, type Work } from "../../engine/work.js";
import { factorise, solveFactored } from "./cholesky.js";
import { partOfCurvature, rowWeights } from "./curvature.js";
import { exactGram } from "./exact-gram.js";
import { ASSEMBLE_PRICE, diagonal, Preconditioner } from "./preconditioner.js";
import type { CurvedRows, Products } from "./products.js";

/** Ridge of a Gram matrix as a part of its diagonal: rounded codes, and float64. */
const RIDGE = 1e-6;
const EXACT_RIDGE = 1e-13;
/** The model is solved when a sweep moves this part (squared) of what the first has moved. */
const SOLVED = 1e-8;
/** Most rounds of sweeps and steps on the face, sweeps in a round, and steps on one face. */
const MOST_ROUNDS = 60;
const SWEEPS = 8;
const MOST_STEPS = 3;
/** Numbers in all factors of a face together: 256 MiB. */
const MOST_NUMBERS = 2 ** 25;

/** Multiply-adds that an entry of a matrix takes as long as where it is taken from anywhere, and a coordinate of the diagonal model on its way to its minimum. */
const GATHER_PRICE = 2;
const JUMP_PRICE = 4;

/** What solving the model works on: pointers to outputs × padded f64 each. */
export interface ModelPoint {
  /** Weights, and the gradient of the quadratic part there. */
  readonly u: number;
  readonly q: number;
  /** Work space. */
  readonly d: number;
  readonly s: number;
  readonly ms: number;
}

/** The face of one class: numbers of its coordinates (u32), how many, and the Cholesky factor there (count² f64; 0 for none). */
interface Face {
  readonly index: number;
  readonly count: number;
  readonly factor: number;
}

export class L1Model extends Preconditioner {
  readonly #problem: Problem;
  readonly #frame: Frame;
  readonly #products: Products;
  readonly #ridge: number;
  /** Σ strengthⱼ|vⱼ| is the l1 term: outputs × padded f64, 0 for the intercept and past the end. */
  readonly strengths: number;
  readonly #own: Scope;
  readonly #faceScope: Scope;
  /** The whole Gram matrix, dimension² f64, or 0; its diagonal, or that of every class (outputs × padded f64), without damping. */
  #matrix = 0;
  #base = 0;
  #diagonals = 0;
  #faces: readonly Face[] = [];

  /** scope: of what lasts as long as the run. */
  constructor(scope: Scope, problem: Problem, frame: Frame, products: Products, ridge: number) {
    super(problem, frame, products, ridge);
    this.#problem = problem;
    this.#frame = frame;
    this.#products = products;
    this.#ridge = ridge;
    const { core, dataset, outputs, l1 } = problem;
    const { padded } = frame;
    this.strengths = scope.alloc(outputs * padded * 8, "the strengths of l1");
    const scales = core.f64(frame.scale, dataset.cols);
    const strengths = core.f64(this.strengths, outputs * padded);
    for (let k = 0; k < outputs; k++) {
      const own = strengths.subarray(k * padded, k * padded + dataset.cols);
      own.set(scales.map((scale) => l1 / scale));
    }
    this.#own = new Scope(core);
    this.#faceScope = new Scope(core);
  }

  override get isGram(): boolean {
    return this.#matrix !== 0;
  }

  override get isEmpty(): boolean {
    return this.#matrix === 0 && this.#diagonals === 0;
  }

  override release(): void {
    this.#faceScope.release();
    this.#own.release();
    this.#matrix = 0;
    this.#base = 0;
    this.#diagonals = 0;
    this.#faces = [];
  }

  /** From the Gram matrix of `rows` in codes, with a diagonal that is at least that of the Hessian of all rows. */
  override *buildGram(rows: CurvedRows, _ridge?: number, all: CurvedRows = rows): Work<void> {
    const { dimension } = this;
    const { core, outputs } = this.#problem;
    if (outputs * dimension * dimension > MOST_NUMBERS) {
      yield* this.buildDiagonal(all);
      return;
    }
    this.release();
    const matrix = yield* this.#own.allocWork(dimension * dimension * 8, "the model of the Hessian");
    const scratch = new Scope(core);
    try {
      const write = yield* this.gram(scratch, rows, matrix);
      if (core.isDue(ASSEMBLE_PRICE * dimension * dimension)) yield;
      write();
    } finally {
      scratch.release();
    }
    yield* this.#complete(matrix, RIDGE, all);
  }

  /** From the Gram matrix of the exact copy of `rows` in float64. index: numbers of the rows, u32, or 0 for all. One output only. */
  override *buildExact(rows: CurvedRows, index: number, all: CurvedRows = rows): Work<boolean> {
    this.release();
    const { core } = this.#problem;
    const { dimension } = this;
    const { curvature, rows: count } = rows;
    const matrix = yield* this.#own.allocWork(dimension * dimension * 8, "the model of the Hessian");
    const scratch = new Scope(core);
    try {
      const weight = yield* scratch.allocWork(count * 4, "row weights");
      yield* rowWeights(core, curvature, count, 1, weight);
      yield* exactGram(this.#problem, this.#frame, weight, index, count, dimension, matrix);
    } finally {
      scratch.release();
    }
    const sums = core.f64(matrix, dimension * dimension);
    const penalty = core.f64(this.#ridge, dimension);
    for (let j = 0; j < dimension; j++) {
      const at = j * (dimension + 1);
      sums[at] = (sums[at] as number) + (penalty[j] as number);
    }
    yield* this.#complete(matrix, EXACT_RIDGE, index === 0 ? null : all);
    return true;
  }

  /** The ridge, the least diagonal (of the Hessian of `all` rows; null: none but for empty columns), and the lower part. */
  *#complete(matrix: number, ridge: number, all: CurvedRows | null): Work<void> {
    const { core } = this.#problem;
    const { dimension } = this;
    const { kernels } = core;
    const { padded } = this.#frame;
    kernels.raiseDiagonal(matrix, dimension, 1 + ridge, 0);
    const base = this.#own.alloc(padded * 8, "the model of the Hessian");
    if (all !== null) yield* this.#diagonal(all, base);
    const least = core.f64(base, padded);
    const sums = core.f64(matrix, dimension * dimension);
    let top = 0;
    for (let j = 0; j < dimension; j++) top = Math.max(top, sums[j * (dimension + 1)] as number, least[j] as number);
    for (let j = 0; j < dimension; j++) {
      // a column that no row shows must not be followed to infinity
      least[j] = Math.max(least[j] as number, sums[j * (dimension + 1)] as number) || top || 1;
    }
    if (core.isDue(GATHER_PRICE * dimension * dimension)) yield;
    kernels.completeMatrix(matrix, dimension, base);
    this.#matrix = matrix;
    this.#base = base;
  }

  /** Diagonal of the Hessian over `rows`, mean of the classes: out padded f64. */
  *#diagonal({ matrix, curvature, rows }: CurvedRows, out: number): Work<void> {
    const { core, outputs } = this.#problem;
    const scratch = new Scope(core);
    try {
      const weight = yield* scratch.allocWork(rows * 4, "row weights");
      yield* rowWeights(core, curvature, rows, outputs, weight);
      yield* diagonal(this.#problem, this.#frame, this.#products, matrix, rows, weight, 1 / rows, this.#ridge, out);
    } finally {
      scratch.release();
    }
  }

  override *buildDiagonal({ matrix, curvature, rows }: CurvedRows): Work<void> {
    this.release();
    const { core, outputs } = this.#problem;
    const { padded } = this.#frame;
    const bytes = outputs * padded * 8;
    this.#base = this.#own.alloc(bytes, "the model of the Hessian");
    const scratch = new Scope(core);
    try {
      const weight = yield* scratch.allocWork(rows * 4, "row weights");
      for (let k = 0; k < outputs; k++) {
        const at = this.#base + k * padded * 8;
        yield* eachPart(core, rows, 2, 1, (row, count) => {
          const { h, p, weights } = partOfCurvature(curvature, row, outputs);
          core.kernels.classWeights(h, p, weights, count, outputs, k, weight + 4 * row);
        });
        yield* diagonal(this.#problem, this.#frame, this.#products, matrix, rows, weight, 1 / rows, this.#ridge, at);
      }
    } finally {
      scratch.release();
    }
    this.#diagonals = this.#own.alloc(bytes, "the model of the Hessian");
    core.f64(this.#diagonals, outputs * padded).set(core.f64(this.#base, outputs * padded));
  }

  /** Puts damping·scales (padded f64) on the diagonal, in place of what was there. */
  damp(damping: number, scales: number): void {
    const { core, outputs } = this.#problem;
    const { padded } = this.#frame;
    const { kernels } = core;
    if (this.#matrix === 0) {
      if (this.#diagonals === 0) return;
      core.f64(this.#diagonals, outputs * padded).set(core.f64(this.#base, outputs * padded));
      for (let k = 0; k < outputs; k++) kernels.addScaled(this.#diagonals + k * padded * 8, damping, scales, padded);
      return;
    }
    const { dimension } = this;
    const base = core.f64(this.#base, dimension);
    const added = core.f64(scales, dimension);
    const matrix = core.f64(this.#matrix, dimension * dimension);
    base.forEach((value, j) => {
      matrix[j * (dimension + 1)] = value + damping * (added[j] as number);
    });
  }

  /** u ← argmin of q·(u′ − u) + ½(u′ − u)ᵀM(u′ − u) + Σ strength|u′| over u′. q becomes worthless. */
  *minimise(point: ModelPoint): Work<void> {
    const { core, outputs } = this.#problem;
    const { padded } = this.#frame;
    if (this.#matrix === 0) {
      if (core.isDue(JUMP_PRICE * outputs * padded)) yield;
      core.kernels.l1Jump(point.u, point.q, this.#diagonals, this.strengths, outputs * padded);
      return;
    }
    for (let k = 0; k < outputs; k++) {
      const at = k * padded * 8;
      const { u, q, d, s, ms } = point;
      yield* this.#minimise({ u: u + at, q: q + at, d: d + at, s: s + at, ms: ms + at }, this.strengths + at);
    }
  }

  /**
   * The model of one class: sweeps of coordinate descent find the zeros, Cholesky solves on the face find the values; each lowers the model, and where they
   * agree is its optimum.
   */
  *#minimise(point: ModelPoint, strengths: number): Work<void> {
    const { core } = this.#problem;
    const { dimension } = this;
    let first = 0;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      let moved = 0;
      for (let sweep = 0; sweep < SWEEPS; sweep++) {
        if (core.isDue(dimension * dimension)) yield;
        const distance = core.kernels.l1Sweep(this.#matrix, dimension, point.u, point.q, strengths);
        if (sweep === 0) moved = distance;
      }
      if (round === 0) first = moved;
      for (let step = 0; step < MOST_STEPS; step++) if (yield* this.#stepOnFace(point, strengths)) break;
      if (!(moved > SOLVED * first)) return;
    }
  }

  /** A step to the minimum on the face of u, or towards it and onto corners; true when it ends there. */
  *#stepOnFace({ u, q, d, s, ms }: ModelPoint, strengths: number): Work<boolean> {
    const { core } = this.#problem;
    const { kernels } = core;
    const { dimension } = this;
    const scratch = new Scope(core);
    try {
      const face = yield* this.#factor(scratch, u, strengths);
      if (face.factor === 0) return true;
      kernels.l1Slopes(q, u, strengths, dimension, d);
      yield* this.#solveOn(scratch, face, d);
      if (core.isDue(dimension * dimension)) yield;
      const change = (zeros: number): number => {
        kernels.symmetricProduct(this.#matrix, dimension, s, ms);
        if (zeros === 0) return Number.NEGATIVE_INFINITY;
        const linear = kernels.dotF64(q, s, dimension) + kernels.l1Change(u, s, strengths, dimension);
        return linear + 0.5 * kernels.dotF64(s, ms, dimension);
      };
      let zeros = kernels.l1Step(u, d, strengths, dimension, 1, s);
      if (!(change(zeros) < 0)) {
        // onto the first corner: that is downhill all the way
        const part = kernels.l1Reach(u, d, strengths, dimension, 1);
        zeros = kernels.l1Step(u, d, strengths, dimension, part, s);
        if (core.isDue(dimension * dimension)) yield;
        kernels.symmetricProduct(this.#matrix, dimension, s, ms);
      }
      kernels.addScaled(u, 1, s, dimension);
      kernels.addScaled(q, 1, ms, dimension);
      return zeros === 0;
    } finally {
      scratch.release();
    }
  }

  /** The face of one class's weights u, factored in `scope`. */
  *#factor(scope: Scope, u: number, strengths: number): Work<Face> {
    const { core } = this.#problem;
    const { kernels } = core;
    const { dimension } = this;
    const index = scope.alloc(dimension * 4, "a face");
    const count = kernels.l1Free(u, strengths, dimension, index);
    if (count === 0) return { index, count, factor: 0 };
    const factor = yield* scope.allocWork(count * count * 8, "a face");
    if (core.isDue(GATHER_PRICE * count * count)) yield;
    kernels.submatrix(this.#matrix, dimension, index, count, factor);
    return { index, count, factor: (yield* factorise(core, factor, count)) ? factor : 0 };
  }

  /** d ← M⁻¹d on the face, 0 elsewhere; d: dimension f64. */
  #solveOn(scope: Scope, { index, count, factor }: Face, d: number): Work<void> {
    const { core } = this.#problem;
    const { kernels } = core;
    const b = scope.alloc(count * 8, "a face");
    kernels.gather(d, 8, index, count, 8, b, 8);
    return after(core, solveFactored(core, factor, count, b, count, 1), this.dimension, () => {
      kernels.scatter(b, index, count, this.dimension, d);
      scope.free(b);
    });
  }

  /** Makes ready to precondition on the face of u (outputs × padded f64). */
  *face(u: number): Work<void> {
    const { outputs } = this.#problem;
    const { padded } = this.#frame;
    this.#faceScope.release();
    const faces: Face[] = [];
    for (let k = 0; k < outputs && this.#matrix !== 0; k++) {
      const at = k * padded * 8;
      faces.push(yield* this.#factor(this.#faceScope, u + at, this.strengths + at));
    }
    this.#faces = faces;
  }

  /** y ← M⁻¹y in place on the face, 0 where u is at a corner by now; y, u: outputs × padded f64. */
  *precondition(y: number, u: number): Work<void> {
    const { core, outputs } = this.#problem;
    const { padded } = this.#frame;
    const { kernels } = core;
    const { dimension } = this;
    if (core.isDue(outputs * padded)) yield;
    if (this.#matrix === 0) kernels.scaleColumns(y, this.#diagonals, 1, outputs * padded, 1, y);
    for (let k = 0; k < this.#faces.length; k++) {
      const face = this.#faces[k] as Face;
      if (face.factor !== 0) yield* this.#solveOn(this.#faceScope, face, y + k * padded * 8);
      else if (face.count > 0)
        kernels.scaleColumns(y + k * padded * 8, this.#base, 1, dimension, 1, y + k * padded * 8);
    }
    kernels.l1Mask(y, u, this.strengths, outputs * padded);
  }
}

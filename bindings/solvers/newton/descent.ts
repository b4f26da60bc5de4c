// Newton steps on one system, and what to do when they stall: which rows the Hessian is taken from, and which preconditioner.
import type { Frame } from "../../data/dataset.js";
import type { Problem } from "../../data/problem.js";
import { Scope } from "../../engine/core.js";
import type { Work } from "../../engine/work.js";
import type { Direction, System } from "./newton-system.js";
import { GRAM_COLUMNS, gramPasses } from "./preconditioner.js";
import type { Arithmetic, RowMatrix } from "./products.js";
import { RowSample } from "./row-sample.js";

/**
 * The preconditioner is made anew when a solve needs this many times the products of the first one with it, and some, and when what it needs more costs
 * this many times the passes of a new one: later solves are harder whatever the preconditioner.
 */
const WORN = 1.5;
const WORN_PRODUCTS = 4;
const WORN_COST = 2;
/** Steps without any decrease before a descent gives up. */
const MOST_FAILURES = 6;

export interface DescentSettings {
  readonly arithmetic: Arithmetic;
  /** Part of the rows in the Hessian, at first. */
  readonly share: number;
  /** Rows in the Gram matrix, at first. */
  readonly gramRows: number;
  readonly isGram: boolean;
  /** Whether a stall may change the kind of preconditioner. */
  readonly mayToggle: boolean;
  /** Whether the codes are less than the data, so that a stall may call for Hessian products on the exact copy. */
  readonly isRounded: boolean;
  /** Whether products are on the exact copy from the start. */
  readonly isExact: boolean;
  /** A promised decrease that has not fallen to this part is a stall. */
  readonly stall: number;
  /** Where conjugate gradients stop. */
  readonly forcing: number;
  /** Pointers to the generator's state (u32) and to the row weights of samples (rows f32). */
  readonly random: number;
  readonly rowWeights: number;
}

export class Descent {
  readonly system: System;
  /** Passes spent in preconditioners. */
  gramPasses = 0;
  readonly #problem: Problem;
  readonly #frame: Frame;
  readonly #matrix: RowMatrix;
  readonly #settings: DescentSettings;
  #share: number;
  #gramRows: number;
  #isGram: boolean;
  #isExact: boolean;
  /** Hessian products of the first solve with the present preconditioner, 0 before it. */
  #freshProducts = 0;
  #isWorn: boolean;
  #failures = 0;
  /** Directions that promised noise, and no less of it than the one before. */
  #rises = 0;
  #lastDecrement = 0;

  /** matrix: the system's rows as bytes. */
  constructor(problem: Problem, frame: Frame, matrix: RowMatrix, system: System, settings: DescentSettings) {
    this.#problem = problem;
    this.#frame = frame;
    this.#matrix = matrix;
    this.system = system;
    this.#settings = settings;
    this.#share = settings.share;
    this.#gramRows = Math.min(matrix.rows, settings.gramRows);
    this.#isGram = settings.isGram;
    this.#isExact = settings.isExact;
    // what a rougher problem has left is good enough to begin with
    this.#isWorn = system.preconditioner.isEmpty;
  }

  get share(): number {
    return this.#share;
  }

  get isGram(): boolean {
    return this.system.preconditioner.isGram;
  }

  /** The next direction at the system's present point. */
  *direct(): Work<Direction> {
    const { system } = this;
    const { rows } = this.#matrix;
    const { rowWeights, forcing } = this.#settings;
    const count = Math.floor(this.#share * rows);
    const isWhole = this.#share >= 1 || count < 1;
    const isGramSampled = this.#isWorn && this.#gramRows < rows;
    if (!isWhole || isGramSampled) yield* system.rowWeights(rowWeights);
    const isFresh = this.#isWorn;
    if (isFresh) {
      this.#freshProducts = 0;
      if (isGramSampled) {
        yield* this.#withSample(this.#gramRows, (sample) => this.#precondition(sample));
      } else yield* this.#precondition(null);
    }
    const found = isWhole
      ? yield* system.solve(this.#isExact ? "exact" : null, forcing)
      : yield* this.#withSample(count, (sample) =>
          Scope.scratchWork(this.#problem.core, (scope) => this.#solveSampled(scope, sample)),
        );
    // a preconditioner of another point may know nothing of curvature that is here (it was made where a loss is flat), and call solved what is not
    const isMisled = !isFresh && found.decrement < found.least;
    const direction = isMisled ? { ...found, decrement: found.least, isSolved: false } : found;
    if (this.#freshProducts === 0) this.#freshProducts = direction.products;
    const more = (direction.products - this.#freshProducts) * Math.min(1, this.#share);
    this.#isWorn =
      direction.products > WORN * this.#freshProducts + WORN_PRODUCTS &&
      more > (this.isGram ? WORN_COST * this.#gramCost(this.#gramRows) : 0);
    this.#isWorn ||= isMisled;
    const isStalled = this.#lastDecrement > 0 && direction.decrement > this.#settings.stall * this.#lastDecrement;
    if (isStalled || direction.isMispreconditioned) this.#change(direction.isSolved);
    if (direction.isNoise === true && direction.decrement >= this.#lastDecrement) this.#rises++;
    this.#lastDecrement = direction.decrement;
    return direction;
  }

  *#solveSampled(scope: Scope, sample: RowSample): Work<Direction> {
    const { arithmetic, forcing } = this.#settings;
    const products = yield* arithmetic.products(scope, this.#problem, this.#frame, sample.matrix, false);
    return yield* this.system.solve({ products, rows: yield* this.system.rowsOf(sample) }, forcing);
  }

  /** One step along the direction; false when nothing helps any more. */
  *step(): Work<boolean> {
    if (yield* this.system.move()) {
      this.#failures = 0;
      return this.#rises < MOST_FAILURES;
    }
    this.#failures++;
    this.#lastDecrement = 0;
    this.#change(true);
    return this.#failures < MOST_FAILURES;
  }

  /** Rows in proportion to their present curvature. */
  #withSample<T>(count: number, work: (sample: RowSample) => Work<T>): Work<T> {
    const { rowWeights, random } = this.#settings;
    return RowSample.use(this.#problem, this.#matrix, count, rowWeights, random, work);
  }

  /** Passes that a Gram matrix of so many rows costs. */
  #gramCost(rows: number): number {
    return gramPasses(rows, this.#matrix.rows, this.system.preconditioner.filled, this.#problem.outputs);
  }

  /** From a sample of the rows, or from all. */
  *#precondition(sample: RowSample | null): Work<void> {
    const { preconditioner } = this.system;
    const rows = yield* this.system.rowsOf(sample);
    const all = sample === null ? rows : yield* this.system.rowsOf(null);
    if (this.#isGram) {
      // what the codes do not show of the Hessian, their Gram matrix does not show either
      const isExact = this.#isExact && this.#problem.outputs === 1;
      if (isExact && (yield* preconditioner.buildExact(rows, sample?.index ?? 0, all))) {
        this.system.exactPasses += this.#gramCost(rows.rows);
      } else {
        yield* preconditioner.buildGram(rows, undefined, all);
        this.gramPasses += this.#gramCost(rows.rows);
      }
    } else yield* preconditioner.buildDiagonal(rows);
  }

  /** After a stall, or with a preconditioner that is none: more rows; then better products, where the direction was solved but did not help; else the other preconditioner. */
  #change(isSolved: boolean): void {
    this.#isWorn = true;
    this.system.looksAtAll = true;
    if (this.#share < 1) {
      this.#share = Math.min(1, 2 * this.#share);
      this.#gramRows = Math.min(this.#matrix.rows, 2 * this.#gramRows);
    } else if (isSolved && this.#settings.isRounded && !this.#isExact) this.#isExact = true;
    else if (this.#settings.mayToggle) {
      const { cols } = this.#problem.dataset;
      this.#isGram = !this.#isGram && cols < GRAM_COLUMNS;
    }
  }
}

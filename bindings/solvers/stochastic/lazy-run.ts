// The inner loop over sparse rows: its memory, and its calls into WebAssembly. A step costs the entries of its row; what every step does to every column waits in
// the column's slot until a row or the end asks for it. docs/numerics.md, "Sparse rows, lazy dense terms".
import type { Problem, RowValues } from "../../data/problem.js";
import { roundUp } from "../../data/raw-rows.js";
import type { SparsePlane } from "../../data/sparse-source.js";
import type { Core, Scope } from "../../engine/core.js";
import { LAZY_BYTES, readLazy, writeLazy } from "../../engine/lazy-run.js";
import { eachPart, PIECE, type Work } from "../../engine/work.js";
import { type InnerLoop, type InnerResult, LARGEST_FLOAT32, type LoopSettings, MODEL_BYTES } from "./inner-loop.js";

export interface LazySettings extends LoopSettings {
  readonly plane: SparsePlane;
}

export interface LazyResult extends InnerResult {
  /** Entries that the steps have visited, the intercept's among them. */
  readonly touched: number;
}

/** Multiply-adds that one entry and class take as long as, and one column when a run begins or ends. */
const ENTRY_PRICE = 8;
const SLOT_PRICE = 8;

/** What of a run grows with the rows: pointers. */
interface RowSpace {
  readonly values: RowValues;
  readonly base: number;
  readonly table: number;
}

function* makeRows(scope: Scope, problem: Problem, { hasBase, hasTable }: LazySettings): Work<RowSpace> {
  const count = problem.dataset.rows * problem.outputs;
  return {
    values: yield* problem.allocRows(scope),
    base: hasBase ? yield* scope.allocWork(count * 8, "the dots at the anchor") : 0,
    table: hasTable === true ? yield* scope.allocWork(count * 4, "the table of derivatives") : 0,
  };
}

export class LazyRun implements InnerLoop {
  readonly z: number;
  readonly gradient: number;
  readonly ridge: number;
  readonly values: RowValues;
  readonly size: number;
  readonly #core: Core;
  readonly #run: number;
  readonly #settings: LazySettings;
  readonly #rows: number;
  readonly #outputs: number;
  /** Columns with a slot: the intercept's, if any, is the last. */
  readonly #width: number;
  /** Entries of an average row, the intercept's among them. */
  readonly #entries: number;
  readonly #table: number;

  private constructor(scope: Scope, problem: Problem, settings: LazySettings, space: RowSpace) {
    const { core, outputs, dataset } = problem;
    const { plane, model } = settings;
    const { padded, intercept } = plane;
    const { rows, cols } = dataset;
    const size = outputs * padded;
    const width = intercept === 0 ? cols : cols + 1;
    this.#core = core;
    this.#settings = settings;
    this.#rows = rows;
    this.#outputs = outputs;
    this.#width = width;
    this.#entries = plane.entries / rows + width - cols;
    this.#table = space.table;
    this.values = space.values;
    this.size = size;
    this.z = scope.alloc(size * MODEL_BYTES[model], "the low-precision part");
    this.gradient = scope.alloc(size * 8, "a gradient");
    this.ridge = scope.alloc(padded * 8, "the regulariser");
    core.kernels.ridge(plane.scale, cols, padded, problem.l2, this.ridge);
    const even = roundUp(outputs, 2);
    const fours = 4 * roundUp(outputs, 4);
    const scalars = scope.alloc(16 + 2 * fours + 8 * even, "coefficients");
    const slots = scope.alloc(width * core.kernels.lazyBytes(outputs), "what columns have missed");
    const values = scope.alloc((plane.longest + 1) * (outputs === 1 ? 1 : even) * 8, "a row's part of the model");
    this.#run = scope.alloc(LAZY_BYTES, "the state of a run");
    writeLazy(core.view(), this.#run, {
      alpha: settings.alpha,
      codes: plane.codes,
      rows,
      columns: padded,
      classes: outputs,
      z: this.z,
      gradient: this.gradient,
      ridge: this.ridge,
      state: space.values.state,
      base: space.base,
      table: space.table,
      labels: problem.labels.f32,
      weights: dataset.weights.f32,
      lanes: scalars,
      changes: scalars + 16,
      coefficients: scalars + 16 + fours,
      dots: scalars + 16 + 2 * fours,
      loss: problem.lossId,
      threshold: problem.epsilon,
      stochastic: settings.isStochastic ? 1 : 0,
      centred: settings.isCentred ? 1 : 0,
      starts: plane.starts,
      indices: plane.indices,
      slots,
      values,
      cols,
      intercept,
    });
  }

  static *create(scope: Scope, problem: Problem, settings: LazySettings): Work<LazyRun> {
    return new LazyRun(scope, problem, settings, yield* makeRows(scope, problem, settings));
  }

  get gradientTarget(): number {
    return this.gradient;
  }

  /** Steps read the states where exact passes write them. */
  *takeStates(): Work<void> {}

  /** Every column can move. */
  clearMasked(): void {}

  *fillBase(): Work<void> {
    const { kernels } = this.#core;
    // slots as they stand before the first step; the unit does not matter to z
    writeLazy(this.#core.view(), this.#run, { delta: 1, step: 0 });
    yield* this.#eachColumn("open");
    const cost = this.#entries * this.#outputs * ENTRY_PRICE;
    yield* eachPart(this.#core, this.#rows, cost, 1, (first, count) => {
      kernels.fillBaseLazy(this.#run, first, first + count);
    });
  }

  *#eachColumn(verb: "open" | "settle"): Work<void> {
    const kernel = this.#core.kernels[`${verb}Lazy${this.#settings.model}`];
    yield* eachPart(this.#core, this.#width, this.#outputs * SLOT_PRICE, 1, (first, count) => {
      kernel(this.#run, first, first + count);
    });
  }

  *advance(seed: number, outerStep: number, steps: number, delta: number, isOptionTwo: boolean): Work<LazyResult> {
    const core = this.#core;
    const { kernels } = core;
    const { alpha, model } = this.#settings;
    const run = this.#run;
    if (this.#table !== 0) core.bytes(this.#table, this.#rows * this.#outputs * 4).fill(0);
    const factor = Math.max(-alpha / delta, -LARGEST_FLOAT32);
    writeLazy(core.view(), run, { delta, deltaScale: delta, factor });
    const stop = kernels.beginLazy(run, seed, outerStep, steps, isOptionTwo ? 1 : 0) >>> 0;
    yield* this.#eachColumn("open");
    const advance = kernels[`advanceLazy${model}`];
    const price = this.#outputs * ENTRY_PRICE;
    const budget = Math.max(1, Math.floor(PIECE / price));
    let touched = 0;
    for (let done = 0; done < stop; ) {
      if (core.isDue(Math.min(budget, (stop - done) * this.#entries) * price)) yield;
      done += advance(run, stop - done, budget) >>> 0;
      touched += readLazy(core.view(), run, "touched");
    }
    kernels.endLazy(run);
    yield* this.#eachColumn("settle");
    const saturated = model === "F32" ? 0 : kernels[`countLimits${model}`](this.z, this.size);
    return { steps: stop, saturated, touched };
  }
}

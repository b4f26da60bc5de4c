// One solver run's memory and its inner loop in WebAssembly: the struct Run, the model part z, the dense term, the cached states.
import type { Plane } from "../data/dataset.js";
import type { Problem, RowValues } from "../data/problem.js";
import type { Core, Scope } from "../engine/core.js";
import type { CodeStorage, InnerPair } from "../engine/kernels.js";
import { RUN_BYTES, writeRun } from "../engine/run.js";

export interface InnerSettings {
  readonly plane: Plane;
  readonly model: CodeStorage;
  /** Step size in code coordinates. */
  readonly alpha: number;
  /** Steps between flushes; 0: nothing dense. */
  readonly flushEvery: number;
  readonly isStochastic: boolean;
  /** Derivative differences around an anchor, with its full gradient as dense term (SVRG, HALP), or plain derivatives (SGD). */
  readonly isCentred: boolean;
  /** Remember the derivative last seen of every row (SAGA). */
  readonly hasTable?: boolean;
  /** Keep the dots at the anchor (LP-SVRG). */
  readonly hasBase: boolean;
  /** The published LM-HALP step. */
  readonly isPublished: boolean;
  /** Adjacent rows visited per row drawn (default 1: every row is drawn). */
  readonly rowsPerDraw?: number;
}

export interface InnerResult {
  readonly steps: number;
  readonly saturated: number;
}

const MODEL_BYTES: Record<CodeStorage, number> = { I8: 1, I16: 2, F32: 4 };
/** Keeps a factor finite: infinity times a derivative of 0 would be NaN. */
const LARGEST_FLOAT32 = (2 - 2 ** -23) * 2 ** 127;
/** Multiply-adds per call into WebAssembly: short calls, since one long call would never leave the first compiler tier. */
const WORK_PER_CALL = 2 ** 22;

export class InnerRun {
  /** z: outputs × padded. */
  readonly z: number;
  /** Dense gradient per step, code coordinates: outputs × padded f64. */
  readonly gradient: number;
  /** r = l2/scale²: padded f64. */
  readonly ridge: number;
  /** What an exact pass leaves per row: the states are those of the anchor. */
  readonly values: RowValues;
  /** Elements of z. */
  readonly size: number;
  readonly #core: Core;
  readonly #run: number;
  readonly #pair: InnerPair;
  readonly #settings: InnerSettings;
  readonly #rows: number;
  /** Outputs K. */
  readonly #outputs: number;
  readonly #stepsPerCall: number;
  readonly #table: number;
  readonly #tableBytes: number;
  readonly #previous: number;
  /** States in the plane's order: those of `values`, or a copy. */
  readonly #states: number;
  /** The published step's dense term comes from here; `gradient` is then zero. */
  readonly #publishedGradient: number;

  constructor(scope: Scope, problem: Problem, settings: InnerSettings) {
    const { core, outputs, dataset } = problem;
    const { plane, model } = settings;
    const { rows } = dataset;
    const { padded, order } = plane;
    const size = outputs * padded;
    this.#core = core;
    this.#rows = rows;
    this.#outputs = outputs;
    this.#settings = settings;
    this.#pair = `${plane.storage}${model}` as InnerPair;
    this.size = size;
    this.z = scope.alloc(size * MODEL_BYTES[model], "the low-precision part");
    this.gradient = scope.alloc(size * 8, "a gradient");
    this.#publishedGradient = settings.isPublished ? scope.alloc(size * 8, "a gradient") : 0;
    this.ridge = scope.alloc(padded * 8, "the regulariser");
    this.values = problem.allocRows(scope);
    const fours = 16 * Math.ceil(outputs / 4);
    const scalars = scope.alloc(32 + 3 * fours + outputs * 8, "coefficients");
    this.#run = scope.alloc(RUN_BYTES, "the state of a run");
    core.kernels.ridge(plane.scale, dataset.cols, padded, problem.l2, this.ridge);
    const base = settings.hasBase ? scope.alloc(rows * outputs * 8, "the dots at the anchor") : 0;
    this.#tableBytes = settings.hasTable === true ? rows * outputs * 4 : 0;
    this.#table = settings.hasTable === true ? scope.alloc(this.#tableBytes, "the table of derivatives") : 0;
    this.#previous = settings.hasTable === true ? scope.alloc(size * MODEL_BYTES[model], "the low-precision part") : 0;
    // exact passes go through the rows in their own order, steps in that of the plane
    this.#states = order === 0 ? this.values.state : scope.alloc(rows * outputs * 4 + 16, "the states of a run");
    const labels = order === 0 ? problem.labels.f32 : scope.alloc(rows * 4, "the labels of a run");
    if (order !== 0) core.kernels.gather(problem.labels.f32, 4, order, rows, 4, labels, 4);
    const drift = scope.alloc(size * 4, "the dense term");
    const shrink = scope.alloc(padded * 4, "the dense term");
    const published = settings.isPublished ? scope.alloc(size * 2, "the dense term") : 0;
    const negatives = model === "I8" ? negativeSums(scope, problem, plane) : 0;
    writeRun(core.view(), this.#run, {
      alpha: settings.alpha,
      codes: plane.codes,
      strideBytes: plane.strideBytes,
      rows,
      columns: padded,
      classes: outputs,
      z: this.z,
      gradient: this.gradient,
      ridge: this.ridge,
      drift,
      shrink,
      state: this.#states,
      base,
      table: this.#table,
      previous: this.#previous,
      labels,
      weights: plane.weights.f32,
      // lanes need 16-byte alignment: first
      lanes: scalars,
      changes: scalars + 32,
      coefficients: scalars + 32 + fours,
      shifts: scalars + 32 + 2 * fours,
      dots: scalars + 32 + 3 * fours,
      negatives,
      published,
      loss: problem.lossId,
      threshold: problem.epsilon,
      rowsPerDraw: settings.rowsPerDraw ?? 1,
      flushEvery: settings.flushEvery,
      stochastic: settings.isStochastic ? 1 : 0,
      centred: settings.isCentred ? 1 : 0,
    });
    this.#stepsPerCall = Math.max(16, Math.min(2048, Math.floor(WORK_PER_CALL / size)));
  }

  /** Where the full gradient goes: the flush's own array, or the published step's. */
  get gradientTarget(): number {
    return this.#settings.isPublished ? this.#publishedGradient : this.gradient;
  }

  /** Takes over the states of an exact pass that has written `values`. */
  takeStates(): void {
    const { isCentred, plane } = this.#settings;
    if (!isCentred || plane.order === 0) return;
    const bytes = 4 * this.#outputs;
    this.#core.kernels.gather(this.values.state, bytes, plane.order, this.#rows, bytes, this.#states, bytes);
  }

  /** Dots of all rows with the present z, for LP-SVRG's control variate. */
  fillBase(): void {
    this.#core.kernels[`fillBase${this.#pair as "I8I8"}`](this.#run);
  }

  /** `steps` stochastic steps from the present z with the unit `delta` (1 for float32 z), as outer step `outerStep` of `seed`. */
  advance(seed: number, outerStep: number, steps: number, delta: number, isOptionTwo: boolean): InnerResult {
    const { kernels } = this.#core;
    const { alpha, isPublished, model } = this.#settings;
    if (this.#table !== 0) {
      const bytes = this.size * MODEL_BYTES[model];
      this.#core.bytes(this.#table, this.#tableBytes).fill(0);
      this.#core.bytes(this.#previous, bytes).set(this.#core.bytes(this.z, bytes));
    }
    const factor = Math.max(-alpha / delta, -LARGEST_FLOAT32);
    writeRun(this.#core.view(), this.#run, { delta, deltaScale: delta, factor });
    const stop = kernels[`begin${this.#pair}`](this.#run, seed, outerStep, steps, isOptionTwo ? 1 : 0) >>> 0;
    if (isPublished) kernels.preparePublished(this.#run, this.#publishedGradient);
    const step = isPublished ? kernels.advancePublished : kernels[`advance${this.#pair}`];
    for (let done = 0; done < stop; done += this.#stepsPerCall) {
      step(this.#run, Math.min(this.#stepsPerCall, stop - done));
    }
    const saturated = model === "F32" ? 0 : kernels[`countLimits${model}`](this.z, this.size);
    return { steps: stop, saturated };
  }
}

/** Σ |code| over the negative codes of every row: what the relaxed dot of signed codes needs to know. rows i32. */
function negativeSums(scope: Scope, { core, dataset }: Problem, plane: Plane): number {
  const out = scope.alloc(dataset.rows * 4, "row sums");
  core.kernels.negativeSums(plane.codes, plane.strideBytes, dataset.rows, plane.padded, out);
  return out;
}

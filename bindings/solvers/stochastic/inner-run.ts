// One solver run's memory and its inner loop in WebAssembly: the struct Run, the model part z, the dense term, the cached states.
import type { Plane } from "../../data/dataset.js";
import type { Problem, RowValues } from "../../data/problem.js";
import { gatherTo, roundUp } from "../../data/raw-rows.js";
import type { Core, Scope } from "../../engine/core.js";
import type { InnerPair } from "../../engine/kernels.js";
import { RUN_BYTES, writeRun } from "../../engine/run.js";
import { eachPart, INTEGER_PRICE, PIECE, type Work } from "../../engine/work.js";
import { type InnerLoop, type InnerResult, LARGEST_FLOAT32, type LoopSettings, MODEL_BYTES } from "./inner-loop.js";

export interface InnerSettings extends LoopSettings {
  readonly plane: Plane;
  /** Steps between flushes; 0: nothing dense. */
  readonly flushEvery: number;
  /** The published LM-HALP step. */
  readonly isPublished: boolean;
  /** Adjacent rows visited per row drawn (default 1: every row is drawn). */
  readonly rowsPerDraw?: number;
  /** Rows per step (default 1). Several: places of the dataset's random order, whatever the order of the plane; int8 codes, int16 model, one output, centred. */
  readonly batchSize?: number;
}

/** Rows per group of tiles, and bytes of scratch per group. */
const GROUP = 4;
const SLOT_BYTES = 64;
/** Passes over the model before the first step of a run and after the last one: its dense term, dots, codes at a limit. */
const MODEL_PASSES = 8;

export class InnerRun implements InnerLoop {
  readonly z: number;
  readonly gradient: number;
  readonly ridge: number;
  readonly values: RowValues;
  readonly size: number;
  readonly #core: Core;
  readonly #run: number;
  readonly #pair: InnerPair;
  readonly #settings: InnerSettings;
  readonly #rows: number;
  /** Outputs K. */
  readonly #outputs: number;
  readonly #stepsPerCall: number;
  readonly #batchSize: number;
  /** Which row stands at each place of the steps: rows u32, or 0. */
  readonly #order: number;
  readonly #table: number;
  readonly #tableBytes: number;
  readonly #previous: number;
  /** States in the plane's order: those of `values`, or a copy. */
  readonly #states: number;
  /** Places (class·padded + column) of masked columns of packed codes. */
  readonly #masked: readonly number[];
  /** The published step's dense term comes from here; `gradient` is then zero. */
  readonly #publishedGradient: number;

  private constructor(scope: Scope, problem: Problem, settings: InnerSettings, space: RowSpace) {
    const { core, outputs, dataset } = problem;
    const { plane, model } = settings;
    const { rows } = dataset;
    const { padded } = plane;
    const size = outputs * padded;
    const batchSize = settings.batchSize ?? 1;
    const isBatched = batchSize > 1;
    const { order, weights, places, labels, base, tiles, negatives } = space;
    this.#batchSize = batchSize;
    this.#order = order;
    this.#core = core;
    this.#masked = maskedPlaces(problem, plane);
    this.#rows = rows;
    this.#outputs = outputs;
    this.#settings = settings;
    this.#pair = `${plane.storage}${model}` as InnerPair;
    this.size = size;
    this.z = scope.alloc(size * MODEL_BYTES[model], "the low-precision part");
    this.gradient = scope.alloc(size * 8, "a gradient");
    this.#publishedGradient = settings.isPublished ? scope.alloc(size * 8, "a gradient") : 0;
    this.ridge = scope.alloc(padded * 8, "the regulariser");
    this.values = space.values;
    const fours = 16 * Math.ceil(outputs / 4);
    const slots = isBatched ? (batchSize / GROUP) * SLOT_BYTES + 32 : 0;
    const scalars = scope.alloc(32 + 3 * fours + outputs * 8 + 8 + slots, "coefficients");
    this.#run = scope.alloc(RUN_BYTES, "the state of a run");
    core.kernels.ridge(plane.scale, dataset.cols, padded, problem.l2, this.ridge);
    this.#tableBytes = settings.hasTable === true ? rows * outputs * 4 : 0;
    this.#table = space.table;
    this.#previous = settings.hasTable === true ? scope.alloc(size * MODEL_BYTES[model], "the low-precision part") : 0;
    this.#states = space.states;
    const drift = scope.alloc(size * 4, "the dense term");
    const shrink = scope.alloc(padded * 4, "the dense term");
    const published = settings.isPublished ? scope.alloc(size * 2, "the dense term") : 0;
    const { table: levels, updateMask: mask } = plane.packed ?? { table: 0, updateMask: 0 };
    const seen = isBatched ? scope.alloc(2 * padded, "the low-precision part") : 0;
    const unit = isBatched ? GROUP : 1;
    writeRun(core.view(), this.#run, {
      alpha: settings.alpha,
      codes: tiles.codes,
      strideBytes: isBatched ? GROUP * padded : plane.strideBytes,
      rows: places / unit,
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
      weights: weights.f32,
      // lanes need 16-byte alignment: first
      lanes: scalars,
      changes: scalars + 32,
      coefficients: isBatched ? scalars + roundUp(32 + 3 * fours + outputs * 8, 16) : scalars + 32 + fours,
      shifts: scalars + 32 + 2 * fours,
      dots: scalars + 32 + 3 * fours,
      groups: isBatched ? batchSize / GROUP : 0,
      seen,
      sums: tiles.sums,
      negatives,
      levels,
      mask,
      published,
      loss: problem.lossId,
      threshold: problem.epsilon,
      rowsPerDraw: (settings.rowsPerDraw ?? batchSize) / unit,
      flushEvery: settings.flushEvery,
      stochastic: settings.isStochastic ? 1 : 0,
      centred: settings.isCentred ? 1 : 0,
    });
    this.#stepsPerCall = Math.max(1, Math.min(2048, Math.floor(PIECE / size / batchSize)));
  }

  static *create(scope: Scope, problem: Problem, settings: InnerSettings): Work<InnerRun> {
    return new InnerRun(scope, problem, settings, yield* makeRows(scope, problem, settings));
  }

  /** Where the full gradient goes: the flush's own array, or the published step's. */
  get gradientTarget(): number {
    return this.#settings.isPublished ? this.#publishedGradient : this.gradient;
  }

  /** Takes over the states of an exact pass that has written `values`. */
  *takeStates(): Work<void> {
    if (!this.#settings.isCentred || this.#order === 0) return;
    const bytes = 4 * this.#outputs;
    yield* gatherTo(this.#core, this.values.state, bytes, this.#order, this.#rows, this.#states);
  }

  /**
   * Sets what stands for masked columns to 0; values: outputs × padded f64. Dots of packed codes look z up whatever the mask says, so a masked column's z has to
   * be 0: neither weights of a caller nor rounding errors of a gradient may move it. Margins do not see the difference.
   */
  clearMasked(values: number): void {
    if (this.#masked.length === 0) return;
    const v = this.#core.f64(values, this.size);
    for (const place of this.#masked) v[place] = 0;
  }

  /** Dots of all rows with the present z, for LP-SVRG's control variate. */
  *fillBase(): Work<void> {
    const kernel = this.#core.kernels[`fillBase${this.#pair as "I8I8"}`];
    yield* eachPart(this.#core, this.#rows, this.size, 1, (first, count) => {
      kernel(this.#run, first, first + count);
    });
  }

  /** `steps` stochastic steps from the present z with the unit `delta` (1 for float32 z), as outer step `outerStep` of `seed`. */
  *advance(seed: number, outerStep: number, steps: number, delta: number, isOptionTwo: boolean): Work<InnerResult> {
    const { kernels } = this.#core;
    const { alpha, isPublished, model } = this.#settings;
    this.clearMasked(this.gradient);
    if (this.#table !== 0) {
      const bytes = this.size * MODEL_BYTES[model];
      yield* eachPart(this.#core, this.#tableBytes, INTEGER_PRICE, 1, (first, count) => {
        this.#core.bytes(this.#table + first, count).fill(0);
      });
      this.#core.bytes(this.#previous, bytes).set(this.#core.bytes(this.z, bytes));
    }
    if (this.#core.isDue(MODEL_PASSES * this.size)) yield;
    const share = this.#batchSize === 1 ? 1 : roundUp(this.#rows, GROUP) / this.#rows / this.#batchSize;
    const factor = Math.max((-alpha / delta) * share, -LARGEST_FLOAT32);
    const deltaScale = this.#batchSize === 1 ? delta : 4 * delta;
    writeRun(this.#core.view(), this.#run, { delta, deltaScale, factor });
    const stop = kernels[`begin${this.#pair}`](this.#run, seed, outerStep, steps, isOptionTwo ? 1 : 0) >>> 0;
    if (isPublished) kernels.preparePublished(this.#run, this.#publishedGradient);
    const single = isPublished ? kernels.advancePublished : kernels[`advance${this.#pair}`];
    const step = this.#batchSize === 1 ? single : kernels.advanceBatches;
    for (let done = 0; done < stop; done += this.#stepsPerCall) {
      const count = Math.min(this.#stepsPerCall, stop - done);
      // a short call, since one long call would never leave the first compiler tier
      if (this.#core.isDue(count * this.#batchSize * this.size)) yield;
      step(this.#run, count);
    }
    const saturated = model === "F32" ? 0 : kernels[`countLimits${model}`](this.z, this.size);
    return { steps: stop, saturated };
  }
}

/** Where a vector of outputs × padded has masked columns of packed codes; padding never moves. */
function maskedPlaces({ core, dataset, outputs }: Problem, { packed, padded }: Plane): readonly number[] {
  if (packed === null) return [];
  const masked = Array.from(core.bytes(packed.mask, dataset.cols), (byte, j) => (byte === 0 ? j : -1)).filter(
    (j) => j >= 0,
  );
  return Array.from({ length: outputs }, (_, c) => masked.map((j) => c * padded + j)).flat();
}

/** Σ |code| over the negative codes of every row: what the relaxed dot of signed codes needs to know. rows i32. */
function* negativeSums(scope: Scope, { core, dataset }: Problem, plane: Plane): Work<number> {
  const { rows } = dataset;
  const out = yield* scope.allocWork(rows * 4, "row sums");
  const { codes, strideBytes, padded, packed } = plane;
  const { kernels } = core;
  yield* eachPart(core, rows, padded, 1, (first, count) => {
    const [from, to] = [codes + first * strideBytes, out + 4 * first];
    if (packed === null) kernels.negativeSums(from, strideBytes, count, padded, to);
    else kernels[`negativeSums${packed.storage}`](from, strideBytes, count, padded, packed.table, to);
  });
  return out;
}

/** The codes as tiles of four rows, in the random order, and the sums of the rows. */
function* packTiles(scope: Scope, { core, dataset }: Problem, plane: Plane, order: number, places: number) {
  const { codes, strideBytes, padded } = plane;
  const tiles = yield* scope.allocWork(places * padded, "the codes of a run");
  const sums = yield* scope.allocWork(places * 4, "row sums");
  yield* eachPart(core, dataset.rows, padded, GROUP, (first, count) => {
    const [to, sum] = [tiles + first * padded, sums + 4 * first];
    core.kernels.packGroups(codes, strideBytes, order + 4 * first, count, padded, to, sum);
  });
  return { codes: tiles, sums };
}

/** What of a run grows with the rows: pointers. */
interface RowSpace extends Pick<Plane, "order" | "weights"> {
  /** Rows, in whole groups where they come in batches. */
  readonly places: number;
  readonly values: RowValues;
  readonly states: number;
  readonly labels: number;
  readonly base: number;
  readonly table: number;
  readonly negatives: number;
  readonly tiles: { readonly codes: number; readonly sums: number };
}

function* makeRows(scope: Scope, problem: Problem, settings: InnerSettings): Work<RowSpace> {
  const { core, outputs, dataset, labels } = problem;
  const { plane, model, hasBase, hasTable } = settings;
  const { rows } = dataset;
  const isBatched = (settings.batchSize ?? 1) > 1;
  const { order, weights } = isBatched ? yield* dataset.shuffled() : plane;
  // batches work on whole groups of four rows
  const places = isBatched ? roundUp(rows, GROUP) : rows;
  const values = yield* problem.allocRows(scope);
  const base = hasBase ? yield* scope.allocWork(rows * outputs * 8, "the dots at the anchor") : 0;
  const table = hasTable === true ? yield* scope.allocWork(rows * outputs * 4, "the table of derivatives") : 0;
  let [states, ordered] = [values.state, labels.f32];
  if (order !== 0) {
    // exact passes go through the rows in their own order, steps in that of the plane
    states = yield* scope.allocWork(places * outputs * 4 + 16, "the states of a run");
    ordered = yield* scope.allocWork(places * 4, "the labels of a run");
    yield* gatherTo(core, labels.f32, 4, order, rows, ordered);
  }
  const negatives = model === "I8" ? yield* negativeSums(scope, problem, plane) : 0;
  const tiles = isBatched ? yield* packTiles(scope, problem, plane, order, places) : { codes: plane.codes, sums: 0 };
  return { order, weights, places, values, states, labels: ordered, base, table, negatives, tiles };
}

// What every solver run shares: the anchor in code coordinates, the exact pass around each outer step, the report.
import type { Plane } from "../../data/dataset.js";
import type { ExactPass, Problem, Weights } from "../../data/problem.js";
import { roundUp } from "../../data/raw-rows.js";
import type { SparsePlane, SparseSource } from "../../data/sparse-source.js";
import { Scope } from "../../engine/core.js";
import type { Work } from "../../engine/work.js";
import { Stopwatch } from "../stopwatch.js";
import type { InnerLoop, LoopSettings } from "./inner-loop.js";
import { InnerRun } from "./inner-run.js";
import { LazyRun } from "./lazy-run.js";
import type { CheckedOptions } from "./options.js";
import type { StepReport } from "./report.js";

/** Smallest normal float32. */
const SMALLEST_UNIT = 2 ** -126;
/** An objective this many times that of zero weights, or of the start, means divergence. */
export const DIVERGED = 1e6;
/** Rows visited per row drawn where rows come in blocks: at 32 memory delivers nearly all it can, and the blocks of a run are still many. */
const BLOCK_ROWS = 32;
/** Codes up to this many bytes may stay in the outermost cache of an ordinary machine. A constant: results must not depend on the machine. */
const CACHED_BYTES = 2 ** 25;

export interface SessionSettings extends Omit<LoopSettings, "alpha"> {
  /** What the steps read. */
  readonly data: "codes" | "float32";
  /** Whether flushEvery 1 on int8 codes and int8 model means the published step. */
  readonly mayBePublished: boolean;
}

/** What a run is made of, and its choices. */
interface BuiltSession {
  readonly scope: Scope;
  readonly plane: Plane | SparsePlane;
  readonly stepSize: number;
  readonly innerSteps: number;
  readonly batchSize: number;
  readonly v: number;
  readonly g: number;
  readonly inner: InnerLoop;
}

function* build(
  scope: Scope,
  problem: Problem,
  options: CheckedOptions,
  settings: SessionSettings,
): Work<BuiltSession> {
  const { sparse } = problem.dataset;
  return sparse === null
    ? yield* buildDense(scope, problem, options, settings)
    : yield* buildSparse(scope, problem, sparse, options, settings);
}

/** Sparse rows: every row is drawn, and the dense part of a step waits in each column (lazy-run.ts). */
function* buildSparse(
  scope: Scope,
  problem: Problem,
  sparse: SparseSource,
  options: CheckedOptions,
  settings: SessionSettings,
): Work<BuiltSession> {
  const { dataset, fitIntercept, outputs } = problem;
  dataset.checkLive();
  const plane = yield* sparse.plane(fitIntercept);
  const stepSize = options.stepSize ?? (yield* automaticStep(problem, plane, 1));
  const innerSteps = options.innerSteps ?? 2 * dataset.rows;
  const bytes = outputs * plane.padded * 8;
  const v = scope.alloc(bytes, "the anchor");
  const g = scope.alloc(bytes, "the full gradient");
  const alpha = stepSize / (plane.largest * plane.largest);
  const inner = yield* LazyRun.create(scope, problem, { ...settings, plane, alpha });
  return { scope, plane, stepSize, innerSteps, batchSize: 1, v, g, inner };
}

function* buildDense(
  scope: Scope,
  problem: Problem,
  options: CheckedOptions,
  settings: SessionSettings,
): Work<BuiltSession> {
  const { dataset, fitIntercept, outputs } = problem;
  const batchSize = options.batchSize ?? 1;
  const isBatched = batchSize > 1;
  // batches have a copy of the codes of their own, in the random order: it takes no shuffled plane
  const columns = roundUp(dataset.cols + (fitIntercept ? 1 : 0), 32);
  // float32 models have no kernels for packed codes
  const isWidened = settings.data === "codes" && settings.model === "F32" && dataset.bits < 8;
  const kind = isWidened ? "int8" : settings.data;
  const size = isBatched ? dataset.rows * columns : dataset.planeBytes(kind, fitIntercept);
  const isInBlocks = options.sampling === null ? size > CACHED_BYTES : options.sampling === "blocks";
  const plane = yield* dataset.plane(kind, fitIntercept, isInBlocks && !isBatched);
  const largestSquared = plane.largest * plane.largest;
  const stepSize = options.stepSize ?? (yield* automaticStep(problem, plane, batchSize));
  const innerSteps = options.innerSteps ?? Math.ceil((2 * dataset.rows) / batchSize);
  const isDense = settings.isCentred || problem.l2 > 0;
  const published = settings.mayBePublished && options.flushEvery === 1;
  const hasNoFlush = !isDense || (published && problem.l2 === 0);
  const flushEvery = hasNoFlush ? 0 : (options.flushEvery ?? (yield* automaticFlush(problem, plane, stepSize)));
  const bytes = outputs * plane.padded * 8;
  const v = scope.alloc(bytes, "the anchor");
  const g = scope.alloc(bytes, "the full gradient");
  const inner = yield* InnerRun.create(scope, problem, {
    ...settings,
    plane,
    alpha: stepSize / largestSquared,
    flushEvery,
    isPublished: published,
    rowsPerDraw: isInBlocks ? BLOCK_ROWS : batchSize,
    batchSize,
  });
  return { scope, plane, stepSize, innerSteps, batchSize, v, g, inner };
}

/** B/(2L): a batch moves as far as its rows would one by one; but not beyond 1/λmax, where a step goes all the way along the steepest direction. */
function* automaticStep(problem: Problem, plane: Plane | SparsePlane, batchSize: number): Work<number> {
  const smoothness = yield* problem.smoothness(plane);
  if (!(smoothness > 0)) return 1;
  const single = 1 / (2 * smoothness);
  if (batchSize === 1 || "entries" in plane) return single;
  return Math.min(batchSize * single, 1 / (yield* problem.largestEigenvalue(plane)));
}

/** alpha·m·λmax ≤ 1 keeps the error of the lazily applied dense term below 9 % per outer step (docs/numerics.md §5). */
function* automaticFlush(problem: Problem, plane: Plane, stepSize: number): Work<number> {
  const product = stepSize * (yield* problem.largestEigenvalue(plane));
  return Math.max(1, Math.min(64, Math.floor(1 / product)));
}

export class Session {
  readonly problem: Problem;
  readonly plane: Plane | SparsePlane;
  readonly options: CheckedOptions;
  readonly inner: InnerLoop;
  /** Anchor (or model) in code coordinates: outputs × padded f64. */
  readonly v: number;
  /** Full gradient in code coordinates, same shape. */
  readonly g: number;
  readonly stepSize: number;
  readonly innerSteps: number;
  readonly #batchSize: number;
  readonly #scope: Scope;
  readonly #settings: SessionSettings;
  #exact: ExactPass = { objective: Number.NaN, gradientNorm: Number.NaN, codeNorm: Number.NaN };
  #reference = 0;
  #isEvaluated = false;
  #samples = 0;
  #exactPasses = 0;
  readonly #stopwatch = new Stopwatch();
  #saturated = 0;

  private constructor(problem: Problem, options: CheckedOptions, settings: SessionSettings, built: BuiltSession) {
    this.problem = problem;
    this.options = options;
    this.#settings = settings;
    this.plane = built.plane;
    this.stepSize = built.stepSize;
    this.innerSteps = built.innerSteps;
    this.#batchSize = built.batchSize;
    this.#scope = built.scope;
    this.v = built.v;
    this.g = built.g;
    this.inner = built.inner;
    problem.own(built.scope);
  }

  static *create(problem: Problem, options: CheckedOptions, settings: SessionSettings): Work<Session> {
    problem.checkLive();
    const built = yield* Scope.guardWork(problem.core, (scope) => build(scope, problem, options, settings));
    const session = new Session(problem, options, settings, built);
    let isReady = false;
    try {
      if (options.start !== null) yield* session.#start(options.start);
      isReady = true;
      return session;
    } finally {
      if (!isReady) session.release();
    }
  }

  *#start(start: Weights): Work<void> {
    const { problem, plane, v, g, inner } = this;
    // divergence is judged from zero too: a run that starts at the optimum may well rise a million-fold
    this.#reference = (yield* problem.exactPass(plane, v, g, inner.values)).objective;
    problem.toCodes(plane, start, v);
    inner.clearMasked(v);
  }

  release(): void {
    this.problem.forget(this.#scope);
    this.#scope.release();
  }

  /** Norm of the full gradient in unit coordinates. */
  get unitGradientNorm(): number {
    return this.#exact.codeNorm / this.plane.largest;
  }

  /** Objective and gradient norms at the present point. */
  get exact(): ExactPass {
    return this.#exact;
  }

  /** The anchor is a stationary point to the last bit: nothing is left to do. */
  get isStationary(): boolean {
    return this.#exact.codeNorm === 0;
  }

  get isDiverged(): boolean {
    const { objective } = this.#exact;
    return !Number.isFinite(objective) || objective > DIVERGED * this.#reference;
  }

  /** The exact pass at v: objective, gradient (into g), states. */
  *evaluate(): Work<void> {
    this.problem.checkLive();
    this.#exact = yield* this.#stopwatch.timed("exact", this.#pass());
    if (!this.#isEvaluated) this.#reference = Math.max(this.#reference, this.#exact.objective);
    this.#isEvaluated = true;
    // without an anchor the pass only serves the report
    if (this.#settings.isCentred) this.#exactPasses++;
  }

  *#pass(): Work<ExactPass> {
    const exact = yield* this.problem.exactPass(this.plane, this.v, this.g, this.inner.values);
    yield* this.inner.takeStates();
    return exact;
  }

  /** One inner run with unit `delta` (code coordinates). */
  *advance(outerStep: number, delta: number, isOptionTwo: boolean): Work<void> {
    this.problem.checkLive();
    const { steps, saturated } = yield* this.#stopwatch.timed(
      "inner",
      this.inner.advance(this.options.seed, outerStep, this.innerSteps, delta, isOptionTwo),
    );
    this.#samples += steps * this.#batchSize;
    this.#saturated = saturated;
  }

  /** Whether the float32 steps can work with this unit (code coordinates): a normal float32 number. */
  accepts(delta: number): boolean {
    return Math.fround(delta) >= SMALLEST_UNIT && Number.isFinite(Math.fround(delta));
  }

  /** The report of the present point; delta in code coordinates. */
  report(outerStep: number, delta = 0, mu = 0, isRejected = false): StepReport {
    const { objective, gradientNorm } = this.#exact;
    return {
      outerStep,
      passes: this.#samples / this.problem.dataset.rows,
      exactPasses: this.#exactPasses,
      objective,
      gradientNorm,
      stepSize: this.stepSize,
      deltaScale: delta * this.plane.largest,
      saturated: this.#saturated,
      mu,
      isRejected,
      isDiverged: this.isDiverged,
      ...this.problem.toWeights(this.plane, this.v),
      seconds: this.#stopwatch.seconds,
    };
  }
}

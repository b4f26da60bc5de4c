// What all estimators share: fit in pauses or straight through, the state of a fitted model, JSON. A fit replaces the model outer step by outer step: what
// interrupts it, a signal or a callback that throws, leaves the last finished one.
import { createEngine, type Engine } from "../data/engine.js";
import { checkVector } from "../data/matrix.js";
import type { LossName, Weights } from "../data/problem.js";
import { finish, type Work } from "../engine/work.js";
import { BitcenterError, show } from "../errors.js";
import { checkNames, oneOf } from "../options.js";
import { checkReport } from "./check-report.js";
import type { FitReport } from "./fit-report.js";
import { splitRows } from "./folds.js";
import { type EncodedLabels, encodeLabels, type Label, mapped, rowWeights, weightsOfClasses } from "./labels.js";
import type { EstimatorName, LinearModel } from "./linear-model.js";
import { type ModelJson, modelFromJson, modelToJson, type SavedModel } from "./model-json.js";
import { type EstimatorOptions, HOST_OPTIONS, type Settings } from "./options.js";
import { drive } from "./pausing.js";
import { type RowsInput, type Shape, shapeOf, takeRows } from "./rows.js";
import { meanLoss, scoresOf } from "./scores.js";
import { StreamState } from "./stream.js";
import { against, type Task, type TaskResult, type TaskStep, trainTask, type ValidateTask } from "./training.js";

/** What onProgress hears after every outer step. */
export interface FitProgress {
  readonly outerStep: number;
  /** So far, all classes against the rest together: passes over codes, and over the exact copy. */
  readonly passes: number;
  readonly exactPasses: number;
  /** F and ‖∇F‖ at the present weights, of the present problem. */
  readonly objective: number;
  readonly gradientNorm: number;
  /** Estimate of the part that is done, 0 to 1; never falls. */
  readonly fraction: number;
  /** Which problem is trained, 0-based, and how many there are: one per class where each is set against the rest, else one. */
  readonly problem: number;
  readonly problems: number;
}

export interface FitOptions<Y = Label> {
  /** One weight ≥ 0 per row. Only ratios matter: they do not change how strong the penalty is. */
  readonly sampleWeight?: ArrayLike<number>;
  /** Rows that are not trained on; the fit ends when their loss has not fallen for `patience` outer steps, and keeps the weights where it was lowest. Or the part of X to
   *  hold out, 0 < part < 1: random rows by `seed`, for classifiers the same part of every class. Either way `classWeight` weighs their losses as it does those of the rows that are
   *  trained on, by the same weight of every class ("balanced": from the labels `y` of the fit). */
  readonly validation?:
    | { readonly X: RowsInput; readonly y: ArrayLike<Y>; readonly sampleWeight?: ArrayLike<number> }
    | number;
  readonly onProgress?: (progress: FitProgress) => void;
  readonly signal?: AbortSignal;
  /** Names of the columns, kept with the model. */
  readonly featureNames?: readonly string[];
  /** Rows of a LIBSVM file: what it called its first column (`firstIndex` of readLibsvm and readFile), kept with the model for the files to come. */
  readonly firstIndex?: 0 | 1 | null;
}

export interface ScoreOptions {
  /** One weight ≥ 0 per row, not all of them 0. */
  readonly sampleWeight?: ArrayLike<number>;
}

export interface PartialFitOptions {
  readonly sampleWeight?: ArrayLike<number>;
  /** Classifiers, first call: all labels that will ever come. */
  readonly classes?: ArrayLike<Label>;
}

interface Fitted extends Weights {
  readonly loss: LossName;
  readonly classes: readonly Label[] | null;
  readonly cols: number;
  readonly featureNames: readonly string[] | null;
  readonly firstIndex: 0 | 1 | null;
}

/** Rows held out, as the losses want them. */
interface HeldOut {
  readonly X: RowsInput;
  readonly targets: Float64Array;
  readonly weights: Float64Array | null;
}

const FIT_OPTIONS = ["sampleWeight", "validation", "onProgress", "signal", "featureNames", "firstIndex"];
const now = (): number => performance.now();

export abstract class LinearEstimator<Y extends Label = Label> implements LinearModel {
  abstract readonly estimator: EstimatorName;
  /** As given. */
  readonly options: EstimatorOptions;
  /** @internal */
  readonly settings: Settings;
  #fitted: Fitted | null = null;
  #report: FitReport | null = null;
  #stream: StreamState | null = null;
  #isBusy = false;

  /** @internal */
  protected constructor(options: EstimatorOptions, settings: Settings) {
    this.options = Object.freeze({ ...options });
    this.settings = settings;
  }

  /** The loss for so many classes (null: regression), and whether each class is set against the rest. @internal */
  abstract lossFor(classes: number | null): { readonly loss: LossName; readonly isOneAgainstRest: boolean };

  /** @internal */
  abstract readonly isClassifier: boolean;

  get isFitted(): boolean {
    return this.#fitted !== null;
  }

  /** outputs × cols, row-major: one output for regression and two classes, else one per class. In your units. */
  get coef(): Float64Array {
    return this.fitted("coef").coef;
  }

  get intercept(): Float64Array {
    return this.fitted("intercept").intercept;
  }

  get loss(): LossName {
    return this.fitted("loss").loss;
  }

  /** Labels in ascending order (strings by code units), of two the second is the positive one; null for regression. */
  get classes(): readonly Label[] | null {
    return this.fitted("classes").classes;
  }

  get cols(): number {
    return this.fitted("cols").cols;
  }

  get featureNames(): readonly string[] | null {
    return this.fitted("featureNames").featureNames;
  }

  /** What the LIBSVM file of the training rows called its first column; null if they came from elsewhere, or `fit` was not told. */
  get firstIndex(): 0 | 1 | null {
    return this.fitted("firstIndex").firstIndex;
  }

  /** How the last fit went; null before one. */
  get report(): FitReport | null {
    return this.#report;
  }

  /**
   * Trains without blocking: the event loop gets a turn every 12 to 16 ms. The rows must not change until it is done.
   * X: rows × cols; y: one label per row.
   * @throws BitcenterError BAD_SHAPE, BAD_VALUE, EMPTY, ONE_CLASS, BAD_OPTION before anything is lost; UNSUPPORTED while another fit of this estimator runs; ABORTED (`cause`:
   *   the signal's reason), OUT_OF_MEMORY and what onProgress throws, with the model of the last finished outer step
   */
  async fit(X: RowsInput, y: ArrayLike<Y>, options: FitOptions<Y> = {}): Promise<this> {
    return drive(this.fitWork(X, y, options));
  }

  /** `fit` straight through, for scripts and workers. */
  fitSync(X: RowsInput, y: ArrayLike<Y>, options: FitOptions<Y> = {}): this {
    return finish(this.fitWork(X, y, options));
  }

  /**
   * Takes one batch of a stream into the model and forgets it; memory does not grow with the number of batches. Least squares: the optimum of all rows so far. Other losses:
   * as good as the optimum up to a part of its own statistical error, in batches that are mixed as the stream is (docs/decisions/0022). More than 512 coordinates
   * (outputs × columns, intercepts included): a coarser method. Runs straight through: batches of some thousand rows.
   * @throws BitcenterError as `fit`; UNSUPPORTED where the model was not begun by partialFit, and for loss "hinge"
   */
  partialFit(X: RowsInput, y: ArrayLike<Y>, options: PartialFitOptions = {}): this {
    const where = `${this.estimator}.partialFit`;
    return this.exclusively(where, () => {
      checkNames(where, options, ["sampleWeight", "classes"]);
      const started = now();
      const shape = shapeOf(where, X);
      const stream = this.#stream ?? this.#openStream(where, shape, options);
      if (shape.cols !== stream.cols) {
        throw new BitcenterError("BAD_SHAPE", `${where}: rows have ${shape.cols} columns, the model ${stream.cols}`);
      }
      const { classes } = stream;
      this.#checkSameClasses(where, options, classes);
      const labels = classes === null ? null : finish(encodeLabels(where, y, shape.rows, classes));
      const targets = labels?.index ?? finish(checkVector(where, "labels", y as ArrayLike<number>, shape.rows));
      const byClass = finish(weightsOfClasses(where, this.settings.classWeight, labels));
      const weights = finish(rowWeights(where, options.sampleWeight, byClass, targets, shape.rows));
      const step = finish(stream.take(where, X, targets, weights));
      // a stream begins with the first batch that was good
      this.#stream = stream;
      const { loss, cols } = stream;
      this.#fitted = { ...step.weights, loss, classes, cols, featureNames: null, firstIndex: null };
      this.#report = {
        solver: "stream",
        variant: "none",
        loss: stream.loss,
        rows: stream.rows,
        cols: stream.cols,
        passes: stream.passes,
        exactPasses: 0,
        outerSteps: stream.batches,
        objective: step.objective,
        gradientNorm: step.gradientNorm,
        isConverged: step.isConverged,
        stoppedBy: step.isConverged ? "converged" : "stalled",
        validation: null,
        bytes: stream.bytes,
        loadSeconds: 0,
        seconds: (now() - started) / 1000,
      };
      return this;
    });
  }

  #openStream(where: string, shape: Shape, options: PartialFitOptions): StreamState {
    if (this.#fitted !== null) {
      throw new BitcenterError(
        "UNSUPPORTED",
        `${where}: this model was not begun by partialFit, and what it knows of its rows is not kept; stream into a new estimator`,
      );
    }
    const classes = this.isClassifier ? this.checkStreamClasses(where, options) : null;
    const { loss, isOneAgainstRest } = this.lossFor(classes?.length ?? null);
    return new StreamState(where, this.settings, loss, classes, isOneAgainstRest, shape.cols);
  }

  #checkSameClasses(where: string, options: PartialFitOptions, classes: readonly Label[] | null): void {
    if (classes === null || options.classes === undefined) return;
    const given = this.checkStreamClasses(where, options) ?? [];
    if (given.length === classes.length && given.every((label, k) => label === classes[k])) return;
    throw new BitcenterError(
      "BAD_OPTION",
      `${where}: classes must be those of the first batch, ${classes.map(show).join(", ")}, given ${given.map(show).join(", ")}`,
    );
  }

  /** @internal */
  protected checkStreamClasses(_where: string, _options: PartialFitOptions): Label[] | null {
    return null;
  }

  /** Runs `work` unless a fit is running. @internal */
  protected exclusively<T>(where: string, work: () => T): T {
    this.#enter(where);
    try {
      return work();
    } finally {
      this.#isBusy = false;
    }
  }

  #enter(where: string): void {
    if (this.#isBusy) {
      throw new BitcenterError("UNSUPPORTED", `${where}: a fit of this estimator is running; await it first`);
    }
    this.#isBusy = true;
  }

  /** A fit in pieces. @internal */
  *fitWork(X: RowsInput, y: ArrayLike<Y>, options: FitOptions<Y> = {}): Work<this> {
    const where = `${this.estimator}.fit`;
    this.#enter(where);
    try {
      checkFitOptions(where, options);
      const { signal } = options;
      let progress: FitProgress | null = null;
      const before = this.#report;
      const work = this.#train(where, X, y, options, (step) => {
        progress = step;
        options.onProgress?.(step);
      });
      try {
        for (;;) {
          if (signal?.aborted) throw aborted(where, signal, progress, this.#report !== before, this.isFitted);
          const { done } = work.next();
          if (done) return this;
          yield;
        }
      } catch (error) {
        if (this.#report !== null && this.#report !== before) {
          const isAbort = error instanceof BitcenterError && error.code === "ABORTED";
          this.#report = { ...this.#report, stoppedBy: isAbort ? "aborted" : "failed" };
        }
        throw error;
      } finally {
        work.return(undefined as never);
      }
    } finally {
      this.#isBusy = false;
    }
  }

  /** Labels and weights of rows, ready for a loss. @internal */
  *targetsOf(
    where: string,
    y: ArrayLike<Y>,
    rows: number,
    known: readonly Label[] | null = null,
  ): Work<{ targets: Float64Array; labels: EncodedLabels | null }> {
    if (!this.isClassifier)
      return { targets: yield* checkVector(where, "labels", y as ArrayLike<number>, rows), labels: null };
    const labels = yield* encodeLabels(where, y, rows, known);
    if (labels.classes.length < 2) {
      throw new BitcenterError(
        "ONE_CLASS",
        `${where}: expected labels of two classes or more, but every label is ${show(labels.classes[0])}`,
      );
    }
    return { targets: labels.index, labels };
  }

  *#train(
    where: string,
    X: RowsInput,
    y: ArrayLike<Y>,
    options: FitOptions<Y>,
    onStep: (step: FitProgress) => void,
  ): Work<void> {
    const { settings } = this;
    const begun = now();
    const shape = shapeOf(where, X);
    const featureNames = checkFeatureNames(where, options.featureNames, shape.cols);
    const firstIndex = oneOf(where, "firstIndex", options.firstIndex ?? undefined, [0, 1] as const, null);
    const { targets, labels } = yield* this.targetsOf(where, y, shape.rows);
    const byClass = yield* weightsOfClasses(where, settings.classWeight, labels);
    const weights = yield* rowWeights(where, options.sampleWeight, byClass, targets, shape.rows);
    const classes = labels?.classes ?? null;
    const all = { X, targets, weights };
    const { training, heldOut } = yield* this.#holdOut(where, all, classes, byClass, options.validation, shape);

    const { loss, isOneAgainstRest } = this.lossFor(classes?.length ?? null);
    const task: Task = {
      loss,
      problems: isOneAgainstRest && classes !== null ? classes.length : 1,
      targets: training.targets,
    };
    const engine = settings.engine ?? createEngine(settings.engineOptions);
    try {
      const meter = engine.meter();
      const dataset = yield* meter.of(loadDataset(engine, training, settings));
      try {
        const loaded = now();
        const start = this.#startFor(classes, shape.cols, loss);
        const facts = {
          solver: settings.solver,
          variant: engine.variant,
          loss,
          rows: dataset.rows,
          cols: dataset.cols,
          loadSeconds: (loaded - begun) / 1000,
        };
        const adopt = (present: Weights, report: Omit<FitReport, keyof typeof facts | "bytes" | "seconds">): void => {
          this.#stream = null;
          const { coef, intercept } = present;
          this.#fitted = { coef, intercept, loss, classes, cols: shape.cols, featureNames, firstIndex };
          this.#report = { ...facts, ...report, bytes: meter.most, seconds: (now() - loaded) / 1000 };
        };
        const validate = heldOut === null ? null : validator(where, task, heldOut, shape.cols, settings.epsilon);
        const visit = (step: TaskStep, present: Weights): void => {
          const { outerStep, passes, exactPasses, objective, gradientNorm, fraction, problem, isUsable } = step;
          const shown = { outerStep, passes, exactPasses, objective, gradientNorm };
          if (isUsable) {
            const state = { isConverged: false, stoppedBy: "running", validation: null } as const;
            adopt(present, { passes, exactPasses, outerSteps: outerStep, objective, gradientNorm, ...state });
          }
          // whoever listens may use the same engine
          meter.outside(() => onStep({ ...shown, fraction, problem, problems: task.problems }));
        };
        const run = trainTask(engine, dataset, task, settings, start, validate, visit);
        const result: TaskResult = yield* meter.of(run);
        if (!result.isUsable) {
          throw new BitcenterError(
            "BAD_VALUE",
            `${where}: solver ${show(settings.solver)} diverged in its first outer step; use solver: "auto"`,
          );
        }
        const { passes, exactPasses, outerSteps, objective, gradientNorm, isConverged, ending, validation } = result;
        const outcome = { isConverged, stoppedBy: ending, validation };
        adopt(result.weights, { passes, exactPasses, outerSteps, objective, gradientNorm, ...outcome });
      } finally {
        dataset.dispose();
      }
    } finally {
      if (settings.engine === null) engine.dispose();
    }
  }

  /** The fitted weights, where a warm start is asked for and they fit. */
  #startFor(classes: readonly Label[] | null, cols: number, loss: LossName): Weights | null {
    const fitted = this.#fitted;
    if (!this.settings.warmStart || fitted === null) return null;
    const isSame =
      fitted.cols === cols &&
      fitted.loss === loss &&
      fitted.classes?.length === classes?.length &&
      (classes ?? []).every((label, i) => label === fitted.classes?.[i]);
    if (!isSame) return null;
    const { coef, intercept } = fitted;
    return { coef, intercept: this.settings.fitIntercept ? intercept : intercept.map(() => 0) };
  }

  /** Rows to train on and rows held out. */
  *#holdOut(
    where: string,
    all: HeldOut,
    classes: readonly Label[] | null,
    byClass: Float64Array | null,
    validation: FitOptions<Y>["validation"],
    shape: Shape,
  ): Work<{ training: HeldOut; heldOut: HeldOut | null }> {
    if (validation === undefined) return { training: all, heldOut: null };
    if (typeof validation === "number") {
      const { train, test } = yield* splitRows(
        where,
        shape.rows,
        validation,
        this.settings.seed,
        classes && all.targets,
        classes?.length ?? 1,
      );
      const part = function* (index: Uint32Array): Work<HeldOut> {
        const own = new Float64Array(index.length);
        const pick = (values: Float64Array): Work<Float64Array> =>
          mapped(own, (_, i) => values[index[i] as number] as number);
        const X = yield* takeRows(where, all.X, index);
        return { X, targets: yield* pick(all.targets), weights: all.weights && (yield* pick(all.weights)) };
      };
      const heldOut = yield* part(test);
      checkAnyWeight(`${where}: validation`, heldOut.weights);
      return { training: yield* part(train), heldOut };
    }
    const inside = `${where}: validation`;
    const { X, y, sampleWeight } = validation;
    const held = shapeOf(inside, X);
    if (held.cols !== shape.cols) {
      throw new BitcenterError("BAD_SHAPE", `${inside}: rows have ${held.cols} columns, X has ${shape.cols}`);
    }
    const targets =
      classes === null
        ? yield* checkVector(inside, "labels", y as ArrayLike<number>, held.rows)
        : (yield* encodeLabels(inside, y, held.rows, classes)).index;
    // what is watched is the loss that is minimised: a weighted fit would look worse and worse to an unweighted eye
    const weights = yield* rowWeights(inside, sampleWeight, byClass, targets, held.rows);
    checkAnyWeight(inside, weights);
    return { training: all, heldOut: { X, targets, weights } };
  }

  /** The fitted state. @internal */
  protected fitted(what: string): Fitted {
    if (this.#fitted === null) {
      throw new BitcenterError("NOT_FITTED", `${this.estimator}.${what}: this model is not fitted; call fit first`);
    }
    return this.#fitted;
  }

  /** Scores of rows: rows × outputs. @internal */
  protected scores(what: string, X: RowsInput): Float64Array {
    return finish(this.scoresWork(what, X));
  }

  /** @internal */
  protected scoresWork(what: string, X: RowsInput): Work<Float64Array> {
    const fitted = this.fitted(what);
    return scoresOf(`${this.estimator}.${what}`, fitted, fitted.cols, X);
  }

  /** How good the predictions are: accuracy, or R². @internal */
  abstract scoreWork(X: RowsInput, y: ArrayLike<Y>, options?: ScoreOptions): Work<number>;

  /** An estimator with the same options, not fitted. */
  clone(): this {
    return this.with({});
  }

  /** An estimator with other options. @internal */
  with(changes: EstimatorOptions): this {
    const Own = this.constructor as new (options: EstimatorOptions) => this;
    return new Own({ ...this.options, ...changes });
  }

  /** The same with another strength of the penalty. @internal */
  withStrength(alpha: number): this {
    const Own = this.constructor as new (options: EstimatorOptions) => this;
    const { alpha: _alpha, l2: _l2, ...rest } = this.options;
    return new Own({ ...rest, alpha });
  }

  /** The model with its options and report, for JSON.stringify. */
  toJSON(): ModelJson {
    const { coef, intercept, loss, classes, cols, featureNames, firstIndex } = this.fitted("toJSON");
    const options = Object.entries(this.options).filter(
      ([name, value]) => value !== undefined && !HOST_OPTIONS.includes(name),
    );
    const plain = options.map(([name, value]) => [name, value instanceof Map ? [...value] : value]);
    const named = { estimator: this.estimator, loss, classes, cols, featureNames, firstIndex };
    const model: LinearModel = { ...named, coef, intercept };
    return modelToJson(model, { options: Object.fromEntries(plain), report: this.#report });
  }

  /** Takes over a model that was read. @internal */
  restore({ loss, classes, cols, coef, intercept, featureNames, firstIndex = null, report }: SavedModel): this {
    const where = `${this.estimator}.fromJSON`;
    const expected = this.lossFor(classes?.length ?? null).loss;
    if (loss !== expected) {
      throw new BitcenterError(
        "BAD_FILE",
        `${where}: the options are of a model with loss ${show(expected)}, but its loss is ${show(loss)}`,
      );
    }
    this.#report = checkReport(where, report, loss, cols);
    this.#fitted = { loss, classes, cols, coef, intercept, featureNames, firstIndex };
    return this;
  }

  /** Replaces the state: for l2Path, which trains many models at once. @internal */
  adopt(fitted: Fitted, report: FitReport | null): this {
    this.#fitted = fitted;
    this.#report = report;
    return this;
  }
}

/** A model in JSON that is of `estimator`. */
export function readModel(estimator: EstimatorName, value: unknown): SavedModel {
  const where = `${estimator}.fromJSON`;
  const saved = modelFromJson(value, where);
  if (saved.estimator !== estimator) {
    throw new BitcenterError("BAD_FILE", `${where}: expected a ${estimator}, given a ${saved.estimator}`);
  }
  return saved;
}

/** Rows into the engine. @internal */
export function* loadDataset(engine: Engine, { X, targets, weights }: HeldOut, { bits, solver }: Settings) {
  return yield* engine.datasetWork(X, targets, {
    // the bits of zipml are those of its samples
    bits: solver === "zipml" ? 8 : bits,
    ...(weights !== null && { sampleWeight: weights }),
  });
}

function checkFitOptions<Y extends Label>(where: string, options: FitOptions<Y>): void {
  checkNames(where, options, FIT_OPTIONS);
  const { validation, onProgress, signal } = options;
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new BitcenterError("BAD_OPTION", `${where}: onProgress must be a function, given ${show(onProgress)}`);
  }
  if (signal !== undefined && typeof signal?.aborted !== "boolean") {
    throw new BitcenterError("BAD_OPTION", `${where}: signal must be an AbortSignal, given ${show(signal)}`);
  }
  const isPart = typeof validation === "number" && validation > 0 && validation < 1;
  const isRows = typeof validation === "object" && validation !== null;
  if (validation !== undefined && !isPart && !isRows) {
    throw new BitcenterError(
      "BAD_OPTION",
      `${where}: validation must be { X, y } or a part of the rows between 0 and 1, given ${show(validation)}`,
    );
  }
  if (isRows) checkNames(`${where}: validation`, validation, ["X", "y", "sampleWeight"]);
}

/** A mean over rows that weigh nothing is no number, and no loss is below it. */
function checkAnyWeight(where: string, weights: Float64Array | null): void {
  if (weights === null || weights.some((weight) => weight > 0)) return;
  throw new BitcenterError("BAD_VALUE", `${where}: the weights of the rows held out are all 0`);
}

function checkFeatureNames(where: string, names: unknown, cols: number): readonly string[] | null {
  if (names === undefined || names === null) return null;
  if (!Array.isArray(names) || names.length !== cols || !names.every((name) => typeof name === "string")) {
    throw new BitcenterError(
      "BAD_OPTION",
      `${where}: featureNames must be ${cols} strings, one per column, given ${show(names)}`,
    );
  }
  return Object.freeze([...names]);
}

function aborted(
  where: string,
  signal: AbortSignal,
  progress: FitProgress | null,
  isReplaced: boolean,
  isFitted: boolean,
): BitcenterError {
  const of =
    progress !== null && progress.problems > 1 ? ` of class ${progress.problem + 1} of ${progress.problems}` : "";
  const state = isReplaced
    ? `after outer step ${progress?.outerStep}${of}; the model is that of the last finished outer step`
    : `before the first outer step was finished; ${isFitted ? "the model is the one of before" : "there is no model"}`;
  return new BitcenterError("ABORTED", `${where}: aborted ${state}`, { cause: signal.reason });
}

/** Mean loss on the rows held out. */
function validator(where: string, task: Task, held: HeldOut, cols: number, tau: number): ValidateTask {
  const { loss, problems } = task;
  const isBinary = loss === "logistic" || loss === "hinge" || loss === "squaredHinge";
  let [targets, known] = [held.targets, -1];
  return function* (problem, weights) {
    if (isBinary && problem !== known) {
      targets = yield* against(held.targets, problems > 1 ? problem : 1);
      known = problem;
    }
    const scores = yield* scoresOf(`${where}: validation`, weights, cols, held.X);
    return yield* meanLoss(loss, scores, weights.intercept.length, targets, held.weights, tau);
  };
}

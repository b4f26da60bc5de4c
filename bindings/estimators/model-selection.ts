// Choosing between models: scores on folds, and fits along a path of strengths.
import { createEngine } from "../data/engine.js";
import { isVector } from "../data/matrix.js";
import type { Weights } from "../data/problem.js";
import type { Work } from "../engine/work.js";
import { BitcenterError, show } from "../errors.js";
import { checkNames, number } from "../options.js";
import { Classifier } from "./classifier.js";
import { exp, log } from "./elementary.js";
import { LinearEstimator, loadDataset } from "./estimator.js";
import type { FitReport } from "./fit-report.js";
import { KFold, type Split, type Splitter, StratifiedKFold } from "./folds.js";
import { checkLength, type Label, rowWeights, weightsOfClasses } from "./labels.js";
import { drive } from "./pausing.js";
import { type RowsInput, shapeOf, takeRows } from "./rows.js";
import { type TaskResult, trainTask } from "./training.js";

/** What crossValidate asks of an estimator: those of this package, or your own. */
export interface AnyEstimator<Y> {
  /** The same, not fitted. */
  clone(): AnyEstimator<Y>;
  fit(
    X: RowsInput,
    y: ArrayLike<Y>,
    options: { readonly sampleWeight?: ArrayLike<number>; readonly signal?: AbortSignal },
  ): Promise<unknown>;
  score(X: RowsInput, y: ArrayLike<Y>, options: { readonly sampleWeight?: ArrayLike<number> }): number;
  readonly report?: FitReport | null;
}

export interface CrossValidateOptions {
  /** Number of folds of neighbouring rows (default 5; classifiers: stratified), or a splitter: a KFold, a StratifiedKFold, or your own. */
  readonly folds?: number | Splitter;
  readonly sampleWeight?: ArrayLike<number>;
  readonly signal?: AbortSignal;
  /** Called after each fold. */
  readonly onFold?: (fold: {
    readonly fold: number;
    readonly score: number;
    readonly report: FitReport | null;
  }) => void;
}

export interface CrossValidation<E> {
  /** Of each fold, on the rows that its estimator was not trained on: accuracy, or R². */
  readonly scores: Float64Array;
  readonly mean: number;
  /** √(mean squared distance of the scores from their mean). */
  readonly deviation: number;
  readonly reports: readonly (FitReport | null)[];
  /** The fitted estimator of each fold. */
  readonly estimators: readonly E[];
}

/** The labels that an estimator is fitted to. */
export type LabelOf<E> = E extends { fit(X: never, y: ArrayLike<infer Y>, ...more: never[]): unknown } ? Y : never;

/** Some labels or weights. */
function take<T>(values: ArrayLike<T>, index: Uint32Array): ArrayLike<T> {
  return Array.from(index, (i) => values[i] as T);
}

function checkSplit(where: string, split: Split, rows: number): void {
  for (const [name, index] of Object.entries({ train: split?.train, test: split?.test })) {
    if (!isVector(index) || index.length === 0) {
      throw new BitcenterError("BAD_OPTION", `${where}: ${name} must be indices of rows, given ${show(index)}`);
    }
    for (let i = 0; i < index.length; i++) {
      const row = index[i] as number;
      if (!(Number.isInteger(row) && row >= 0 && row < rows)) {
        throw new BitcenterError(
          "BAD_OPTION",
          `${where}: ${name} must be rows from 0 to ${rows - 1}, given ${show(row)}`,
        );
      }
    }
  }
}

function checkSignal(where: string, signal: AbortSignal | undefined, at: string): void {
  if (signal?.aborted) throw new BitcenterError("ABORTED", `${where}: aborted before ${at}`, { cause: signal.reason });
}

/**
 * Trains a clone of `estimator` on each fold's other rows and scores it on the fold; `estimator` itself stays as it is. Rows go by index in their own storage: bytes stay
 * bytes, sparse rows sparse.
 * @throws BitcenterError as `fit`, with the fold; ABORTED (`cause`: the signal's reason)
 */
export async function crossValidate<E extends AnyEstimator<never>>(
  estimator: E,
  X: RowsInput,
  y: ArrayLike<LabelOf<E>>,
  options: CrossValidateOptions = {},
): Promise<CrossValidation<E>> {
  const where = "crossValidate";
  checkNames(where, options, ["folds", "sampleWeight", "signal", "onFold"]);
  if (typeof estimator?.clone !== "function") {
    throw new BitcenterError("BAD_OPTION", `${where}: expected an estimator, given ${show(estimator)}`);
  }
  const { rows } = shapeOf(where, X);
  checkLength(where, y, rows);
  const { signal, onFold } = options;
  const weights = await drive(rowWeights(where, options.sampleWeight, null, null, rows));
  const splitter = splitterFor(where, estimator, options.folds);
  const scores: number[] = [];
  const reports: (FitReport | null)[] = [];
  const estimators: E[] = [];
  for (const split of splitter.split(rows, y as ArrayLike<Label>)) {
    const fold = scores.length;
    checkSignal(where, signal, `fold ${fold + 1}`);
    checkSplit(`${where}: fold ${fold + 1}`, split, rows);
    const [train, test] = [Uint32Array.from(split.train), Uint32Array.from(split.test)];
    const own = estimator.clone() as E;
    const weightsOf = (index: Uint32Array) => (weights === null ? {} : { sampleWeight: take(weights, index) });
    await own.fit(await drive(takeRows(where, X, train)), take(y, train) as ArrayLike<never>, {
      ...weightsOf(train),
      ...(signal !== undefined && { signal }),
    });
    const rest = await drive(takeRows(where, X, test));
    const labels = take(y, test) as ArrayLike<never>;
    const score =
      own instanceof LinearEstimator
        ? await drive(own.scoreWork(rest, labels, weightsOf(test)))
        : own.score(rest, labels, weightsOf(test));
    scores.push(score);
    reports.push(own.report ?? null);
    estimators.push(own);
    onFold?.({ fold, score, report: own.report ?? null });
  }
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const squares = scores.reduce((sum, score) => sum + (score - mean) * (score - mean), 0);
  const deviation = Math.sqrt(squares / scores.length);
  return { scores: Float64Array.from(scores), mean, deviation, reports, estimators };
}

function splitterFor(where: string, estimator: unknown, folds: CrossValidateOptions["folds"]): Splitter {
  if (typeof folds === "object" && typeof folds?.split === "function") return folds;
  if (folds !== undefined && typeof folds !== "number") {
    throw new BitcenterError(
      "BAD_OPTION",
      `${where}: folds must be a number or an object with split(rows, y), given ${show(folds)}`,
    );
  }
  const count = number(where, "folds", folds, { min: 2, integer: true }, 5);
  return estimator instanceof Classifier ? new StratifiedKFold({ folds: count }) : new KFold({ folds: count });
}

export interface L2PathOptions {
  /** Strengths ≥ 0 in any order, or `count` of them from `min` to `max`, each the same multiple of the one before. */
  readonly strengths: ArrayLike<number> | { readonly min: number; readonly max: number; readonly count: number };
  readonly sampleWeight?: ArrayLike<number>;
  readonly signal?: AbortSignal;
  /** Called after each strength, from the strongest to the weakest. */
  readonly onPoint?: (point: PathPoint<unknown>) => void;
}

export interface PathPoint<E> extends Weights {
  /** λ, as the estimator's `alpha`. */
  readonly strength: number;
  /** F and ‖∇F‖ at this strength: exact, in your units. */
  readonly objective: number;
  readonly gradientNorm: number;
  readonly isConverged: boolean;
  readonly passes: number;
  readonly exactPasses: number;
  /** An estimator with this strength, fitted. */
  readonly model: E;
}

function checkStrengths(where: string, given: unknown): Float64Array {
  if (isVector(given)) {
    if (given.length === 0) throw new BitcenterError("EMPTY", `${where}: strengths is empty`);
    return Float64Array.from(given as number[], (l2, i) => {
      if (l2 === undefined) throw new BitcenterError("BAD_OPTION", `${where}: strengths[${i}] is missing`);
      return number(where, `strengths[${i}]`, l2, { min: 0 }, 0);
    });
  }
  if (typeof given !== "object" || given === null) {
    throw new BitcenterError(
      "BAD_OPTION",
      `${where}: strengths must be an array of numbers or { min, max, count }, given ${show(given)}`,
    );
  }
  const inside = `${where}: strengths`;
  checkNames(inside, given, ["min", "max", "count"]);
  const { min, max, count } = given as { min?: unknown; max?: unknown; count?: unknown };
  const low = number(inside, "min", min ?? Number.NaN, { above: 0 }, 0);
  const high = number(inside, "max", max ?? Number.NaN, { above: low }, 0);
  return logSpaced(low, high, number(inside, "count", count ?? Number.NaN, { min: 2, integer: true }, 2));
}

/** `count` numbers from `min` to `max`, evenly spaced on a logarithmic scale. */
function logSpaced(min: number, max: number, count: number): Float64Array {
  const [low, high] = [log(min), log(max)];
  return Float64Array.from({ length: count }, (_, i) => {
    // the ends as they were given
    if (i === 0 || i === count - 1) return i === 0 ? min : max;
    return exp(low + (i / (count - 1)) * (high - low));
  });
}

/**
 * Fits the estimator for many strengths of its penalty on one dataset that is loaded once, from the strongest to the weakest, each from the weights of the one
 * before. Points come in the order of `strengths`; `estimator` itself stays as it is, its own strength is not used.
 * @throws BitcenterError as `fit`; ABORTED (`cause`: the signal's reason)
 */
export async function l2Path<E extends LinearEstimator<never> | LinearEstimator<Label> | LinearEstimator<number>>(
  estimator: E,
  X: RowsInput,
  y: ArrayLike<LabelOf<E>>,
  options: L2PathOptions,
): Promise<PathPoint<E>[]> {
  return drive(
    path(estimator as unknown as LinearEstimator<Label>, X, y as ArrayLike<Label>, options),
  ) as unknown as Promise<PathPoint<E>[]>;
}

/** l2Path in pieces. @internal */
export function* path(
  estimator: LinearEstimator<Label>,
  X: RowsInput,
  y: ArrayLike<Label>,
  options: L2PathOptions,
): Work<PathPoint<LinearEstimator<Label>>[]> {
  const where = "l2Path";
  if (!(estimator instanceof LinearEstimator)) {
    throw new BitcenterError("BAD_OPTION", `${where}: expected an estimator of this package, given ${show(estimator)}`);
  }
  checkNames(where, options, ["strengths", "sampleWeight", "signal", "onPoint"]);
  const strengths = checkStrengths(where, options?.strengths);
  const { signal, onPoint } = options;
  const { settings } = estimator;
  const { rows, cols } = shapeOf(where, X);
  const { targets, labels } = yield* estimator.targetsOf(where, y, rows);
  const byClass = yield* weightsOfClasses(where, settings.classWeight, labels);
  const weights = yield* rowWeights(where, options.sampleWeight, byClass, targets, rows);
  const classes = labels?.classes ?? null;
  const { loss, isOneAgainstRest } = estimator.lossFor(classes?.length ?? null);
  const task = { loss, problems: isOneAgainstRest && classes !== null ? classes.length : 1, targets };
  const order = Array.from(strengths, (_, i) => i).sort((i, j) => (strengths[j] as number) - (strengths[i] as number));
  const points: PathPoint<LinearEstimator<Label>>[] = new Array(strengths.length);
  const engine = settings.engine ?? createEngine(settings.engineOptions);
  try {
    const meter = engine.meter();
    const begun = performance.now();
    const dataset = yield* meter.of(loadDataset(engine, { X, targets, weights }, settings));
    try {
      const loadSeconds = (performance.now() - begun) / 1000;
      let start: Weights | null = null;
      for (const i of order) {
        const started = performance.now();
        const strength = strengths[i] as number;
        const model = estimator.withStrength(strength);
        const work: Work<TaskResult> = meter.of(
          trainTask(engine, dataset, task, model.settings, start, null, () => {}),
        );
        try {
          for (;;) {
            checkSignal(where, signal, `strength ${strength} was done`);
            const { done, value } = work.next();
            if (!done) {
              yield;
              continue;
            }
            const { weights: found, isConverged, passes, exactPasses, objective, gradientNorm, ending } = value;
            const { coef, intercept } = found;
            start = found;
            const seconds = (performance.now() - started) / 1000;
            model.adopt(
              { coef, intercept, loss, classes, cols, featureNames: null, firstIndex: null },
              {
                solver: settings.solver,
                variant: engine.variant,
                loss,
                rows,
                cols,
                passes,
                exactPasses,
                outerSteps: value.outerSteps,
                objective,
                gradientNorm,
                isConverged,
                stoppedBy: ending,
                validation: null,
                bytes: meter.most,
                loadSeconds,
                seconds,
              },
            );
            const point = {
              strength,
              coef,
              intercept,
              objective,
              gradientNorm,
              isConverged,
              passes,
              exactPasses,
              model,
            };
            points[i] = point;
            onPoint?.(point);
            break;
          }
        } finally {
          work.return(undefined as never);
        }
      }
      return points;
    } finally {
      dataset.dispose();
    }
  } finally {
    if (settings.engine === null) engine.dispose();
  }
}

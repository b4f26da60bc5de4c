// LinearRegression: least squares (ridge with alpha > 0), or Huber's loss where some targets are far off.
import { checkVector } from "../data/matrix.js";
import type { LossName } from "../data/problem.js";
import { finish, type Work } from "../engine/work.js";
import { BitcenterError } from "../errors.js";
import { checkNames, oneOf } from "../options.js";
import { LinearEstimator, readModel, type ScoreOptions } from "./estimator.js";
import { r2, scoreWeights } from "./measures.js";
import { checkOptions, type EstimatorOptions } from "./options.js";
import type { RowsInput } from "./rows.js";

export interface LinearRegressionOptions extends EstimatorOptions {
  /** "squared": ½(m − y)² (default), or "huber": linear beyond epsilon. */
  readonly loss?: "squared" | "huber";
  /** loss "huber": residuals up to here are squared, in units of the target (default 1). */
  readonly epsilon?: number;
}

export class LinearRegression extends LinearEstimator<number> {
  readonly estimator = "LinearRegression";
  /** @internal */
  readonly isClassifier = false;
  readonly #loss: LossName;

  /** @throws BitcenterError BAD_OPTION, UNSUPPORTED */
  constructor(options: LinearRegressionOptions = {}) {
    const where = "LinearRegression";
    super(options, checkOptions(where, options, 0, false, ["loss", "epsilon"]));
    this.#loss = oneOf(where, "loss", options.loss, ["squared", "huber"] as const, "squared");
    if (options.epsilon !== undefined && this.#loss !== "huber") {
      throw new BitcenterError("BAD_OPTION", `${where}: epsilon belongs to loss: "huber", given loss: "${this.#loss}"`);
    }
  }

  /** @internal */
  lossFor(): { loss: LossName; isOneAgainstRest: boolean } {
    return { loss: this.#loss, isOneAgainstRest: false };
  }

  /** w·x + b of each row. @throws BitcenterError NOT_FITTED, BAD_SHAPE, BAD_VALUE */
  predict(X: RowsInput): Float64Array {
    return this.scores("predict", X);
  }

  /**
   * R² = 1 − Σ(y − ŷ)²/Σ(y − ȳ)², weighted: 1 is perfect, 0 as good as the mean. Equal targets: 1 where all are met exactly, else 0.
   * @throws BitcenterError NOT_FITTED, BAD_SHAPE, BAD_VALUE (also for a weight below 0, and where all are 0)
   */
  score(X: RowsInput, y: ArrayLike<number>, options: ScoreOptions = {}): number {
    return finish(this.scoreWork(X, y, options));
  }

  /** @internal */
  *scoreWork(X: RowsInput, y: ArrayLike<number>, options: ScoreOptions = {}): Work<number> {
    const where = `${this.estimator}.score`;
    checkNames(where, options, ["sampleWeight"]);
    const predicted = yield* this.scoresWork("score", X);
    const targets = yield* checkVector(where, "labels", y, predicted.length);
    const weights = yield* scoreWeights(where, options.sampleWeight, predicted.length);
    return yield* r2(predicted, targets, weights);
  }

  /** The estimator in an object that `toJSON` made, or its text; options included. @throws BitcenterError BAD_FILE, BAD_OPTION, UNSUPPORTED (a newer version) */
  static fromJSON(value: unknown): LinearRegression {
    const saved = readModel("LinearRegression", value);
    return new LinearRegression(saved.options).restore(saved);
  }
}

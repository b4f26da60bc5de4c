// What classifiers share: labels of any kind, decisions, accuracy.

import { finish, type Work } from "../engine/work.js";
import { BitcenterError } from "../errors.js";
import { checkNames } from "../options.js";
import { LinearEstimator, type PartialFitOptions, type ScoreOptions } from "./estimator.js";
import { checkClasses, checkLength, type Label } from "./labels.js";
import { accuracy, scoreWeights } from "./measures.js";
import type { RowsInput } from "./rows.js";
import { winners } from "./scores.js";

export abstract class Classifier extends LinearEstimator<Label> {
  /** @internal */
  readonly isClassifier = true;

  /** Labels in ascending order (strings by code units); of two the second is the positive one. */
  override get classes(): readonly Label[] {
    return this.fitted("classes").classes as readonly Label[];
  }

  /** The scores w·x + b: rows for two classes (above 0: the second), else rows × classes, row-major (the largest wins, of equal ones the first). */
  decisionFunction(X: RowsInput): Float64Array {
    return this.scores("decisionFunction", X);
  }

  /** The label of each row. @throws BitcenterError NOT_FITTED, BAD_SHAPE, BAD_VALUE */
  predict(X: RowsInput): Label[] {
    return this.#labelsOf(this.scores("predict", X));
  }

  #labelsOf(scores: Float64Array): Label[] {
    const { classes } = this;
    return Array.from(winners(scores, this.intercept.length), (place) => classes[place] as Label);
  }

  /**
   * Accuracy: the (weighted) part of the rows whose label is predicted. A label that no row of the fit had counts as wrong.
   * @throws BitcenterError NOT_FITTED, BAD_SHAPE, BAD_VALUE (also for a weight below 0, and where all are 0)
   */
  score(X: RowsInput, y: ArrayLike<Label>, options: ScoreOptions = {}): number {
    return finish(this.scoreWork(X, y, options));
  }

  /** @internal */
  *scoreWork(X: RowsInput, y: ArrayLike<Label>, options: ScoreOptions = {}): Work<number> {
    const where = `${this.estimator}.score`;
    checkNames(where, options, ["sampleWeight"]);
    const predicted = this.#labelsOf(yield* this.scoresWork("score", X));
    checkLength(where, y, predicted.length);
    const weights = yield* scoreWeights(where, options.sampleWeight, predicted.length);
    return yield* accuracy(predicted, y, weights);
  }

  /** @internal */
  protected override checkStreamClasses(where: string, { classes }: PartialFitOptions): Label[] {
    if (classes === undefined) {
      throw new BitcenterError("BAD_OPTION", `${where}: the first batch needs classes: all labels that will ever come`);
    }
    return checkClasses(where, classes);
  }
}

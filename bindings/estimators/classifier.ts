// What classifiers share: labels of any kind, decisions, accuracy.

import { checkVector } from "../data/matrix.js";
import { finish, type Work } from "../engine/work.js";
import { BitcenterError } from "../errors.js";
import { LinearEstimator, type PartialFitOptions, type ScoreOptions } from "./estimator.js";
import { checkClasses, checkLength, type Label } from "./labels.js";
import type { RowsInput } from "./rows.js";
import { winners } from "./scores.js";

/** Mean of `values`, weighted. @internal */
export function* weightedMean(
  where: string,
  values: ArrayLike<number>,
  sampleWeight: ArrayLike<number> | undefined,
): Work<number> {
  const weights =
    sampleWeight === undefined ? null : yield* checkVector(where, "sampleWeight", sampleWeight, values.length);
  let [sum, total] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const weight = weights === null ? 1 : (weights[i] as number);
    sum += weight * (values[i] as number);
    total += weight;
  }
  return sum / total;
}

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
    const scores = this.scores("predict", X);
    const { classes } = this;
    return Array.from(winners(scores, this.intercept.length), (place) => classes[place] as Label);
  }

  /** Accuracy: the (weighted) part of the rows whose label is predicted. A label that no row of the fit had counts as wrong. */
  score(X: RowsInput, y: ArrayLike<Label>, options: ScoreOptions = {}): number {
    return finish(this.scoreWork(X, y, options));
  }

  /** @internal */
  *scoreWork(X: RowsInput, y: ArrayLike<Label>, { sampleWeight }: ScoreOptions = {}): Work<number> {
    const where = `${this.estimator}.score`;
    const scores = yield* this.scoresWork("score", X);
    const { classes } = this;
    const places = winners(scores, this.intercept.length);
    checkLength(where, y, places.length);
    const hits = Float64Array.from(places, (place, i) => (classes[place] === y[i] ? 1 : 0));
    return yield* weightedMean(where, hits, sampleWeight);
  }

  /** @internal */
  protected override checkStreamClasses(where: string, { classes }: PartialFitOptions): Label[] {
    if (classes === undefined) {
      throw new BitcenterError("BAD_OPTION", `${where}: the first batch needs classes: all labels that will ever come`);
    }
    return checkClasses(where, classes);
  }
}

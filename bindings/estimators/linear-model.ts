// A fitted model as data: what every writer takes, every reader gives and every estimator is.
import type { LossName } from "../data/problem.js";

export type EstimatorName = "LogisticRegression" | "LinearRegression" | "LinearSVC";

export interface LinearModel {
  readonly estimator: EstimatorName;
  /** "softmax": one score per class. "logistic", "squaredHinge" and "hinge" with more than two classes: one score per class, each against the rest. */
  readonly loss: LossName;
  /** Labels in ascending order, strings by code units; of two the second is the positive one. Null: regression. */
  readonly classes: readonly (number | string)[] | null;
  readonly cols: number;
  /** outputs × cols, row-major; outputs: 1 for regression and two classes, else the number of classes. */
  readonly coef: Float64Array;
  /** outputs; zeros where no intercept is fitted. */
  readonly intercept: Float64Array;
  /** Names of the columns, or null. */
  readonly featureNames: readonly string[] | null;
  /** What the LIBSVM file of the training rows called its first column: other files are read with the same number. Null or absent: the rows came from elsewhere. */
  readonly firstIndex?: 0 | 1 | null;
}

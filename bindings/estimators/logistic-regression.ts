// LogisticRegression: logistic loss for two classes, softmax for more.
import type { LossName } from "../data/problem.js";
import { oneOf } from "../options.js";
import { Classifier } from "./classifier.js";
import { readModel } from "./estimator.js";
import { type ClassifierOptions, checkOptions } from "./options.js";
import type { RowsInput } from "./rows.js";
import { probabilities } from "./scores.js";

export interface LogisticRegressionOptions extends ClassifierOptions {
  /** More than two classes: "softmax", one problem for all of them, or "ovr", each against the rest. "auto" (default): softmax, but with solver "zipml", which
   *  knows one output only. */
  readonly multiClass?: "auto" | "softmax" | "ovr";
}

const STRENGTH = 1e-4;

export class LogisticRegression extends Classifier {
  readonly estimator = "LogisticRegression";
  readonly #isOneAgainstRest: boolean;

  /** @throws BitcenterError BAD_OPTION, UNSUPPORTED */
  constructor(options: LogisticRegressionOptions = {}) {
    const where = "LogisticRegression";
    super(options, checkOptions(where, options, STRENGTH, true, ["multiClass"]));
    const multiClass = oneOf(where, "multiClass", options.multiClass, ["auto", "softmax", "ovr"] as const, "auto");
    this.#isOneAgainstRest = multiClass === "ovr" || (multiClass === "auto" && this.settings.solver === "zipml");
  }

  /** @internal */
  lossFor(classes: number | null): { loss: LossName; isOneAgainstRest: boolean } {
    const isMany = classes !== null && classes > 2;
    return {
      loss: isMany && !this.#isOneAgainstRest ? "softmax" : "logistic",
      isOneAgainstRest: isMany && this.#isOneAgainstRest,
    };
  }

  /** Probabilities of the classes, in their order: rows × classes, row-major; each row sums to 1. multiClass "ovr": those of each class against the rest, divided by their sum. */
  predictProba(X: RowsInput): Float64Array {
    const scores = this.scores("predictProba", X);
    return probabilities(scores, this.intercept.length, this.loss === "softmax");
  }

  /** The estimator in an object that `toJSON` made, or its text; options included. @throws BitcenterError BAD_FILE, BAD_OPTION, UNSUPPORTED (a newer version) */
  static fromJSON(value: unknown): LogisticRegression {
    const saved = readModel("LogisticRegression", value);
    return new LogisticRegression(saved.options).restore(saved);
  }
}

// LinearSVC: support vector machines; more than two classes are each set against the rest, on one shared dataset.
import type { LossName } from "../data/problem.js";
import { BitcenterError } from "../errors.js";
import { oneOf } from "../options.js";
import { Classifier } from "./classifier.js";
import { readModel } from "./estimator.js";
import { type ClassifierOptions, checkOptions } from "./options.js";

export interface LinearSVCOptions extends ClassifierOptions {
  /** "squaredHinge": ½·max(0, 1 − y·m)² (default), or "hinge": max(0, 1 − y·m). */
  readonly loss?: "squaredHinge" | "hinge";
}

const STRENGTH = 1e-4;

export class LinearSVC extends Classifier {
  readonly estimator = "LinearSVC";
  readonly #loss: LossName;

  /** @throws BitcenterError BAD_OPTION, UNSUPPORTED */
  constructor(options: LinearSVCOptions = {}) {
    const where = "LinearSVC";
    super(options, checkOptions(where, options, STRENGTH, true, ["loss"]));
    this.#loss = oneOf(where, "loss", options.loss, ["squaredHinge", "hinge"] as const, "squaredHinge");
    if (this.#loss === "hinge" && this.settings.l1 > 0) {
      throw new BitcenterError(
        "UNSUPPORTED",
        `${where}: loss: "hinge" has penalty: "l2" only, given penalty: "${options.penalty}"; use loss: "squaredHinge"`,
      );
    }
  }

  /** @internal */
  lossFor(classes: number | null): { loss: LossName; isOneAgainstRest: boolean } {
    return { loss: this.#loss, isOneAgainstRest: classes !== null && classes > 2 };
  }

  /** The estimator in an object that `toJSON` made, or its text; options included. @throws BitcenterError BAD_FILE, BAD_OPTION, UNSUPPORTED (a newer version) */
  static fromJSON(value: unknown): LinearSVC {
    const saved = readModel("LinearSVC", value);
    return new LinearSVC(saved.options).restore(saved);
  }
}

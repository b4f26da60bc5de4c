// Models and rows for every shape of an ONNX graph, shared by the evaluator's test and the runtime's.
import type { LinearModel } from "../bindings/io/index.js";
import { anyModel, type ModelChoice } from "./support/models.js";
import { float32s } from "./support/onnx-checkers.js";
import { Dice } from "./support/random.js";

const NAMES = ["setosa", 'the "other"', "日本語 😀"];

const CHOICES: Readonly<Record<string, ModelChoice>> = {
  "logistic, two classes": { loss: "logistic", classes: [-1, 1] },
  "logistic, two names": { loss: "logistic", classes: ["no", "yes"] },
  "one against the rest": { loss: "logistic", classes: [0, 3, 7, 9007199254740991] },
  "softmax, names": { loss: "softmax", classes: NAMES },
  "softmax, two classes": { loss: "softmax", classes: [0, 1] },
  "softmax, halves": { loss: "softmax", classes: [-0.5, 0.5, 1.5] },
  "SVC, two classes": { estimator: "LinearSVC", classes: [0, 1] },
  "SVC, names": { estimator: "LinearSVC", classes: NAMES },
  squared: { estimator: "LinearRegression", loss: "squared" },
  huber: { estimator: "LinearRegression", loss: "huber" },
};

export interface OnnxCase {
  readonly name: string;
  readonly model: LinearModel;
  /** rows × cols, exact in float32. */
  readonly data: Float64Array;
  readonly rows: number;
}

export const ONNX_CASES: readonly OnnxCase[] = Object.entries(CHOICES).flatMap(([name, choice], i) =>
  [1, 7, 130].map((cols) => {
    const dice = new Dice(100 * i + cols);
    const scale = 1 / Math.sqrt(cols);
    const model = anyModel(dice, {
      estimator: "LogisticRegression",
      ...choice,
      ...{ cols, float: (of) => 3 * scale * of.normal() },
    });
    const rows = 40;
    const data = float32s(Array.from({ length: rows * cols }, () => dice.normal()));
    // a row of zeros, where only the intercepts speak, and one that is far away
    data.fill(0, 0, cols);
    for (let j = 0; j < cols; j++) data[cols + j] = Math.fround((data[cols + j] as number) * 300);
    return { name: `${name}, ${cols} columns`, model, data, rows };
  }),
);

// Random fitted models, and what it means that two are the same. Deliberately hard ones: the far ends of float64, names that need every escape.
import type { LinearModel, SavedModel } from "../../bindings/io/index.js";
import type { Dice } from "./random.js";

const EXTREMES = [
  ...[0, -0, 5e-324, -5e-324, 2.2250738585072014e-308, 2.225073858507201e-308, Number.MAX_VALUE, -Number.MAX_VALUE],
  ...[1 / 3, 0.1, 1 + Number.EPSILON, 2 ** 53, 123456789012345680000, 1e21, -1e-7, 9007199254740994, 4.35, 1e22, 1e23],
];

const NAMES = [
  ...[
    "",
    " ",
    "a",
    "b",
    "setosa",
    "versicolor",
    '"quoted"',
    "back\\slash",
    "new\nline",
    "tab\t",
    "ünï",
    "日本語",
    "😀",
  ],
  ...[
    "'",
    "*/",
    "//",
    "??/",
    "%s",
    "<b>",
    "\u2028",
    "\u0001",
    "\u007f",
    "null",
    "__proto__",
    "{}",
    "1",
    "-1",
    "toString",
  ],
];

/** Any float64 but NaN and infinity, all exponents alike. */
export function anyFloat(dice: Dice): number {
  const view = new DataView(new ArrayBuffer(8));
  for (;;) {
    view.setUint32(0, dice.bits());
    view.setUint32(4, dice.bits());
    const value = view.getFloat64(0);
    if (Number.isFinite(value)) return value;
  }
}

const hardFloat = (dice: Dice): number => {
  const kind = dice.below(3);
  return kind === 0 ? dice.normal() : kind === 1 ? dice.pick(EXTREMES) : anyFloat(dice);
};

export const LOSSES = {
  LogisticRegression: ["logistic", "softmax"],
  LinearRegression: ["squared", "huber"],
  LinearSVC: ["squaredHinge", "hinge"],
} as const;

export interface ModelChoice {
  readonly estimator?: LinearModel["estimator"];
  readonly loss?: LinearModel["loss"];
  readonly cols?: number;
  readonly classes?: readonly (number | string)[];
  /** Of coef and intercept. */
  readonly float?: (dice: Dice) => number;
  readonly labels?: "int" | "number" | "string";
}

const ascending = (labels: Iterable<number | string>): (number | string)[] =>
  [...new Set(labels)].sort((a, b) => (a < b ? -1 : 1));

function anyClasses(dice: Dice, kind: "int" | "number" | "string"): (number | string)[] {
  const count = dice.pick([2, 2, 3, 5]);
  const labels = new Set<number | string>();
  while (labels.size < count) {
    if (kind === "string") labels.add(dice.pick(NAMES));
    else if (kind === "int") labels.add(dice.between(-5, 300));
    else labels.add(dice.normal());
  }
  return ascending(labels);
}

/** A random model of up to 9 columns, or what `choice` says. */
export function anyModel(dice: Dice, choice: ModelChoice = {}): LinearModel {
  const estimators = Object.keys(LOSSES) as LinearModel["estimator"][];
  const estimator = choice.estimator ?? dice.pick(estimators);
  const loss = choice.loss ?? dice.pick<LinearModel["loss"]>(LOSSES[estimator]);
  const kind = choice.labels ?? dice.pick(["int", "number", "string"] as const);
  const classes = estimator === "LinearRegression" ? null : (choice.classes ?? anyClasses(dice, kind));
  const outputs = classes === null || (classes.length === 2 && loss !== "softmax") ? 1 : classes.length;
  const cols = choice.cols ?? dice.between(1, 9);
  const float = choice.float ?? hardFloat;
  const numbers = (length: number): Float64Array => Float64Array.from({ length }, () => float(dice));
  return {
    ...{ estimator, loss, classes, cols },
    coef: numbers(outputs * cols),
    intercept: dice.below(4) === 0 ? new Float64Array(outputs) : numbers(outputs),
    featureNames: dice.below(2) === 0 ? null : Array.from({ length: cols }, () => dice.pick(NAMES)),
    // without a number of its own: the models of a seed stay what they are
    ...([{}, {}, { firstIndex: 0 }, { firstIndex: 1 }] as const)[(cols % 4) as 0 | 1 | 2 | 3],
  };
}

/** Everything a model says as one text, the bits of its numbers included: two models are the same where these are. */
export function fingerprint(model: SavedModel): string {
  const bits = (values: Float64Array): string =>
    Array.from(new BigUint64Array(values.slice().buffer), (word) => word.toString(16)).join();
  const { coef, intercept, estimator, loss, classes, cols, featureNames, firstIndex = null, options, report } = model;
  const numbers = [bits(coef), bits(intercept)];
  return JSON.stringify([estimator, loss, classes, cols, numbers, featureNames, firstIndex, options, report]);
}

/** w·x + b of every row in plain float64, first to last column: rows × outputs, row-major. */
export function marginsOf({ coef, intercept, cols }: LinearModel, data: ArrayLike<number>, rows: number): Float64Array {
  const outputs = intercept.length;
  return Float64Array.from({ length: rows * outputs }, (_, at) => {
    const [i, k] = [Math.floor(at / outputs), at % outputs];
    let sum = 0;
    for (let j = 0; j < cols; j++) sum += (coef[k * cols + j] as number) * (data[i * cols + j] as number);
    return sum + (intercept[k] as number);
  });
}

/** Places of the predicted classes: of equal margins the first; of one margin, whether it is above 0. */
export function placesOf(margins: Float64Array, outputs: number): number[] {
  return Array.from({ length: margins.length / outputs }, (_, i) => {
    const row = margins.subarray(i * outputs, (i + 1) * outputs);
    return outputs === 1 ? Number((row[0] as number) > 0) : row.indexOf(Math.max(...row));
  });
}

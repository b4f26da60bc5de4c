// LIBLINEAR's text models (R.-E. Fan et al., "LIBLINEAR: A Library for Large Linear Classification", JMLR 2008; its save_model): what liblinear-predict and
// its bindings in other languages read. One line per key, then w, a line per feature with a number per output; the last line is the intercept over `bias`.
// Two classes have one output, above 0 for the class that is named first.

import type { LossName } from "../../data/problem.js";
import { BitcenterError, show } from "../../errors.js";
import { checkModel, outputsOf } from "../../estimators/check-model.js";
import type { LinearModel } from "../../estimators/linear-model.js";

interface SolverType {
  readonly estimator: LinearModel["estimator"];
  readonly loss: LossName;
}

const logistic: SolverType = { estimator: "LogisticRegression", loss: "logistic" };
const squaredHinge: SolverType = { estimator: "LinearSVC", loss: "squaredHinge" };
const hinge: SolverType = { estimator: "LinearSVC", loss: "hinge" };
/** ε-insensitive; with liblinear's -p 0 the squared loss. */
const squared: SolverType = { estimator: "LinearRegression", loss: "squared" };

/** The first of a loss is written. */
const SOLVER_TYPES: Readonly<Record<string, SolverType>> = {
  L2R_LR: logistic,
  L2R_LR_DUAL: logistic,
  L1R_LR: logistic,
  L2R_L2LOSS_SVC: squaredHinge,
  L2R_L2LOSS_SVC_DUAL: squaredHinge,
  L1R_L2LOSS_SVC: squaredHinge,
  L2R_L1LOSS_SVC_DUAL: hinge,
  L2R_L2LOSS_SVR: squared,
  L2R_L2LOSS_SVR_DUAL: squared,
};
const OTHER_TYPES: Readonly<Record<string, string>> = {
  MCSVM_CS: "the multi-class machine of Crammer and Singer",
  L2R_L1LOSS_SVR_DUAL: "regression with the absolute loss",
  ONECLASS_SVM: "the one-class machine",
};

/** Why a loss has no solver type. */
const NO_TYPE: Readonly<Partial<Record<LossName, string>>> = {
  softmax:
    "liblinear has no softmax: its logistic models are one class against the rest, and would give other probabilities. Train with one against the rest, or write JSON, safetensors or ONNX",
  huber: "liblinear has no Huber loss. Write JSON, safetensors or ONNX",
};

const isInt32 = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) === ((value as number) | 0);

/** C's "%.17g": the form liblinear writes, exact for every float64. */
function decimal(x: number): string {
  if (x === 0) return Object.is(x, -0) ? "-0" : "0";
  const [digits, exponent] = x.toExponential(16).split("e") as [string, string];
  const power = Number(exponent);
  const isSmall = power < -4 || power >= 17;
  const text = isSmall ? digits : power < 0 ? x.toFixed(16 - power) : x.toPrecision(17);
  const short = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  return isSmall ? `${short}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}` : short;
}

/**
 * `model` as the text of a LIBLINEAR model file. Names of features have no place in it.
 * @throws BitcenterError UNSUPPORTED for softmax, huber and labels that are not whole numbers; BAD_SHAPE, BAD_VALUE for something that is no fitted model
 */
export function toLiblinear(model: LinearModel): string {
  const { loss, classes, cols, coef, intercept } = checkModel("toLiblinear", model);
  const type = Object.keys(SOLVER_TYPES).find((name) => SOLVER_TYPES[name]?.loss === loss);
  if (type === undefined) {
    throw new BitcenterError("UNSUPPORTED", `toLiblinear: loss "${loss}" has no solver type: ${NO_TYPE[loss]}`);
  }
  const odd = classes?.find((label) => !isInt32(label));
  if (odd !== undefined) {
    const advice = "number the classes, or write JSON, safetensors or ONNX";
    throw new BitcenterError(
      "UNSUPPORTED",
      `toLiblinear: labels must be whole numbers of 32 bits, given ${show(odd)}; ${advice}`,
    );
  }
  const outputs = outputsOf({ loss, classes });
  const hasBias = intercept.some((b) => !Object.is(b, 0));
  const labels = outputs === 1 ? classes?.toReversed() : classes;
  const lines = [`solver_type ${type}`, `nr_class ${classes?.length ?? 2}`];
  if (labels) lines.push(`label ${labels.join(" ")}`);
  lines.push(`nr_feature ${cols}`, `bias ${hasBias ? 1 : -1}`, "w");
  for (let j = 0; j < cols; j++) {
    let line = "";
    for (let k = 0; k < outputs; k++) line += `${decimal(coef[k * cols + j] as number)} `;
    lines.push(line);
  }
  if (hasBias) lines.push(`${Array.from(intercept, decimal).join(" ")} `);
  return `${lines.join("\n")}\n`;
}

/** Words of a text, one after the other, with a sentence that says where. */
class Words {
  readonly #text: string;
  readonly #pattern = /\S+/g;
  readonly #name: string;
  #at = 0;

  constructor(text: string, name: string) {
    this.#text = text;
    this.#name = name;
  }

  /** Characters that are left. */
  get left(): number {
    return this.#text.length - this.#pattern.lastIndex;
  }

  fail(text: string, code: "BAD_FILE" | "UNSUPPORTED" = "BAD_FILE"): never {
    const line = this.#text.slice(0, this.#at).split("\n").length;
    throw new BitcenterError(code, `${this.#name}: line ${line}: ${text}`);
  }

  /** The next word, or "" at the end. */
  next(): string {
    const found = this.#pattern.exec(this.#text);
    this.#at = found?.index ?? this.#text.length;
    if (found === null) this.#pattern.lastIndex = this.#text.length;
    return found?.[0] ?? "";
  }

  number(what: string): number {
    const word = this.next();
    if (word === "") this.fail(`the text ends where ${what} should stand`);
    const isDecimal = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(word);
    const value = isDecimal ? Number(word) : Number.NaN;
    if (!Number.isFinite(value)) this.fail(`${what} must be a finite number, given ${show(word)}`);
    return value;
  }

  integer(what: string, min: number): number {
    const value = this.number(what);
    if (!isInt32(value) || value < min) this.fail(`${what} must be a whole number from ${min}, given ${value}`);
    return value;
  }
}

interface Header {
  readonly type: SolverType;
  /** In the order of the file; null: regression. */
  readonly labels: readonly number[] | null;
  readonly cols: number;
  readonly bias: number;
}

function readHeader(words: Words): Header {
  let [type, count, labels, cols, bias]: [SolverType?, number?, number[]?, number?, number?] = [];
  const seen = new Set<string>();
  for (;;) {
    const key = words.next();
    if (key === "w") break;
    if (seen.has(key)) words.fail(`"${key}" stands here a second time`);
    seen.add(key);
    if (key === "solver_type") {
      const name = words.next();
      const other = Object.hasOwn(OTHER_TYPES, name) ? OTHER_TYPES[name] : undefined;
      if (other !== undefined) words.fail(`solver_type ${name}, ${other}, has no estimator here`, "UNSUPPORTED");
      type = Object.hasOwn(SOLVER_TYPES, name) ? SOLVER_TYPES[name] : undefined;
      if (type === undefined) words.fail(`unknown solver_type ${show(name)}`);
    } else if (key === "nr_class") {
      count = words.integer("nr_class", 2);
    } else if (key === "nr_feature") {
      cols = words.integer("nr_feature", 1);
    } else if (key === "bias") {
      bias = words.number("bias");
    } else if (key === "label") {
      if (count === undefined) return words.fail('"label" must come after nr_class');
      if (words.left < 2 * count) words.fail(`the text ends before ${count} labels`);
      labels = Array.from({ length: count }, () => words.integer("a label", -(2 ** 31)));
      if (new Set(labels).size < count) words.fail("the labels must be distinct");
    } else {
      words.fail(key === "" ? 'the text ends before "w"' : `unknown key ${show(key)}`);
    }
  }
  for (const [name, value] of Object.entries({ solver_type: type, nr_class: count, nr_feature: cols, bias })) {
    if (value === undefined) words.fail(`"${name}" is missing before "w"`);
  }
  const isRegression = type === squared;
  if (isRegression && (labels !== undefined || count !== 2)) words.fail("a regression has nr_class 2 and no labels");
  if (!isRegression && labels === undefined) words.fail('"label" is missing before "w"');
  return { type: type as SolverType, labels: labels ?? null, cols: cols as number, bias: bias as number };
}

/**
 * The model in the text of a LIBLINEAR model file; `name` is used in errors. Classes come out ascending, whatever their order in the file.
 * @throws BitcenterError BAD_FILE for anything else, with the line; UNSUPPORTED for solver types that no estimator has
 */
export function fromLiblinear(text: string, name = "LIBLINEAR model"): LinearModel {
  if (typeof text !== "string") throw new BitcenterError("BAD_FILE", `${name}: must be a text, given ${show(text)}`);
  const words = new Words(text, name);
  const { type, labels, cols, bias } = readHeader(words);
  const classes = labels?.toSorted((a, b) => a - b) ?? null;
  const outputs = outputsOf({ loss: type.loss, classes });
  const lines = cols + (bias >= 0 ? 1 : 0);
  // a number and what parts it from the next are two characters: nothing is made for numbers that cannot be there
  if (words.left < 2 * lines * outputs) words.fail(`the text ends before ${lines} × ${outputs} numbers`);
  const coef = new Float64Array(outputs * cols);
  const intercept = new Float64Array(outputs);
  // of two classes the score belongs to the first named; ours to the larger
  const isTurned = outputs === 1 && labels !== null && labels[0] === classes?.[0];
  const place = labels?.map((label) => (outputs === 1 ? 0 : (classes?.indexOf(label) as number))) ?? [0];
  for (let j = 0; j < lines; j++) {
    for (let k = 0; k < outputs; k++) {
      const read = words.number(`the number of ${j < cols ? `feature ${j + 1}` : "the bias"}`);
      const value = isTurned ? -read : read;
      const to = place[k] as number;
      if (j < cols) coef[to * cols + j] = value;
      else intercept[to] = value * bias;
    }
  }
  const rest = words.next();
  if (rest !== "") words.fail(`expected the end after ${lines} × ${outputs} numbers, found ${show(rest)}`);
  return checkModel(name, { ...type, classes, cols, coef, intercept, featureNames: null }, "BAD_FILE");
}

// Data files for the commands: rows with their labels, or rows alone.

import type { DenseMatrix, SparseMatrix } from "../data/matrix.js";
import { BitcenterError } from "../errors.js";
import type { LinearModel } from "../estimators/linear-model.js";
import { decimalOf } from "../io/decimal.js";
import { type Estimator, loadModel } from "../node/model-file.js";
import {
  type FileData,
  type FileOptions,
  FORMATS,
  type FormatDefaults,
  formatOfName,
  readFileWith,
} from "../node/read-file.js";
import { type Arguments, choice, UsageError } from "./arguments.js";

export interface Rows {
  readonly X: DenseMatrix | SparseMatrix;
  readonly featureNames: readonly string[] | null;
}

export interface Labelled extends Rows {
  readonly y: Float64Array | (string | number)[];
  /** What LIBSVM rows called the first column; null for other formats. */
  readonly firstIndex: 0 | 1 | null;
}

/** What the model at hand says about the rows it takes; all null before there is one. */
export interface Expected {
  readonly cols: number | null;
  readonly featureNames: readonly string[] | null;
  /** Whether labels must be numbers. */
  readonly isRegression: boolean;
  /** Labels as the model knows them: files that hold others may spell the same ones as text or as numbers. */
  readonly classes: Iterable<string | number> | null;
  /** What LIBSVM rows called the first column. */
  readonly firstIndex: 0 | 1 | null;
}

/** Before there is a model. */
export const NOTHING: Omit<Expected, "isRegression"> = {
  cols: null,
  featureNames: null,
  classes: null,
  firstIndex: null,
};

/** --label: a name, a number of a column from 0, first, last, or none. */
function labelOption(text: string): string | number | null {
  if (text === "none") return null;
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** What the words say of the file. */
function optionsFor(args: Arguments, labels: string | undefined, expected: Expected): FileOptions {
  const { command } = args;
  const format = args.text("format");
  const label = args.text("label");
  if (label !== undefined && label !== "none" && labels !== undefined) {
    throw new UsageError(
      `${command}: labels are in a column (--label) or in a file of their own (--labels), given both`,
    );
  }
  if (args.has("header") && args.has("no-header")) {
    throw new UsageError(`${command}: --header and --no-header contradict each other`);
  }
  const skipLines = args.number("skip-lines");
  const cols = args.number("cols");
  return {
    ...(format === undefined ? {} : { format: choice(command, "format", format, FORMATS) }),
    ...(args.has("header") ? { header: true } : args.has("no-header") ? { header: false } : {}),
    ...(skipLines === undefined ? {} : { skipLines }),
    ...(label === undefined ? {} : { label: labelOption(label) }),
    ...(labels === undefined ? {} : { labels }),
    ...(cols === undefined ? {} : { cols }),
    ...firstIndexOf(args, expected),
    ...(args.has("one-hot") ? { oneHot: categoriesOf(expected.featureNames) } : {}),
  };
}

/** --first-index, which must not contradict what the model was trained on: all its columns would be those beside the right ones. */
function firstIndexOf(args: Arguments, { firstIndex }: Expected): FileOptions {
  const text = args.text("first-index");
  if (text === undefined) return {};
  const given = choice(args.command, "first-index", text, ["0", "1"]) === "0" ? 0 : 1;
  if (firstIndex !== null && given !== firstIndex) {
    const sentence = `--first-index ${given} contradicts the model: the file it was trained on calls its first column ${firstIndex}`;
    throw new UsageError(`${args.command}: ${sentence}`);
  }
  return { firstIndex: given };
}

/** What holds where the words say nothing. */
function defaultsFor(labels: string | undefined, expected: Expected, isLabelled: boolean): FormatDefaults {
  const { cols, firstIndex } = expected;
  // tables keep their label in the last column unless told otherwise; what is only to be predicted has none
  const table = isLabelled && labels === undefined ? ({ label: "last" } as const) : {};
  return {
    libsvm: { ...(cols === null ? {} : { cols }), ...(firstIndex === null ? {} : { firstIndex }) },
    csv: table,
    tsv: table,
  };
}

/** The categories that one-hot columns of a model stand for ("colour=red"), so that other files get the same columns; true before there is a model. */
function categoriesOf(featureNames: readonly string[] | null): true | Record<string, string[]> {
  if (featureNames === null) return true;
  const categories: Record<string, string[]> = {};
  for (const name of featureNames) {
    const at = name.indexOf("=");
    if (at <= 0) continue;
    const [column, category] = [name.slice(0, at), name.slice(at + 1)];
    categories[column] = [...(categories[column] ?? []), category];
  }
  return Object.keys(categories).length === 0 ? true : categories;
}

async function load(
  path: string,
  args: Arguments,
  labels: string | undefined,
  expected: Expected,
  isLabelled: boolean,
): Promise<FileData> {
  const options = optionsFor(args, labels, expected);
  try {
    const data = await readFileWith(path, options, defaultsFor(labels, expected, isLabelled));
    checkColumns(path, data, expected);
    return data;
  } catch (error) {
    if (!(error instanceof BitcenterError) || expected.firstIndex === null) throw error;
    // nobody gave it but the model
    const why = ", as the rows that the model was trained on have them";
    throw new BitcenterError(error.code, error.message.replace(" (firstIndex: 1 was given)", why), { cause: error });
  }
}

function checkColumns(path: string, { X, featureNames }: FileData, expected: Expected): void {
  if (expected.cols !== null && X.cols !== expected.cols) {
    const hint = X.cols === expected.cols + 1 ? "; if one of them is the label, name it with --label" : "";
    throw new BitcenterError("BAD_FILE", `${path}: the rows have ${X.cols} columns, the model ${expected.cols}${hint}`);
  }
  const other = expected.featureNames?.findIndex((name, j) => featureNames !== null && featureNames[j] !== name) ?? -1;
  if (other >= 0) {
    throw new BitcenterError(
      "BAD_FILE",
      `${path}: column ${other} is called "${featureNames?.[other]}", the model was trained with "${expected.featureNames?.[other]}" there`,
    );
  }
}

/** Rows to predict. */
export async function loadRows(path: string, args: Arguments, expected: Expected): Promise<Rows> {
  try {
    const { X, featureNames } = await load(path, args, args.text("labels"), expected, false);
    return { X, featureNames };
  } catch (error) {
    // the file that a model was evaluated on is the first that is predicted
    const isText = error instanceof BitcenterError && error.message.endsWith("can be read with oneHot");
    if (!isText || args.text("label") !== undefined) throw error;
    throw new BitcenterError(error.code, `${error.message}, and the label is left out with --label`, { cause: error });
  }
}

/** Rows with labels, `labels` in a file of their own if it is given. */
export async function loadLabelled(
  path: string,
  args: Arguments,
  expected: Expected,
  labels = args.text("labels"),
): Promise<Labelled> {
  const { X, y, featureNames, format, firstIndex } = await load(path, args, labels, expected, true);
  if (y === null) {
    const advice = format === "npy" || format === "idx" ? "--labels FILE or --label COLUMN" : "--label COLUMN";
    throw new UsageError(`${path} has no labels (${format}): say where they are with ${advice}`);
  }
  if (expected.isRegression && Array.isArray(y)) {
    throw new BitcenterError(
      "BAD_FILE",
      `${path}: a regression needs numbers as labels, but the first one is "${y[0]}"`,
    );
  }
  return { X, y: expected.classes === null ? y : spelled(y, [...expected.classes]), featureNames, firstIndex };
}

/** Labels as `classes` spell them: a column is text as soon as one label in it is, and 1 is not "1" to anyone who compares. */
function spelled(y: Float64Array | string[], classes: readonly (string | number)[]): Labelled["y"] {
  const isText = typeof classes[0] === "string";
  if (Array.isArray(y) === isText) return y;
  const value = (label: string): number | string => {
    const number = decimalOf(label);
    return Number.isNaN(number) ? label : number;
  };
  if (Array.isArray(y)) return y.map(value);
  const names = new Map(classes.map((name) => [value(name as string), name]));
  return Array.from(y, (label) => names.get(label) ?? String(label));
}

/** The model of a command whose operands are MODEL and DATA: they are easily turned round. */
export async function loadModelOf(path: string, args: Arguments): Promise<Estimator> {
  if (args.operands.filter((operand) => operand === "-").length > 1) {
    throw new UsageError(`${args.command}: standard input is MODEL or DATA, given as both`);
  }
  try {
    return await loadModel(path);
  } catch (error) {
    if (!(error instanceof BitcenterError) || formatOfName(path) === null) throw error;
    throw new UsageError(`${args.command}: expected MODEL and then DATA, but "${path}" is data by its name`, {
      cause: error,
    });
  }
}

/** What a model expects of the rows it is to predict. */
export function expectedBy(model: LinearModel): Expected {
  const { cols, featureNames, classes, firstIndex = null } = model;
  return { cols, featureNames, isRegression: classes === null, classes, firstIndex };
}

/** How to read a file whose labels are looked at where there are any. */
export function labelsAreIn(args: Arguments): FileOptions {
  return optionsFor(args, args.text("labels"), { ...NOTHING, isRegression: false });
}

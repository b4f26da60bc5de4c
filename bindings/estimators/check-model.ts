// The gate for a fitted model as data: what leaves through a writer and what comes in through a reader has passed here.
import type { LossName } from "../data/problem.js";
import { BitcenterError, show } from "../errors.js";
import type { LinearModel } from "./linear-model.js";

const LOSSES: Record<LinearModel["estimator"], readonly LossName[]> = {
  LogisticRegression: ["logistic", "softmax"],
  LinearRegression: ["squared", "huber"],
  LinearSVC: ["squaredHinge", "hinge"],
};

/** Rows of coef: one per class for softmax and for more than two classes, else 1. */
export function outputsOf({ loss, classes }: Pick<LinearModel, "loss" | "classes">): number {
  if (classes === null) return 1;
  return classes.length === 2 && loss !== "softmax" ? 1 : classes.length;
}

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string");

/** What is wrong with the classes of a classifier, or undefined. */
function classesFault(classes: unknown): string | undefined {
  if (!Array.isArray(classes)) return `classes must be an array, given ${show(classes)}`;
  if (classes.length < 2) return `classes must name at least two, given ${classes.length}`;
  const isNumbers = classes.every((item) => typeof item === "number" && Number.isFinite(item));
  if (!isNumbers && !isStrings(classes)) return "classes must be finite numbers or strings, not both";
  const at = classes.findIndex((item, i) => i > 0 && !(classes[i - 1] < item));
  if (at < 0) return undefined;
  return `classes must ascend, but ${show(classes[at])} comes after ${show(classes[at - 1])}`;
}

function fault(model: Partial<LinearModel>): { shape: boolean; text: string } | undefined {
  const { estimator, loss, classes, cols, coef, intercept, featureNames, firstIndex } = model;
  const value = (text: string) => ({ shape: false, text });
  const shape = (text: string) => ({ shape: true, text });
  if (typeof estimator !== "string" || !Object.hasOwn(LOSSES, estimator)) {
    return value(`estimator must be one of ${Object.keys(LOSSES).join(", ")}, given ${show(estimator)}`);
  }
  const losses = LOSSES[estimator];
  if (!losses.includes(loss as LossName)) {
    return value(`loss of a ${estimator} must be ${losses.map(show).join(" or ")}, given ${show(loss)}`);
  }
  const isRegression = estimator === "LinearRegression";
  if (isRegression && classes !== null) return value(`classes of a regression must be null, given ${show(classes)}`);
  const wrong = isRegression ? undefined : classesFault(classes);
  if (wrong !== undefined) return value(wrong);
  if (!Number.isSafeInteger(cols) || (cols as number) < 1) {
    return value(`cols must be a whole number from 1, given ${show(cols)}`);
  }
  const outputs = outputsOf(model as LinearModel);
  const wanted = outputs * (cols as number);
  if (!(coef instanceof Float64Array) || coef.length !== wanted) {
    return shape(`coef must hold ${outputs} × ${cols} = ${wanted} float64 numbers, given ${show(coef)}`);
  }
  if (!(intercept instanceof Float64Array) || intercept.length !== outputs) {
    return shape(`intercept must hold ${outputs} float64 numbers, given ${show(intercept)}`);
  }
  const badCoef = coef.findIndex((x) => !Number.isFinite(x));
  if (badCoef >= 0) {
    const place = `output ${Math.floor(badCoef / (cols as number))}, column ${badCoef % (cols as number)}`;
    return value(`coef of ${place} must be finite, given ${coef[badCoef]}`);
  }
  const badIntercept = intercept.findIndex((x) => !Number.isFinite(x));
  if (badIntercept >= 0) {
    return value(`intercept of output ${badIntercept} must be finite, given ${intercept[badIntercept]}`);
  }
  if (featureNames !== null && (!isStrings(featureNames) || featureNames.length !== cols)) {
    return shape(`featureNames must be null or ${cols} strings, given ${show(featureNames)}`);
  }
  if (firstIndex !== null && firstIndex !== 0 && firstIndex !== 1) {
    return value(`firstIndex must be null, 0 or 1, given ${show(firstIndex)}`);
  }
  return undefined;
}

/**
 * The fields of `given`, checked; coef and intercept are not copied. A class −0 becomes 0; firstIndex is there only where it is known.
 * `where` opens the sentence of an error; `code` is that of a reader, whose every complaint is about its file.
 * @throws BitcenterError BAD_SHAPE for wrong lengths, BAD_VALUE for all else, or `code`
 */
export function checkModel(where: string, given: LinearModel, code?: "BAD_FILE"): LinearModel {
  if (typeof given !== "object" || given === null) {
    throw new BitcenterError(code ?? "BAD_VALUE", `${where}: expected a fitted linear model, given ${show(given)}`);
  }
  // read once: an estimator computes them on demand
  const { estimator, loss, classes, cols, coef, intercept, featureNames, firstIndex = null } = given;
  const model = { estimator, loss, classes, cols, coef, intercept, featureNames: featureNames ?? null };
  const wrong = fault({ ...model, firstIndex });
  if (wrong !== undefined) {
    throw new BitcenterError(code ?? (wrong.shape ? "BAD_SHAPE" : "BAD_VALUE"), `${where}: ${wrong.text}`);
  }
  const known = firstIndex === null ? {} : { firstIndex };
  return { ...model, classes: classes?.map((name) => (name === 0 ? 0 : name)) ?? null, ...known };
}

// Whether trained models agree with the reference values: the problems a case consists of, and what is compared within which bounds.
import { expect } from "vitest";
import type { LossName, NumericArray } from "../../bindings/index.js";
import type { Problem as Exact } from "../oracle/objective.js";
import type { Kink } from "../oracle/optimality.js";
import { type Quality, type ReferenceCase, type Rows, sampleWeights } from "./reference.js";

/** Weights agree to this part of the largest one. */
export const AGREEMENT = 1e-6;
/** Both objectives are sums of up to 32,561 terms, one of them without compensation. */
export const SAME_OBJECTIVE = 1e-11;

/** One problem of a case: the case itself, or one class against the rest. */
export interface Part {
  readonly title: string;
  readonly loss: LossName;
  readonly labels: Float64Array;
  readonly outputs: number;
  readonly coef: Float64Array;
  readonly intercept: Float64Array;
  readonly objective: number;
  readonly zero: number;
  readonly kink: Kink | null;
  readonly undetermined: readonly number[];
}

export interface Fitted {
  readonly coef: Float64Array;
  readonly intercept: Float64Array;
}

export const classesOf = (labels: Float64Array): number[] => [...new Set(labels)].sort((a, b) => a - b);

export function partsOf(one: ReferenceCase, { labels, cols }: Rows): Part[] {
  const outputs = one.loss === "softmax" ? one.intercept.length : 1;
  const count = one.oneAgainstTheRest ? one.intercept.length : 1;
  const at = (value: number | readonly number[], k: number): number =>
    typeof value === "number" ? value : (value[k] as number);
  return Array.from({ length: count }, (_, k) => {
    const positive = classesOf(labels)[k];
    const lists = one.certificate.undetermined ?? [];
    const undetermined = one.oneAgainstTheRest ? ((lists[k] ?? []) as number[]) : (lists as number[]);
    return {
      title: one.oneAgainstTheRest ? `class ${positive}` : "all",
      loss: one.loss,
      labels: one.oneAgainstTheRest ? labels.map((y) => (y === positive ? 1 : -1)) : labels,
      outputs,
      coef: Float64Array.from(one.coef.slice(k * outputs * cols, (k + 1) * outputs * cols)),
      intercept: Float64Array.from(one.intercept.slice(k * outputs, (k + 1) * outputs)),
      objective: at(one.objective, k),
      zero: at(one.objectiveAtZero, k),
      kink: one.kink?.[k] ?? null,
      undetermined,
    };
  });
}

export function exactOf(one: ReferenceCase, { labels, loss, outputs }: Part, values: Float64Array, train: Rows): Exact {
  const classes = classesOf(labels);
  const weights = sampleWeights(one.weights, train.labels);
  const isTarget = loss === "squared" || loss === "huber";
  return {
    values,
    rows: train.rows,
    cols: train.cols,
    labels: isTarget
      ? labels
      : labels.map((y) => (loss === "softmax" ? classes.indexOf(y) : y === classes[1] ? 1 : -1)),
    loss,
    ...(one.epsilon !== null && { tau: one.epsilon }),
    classes: outputs,
    l2: one.l2,
    intercept: one.fitIntercept,
    ...(weights !== null && { weights }),
  };
}

export const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((top, x) => Math.max(top, Math.abs(x)), 0);
export const sumOfSizes = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, x) => sum + Math.abs(x), 0);

export function expectQuality(found: Quality, wanted: Quality): void {
  expect(Object.keys(found)).toEqual(Object.keys(wanted));
  for (const [key, value] of Object.entries(wanted)) {
    // four digits
    expect(Math.abs((found as Record<string, number>)[key]! - value), key).toBeLessThanOrEqual(
      0.5e-4 * Math.max(1, Math.abs(value)),
    );
  }
}

/** Scores of a row; softmax: without their mean, which changes nothing. */
function scoresOf({ coef, intercept }: Fitted, x: NumericArray): number[] {
  const scores = Array.from(intercept, (b, k) => {
    let sum = b;
    for (let j = 0; j < x.length; j++) sum += (coef[k * x.length + j] as number) * (x[j] as number);
    return sum;
  });
  const mean = scores.length > 1 ? scores.reduce((sum, m) => sum + m, 0) / scores.length : 0;
  return scores.map((m) => m - mean);
}

/** Places of the weights that are 0 in every optimum. */
const zerosOf = (coef: Float64Array, { undetermined }: Part): number[] =>
  [...coef.keys()].filter((at) => coef[at] === 0 && !undetermined.includes(at));

/** Weights, the set of zeros and intercepts of one problem. */
export function expectSame(one: ReferenceCase, part: Part, fitted: Fitted, rows: Rows): void {
  const { outputs } = part;
  const { cols } = rows;
  const top = largest(part.coef);
  let apart = 0;
  part.coef.forEach((w, at) => {
    if (!part.undetermined.includes(at)) apart = Math.max(apart, Math.abs((fitted.coef[at] as number) - w));
  });
  expect(apart / top, `${part.title}: weights`).toBeLessThanOrEqual(AGREEMENT);
  // in every optimum the same, whatever the undetermined ones are
  if (part.undetermined.length > 0) {
    let [missed, row] = [0, 0];
    for (let i = 0; i < rows.rows; i++) {
      const x = rows.data.subarray(i * cols, (i + 1) * cols);
      row = Math.max(row, sumOfSizes(x));
      const wanted = scoresOf(part, x);
      for (const [k, m] of scoresOf(fitted, x).entries())
        missed = Math.max(missed, Math.abs(m - (wanted[k] as number)));
    }
    expect(missed, `${part.title}: scores`).toBeLessThanOrEqual(AGREEMENT * top * (row + 1));
  }
  if (one.l1 > 0) expect(zerosOf(fitted.coef, part), `${part.title}: zeros`).toEqual(zerosOf(part.coef, part));
  // softmax: intercepts up to a common shift
  const shift = outputs > 1 ? fitted.intercept.reduce((sum, b) => sum + b, 0) / outputs : 0;
  const { spread, interceptSpread } = one.certificate;
  // as for weights; hinge: rows on the kink fix it, 1 = y·(w·x + b)
  const reach =
    spread !== undefined && interceptSpread !== undefined
      ? Math.sqrt(interceptSpread / spread)
      : Math.max(1, ...(part.kink?.rows ?? []).map((i) => sumOfSizes(rows.data.subarray(i * cols, (i + 1) * cols))));
  part.intercept.forEach((b, k) => {
    if (part.undetermined.includes(-1 - k)) return;
    expect(Math.abs((fitted.intercept[k] as number) - shift - b), `${part.title}: intercept ${k}`).toBeLessThanOrEqual(
      AGREEMENT * top * reach,
    );
  });
}

/** The objectives of problems, together. */
export function expectObjective(parts: readonly Part[], found: number): void {
  const sum = (one: (part: Part) => number): number => parts.reduce((all, part) => all + one(part), 0);
  expect(Math.abs(found - sum((part) => part.objective))).toBeLessThanOrEqual(
    SAME_OBJECTIVE * sum((part) => part.zero),
  );
}

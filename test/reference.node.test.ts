// Trained models against committed reference values: test/reference/*.json, made by bench/peers/reference.py with scikit-learn, liblinear and Newton's method in extended
// precision. The oracle judges the references first, from the conditions of the optimum alone: a wrong one cannot pass, whoever made it.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auto, createEngine, type Engine, type LossName, type NewtonReport } from "../bindings/index.js";
import { type Problem as Exact, joinParameters, objective } from "./oracle/objective.js";
import { hingeDistance, type Kink, optimality } from "./oracle/optimality.js";
import {
  DATASETS,
  missingFile,
  type Quality,
  type ReferenceCase,
  type Rows,
  readReference,
  readRows,
  sampleWeights,
} from "./support/reference.js";

/** Weights agree to this part of the largest one. */
const AGREEMENT = 1e-6;
/** And the references are known this well, in the same unit: a hundredth of it. Hinge: the bound, which takes the root of a rounding error, a quarter. */
const KNOWN = 1e-8;
const HINGE_KNOWN = AGREEMENT / 4;
/** Both objectives are sums of up to 32,561 terms, one of them without compensation. */
const SAME_OBJECTIVE = 1e-11;
/** ProblemOptions.l1: until it exists, cases that need it are listed as pending. */
const HAS_L1 = true;

/** One problem of a case: the case itself, or one class against the rest. */
interface Part {
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

interface Fitted {
  readonly coef: Float64Array;
  readonly intercept: Float64Array;
  readonly objective: number;
}

const classesOf = (labels: Float64Array): number[] => [...new Set(labels)].sort((a, b) => a - b);

function partsOf(one: ReferenceCase, { labels, cols }: Rows): Part[] {
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

function exactOf(one: ReferenceCase, { labels, loss, outputs }: Part, values: Float64Array, train: Rows): Exact {
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

const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((top, x) => Math.max(top, Math.abs(x)), 0);
const sumOfSizes = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, x) => sum + Math.abs(x), 0);

/**
 * The gap at which every weight agrees. To second order F − F* = ½ΔᵀHΔ ≥ ½Δⱼ²/(H⁻¹)ⱼⱼ; hinge: F − F* ≥ l2/2·‖Δ‖². The run ends at tol² of F(0) − F*, by an estimate: half of tol for that.
 */
function tolOf(one: ReferenceCase, part: Part): number {
  const spread = one.certificate.spread ?? 1 / one.l2;
  return Math.min(1e-6, (AGREEMENT * largest(part.coef)) / Math.sqrt(2 * spread * (part.zero - part.objective)) / 2);
}

/** The one place where models are trained. */
function train(engine: Engine, one: ReferenceCase, part: Part, rows: Rows): Fitted {
  const weights = sampleWeights(one.weights, rows.labels);
  const dataset = engine.dataset(rows, part.labels, weights === null ? {} : { sampleWeight: weights });
  const problem = engine.problem(dataset, {
    loss: part.loss,
    l2: one.l2,
    fitIntercept: one.fitIntercept,
    ...(one.l1 > 0 && { l1: one.l1 }),
    ...(one.epsilon !== null && { epsilon: one.epsilon }),
  });
  const reports = [...auto(problem, { tol: tolOf(one, part) })];
  const final = reports.at(-1) as NewtonReport;
  expect(final.isStalled, `${part.title}: stalled at gap ${final.gap}`).toBe(false);
  expect(final.isConverged, `${part.title}: gap ${final.gap}`).toBe(true);
  problem.dispose();
  dataset.dispose();
  return final;
}

function qualityOf(
  coef: Float64Array,
  intercept: Float64Array,
  { data, rows, cols, labels }: Rows,
  isClassifier: boolean,
): Quality {
  const classes = classesOf(labels);
  let right = 0;
  let squares = 0;
  for (let i = 0; i < rows; i++) {
    const margins = Array.from(intercept, (b, k) => {
      let sum = b;
      for (let j = 0; j < cols; j++) sum += (coef[k * cols + j] as number) * (data[i * cols + j] as number);
      return sum;
    });
    const first = margins[0] as number;
    const best = margins.length > 1 ? margins.indexOf(Math.max(...margins)) : first > 0 ? 1 : 0;
    if (classes[best] === labels[i]) right++;
    squares += (first - (labels[i] as number)) ** 2;
  }
  if (isClassifier) return { accuracy: right / rows };
  const mean = labels.reduce((sum, y) => sum + y, 0) / rows;
  const spread = labels.reduce((sum, y) => sum + (y - mean) ** 2, 0);
  return { rmse: Math.sqrt(squares / rows), r2: 1 - squares / spread };
}

function expectQuality(found: Quality, wanted: Quality): void {
  expect(Object.keys(found)).toEqual(Object.keys(wanted));
  for (const [key, value] of Object.entries(wanted)) {
    // four digits
    expect(Math.abs((found as Record<string, number>)[key]! - value), key).toBeLessThanOrEqual(
      0.5e-4 * Math.max(1, Math.abs(value)),
    );
  }
}

/** Weights, intercepts and objective of one problem. */
function expectSame(one: ReferenceCase, part: Part, fitted: Fitted, rows: Rows): void {
  const { outputs } = part;
  const { cols } = rows;
  const top = largest(part.coef);
  let apart = 0;
  part.coef.forEach((w, at) => {
    if (!part.undetermined.includes(at)) apart = Math.max(apart, Math.abs((fitted.coef[at] as number) - w));
  });
  expect(apart / top, `${part.title}: weights`).toBeLessThanOrEqual(AGREEMENT);
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
  expect(Math.abs(fitted.objective - part.objective)).toBeLessThanOrEqual(SAME_OBJECTIVE * part.zero);
}

/** What the oracle says of the weights: why they are not the optimum, or null. */
function verdict(one: ReferenceCase, part: Part, exact: Exact): string | null {
  const theta = joinParameters(exact, part.coef, part.intercept);
  const found = objective(exact, theta) + one.l1 * sumOfSizes(part.coef);
  if (!(Math.abs(found - part.objective) <= SAME_OBJECTIVE * part.zero))
    return `objective ${found}, not ${part.objective}`;
  if (part.kink !== null) {
    const distance = hingeDistance(exact, theta, part.kink);
    return distance <= HINGE_KNOWN ? null : `up to ${distance} from the optimum`;
  }
  const { subgradient, rounding, distance } = optimality(exact, theta, one.l1);
  if (!(subgradient <= one.certificate.subgradient + rounding)) {
    return `subgradient ${subgradient}, stated ${one.certificate.subgradient}, rounding ${rounding}`;
  }
  return distance <= KNOWN ? null : `${distance} from the optimum`;
}

describe.each(DATASETS)("%s", (name) => {
  const missing = missingFile(name);
  if (missing !== null) {
    it.skip(`skipped: ${missing} is not there (BITCENTER_DATA names the folder of the data sets; nothing else depends on it)`, () => {});
    return;
  }
  const { cases } = readReference(name);
  let rows: ReturnType<typeof readRows>;
  let values: Float64Array;
  let engine: Engine;
  beforeAll(() => {
    rows = readRows(name);
    values = Float64Array.from(rows.train.data);
    engine = createEngine();
  });
  afterAll(() => engine.dispose());

  describe("the reference is the optimum", () => {
    it.each(cases)("$name", (one) => {
      const coef = Float64Array.from(one.coef);
      for (const part of partsOf(one, rows.train)) {
        const exact = exactOf(one, part, values, rows.train);
        expect(verdict(one, part, exact), part.title).toBeNull();
      }
      const isClassifier = one.train.accuracy !== undefined;
      expectQuality(qualityOf(coef, Float64Array.from(one.intercept), rows.train, isClassifier), one.train);
      expect(one.test === undefined).toBe(rows.test === null);
    });

    it("and weights that are a little off are not", () => {
      for (const one of cases.filter(({ fitIntercept, weights }) => fitIntercept && weights === null)) {
        const [part] = partsOf(one, rows.train) as [Part];
        const place = part.coef.findIndex(
          (w, at) => Math.abs(w) === largest(part.coef) && !part.undetermined.includes(at),
        );
        if (place < 0) continue;
        const off = part.coef.slice();
        off[place] = (off[place] as number) * (1 + AGREEMENT);
        expect(verdict(one, { ...part, coef: off }, exactOf(one, part, values, rows.train)), one.name).not.toBeNull();
      }
    });
  });

  describe("auto finds it", () => {
    for (const one of cases) {
      if (one.l1 > 0 && !HAS_L1) {
        it.skip(`pending, needs l1 of engine.problem: ${one.name}`, () => {});
        continue;
      }
      it(one.name, () => {
        const parts = partsOf(one, rows.train);
        const fitted = parts.map((part) => train(engine, one, part, rows.train));
        parts.forEach((part, k) => {
          expectSame(one, part, fitted[k] as Fitted, rows.train);
        });
        const coef = Float64Array.from(fitted.flatMap((f) => [...f.coef]));
        const intercept = Float64Array.from(fitted.flatMap((f) => [...f.intercept]));
        const isClassifier = one.train.accuracy !== undefined;
        expectQuality(qualityOf(coef, intercept, rows.train, isClassifier), one.train);
        if (rows.test !== null && one.test !== undefined) {
          expectQuality(qualityOf(coef, intercept, rows.test, isClassifier), one.test);
        }
      });
    }
  });
});

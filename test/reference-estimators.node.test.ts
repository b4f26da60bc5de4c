// Every reference value through the estimators, with nothing set but what poses the problem: the default tol, files by the package's readers, quality by score and predict.
// docs/guides/migration.md promises these conversions.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createEngine,
  type Engine,
  type EstimatorOptions,
  LinearRegression,
  LinearSVC,
  LogisticRegression,
  l2Path,
} from "../bindings/index.js";
import { joinParameters } from "./oracle/objective.js";
import { optimality } from "./oracle/optimality.js";
import {
  AGREEMENT,
  exactOf,
  expectObjective,
  expectQuality,
  expectSame,
  type Fitted,
  largest,
  type Part,
  partsOf,
  SAME_OBJECTIVE,
} from "./support/agreement.js";
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

type Estimator = LogisticRegression | LinearRegression | LinearSVC;

/** Two classes as softmax: scores ±m/2, so that half the strength on the squares of both rows is that of one row. An estimator with two classes has one row. */
const isTwofold = ({ loss, intercept }: ReferenceCase): boolean => loss === "softmax" && intercept.length === 2;

/** Without tol, solver, bits or seed. */
function estimatorFor(one: ReferenceCase, engine: Engine): Estimator {
  const { loss, l1, l2, epsilon, fitIntercept } = one;
  const alpha = isTwofold(one) ? l2 / 2 : l1 + l2;
  const penalty: EstimatorOptions =
    l1 === 0 ? { alpha } : l2 === 0 ? { alpha, penalty: "l1" } : { alpha, penalty: "elasticnet", l1Ratio: l1 / alpha };
  const options = { ...penalty, fitIntercept, engine };
  const balance = one.weights === "balanced" ? ({ classWeight: "balanced" } as const) : {};
  switch (loss) {
    case "squared":
      return new LinearRegression(options);
    case "huber":
      return new LinearRegression({ ...options, loss, epsilon: epsilon as number });
    case "hinge":
    case "squaredHinge":
      return new LinearSVC({ ...options, ...balance, loss });
    default:
      return new LogisticRegression({ ...options, ...balance, multiClass: one.oneAgainstTheRest ? "ovr" : "auto" });
  }
}

/** On rows as the reader gives them: sparse from LIBSVM files. */
function trained(one: ReferenceCase, engine: Engine, { X, labels }: Rows): Estimator {
  const weights = one.weights === "modulo" ? sampleWeights("modulo", labels) : null;
  const model = estimatorFor(one, engine).fitSync(X, labels, weights === null ? {} : { sampleWeight: weights });
  expect(model.report).toMatchObject({ isConverged: true, stoppedBy: "converged", solver: "auto" });
  return model;
}

/** Of each problem. */
function fittedOf(one: ReferenceCase, { coef, intercept }: Estimator, cols: number): Fitted[] {
  if (isTwofold(one)) {
    const both = (values: Float64Array): Float64Array =>
      Float64Array.of(...values.map((w) => -w / 2), ...values.map((w) => w / 2));
    return [{ coef: both(coef), intercept: both(intercept) }];
  }
  const count = one.oneAgainstTheRest ? intercept.length : 1;
  const outputs = intercept.length / count;
  return Array.from({ length: count }, (_, k) => ({
    coef: coef.slice(k * outputs * cols, (k + 1) * outputs * cols),
    intercept: intercept.slice(k * outputs, (k + 1) * outputs),
  }));
}

/** By score and predict, on rows as the reader gives them. */
function qualityOf(model: Estimator, { X, labels, rows }: Rows): Quality {
  const predicted = model.predict(X);
  const score = model.score(X, labels);
  if (!(model instanceof LinearRegression)) {
    const right = labels.reduce((count, label, i) => count + (predicted[i] === label ? 1 : 0), 0);
    expect(right / rows).toBeCloseTo(score, 12);
    return { accuracy: score };
  }
  const squares = labels.reduce((sum, label, i) => sum + ((predicted[i] as number) - label) ** 2, 0);
  return { rmse: Math.sqrt(squares / rows), r2: score };
}

function expectAgreement(one: ReferenceCase, model: Estimator, rows: Rows): void {
  const parts = partsOf(one, rows);
  const fitted = fittedOf(one, model, rows.cols);
  parts.forEach((part, k) => {
    expectSame(one, part, fitted[k] as Fitted, rows);
  });
  expectObjective(parts, model.report?.objective as number);
}

describe.each(DATASETS)("%s", (name) => {
  const missing = missingFile(name);
  if (missing !== null) {
    it.skip(`skipped: ${missing} is not there (BITCENTER_DATA names the folder of the data sets; nothing else depends on it)`, () => {});
    return;
  }
  const { cases } = readReference(name);
  let rows: Awaited<ReturnType<typeof readRows>>;
  let engine: Engine;
  beforeAll(async () => {
    rows = await readRows(name);
    engine = createEngine();
  });
  afterAll(() => engine.dispose());

  it.each(cases)("$name", (one) => {
    const model = trained(one, engine, rows.train);
    expectAgreement(one, model, rows.train);
    expectQuality(qualityOf(model, rows.train), one.train);
    if (rows.test !== null && one.test !== undefined) expectQuality(qualityOf(model, rows.test), one.test);
  });

  // Those that an estimator of one strength can pose, on the two smallest sets.
  const paths = cases.filter(
    ({ l1, l2, weights, loss, intercept }) =>
      ["breast_cancer", "diabetes"].includes(name) &&
      l1 + l2 > 0 &&
      weights === null &&
      loss !== "hinge" &&
      intercept.length === 1,
  );
  if (paths.length === 0) return;
  it.each(paths)("l2Path: $name", async (one) => {
    const { X, labels, data } = rows.train;
    const [part] = partsOf(one, rows.train) as [Part];
    const exact = exactOf(one, part, Float64Array.from(data), rows.train);
    const strength = one.l1 + one.l2;
    const strengths = [0.3, 1, 10, 3].map((factor) => factor * strength);
    const points = await l2Path(estimatorFor(one, engine) as LinearRegression, X, labels, { strengths });
    points.forEach(({ strength: alpha, model, isConverged, coef, intercept, objective }, i) => {
      const factor = alpha / strength;
      const own = { ...one, l1: factor * one.l1, l2: factor * one.l2 };
      const alone = trained(own, engine, rows.train);
      expect(isConverged).toBe(true);
      expect(alpha).toBe(strengths[i]);
      // both near the optimum, by its conditions, and so near each other
      const top = largest(alone.coef);
      for (const fitted of [{ coef, intercept }, alone]) {
        const { distance } = optimality(
          { ...exact, l2: own.l2 },
          joinParameters(exact, fitted.coef, fitted.intercept),
          own.l1,
        );
        expect(distance).toBeLessThanOrEqual(AGREEMENT / 2);
      }
      expect(largest(coef.map((w, j) => w - (alone.coef[j] as number))) / top).toBeLessThanOrEqual(AGREEMENT);
      expect([...coef].map((w) => w === 0)).toEqual([...alone.coef].map((w) => w === 0));
      expect(Math.abs(objective - (alone.report?.objective as number))).toBeLessThanOrEqual(SAME_OBJECTIVE * part.zero);
      expect(model.coef).toEqual(coef);
    });
    expectAgreement(one, points[1]?.model as Estimator, rows.train);
  });
});

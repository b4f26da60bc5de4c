// Trained models against committed reference values: test/reference/*.json, made by bench/peers/reference.py with scikit-learn, liblinear and Newton's method in extended
// precision. The oracle judges the references first, from the conditions of the optimum alone: a wrong one cannot pass, whoever made it. Here problems of an engine, each solved to
// the accuracy that its condition asks for; test/reference-estimators.node.test.ts: estimators as they come.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auto, createEngine, type Engine, type NewtonReport } from "../bindings/index.js";
import { type Problem as Exact, joinParameters, objective } from "./oracle/objective.js";
import { hingeDistance, optimality } from "./oracle/optimality.js";
import {
  AGREEMENT,
  classesOf,
  exactOf,
  expectObjective,
  expectQuality,
  expectSame,
  largest,
  type Part,
  partsOf,
  SAME_OBJECTIVE,
  sumOfSizes,
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

/** The references are known this well, in units of the largest weight. Hinge: the bound, which takes the root of a rounding error. */
const KNOWN = 1e-8;
const HINGE_KNOWN = AGREEMENT / 4;

/**
 * The gap at which every weight agrees. To second order F − F* = ½ΔᵀHΔ ≥ ½Δⱼ²/(H⁻¹)ⱼⱼ; hinge: F − F* ≥ l2/2·‖Δ‖². The run ends at tol² of F(0) − F*, by an estimate: half of tol for that.
 */
function tolOf(one: ReferenceCase, part: Part): number {
  const spread = one.certificate.spread ?? 1 / one.l2;
  return Math.min(1e-6, (AGREEMENT * largest(part.coef)) / Math.sqrt(2 * spread * (part.zero - part.objective)) / 2);
}

/** The one place where models are trained. */
function train(engine: Engine, one: ReferenceCase, part: Part, rows: Rows): NewtonReport {
  const weights = sampleWeights(one.weights, rows.labels);
  // LIBSVM files: compressed rows, where the estimators' test leaves it to the dataset
  const dataset = engine.dataset(rows.X, part.labels, {
    storage: "indptr" in rows.X ? "sparse" : "dense",
    ...(weights !== null && { sampleWeight: weights }),
  });
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
  let rows: Awaited<ReturnType<typeof readRows>>;
  let values: Float64Array;
  let engine: Engine;
  beforeAll(async () => {
    rows = await readRows(name);
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
      it(one.name, () => {
        const parts = partsOf(one, rows.train);
        const fitted = parts.map((part) => train(engine, one, part, rows.train));
        parts.forEach((part, k) => {
          expectSame(one, part, fitted[k] as NewtonReport, rows.train);
          expectObjective([part], (fitted[k] as NewtonReport).objective);
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

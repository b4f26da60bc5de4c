// Estimators: the optimum of the problem that their options pose, in the user's units and labels; what interrupts a fit leaves a model; wrong input costs nothing.
import { describe, expect, it, vi } from "vitest";
import { Engine } from "../bindings/data/engine.js";
import { finish } from "../bindings/engine/work.js";
import { splitRows } from "../bindings/estimators/folds.js";
import {
  auto,
  createEngine,
  type EstimatorOptions,
  type FitProgress,
  LinearRegression,
  LinearSVC,
  LogisticRegression,
  type LossName,
  type RowsInput,
} from "../bindings/index.js";
import { modelToJson } from "../bindings/io/index.js";
import { gradient, joinParameters, marginsOf, minimise, norm, objective } from "./oracle/objective.js";
import { dice, type Sample, sampleFor } from "./support/data.js";
import { compress, errorOf, exactOf, listOf, relativeGap, unchanged } from "./support/estimating.js";
import { STORAGES, valuesOf } from "./support/posed.js";
import { describeVariants } from "./support/variants.js";

/** A value of the wrong type on purpose. */
const wrong = (value: unknown): never => value as never;

const matrixOf = ({ data, rows, cols }: Sample) => ({ data, rows, cols });
const signs = (labels: ArrayLike<number>, positive: number): number[] =>
  Array.from(labels, (label) => (label === positive ? 1 : -1));
const bits = ({ coef, intercept }: { coef: Float64Array; intercept: Float64Array }): string =>
  [...coef, ...intercept].map((value) => value.toString(36)).join(" ");

/** Estimators by loss, with λ = 1e-3. */
const MADE = {
  logistic: (options: EstimatorOptions = {}) => new LogisticRegression({ l2: 1e-3, ...options }),
  softmax: (options: EstimatorOptions = {}) => new LogisticRegression({ l2: 1e-3, ...options }),
  squaredHinge: (options: EstimatorOptions = {}) => new LinearSVC({ l2: 1e-3, ...options }),
  hinge: (options: EstimatorOptions = {}) => new LinearSVC({ l2: 1e-3, loss: "hinge", ...options }),
  squared: (options: EstimatorOptions = {}) => new LinearRegression({ l2: 1e-3, ...options }),
  huber: (options: EstimatorOptions = {}) =>
    new LinearRegression({ l2: 1e-3, loss: "huber", epsilon: 0.7, ...options }),
} as const satisfies Partial<Record<LossName, unknown>>;
type Made = keyof typeof MADE;
const SMOOTH: readonly Made[] = ["logistic", "softmax", "squaredHinge", "squared", "huber"];
const isBinary = (loss: LossName): boolean => loss === "logistic" || loss === "squaredHinge" || loss === "hinge";

describeVariants("the optimum", (variant) => {
  const cases = SMOOTH.flatMap((loss) =>
    Object.keys(STORAGES).map((storage, i) => ({ loss, storage, fitIntercept: i % 2 === 0 })),
  );
  it.each(cases)("$loss on $storage, intercept $fitIntercept", ({ loss, storage, fitIntercept }) => {
    const sample = sampleFor(loss, 300, 13, 7, 4);
    const { data, options } = (STORAGES[storage] as (typeof STORAGES)[string])(sample);
    const y = sample.labels;
    const made = MADE[loss]({ variant, fitIntercept, bits: options?.bits ?? 8 });
    const model = unchanged([data as RowsInput, y, sample.weights], () =>
      made.fitSync(data, y, { sampleWeight: sample.weights }),
    );
    const exact = exactOf(valuesOf(data), 300, loss, isBinary(loss) ? signs(y, 1) : y, {
      l2: 1e-3,
      intercept: fitIntercept,
      weights: sample.weights,
      tau: 0.7,
    });
    expect(relativeGap(exact, model)).toBeLessThan(1e-9);
    // the report is of the original problem, at these weights
    const theta = joinParameters(exact, model.coef, model.intercept);
    const { report } = model;
    const F = objective(exact, theta);
    expect(Math.abs((report?.objective ?? 0) - F)).toBeLessThan(1e-12 * F);
    const [zero, own] = [
      norm(
        gradient(
          exact,
          theta.map(() => 0),
        ),
      ),
      norm(gradient(exact, theta)),
    ];
    expect(Math.abs((report?.gradientNorm ?? 1) - own)).toBeLessThan(2e-2 * own + 1e-12 * zero);
    expect(report).toMatchObject({ solver: "auto", variant, loss, rows: 300, cols: 13, isConverged: true });
    expect(report).toMatchObject({ stoppedBy: "converged", validation: null });
    for (const what of ["passes", "exactPasses", "outerSteps", "bytes", "seconds", "loadSeconds"] as const) {
      expect(report?.[what]).toBeGreaterThanOrEqual(0);
    }
    expect(report?.exactPasses).toBeGreaterThan(0);
    expect(report?.bytes).toBeGreaterThan(300 * 13);
  });

  it("hinge: what the solver gives on the same problem", () => {
    const sample = sampleFor("hinge", 200, 6, 3);
    // the defaults differ
    const tol = 1e-7;
    const model = MADE.hinge({ variant, tol }).fitSync(matrixOf(sample), sample.labels);
    const engine = createEngine({ variant });
    const problem = engine.problem(engine.dataset(matrixOf(sample), sample.labels), { loss: "hinge", l2: 1e-3 });
    const final = [...auto(problem, { tol })].at(-1);
    expect(bits(model)).toBe(bits(final as never));
    expect(model.report).toMatchObject({ objective: final?.objective, isConverged: true });
    engine.dispose();
  });
});

describe("l1 and elastic net", () => {
  it.each(["logistic", "softmax", "squaredHinge", "squared", "huber"] as const)(
    "%s: the subgradient vanishes",
    (loss) => {
      const sample = sampleFor(loss, 200, 8, 5, 3);
      for (const [penalty, l1Ratio] of [
        ["l1", 1],
        ["elasticnet", 0.5],
        ["elasticnet", 0.25],
      ] as const) {
        const strength = 0.05;
        const own: EstimatorOptions = { penalty, ...(penalty === "elasticnet" && l1Ratio !== 0.5 && { l1Ratio }) };
        const { l2: _, ...rest } = MADE[loss]().options;
        const make = MADE[loss]().constructor as new (options: object) => LogisticRegression;
        const model = new make({ ...rest, ...own, alpha: strength, tol: 1e-7 }).fitSync(
          matrixOf(sample),
          sample.labels,
        );
        const y = isBinary(loss) ? signs(sample.labels, 1) : sample.labels;
        const exact = exactOf(sample.data, 200, loss, y, { l2: strength * (1 - l1Ratio), tau: 0.7 });
        const theta = joinParameters(exact, model.coef, model.intercept);
        const g = gradient(exact, theta);
        const l1 = strength * l1Ratio;
        let squares = 0;
        g.forEach((slope, at) => {
          const w = theta[at] as number;
          if (at % 9 === 8) squares += slope * slope;
          else if (w !== 0) squares += (slope + l1 * Math.sign(w)) ** 2;
          else squares += Math.max(0, Math.abs(slope) - l1) ** 2;
        });
        expect(Math.sqrt(squares)).toBeLessThan(
          1e-5 *
            norm(
              gradient(
                exact,
                theta.map(() => 0),
              ),
            ),
        );
        expect(model.report?.isConverged).toBe(true);
        const sum = model.coef.reduce((total, w) => total + Math.abs(w), 0);
        expect(model.report?.objective).toBeCloseTo(objective(exact, theta) + l1 * sum, 10);
        if (l1Ratio === 1) expect(model.coef.some((w) => w === 0)).toBe(true);
      }
    },
  );
});

describe("one against the rest", () => {
  const sample = sampleFor("softmax", 250, 7, 11, 4);
  const X = matrixOf(sample);
  const makers = {
    "LinearSVC, squared hinge": () => new LinearSVC({ l2: 1e-3 }),
    "LinearSVC, hinge": () => new LinearSVC({ l2: 1e-3, loss: "hinge" }),
    "LogisticRegression, ovr": () => new LogisticRegression({ l2: 1e-3, multiClass: "ovr" }),
  };
  it.each(Object.entries(makers))("%s: each class is the fit of two classes", (_name, make) => {
    const model = make().fitSync(X, sample.labels);
    expect(model.classes).toEqual([0, 1, 2, 3]);
    expect(model.coef.length).toBe(28);
    let sum = 0;
    for (const k of model.classes) {
      const two = make().fitSync(X, signs(sample.labels, k as number));
      expect(model.coef.subarray(7 * (k as number), 7 * (k as number) + 7)).toEqual(two.coef);
      expect(model.intercept[k as number]).toBe(two.intercept[0]);
      sum += two.report?.objective ?? 0;
    }
    expect(model.report?.objective).toBeCloseTo(sum, 12);
    expect(model.report?.isConverged).toBe(true);
  });

  it("zipml, which has one output, is set against the rest by itself", () => {
    const model = new LogisticRegression({ solver: "zipml", maxPasses: 10 }).fitSync(X, sample.labels);
    expect([model.loss, model.coef.length]).toEqual(["logistic", 28]);
    expect(model.report).toMatchObject({ isConverged: false, stoppedBy: "maxPasses" });
  });
});

describe("solvers by name", () => {
  const sample = sampleFor("logistic", 300, 6, 2);
  const best = minimise(exactOf(sample.data, 300, "logistic", signs(sample.labels, 1), { l2: 1e-2 }));
  it.each(["newton", "halp", "svrg", "saga"] as const)(
    "%s comes to the optimum and stops by the gradient",
    (solver) => {
      const model = new LogisticRegression({ solver, l2: 1e-2, tol: 1e-5 }).fitSync(matrixOf(sample), sample.labels);
      expect(model.report).toMatchObject({ solver, isConverged: true, stoppedBy: "converged" });
      expect((model.report?.objective ?? 1) - best.objective).toBeLessThan(1e-9);
    },
  );

  it.each(["sgd", "lp-sgd", "lp-svrg", "zipml"] as const)("%s ends at maxPasses and says so", (solver) => {
    const model = new LogisticRegression({ solver, l2: 1e-2, tol: 1e-9, maxPasses: 30 });
    model.fitSync(matrixOf(sample), sample.labels);
    const { report } = model;
    expect(report).toMatchObject({ solver, isConverged: false, stoppedBy: "maxPasses" });
    const passes = (report?.passes ?? 0) + (report?.exactPasses ?? 0);
    expect(passes).toBeGreaterThanOrEqual(30);
    expect(passes).toBeLessThan(35);
    // at least half of the way from F(0) = ln 2: a constant step stays noisy
    expect((report?.objective ?? 1) - best.objective).toBeLessThan(0.5 * (Math.LN2 - best.objective));
  });

  it.each([1e-1, 1e-2, 1e-3, 1e-4, 1e-5])("tol %f is the gradient norm that is left of that of zero weights", (tol) => {
    const exact = exactOf(sample.data, 300, "logistic", signs(sample.labels, 1), { l2: 1e-2 });
    const zero = norm(gradient(exact, new Float64Array(7)));
    const norms: number[] = [];
    new LogisticRegression({ solver: "svrg", l2: 1e-2, tol, seed: 3 }).fitSync(matrixOf(sample), sample.labels, {
      onProgress: ({ gradientNorm }) => norms.push(gradientNorm / zero),
    });
    expect(norms.at(-1)).toBeLessThanOrEqual(tol);
    for (const before of norms.slice(0, -1)) expect(before).toBeGreaterThan(tol);
  });

  it("tol refers to zero weights also after a warm start", () => {
    const model = new LogisticRegression({ solver: "svrg", l2: 1e-2, tol: 1e-5, warmStart: true });
    model.fitSync(matrixOf(sample), sample.labels).fitSync(matrixOf(sample), sample.labels);
    expect(model.report).toMatchObject({ outerSteps: 0, passes: 0, isConverged: true });
  });
});

describe("labels", () => {
  const sample = sampleFor("softmax", 60, 3, 5, 3);
  const X = matrixOf(sample);
  const asNumbers = new LogisticRegression().fitSync(X, sample.labels);

  it("strings ascend by code units, and come back from predict", () => {
    const names = ["Zebra", "apple", "Äpfel"];
    const model = new LogisticRegression().fitSync(
      X,
      Array.from(sample.labels, (k) => names[k] as string),
    );
    expect(model.classes).toEqual(names);
    expect(bits(model)).toBe(bits(asNumbers));
    expect(model.predict(X)).toEqual(asNumbers.predict(X).map((k) => names[k as number]));
  });

  it("numbers ascend by size, whatever the array", () => {
    const values = [-7.5, 2, 10];
    const all = Array.from(sample.labels, (k) => values[k] as number);
    for (const y of [all, Float32Array.from(all), Float64Array.from(all)]) {
      const model = new LogisticRegression().fitSync(X, y);
      expect(model.classes).toEqual(values);
      expect(bits(model)).toBe(bits(asNumbers));
    }
    const bytes = new LogisticRegression().fitSync(X, Uint8Array.from(sample.labels));
    expect(bits(bytes)).toBe(bits(asNumbers));
  });

  it("of two classes the second is the positive one; 0 and −0 are one class", () => {
    const two = sampleFor("logistic", 60, 3, 5);
    const model = new LogisticRegression().fitSync(
      matrixOf(two),
      Array.from(two.labels, (y) => (y > 0 ? "yes" : "no")),
    );
    const other = new LogisticRegression().fitSync(
      matrixOf(two),
      Array.from(two.labels, (y, i) => (y > 0 ? 3 : i % 2 ? 0 : -0)),
    );
    expect(model.classes).toEqual(["no", "yes"]);
    expect(other.classes).toEqual([0, 3]);
    expect(bits(model)).toBe(bits(other));
    const scores = model.decisionFunction(matrixOf(two));
    expect(model.predict(matrixOf(two))).toEqual(Array.from(scores, (m) => (m > 0 ? "yes" : "no")));
  });

  it.each([
    [
      "mixed",
      (k: number, i: number) => (i === 7 ? "1" : k),
      "BAD_VALUE",
      'labels: row 7: expected a number like the others, given "1"',
    ],
    [
      "NaN",
      (k: number, i: number) => (i === 3 ? Number.NaN : k),
      "BAD_VALUE",
      "row 3: expected a finite number or a string, given NaN",
    ],
    ["true", () => true, "BAD_VALUE", "row 0: expected a finite number or a string, given true"],
    ["one class", () => "x", "ONE_CLASS", 'every label is "x"'],
    ["a class per row", (_k: number, i: number) => i, "BAD_VALUE", null],
  ] as const)("%s", async (_name, label, code, sentence) => {
    const rows = 1100;
    const data = Float64Array.from({ length: rows }, (_, i) => i % 17);
    const y = Array.from({ length: rows }, (_, i) => label(i % 3, i));
    const error = await errorOf(() => new LinearSVC().fit({ data, rows, cols: 1 }, wrong(y)));
    expect(error.code).toBe(code);
    expect(error.message).toContain(sentence ?? "more than 1024 distinct labels");
    expect(error.message).toContain("LinearSVC.fit");
  });
});

describe("weights", () => {
  const sample = sampleFor("softmax", 120, 4, 9, 3);
  const X = matrixOf(sample);
  const y = Array.from(sample.labels, (k) => ["a", "b", "c"][k] as string);
  const weightOf: Record<string, number> = { a: 1, b: 3, c: 0.5 };
  const weighted = new LogisticRegression().fitSync(X, y, {
    sampleWeight: y.map((label) => weightOf[label] as number),
  });

  it.each([
    ["an object", { b: 3, c: 0.5 }],
    [
      "a map",
      new Map([
        ["b", 3],
        ["c", 0.5],
      ]),
    ],
    [
      "pairs",
      [
        ["b", 3],
        ["c", 0.5],
      ],
    ],
  ] as const)("classWeight as %s weighs the rows of its classes", (_name, classWeight) => {
    const model = new LogisticRegression({ classWeight: classWeight as never }).fitSync(X, y);
    expect(bits(model)).toBe(bits(weighted));
  });

  it("objects name number labels by their text", () => {
    const model = new LogisticRegression({ classWeight: { 1: 3, 2: 0.5 } }).fitSync(X, sample.labels);
    expect(bits(model)).toBe(bits(weighted));
  });

  it("balanced: rows/(classes × rows of the class), times the weights of rows", () => {
    const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
    for (const label of y) counts[label] = (counts[label] as number) + 1;
    const own = y.map((label, i) => (120 / (3 * (counts[label] as number))) * (sample.weights[i] as number));
    const model = new LogisticRegression({ classWeight: "balanced" }).fitSync(X, y, { sampleWeight: sample.weights });
    expect(bits(model)).toBe(bits(new LogisticRegression().fitSync(X, y, { sampleWeight: own })));
  });

  it("a row of weight 2 counts as two rows, one of weight 0 as none", () => {
    const twice = sampleFor("squared", 80, 3, 4);
    const weights = Array.from({ length: 80 }, (_, i) => i % 3);
    const index = weights.flatMap((weight, i) => new Array<number>(weight).fill(i));
    const rows = listOf(twice.data, 80);
    const a = new LinearRegression({ tol: 1e-12 }).fitSync(rows, twice.labels, { sampleWeight: weights });
    const b = new LinearRegression({ tol: 1e-12 }).fitSync(
      index.map((i) => rows[i] as number[]),
      index.map((i) => twice.labels[i] as number),
    );
    a.coef.forEach((w, j) => {
      expect(Math.abs(w - (b.coef[j] as number))).toBeLessThan(1e-9);
    });
  });
});

describe("predictions", () => {
  const sample = sampleFor("softmax", 90, 37, 6, 4);
  const whole = Int8Array.from(sample.data, (x) => Math.round(3 * x));
  const inputs: Record<string, RowsInput> = {
    int8: { data: whole, rows: 90, cols: 37 },
    int16: { data: Int16Array.from(whole), rows: 90, cols: 37 },
    float32: { data: Float32Array.from(whole), rows: 90, cols: 37 },
    float64: { data: Float64Array.from(whole), rows: 90, cols: 37 },
    lists: listOf(whole, 90),
    "lists with a shape": { data: listOf(whole, 90), rows: 90, cols: 37 },
    sparse: compress(whole, 90),
    "sparse bytes": compress(whole, 90, Int8Array as never),
  };
  const fitted = {
    softmax: new LogisticRegression().fitSync(inputs["int8"] as RowsInput, sample.labels),
    logistic: new LogisticRegression().fitSync(
      inputs["int8"] as RowsInput,
      Array.from(sample.labels, (k) => k % 2),
    ),
    ovr: new LogisticRegression({ multiClass: "ovr" }).fitSync(inputs["int8"] as RowsInput, sample.labels),
  };

  it.each(Object.keys(inputs))("from %s", (name) => {
    const X = inputs[name] as RowsInput;
    for (const model of Object.values(fitted)) {
      const outputs = model.intercept.length;
      const exact = { ...exactOf(whole, 90, outputs > 1 ? "softmax" : "logistic", sample.labels), classes: outputs };
      const theta = joinParameters(exact, model.coef, model.intercept);
      const [scores, all, predicted] = [model.decisionFunction(X), model.predictProba(X), model.predict(X)];
      const classes = model.classes.length;
      expect([scores.length, all.length, predicted.length]).toEqual([90 * outputs, 90 * classes, 90]);
      for (let i = 0; i < 90; i++) {
        const margins = marginsOf(exact, theta, i);
        margins.forEach((m, k) => {
          // 38 float64 products and sums, of terms up to 10·|w|
          expect(Math.abs(m - (scores[i * outputs + k] as number))).toBeLessThan(38 * 2 ** -50 * 10);
        });
        const row = all.subarray(i * classes, (i + 1) * classes);
        expect(Math.abs(row.reduce((sum, p) => sum + p, 0) - 1)).toBeLessThan(4 * 2 ** -52);
        const own = scores.subarray(i * outputs, (i + 1) * outputs);
        const sigmoid = (m: number): number => 1 / (1 + Math.exp(-m));
        const raw =
          outputs === 1
            ? [sigmoid(-(own[0] as number)), sigmoid(own[0] as number)]
            : Array.from(own, (m) => (model.loss === "softmax" ? Math.exp(m) : sigmoid(m)));
        const total = raw.reduce((sum, p) => sum + p, 0);
        row.forEach((p, k) => {
          expect(Math.abs(p - (raw[k] as number) / total)).toBeLessThan(1e-14);
        });
        const top = outputs === 1 ? ((own[0] as number) > 0 ? 1 : 0) : own.indexOf(Math.max(...own));
        expect(predicted[i]).toBe(model.classes[top]);
      }
      const hits = predicted.filter((label, i) => label === sample.labels[i]).length;
      expect(model.score(X, sample.labels)).toBe(hits / 90);
    }
  });

  it("probabilities of far rows stay probabilities", () => {
    const far = { data: Float64Array.from({ length: 2 * 37 }, (_, j) => (j < 37 ? 1e3 : -1e3)), rows: 2, cols: 37 };
    for (const model of Object.values(fitted)) {
      const all = model.predictProba(far);
      expect(all.every((p) => p >= 0 && p <= 1)).toBe(true);
      const classes = model.classes.length;
      for (const i of [0, 1]) {
        const sum = all.subarray(i * classes, (i + 1) * classes).reduce((a, p) => a + p, 0);
        expect(Math.abs(sum - 1)).toBeLessThan(4 * 2 ** -52);
      }
    }
  });

  it("R²: 1 is perfect, 0 the mean, weighted by rows", () => {
    const X = [[0], [1], [2], [3]];
    const model = new LinearRegression({ tol: 1e-9 }).fitSync(X, [1, 3, 5, 7]);
    expect(model.score(X, [1, 3, 5, 7])).toBeCloseTo(1, 12);
    const predicted = model.predict(X);
    const y = [1, 2, 6, 7];
    const weights = [1, 2, 0, 1];
    const mean = (1 + 4 + 7) / 4;
    const left = weights.reduce((sum, w, i) => sum + w * ((y[i] as number) - (predicted[i] as number)) ** 2, 0);
    const all = weights.reduce((sum, w, i) => sum + w * ((y[i] as number) - mean) ** 2, 0);
    expect(model.score(X, y, { sampleWeight: weights })).toBeCloseTo(1 - left / all, 12);
    expect(model.score([[1], [2]], [4, 4])).toBe(0);
    const zeros = [0, 0, 0, 0];
    expect(new LinearRegression().fitSync(X, zeros).score(X, zeros)).toBe(1);
    // rows that weigh nothing do not make the truth vary
    expect(model.score([[1], [2], [3]], [4, 4, 9], { sampleWeight: [1, 1, 0] })).toBe(0);
    // the mean of these is not 0.1: their squares about it are not 0
    const tenths = new Array<number>(10).fill(0.1);
    const sum = tenths.reduce((a, b) => a + b, 0);
    expect(sum / 10).not.toBe(0.1);
    const column = tenths.map((_, i) => [i]);
    expect(model.score(column, tenths)).toBe(0);
  });

  it("accuracy is weighted; unknown labels are wrong", () => {
    const X = [[-1], [1], [-2], [2]];
    const model = new LogisticRegression().fitSync(X, ["n", "p", "n", "p"]);
    expect(model.score(X, ["n", "p", "p", "new"])).toBe(0.5);
    expect(model.score(X, ["n", "p", "p", "new"], { sampleWeight: [3, 3, 1, 1] })).toBe(0.75);
  });
});

describe("warm start", () => {
  const sample = sampleFor("softmax", 400, 9, 8, 3);
  const X = matrixOf(sample);

  it("continues from the fitted weights when shapes agree", () => {
    const model = new LogisticRegression({ warmStart: true, l2: 1e-3 }).fitSync(X, sample.labels);
    const cold = model.report?.passes ?? 0;
    model.fitSync(X, sample.labels);
    expect(model.report?.passes).toBeLessThan(cold / 2);
    expect(model.report?.isConverged).toBe(true);
  });

  it("begins anew with other classes, other columns, or when it is off", () => {
    const fresh = bits(new LogisticRegression({ l2: 1e-3 }).fitSync(X, sample.labels));
    const model = new LogisticRegression({ warmStart: true, l2: 1e-3 });
    model
      .fitSync(
        X,
        Array.from(sample.labels, (k) => k + 1),
      )
      .fitSync(X, sample.labels);
    expect(bits(model)).toBe(fresh);
    model.fitSync([[1], [2], [3]], [0, 1, 2]).fitSync(X, sample.labels);
    expect(bits(model)).toBe(fresh);
    const off = new LogisticRegression({ l2: 1e-3 }).fitSync(X, sample.labels).fitSync(X, sample.labels);
    expect(bits(off)).toBe(fresh);
  });

  it("after JSON, too", () => {
    const model = new LinearSVC({ warmStart: true, l2: 1e-3 }).fitSync(X, sample.labels);
    const again = LinearSVC.fromJSON(JSON.parse(JSON.stringify(model))).fitSync(X, sample.labels);
    model.fitSync(X, sample.labels);
    expect(bits(again)).toBe(bits(model));
  });
});

describe("validation", () => {
  // more columns than rows can bear: the training loss falls while that of other rows rises
  const sample = sampleFor("logistic", 120, 60, 3);
  const rows = listOf(sample.data, 120);
  const y = Array.from(sample.labels);
  const held = { X: rows.slice(60), y: y.slice(60) };
  const [X, own] = [rows.slice(0, 60), y.slice(0, 60)];

  /** Mean loss on the rows held out, by the oracle. */
  const lossOn = (model: LogisticRegression): number => {
    const exact = exactOf(sample.data.slice(60 * 60), 60, "logistic", signs(held.y, 1), { l2: 0 });
    return objective(exact, joinParameters(exact, model.coef, model.intercept));
  };

  it.each(["auto", "svrg", "halp"] as const)("%s keeps the weights that do best on rows held out", (solver) => {
    const losses: number[] = [];
    const model = new LogisticRegression({ l2: 1e-8, solver, patience: 2, maxPasses: 300 });
    // the whole run, step by step: the model of each step is the best so far
    model.fitSync(X, own, {
      validation: held,
      onProgress: () => {
        if (model.isFitted) losses.push(lossOn(model));
      },
    });
    const { report } = model;
    expect(report).toMatchObject({ stoppedBy: "validation", isConverged: false, rows: 60 });
    expect(report?.validation?.loss).toBeCloseTo(Math.min(...losses), 12);
    expect(lossOn(model)).toBeCloseTo(report?.validation?.loss ?? 0, 12);
    const steps = report?.validation?.outerSteps[0] ?? 0;
    expect(report?.outerSteps).toBe(steps + 2);
    const plain = new LogisticRegression({ l2: 1e-8, solver, maxPasses: 300 }).fitSync(X, own);
    expect(lossOn(model)).toBeLessThan(lossOn(plain));
    // objective and gradient norm of the report are those of the kept weights
    const exact = exactOf(sample.data.slice(0, 60 * 60), 60, "logistic", signs(own, 1), { l2: 1e-8 });
    const theta = joinParameters(exact, model.coef, model.intercept);
    expect(report?.objective).toBeCloseTo(objective(exact, theta), 12);
    expect(report?.gradientNorm).toBeCloseTo(norm(gradient(exact, theta)), 12);
  });

  it("a part of the rows: the same part of every class, the same rows for the same seed", () => {
    const labels = y.map((label, i) => (i < 12 ? "rare" : label > 0 ? "one" : "two"));
    const counts = ["rare", "one", "two"].map((name) => labels.filter((label) => label === name).length);
    const rowsLeft = counts.reduce((sum, count) => sum + count - Math.round(0.25 * count), 0);
    const trained = (seed: number): string => {
      const model = new LogisticRegression({ seed, l2: 0.3 }).fitSync(rows, labels, { validation: 0.25 });
      expect(model.report?.rows).toBe(rowsLeft);
      expect(model.report?.validation?.loss).toBeGreaterThan(0);
      return bits(model);
    };
    expect(trained(1)).toBe(trained(1));
    expect(trained(1)).not.toBe(trained(2));
  });

  it.each([
    ["squared", "squared"],
    ["huber", "huber"],
    ["squaredHinge", "squaredHinge"],
    ["hinge", "hinge"],
    ["softmax", "softmax"],
  ] as const)("%s: the validation loss is that of the oracle", (made, loss) => {
    const all = sampleFor(loss, 100, 4, 12, 3);
    const list = listOf(all.data, 100);
    const labels = Array.from(all.labels);
    const model = MADE[made]() as LogisticRegression;
    const weights = all.weights.slice(60);
    const validation = { X: list.slice(60), y: labels.slice(60), sampleWeight: weights };
    model.fitSync(list.slice(0, 60), labels.slice(0, 60), { validation });
    const rest = isBinary(loss) ? signs(labels.slice(60), 1) : labels.slice(60);
    const exact = exactOf(all.data.slice(240), 40, loss, rest, {
      l2: 0,
      weights,
      tau: 0.7,
      classes: model.intercept.length,
    });
    const F = objective(exact, joinParameters(exact, model.coef, model.intercept));
    expect(model.report?.validation?.loss).toBeCloseTo(F, 12);
  });

  it.each(["balanced", { rare: 5, common: 0.5 }] as const)(
    "classWeight %o weighs the rows held out as it does those of the fit, in either form",
    (classWeight) => {
      // a fifth of the rows, told by two columns and a coin
      const order = rows.map(([a, b], i) => (a as number) + (b as number) + 0.01 * (i % 7));
      const bar = [...order].sort((a, b) => b - a)[24] as number;
      const labels = order.map((x) => (x > bar ? "rare" : "common"));
      const [first, last] = [labels.slice(0, 60), labels.slice(60)];
      // rows held out of the classes in other shares: the weights are those of the fit
      const some = Array.from({ length: 60 }, (_, i) => i).filter((i) => last[i] === "rare" || i < 30);
      const sampleWeight = some.map((i) => 1 + (i % 3));
      const validation = { X: some.map((i) => held.X[i] as number[]), y: some.map((i) => last[i] as string) };
      const countOf = (names: string[], own: string): number => names.filter((name) => name === own).length;
      const weightOf: Record<string, number> =
        classWeight === "balanced"
          ? { rare: 60 / (2 * countOf(first, "rare")), common: 60 / (2 * countOf(first, "common")) }
          : classWeight;
      const model = new LogisticRegression({ l2: 0.3, classWeight });
      model.fitSync(X, first, { validation: { ...validation, sampleWeight } });
      expect(model.report?.validation?.outerSteps[0]).toBeGreaterThan(0);
      const lossOf = (rowsOf: number[][], names: string[], of: (i: number) => number): number => {
        const scores = model.decisionFunction(rowsOf);
        let [sum, total] = [0, 0];
        names.forEach((name, i) => {
          const weight = (weightOf[name] as number) * of(i);
          const m = scores[i] as number;
          sum += weight * Math.log1p(Math.exp(name === "rare" ? -m : m));
          total += weight;
        });
        return sum / total;
      };
      expect(model.report?.validation?.loss).toBeCloseTo(
        lossOf(validation.X, validation.y, (i) => sampleWeight[i] as number),
        12,
      );
      // a part of the rows: the same as if its rows had been held out by hand
      const trained = new LogisticRegression({ l2: 0.3, classWeight, tol: 1e-3 }).fitSync(rows, labels, {
        validation: 0.5,
      });
      const { train, test } = finish(
        splitRows(
          "",
          120,
          0.5,
          0,
          Float64Array.from(labels, (name) => (name === "rare" ? 1 : 0)),
          2,
        ),
      );
      const pick = <T>(values: readonly T[], index: Uint32Array): T[] => Array.from(index, (i) => values[i] as T);
      const byHand = new LogisticRegression({ l2: 0.3, classWeight, tol: 1e-3 }).fitSync(
        pick(rows, train),
        pick(labels, train),
        { validation: { X: pick(rows, test), y: pick(labels, test) } },
      );
      expect(bits(trained)).toBe(bits(byHand));
      const [a, b] = [trained.report?.validation, byHand.report?.validation];
      expect(a?.outerSteps).toEqual(b?.outerSteps);
      expect(a?.loss).toBeCloseTo(b?.loss ?? 0, 14);
    },
  );

  it("rows held out whose classes weigh nothing are an error", async () => {
    const error = await errorOf(() =>
      new LogisticRegression({ classWeight: { 1: 0 } }).fit([[1], [2], [3]], [0, 1, 0], {
        validation: { X: [[1]], y: [1] },
      }),
    );
    expect(error.code).toBe("BAD_VALUE");
    expect(error.message).toContain("weights of the rows held out are all 0");
  });

  it("sparse rows, and classes each against the rest", () => {
    const three = sampleFor("softmax", 90, 5, 2, 3);
    const model = new LinearSVC().fitSync(matrixOf(three), three.labels, {
      validation: { X: compress(three.data, 90), y: three.labels },
    });
    expect(model.report?.validation?.outerSteps.length).toBe(3);
  });
});

describe("progress", () => {
  it.each(Object.keys(MADE) as Made[])("%s: every outer step, true numbers, fractions that rise to 1", async (loss) => {
    const sample = sampleFor(loss, 200, 5, 3, 3);
    const steps: FitProgress[] = [];
    const model = MADE[loss]() as LogisticRegression;
    await model.fit(matrixOf(sample), sample.labels, { onProgress: (step) => steps.push(step) });
    expect(steps.length).toBeGreaterThan(1);
    expect(steps.at(-1)).toMatchObject({
      fraction: 1,
      passes: model.report?.passes,
      exactPasses: model.report?.exactPasses,
      objective: model.report?.objective,
      gradientNorm: model.report?.gradientNorm,
      outerStep: model.report?.outerSteps,
      problem: 0,
      problems: 1,
    });
    steps.slice(1).forEach((step, i) => {
      expect(step.fraction).toBeGreaterThanOrEqual((steps[i] as FitProgress).fraction);
      expect(step.passes).toBeGreaterThanOrEqual((steps[i] as FitProgress).passes);
    });
  });

  it("one against the rest: problems one after the other", () => {
    const sample = sampleFor("softmax", 100, 4, 3, 3);
    const steps: FitProgress[] = [];
    new LinearSVC().fitSync(matrixOf(sample), sample.labels, { onProgress: (step) => steps.push(step) });
    expect(new Set(steps.map(({ problem }) => problem))).toEqual(new Set([0, 1, 2]));
    expect(steps.every(({ problems }) => problems === 3)).toBe(true);
    steps.slice(1).forEach((step, i) => {
      const before = steps[i] as FitProgress;
      expect(step.fraction).toBeGreaterThanOrEqual(before.fraction);
      expect(step.passes + step.exactPasses).toBeGreaterThanOrEqual(before.passes + before.exactPasses);
    });
    expect(steps.at(-1)?.fraction).toBe(1);
  });
});

describe("interrupts", () => {
  const sample = sampleFor("logistic", 300, 8, 4);
  const three = sampleFor("softmax", 150, 4, 4, 3);
  const cases = {
    auto: { make: () => new LogisticRegression(), sample },
    svrg: { make: () => new LogisticRegression({ solver: "svrg", tol: 1e-3 }), sample },
    hinge: { make: () => new LinearSVC({ loss: "hinge" }), sample },
    "one against the rest": { make: () => new LinearSVC(), sample: three },
  } as const;

  describe.each(Object.entries(cases))("%s", (_name, { make, sample: { data, rows, cols, labels } }) => {
    const X = { data, rows, cols };
    const all: FitProgress[] = [];
    make().fitSync(X, labels, { onProgress: (step) => all.push(step) });

    it.each(["signal", "throw"] as const)("%s at every step leaves the last one, and no memory", async (how) => {
      for (let at = 0; at < all.length; at++) {
        const engine = createEngine();
        const { options } = make();
        const model = new (make().constructor as typeof LinearSVC)({ ...options, engine });
        const controller = new AbortController();
        let seen = 0;
        let present = "";
        const onProgress = (): void => {
          present = model.isFitted ? bits(model) : "";
          if (seen++ < at) return;
          if (how === "throw") throw new Error("enough");
          controller.abort("changed my mind");
        };
        const run = model.fit(X, labels, { onProgress, signal: controller.signal });
        const isFirst = at === 0;
        if (how === "throw") await expect(run).rejects.toThrow("enough");
        else if (at === all.length - 1) await run;
        else {
          const error = await errorOf(() => run);
          expect(error.code).toBe("ABORTED");
          expect(error.cause).toBe("changed my mind");
          expect(error.message).toContain(
            isFirst ? "there is no model" : `after outer step ${(all[at] as FitProgress).outerStep}`,
          );
        }
        expect(engine.bytes).toBe(0);
        if (isFirst) expect(model.isFitted).toBe(false);
        else if (at < all.length - 1 || how === "throw") {
          expect(bits(model)).toBe(present);
          expect(model.predict(X).length).toBe(rows);
          const stoppedBy = how === "throw" ? "failed" : "aborted";
          expect(model.report).toMatchObject({ stoppedBy, isConverged: false });
          // the first report of a class is of its start, not of a finished step
          const finished = all.slice(0, at + 1).filter(({ outerStep }) => outerStep > 0);
          expect(model.report?.objective).toBe(finished.at(-1)?.objective);
        }
        // nothing is stuck
        model.fitSync(X, labels);
        expect(model.report?.stoppedBy).not.toBe("running");
        engine.dispose();
      }
    });
  });

  it("a signal that is aborted already keeps the earlier model and its report", async () => {
    const model = new LogisticRegression().fitSync(matrixOf(sample), sample.labels);
    const [before, report] = [bits(model), model.report];
    const error = await errorOf(() => model.fit(matrixOf(three), three.labels, { signal: AbortSignal.abort() }));
    expect(error.code).toBe("ABORTED");
    expect(error.message).toContain("the model is the one of before");
    expect((error.cause as Error).name).toBe("AbortError");
    expect([bits(model), model.report]).toEqual([before, report]);
  });

  it("fitSync hears a signal that its own callback aborts", async () => {
    const controller = new AbortController();
    const onProgress = (): void => controller.abort();
    const fit = () =>
      new LinearSVC().fitSync(matrixOf(sample), sample.labels, { onProgress, signal: controller.signal });
    expect((await errorOf(fit)).code).toBe("ABORTED");
  });

  it("a second fit while one runs is an error; the first one ends well", async () => {
    const model = new LogisticRegression();
    const first = model.fitWork(matrixOf(sample), sample.labels);
    while (!first.next().done) {
      const second = await errorOf(() => model.fit(matrixOf(three), three.labels));
      expect(second.code).toBe("UNSUPPORTED");
      expect(second.message).toContain("LogisticRegression.fit: a fit of this estimator is running");
      expect((await errorOf(() => model.fitSync(matrixOf(three), three.labels))).code).toBe("UNSUPPORTED");
      const streaming = await errorOf(() => model.partialFit(matrixOf(three), three.labels, { classes: [0, 1] }));
      expect(streaming.message).toContain("LogisticRegression.partialFit: a fit of this estimator is running");
    }
    expect(model.classes).toEqual([0, 1]);
    model.fitSync(matrixOf(three), three.labels);
    expect(model.classes).toEqual([0, 1, 2]);
  });
});

describe("report.bytes", () => {
  const small = sampleFor("logistic", 60, 3, 3);
  const large = sampleFor("logistic", 20_000, 30, 3);

  it("are those of this fit, whatever else is on its engine", () => {
    const engine = createEngine();
    const begin = (sample: Sample, onProgress = () => {}) =>
      new LogisticRegression({ l2: 1e-3, engine }).fitWork(matrixOf(sample), sample.labels, { onProgress });
    /** The bytes of fits that go on in each other's pauses. */
    const bytesOf = (fits: ReturnType<typeof begin>[]): number[] => {
      const told = fits.map(() => 0);
      for (let left = fits.length; left > 0; ) {
        fits.forEach((fit, i) => {
          if (told[i] !== 0) return;
          const { done, value } = fit.next();
          if (!done) return;
          told[i] = value.report?.bytes ?? -1;
          left--;
        });
      }
      return told;
    };
    try {
      const [few, many] = [small, large].map((sample) => bytesOf([begin(sample)])[0] as number) as [number, number];
      expect(few).toBeGreaterThan(60 * 3);
      expect(many).toBeGreaterThan(20_000 * 30);
      expect(few).toBeLessThan(many / 4);
      expect(bytesOf([begin(small), begin(large), begin(large)])).toEqual([few, many, many]);
      expect(bytesOf([begin(large), begin(large), begin(small)])).toEqual([many, many, few]);
      const other = engine.dataset(matrixOf(large), large.labels);
      expect(bytesOf([begin(small)])).toEqual([few]);
      other.dispose();
      // what a listener does on the same engine
      const inner: number[] = [];
      expect(bytesOf([begin(small, () => inner.push(...bytesOf([begin(large)])))])).toEqual([few]);
      expect(new Set(inner)).toEqual(new Set([many]));
      expect(engine.bytes).toBe(0);
    } finally {
      engine.dispose();
    }
  });
});

describe("JSON", () => {
  it.each(Object.keys(MADE) as Made[])("%s: predicts the same bits, and can be fitted again", (loss) => {
    const sample = sampleFor(loss, 80, 5, 6, 3);
    const X = matrixOf(sample);
    const made = MADE[loss]({ seed: 3, tol: 1e-5 });
    const names = ["a", "b", "c", "d", "e"];
    made.fitSync(X, sample.labels, { featureNames: names, firstIndex: 0 });
    const value = JSON.parse(JSON.stringify(made));
    const again = (made.constructor as typeof LogisticRegression).fromJSON(value);
    expect(bits(again)).toBe(bits(made));
    expect(again.options).toEqual(made.options);
    expect(again.report).toEqual(made.report);
    expect(again.featureNames).toEqual(names);
    expect([made.firstIndex, again.firstIndex]).toEqual([0, 0]);
    expect(again.classes).toEqual(made.classes);
    expect(again.predict(X)).toEqual(made.predict(X));
    expect(value.firstIndex).toBe(0);
    const plain = JSON.parse(JSON.stringify(made.clone().fitSync(X, sample.labels)));
    expect(plain).not.toHaveProperty("firstIndex");
    const [refitted, refitted2] = [again.fitSync(X, sample.labels), made.fitSync(X, sample.labels)];
    expect(bits(refitted)).toBe(bits(refitted2));
  });

  it("carries maps of weights and string classes, no engine", () => {
    const engine = createEngine();
    const classWeight = new Map([["x", 2]]);
    const model = new LinearSVC({ classWeight, engine }).fitSync([[0], [1], [2]], ["x", "y", "z"]);
    const again = LinearSVC.fromJSON(JSON.parse(JSON.stringify(model)));
    expect(again.options).toEqual({ classWeight: [["x", 2]] });
    expect(again.classes).toEqual(["x", "y", "z"]);
    expect(bits(again.fitSync([[0], [1], [2]], ["x", "y", "z"]))).toBe(bits(model));
    engine.dispose();
  });

  it("refuses models of another kind", async () => {
    const value = new LinearSVC().fitSync([[0], [1]], [0, 1]).toJSON();
    const other = await errorOf(() => LogisticRegression.fromJSON(value));
    expect([other.code, other.message]).toEqual([
      "BAD_FILE",
      "LogisticRegression.fromJSON: expected a LogisticRegression, given a LinearSVC",
    ]);
    expect(LinearSVC.fromJSON(JSON.stringify(value) as never).coef).toEqual(LinearSVC.fromJSON(value).coef);
    for (const bad of [null, 3, {}, [], { ...value, options: 3 }]) {
      expect((await errorOf(() => LinearSVC.fromJSON(bad))).code).toBe("BAD_FILE");
    }
  });

  describe("the report is checked field by field", () => {
    const model = new LogisticRegression().fitSync([[0], [1], [2], [3]], ["a", "b", "a", "b"], {
      validation: { X: [[4]], y: ["b"] },
    });
    const own = JSON.parse(JSON.stringify(model.report));
    /** The model with another report, its checksum right. */
    const withReport = (report: object) => modelToJson(model, { report });

    it("as a fit wrote it", () => {
      expect(LogisticRegression.fromJSON(withReport(own)).report).toEqual(model.report);
      expect(LogisticRegression.fromJSON(modelToJson(model)).report).toBeNull();
    });

    const faults: readonly (readonly [string, unknown, string])[] = [
      ["solver", "lbfgs", 'solver must be "auto" or "newton" or'],
      ["variant", "simd", 'variant must be "baseline" or "relaxed" or "none", given "simd"'],
      ["loss", "hinge", 'loss must be "logistic", given "hinge"'],
      ["rows", 1.5, "rows must be a whole number >= 0, given 1.5"],
      ["rows", -1, "rows must be a whole number >= 0, given -1"],
      ["cols", 2, "cols must be 1, given 2"],
      ["passes", "3", 'passes must be a finite number >= 0, given "3"'],
      ["passes", null, "passes must be a finite number >= 0, given null"],
      ["exactPasses", -0.5, "exactPasses must be a finite number >= 0, given -0.5"],
      ["outerSteps", [], "outerSteps must be a whole number >= 0, given an array of 0"],
      ["objective", "low", 'objective must be a finite number or null, given "low"'],
      ["gradientNorm", true, "gradientNorm must be a finite number or null, given true"],
      ["isConverged", 1, "isConverged must be true or false, given 1"],
      ["stoppedBy", "boredom", 'stoppedBy must be "converged" or'],
      ["validation", 3, "validation must be null or an object, given 3"],
      ["validation", [], "validation must be null or an object, given an array of 0"],
      ["validation", { loss: "x", outerSteps: [1] }, 'validation.loss must be a finite number or null, given "x"'],
      ["validation", { loss: 1, outerSteps: 1 }, "validation.outerSteps must be an array of whole numbers >= 0"],
      ["validation", { loss: 1, outerSteps: [0.5] }, "validation.outerSteps must be an array of whole numbers >= 0"],
      ["validation", { loss: 1, outerSteps: [], more: 1 }, 'validation has an unknown field "more"'],
      ["bytes", -1, "bytes must be a whole number >= 0, given -1"],
      ["loadSeconds", {}, "loadSeconds must be a finite number >= 0, given an object of type Object"],
      ["seconds", null, "seconds must be a finite number >= 0, given null"],
      ["steps", 3, 'unknown field "steps"'],
    ];
    it.each(faults)("%s: %o", async (name, value, sentence) => {
      const error = await errorOf(() => LogisticRegression.fromJSON(withReport({ ...own, [name]: value })));
      expect(error.code).toBe("BAD_FILE");
      expect(error.message).toContain("LogisticRegression.fromJSON: report");
      expect(error.message).toContain(sentence);
    });

    it.each(Object.keys(own))("without %s", async (name) => {
      const { [name]: _gone, ...rest } = own;
      const error = await errorOf(() => LogisticRegression.fromJSON(withReport(rest)));
      expect(error.message).toContain(`report.${name} must be`);
      expect(error.message).toContain("given undefined");
    });

    it("what is beyond float64 is null in JSON, and NaN again", () => {
      const far = new LinearRegression().partialFit([[1], [2]], [1e200, 2e200]);
      expect(far.report?.objective).toBe(Number.POSITIVE_INFINITY);
      const again = LinearRegression.fromJSON(JSON.stringify(far));
      expect(again.report?.objective).toBeNaN();
      expect(JSON.stringify(again)).toBe(JSON.stringify(far));
      expect(bits(again)).toBe(bits(far));
    });
  });
});

describe("small and odd data", () => {
  it.each([0.1, 1, 10, 1e3])("huber with a first batch beyond every bend, epsilon %d", (epsilon) => {
    const { uniform } = dice(12);
    const model = new LinearRegression({ loss: "huber", epsilon });
    const X: number[][] = [];
    const y: number[] = [];
    for (let batch = 0; batch < 5; batch++) {
      const rows = Array.from({ length: 40 }, () => [uniform(), uniform()]);
      const targets = rows.map(([a = 0, b = 0]) => 2000 * a - 3000 * b + 1e4);
      X.push(...rows);
      y.push(...targets);
      model.partialFit(rows, targets);
    }
    // rows without noise: the optimum is the plane they lie on, whatever the bend
    expect(model.report?.isConverged).toBe(true);
    [2000, -3000].forEach((truth, j) => {
      expect(Math.abs((model.coef[j] as number) - truth)).toBeLessThan(1e-3);
    });
    expect(Math.abs((model.intercept[0] as number) - 1e4)).toBeLessThan(1e-3);
    expect(model.score(X, y)).toBeGreaterThan(1 - 1e-9);
  });

  it("one column, one row per class", () => {
    for (const model of [new LogisticRegression(), new LinearSVC(), new LinearSVC({ loss: "hinge" })]) {
      expect(model.fitSync([[0], [5]], ["low", "high"]).predict([[-1], [7]])).toEqual(["low", "high"]);
    }
    const many = new LogisticRegression().fitSync([[0], [5], [10]], [1, 2, 3]);
    expect(many.predict([[0], [5], [10]])).toEqual([1, 2, 3]);
    expect(new LinearRegression().fitSync([[0], [1]], [1, 3]).predict([[2]])[0]).toBeCloseTo(5, 9);
    expect(new LinearRegression().fitSync([[3]], [7]).predict([[3]])[0]).toBeCloseTo(7, 9);
  });

  it("constant columns get no weight with an intercept", () => {
    const X = Array.from({ length: 20 }, (_, i) => [5, i % 7, 0]);
    const model = new LogisticRegression().fitSync(
      X,
      Array.from({ length: 20 }, (_, i) => (i % 7 > 2 ? 1 : 0)),
    );
    expect([model.coef[0], model.coef[2]]).toEqual([0, 0]);
    const constant = new LogisticRegression().fitSync([[1], [1], [1]], [0, 1, 1]);
    expect(constant.coef[0]).toBe(0);
    expect(constant.intercept[0]).toBeCloseTo(Math.LN2, 6);
  });

  // weights of such a column and the intercept are one direction that nothing decides: rounding must not
  it.each([0, 0.1, 3, 300.5, -1e6])("a constant float column of %s without a penalty stays at 0", (value) => {
    for (const loss of SMOOTH) {
      const sample = sampleFor(loss, 300, 4, 6, 3);
      const data = sample.data.map((x, i) => (i % 4 === 3 ? value : 100 * x));
      const make = MADE[loss]().constructor as new (options: object) => LogisticRegression;
      const options = { l2: 0, ...(loss === "huber" && { loss }) };
      const model = new make(options).fitSync({ data, rows: 300, cols: 4 }, sample.labels);
      expect(model.report).toMatchObject({ isConverged: true });
      model.coef.forEach((w, j) => {
        if (j % 4 === 3) expect(w).toBe(0);
      });
      const three = data.filter((_, i) => i % 4 !== 3);
      const same = new make(options).fitSync({ data: three, rows: 300, cols: 3 }, sample.labels);
      expect(Math.abs((model.report?.objective ?? 1) - (same.report?.objective ?? 0))).toBeLessThan(1e-9);
    }
  });

  it("NaN and infinity are found where they stand, in training and prediction", async () => {
    const rows = [
      [1, 2],
      [3, Number.NaN],
      [4, 5],
    ];
    const model = new LogisticRegression();
    const error = await errorOf(() => model.fit(rows, [0, 1, 0]));
    expect([error.code, model.isFitted]).toEqual(["BAD_VALUE", false]);
    expect(error.message).toContain("row 1, column 1");
    model.fitSync(
      [
        [1, 2],
        [3, 4],
      ],
      [0, 1],
    );
    for (const X of [rows, Object.assign(compress(rows.flat(), 3))]) {
      const found = await errorOf(() => model.predict(X));
      expect(found.message).toContain(
        "LogisticRegression.predict: row 1, column 1: expected a finite number, given NaN",
      );
    }
    const infinite = { data: Float32Array.of(1, Number.POSITIVE_INFINITY), rows: 1, cols: 2 };
    expect((await errorOf(() => model.predictProba(infinite))).message).toContain("column 1");
  });
});

describe("misuse", () => {
  const X = [
    [1, 2],
    [3, 4],
    [5, 7],
  ];
  const y = [0, 1, 0];
  const fitted = () => new LogisticRegression().fitSync(X, y);
  const cases: readonly (readonly [string, () => unknown, string, string])[] = [
    [
      "unknown option",
      () => new LogisticRegression(wrong({ lambda: 1 })),
      "BAD_OPTION",
      'LogisticRegression: unknown option "lambda"; known: alpha, l2',
    ],
    [
      "option of another estimator",
      () => new LinearSVC(wrong({ epsilon: 1 })),
      "BAD_OPTION",
      'unknown option "epsilon"',
    ],
    [
      "classWeight of a regression",
      () => new LinearRegression(wrong({ classWeight: "balanced" })),
      "BAD_OPTION",
      "classWeight",
    ],
    ["no object", () => new LinearSVC(wrong(3)), "BAD_OPTION", "options must be an object, given 3"],
    ["alpha and l2", () => new LinearSVC({ alpha: 1, l2: 1 }), "BAD_OPTION", "alpha and l2 are the same option"],
    [
      "negative strength",
      () => new LinearSVC({ alpha: -1 }),
      "BAD_OPTION",
      "alpha must be a finite number >= 0, given -1",
    ],
    [
      "strength NaN",
      () => new LinearSVC({ l2: Number.NaN }),
      "BAD_OPTION",
      "l2 must be a finite number >= 0, given NaN",
    ],
    [
      "unknown penalty",
      () => new LinearSVC({ penalty: wrong("l3") }),
      "BAD_OPTION",
      'penalty must be "l2" or "l1" or "elasticnet"',
    ],
    ["l1Ratio alone", () => new LinearSVC({ l1Ratio: 0.5 }), "BAD_OPTION", 'l1Ratio belongs to penalty: "elasticnet"'],
    [
      "l1Ratio",
      () => new LinearSVC({ penalty: "elasticnet", l1Ratio: 2 }),
      "BAD_OPTION",
      "l1Ratio must be a finite number from 0 to 1",
    ],
    [
      "unknown solver",
      () => new LinearSVC({ solver: wrong("lbfgs") }),
      "BAD_OPTION",
      'solver must be "auto" or "newton" or',
    ],
    ["bits", () => new LinearSVC({ bits: wrong(7) }), "BAD_OPTION", "bits must be 2 or 4 or 8 or 16, given 7"],
    ["bits of zipml", () => new LinearSVC({ solver: "zipml", bits: 16 }), "BAD_OPTION", "samples of 8, 4 or 2 bits"],
    ["tol", () => new LinearSVC({ tol: 0 }), "BAD_OPTION", "tol must be"],
    ["maxPasses", () => new LinearSVC({ maxPasses: 0 }), "BAD_OPTION", "maxPasses must be"],
    ["seed", () => new LinearSVC({ seed: 1.5 }), "BAD_OPTION", "seed must be a whole number"],
    ["patience", () => new LinearSVC({ patience: 0 }), "BAD_OPTION", "patience must be"],
    ["engine", () => new LinearSVC({ engine: wrong({}) }), "BAD_OPTION", "engine must be one of createEngine"],
    [
      "engine and variant",
      () => new LinearSVC({ engine: createEngine(), variant: "baseline" }),
      "BAD_OPTION",
      "belong to the engine",
    ],
    [
      "multiClass",
      () => new LogisticRegression({ multiClass: wrong("ovo") }),
      "BAD_OPTION",
      'multiClass must be "auto" or "softmax" or "ovr"',
    ],
    [
      "loss of LinearSVC",
      () => new LinearSVC({ loss: wrong("logistic") }),
      "BAD_OPTION",
      'loss must be "squaredHinge" or "hinge"',
    ],
    [
      "epsilon without huber",
      () => new LinearRegression({ epsilon: 1 }),
      "BAD_OPTION",
      'epsilon belongs to loss: "huber"',
    ],
    ["classWeight", () => new LinearSVC({ classWeight: wrong(3) }), "BAD_OPTION", 'classWeight must be "balanced"'],
    [
      "classWeight below 0",
      () => new LinearSVC({ classWeight: { a: -1 } }),
      "BAD_OPTION",
      'classWeight of "a" must be a finite number >= 0, given -1',
    ],
    [
      "classWeight of no class",
      () => new LinearSVC({ classWeight: { 7: 1 } }).fit(X, y),
      "BAD_VALUE",
      'classWeight: unknown class "7"; known: 0, 1',
    ],
    ["too few labels", () => fitted().fit(X, [0, 1]), "BAD_SHAPE", "LogisticRegression.fit: 2 labels for 3 rows"],
    ["no labels", () => fitted().fit(X, wrong(undefined)), "BAD_SHAPE", "labels must be an array, given undefined"],
    ["targets that are strings", () => new LinearRegression().fit(X, wrong(["a", "b", "c"])), "BAD_VALUE", "labels"],
    ["no rows", () => fitted().fit([], []), "EMPTY", "data has no rows"],
    ["ragged rows", () => fitted().fit([[1, 2], [3], [4, 5]], y), "BAD_SHAPE", "row 1 has 1 values, row 0 has 2"],
    ["no matrix", () => fitted().fit(wrong("x"), y), "BAD_SHAPE", 'given "x"'],
    [
      "wrong shape",
      () => fitted().fit({ data: new Float32Array(5), rows: 3, cols: 2 }, y),
      "BAD_SHAPE",
      "data holds 5 values",
    ],
    [
      "unknown fit option",
      () => fitted().fit(X, y, wrong({ epochs: 3 })),
      "BAD_OPTION",
      'unknown option "epochs"; known: sampleWeight, validation, onProgress, signal',
    ],
    [
      "sampleWeight",
      () => fitted().fit(X, y, { sampleWeight: [1, 2] }),
      "BAD_SHAPE",
      "2 values of sampleWeight for 3 rows",
    ],
    [
      "sampleWeight below 0",
      () => fitted().fit(X, y, { sampleWeight: [1, -2, 1] }),
      "BAD_VALUE",
      "sampleWeight: row 1: expected a number >= 0, given -2",
    ],
    ["sampleWeight of 0", () => fitted().fit(X, y, { sampleWeight: [0, 0, 0] }), "BAD_VALUE", "sum"],
    [
      "validation part",
      () => fitted().fit(X, y, { validation: 1 }),
      "BAD_OPTION",
      "validation must be { X, y } or a part",
    ],
    [
      "validation rows",
      () => fitted().fit(X, y, { validation: { X: [[1]], y: [0] } }),
      "BAD_SHAPE",
      "validation: rows have 1 columns, X has 2",
    ],
    [
      "validation label",
      () => fitted().fit(X, y, { validation: { X: [[1, 2]], y: [5] } }),
      "BAD_VALUE",
      "validation: labels: row 0: unknown class 5; known: 0, 1",
    ],
    [
      "validation of too few",
      () =>
        fitted().fit(
          [
            [1, 1],
            [2, 2],
          ],
          y.slice(0, 2),
          { validation: 0.5 },
        ),
      "BAD_OPTION",
      "too few to hold out",
    ],
    ["onProgress", () => fitted().fit(X, y, { onProgress: wrong(3) }), "BAD_OPTION", "onProgress must be a function"],
    ["signal", () => fitted().fit(X, y, { signal: wrong({}) }), "BAD_OPTION", "signal must be an AbortSignal"],
    ["featureNames", () => fitted().fit(X, y, { featureNames: ["a"] }), "BAD_OPTION", "featureNames must be 2 strings"],
    [
      "predict columns",
      () => fitted().predict([[1, 2, 3]]),
      "BAD_SHAPE",
      "LogisticRegression.predict: rows have 3 columns, the model 2",
    ],
    ["predict no rows", () => fitted().predict([]), "EMPTY", "LogisticRegression.predict: data has no rows"],
    ["score labels", () => fitted().score(X, [1]), "BAD_SHAPE", "1 labels for 3 rows"],
    [
      "sparse column",
      () => fitted().predict({ ...compress([1, 2], 1), indices: Int32Array.of(0, 2) }),
      "BAD_VALUE",
      "row 0, place 1",
    ],
    [
      "sparse order",
      () => fitted().predict({ ...compress([1, 2], 1), indices: Int32Array.of(1, 0) }),
      "BAD_VALUE",
      "row 0, place 1",
    ],
    ["a bigint", () => fitted().predict([[1, wrong(2n)]]), "BAD_VALUE", "row 0, column 1: expected a number, given 2n"],
    [
      "targets beyond float32",
      () => new LinearRegression().fitSync(X, [1e30, 0, 1]),
      "BAD_VALUE",
      "scale them to between 1e-20 and 1e+20",
    ],
    [
      "sparse places",
      () => fitted().predict({ ...compress([1, 2], 1), indptr: Int32Array.of(0, 1) }),
      "BAD_VALUE",
      "indptr",
    ],
    [
      "not fitted: predict",
      () => new LinearSVC().predict(X),
      "NOT_FITTED",
      "LinearSVC.predict: this model is not fitted; call fit first",
    ],
    ["not fitted: coef", () => new LinearSVC().coef, "NOT_FITTED", "LinearSVC.coef"],
    ["not fitted: JSON", () => JSON.stringify(new LinearSVC()), "NOT_FITTED", "LinearSVC.toJSON"],
    [
      "partialFit without classes",
      () => new LinearSVC().partialFit(X, y),
      "BAD_OPTION",
      "the first batch needs classes",
    ],
    [
      "partialFit, one class",
      () => new LinearSVC().partialFit(X, y, { classes: [1] }),
      "BAD_OPTION",
      "classes must be an array of two labels or more",
    ],
    [
      "partialFit, equal classes",
      () => new LinearSVC().partialFit(X, y, { classes: [1, 1] }),
      "BAD_OPTION",
      "classes must be distinct",
    ],
    [
      "partialFit, unknown class",
      () => new LinearSVC().partialFit(X, y, { classes: [1, 2] }),
      "BAD_VALUE",
      "labels: row 0: unknown class 0; known: 1, 2",
    ],
    [
      "partialFit, other classes than at first",
      () => new LinearSVC().partialFit(X, y, { classes: [0, 1] }).partialFit(X, y, { classes: [0, 1, 2] }),
      "BAD_OPTION",
      "classes must be those of the first batch, 0, 1, given 0, 1, 2",
    ],
    [
      "validation without weight",
      () => new LinearSVC().fitSync(X, y, { validation: { X, y, sampleWeight: Array.from(y, () => 0) } }),
      "BAD_VALUE",
      "weights of the rows held out are all 0",
    ],
    [
      "firstIndex",
      () => new LogisticRegression().fitSync(X, y, { firstIndex: wrong(2) }),
      "BAD_OPTION",
      "LogisticRegression.fit: firstIndex must be 0 or 1, given 2",
    ],
    [
      "score: a weight below 0",
      () => fitted().score(X, y, { sampleWeight: [1, -0.5, 1] }),
      "BAD_VALUE",
      "LogisticRegression.score: sampleWeight: row 1: expected a number >= 0, given -0.5",
    ],
    [
      "score: weights that are all 0",
      () => fitted().score(X, y, { sampleWeight: [0, 0, 0] }),
      "BAD_VALUE",
      "LogisticRegression.score: sampleWeight: expected a weight above 0 for at least one row, given 0 for all 3",
    ],
    [
      "R² of weights that are all 0",
      () => new LinearRegression().fitSync(X, y).score(X, y, { sampleWeight: [0, 0, 0] }),
      "BAD_VALUE",
      "LinearRegression.score: sampleWeight: expected a weight above 0",
    ],
    [
      "R²: a weight below 0",
      () => new LinearRegression().fitSync(X, y).score(X, y, { sampleWeight: [-1, 0, 0] }),
      "BAD_VALUE",
      "LinearRegression.score: sampleWeight: row 0: expected a number >= 0, given -1",
    ],
    [
      "score: an option that is none",
      () => fitted().score(X, y, wrong({ weights: [1, 1, 1] })),
      "BAD_OPTION",
      'LogisticRegression.score: unknown option "weights"; known: sampleWeight',
    ],
    [
      "partialFit after fit",
      () => fitted().partialFit(X, y, { classes: [0, 1] }),
      "UNSUPPORTED",
      "was not begun by partialFit",
    ],
    [
      "partialFit of hinge",
      () => new LinearSVC({ loss: "hinge" }).partialFit(X, y, { classes: [0, 1] }),
      "UNSUPPORTED",
      'use loss: "squaredHinge"',
    ],
    [
      "partialFit, balanced",
      () => new LinearSVC({ classWeight: "balanced" }).partialFit(X, y, { classes: [0, 1] }),
      "UNSUPPORTED",
      "needs all rows at once",
    ],
    [
      "partialFit, other columns",
      () => new LinearRegression().partialFit(X, y).partialFit([[1]], [1]),
      "BAD_SHAPE",
      "rows have 1 columns, the model 2",
    ],
    [
      "partialFit, NaN",
      () => new LinearRegression().partialFit([[1, Number.NaN]], [1]),
      "BAD_VALUE",
      "row 0, column 1",
    ],
  ];

  it.each(cases)("%s", async (_name, act, code, sentence) => {
    const error = await errorOf(act);
    expect(error.code).toBe(code);
    expect(error.message).toContain(sentence);
  });

  it("the engine of a fit is disposed, however the fit ends", async () => {
    const dispose = vi.spyOn(Engine.prototype, "dispose");
    try {
      await new LogisticRegression().fit(X, y);
      expect(dispose).toHaveBeenCalledTimes(1);
      await errorOf(() =>
        new LogisticRegression().fit(
          [
            [1, 2],
            [3, Number.NaN],
            [5, 6],
          ],
          y,
        ),
      );
      expect(dispose).toHaveBeenCalledTimes(2);
      const onProgress = (): never => {
        throw new Error("enough");
      };
      await expect(new LogisticRegression().fit(X, y, { onProgress })).rejects.toThrow("enough");
      expect(dispose).toHaveBeenCalledTimes(3);
    } finally {
      dispose.mockRestore();
    }
  });

  it("a failed fit keeps the earlier model, and the engine's memory", async () => {
    const engine = createEngine();
    const model = new LogisticRegression({ engine }).fitSync(X, y);
    const [before, report] = [bits(model), model.report];
    for (const [bad, labels] of [
      [[[1, Number.NaN]], [1]],
      [X, [0, 0, 0]],
      [X, [0]],
    ] as const) {
      await errorOf(() => model.fit(bad as never, labels as never));
      expect([bits(model), model.report, engine.bytes]).toEqual([before, report, 0]);
    }
    engine.dispose();
    expect((await errorOf(() => model.fit(X, y))).code).toBe("DISPOSED");
    expect(bits(model)).toBe(before);
  });
});

describe("partialFit", () => {
  /** Streams the rows in batches of `size`. */
  function streamed<E extends LogisticRegression | LinearSVC | LinearRegression>(
    model: E,
    { data, rows, cols }: Sample,
    y: ArrayLike<number>,
    size: number,
    options: { classes?: number[]; isSparse?: boolean; weights?: Float64Array } = {},
  ): E {
    const { classes, isSparse, weights } = options;
    for (let first = 0; first < rows; first += size) {
      const count = Math.min(size, rows - first);
      const values = data.subarray(first * cols, (first + count) * cols);
      const X = isSparse ? compress(values, count) : { data: values, rows: count, cols };
      model.partialFit(X, Array.from(y).slice(first, first + count), {
        ...(classes && first === 0 && { classes }),
        ...(weights && { sampleWeight: weights.subarray(first, first + count) }),
      });
    }
    return model;
  }

  it.each([1, 7, 40, 400])("least squares: the optimum of all rows, in batches of %i", (size) => {
    const sample = sampleFor("squared", 400, 6, 3);
    const options = { l2: 1e-3 };
    const model = streamed(new LinearRegression(options), sample, sample.labels, size, { weights: sample.weights });
    const exact = exactOf(sample.data, 400, "squared", sample.labels, { ...options, weights: sample.weights });
    expect(relativeGap(exact, model)).toBeLessThan(1e-12);
    // the stream's objective is that of all rows
    const F = objective(exact, joinParameters(exact, model.coef, model.intercept));
    expect(Math.abs((model.report?.objective ?? 0) - F)).toBeLessThan(1e-10 * F);
    expect(model.report).toMatchObject({
      solver: "stream",
      rows: 400,
      outerSteps: Math.ceil(400 / size),
      isConverged: true,
    });
  });

  // The optimum of n rows is itself about d/(2n)·(mean curvature-weighted variance) above what infinitely many rows would give: for log losses d/(2n).
  // A stream that stays within a quarter of that costs no accuracy that anybody could measure.
  it.each([
    ["logistic", () => new LogisticRegression({ l2: 1e-4 }), [0, 1]],
    ["softmax", () => new LogisticRegression({ l2: 1e-4 }), [0, 1, 2]],
    ["squaredHinge", () => new LinearSVC({ l2: 1e-4 }), [0, 1]],
    ["huber", () => new LinearRegression({ l2: 1e-4, loss: "huber" }), undefined],
  ] as const)("%s: after 50 batches within a quarter of the statistical error", (loss, make, classes) => {
    for (const seed of [1, 2, 3]) {
      const sample = sampleFor(loss, 5000, 10, seed, 3);
      const model = streamed<never>(make() as never, sample, sample.labels, 100, {
        ...(classes && { classes: [...classes] }),
      }) as LogisticRegression;
      const y = isBinary(loss) ? signs(sample.labels, 1) : sample.labels;
      const exact = exactOf(sample.data, 5000, loss, y, { l2: 1e-4 });
      const best = make().fitSync(matrixOf(sample), sample.labels as never);
      const F = objective(exact, joinParameters(exact, model.coef, model.intercept));
      expect(F - (best.report?.objective ?? 0)).toBeLessThan(0.25 * (model.coef.length / (2 * 5000)));
      const X = matrixOf(sample);
      expect(model.score(X, sample.labels)).toBeGreaterThan(best.score(X, sample.labels as never) - 0.003);
    }
  });

  it("wide streams keep a diagonal only, and come close", () => {
    const sample = sampleFor("logistic", 6000, 600, 5);
    const model = streamed(new LogisticRegression({ l2: 1e-3 }), sample, sample.labels, 120, { classes: [0, 1] });
    const best = new LogisticRegression({ l2: 1e-3 }).fitSync(matrixOf(sample), sample.labels);
    const exact = exactOf(sample.data, 6000, "logistic", signs(sample.labels, 1), { l2: 1e-3 });
    const F = objective(exact, joinParameters(exact, model.coef, model.intercept));
    // twice the statistical error of the optimum itself
    expect(F - (best.report?.objective ?? 0)).toBeLessThan((2 * 601) / (2 * 6000));
    expect(model.score(matrixOf(sample), sample.labels)).toBeGreaterThan(
      best.score(matrixOf(sample), sample.labels) - 0.03,
    );
  });

  it("sparse batches, and classes against the rest: the dense stream up to rounding", () => {
    const { uniform } = dice(8);
    const sample = sampleFor("softmax", 300, 9, 4, 3);
    const data = sample.data.map((x) => (uniform() > 0 ? x : 0));
    const thin = { ...sample, data };
    for (const make of [() => new LinearSVC(), () => new LogisticRegression()]) {
      const dense = streamed(make(), thin, sample.labels, 30, { classes: [0, 1, 2] });
      const sparse = streamed(make(), thin, sample.labels, 30, { classes: [0, 1, 2], isSparse: true });
      dense.coef.forEach((w, j) => {
        expect(Math.abs(w - (sparse.coef[j] as number))).toBeLessThan(1e-8);
      });
    }
  });

  it("same batches, same bits; batches without a class are fine; weights of rows count", () => {
    const sample = sampleFor("softmax", 200, 4, 3, 3);
    const run = (weights?: Float64Array): string =>
      bits(
        streamed(new LogisticRegression(), sample, sample.labels, 3, {
          classes: [0, 1, 2],
          ...(weights && { weights }),
        }),
      );
    expect(run()).toBe(run());
    expect(run(sample.weights)).not.toBe(run());
    expect(run(new Float64Array(200).fill(1))).toBe(run());
  });

  it("a batch of one class does not hurt what follows", () => {
    const sample = sampleFor("logistic", 3000, 6, 7);
    const order = Array.from({ length: 3000 }, (_, i) => i);
    const first = order.filter((i) => sample.labels[i] === 1).slice(0, 50);
    const rest = order.filter((i) => !first.includes(i));
    const rows = listOf(sample.data, 3000);
    const model = new LogisticRegression({ l2: 1e-4 });
    for (const index of [first, ...Array.from({ length: 30 }, (_, k) => rest.slice(100 * k, 100 * k + 100))]) {
      if (index.length === 0) continue;
      const labels = index.map((i) => sample.labels[i] as number);
      model.partialFit(
        index.map((i) => rows[i] as number[]),
        labels,
        { classes: [0, 1] },
      );
    }
    const best = new LogisticRegression({ l2: 1e-4 }).fitSync(rows, sample.labels);
    expect(model.score(rows, sample.labels)).toBeGreaterThan(best.score(rows, sample.labels) - 0.01);
  });

  it("batches of one class in turns do no harm", () => {
    const sample = sampleFor("logistic", 3000, 6, 7);
    const rows = listOf(sample.data, 3000);
    const of = [0, 1].map((label) => rows.map((_, i) => i).filter((i) => sample.labels[i] === label));
    for (const make of [() => new LogisticRegression(), () => new LinearSVC()]) {
      const model = make();
      for (let k = 0; k < 50; k++) {
        const index = (of[k % 2] as number[]).slice(50 * (k >> 1), 50 * (k >> 1) + 50);
        model.partialFit(
          index.map((i) => rows[i] as number[]),
          index.map(() => k % 2),
          { classes: [0, 1] },
        );
        expect(model.report?.isConverged).toBe(true);
      }
      expect(model.score(rows, sample.labels)).toBeGreaterThan(
        make().fitSync(rows, sample.labels).score(rows, sample.labels) - 0.01,
      );
    }
  });

  it("a first batch that is refused decides nothing", async () => {
    const sample = sampleFor("logistic", 60, 3, 3);
    const model = new LogisticRegression();
    await errorOf(() => model.partialFit(matrixOf(sample), sample.labels, { classes: [5, 6] }));
    await errorOf(() => model.partialFit([[1]], [7], { classes: [0, 1] }));
    model.partialFit(matrixOf(sample), sample.labels, { classes: [0, 1] });
    const alone = new LogisticRegression().partialFit(matrixOf(sample), sample.labels, { classes: [0, 1] });
    expect(bits(model)).toBe(bits(alone));
  });

  // 600 columns: means of points instead of the whole model
  it.each([3, 600])("batches that weigh nothing change nothing: %i columns", (cols) => {
    const sample = sampleFor("squared", 40, cols, 3);
    const [X, y] = [matrixOf(sample), sample.labels];
    const nothing = { sampleWeight: new Float64Array(40) };
    const model = new LinearRegression({ l2: 1e-3 }).partialFit(X, y, nothing);
    expect(model.coef.every((w) => w === 0)).toBe(true);
    model.partialFit(X, y).partialFit(X, y, nothing);
    expect(bits(model)).toBe(bits(new LinearRegression({ l2: 1e-3 }).partialFit(X, y)));
    expect(model.report?.objective).toBeGreaterThan(0);
  });

  it("a batch that is refused changes nothing", async () => {
    const sample = sampleFor("squared", 60, 3, 3);
    const model = streamed(new LinearRegression(), sample, sample.labels, 20);
    const before = bits(model);
    await errorOf(() => model.partialFit([[1, 2, Number.NaN]], [1]));
    await errorOf(() => model.partialFit([[1, 2, 3]], [Number.NaN]));
    await errorOf(() => model.partialFit([[1, 2]], [1]));
    expect(bits(model)).toBe(before);
    expect(model.report?.rows).toBe(60);
  });

  it("fit begins anew", () => {
    const sample = sampleFor("squared", 60, 3, 3);
    const model = streamed(new LinearRegression(), sample, sample.labels, 20);
    model.fitSync(matrixOf(sample), sample.labels);
    expect(bits(model)).toBe(bits(new LinearRegression().fitSync(matrixOf(sample), sample.labels)));
  });
});

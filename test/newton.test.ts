// The default solver and its relatives: the optimum of the original problem, whatever the data, and nothing for the caller to tune. Answers are certified
// by the oracle: ½·gᵀH⁻¹g in float64 at the returned weights (oracle/objective.ts), relative to F(0) − F.
import { describe, expect, it } from "vitest";
import {
  auto,
  BitcenterError,
  createEngine,
  type LossName,
  type NewtonOptions,
  type NewtonReport,
  newton,
  type Problem,
} from "../bindings/index.js";
import { type Problem as Exact, gradient, joinParameters, norm, objective, remainingGap } from "./oracle/objective.js";
import { sampleFor } from "./support/data.js";
import { last, pose, STORAGES, valuesOf } from "./support/posed.js";
import { randomProblem, WIDE } from "./support/problems.js";
import { Dice } from "./support/random.js";
import { describeVariants, VARIANTS } from "./support/variants.js";

/** What the solver promises with default options. */
const GAP = 1e-9;
const SMOOTH: readonly LossName[] = ["squared", "logistic", "softmax", "squaredHinge", "huber"];

/** (F − F*)/(F(0) − F*) by the oracle. */
function relativeGap(exact: Exact, { coef, intercept }: Pick<NewtonReport, "coef" | "intercept">): number {
  const theta = joinParameters(exact, coef, intercept);
  const left = remainingGap(exact, theta);
  return (
    left /
    (objective(
      exact,
      theta.map(() => 0),
    ) -
      objective(exact, theta) +
      left)
  );
}

describeVariants("auto", (variant) => {
  // no optimum: F falls to 0 towards infinity. Weights stay in proportion to the logarithm of what is left of it: margins of ln(1/tol²) ≈ 37 and some
  it.each([
    [20, 1],
    [50, 100],
    [500, 600],
  ])("logistic rows that can be separated, %d × %d, without l2", (rows, cols) => {
    const dice = new Dice(rows);
    const data = Float64Array.from({ length: rows * cols }, () => dice.uniform() - 0.5);
    const engine = createEngine({ variant });
    const labels = Array.from({ length: rows }, (_, i) => Number((data[i * cols] as number) > 0));
    const report = last(
      auto(engine.problem(engine.dataset({ data, rows, cols }, labels), { loss: "logistic", l2: 0 }), { tol: 1e-8 }),
    );
    expect(report.isConverged).toBe(true);
    expect(report.gap).toBeLessThanOrEqual(1e-16);
    expect(report.objective).toBeLessThan(1e-14);
    const margins = Array.from({ length: rows }, (_, i) =>
      report.coef.reduce((sum, w, j) => sum + w * (data[i * cols + j] as number), report.intercept[0] as number),
    );
    // every row on its side; the nearest one as far as the loss asks for, and not a thousand times as far
    const least = Math.min(...margins.map((m, i) => (labels[i] === 1 ? m : -m)));
    expect(least).toBeGreaterThan(Math.log(1e14 / rows));
    expect(least).toBeLessThan(1000 * Math.log(1e16));
    engine.dispose();
  });

  // a column that never varies says nothing, however large it is
  it.each([1e6, 1e9, 1e12, 1e15])("a constant column of %d: no weight, and the answer without it", (value) => {
    const sample = sampleFor("logistic", 300, 3, 5);
    const { rows } = sample;
    const wide = Float64Array.from({ length: rows * 4 }, (_, k) =>
      k % 4 === 3 ? value : (sample.data[3 * Math.floor(k / 4) + (k % 4)] as number),
    );
    const engine = createEngine({ variant });
    const solved = (data: Float64Array, cols: number): NewtonReport =>
      last(
        auto(engine.problem(engine.dataset({ data, rows, cols }, sample.labels), { loss: "logistic", l2: 1e-3 }), {
          tol: 1e-8,
        }),
      );
    const some = solved(wide, 4);
    const none = solved(sample.data, 3);
    expect(some.isConverged).toBe(true);
    expect(some.coef[3]).toBe(0);
    expect(Math.abs(some.objective - none.objective)).toBeLessThanOrEqual(1e-14 * none.objective);
    engine.dispose();
  });

  // nothing to gain: the optimum is at zero weights, and all there is to see is rounding
  it.each([
    ["two of each", [1, 2, 1, 2], 1, [0, 1, 1, 0]],
    ["exclusive or", [0, 0, 0, 1, 1, 0, 1, 1], 2, [0, 1, 1, 0]],
    ["one row four times", [1, 1, 1, 1], 1, [0, 1, 0, 1]],
  ] as const)("labels that the columns say nothing of: %s", (_name, data, cols, labels) => {
    const engine = createEngine({ variant });
    for (const l2 of [0, 1e-4]) {
      const dataset = engine.dataset({ data: Float64Array.from(data), rows: 4, cols }, labels);
      const report = last(auto(engine.problem(dataset, { loss: "logistic", l2 }), { tol: 1e-8 }));
      expect(report.isConverged).toBe(true);
      expect(report.outerStep).toBeLessThan(5);
      for (const w of [...report.coef, ...report.intercept]) expect(Math.abs(w)).toBeLessThan(1e-12);
    }
    engine.dispose();
  });

  // the user's own units: prices in the hundred thousands, and an epsilon of 1 that is never changed
  it.each([1e2, 1e4, 1e6])("huber with errors of %d bends", (unit) => {
    const sample = sampleFor("huber", 900, 6, 31);
    const labels = Float64Array.from(sample.labels, (y) => unit * (y + 3));
    const { engine, problem, exact } = pose("huber", { ...sample, labels }, sample, sample.data, { l2: 0, variant });
    const report = last(auto(problem, { tol: 1e-8 }));
    expect(report.isConverged).toBe(true);
    const theta = joinParameters(exact, report.coef, report.intercept);
    const zero = norm(gradient(exact, new Float64Array(theta.length)));
    // a row counts τ/n in a gradient once it has left the bend, however far: one row wrong would be seen
    expect(norm(gradient(exact, theta))).toBeLessThan(zero / (100 * sample.rows));
    engine.dispose();
  });

  // nearly all targets are near 0, where F(0) is all but the optimum; problems that bend further out are drawn away from it
  it("huber with few errors of 1e9 bends: what rougher problems find is left where it is worse", () => {
    const [rows, cols] = [200, 2];
    const dice = new Dice(4);
    const data = Float64Array.from({ length: rows * cols }, () => dice.uniform() - 0.5);
    const labels = Float64Array.from({ length: rows }, (_, i) => (i % 10 === 0 ? 1e9 : 1e-3) * (dice.uniform() - 0.5));
    const engine = createEngine({ variant });
    const problem = engine.problem(engine.dataset({ data, rows, cols }, labels), { loss: "huber" });
    const objectives = Array.from(auto(problem), (report) => report.objective);
    expect(objectives.length).toBeGreaterThan(2);
    objectives.forEach((value, i) => {
      if (i > 0) expect(value).toBeLessThanOrEqual((objectives[i - 1] as number) * (1 + 2 ** -48));
    });
    engine.dispose();
  });

  // a model fitted to other targets is no better than zeros out there, where nothing has curvature
  it("huber with errors of 1e6 bends from a start: the same optimum, and from there none but one direction", () => {
    const sample = sampleFor("huber", 900, 6, 31);
    const labels = Float64Array.from(sample.labels, (y) => 1e6 * (y + 3));
    const { engine, problem } = pose("huber", { ...sample, labels }, sample, sample.data, { l2: 0, variant });
    const cold = last(auto(problem, { tol: 1e-8 }));
    const coef = new Float64Array(sample.cols);
    const warm = last(auto(problem, { tol: 1e-8, start: { coef, intercept: [1] } }));
    expect(warm.isConverged).toBe(true);
    expect(Math.abs(warm.objective - cold.objective)).toBeLessThanOrEqual(GAP * cold.objective);
    const again = [...auto(problem, { tol: 1e-8, start: cold })];
    expect(again.map(({ outerStep, isConverged }) => [outerStep, isConverged])).toEqual([[0, true]]);
    engine.dispose();
  });

  // along a line F has corners as narrow as 1e-6 of it: a step halved until it moves nothing is no step, and a thousand of them no run
  it.each([1e-7, 1e-8])("huber with errors of 1e6 bends and l2 %d comes to an end", (l2) => {
    const [rows, cols] = [900, 6];
    const dice = new Dice(3);
    const centred = (): number => dice.uniform() - 0.5;
    const data = Float64Array.from({ length: rows * cols }, () => 4 * centred());
    const truth = Array.from({ length: cols }, () => 2 * centred());
    const labels = Float64Array.from({ length: rows }, (_, i) => {
      const margin = truth.reduce((sum, w, j) => sum + w * (data[i * cols + j] as number), 3);
      return 1e6 * (margin + 0.5 * (centred() + centred() + centred()));
    });
    const engine = createEngine({ variant });
    const problem = engine.problem(engine.dataset({ data, rows, cols }, labels), { loss: "huber", l2 });
    const reports = [...auto(problem)];
    const final = reports.at(-1) as NewtonReport;
    expect(final.isConverged || final.isStalled).toBe(true);
    expect(reports.length).toBeLessThan(200);
    engine.dispose();
  });

  const cases = SMOOTH.flatMap((loss) =>
    Object.keys(STORAGES).flatMap((storage) =>
      [true, false].map((fitIntercept) => ({ loss, storage, fitIntercept, isWeighted: fitIntercept })),
    ),
  );
  it.each(cases)("$loss on $storage, intercept $fitIntercept", ({ loss, storage, fitIntercept, isWeighted }) => {
    const sample = sampleFor(loss, 400, 21, 7, 5);
    const { data, options } = (STORAGES[storage] as (typeof STORAGES)[string])(sample);
    const dataset = { ...options, ...(isWeighted && { sampleWeight: sample.weights }) };
    const { engine, problem, exact } = pose(loss, sample, data, valuesOf(data), { fitIntercept, dataset, variant });
    const reports = [...auto(problem)];
    const final = reports.at(-1) as NewtonReport;
    expect(final.isConverged).toBe(true);
    expect(relativeGap(exact, final)).toBeLessThan(GAP);
    // every report tells the truth about its weights, and the objective never rises
    let before = Number.POSITIVE_INFINITY;
    for (const report of reports) {
      const { objective: F, gradientNorm } = problem.evaluate(report);
      expect(Math.abs(report.objective - F)).toBeLessThan(1e-13 * F);
      // the gradient's integers are within 2⁻¹⁶ of the last change of the derivatives
      const first = (reports[0] as NewtonReport).gradientNorm;
      expect(Math.abs(report.gradientNorm - gradientNorm)).toBeLessThan(2e-2 * gradientNorm + 1e-12 * first);
      expect(report.objective).toBeLessThan(before * (1 + 2 ** -48));
      before = report.objective;
    }
    engine.dispose();
  });

  it("rounded16: the optimum of the rounded data", () => {
    const sample = sampleFor("logistic", 500, 12, 3);
    const dataset = { exact: "rounded16" } as const;
    for (const fitIntercept of [true, false]) {
      const { engine, problem, exact } = pose("logistic", sample, sample, sample.data, {
        dataset,
        fitIntercept,
        variant,
      });
      const final = last(auto(problem));
      expect(final.isConverged).toBe(true);
      expect(final.exact).toBe("rounded16");
      const { objective: F, gradientNorm } = problem.evaluate(final);
      expect(final.objective).toBeCloseTo(F, 13);
      const zero = problem.evaluate({ coef: new Float64Array(12), intercept: [0] });
      expect(gradientNorm).toBeLessThan(1e-5 * zero.gradientNorm);
      // and that is close to the optimum of the data themselves
      expect(relativeGap(exact, final)).toBeLessThan(1e-6);
      engine.dispose();
    }
  });

  /** auto, but squared loss never directly. */
  const iterative = (problem: Problem, options: NewtonOptions = {}): Iterable<NewtonReport> =>
    problem.loss === "squared" ? newton(problem, { ...options, preconditioner: "gram" }) : auto(problem, options);

  it.each(SMOOTH)("%s with many rows: starts on a sample, uses a part of the Hessian", (loss) => {
    const sample = sampleFor(loss, 6000, 9, 5, 4);
    const bytes = Uint8Array.from(sample.data, (x) => 128 + 30 * x);
    for (const isByte of [true, false]) {
      const data = isByte ? { ...sample, data: bytes } : sample;
      const { engine, problem, exact } = pose(loss, sample, data, data.data, { variant });
      for (const seed of [0, 1]) {
        const reports = [...iterative(problem, { seed })];
        const final = reports.at(-1) as NewtonReport;
        expect((reports[1] as NewtonReport).hessianShare).toBeLessThan(1);
        expect(final.isConverged).toBe(true);
        expect(relativeGap(exact, final)).toBeLessThan(GAP);
      }
      engine.dispose();
    }
  });

  it.each(SMOOTH)("%s with many columns: solves the problem of the codes first", (loss) => {
    const sample = sampleFor(loss, 600, 66, 6, 3);
    const { engine, problem, exact } = pose(loss, sample, sample, sample.data, { variant });
    const reports = [...iterative(problem)];
    const final = reports.at(-1) as NewtonReport;
    expect(final.isConverged).toBe(true);
    expect(relativeGap(exact, final)).toBeLessThan(GAP);
    // the codes are good to three digits, so the first step on the data is most of the way
    expect((reports[1] as NewtonReport).gap).toBeLessThan(1e-2);
    expect((reports[1] as NewtonReport).exactPasses).toBe(2);
    engine.dispose();
  });

  // the normal equations in float64 leave a gap of about (condition number × 2⁻⁵³)² relative; a condition number of 1e6 leaves 1e-20
  it.each([
    ["float64", (x: Float64Array) => x, {}],
    ["float32", (x: Float64Array) => Float32Array.from(x), {}],
    ["int16", (x: Float64Array) => Int16Array.from(x, (value) => 1000 * value), {}],
    ["bytes", (x: Float64Array) => Uint8Array.from(x, (value) => 128 + 30 * value), {}],
    ["two planes of 16 bits", (x: Float64Array) => x, { exact: "rounded16" }],
  ] as const)("squared with few columns: the first step ends at the optimum, %s", (name, convert, dataset) => {
    for (const [rows, cols] of [
      [700, 5],
      [700, 67],
      [6000, 21],
      [257, 20],
      [40, 60],
    ] as const) {
      const sample = sampleFor("squared", rows, cols, 12);
      // neighbours nearly equal: weak directions that the codes do not show
      for (let i = 0; i < rows * cols; i++) {
        if (i % cols > 0 && i % 3 === 0) {
          sample.data[i] = (sample.data[i - 1] as number) + 1e-3 * (sample.data[i] as number);
        }
      }
      const data = convert(sample.data);
      const weights = Float64Array.from({ length: rows }, (_, i) => 0.5 + (i % 4));
      for (const fitIntercept of [true, false]) {
        for (const sampleWeight of [undefined, weights]) {
          const options = { fitIntercept, variant, l2: 1e-6 };
          const of = { ...dataset, ...(sampleWeight && { sampleWeight }) };
          const { engine, problem, exact } = pose("squared", sample, { ...sample, data }, data, {
            ...options,
            dataset: of,
          });
          const reports = [...auto(problem)];
          const final = reports.at(-1) as NewtonReport;
          expect(final.isConverged).toBe(true);
          expect(final.hessianShare).toBe(1);
          // bytes have no float64 to turn to, and need none: their codes are the data. On planes the step alone is rounded, which leaves at most a thousandth
          // of the gap: 1e-12 after four
          if (name === "two planes of 16 bits") expect(final.outerStep).toBeLessThanOrEqual(4);
          else if (name !== "bytes") expect(final.outerStep).toBe(1);
          // what was rounded to 16 bits is another problem
          if (name !== "two planes of 16 bits") expect(relativeGap(exact, final)).toBeLessThan(GAP);
          engine.dispose();
        }
      }
    }
  });

  it("reports who computed what, and what it holds", () => {
    const sample = sampleFor("logistic", 2000, 784, 2);
    const data = Uint8Array.from(sample.data, (x) => 128 + 30 * x);
    const { engine, problem } = pose("logistic", sample, { ...sample, data }, data, { variant });
    const held = engine.bytes;
    const final = last(auto(problem));
    // the bytes serve as they are: no codes beside them, and nothing stays behind
    expect(final.exact).toBe("uint8");
    expect(final.bytes).toBe(problem.dataset.bytes);
    expect(final.bytes / data.length).toBeLessThan(1.05);
    expect(engine.bytes - held).toBeLessThan(3 * 8 * 1024 * 8);
    engine.dispose();
  });

  it("starts where it is told, and knows when that is the optimum", () => {
    const sample = sampleFor("softmax", 500, 10, 4);
    const { engine, problem } = pose("softmax", sample, sample, sample.data, { variant });
    const found = last(auto(problem));
    const again = [...auto(problem, { start: found })];
    expect(again).toHaveLength(1);
    expect(again[0]).toMatchObject({ outerStep: 0, isConverged: true });
    expect((again[0] as NewtonReport).objective).toBeLessThan(found.objective * (1 + 2 ** -48));
    engine.dispose();
  });

  // from margins of 1e10 sums would keep six digits; and where a loss is flat there is no way back
  it.each([...SMOOTH, "hinge" as const])("%s: a start far away is no trap", (loss) => {
    const sample = sampleFor(loss, 500, 12, 4, 3);
    const { engine, problem, exact } = pose(loss, sample, sample, sample.data, { variant });
    for (const scale of [1e2, 1e6, 1e10, 1e150]) {
      const start = {
        coef: Float64Array.from({ length: problem.outputs * 12 }, (_, i) => scale * (((i * 7) % 5) - 2)),
        intercept: new Float64Array(problem.outputs).fill(scale),
      };
      const final = last(auto(problem, { start }));
      expect(final.isConverged).toBe(true);
      // two sums of 500 terms in different order
      const { objective } = problem.evaluate(final);
      expect(Math.abs(final.objective - objective)).toBeLessThan(1000 * 2 ** -53 * objective);
      if (loss !== "hinge") expect(relativeGap(exact, final)).toBeLessThan(GAP);
    }
    engine.dispose();
  });

  it("stops at the start when zero weights are the optimum", () => {
    const engine = createEngine({ variant });
    const problem = engine.problem(engine.dataset([[1], [2], [3], [4]], [0, 0, 0, 0]), {
      loss: "squared",
    });
    const reports = [...auto(problem)];
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({ isConverged: true, objective: 0, gap: 0 });
    engine.dispose();
  });

  it.each([
    ["one row", 1, 3],
    ["one column", 50, 1],
    ["more columns than rows", 20, 90],
    ["one column less than a group of sixteen", 60, 15],
    ["a group of sixteen", 60, 16],
    ["a group of thirty-two", 100, 32],
  ])("%s", (_, rows, cols) => {
    const sample = sampleFor("squared", rows, cols, 11);
    for (const fitIntercept of [true, false]) {
      const { engine, problem, exact } = pose("squared", sample, sample, sample.data, { fitIntercept, variant });
      const final = last(auto(problem));
      expect(final.isConverged).toBe(true);
      expect(relativeGap(exact, final)).toBeLessThan(GAP);
      engine.dispose();
    }
  });

  it("constant, duplicate and empty columns", () => {
    const sample = sampleFor("logistic", 200, 8, 9);
    const data = sample.data.slice();
    for (let i = 0; i < 200; i++) {
      data[i * 8 + 1] = 5;
      data[i * 8 + 2] = 0;
      data[i * 8 + 3] = data[i * 8] as number;
    }
    for (const fitIntercept of [true, false]) {
      const { engine, problem, exact } = pose("logistic", sample, { ...sample, data }, data, { fitIntercept, variant });
      const final = last(auto(problem));
      expect(final.isConverged).toBe(true);
      expect(relativeGap(exact, final)).toBeLessThan(GAP);
      engine.dispose();
    }
  });

  it("weights that are whole numbers are repeated rows", () => {
    const sample = sampleFor("logistic", 120, 6, 13);
    const times = Array.from({ length: 120 }, (_, i) => i % 4);
    const rows = times.flatMap((count, i) => Array.from({ length: count }, () => i));
    const repeated = {
      ...sample,
      data: Float64Array.from(rows.flatMap((i) => [...sample.data.subarray(i * 6, (i + 1) * 6)])),
      labels: Float64Array.from(rows, (i) => sample.labels[i] as number),
      rows: rows.length,
    };
    const one = pose("logistic", sample, sample, sample.data, { dataset: { sampleWeight: times }, variant });
    const other = pose("logistic", repeated, repeated, repeated.data, { variant });
    const a = last(auto(one.problem));
    const b = last(auto(other.problem));
    // both are within 1e-12 of the same optimum; strong convexity turns that into a distance: l2/2·‖w − w*‖² ≤ gap
    const distance = Math.sqrt((2 * 2 * 1e-12 * Math.LN2) / 1e-3);
    a.coef.forEach((w, j) => {
      expect(Math.abs(w - (b.coef[j] as number))).toBeLessThan(distance);
    });
    one.engine.dispose();
    other.engine.dispose();
  });

  it("weak directions that 8 bits do not show: the Hessian goes over to the exact copy", () => {
    // powers of t up to 11: condition 5e7
    const rows = 500;
    const cols = 11;
    const data = new Float64Array(rows * cols);
    const labels = new Float64Array(rows);
    for (let i = 0; i < rows; i++) {
      const t = (2 * i) / (rows - 1) - 1;
      for (let j = 0; j < cols; j++) data[i * cols + j] = t ** (j + 1);
      labels[i] = 5 * t * t * t - 3 * t + Math.abs(t);
    }
    const sample = { data, rows, cols, labels, weights: labels };
    const { engine, problem, exact } = pose("squared", sample, sample, data, { l2: 1e-10, variant });
    const final = last(auto(problem));
    expect(final.isConverged).toBe(true);
    expect(relativeGap(exact, final)).toBeLessThan(GAP);
    engine.dispose();
  });

  it("one row ten thousand times as large as the others", () => {
    const sample = sampleFor("squared", 800, 10, 21);
    const data = sample.data.slice();
    for (let j = 0; j < 10; j++) data[j] = 1e4 * (data[j] as number);
    const { engine, problem, exact } = pose("squared", sample, { ...sample, data }, data, { variant });
    const final = last(auto(problem));
    expect(final.isConverged).toBe(true);
    expect(relativeGap(exact, final)).toBeLessThan(GAP);
    engine.dispose();
  });

  it("columns from 1e-6 to 1e6, far from zero", () => {
    const sample = sampleFor("squared", 600, 13, 22);
    const data = sample.data.map((x, i) => (x + 3) * 10 ** ((i % 13) - 6));
    const { engine, problem, exact } = pose("squared", sample, { ...sample, data }, data, { l2: 1e-12, variant });
    const final = last(auto(problem));
    expect(final.isConverged).toBe(true);
    expect(relativeGap(exact, final)).toBeLessThan(GAP);
    engine.dispose();
  });

  it("many rows of several classes, in an order with a period: what the plane search looks at is not all there is", () => {
    const rows = 33_000;
    const cols = 3;
    const dice = new Dice(31);
    const data = new Uint8Array(rows * cols);
    // the first quarter of every 2048 rows knows two classes only, and little of the columns
    const isPoor = (i: number): boolean => i % 2048 < 512;
    const labels = Float64Array.from({ length: rows }, (_, i) => {
      const values = Array.from({ length: cols }, () => dice.below(isPoor(i) ? 9 : 200));
      data.set(values, i * cols);
      const scores = values.map((x) => x / 40 + dice.normal());
      const best = scores.indexOf(Math.max(...scores));
      return isPoor(i) ? best % 2 : best;
    });
    const sample = { data: Float64Array.from(data), rows, cols, labels, weights: labels };
    const { engine, problem, exact } = pose("softmax", sample, { data, rows, cols }, data, { variant });
    const reports = [...auto(problem)];
    for (const [i, { objective: value }] of reports.entries()) {
      expect(value).toBeLessThanOrEqual((reports[Math.max(0, i - 1)] as NewtonReport).objective * (1 + 2 ** -47));
    }
    const final = reports.at(-1) as NewtonReport;
    expect(final.isConverged).toBe(true);
    expect(reports.length).toBeLessThan(20);
    expect(relativeGap(exact, final)).toBeLessThan(GAP);
    engine.dispose();
  });

  // bench/robustness.ts has two hundred of these, larger, three seeds each
  const random = Array.from({ length: 32 }, (_, i) => i).flatMap((i) => {
    const problem = randomProblem(500 + i, { rows: [2.5, 3.2], cols: [0.8, 1.5] });
    return problem === null ? [] : [problem];
  });
  it.each(random)("$name", ({ data, rows, cols, labels, loss, l2, fitIntercept }) => {
    const sample = { data: Float64Array.from(data), rows, cols, labels, weights: labels };
    const { engine, problem, exact } = pose(loss, sample, { data, rows, cols }, data, { l2, fitIntercept, variant });
    const final = last(auto(problem, { seed: 3 }));
    expect(final.isConverged).toBe(true);
    expect(relativeGap(exact, final)).toBeLessThan(GAP);
    engine.dispose();
  });
});

describe("newton", () => {
  const settings: readonly NewtonOptions[] = [
    { preconditioner: "diagonal" },
    { preconditioner: "gram" },
    { hessianShare: 1 },
    { hessianShare: 0.2 },
    { warmStart: false },
    { warmStart: false, hessianShare: 0.3, preconditioner: "diagonal" },
  ];
  it.each(settings)("%o: the same optimum", (options) => {
    const sample = sampleFor("softmax", 5600, 12, 17);
    const { engine, problem, exact } = pose("softmax", sample, sample, sample.data);
    const reports = [...newton(problem, options)];
    const final = reports.at(-1) as NewtonReport;
    expect(final.isConverged).toBe(true);
    expect(relativeGap(exact, final)).toBeLessThan(GAP);
    if (options.preconditioner !== undefined) expect(final.preconditioner).toBe(options.preconditioner);
    engine.dispose();
  });

  it("costs what it says: fewer passes with a part of the Hessian", () => {
    const sample = sampleFor("logistic", 9000, 20, 19);
    const { engine, problem } = pose("logistic", sample, sample, sample.data);
    const few = last(newton(problem, { hessianShare: 0.1, tol: 1e-3 }));
    const all = last(newton(problem, { hessianShare: 1, tol: 1e-3 }));
    expect(few.passes).toBeLessThan(all.passes);
    engine.dispose();
  });

  it("the estimated gap is the gap", () => {
    const sample = sampleFor("logistic", 700, 15, 23);
    const { engine, problem, exact } = pose("logistic", sample, sample, sample.data);
    const reports = [...newton(problem, { hessianShare: 1 })];
    // from the second report on the quadratic model holds: within 2 either way
    for (const report of reports.slice(2, -1)) {
      const ratio = report.gap / relativeGap(exact, report);
      expect(ratio).toBeGreaterThan(0.5);
      expect(ratio).toBeLessThan(2);
    }
    engine.dispose();
  });
});

describe("what auto refuses, and how it ends", () => {
  const sample = sampleFor("logistic", 100, 5, 1);
  const refuse = (work: () => unknown, code: string, words: RegExp): void => {
    try {
      work();
    } catch (error) {
      expect(error).toBeInstanceOf(BitcenterError);
      expect((error as BitcenterError).code).toBe(code);
      expect((error as BitcenterError).message).toMatch(words);
      return;
    }
    expect.unreachable("nothing was thrown");
  };

  it("options that make no sense, before anything is allocated", () => {
    const { engine, problem } = pose("logistic", sample, sample, sample.data);
    const held = engine.bytes;
    const wrong =
      (options: Record<string, unknown>): (() => unknown) =>
      () =>
        newton(problem, options as NewtonOptions);
    refuse(wrong({ tol: 0 }), "BAD_OPTION", /newton: tol must be .* > 0.*given 0/);
    refuse(wrong({ tol: Number.NaN }), "BAD_OPTION", /tol.*NaN/);
    refuse(wrong({ outerSteps: 1.5 }), "BAD_OPTION", /outerSteps/);
    refuse(wrong({ seed: -1 }), "BAD_OPTION", /seed/);
    refuse(wrong({ hessianShare: 2 }), "BAD_OPTION", /hessianShare/);
    refuse(wrong({ preconditioner: "none" }), "BAD_OPTION", /preconditioner must be "auto" or "gram" or "diagonal"/);
    refuse(wrong({ warmStart: 1 }), "BAD_OPTION", /warmStart/);
    refuse(wrong({ stepSize: 1 }), "BAD_OPTION", /unknown option "stepSize"/);
    refuse(wrong({ start: { coef: [1] } }), "BAD_SHAPE", /newton: start: expected coef of 5/);
    refuse(() => auto(problem, { hessianShare: 1 } as object), "BAD_OPTION", /auto: unknown option "hessianShare"/);
    refuse(() => auto({} as Problem), "BAD_OPTION", /expected a problem/);
    expect(engine.bytes).toBe(held);
    engine.dispose();
  });

  it("a part of the Hessian for hinge, whose interior-point method needs all rows", () => {
    const { engine, problem } = pose("hinge", sample, sample, sample.data);
    const held = engine.bytes;
    refuse(
      () => newton(problem, { hessianShare: 0.5 }),
      "UNSUPPORTED",
      /newton: .*"hinge".*all rows.*hessianShare: 0.5/,
    );
    refuse(() => newton(problem, { hessianShare: 2 }), "BAD_OPTION", /hessianShare/);
    expect(engine.bytes).toBe(held);
    for (const hessianShare of ["auto", 1] as const) {
      expect(last(newton(problem, { hessianShare }))).toMatchObject({ isConverged: true, hessianShare: 1 });
    }
    engine.dispose();
  });

  it("gives everything back: at the end, on break, on an error, on dispose", () => {
    const { engine, problem } = pose("logistic", sample, sample, sample.data);
    for (const _ of auto(problem));
    const held = engine.bytes;
    for (const _ of auto(problem)) break;
    expect(engine.bytes).toBe(held);
    const run = auto(problem);
    run.next();
    expect(engine.bytes).toBeGreaterThan(held);
    problem.dispose();
    refuse(() => run.next(), "DISPOSED", /problem was disposed/);
    engine.dispose();
  });

  it("an engine disposed during a run", () => {
    const { engine, problem } = pose("logistic", sample, sample, sample.data);
    const run = auto(problem);
    run.next();
    engine.dispose();
    expect(() => run.next()).toThrow(BitcenterError);
  });

  it("ends by itself after outerSteps, with the last point usable", () => {
    const { engine, problem } = pose("logistic", sample, sample, sample.data);
    expect([...auto(problem, { outerSteps: 0 })]).toHaveLength(1);
    const short = [...auto(problem, { outerSteps: 2, tol: 1e-9 })];
    expect(short.at(-1)?.outerStep).toBe(2);
    expect(short.at(-1)?.isConverged).toBe(false);
    engine.dispose();
  });
});

describe("same seed, same bits", () => {
  it.skipIf(VARIANTS.length < 2)("in both modules", () => {
    const sample = sampleFor("softmax", 5200, 7, 29);
    const answers = VARIANTS.map((variant) => {
      const { engine, problem } = pose("softmax", sample, sample, sample.data, { variant });
      const { coef, intercept } = last(auto(problem, { seed: 5 }));
      engine.dispose();
      return [...coef, ...intercept];
    });
    expect(answers[1]).toEqual(answers[0]);
  });

  it("and other seeds other paths to the same place", () => {
    const dice = new Dice(31);
    const sample = sampleFor("logistic", 6000, 11, dice.below(1000));
    const { engine, problem } = pose("logistic", sample, sample, sample.data);
    const a = last(auto(problem, { seed: 1 }));
    const b = last(auto(problem, { seed: 2 }));
    const c = last(auto(problem, { seed: 1 }));
    expect([...c.coef]).toEqual([...a.coef]);
    expect([...b.coef]).not.toEqual([...a.coef]);
    expect(Math.abs(a.objective - b.objective)).toBeLessThan(1e-11 * a.objective);
    engine.dispose();
  });
});

describe("random problems", () => {
  it("are the same everywhere the same libm is", () => {
    const one = randomProblem(2, WIDE);
    const two = randomProblem(2, WIDE);
    expect(two?.data).toEqual(one?.data);
    expect(one?.loss).toBe("softmax");
  });
});

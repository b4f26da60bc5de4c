// Hinge by `auto` and `newton`: an interior-point method on integer Hessian products (docs/numerics.md §12). What it returns is certified from outside:
// the oracle's dual variables (oracle/interior.ts) bound F* from below, whatever the way to them, and the returned weights bound it from above.
import { describe, expect, it } from "vitest";
import {
  auto,
  BitcenterError,
  createEngine,
  type NewtonOptions,
  type NewtonReport,
  newton,
} from "../bindings/index.js";
import { type HingeOptimum, minimiseHinge } from "./oracle/interior.js";
import {
  type Problem as Exact,
  joinParameters,
  marginsOf,
  norm,
  normalisedWeights,
  objective,
} from "./oracle/objective.js";
import { type Sample, sampleFor } from "./support/data.js";
import { last, type Posed, pose, STORAGES, valuesOf } from "./support/posed.js";
import { randomProblem, wildProblem } from "./support/problems.js";
import { describeVariants, VARIANTS } from "./support/variants.js";

/** What the solver promises with default options, relative to F(0) − F*; the estimate at which it stops is tol² = 1e-12. */
const GAP = 1e-9;
const STOP = 1e-12;
const u = 2 ** -53;

type Options = NonNullable<Parameters<typeof pose>[4]>;

/** Rounding of one evaluation of F: margins of `width` terms, a few roundings per loss and its weight, and a sum of n of them. */
function roundingOf(exact: Exact, theta: Float64Array): number {
  const { rows, cols, values, labels, l2 } = exact;
  const omega = normalisedWeights(exact);
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    let terms = 0;
    theta.forEach((w, j) => {
      terms += Math.abs(w * (j < cols ? (values[i * cols + j] as number) : 1));
    });
    const slack = Math.max(0, 1 - (labels[i] as number) * (marginsOf(exact, theta, i)[0] as number));
    sum += (omega[i] as number) * ((cols + 3) * terms + 1 + (rows + 6) * slack);
  }
  const square = theta.reduce((total, w, j) => (j < cols ? total + w * w : total), 0);
  return u * (sum / rows + (cols + 6) * 0.5 * l2 * square);
}

/** F − F* at most, in units of F(0) − F* at least. */
function relativeGap(exact: Exact, { lower, zero }: HingeOptimum, report: NewtonReport): number {
  return (objective(exact, joinParameters(exact, report.coef, report.intercept)) - lower) / (zero - lower);
}

/** l2/2·‖w − w*‖² ≤ F(w) − F*, so that two points near the optimum are near each other. */
function expectSameWeights(exact: Exact, optimum: HingeOptimum, report: NewtonReport): void {
  const theta = joinParameters(exact, report.coef, report.intercept);
  const apart = (point: Float64Array): number => {
    const left = objective(exact, point) + roundingOf(exact, point) - optimum.lower;
    return Math.sqrt((2 * left) / exact.l2);
  };
  const distance = apart(theta) + apart(optimum.theta);
  for (let j = 0; j < exact.cols; j++) {
    expect(Math.abs((theta[j] as number) - (optimum.theta[j] as number)), `weight ${j}`).toBeLessThanOrEqual(distance);
  }
  // and the bound says something: an optimum to GAP is nearer to the other than the square root of that
  expect(distance).toBeLessThanOrEqual(2 * Math.sqrt((2 * GAP * optimum.zero) / exact.l2));
}

/** Solves, certifies the answer, and gives the engine back. */
function certify({ engine, problem, exact }: Posed, options: NewtonOptions = {}): NewtonReport {
  const final = last(newton(problem, options));
  expect(final.isConverged).toBe(true);
  expect(final.isStalled).toBe(false);
  expect(final.gap).toBeLessThanOrEqual(STOP);
  const optimum = minimiseHinge(exact);
  // the oracle knows the optimum at least as well as the answer is to be judged
  expect((optimum.objective - optimum.lower) / (optimum.zero - optimum.lower)).toBeLessThan(GAP / 2);
  expect(relativeGap(exact, optimum, final)).toBeLessThan(GAP);
  const rounding = roundingOf(exact, joinParameters(exact, final.coef, final.intercept));
  expect(final.objective).toBeGreaterThanOrEqual(optimum.lower - rounding);
  if (exact.l2 > 0) expectSameWeights(exact, optimum, final);
  engine.dispose();
  return final;
}

const posed = (sample: Sample, options: Options, data: ArrayLike<number> = sample.data): Posed =>
  pose("hinge", sample, { ...sample, data: Float64Array.from(data) }, data, options);

function withData(sample: Sample, change: (row: Float64Array, i: number) => void): Float64Array {
  const data = sample.data.slice();
  for (let i = 0; i < sample.rows; i++) change(data.subarray(i * sample.cols, (i + 1) * sample.cols), i);
  return data;
}

function repeatRows(sample: Sample, order: readonly number[]): Sample {
  const { cols, data, labels, weights } = sample;
  return {
    data: Float64Array.from(order.flatMap((i) => [...data.subarray(i * cols, (i + 1) * cols)])),
    rows: order.length,
    cols,
    labels: Float64Array.from(order, (i) => labels[i] as number),
    weights: Float64Array.from(order, (i) => weights[i] as number),
  };
}

describeVariants("auto, hinge", (variant) => {
  const cases = Object.keys(STORAGES).flatMap((storage) =>
    [true, false].flatMap((fitIntercept) => [true, false].map((isWeighted) => ({ storage, fitIntercept, isWeighted }))),
  );
  it.each(cases)("$storage, intercept $fitIntercept, weights $isWeighted", ({ storage, fitIntercept, isWeighted }) => {
    const sample = sampleFor("hinge", 150, 11, 7);
    const { data, options } = (STORAGES[storage] as (typeof STORAGES)[string])(sample);
    const dataset = { ...options, ...(isWeighted && { sampleWeight: sample.weights }) };
    const { engine, problem, exact } = pose("hinge", sample, data, valuesOf(data), { fitIntercept, dataset, variant });
    const optimum = minimiseHinge(exact);
    const reports = [...auto(problem)];
    const final = reports.at(-1) as NewtonReport;
    expect(final).toMatchObject({ isConverged: true, isStalled: false, hessianShare: 1, exact: problem.dataset.exact });
    expect(relativeGap(exact, optimum, final)).toBeLessThan(GAP);
    expectSameWeights(exact, optimum, final);
    expect(reports[0]).toMatchObject({ outerStep: 0, gap: 1, exactPasses: 1, isConverged: false });

    let before = Number.POSITIVE_INFINITY;
    reports.forEach((report, k) => {
      const { outerStep, gap, isConverged, isStalled, coef, intercept, passes, exactPasses } = report;
      const theta = joinParameters(exact, coef, intercept);
      const rounding = roundingOf(exact, theta);
      expect(outerStep).toBe(k);
      // F at these weights, by three programs; margins that the run has carried along its steps are as good as a few fresh ones per step
      const F = objective(exact, theta);
      expect(Math.abs(problem.evaluate(report).objective - F)).toBeLessThanOrEqual(2 * rounding);
      expect(Math.abs(report.objective - F)).toBeLessThanOrEqual(2 * (k + 2) * rounding);
      expect(report.objective).toBeLessThanOrEqual(before);
      before = report.objective;
      // only the last one is converged, and it is because of its gap
      expect(isConverged).toBe(k === reports.length - 1);
      expect(isStalled).toBe(false);
      expect(gap <= STOP).toBe(isConverged);
      // nothing is below the optimum, and the gap hides nothing: up to the part of it that is estimated with a preconditioner, hence the 2
      expect(F + rounding).toBeGreaterThanOrEqual(optimum.lower);
      const left = (F - rounding - optimum.objective) / (optimum.zero - optimum.objective);
      expect(left).toBeLessThanOrEqual(2 * gap);
      if (k > 0) {
        // none over codes any more, once they have been found too coarse
        expect(passes).toBeGreaterThanOrEqual((reports[k - 1] as NewtonReport).passes);
        expect(exactPasses).toBeGreaterThan((reports[k - 1] as NewtonReport).exactPasses);
      }
      if (!fitIntercept) expect(intercept[0]).toBe(0);
    });
    engine.dispose();
  });

  it.each([true, false])("the duality gap from weights and dual variables alone, intercept %s", (fitIntercept) => {
    const sample = sampleFor("hinge", 130, 6, 3);
    const dataset = { sampleWeight: sample.weights };
    const { engine, problem, exact } = posed(sample, { fitIntercept, dataset, variant, l2: 0.01 });
    const final = last(auto(problem));
    const { rows, cols, values, labels, l2 } = exact;
    const omega = normalisedWeights(exact);
    const { dual } = minimiseHinge(exact);
    let linear = 0;
    let balance = 0;
    const v = new Float64Array(cols);
    dual.forEach((a, i) => {
      expect(a).toBeGreaterThanOrEqual(0);
      expect(a).toBeLessThanOrEqual(1);
      const part = ((omega[i] as number) * a) / rows;
      linear += part;
      balance += part * (labels[i] as number);
      for (let j = 0; j < cols; j++) {
        v[j] = (v[j] as number) + part * (labels[i] as number) * (values[i * cols + j] as number);
      }
    });
    // sums of n terms of three roundings, of which none is larger than 1/n·ω
    if (fitIntercept) expect(Math.abs(balance)).toBeLessThanOrEqual((rows + 4) * u);
    const bound = linear - norm(v) ** 2 / (2 * l2);
    const F = objective(exact, joinParameters(exact, final.coef, final.intercept));
    const zero = objective(exact, new Float64Array(cols + (fitIntercept ? 1 : 0)));
    expect(F - bound).toBeLessThan(GAP * (zero - bound));
    // w = v/l2 at the optimum: l2/2·‖w − w*‖² ≤ the gap, for these weights and for the dual ones
    const distance = 2 * Math.sqrt((2 * GAP * (zero - bound)) / l2);
    v.forEach((x, j) => {
      expect(Math.abs((final.coef[j] as number) - x / l2)).toBeLessThan(distance);
    });
    engine.dispose();
  });

  // one problem, once as whole numbers in an exact copy of 16 bits, once a quarter of them in float32: other codes, other passes, the same margins
  it.each([true, false])("int16 and float32 copies of the same numbers, intercept %s", (fitIntercept) => {
    const sample = sampleFor("hinge", 140, 9, 15);
    const { rows, cols } = sample;
    const whole = sample.data.map((x) => Math.round(3000 * x) | 1);
    const l2 = 1e-3 * 3000 ** 2;
    const solve = (data: Int16Array | Float32Array, strength: number): NewtonReport =>
      certify(pose("hinge", sample, { data, rows, cols }, data, { fitIntercept, variant, l2: strength }));
    const short = solve(Int16Array.from(whole), l2);
    const real = solve(
      Float32Array.from(whole, (x) => x / 4),
      l2 / 16,
    );
    expect(real.bytes).toBeGreaterThan(short.bytes);
    const distance = 2 * Math.sqrt((2 * GAP) / l2);
    short.coef.forEach((w, j) => {
      expect(Math.abs(w - (real.coef[j] as number) / 4)).toBeLessThan(distance);
    });
  });

  it.each([true, false])("rounded16: the optimum of the rounded data, intercept %s", (fitIntercept) => {
    const sample = sampleFor("hinge", 160, 8, 19);
    const dataset = { exact: "rounded16" } as const;
    const { engine, problem, exact } = posed(sample, { dataset, fitIntercept, variant });
    const final = last(auto(problem));
    expect(final).toMatchObject({ isConverged: true, exact: "rounded16" });
    const optimum = minimiseHinge(exact);
    const theta = joinParameters(exact, final.coef, final.intercept);
    // numerics.md §3: a value is rounded by half a step of scale/256, scale at most (twice the largest value)/127; the hinge has slope 1
    let moved = 0;
    for (let j = 0; j < exact.cols; j++) {
      let most = 0;
      for (let i = 0; i < exact.rows; i++) most = Math.max(most, Math.abs(exact.values[i * exact.cols + j] as number));
      const size = Math.max(Math.abs(theta[j] as number), Math.abs(optimum.theta[j] as number));
      moved += (size * 2 * most) / 127 / 256 / 2;
    }
    const own = problem.evaluate(final).objective;
    expect(Math.abs(final.objective - own)).toBeLessThanOrEqual(2 * roundingOf(exact, theta) * (final.outerStep + 2));
    expect(Math.abs(own - objective(exact, theta))).toBeLessThanOrEqual(moved);
    expect(objective(exact, theta) - optimum.lower).toBeLessThanOrEqual(2 * moved + GAP * optimum.zero);
    engine.dispose();
  });

  it.each([
    ["two rows", 2, 3],
    ["three rows, one column", 3, 1],
    ["one column", 50, 1],
    ["more columns than rows", 20, 90],
    ["one column less than a group of sixteen", 60, 15],
    ["a group of sixteen", 60, 16],
    ["a group of thirty-two", 100, 32],
    ["rows in blocks and one more", 257, 5],
    ["a sample of the rows in the Gram matrix", 4100, 3],
  ])("%s", (_, rows, cols) => {
    const sample = sampleFor("hinge", rows, cols, 11);
    for (const fitIntercept of [true, false]) certify(posed(sample, { fitIntercept, variant }));
  });

  it("columns that are constant, empty or given twice, with l2 and without", () => {
    const sample = sampleFor("hinge", 120, 7, 5);
    const data = withData(sample, (row) => {
      row[1] = 5.3;
      row[2] = 0;
      row[3] = row[0] as number;
    });
    for (const l2 of [1e-3, 0]) {
      for (const fitIntercept of [true, false]) {
        const { coef } = certify(posed(sample, { l2, fitIntercept, variant }, data));
        expect(coef[2]).toBe(0);
        if (fitIntercept) expect(coef[1]).toBe(0);
      }
    }
  });

  // Without l2 a constant column has no curvature beside the intercept: the last bit of its gradient must not move it.
  it("rows that are all the same: the intercept decides for the larger class", () => {
    const rows = 30;
    const labels = Float64Array.from({ length: rows }, (_, i) => Number(i % 3 > 0));
    const sample = { data: new Float64Array(2 * rows).fill(1.5), rows, cols: 2, labels, weights: labels };
    for (const l2 of [0, 0.1]) {
      const { coef, intercept, objective: F } = certify(posed(sample, { l2, variant }));
      expect([...coef]).toEqual([0, 0]);
      // F = 2/3·max(0, 1 − b) + 1/3·max(0, 1 + b) rises by at least 1/3 per unit away from its minimum of 2/3 at b = 1
      expect(Math.abs(F - 2 / 3)).toBeLessThan(GAP);
      expect(Math.abs((intercept[0] as number) - 1)).toBeLessThan(3 * GAP);
    }
  });

  it("rows given three times are one problem; given once with the other label, another", () => {
    const sample = sampleFor("hinge", 70, 5, 9);
    const three = repeatRows(
      sample,
      [0, 1, 2].flatMap(() => Array.from({ length: 70 }, (_, i) => i)),
    );
    const once = certify(posed(sample, { variant }));
    const thrice = certify(posed(three, { variant }));
    // l2/2·‖w − w*‖² ≤ F − F* for both, F(0) = 1
    const distance = 2 * Math.sqrt((2 * GAP) / 1e-3);
    once.coef.forEach((w, j) => {
      expect(Math.abs(w - (thrice.coef[j] as number))).toBeLessThan(distance);
    });
    const torn = { ...three, labels: three.labels.map((y, i) => (i < 140 ? y : 1 - y)) };
    expect(certify(posed(torn, { variant })).objective).toBeGreaterThan(once.objective);
  });

  it("weights that are whole numbers are repeated rows, and rows of weight 0 are none", () => {
    const sample = sampleFor("hinge", 90, 6, 13);
    const times = Float64Array.from({ length: 90 }, (_, i) => i % 4);
    const order = Array.from(times).flatMap((count, i) => new Array<number>(count).fill(i));
    const weighted = certify(posed(sample, { dataset: { sampleWeight: times }, variant }));
    const repeated = certify(posed(repeatRows(sample, order), { variant }));
    const distance = 2 * Math.sqrt((2 * GAP) / 1e-3);
    weighted.coef.forEach((w, j) => {
      expect(Math.abs(w - (repeated.coef[j] as number))).toBeLessThan(distance);
    });
    // what lies on a row without weight has no say
    const other = withData(sample, (row, i) => {
      if (i % 4 === 0) row.fill(i === 0 ? 0 : 0.001 * i);
    });
    const changed = certify(posed(sample, { dataset: { sampleWeight: times }, variant }, other));
    weighted.coef.forEach((w, j) => {
      expect(Math.abs(w - (changed.coef[j] as number))).toBeLessThan(distance);
    });
  });

  it("one class only: refused as labels; by its weights an optimum at w = 0, where the intercept can reach it", () => {
    const sample = sampleFor("hinge", 60, 4, 17);
    const engine = createEngine({ variant });
    const dataset = engine.dataset([[1, 2]], [1]);
    expect(() => engine.problem(dataset, { loss: "hinge" })).toThrow(/hinge.*two classes/);
    engine.dispose();
    const sampleWeight = sample.labels.map((y) => Number(y > 0));
    for (const l2 of [1e-3, 0]) {
      const { coef, intercept, objective: F } = certify(posed(sample, { l2, dataset: { sampleWeight }, variant }));
      expect(F).toBeLessThan(GAP);
      if (l2 > 0) expect(norm(coef)).toBeLessThan(Math.sqrt((2 * GAP) / l2));
      expect(intercept[0]).toBeGreaterThan(0);
      certify(posed(sample, { l2, dataset: { sampleWeight }, fitIntercept: false, variant }));
    }
  });

  // max(0, 1 − t) + l2/2·‖w‖² over one row x: w = y·x·min(1/‖x‖², 1/l2)
  it.each([1e-3, 1, 50])("one row with weight, l2 %d: the closed form", (l2) => {
    const x = [0.75, -2, 0.5];
    const data = Float64Array.of(...x, 4, 5, 6);
    const sample = { data, rows: 2, cols: 3, labels: Float64Array.of(0, 1), weights: Float64Array.of(3, 0) };
    const { coef } = certify(
      posed(sample, { l2, dataset: { sampleWeight: sample.weights }, fitIntercept: false, variant }),
    );
    const part = Math.min(1 / x.reduce((sum, value) => sum + value * value, 0), 1 / l2);
    const distance = Math.sqrt((2 * GAP) / l2);
    x.forEach((value, j) => {
      expect(Math.abs((coef[j] as number) + value * part)).toBeLessThan(distance);
    });
  });

  // with l2 the oracle's bound divides the squared rounding of the widest column by l2: a range of 1e±3 is what it can certify
  it.each([
    [6, 0],
    [3, 1e-7],
  ])("columns from 1e-%d to the inverse of it, far from zero, l2 %d", (decades, l2) => {
    const sample = sampleFor("hinge", 150, 7, 22);
    const data = sample.data.map((x, i) => (x + 3) * 10 ** ((decades * ((i % 7) - 3)) / 3));
    for (const fitIntercept of [true, false]) certify(posed(sample, { l2, fitIntercept, variant }, data));
  });

  it("one row ten thousand times as large as the others", () => {
    const sample = sampleFor("hinge", 200, 6, 21);
    const data = withData(sample, (row, i) => {
      if (i === 7) row.set(row.map((x) => 1e4 * x));
    });
    certify(posed(sample, { variant }, data));
  });

  it("weak directions that 8 bits do not show: products and Gram matrix go over to the exact copy", () => {
    // powers of t up to 9
    const [rows, cols] = [300, 9];
    const data = new Float64Array(rows * cols);
    const labels = new Float64Array(rows);
    for (let i = 0; i < rows; i++) {
      const t = (2 * i) / (rows - 1) - 1;
      for (let j = 0; j < cols; j++) data[i * cols + j] = t ** (j + 1);
      labels[i] = Number(5 * t * t * t - 3 * t + ((i % 5) - 2) / 8 > 0);
    }
    const { exactPasses, passes } = certify(
      posed({ data, rows, cols, labels, weights: labels }, { l2: 1e-9, variant }),
    );
    expect(exactPasses).toBeGreaterThan(passes);
  });

  it.each([true, false])("separable without l2: no loss at all, intercept %s", (fitIntercept) => {
    const sample = sampleFor("hinge", 60, 3, 8);
    const labels = Float64Array.from({ length: 60 }, (_, i) => Number((sample.data[3 * i] as number) > 0));
    const { engine, problem, exact } = posed({ ...sample, labels }, { l2: 0, fitIntercept, variant });
    const final = last(auto(problem));
    expect(final.isConverged).toBe(true);
    // F(0) = 1 and F* = 0
    expect(objective(exact, joinParameters(exact, final.coef, final.intercept))).toBeLessThan(GAP);
    // weights without loss are an optimum that a run knows when it starts there
    const sure = { coef: final.coef.map((w) => 2 * w), intercept: final.intercept.map((b) => 2 * b) };
    const again = [...auto(problem, { start: sure })];
    expect(again).toHaveLength(1);
    expect(again[0]).toMatchObject({ outerStep: 0, gap: 0, objective: 0, isConverged: true });
    engine.dispose();
  });

  // bench/robustness.ts has more of these, larger, three seeds each; every fourth is made for a squared hinge, with labels ±1
  const random = Array.from({ length: 24 }, (_, i) => 503 + 4 * i).flatMap((index) => {
    const problem = randomProblem(index, { rows: [2, 2.7], cols: [0.5, 1.3] });
    return problem === null ? [] : [problem];
  });
  it.each(random)("$name", ({ data, rows, cols, labels, l2, fitIntercept }) => {
    const sample = { data: Float64Array.from(data), rows, cols, labels, weights: labels };
    const { engine, problem, exact } = pose("hinge", sample, { data, rows, cols }, data, { l2, fitIntercept, variant });
    const optimum = minimiseHinge(exact);
    const final = last(auto(problem, { seed: 3 }));
    expect(final.isConverged).toBe(true);
    expect(relativeGap(exact, optimum, final)).toBeLessThan(GAP);
    expectSameWeights(exact, optimum, final);
    engine.dispose();
  });
});

// Where rounding could pass for convergence: what a report says must be true of its weights, and converged must mean optimal.
describe("hinge: wild little problems", () => {
  const wild = Array.from({ length: 300 }, (_, i) => wildProblem(i));
  it.each(wild)("$name", ({ data, rows, cols, labels, weights, l2, fitIntercept }) => {
    const sample = { data: Float64Array.from(data), rows, cols, labels, weights: labels };
    const dataset = weights === null ? {} : { sampleWeight: weights };
    const { engine, problem, exact } = pose("hinge", sample, { data, rows, cols }, data, { l2, fitIntercept, dataset });
    const final = last(auto(problem));
    engine.dispose();
    const theta = joinParameters(exact, final.coef, final.intercept);
    const F = objective(exact, theta);
    const rounding = roundingOf(exact, theta);
    expect(Math.abs(final.objective - F)).toBeLessThanOrEqual(2 * rounding);
    expect(final.isConverged).toBe(true);
    const { objective: best, lower, zero } = minimiseHinge(exact);
    const unsure = Math.max(0, best - lower - (GAP / 2) * (zero - lower));
    expect(F - lower).toBeLessThanOrEqual(GAP * (zero - lower) + rounding + unsure);
  });
});

describe("hinge: options, and how it ends", () => {
  const sample = sampleFor("hinge", 140, 6, 31);

  it.each<NewtonOptions>([
    { preconditioner: "gram" },
    { preconditioner: "diagonal" },
    { hessianShare: 1 },
    { warmStart: false },
  ])("newton %o: the same optimum", (options) => {
    const { preconditioner } = certify(posed(sample, {}), options);
    if (options.preconditioner !== undefined) expect(preconditioner).toBe(options.preconditioner);
  });

  it("a part of the Hessian is unsupported", () => {
    const { engine, problem } = posed(sample, {});
    for (const hessianShare of [0.1, 0.999]) {
      let error: unknown;
      try {
        newton(problem, { hessianShare });
      } catch (caught) {
        error = caught;
      }
      expect(error).toBeInstanceOf(BitcenterError);
      expect((error as BitcenterError).code).toBe("UNSUPPORTED");
    }
    engine.dispose();
  });

  it("a rougher tolerance ends the same run earlier", () => {
    const { engine, problem } = posed(sample, {});
    const fine = [...auto(problem)];
    for (const tol of [1e-1, 1e-2, 1e-4]) {
      const rough = [...auto(problem, { tol })];
      const final = rough.at(-1) as NewtonReport;
      expect(rough.length).toBeLessThan(fine.length);
      expect(final.isConverged).toBe(true);
      expect(final.gap).toBeLessThanOrEqual(tol * tol);
      for (const { gap } of rough.slice(0, -1)) expect(gap).toBeGreaterThan(tol * tol);
    }
    engine.dispose();
  });

  it("a tolerance beyond float64 ends in a stall, at the optimum", () => {
    const { engine, problem, exact } = posed(sample, {});
    const reports = [...auto(problem, { tol: 1e-100 })];
    const final = reports.at(-1) as NewtonReport;
    expect(final).toMatchObject({ isConverged: false, isStalled: true });
    // the gap falls to the last bit of F at the pace of a usual run; sixty more steps without progress are the end
    expect(final.outerStep).toBeLessThanOrEqual(2 * last(auto(problem)).outerStep + 60);
    for (const { isStalled } of reports.slice(0, -1)) expect(isStalled).toBe(false);
    expect(relativeGap(exact, minimiseHinge(exact), final)).toBeLessThan(GAP);
    engine.dispose();
  });

  it("ends by itself after outerSteps, with the last point usable", () => {
    const { engine, problem } = posed(sample, {});
    expect([...auto(problem, { outerSteps: 0 })]).toHaveLength(1);
    const short = [...auto(problem, { outerSteps: 3 })];
    expect(short.map(({ outerStep }) => outerStep)).toEqual([0, 1, 2, 3]);
    expect(short.at(-1)).toMatchObject({ isConverged: false, isStalled: false });
    expect((short.at(-1) as NewtonReport).objective).toBeLessThan((short[0] as NewtonReport).objective);
    engine.dispose();
  });

  it("a start is reported first, and nothing later is worse", () => {
    const { engine, problem, exact } = posed(sample, {});
    const found = last(auto(problem));
    const rough = last(auto(problem, { outerSteps: 6 }));
    for (const start of [found, rough]) {
      const reports = [...auto(problem, { start })];
      const theta = joinParameters(exact, start.coef, start.intercept);
      expect(reports[0]).toMatchObject({ outerStep: 0, isConverged: false });
      const first = (reports[0] as NewtonReport).objective;
      expect(Math.abs(first - objective(exact, theta))).toBeLessThanOrEqual(2 * roundingOf(exact, theta));
      for (const { objective: F } of reports) expect(F).toBeLessThanOrEqual(first);
      expect(relativeGap(exact, minimiseHinge(exact), reports.at(-1) as NewtonReport)).toBeLessThan(GAP);
    }
    engine.dispose();
  });

  it("gives everything back: at the end, on break, on an error, on dispose", () => {
    const { engine, problem } = posed(sample, {});
    for (const _ of auto(problem));
    const held = engine.bytes;
    for (const _ of auto(problem)) break;
    expect(engine.bytes).toBe(held);
    for (const _ of auto(problem, { outerSteps: 4 }));
    expect(engine.bytes).toBe(held);
    const failing = auto(problem);
    failing.next();
    failing.next();
    expect(engine.bytes).toBeGreaterThan(held);
    expect(() => failing.throw(new Error("the caller's own"))).toThrow("the caller's own");
    expect(engine.bytes).toBe(held);
    const run = auto(problem);
    run.next();
    const { dataset } = problem;
    problem.dispose();
    expect(() => run.next()).toThrow(/problem was disposed/);
    dataset.dispose();
    expect(engine.bytes).toBe(0);
    engine.dispose();
  });

  it("an engine disposed during a run", () => {
    const { engine, problem } = posed(sample, {});
    const run = auto(problem);
    run.next();
    run.next();
    engine.dispose();
    expect(() => run.next()).toThrow(BitcenterError);
  });
});

describe("hinge: same seed, same bits", () => {
  const bits = ({ seconds: _, coef, intercept, ...facts }: NewtonReport): unknown => ({
    ...facts,
    coef: [...coef],
    intercept: [...intercept],
  });
  // more than four times the sample of a Gram matrix, so that seeds matter; and a problem that uses all of its rows
  const samples = [sampleFor("hinge", 4200, 3, 29), sampleFor("hinge", 200, 20, 30)];

  it.skipIf(VARIANTS.length < 2)("in both modules", () => {
    for (const sample of samples) {
      const [one, other] = VARIANTS.map((variant) => {
        const { engine, problem } = posed(sample, { variant });
        const reports = [...auto(problem, { seed: 5 })].map(bits);
        engine.dispose();
        return reports;
      });
      expect(other).toEqual(one);
    }
  });

  it("and other seeds other ways to the same place", () => {
    const { engine, problem } = posed(samples[0] as Sample, {});
    const [a, b, c] = [1, 2, 1].map((seed) => [...auto(problem, { seed })]) as [
      NewtonReport[],
      NewtonReport[],
      NewtonReport[],
    ];
    expect(c.map(bits)).toEqual(a.map(bits));
    const [first, second] = [a.at(-1) as NewtonReport, b.at(-1) as NewtonReport];
    expect([...second.coef]).not.toEqual([...first.coef]);
    expect(Math.abs(first.objective - second.objective)).toBeLessThan(GAP);
    engine.dispose();
  });
});

// l1 and elastic-net penalties by `auto` and `newton`: the oracle's optimum (oracle/l1.ts, right to the last bits of every coordinate's condition) index for
// index, zeros included, and the certificate of Karush, Kuhn and Tucker recomputed by the oracle at the weights that are returned.
import { describe, expect, it } from "vitest";
import {
  auto,
  BitcenterError,
  createEngine,
  halp,
  type LossName,
  lpSgd,
  lpSvrg,
  type NewtonOptions,
  type NewtonReport,
  newton,
  type Problem,
  saga,
  sgd,
  svrg,
  zipml,
} from "../bindings/index.js";
import {
  certificate,
  largestStrength,
  leastSubgradient,
  minimisePenalised,
  type PenalisedOptimum,
  type PenalisedProblem,
  penalisedGradient,
} from "./oracle/l1.js";
import { type Problem as Exact, gradient, joinParameters, widthOf } from "./oracle/objective.js";
import { sampleFor } from "./support/data.js";
import { pose, STORAGES, valuesOf } from "./support/posed.js";
import { type Limits, randomProblem, wildProblem } from "./support/problems.js";
import { Dice } from "./support/random.js";
import { describeVariants, VARIANTS } from "./support/variants.js";

const SMOOTH: readonly LossName[] = ["squared", "logistic", "softmax", "squaredHinge", "huber"];
/** What the solver promises of the weights, and of (F − F*)/(F(0) − F*): tol and tol². */
const TOL = 1e-6;

/** l1 as a part of the smallest one for which all weights are 0. */
function strengthOf(exact: Exact, part: number): number {
  const zeros = minimisePenalised({ ...exact, l1: 1e30 });
  return part * largestStrength(exact, zeros.theta);
}

function deviations({ values, rows, cols, intercept }: Exact): Float64Array {
  return Float64Array.from({ length: cols }, (_, j) => {
    let [mean, squares] = [0, 0];
    for (let i = 0; i < rows && intercept; i++) mean += (values[i * cols + j] as number) / rows;
    for (let i = 0; i < rows; i++) squares += ((values[i * cols + j] as number) - mean) ** 2 / rows;
    return Math.sqrt(squares);
  });
}

/** ‖w − w*‖/‖w*‖ in units of the columns' deviations. */
function errorOf(exact: Exact, coef: Float64Array, optimum: PenalisedOptimum): number {
  const scale = deviations(exact);
  let [error, all] = [0, 0];
  optimum.coef.forEach((w, i) => {
    const unit = scale[i % exact.cols] as number;
    error += ((w - (coef[i] as number)) * unit) ** 2;
    all += (w * unit) ** 2;
  });
  return all > 0 ? Math.sqrt(error / all) : Math.sqrt(error);
}

/** Where |slope| is below l1 by more than the gradient can move: zeros there are no accident. */
function strictZeros(exact: PenalisedProblem, optimum: PenalisedOptimum): boolean[] {
  const g = gradient(exact, optimum.theta);
  const width = widthOf(exact);
  return Array.from(optimum.coef, (_, i) => {
    const at = Math.floor(i / exact.cols) * width + (i % exact.cols);
    return Math.abs(g[at] as number) < (1 - 1e-4) * exact.l1;
  });
}

function run(problem: Problem, options: NewtonOptions = {}): { reports: NewtonReport[]; final: NewtonReport } {
  const reports = [...newton(problem, options)];
  return { reports, final: reports.at(-1) as NewtonReport };
}

/** A problem with l1 (and the oracle's of the same), made of what `pose` makes. */
function penalised(
  loss: LossName,
  part: number,
  options: {
    readonly rows?: number;
    readonly cols?: number;
    readonly seed?: number;
    readonly storage?: string;
    readonly l2?: number;
    readonly fitIntercept?: boolean;
    readonly isWeighted?: boolean;
    readonly variant?: "baseline" | "relaxed";
  } = {},
) {
  const { rows = 300, cols = 15, seed = 7, storage = "float64", l2 = 0, isWeighted = false, ...rest } = options;
  // softmax: an odd number of classes, whose weights have a middle one; with an even number columns can be shifted between the middle two
  const sample = sampleFor(loss, rows, cols, seed, 3);
  const { data, options: dataset } = (STORAGES[storage] as (typeof STORAGES)[string])(sample);
  const posed = pose(loss, sample, data, valuesOf(data), {
    ...rest,
    l2,
    dataset: { ...dataset, ...(isWeighted && { sampleWeight: sample.weights }) },
  });
  const l1 = strengthOf(posed.exact, part);
  const exact: PenalisedProblem = { ...posed.exact, l1 };
  const { epsilon, fitIntercept } = posed.problem;
  const problem = posed.engine.problem(posed.problem.dataset, { loss, l1, l2, fitIntercept, epsilon });
  return { engine: posed.engine, problem, exact, sample };
}

describeVariants("l1", (variant) => {
  const cases = SMOOTH.flatMap((loss) =>
    ["float64", "float32", "int16", "uint8"].flatMap((storage) =>
      [true, false].map((fitIntercept) => ({ loss, storage, fitIntercept, isWeighted: fitIntercept })),
    ),
  );
  it.each(cases)("$loss on $storage, intercept $fitIntercept", ({ loss, ...given }) => {
    for (const [part, l2] of [
      [0.3, 0],
      [0.02, 0],
      [0.1, 1e-2],
    ] as const) {
      const { engine, problem, exact } = penalised(loss, part, { ...given, l2, variant });
      const { reports, final } = run(problem);
      const optimum = minimisePenalised(exact);
      expect(optimum.residual).toBeLessThan(1e-13);
      expect(final.isConverged).toBe(true);
      expect(final.isStalled).toBe(false);
      // index for index
      expect(errorOf(exact, final.coef, optimum)).toBeLessThan(TOL);
      const strict = strictZeros(exact, optimum);
      strict.forEach((isZero, i) => {
        expect(Object.is(final.coef[i], 0), `weight ${i}`).toBe(isZero);
      });
      // a gap of tol² in the objective, and what float64 leaves of a difference
      const zero = certificate(exact, new Float64Array(final.coef.length), new Float64Array(final.intercept.length));
      const found = certificate(exact, final.coef, final.intercept);
      const range = zero.objective - optimum.objective;
      expect(found.objective - optimum.objective).toBeLessThan(TOL * TOL * range + 1e-14 * zero.objective);
      // every report tells the truth about its weights, and the objective never rises
      let before = Number.POSITIVE_INFINITY;
      for (const report of reports) {
        const { objective, norm } = certificate(exact, report.coef, report.intercept);
        expect(Math.abs(report.objective - objective)).toBeLessThan(1e-13 * zero.objective);
        // the gradient's integers are within 1 % of what l1 leaves of it
        const first = (reports[0] as NewtonReport).gradientNorm;
        expect(Math.abs(report.gradientNorm - norm)).toBeLessThan(2e-2 * norm + 1e-12 * first);
        expect(report.objective).toBeLessThan(before * (1 + 2 ** -47));
        before = report.objective;
        const evaluated = problem.evaluate(report);
        expect(Math.abs(evaluated.objective - objective)).toBeLessThan(1e-13 * zero.objective);
        expect(Math.abs(evaluated.gradientNorm - norm)).toBeLessThan(1e-12 * (first + exact.l1));
      }
      expect(found.norm).toBeLessThan(1e-4 * (reports[0] as NewtonReport).gradientNorm);
      engine.dispose();
    }
  });

  it.each(SMOOTH)("%s: above the largest strength all weights are 0, and the intercept is right", (loss) => {
    for (const part of [1.001, 10, 1e6]) {
      const { engine, problem, exact } = penalised(loss, part, { variant, isWeighted: true });
      const { final } = run(problem);
      const optimum = minimisePenalised(exact);
      expect(final.isConverged).toBe(true);
      for (const w of final.coef) expect(Object.is(w, 0)).toBe(true);
      const shift = loss === "softmax" ? (optimum.intercept.reduce((a, b) => a + b, 0) as number) / exact.classes : 0;
      optimum.intercept.forEach((b, k) => {
        expect(Math.abs((final.intercept[k] as number) - (b - shift))).toBeLessThan(1e-5 * (1 + Math.abs(b)));
      });
      engine.dispose();
    }
  });

  it.each(SMOOTH)("%s with many rows: starts on a sample, uses a part of the Hessian", (loss) => {
    for (const storage of ["uint8", "float32"]) {
      const { engine, problem, exact } = penalised(loss, 0.05, { rows: 6000, cols: 9, storage, variant });
      // squared loss would be solved directly
      const { reports, final } = run(problem, loss === "squared" ? { preconditioner: "gram" } : {});
      expect((reports[1] as NewtonReport).hessianShare).toBeLessThan(1);
      expect(final.isConverged).toBe(true);
      expect(errorOf(exact, final.coef, minimisePenalised(exact))).toBeLessThan(TOL);
      engine.dispose();
    }
  });

  it.each(SMOOTH)("%s on sparse rows: the same weights", (loss) => {
    for (const fitIntercept of [true, false]) {
      const sample = sampleFor(loss, 400, 14, 5);
      for (let i = 0; i < sample.data.length; i++) if (i % 3 !== 0) sample.data[i] = 0;
      const { rows, cols, data, labels } = sample;
      const { engine, problem, exact } = pose(loss, sample, sample, data, { l2: 0, fitIntercept, variant });
      const l1 = strengthOf(exact, 0.05);
      const places = [...data.keys()].filter((i) => data[i] !== 0);
      const indptr = Int32Array.from({ length: rows + 1 }, (_, i) => places.filter((at) => at < i * cols).length);
      const values = Float64Array.from(places, (at) => data[at] as number);
      const indices = Int32Array.from(places, (at) => at % cols);
      const sparse = engine.dataset({ data: values, indices, indptr, rows, cols }, labels, { storage: "sparse" });
      const { final } = run(engine.problem(sparse, { loss, l1, fitIntercept, epsilon: problem.epsilon }));
      const optimum = minimisePenalised({ ...exact, l1 });
      expect(final.isConverged).toBe(true);
      expect(errorOf(exact, final.coef, optimum)).toBeLessThan(TOL);
      const zeros = strictZeros({ ...exact, l1 }, optimum);
      zeros.forEach((isZero, i) => {
        expect(Object.is(final.coef[i], 0), `weight ${i}`).toBe(isZero);
      });
      engine.dispose();
    }
  });

  it("softmax with an even number of classes: columns lie between their two middle weights, l2 says where", () => {
    for (const l2 of [0, 1e-6, 1e-2]) {
      const sample = sampleFor("softmax", 300, 8, 11, 4);
      const { engine, problem, exact } = pose("softmax", sample, sample, sample.data, { l2, variant });
      const l1 = strengthOf(exact, 0.01);
      const { reports, final } = run(engine.problem(problem.dataset, { loss: "softmax", l1, l2 }));
      const optimum = minimisePenalised({ ...exact, l1 });
      expect(final.isConverged).toBe(true);
      if (l2 > 0) expect(errorOf(exact, final.coef, optimum)).toBeLessThan(TOL);
      const { objective, norm } = certificate({ ...exact, l1 }, final.coef, final.intercept);
      expect(Math.abs(objective - optimum.objective)).toBeLessThan(1e-11 * objective);
      // weights good to tol: H·error against H·weights
      expect(norm).toBeLessThan(10 * TOL * (reports[0] as NewtonReport).gradientNorm);
      // intercepts are decided by their differences: their mean is 0
      expect(Math.abs(final.intercept.reduce((a, b) => a + b, 0))).toBeLessThan(1e-14);
      engine.dispose();
    }
  });

  it("more columns than rows, and than a Gram matrix is made for", () => {
    for (const [rows, cols, preconditioner] of [
      [40, 120, "gram"],
      [40, 120, "diagonal"],
      [60, 2100, "auto"],
    ] as const) {
      for (const loss of ["squared", "logistic"] as const) {
        const { engine, problem, exact } = penalised(loss, 0.2, { rows, cols, variant });
        const { final } = run(problem, { preconditioner });
        expect(final.isConverged).toBe(true);
        const { norm } = certificate(exact, final.coef, final.intercept);
        expect(norm).toBeLessThan(1e-5 * exact.l1);
        expect(final.coef.filter((w) => w !== 0).length).toBeLessThanOrEqual(rows);
        engine.dispose();
      }
    }
  });
});

describe("l1 on data that nobody has prepared", () => {
  const LIMITS: Limits = { rows: [2, 2.8], cols: [0.6, 1.4] };

  function judge(name: string, exact: PenalisedProblem, data: { data: never; rows: number; cols: number }): void {
    const engine = createEngine();
    const { loss, l1, l2, intercept: fitIntercept, weights } = exact;
    const options = weights === undefined ? {} : { sampleWeight: weights };
    const problem = engine.problem(engine.dataset(data, exact.labels, options), { loss, l1, l2, fitIntercept });
    const reports = [...auto(problem)];
    const final = reports.at(-1) as NewtonReport;
    const optimum = minimisePenalised(exact);
    const zero = certificate(exact, new Float64Array(final.coef.length), new Float64Array(final.intercept.length));
    const { objective } = certificate(exact, final.coef, final.intercept);
    expect(final.isConverged, name).toBe(true);
    // the estimate of the gap is of the right order: ten times tol²
    const range = zero.objective - optimum.objective;
    expect(objective - optimum.objective, name).toBeLessThan(10 * TOL * TOL * range + 1e-13 * zero.objective);
    engine.dispose();
  }

  it("condition numbers up to 1e6, five laws of features, scales over six decades", () => {
    for (let index = 0; index < 24; index++) {
      const given = randomProblem(index, LIMITS);
      if (given === null) continue;
      const { rows, cols, labels, loss, classes, fitIntercept, data } = given;
      const values = Float64Array.from(data);
      const l2 = index % 3 === 0 ? given.l2 : 0;
      const exact: Exact = { values, rows, cols, labels, loss, classes, l2, intercept: fitIntercept };
      for (const part of [0.3, 0.01]) {
        judge(`${given.name}, ${part}`, { ...exact, l1: strengthOf(exact, part) }, { data: data as never, rows, cols });
      }
    }
  });

  it("few rows, heavy tails, constant columns, duplicates, weights of 0", () => {
    for (let index = 0; index < 60; index++) {
      const { name, data, rows, cols, labels, weights, fitIntercept } = wildProblem(index);
      const loss = (["logistic", "squaredHinge", "squared", "huber"] as const)[index % 4] as LossName;
      const y = index % 4 < 2 ? labels.map((label) => (label > 0 ? 1 : -1)) : labels;
      const own = weights === null ? {} : { weights };
      const isEmpty = [...new Set(y)].some((label) => weights !== null && !y.some((x, i) => x === label && weights[i]));
      if (isEmpty) continue;
      const values = Float64Array.from(data);
      const exact: Exact = { values, rows, cols, labels: y, loss, classes: 1, l2: 0, intercept: fitIntercept, ...own };
      const l1 = strengthOf(exact, 0.05);
      if (l1 > 0) judge(name, { ...exact, l1 }, { data: data as never, rows, cols });
    }
  });

  it("columns that are copies, sums of others or constant: the objective and the certificate", () => {
    const sample = sampleFor("logistic", 200, 8, 4);
    const cols = 12;
    const data = Float64Array.from({ length: 200 * cols }, (_, i) => {
      const [row, j] = [Math.floor(i / cols), i % cols];
      const x = (k: number): number => sample.data[row * 8 + k] as number;
      return j < 8 ? x(j) : ([x(0), -x(1), x(2) + x(3), 3][j - 8] as number);
    });
    const labels = sample.labels.map((y) => (y > 0 ? 1 : -1));
    const exact: Exact = {
      values: data,
      rows: 200,
      cols,
      labels,
      loss: "logistic",
      classes: 1,
      l2: 0,
      intercept: true,
    };
    for (const part of [0.5, 0.05, 1e-3, 1e-6]) {
      judge(`part ${part}`, { ...exact, l1: strengthOf(exact, part) }, { data: data as never, rows: 200, cols });
    }
  });
});

describe("l1 with targets far from 0", () => {
  // F(0) is that of the intercept: F is below tol² of it before any weight is right, and the weights are what l1 is for
  it("a million away: the zeros of the centred targets", () => {
    const shift = 1e6;
    const [rows, cols] = [400, 10];
    const dice = new Dice(5);
    const centred = (): number => dice.uniform() - 0.5;
    const data = Float64Array.from({ length: rows * cols }, centred);
    const targets = Float64Array.from({ length: rows }, (_, i) => {
      const [a, b] = [data[i * cols] as number, data[i * cols + 1] as number];
      return a + 0.5 * b + 0.5 * centred();
    });
    const engine = createEngine();
    const solved = (labels: Float64Array, options: NewtonOptions): NewtonReport => {
      const problem = engine.problem(engine.dataset({ data, rows, cols }, labels), { loss: "squared", l1: 1e-3 });
      return [...newton(problem, options)].at(-1) as NewtonReport;
    };
    // hessianShare: no explicit Hessian whose first step ends at the optimum
    const far = solved(
      targets.map((y) => y + shift),
      { tol: TOL, hessianShare: 1 },
    );
    const near = solved(targets, { tol: 1e-10 });
    expect(far.isConverged).toBe(true);
    near.coef.forEach((w, j) => {
      expect((far.coef[j] as number) === 0).toBe(w === 0);
      // margins of `shift` round, and the float64 sums of F(0) with them: (F − F*)/F(0) of 2⁻⁵² is all that can be seen
      expect(Math.abs((far.coef[j] as number) - w)).toBeLessThan(2 ** -26 * shift);
    });
    engine.dispose();
  });
});

describe("l1 along a path", () => {
  it("every start from the optimum before: the same answers as from zero, sooner", () => {
    const { engine, problem: first, exact, sample } = penalised("logistic", 0.9, { rows: 400, cols: 20, seed: 3 });
    let start: NewtonReport | null = null;
    let [warm, cold] = [0, 0];
    for (const part of [0.9, 0.6, 0.4, 0.25, 0.15, 0.1, 0.05, 0.02, 0.01]) {
      const l1 = (exact.l1 / 0.9) * part;
      const problem = engine.problem(first.dataset, { loss: "logistic", l1 });
      const fromZero = run(problem);
      const { reports, final } = run(problem, start === null ? {} : { start });
      const optimum = minimisePenalised({ ...exact, l1 });
      expect(errorOf(exact, final.coef, optimum)).toBeLessThan(TOL);
      expect(errorOf(exact, fromZero.final.coef, optimum)).toBeLessThan(TOL);
      warm += reports.length;
      cold += fromZero.reports.length;
      start = final;
      problem.dispose();
    }
    expect(warm).toBeLessThan(cold);
    expect(sample.rows).toBe(400);
    engine.dispose();
  });

  it("from its own optimum it ends at once", () => {
    const { engine, problem } = penalised("logistic", 0.1);
    const { final } = run(problem);
    const { reports } = run(problem, { start: final });
    expect(reports.length).toBe(1);
    expect((reports[0] as NewtonReport).coef).toEqual(final.coef);
    engine.dispose();
  });

  it("a start worse than zero is left", () => {
    const { engine, problem, exact } = penalised("squared", 0.1);
    const { final } = run(problem, { start: { coef: new Float64Array(exact.cols).fill(1e9), intercept: [1e9] } });
    expect(errorOf(exact, final.coef, minimisePenalised(exact))).toBeLessThan(TOL);
    engine.dispose();
  });
});

describe("l1: the same bits", () => {
  it("on both modules, and on every run", () => {
    const hashes = VARIANTS.flatMap((variant) =>
      [0, 1].map(() => {
        const { engine, problem } = penalised("softmax", 0.05, { storage: "uint8", variant });
        const { final } = run(problem);
        engine.dispose();
        return [...final.coef, ...final.intercept, final.objective, final.gradientNorm].join(" ");
      }),
    );
    expect(new Set(hashes).size).toBe(1);
  });
});

describe("l1: the oracle", () => {
  it("soft thresholds by hand", () => {
    // one column of ones and minus ones, no intercept: w = shrink(mean x·y, l1)
    const values = Float64Array.from([1, -1, 1, -1]);
    const labels = [3, -1, 1, -1];
    const exact: Exact = { values, rows: 4, cols: 1, labels, loss: "squared", classes: 1, l2: 0, intercept: false };
    const mean = 1.5;
    for (const l1 of [0.25, 1, 1.5, 2]) {
      const { coef } = minimisePenalised({ ...exact, l1 });
      expect(coef[0]).toBeCloseTo(Math.max(0, mean - l1), 14);
      expect(minimisePenalised({ ...exact, l1, l2: 1 }).coef[0]).toBeCloseTo(Math.max(0, mean - l1) / 2, 14);
    }
    expect(largestStrength(exact, new Float64Array(1))).toBe(mean);
  });

  it("a subgradient of 0 is an optimum, and no other point has one", () => {
    const { exact } = penalised("logistic", 0.1);
    const { theta, residual } = minimisePenalised(exact);
    expect(residual).toBeLessThan(1e-14);
    const away = theta.map((x, i) => (i === 0 ? x + 1e-3 : x));
    expect(Math.max(...penalisedGradient(exact, away).map(Math.abs))).toBeGreaterThan(1e-6);
    const g = Float64Array.from([0.5, -2, 3, -3]);
    const least = leastSubgradient(g, Float64Array.from([0, 0, 1, 1]), () => 1);
    expect([...least]).toEqual([0, -1, 4, -2]);
    expect(joinParameters(exact, new Float64Array(exact.cols), [0]).length).toBe(exact.cols + 1);
  });
});

describe("l1: misuse", () => {
  const engine = createEngine();
  const { data, rows, cols, labels } = sampleFor("logistic", 30, 3, 1);
  const dataset = engine.dataset({ data, rows, cols }, labels);
  const codeOf = (act: () => unknown): string => {
    try {
      act();
    } catch (error) {
      expect(error).toBeInstanceOf(BitcenterError);
      expect((error as BitcenterError).message).toMatch(/^\w+: .*l1/);
      return (error as BitcenterError).code;
    }
    return "none";
  };

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, "1", null])("l1: %s", (l1) => {
    expect(codeOf(() => engine.problem(dataset, { loss: "logistic", l1: l1 as never }))).toBe("BAD_OPTION");
  });

  it("hinge", () => {
    expect(codeOf(() => engine.problem(dataset, { loss: "hinge", l1: 0.1 }))).toBe("UNSUPPORTED");
    engine.problem(dataset, { loss: "hinge", l1: 0 }).dispose();
  });

  it("solvers that know no corners refuse at once, and take l1: 0", () => {
    const solvers = { halp, saga, svrg, sgd, lpSgd, lpSvrg, zipml } as Record<string, (problem: Problem) => unknown>;
    const problem = engine.problem(dataset, { loss: "logistic", l1: 0.1 });
    const smooth = engine.problem(dataset, { loss: "logistic", l1: 0 });
    for (const solver of Object.values(solvers)) {
      expect(codeOf(() => solver(problem))).toBe("UNSUPPORTED");
      solver(smooth);
    }
    expect(problem.l1).toBe(0.1);
    expect(smooth.l1).toBe(0);
  });

  it("leaves no memory behind", () => {
    // what a dataset makes on first use it keeps
    const first = engine.problem(dataset, { loss: "logistic", l1: 0.01 });
    [...auto(first)];
    first.dispose();
    const before = engine.bytes;
    const problem = engine.problem(dataset, { loss: "logistic", l1: 0.01 });
    for (const _ of auto(problem)) {
      // to the end
    }
    for (const report of auto(problem)) if (report.outerStep > 0) break;
    problem.dispose();
    expect(engine.bytes).toBe(before);
  });
});

// Properties of the five solvers: reports, memory, determinism, warm starts, stopping, convergence and exact equivariances.

import { describe, expect, it } from "vitest";
import { finish } from "../bindings/engine/work.js";
import {
  createEngine,
  type DataBits,
  type Dataset,
  type Engine,
  halp,
  type LossName,
  lpSgd,
  lpSvrg,
  type Problem,
  type StepReport,
  sgd,
  svrg,
} from "../bindings/index.js";
import { lossDerivative } from "./oracle/loss.js";
import { dice, LOSS_NAMES, type Sample, sampleFor } from "./support/data.js";

type Options = Record<string, unknown>;
type Run = Generator<StepReport, void, undefined>;
type SolverName = "sgd" | "svrg" | "lpSgd" | "lpSvrg" | "halp";
const SOLVERS = { sgd, svrg, lpSgd, lpSvrg, halp } as unknown as Record<
  SolverName,
  (problem: Problem, options?: Options) => Run
>;
const NAMES = Object.keys(SOLVERS) as SolverName[];
/** Solvers around an anchor: exact passes belong to them, and they converge. */
const ANCHORED: readonly SolverName[] = ["svrg", "lpSvrg", "halp"];
const GRID: readonly SolverName[] = ["lpSgd", "lpSvrg"];

/** A report without its clock, as text: equal text means equal bits (but for the sign of zero, which is spelt out). */
function bitsOf({ seconds: _clock, coef, intercept, ...rest }: StepReport): string {
  const number = (value: unknown): string => (Object.is(value, -0) ? "-0" : String(value));
  return [...Object.entries(rest), ["coef", ...coef], ["intercept", ...intercept]]
    .map((e) => e.map(number).join(" "))
    .join("\n");
}

const all = (run: Run): StepReport[] => [...run];
const last = (run: Run): StepReport => all(run).at(-1) as StepReport;

interface Setting {
  readonly loss: LossName;
  readonly bits?: DataBits;
  readonly fitIntercept?: boolean;
  readonly isWeighted?: boolean;
  readonly l2?: number;
  readonly exact?: "auto" | "rounded16";
}

function make(engine: Engine, sample: Sample, setting: Setting): { dataset: Dataset; problem: Problem } {
  const { loss, bits = 8, fitIntercept = true, isWeighted = false, l2 = 0.01, exact = "auto" } = setting;
  const { data, rows, cols, labels, weights } = sample;
  const dataset = engine.dataset({ data, rows, cols }, labels, {
    bits,
    exact,
    ...(isWeighted && { sampleWeight: weights }),
  });
  return { dataset, problem: engine.problem(dataset, { loss, l2, fitIntercept }) };
}

const zeros = (problem: Problem) => ({
  coef: new Float64Array(problem.outputs * problem.dataset.cols),
  intercept: new Float64Array(problem.outputs),
});

/** Everything a report promises by itself. */
function checkReport(report: StepReport, problem: Problem, name: SolverName, T: number): void {
  const {
    outerStep,
    passes,
    exactPasses,
    objective,
    gradientNorm,
    stepSize,
    deltaScale,
    saturated,
    mu,
    isDiverged,
    coef,
    intercept,
    seconds,
  } = report;
  for (const value of [
    objective,
    gradientNorm,
    stepSize,
    deltaScale,
    saturated,
    mu,
    passes,
    seconds.inner,
    seconds.exact,
  ]) {
    expect(Number.isFinite(value)).toBe(true);
    expect(value).toBeGreaterThanOrEqual(0);
  }
  expect(stepSize).toBeGreaterThan(0);
  expect(isDiverged).toBe(false);
  expect(passes).toBe((outerStep * T) / problem.dataset.rows);
  expect(exactPasses).toBe(ANCHORED.includes(name) ? outerStep + 1 : 0);
  expect(coef).toBeInstanceOf(Float64Array);
  expect(intercept).toBeInstanceOf(Float64Array);
  expect(coef.length).toBe(problem.outputs * problem.dataset.cols);
  expect(intercept.length).toBe(problem.outputs);
  expect(coef.every(Number.isFinite) && intercept.every(Number.isFinite)).toBe(true);
  if (!problem.fitIntercept) expect(intercept.every((b) => b === 0)).toBe(true);
  expect(Number.isInteger(saturated)).toBe(true);
  expect(mu > 0).toBe(name === "halp" && outerStep > 0);
  if (GRID.includes(name)) expect(deltaScale).toBeGreaterThan(0);
  else expect(deltaScale > 0).toBe(name === "halp" && outerStep > 0);
}

describe("reports, memory and seeds", () => {
  const ROWS = 60;
  const COLS = 7;
  const T = 2 * ROWS;
  for (const name of NAMES) {
    const solver = SOLVERS[name];
    for (const loss of LOSS_NAMES) {
      it(`${name}, ${loss}`, () => {
        const sample = sampleFor(loss, ROWS, COLS, 17);
        for (const bits of [8, 16] as const) {
          for (const fitIntercept of [true, false]) {
            for (const isWeighted of [false, true]) {
              const what = `${bits} bits${fitIntercept ? ", intercept" : ""}${isWeighted ? ", weights" : ""}`;
              const engine = createEngine();
              const { dataset, problem } = make(engine, sample, { loss, bits, fitIntercept, isWeighted });
              const options = { outerSteps: 3, seed: 5 };

              const reports = all(solver(problem, options));
              expect(reports.length, what).toBe(4);
              reports.forEach((report, k) => {
                expect(report.outerStep, what).toBe(k);
                checkReport(report, problem, name, T);
                // what is reported is what these weights give; a change of coordinates there and back costs a few roundings
                const { objective, gradientNorm } = problem.evaluate(report);
                expect(Math.abs(objective - report.objective), what).toBeLessThan(1e-12 * (1 + objective));
                expect(Math.abs(gradientNorm - report.gradientNorm), what).toBeLessThan(1e-11 * (1 + gradientNorm));
              });
              const first = reports[0] as StepReport;
              expect(
                first.coef.every((w) => w === 0),
                what,
              ).toBe(true);
              expect(
                first.intercept.every((b) => b === 0),
                what,
              ).toBe(true);
              const atZero = problem.evaluate(zeros(problem));
              expect(first.objective, what).toBe(atZero.objective);
              expect(first.gradientNorm, what).toBe(atZero.gradientNorm);
              expect((reports[3] as StepReport).objective, what).toBeLessThan(first.objective);
              expect(new Set(reports.map((report) => report.coef.buffer)).size, what).toBe(4);

              // planes are made by now: nothing more may stay
              const before = engine.bytes;
              const again = all(solver(problem, options));
              expect(engine.bytes, `${what}: finished`).toBe(before);
              expect(again.map(bitsOf).join("\n\n"), what).toBe(reports.map(bitsOf).join("\n\n"));
              for (const { outerStep } of solver(problem, options)) {
                expect(engine.bytes).toBeGreaterThan(before);
                if (outerStep === 1) break;
              }
              expect(engine.bytes, `${what}: break`).toBe(before);
              expect(() => {
                for (const { outerStep } of solver(problem, options)) if (outerStep === 2) throw new Error("consumer");
              }).toThrow("consumer");
              expect(engine.bytes, `${what}: error in the consumer`).toBe(before);
              const thrown = solver(problem, options);
              thrown.next();
              expect(() => thrown.throw(new Error("thrown in"))).toThrow("thrown in");
              expect(engine.bytes, `${what}: throw()`).toBe(before);
              const unused = solver(problem, options);
              unused.return();
              expect(engine.bytes, `${what}: never begun`).toBe(before);

              const other = last(solver(problem, { ...options, seed: 6 }));
              expect(bitsOf(other), what).not.toBe(bitsOf(reports[3] as StepReport));
              problem.dispose();
              dataset.dispose();
              expect(engine.bytes, what).toBe(0);
            }
          }
        }
      });
    }
  }

  it("a report belongs to the caller: writing to it changes nothing", () => {
    const sample = sampleFor("logistic", ROWS, COLS, 2);
    for (const name of NAMES) {
      const { problem } = make(createEngine(), sample, { loss: "logistic" });
      const expected = all(SOLVERS[name](problem, { outerSteps: 3 })).map(bitsOf);
      const found: string[] = [];
      for (const report of SOLVERS[name](problem, { outerSteps: 3 })) {
        found.push(bitsOf(report));
        report.coef.fill(1e9);
        report.intercept.fill(Number.NaN);
      }
      expect(found).toEqual(expected);
    }
  });

  it("seeds 0 and 2³² − 1, and every option, give different runs; defaults are what the docs say", () => {
    const { problem } = make(createEngine(), sampleFor("logistic", ROWS, COLS, 2), { loss: "logistic" });
    const run = (name: SolverName, options: Options): string =>
      bitsOf(last(SOLVERS[name](problem, { outerSteps: 2, ...options })));
    for (const name of NAMES) {
      const base = run(name, {});
      expect(run(name, { seed: 0, stepSize: "auto", innerSteps: "auto", flushEvery: "auto" })).toBe(base);
      expect(run(name, { innerSteps: T })).toBe(base);
      const others: Options[] = [
        { seed: 1 },
        { seed: 2 ** 32 - 1 },
        { seed: 2 ** 31 },
        { stepSize: 0.01 },
        { innerSteps: T + 1 },
        { flushEvery: 3 },
      ];
      if (name === "halp")
        others.push({ bits: 16 }, { mu: 0.1 }, { option: "II" }, { rounding: "nearest" }, { flushEvery: 1 });
      if (name === "svrg") others.push({ data: "codes" }, { option: "II" });
      if (name === "sgd") others.push({ data: "codes" });
      if (GRID.includes(name)) others.push({ bits: 16 }, { range: 5 }, { rounding: "nearest" });
      const bits = others.map((options) => run(name, options));
      expect(new Set([base, ...bits]).size, `${name}: ${JSON.stringify(others)}`).toBe(1 + others.length);
    }
    expect(run("halp", { bits: 8, mu: "auto", option: "I", rounding: "stochastic" })).toBe(run("halp", {}));
    expect(last(halp(problem, { innerSteps: 1 })).outerStep).toBe(100);
    expect(all(SOLVERS.svrg(problem, { outerSteps: 0 })).length).toBe(1);
  });

  it("option II takes at most T steps per outer step, and a different number each time", () => {
    const { problem } = make(createEngine(), sampleFor("squared", ROWS, COLS, 2), { loss: "squared" });
    for (const name of ["svrg", "lpSvrg", "halp"] as const) {
      const passes = all(SOLVERS[name](problem, { option: "II", outerSteps: 8, innerSteps: 1000 })).map(
        (report) => report.passes * ROWS,
      );
      const steps = passes.slice(1).map((p, k) => p - (passes[k] as number));
      for (const count of steps) {
        expect(count).toBeCloseTo(Math.round(count), 6);
        expect(count).toBeGreaterThanOrEqual(0);
        expect(count).toBeLessThan(1000);
      }
      expect(new Set(steps.map(Math.round)).size).toBeGreaterThan(4);
    }
  });
});

describe("nothing else that runs changes a bit", () => {
  const settings: [SolverName, Setting, Options][] = [
    ["halp", { loss: "logistic" }, { outerSteps: 5 }],
    ["halp", { loss: "softmax", bits: 16, isWeighted: true }, { outerSteps: 5, seed: 9 }],
    ["halp", { loss: "squared", l2: 0 }, { outerSteps: 5, flushEvery: 1, mu: 1 }],
    ["svrg", { loss: "huber" }, { outerSteps: 5 }],
    ["lpSvrg", { loss: "squaredHinge" }, { outerSteps: 5 }],
    ["lpSgd", { loss: "hinge", fitIntercept: false }, { outerSteps: 5 }],
    ["sgd", { loss: "logistic", exact: "rounded16" }, { outerSteps: 5 }],
  ];
  const sampleOf = ({ loss }: Setting): Sample => sampleFor(loss, 120, 19, 23);
  const alone = settings.map(([name, setting, options]) => {
    const { problem } = make(createEngine(), sampleOf(setting), setting);
    return all(SOLVERS[name](problem, options)).map(bitsOf);
  });

  it("all runs interleaved on one engine, with datasets coming and going and memory growing", () => {
    const engine = createEngine();
    const runs = settings.map(([name, setting, options]) =>
      SOLVERS[name](make(engine, sampleOf(setting), setting).problem, options),
    );
    const found: string[][] = runs.map(() => []);
    const passing: Dataset[] = [];
    for (let step = 0; step < 6; step++) {
      runs.forEach((run, i) => {
        const { value, done } = run.next();
        if (!done) (found[i] as string[]).push(bitsOf(value));
        const rows = 100 + 977 * step;
        passing.push(
          engine.dataset(
            { data: new Float32Array(rows * 40).fill(0.1 * i + 0.05), rows, cols: 40 },
            new Float32Array(rows),
          ),
        );
        if (passing.length > 3) (passing.shift() as Dataset).dispose();
      });
    }
    expect(found).toEqual(alone);
  });

  it("two runs on the same problem, and the same run twice at once", () => {
    for (const [at, [name, setting, options]] of settings.entries()) {
      const { problem } = make(createEngine(), sampleOf(setting), setting);
      const a = SOLVERS[name](problem, options);
      const b = SOLVERS[name](problem, options);
      const c = SOLVERS.svrg(problem, { outerSteps: 5, seed: 77 });
      const found: [string[], string[]] = [[], []];
      const weights = {
        coef: new Float64Array(problem.outputs * 19).fill(3),
        intercept: new Float64Array(problem.outputs).fill(problem.fitIntercept ? -1 : 0),
      };
      for (let step = 0; step < 6; step++) {
        found[0].push(bitsOf(a.next().value as StepReport));
        problem.evaluate(weights);
        c.next();
        found[1].push(bitsOf(b.next().value as StepReport));
        problem.margins(weights);
      }
      expect(found[0]).toEqual(alone[at]);
      expect(found[1]).toEqual(alone[at]);
    }
  });

  it("two engines, baseline and whatever else this host has", () => {
    for (const [at, [name, setting, options]] of settings.entries()) {
      const runs = [createEngine(), createEngine({ variant: "baseline" })].map((engine) =>
        SOLVERS[name](make(engine, sampleOf(setting), setting).problem, options),
      );
      const found: string[][] = [[], []];
      for (let step = 0; step < 6; step++) {
        for (const [i, run] of runs.entries()) (found[i] as string[]).push(bitsOf(run.next().value as StepReport));
      }
      for (const reports of found) expect(reports).toEqual(alone[at]);
    }
  });

  it("input type does not matter where the values are the same", () => {
    const { below } = dice(8);
    const bytes = Uint8Array.from({ length: 80 * 6 }, () => below(100));
    const labels = Array.from({ length: 80 }, (_, i) => ((bytes[6 * i] as number) > 50 ? 1 : 0));
    const nested = Array.from({ length: 80 }, (_, i) => Array.from(bytes.subarray(6 * i, 6 * i + 6)));
    const inputs = [
      bytes,
      Int8Array.from(bytes),
      Int16Array.from(bytes),
      Float32Array.from(bytes),
      Float64Array.from(bytes),
    ];
    const results = [...inputs.map((data) => ({ data, rows: 80, cols: 6 })), nested].map((input) => {
      const engine = createEngine();
      const problem = engine.problem(engine.dataset(input, labels), { loss: "logistic", l2: 0.1 });
      return bitsOf(last(halp(problem, { outerSteps: 6 })));
    });
    expect(new Set(results).size).toBe(1);
  });
});

describe("starts and stops", () => {
  const easy = (loss: LossName, bits: DataBits = 8) =>
    make(createEngine(), sampleFor(loss, 200, 6, 3), { loss, bits, l2: 0.05 }).problem;
  const optimum = (problem: Problem): StepReport => {
    let report: StepReport | undefined;
    for (report of svrg(problem, { outerSteps: 300, seed: 1 })) if (report.gradientNorm < 1e-13) break;
    return report as StepReport;
  };

  it("a start is where the first report is", () => {
    for (const loss of LOSS_NAMES) {
      for (const fitIntercept of [true, false]) {
        for (const bits of [8, 16] as const) {
          const { problem } = make(createEngine(), sampleFor(loss, 60, 5, 3), { loss, bits, fitIntercept });
          const { normal } = dice(4);
          const start = {
            coef: Float64Array.from({ length: 5 * problem.outputs }, normal),
            intercept: Float64Array.from({ length: problem.outputs }, () => (fitIntercept ? normal() : 0)),
          };
          const { objective, gradientNorm } = problem.evaluate(start);
          for (const name of NAMES) {
            const report = SOLVERS[name](problem, { start }).next().value as StepReport;
            if (GRID.includes(name)) {
              expect(report.deltaScale).toBeGreaterThan(0);
              continue; // rounded to the grid, and cut where it ends
            }
            expect(report.passes).toBe(0);
            // the float32 plane has a scale of its own, so a few roundings differ
            expect(Math.abs(report.objective - objective)).toBeLessThan(1e-13 * objective);
            expect(Math.abs(report.gradientNorm - gradientNorm)).toBeLessThan(1e-12 * gradientNorm);
            report.coef.forEach((w, j) => {
              expect(Math.abs(w - (start.coef[j] as number))).toBeLessThanOrEqual(2 ** -52 * Math.abs(w));
            });
            report.intercept.forEach((b, k) => {
              expect(Math.abs(b - (start.intercept[k] as number))).toBeLessThan(1e-13);
            });
          }
        }
      }
    }
  });

  it("a start goes to the nearest point of the fixed grid", () => {
    const problem = easy("logistic");
    const { normal } = dice(4);
    const start = { coef: Float64Array.from({ length: 6 }, () => 0.2 * normal()), intercept: Float64Array.of(0.1) };
    for (const name of GRID) {
      for (const bits of [8, 16]) {
        const report = SOLVERS[name](problem, { start, bits, range: 8 }).next().value as StepReport;
        expect(report.deltaScale).toBeCloseTo(8 / (2 ** (bits - 1) - 1), 12);
        const plane = finish(problem.dataset.plane("codes", true));
        const scale = problem.core.f64(plane.scale, 6);
        report.coef.forEach((w, j) => {
          // unit coordinates: columns scaled to [−1, 1]
          const unit = 127 * (scale[j] as number);
          expect(Math.abs(w - (start.coef[j] as number)) * unit).toBeLessThanOrEqual((0.5 + 1e-9) * report.deltaScale);
          const code = (w * unit) / report.deltaScale;
          expect(Math.abs(code - Math.round(code))).toBeLessThan(1e-9);
        });
      }
    }
  });

  it("a run goes on from an earlier report", () => {
    for (const loss of ["squared", "logistic", "softmax", "squaredHinge", "huber"] as const) {
      for (const name of ["svrg", "halp"] as const) {
        const problem = easy(loss);
        const half = last(SOLVERS[name](problem, { outerSteps: 4 }));
        const more = all(SOLVERS[name](problem, { outerSteps: 12, start: half, seed: 4 }));
        expect(Math.abs((more[0] as StepReport).objective - half.objective)).toBeLessThan(1e-12 * half.objective);
        expect((more.at(-1) as StepReport).gradientNorm).toBeLessThan(0.1 * half.gradientNorm);
      }
    }
  });

  it("a start at the optimum stays there", () => {
    for (const loss of ["squared", "logistic", "softmax", "squaredHinge", "huber"] as const) {
      const problem = easy(loss);
      const best = optimum(problem);
      expect(best.gradientNorm).toBeLessThan(1e-12);
      for (const name of ["svrg", "halp"] as const) {
        for (const report of SOLVERS[name](problem, { start: best, outerSteps: 5 })) {
          expect(report.gradientNorm).toBeLessThan(1e-12);
          expect(report.isDiverged).toBe(false);
        }
      }
    }
  });

  it("SGD and LP-SGD from the optimum go to their noise floor, which is no divergence", () => {
    for (const loss of ["squared", "logistic", "softmax"] as const) {
      const problem = easy(loss);
      const best = optimum(problem);
      for (const name of ["sgd", "lpSgd", "lpSvrg"] as const) {
        const reports = all(SOLVERS[name](problem, { start: best, outerSteps: 5 }));
        expect(
          reports.map((report) => report.isDiverged),
          name,
        ).toEqual(new Array(6).fill(false));
        expect((reports[5] as StepReport).objective).toBeLessThan(problem.evaluate(zeros(problem)).objective);
      }
    }
  });

  it("a gradient of zero ends the run at once, without NaN", () => {
    for (const fitIntercept of [true, false]) {
      for (const bits of [8, 16] as const) {
        const { data } = sampleFor("squared", 30, 4, 5);
        for (const loss of ["squared", "huber"] as const) {
          const engine = createEngine();
          const problem = engine.problem(engine.dataset({ data, rows: 30, cols: 4 }, new Float64Array(30), { bits }), {
            loss,
            l2: 0.1,
            fitIntercept,
          });
          for (const name of NAMES) {
            const reports = all(SOLVERS[name](problem));
            if (name !== "sgd" && name !== "lpSgd") expect(reports.length, name).toBe(1); // those two never see it
            for (const { objective, gradientNorm, coef, intercept, isDiverged } of reports) {
              expect(
                [objective, gradientNorm, ...coef, ...intercept].every((value) => value === 0),
                name,
              ).toBe(true);
              expect(isDiverged).toBe(false);
            }
          }
          problem.dispose();
        }
      }
    }
  });

  it("all rows zero: only the intercept moves", () => {
    const labels = Array.from({ length: 20 }, (_, i) => (i < 5 ? 1 : 0));
    for (const loss of ["squared", "logistic", "squaredHinge"] as const) {
      for (const name of NAMES) {
        const engine = createEngine();
        const problem = engine.problem(engine.dataset({ data: new Float32Array(60), rows: 20, cols: 3 }, labels), {
          loss,
        });
        const reports = all(SOLVERS[name](problem, { outerSteps: 20 }));
        for (const { coef, objective } of reports) {
          expect(coef.every((w) => w === 0)).toBe(true);
          expect(Number.isFinite(objective)).toBe(true);
        }
        expect((reports.at(-1) as StepReport).objective).toBeLessThan((reports[0] as StepReport).objective);
      }
    }
  });

  it("divergence is told once, in the last report, and frees memory", () => {
    const problem = easy("squared");
    const engineBytes = () => problem.core.arena.used;
    for (const name of NAMES) last(SOLVERS[name](problem, { outerSteps: 1 }));
    const before = engineBytes();
    // a grid too coarse for its gradient grows with it: finite, but a million-fold
    for (const mu of [1e-3, 1e-4, 1e-6]) {
      const reports = all(SOLVERS.halp(problem, { mu, outerSteps: 100 }));
      expect(reports.map((report) => report.isDiverged)).toEqual([...new Array(reports.length - 1).fill(false), true]);
      expect(Number.isFinite((reports.at(-1) as StepReport).objective)).toBe(true);
      expect(engineBytes()).toBe(before);
    }
    for (const stepSize of [1e2, 1e10, 1e38, 1e300]) {
      for (const name of ["sgd", "svrg"] as const) {
        const reports = all(SOLVERS[name](problem, { stepSize, outerSteps: 50 }));
        expect(
          reports.map((report) => report.isDiverged),
          `${name} ${stepSize}`,
        ).toEqual([...new Array(reports.length - 1).fill(false), true]);
        expect(engineBytes()).toBe(before);
      }
      for (const name of ["halp", "lpSgd", "lpSvrg"] as const) {
        // saturating codes may keep these in bounds; what is not finite must be called diverged
        const reports = all(SOLVERS[name](problem, { stepSize, outerSteps: 20 }));
        for (const { objective, gradientNorm, isDiverged } of reports) {
          if (!Number.isFinite(objective) || !Number.isFinite(gradientNorm)) expect(isDiverged, name).toBe(true);
        }
        expect(reports.slice(0, -1).some((report) => report.isDiverged)).toBe(false);
        expect(engineBytes()).toBe(before);
      }
    }
  });

  it("extreme but legal settings never hang, crash or leak", () => {
    for (const loss of LOSS_NAMES) {
      const problem = easy(loss);
      for (const name of NAMES) last(SOLVERS[name](problem, { outerSteps: 1 }));
      const before = problem.core.arena.used;
      const tries: [SolverName, Options][] = [];
      for (const name of NAMES)
        tries.push(
          [name, { stepSize: 5e-324 }],
          [name, { stepSize: 1e-30 }],
          [name, { flushEvery: 2 ** 32 - 1 }],
          [name, { flushEvery: 1 }],
        );
      for (const mu of [5e-324, 1e-300, 1e300])
        for (const bits of [8, 16] as const)
          expect(() => last(SOLVERS.halp(problem, { mu, bits, outerSteps: 1 }))).toThrow(/^halp: mu: .* float32 steps/);
      for (const mu of [1e-30, 1e30])
        tries.push(["halp", { mu }], ["halp", { mu, flushEvery: 1 }], ["halp", { mu, bits: 16 }]);
      for (const range of [5e-324, 1e-300, 1e300])
        for (const name of ["lpSvrg", "lpSgd"] as const)
          expect(() => last(SOLVERS[name](problem, { range, outerSteps: 1 }))).toThrow(/: range: .* float32 steps/);
      for (const range of [1e-30, 1e30]) tries.push(["lpSvrg", { range }], ["lpSgd", { range, bits: 16 }]);
      for (const [name, options] of tries) {
        const what = `${name} ${JSON.stringify(options)}`;
        const reports = all(SOLVERS[name](problem, { ...options, outerSteps: 3, innerSteps: 50 }));
        for (const { objective, coef, intercept, isDiverged } of reports) {
          if (isDiverged) continue;
          expect(Number.isFinite(objective), what).toBe(true);
          expect(coef.every(Number.isFinite) && intercept.every(Number.isFinite), what).toBe(true);
        }
        expect(problem.core.arena.used, what).toBe(before);
      }
    }
  });
});

describe("convergence with everything on auto", () => {
  for (const loss of ["squared", "logistic", "softmax", "squaredHinge", "huber"] as const) {
    const sample = sampleFor(loss, 500, 20, 41);
    const cases: [string, SolverName, Setting, Options][] = [
      ["svrg", "svrg", { loss }, {}],
      ["svrg on codes", "svrg", { loss }, { data: "codes" }],
      ["halp, 8-bit data, 8-bit delta", "halp", { loss }, {}],
      ["halp, 8-bit data, 16-bit delta", "halp", { loss }, { bits: 16 }],
      ["halp, 16-bit data", "halp", { loss, bits: 16 }, {}],
      ["halp, weights", "halp", { loss, isWeighted: true }, {}],
      ["halp, no intercept", "halp", { loss, fitIntercept: false }, {}],
      ["halp, rounded copy", "halp", { loss, exact: "rounded16" }, {}],
    ];
    it.each(cases)(`${loss}: %s`, (_what, name, setting, options) => {
      const { problem } = make(createEngine(), sample, { ...setting, l2: 1e-2 });
      let start = 0;
      let best = Number.POSITIVE_INFINITY;
      let lowest = Number.POSITIVE_INFINITY;
      for (const { outerStep, gradientNorm, objective } of SOLVERS[name](problem, { outerSteps: 60, ...options })) {
        if (outerStep === 0) start = gradientNorm;
        best = Math.min(best, gradientNorm);
        // an objective that rises is a wrong step, but for rounding at the end and the noise of the first steps
        expect(objective).toBeLessThanOrEqual(1.5 * lowest);
        lowest = Math.min(lowest, objective);
        if (gradientNorm <= 1e-6 * start) break;
      }
      expect(best / start).toBeLessThanOrEqual(1e-6);
    });
  }

  it("goes on to the last bits of float64", () => {
    for (const [name, options] of [
      ["svrg", {}],
      ["halp", {}],
      ["halp", { bits: 16 }],
    ] as const) {
      const { problem } = make(createEngine(), sampleFor("logistic", 500, 20, 42), { loss: "logistic", l2: 1e-2 });
      const norms = all(SOLVERS[name](problem, { outerSteps: 150, ...options })).map((report) => report.gradientNorm);
      expect(Math.min(...norms)).toBeLessThan(1e-14);
      expect(norms.at(-1)).toBeLessThan(1e-13);
    }
  });
});

describe("one inner step is a step of gradient descent", () => {
  // From delta = 0 the difference of the derivatives is 0, so the step is −α·fullGradient in unit coordinates, whatever row was drawn:
  //   w_j ← w_j − α·(∂F/∂w_j)/unit_j²        (no intercept, l2 = 0; unit_j: the value of code Q in column j)
  for (const loss of LOSS_NAMES) {
    it(loss, () => {
      const sample = sampleFor(loss, 40, 5, 19);
      const { data, rows, cols, labels, weights } = sample;
      const classes = [...new Set(labels)].sort((a, b) => a - b);
      const total = weights.reduce((a, b) => a + b, 0);
      for (const isWeighted of [false, true]) {
        const runs: [SolverName, Options][] = [
          ["svrg", {}],
          ["svrg", { data: "codes" }],
          ["halp", { bits: 16, mu: 0.01 }],
          ["halp", { bits: 8, mu: 0.1 }],
        ];
        for (const [name, options] of runs) {
          const { problem } = make(createEngine(), sample, { loss, fitIntercept: false, isWeighted, l2: 0 });
          const K = problem.outputs;
          const plane = finish(
            problem.dataset.plane(name === "halp" || options["data"] === "codes" ? "codes" : "float32", false),
          );
          const unit = problem.core.f64(plane.scale, cols).map((scale) => scale * plane.largest);
          let before: StepReport | undefined;
          for (const after of SOLVERS[name](problem, { innerSteps: 1, outerSteps: 6, ...options })) {
            if (before !== undefined) {
              const gradient = new Float64Array(K * cols);
              for (let i = 0; i < rows; i++) {
                const x = data.subarray(i * cols, (i + 1) * cols);
                const margins = Float64Array.from({ length: K }, (_, k) =>
                  x.reduce((sum, value, j) => sum + value * (before as StepReport).coef[k * cols + j]!, 0),
                );
                const y = labels[i] as number;
                const label =
                  loss === "softmax"
                    ? classes.indexOf(y)
                    : K === 1 && classes.length === 2
                      ? y === classes[1]
                        ? 1
                        : -1
                      : y;
                const omega = isWeighted ? (weights[i] as number) / total : 1 / rows;
                lossDerivative(loss, margins, label).forEach((d, k) => {
                  for (let j = 0; j < cols; j++) gradient[k * cols + j]! += omega * d * (x[j] as number);
                });
              }
              const size = gradient.reduce((top, g) => Math.max(top, Math.abs(g)), 0);
              gradient.forEach((g, at) => {
                const u = unit[at % cols] as number;
                const expected = (before as StepReport).coef[at]! - (after.stepSize * g) / u ** 2;
                // one code of delta by rounding, and float32
                const bound = after.deltaScale / u + (1e-6 * after.stepSize * size) / u ** 2;
                expect(Math.abs(after.coef[at]! - expected), `${name} ${JSON.stringify(options)}`).toBeLessThanOrEqual(
                  bound,
                );
              });
            }
            before = after;
          }
        }
      }
    });
  }
});

describe("exact equivariance", () => {
  const pick = ({ objective, gradientNorm, deltaScale, saturated, coef, intercept }: StepReport) => ({
    objective,
    gradientNorm,
    deltaScale,
    saturated,
    coef,
    intercept,
  });

  it("y → 4y, squared loss from zero: the same integer path, objective exactly 16×", () => {
    for (const name of NAMES) {
      for (const fitIntercept of [false, true]) {
        for (const l2 of [0, 0.03]) {
          for (const [bits, more] of [
            [8, {}],
            [16, {}],
            [8, { flushEvery: 1 }],
            [8, { rounding: "nearest" }],
          ] as [DataBits, Options][]) {
            if (more["rounding"] !== undefined && (name === "sgd" || name === "svrg")) continue;
            const sample = sampleFor("squared", 150, 11, 6);
            const [one, four] = [1, 4].map((factor) => {
              const scaled = { ...sample, labels: sample.labels.map((y) => factor * y) };
              const { problem } = make(createEngine(), scaled, { loss: "squared", bits, fitIntercept, l2 });
              return all(SOLVERS[name](problem, { outerSteps: 6, ...more })).map(pick);
            }) as [ReturnType<typeof pick>[], ReturnType<typeof pick>[]];
            const expected = one.map((report) => ({
              objective: 16 * report.objective,
              gradientNorm: 4 * report.gradientNorm,
              deltaScale: 4 * report.deltaScale,
              saturated: report.saturated,
              coef: report.coef.map((w) => 4 * w),
              intercept: report.intercept.map((b) => 4 * b),
            }));
            expect(four).toEqual(expected);
          }
        }
      }
    }
  });

  it("a float column times a power of two: its weight divided by it, the rest unmoved (l2 = 0)", () => {
    for (const name of NAMES) {
      for (const bits of [8, 16] as const) {
        const sample = sampleFor("logistic", 150, 5, 6);
        const factors = [1, 2 ** 20, 2 ** -20, 1, 0.5];
        const scaled = { ...sample, data: sample.data.map((x, at) => x * (factors[at % 5] as number)) };
        const [a, b] = [sample, scaled].map((given) => {
          const { problem } = make(createEngine(), given, { loss: "logistic", bits, l2: 0 });
          return last(SOLVERS[name](problem, { outerSteps: 5 }));
        }) as [StepReport, StepReport];
        expect(b.objective).toBe(a.objective);
        expect(Array.from(b.coef, (w, j) => w * (factors[j] as number))).toEqual(Array.from(a.coef));
        expect(b.intercept).toEqual(a.intercept);
      }
    }
  });

  it("labels by other names: same bits", () => {
    const sample = sampleFor("logistic", 100, 5, 6);
    for (const name of NAMES) {
      const runs = [(y: number) => y, (y: number) => 2 * y - 1, (y: number) => (y === 1 ? 1e9 : -7.5)].map((rename) => {
        const { problem } = make(
          createEngine(),
          { ...sample, labels: sample.labels.map(rename) },
          { loss: "logistic" },
        );
        return bitsOf(last(SOLVERS[name](problem, { outerSteps: 3 })));
      });
      expect(new Set(runs).size).toBe(1);
    }
  });

  it("equal weights are no weights", () => {
    for (const name of NAMES) {
      const sample = sampleFor("logistic", 100, 5, 6);
      const runs = [false, true].map((isWeighted) => {
        const { problem } = make(
          createEngine(),
          { ...sample, weights: new Float64Array(100).fill(4) },
          { loss: "logistic", isWeighted },
        );
        return bitsOf(last(SOLVERS[name](problem, { outerSteps: 3 })));
      });
      expect(runs[1]).toBe(runs[0]);
    }
  });
});

describe("odd shapes", () => {
  // The data part of their gradient, total − offset·sum, is 0 but for rounding: at most γ_n·Σ|c||x|/n with |c| <= 1 here (n terms summed
  // in float64), and an inner run moves a weight by at most α·T = 2n/(2L) <= 2n times it, L >= 1/4 in unit coordinates.
  it("columns without variance get weight 0 but for the rounding of one sum", () => {
    const constants = [0, 3, -200, 40000, 0.5, 0.1, 1e-5, 1e6 + 0.1];
    const rows = 101;
    const cols = constants.length + 2;
    const { data, labels, weights } = sampleFor("logistic", rows, 2, 9);
    for (const loss of ["squared", "logistic"] as const) {
      for (const isWeighted of [false, true]) {
        for (const l2 of [0, 0.01]) {
          const values = new Float64Array(rows * cols);
          for (let i = 0; i < rows; i++)
            values.set([data[2 * i] as number, ...constants, data[2 * i + 1] as number], i * cols);
          const { problem } = make(
            createEngine(),
            { data: values, rows, cols, labels, weights },
            { loss, isWeighted, l2 },
          );
          for (const name of NAMES) {
            const reports = all(SOLVERS[name](problem, { outerSteps: 8 }));
            for (const { coef } of reports) {
              constants.forEach((constant, j) => {
                const bound = 8 * 2 * rows * rows * 2 ** -53 * Math.abs(constant);
                expect(
                  Math.abs(coef[j + 1] as number) <= bound,
                  `${name}, ${loss}, l2 ${l2}${isWeighted ? ", weights" : ""}: the constant ${constant} has weight ${coef[j + 1]}`,
                ).toBe(true);
              });
            }
            if (name !== "halp" && name !== "svrg") continue; // the others may end anywhere in their noise
            expect((reports.at(-1) as StepReport).objective, `${name}, ${loss}, l2 ${l2}, ${isWeighted}`).toBeLessThan(
              (reports[0] as StepReport).objective,
            );
          }
        }
      }
    }
  });

  it("columns without variance do not keep halp and svrg from the optimum", () => {
    const rows = 101;
    const { data, labels } = sampleFor("squared", rows, 2, 9);
    for (const constant of [3, 0.1, 1e6 + 0.1]) {
      const values = new Float64Array(rows * 3);
      for (let i = 0; i < rows; i++) values.set([data[2 * i] as number, constant, data[2 * i + 1] as number], i * 3);
      for (const name of ["halp", "svrg"] as const) {
        const engine = createEngine();
        const problem = engine.problem(engine.dataset({ data: values, rows, cols: 3 }, labels), { loss: "squared" });
        const reports = all(SOLVERS[name](problem, { outerSteps: 60 }));
        const plain = engine.problem(engine.dataset({ data, rows, cols: 2 }, labels), { loss: "squared" });
        const best = Math.min(...all(SOLVERS[name](plain, { outerSteps: 60 })).map((report) => report.objective));
        const { objective, coef } = reports.at(-1) as StepReport;
        expect(Math.abs(objective - best), `${name}, ${constant}`).toBeLessThan(1e-10 * best);
        expect(Math.abs(coef[1] as number), `${name}, ${constant}`).toBeLessThan(1e-6);
      }
    }
  });

  for (const size of [1e-300, 1e-150, 1e-30, 1e30, 1e150, 1e300]) {
    it(`a column of ${size} does not spoil the others`, () => {
      const rows = 80;
      const { data, labels } = sampleFor("squared", rows, 2, 9);
      const best = (values: Float64Array, cols: number, l2: number): number =>
        last(
          svrg(
            make(createEngine(), { data: values, rows, cols, labels, weights: labels }, { loss: "squared", l2 })
              .problem,
          ),
        ).objective;
      const spoilt: string[] = [];
      for (const l2 of [0, 0.01]) {
        // l2 makes a tiny column useless; a huge one it does not notice
        const reference =
          size < 1 && l2 > 0
            ? best(
                data.filter((_, at) => at % 2 === 0),
                1,
                l2,
              )
            : best(data, 2, l2);
        for (const name of NAMES) {
          const values = data.map((x, at) => (at % 2 === 1 ? x * size : x));
          const { problem } = make(
            createEngine(),
            { data: values, rows, cols: 2, labels, weights: labels },
            { loss: "squared", l2 },
          );
          const { objective, isDiverged } = last(
            SOLVERS[name](problem, { outerSteps: 20, ...(name !== "sgd" && name !== "svrg" && { bits: 16 }) }),
          );
          const { objective: start } = problem.evaluate(zeros(problem));
          if (isDiverged || !(objective < reference + 0.2 * start))
            spoilt.push(`${name}, l2 ${l2}: objective ${objective} instead of ${reference}, start ${start}`);
        }
      }
      expect(spoilt).toEqual([]);
    });
  }

  it("one row", () => {
    for (const loss of ["squared", "huber"] as const) {
      for (const name of NAMES) {
        for (const bits of [8, 16] as const) {
          for (const fitIntercept of [true, false]) {
            const engine = createEngine();
            const problem = engine.problem(engine.dataset([[0.5, -2, 7]], [3], { bits }), { loss, fitIntercept });
            const reports = all(SOLVERS[name](problem, { outerSteps: 40 }));
            const first = reports[0] as StepReport;
            const end = reports.at(-1) as StepReport;
            expect(end.objective, `${name} ${loss}`).toBeLessThan(0.5 * first.objective);
            expect(end.isDiverged).toBe(false);
          }
        }
      }
    }
  });

  it("one column, two classes of softmax: the same as logistic at the optimum", () => {
    const sample = sampleFor("logistic", 80, 1, 3);
    for (const name of ["svrg", "halp"] as const) {
      // softmax regularises both rows: twice the penalty on ±w/2 each
      const { problem: softmax } = make(createEngine(), sample, { loss: "softmax", l2: 0.02 });
      const { problem: logistic } = make(createEngine(), sample, { loss: "logistic", l2: 0.01 });
      expect(softmax.outputs).toBe(2);
      const a = last(SOLVERS[name](softmax, { outerSteps: 200 }));
      const b = last(SOLVERS[name](logistic, { outerSteps: 200 }));
      expect(a.gradientNorm).toBeLessThan(1e-10);
      expect(b.gradientNorm).toBeLessThan(1e-10);
      expect(Math.abs(a.objective - b.objective)).toBeLessThan(1e-12);
      expect((a.coef[1] as number) - (a.coef[0] as number)).toBeCloseTo(b.coef[0] as number, 7);
    }
  });

  it("widths around every step of the kernels", () => {
    for (const cols of [1, 2, 3, 4, 15, 16, 30, 31, 32, 33, 63, 64, 65, 127]) {
      for (const [name, bits, options] of [
        ["halp", 8, {}],
        ["halp", 8, { bits: 16 }],
        ["halp", 16, {}],
        ["svrg", 8, {}],
        ["lpSvrg", 8, {}],
      ] as [SolverName, DataBits, Options][]) {
        const { problem } = make(createEngine(), sampleFor("squared", 40, cols, cols), {
          loss: "squared",
          bits,
          l2: 0.1,
        });
        const reports = all(SOLVERS[name](problem, { outerSteps: 10, ...options }));
        const first = reports[0] as StepReport;
        const end = reports.at(-1) as StepReport;
        expect(end.gradientNorm, `${name} ${bits} ${cols}`).toBeLessThan(0.3 * first.gradientNorm);
        expect(Math.abs(problem.evaluate(end).objective - end.objective)).toBeLessThan(1e-12 * (1 + end.objective));
      }
    }
  });

  it("many classes: 2 to 11, and 300", () => {
    for (const classes of [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 300]) {
      const rows = Math.max(60, 2 * classes);
      const { problem } = make(createEngine(), sampleFor("softmax", rows, 3, 5, classes), {
        loss: "softmax",
        isWeighted: true,
      });
      expect(problem.outputs).toBe(classes);
      for (const name of NAMES) {
        const reports = all(SOLVERS[name](problem, { outerSteps: 4 }));
        const first = reports[0] as StepReport;
        expect(first.objective).toBeCloseTo(Math.log(classes), 10);
        expect((reports.at(-1) as StepReport).objective, `${name}, ${classes} classes`).toBeLessThan(first.objective);
      }
    }
  });

  it("5000 columns: past a window of the dot", () => {
    const sample = sampleFor("squared", 24, 5000, 12);
    for (const [name, bits, options] of [
      ["halp", 8, { bits: 16 }],
      ["halp", 8, {}],
      ["halp", 16, {}],
      ["svrg", 8, {}],
    ] as [SolverName, DataBits, Options][]) {
      const { problem } = make(createEngine(), sample, { loss: "squared", bits, l2: 1, fitIntercept: false });
      const reports = all(SOLVERS[name](problem, { outerSteps: 25, innerSteps: 60, ...options }));
      const end = reports.at(-1) as StepReport;
      // directions outside the span of 24 rows decay with l2 alone, hundreds of times slower than those inside
      expect(end.gradientNorm).toBeLessThan(1e-2 * (reports[0] as StepReport).gradientNorm);
      expect(Math.abs(problem.evaluate(end).objective - end.objective)).toBeLessThan(1e-11 * (1 + end.objective));
    }
  });

  it("more inner steps than rows, fewer, and one", () => {
    for (const rows of [1, 2, 3, 50]) {
      for (const innerSteps of [1, 2, 7, 2049, 5000]) {
        for (const name of NAMES) {
          const { problem } = make(createEngine(), sampleFor("squared", rows, 3, 2), { loss: "squared", l2: 0.1 });
          const reports = all(SOLVERS[name](problem, { innerSteps, outerSteps: 3 }));
          const end = reports.at(-1) as StepReport;
          expect(reports.map((report) => report.passes)).toEqual(reports.map((_, k) => (k * innerSteps) / rows));
          // one row may be solved to the last bit
          expect(reports.length === 4 || end.gradientNorm === 0).toBe(true);
          expect(end.isDiverged).toBe(false);
          expect(Number.isFinite(end.objective)).toBe(true);
        }
      }
    }
  });

  it("large and tiny targets", () => {
    const sample = sampleFor("squared", 60, 4, 2);
    for (const size of [2 ** -60, 2 ** -30, 2 ** 30, 2 ** 60]) {
      for (const name of NAMES) {
        const { problem } = make(
          createEngine(),
          { ...sample, labels: sample.labels.map((y) => y * size) },
          { loss: "squared" },
        );
        const reports = all(SOLVERS[name](problem, { outerSteps: 5 }));
        const start = (reports[0] as StepReport).objective;
        const end = reports.at(-1) as StepReport;
        expect(end.isDiverged, `${name}, targets of ${size}`).toBe(false);
        expect(end.objective, `${name}, targets of ${size}`).toBeLessThan(0.9 * start);
      }
    }
  });
});

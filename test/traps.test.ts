// Data that broke an earlier rule for a default: periodic rows and uneven weights (the eigenvalue estimate behind flushEvery), a direction
// as flat as the data allow (the dense term applied too late), one enormous value (robust clipping of codes). Every solver that corrects
// itself by exact gradients must converge on them with default options: a thousandfold smaller gradient, or nearly what flushEvery 1 gives.
import { describe, expect, it } from "vitest";
import {
  createEngine,
  type DatasetOptions,
  halp,
  type ProblemOptions,
  type StepReport,
  svrg,
} from "../bindings/index.js";
import { dice } from "./support/data.js";

interface Trap {
  readonly rows: number;
  readonly cols: number;
  readonly data: Float64Array;
  readonly labels: Float64Array;
  readonly dataset?: DatasetOptions;
  readonly problem: ProblemOptions;
}

/** Targets 2·x₀ + small noise. */
function trap(rows: number, cols: number, value: (i: number, j: number) => number, problem: ProblemOptions): Trap {
  const { normal } = dice(77);
  const data = Float64Array.from({ length: rows * cols }, (_, at) => value(Math.floor(at / cols), at % cols));
  const labels = Float64Array.from({ length: rows }, (_, i) => 2 * (data[i * cols] as number) + 0.05 * normal());
  return { rows, cols, data, labels, problem };
}

const { uniform, normal } = dice(5);
const near = (size: number): number => size * (1 + 0.05 * uniform());
const TRAPS: Record<string, Trap> = {
  "every second row is large": trap(2000, 4, (i) => near(i % 2 === 1 ? 1 : 0.05), {
    loss: "squared",
    l2: 1e-3,
    fitIntercept: false,
  }),
  "a fifth of the rows has nearly all the weight": {
    ...trap(1000, 3, (i) => near(i % 5 === 0 ? 1 : 0.05), { loss: "squared", l2: 1e-2, fitIntercept: false }),
    dataset: { sampleWeight: Float64Array.from({ length: 1000 }, (_, i) => (i % 5 === 0 ? 1 : 1e-3)) },
  },
  "one column of ±1": trap(400, 1, (i) => (i % 2 === 0 ? 1 : -1), { loss: "squared", fitIntercept: false }),
  "one-hot of three levels": trap(600, 3, (i, j) => (i % 3 === j ? 1 : 0), { loss: "squared", l2: 1e-3 }),
  ...Object.fromEntries(
    [100, 1e3, 1e4].map((size) => [
      `one value of ${size} among normal ones`,
      trap(1000, 5, (i, j) => (i === 17 && j === 2 ? size : normal()), { loss: "squared" }),
    ]),
  ),
};

describe.each(Object.entries(TRAPS))("%s", (_, { rows, cols, data, labels, dataset, problem: options }) => {
  const engine = createEngine();
  const problem = engine.problem(engine.dataset({ data, rows, cols }, labels, dataset), options);
  const reduction = (run: Iterable<StepReport>): number => {
    const reports = [...run];
    expect(reports.some(({ isDiverged }) => isDiverged)).toBe(false);
    return (reports.at(-1) as StepReport).gradientNorm / (reports[0] as StepReport).gradientNorm;
  };

  const runs: [string, (options: { flushEvery: 1 | "auto" }) => Iterable<StepReport>][] = [
    ["svrg", (more) => svrg(problem, { outerSteps: 40, ...more })],
    ["svrg on codes", (more) => svrg(problem, { outerSteps: 40, data: "codes", ...more })],
    ["halp 16", (more) => halp(problem, { outerSteps: 40, bits: 16, ...more })],
    ["halp 8", (more) => halp(problem, { outerSteps: 40, bits: 8, ...more })],
  ];
  it.each(runs)("%s", (__, run) => {
    const often = reduction(run({ flushEvery: 1 }));
    // an outlier makes the problem itself slow (svrg in float32 as well): what counts is that the default is not slower by much
    expect(reduction(run({ flushEvery: "auto" }))).toBeLessThan(Math.max(30 * often, 1e-3));
    expect(often).toBeLessThan(0.1);
  });
});

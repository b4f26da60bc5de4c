// Where the rows of the stochastic steps come from (docs/numerics.md §4): blocks of neighbours on shuffled codes must find every row equally often, must not
// cost convergence however the data are sorted, and must be chosen by the data's shape alone. Bit for bit: parity.test.ts.

import { describe, expect, it } from "vitest";
import type { PlaneKind } from "../bindings/data/dataset.js";
import { finish } from "../bindings/engine/work.js";
import {
  auto,
  BitcenterError,
  createEngine,
  type Dataset,
  halp,
  type LossName,
  lpSgd,
  lpSvrg,
  type Problem,
  type StepReport,
  saga,
  sgd,
  svrg,
} from "../bindings/index.js";
import { runInner, SHUFFLE_SEED } from "./oracle/inner.js";
import { permutation } from "./oracle/random.js";
import { dice, readPlane } from "./support/data.js";
import { describeVariants } from "./support/variants.js";

type Options = Record<string, unknown>;
type Solver = (problem: Problem, options: Options) => Generator<StepReport, void, undefined>;
const SOLVERS = { halp, saga, svrg, sgd, lpSgd, lpSvrg } as unknown as Record<string, Solver>;

// ---- convergence -------------------------------------------------------------------------------------------------

/** How the rows of a set may lie. */
const ORDERS = ["shuffled", "sorted by label", "sorted by a column", "copies side by side"] as const;
type Order = (typeof ORDERS)[number];

const ROWS = 6000;
const COLS = 20;

/** Ten clusters, or a linear model with noise; every row 16 times with a little noise in "copies side by side". */
function make(loss: LossName, order: Order): { data: Float64Array; labels: Float64Array } {
  const { normal, below, uniform } = dice(17);
  const classes = 10;
  const centres = Float64Array.from({ length: classes * COLS }, normal);
  const truth = Float64Array.from({ length: COLS }, normal);
  let rows = Array.from({ length: ROWS }, () => {
    const own = below(classes);
    const x = Float64Array.from(
      { length: COLS },
      (_, j) => (0.3 + (j % 3)) * normal() + (centres[own * COLS + j] as number),
    );
    let margin = normal();
    for (let j = 0; j < COLS; j++) margin += ((truth[j] as number) * (x[j] as number)) / Math.sqrt(COLS);
    const y =
      loss === "softmax" ? (uniform() < -0.8 ? below(classes) : own) : loss === "squared" ? margin : +(margin > 0);
    return { x, y };
  });
  if (order === "sorted by label") rows.sort((a, b) => a.y - b.y);
  if (order === "sorted by a column") rows.sort((a, b) => (a.x[1] as number) - (b.x[1] as number));
  if (order === "copies side by side") {
    rows = rows.map((_, i) => {
      const { x, y } = rows[i - (i % 16)] as { x: Float64Array; y: number };
      return { x: x.map((value) => value + 0.05 * normal()), y };
    });
  }
  const data = new Float64Array(ROWS * COLS);
  rows.forEach(({ x }, i) => {
    data.set(x, i * COLS);
  });
  return { data, labels: Float64Array.from(rows, ({ y }) => y) };
}

const SEEDS = 5;
/** Outer steps after which a run is given up. */
const MOST = 60;

/** Outer steps until the relative gap is 1e-6: the median over the seeds. */
function stepsTo(solver: Solver, problem: Problem, optimum: number, options: Options): number {
  const counts = Array.from({ length: SEEDS }, (_, seed) => {
    let start = 0;
    for (const { outerStep, objective } of solver(problem, { ...options, seed, outerSteps: MOST })) {
      if (outerStep === 0) start = objective - optimum;
      if (objective - optimum < 1e-6 * start) return outerStep;
    }
    return MOST + 1;
  });
  return Float64Array.from(counts).sort()[(SEEDS - 1) / 2] as number;
}

function solved(loss: LossName, order: Order): { problem: Problem; dataset: Dataset; optimum: number } {
  const engine = createEngine({ variant: "baseline" });
  const { data, labels } = make(loss, order);
  const dataset = engine.dataset({ data, rows: ROWS, cols: COLS }, labels);
  const problem = engine.problem(dataset, { loss, l2: 1e-3 });
  let optimum = 0;
  for (const { objective } of auto(problem)) optimum = objective;
  return { problem, dataset, optimum };
}

/** The dataset's planes in the rows' own order, whatever is asked for: blocks without the shuffle. */
function leaveUnshuffled(dataset: Dataset): void {
  const plane = dataset.plane.bind(dataset);
  Object.assign(dataset, {
    plane: (kind: PlaneKind, hasIntercept: boolean) => plane(kind, hasIntercept, false),
  });
}

describe("blocks need no more outer steps than single rows", () => {
  const cases = (["logistic", "squared", "softmax"] as const).flatMap((loss) =>
    ORDERS.map((order) => [loss, order] as const),
  );
  it.each(cases)("%s, %s", (loss, order) => {
    const { problem, optimum } = solved(loss, order);
    for (const name of ["halp", "svrg", "saga"]) {
      const solver = SOLVERS[name] as Solver;
      const [uniform, blocks] = ["uniform", "blocks"].map((sampling) =>
        stepsTo(solver, problem, optimum, { sampling }),
      );
      expect(uniform, name).toBeLessThan(30);
      // SAGA likes rows to come back independently of each other: up to half as many steps again; the others a step of chance
      expect(blocks, name).toBeLessThanOrEqual((uniform as number) * (name === "saga" ? 1.5 : 1.15) + 1);
    }
  });

  it.each(["sorted by label", "copies side by side"] as const)(
    "and without the shuffle they would: softmax, %s",
    (order) => {
      const { problem, dataset, optimum } = solved("softmax", order);
      const uniform = stepsTo(SOLVERS["halp"] as Solver, problem, optimum, { sampling: "uniform" });
      leaveUnshuffled(dataset);
      expect(stepsTo(SOLVERS["halp"] as Solver, problem, optimum, { sampling: "blocks" })).toBeGreaterThan(
        1.4 * uniform + 1,
      );
    },
  );
});

// A batch of B rows with B times the step moves, in expectation, as B steps do: while that step stays short of 1/λmax, epochs are those of single rows.
describe("batches need no more outer steps than single rows", () => {
  const cases = (["logistic", "squared"] as const).flatMap((loss) => ORDERS.map((order) => [loss, order] as const));
  it.each(cases)("%s, %s", (loss, order) => {
    const { problem, optimum } = solved(loss, order);
    const steps = (options: Options): number => stepsTo(SOLVERS["halp"] as Solver, problem, optimum, options);
    const single = steps({ bits: 16 });
    expect(single).toBeLessThan(30);
    for (const batchSize of [8, 16, 32]) {
      for (const sampling of ["uniform", "blocks"]) {
        // a step of chance, as above
        expect(steps({ batchSize, sampling }), `${batchSize} rows, ${sampling}`).toBeLessThanOrEqual(1.15 * single + 1);
      }
    }
  });

  it("and at a step beyond 1/λmax they would", () => {
    const { problem, optimum } = solved("squared", "shuffled");
    const plane = finish(problem.dataset.plane("codes", true));
    const stepSize = 32 / (2 * finish(problem.smoothness(plane)));
    expect(stepSize * finish(problem.largestEigenvalue(plane))).toBeGreaterThan(2);
    const steps = (options: Options): number => stepsTo(SOLVERS["halp"] as Solver, problem, optimum, options);
    expect(steps({ batchSize: 32, stepSize })).toBeGreaterThan(1.4 * steps({ bits: 16 }) + 1);
  });
});

// ---- the order of the rows ---------------------------------------------------------------------------------------

describe("the rows of blocks", () => {
  /** Rows visited by an inner run. */
  function visits(rows: number, rowsPerDraw: number, steps: number, outerStep: number): number[] {
    const found: number[] = [];
    runInner({
      codes: new Int8Array(rows),
      z: new Int16Array(1),
      rows,
      columns: 1,
      classes: 1,
      loss: "squared",
      labels: new Float64Array(rows),
      alpha: 1,
      deltaScale: 1,
      flushEvery: 1,
      innerSteps: steps,
      option: "I",
      rounding: "nearest",
      seed: 5,
      outerStep,
      rowsPerDraw,
      trace: ({ row }) => found.push(row),
    });
    return found;
  }

  it("are neighbours, and after the last row comes the first", () => {
    const rows = visits(50, 32, 3200, 0);
    const starts = new Set<number>();
    for (let t = 0; t < rows.length; t++) {
      if (t % 32 === 0) starts.add(rows[t] as number);
      else expect(rows[t]).toBe(((rows[t - 1] as number) + 1) % 50);
    }
    expect(starts.size).toBeGreaterThan(35);
  });

  // 50 rows are no multiple of 32, and 33 steps no whole number of blocks: still no row is rarer, at any step of the run
  it("come equally often, at every step", () => {
    const [rows, runs] = [50, 4000];
    const counts = [0, 20, 32].map(() => new Float64Array(rows));
    for (let k = 0; k < runs; k++) {
      const visited = visits(rows, 32, 33, k);
      [0, 20, 32].forEach((t, i) => {
        const row = visited[t] as number;
        const one = counts[i] as Float64Array;
        one[row] = (one[row] as number) + 1;
      });
    }
    // 80 expected, ± 8.9; five of those for the largest of 150
    for (const one of counts) for (const count of one) expect(Math.abs(count - runs / rows)).toBeLessThan(45);
  });
});

// ---- the shuffled plane, and who chooses it ----------------------------------------------------------------------

describeVariants("shuffled planes", (variant) => {
  const SOURCES: readonly (readonly [string, (data: Float64Array) => unknown, Options])[] = [
    ["float64", (data) => data, {}],
    ["float32", (data) => Float32Array.from(data), {}],
    ["int16", (data) => Int16Array.from(data, (x) => 1000 * x), {}],
    ["uint8", (data) => Uint8Array.from(data, (x) => 128 + 20 * x), {}],
    ["int8", (data) => Int8Array.from(data, (x) => 20 * x), { bits: 16 }],
    ["two planes of 16 bits", (data) => data, { exact: "rounded16" }],
  ];
  it.each(SOURCES)("hold the same codes in another order: %s", (_, convert, options) => {
    // more rows than one block of any of the walks
    const [rows, cols] = [9000, 21];
    const { normal } = dice(3);
    const engine = createEngine({ variant });
    const data = convert(Float64Array.from({ length: rows * cols }, normal)) as Float64Array;
    const sampleWeight = Float64Array.from({ length: rows }, () => 1 + Math.abs(normal()));
    const dataset = engine.dataset({ data, rows, cols }, new Float64Array(rows), { ...options, sampleWeight });
    const order = permutation(SHUFFLE_SEED, rows);
    for (const kind of ["codes", "float32"] as const) {
      for (const hasIntercept of [false, true]) {
        const plain = readPlane(dataset, finish(dataset.plane(kind, hasIntercept)));
        const plane = finish(dataset.plane(kind, hasIntercept, true));
        const mixed = readPlane(dataset, plane);
        expect(mixed.isPadded).toBe(true);
        expect([mixed.scale, mixed.offset]).toEqual([plain.scale, plain.offset]);
        const { columns } = plain;
        let wrong = 0;
        order.forEach((row, place) => {
          for (let j = 0; j < columns; j++) {
            if (!Object.is(mixed.codes[place * columns + j], plain.codes[row * columns + j])) wrong++;
          }
        });
        expect(wrong).toBe(0);
        const { core, weights } = dataset;
        const own = core.f64(weights.f64, rows);
        expect(core.f64(plane.weights.f64, rows)).toEqual(Float64Array.from(order, (row) => own[row] as number));
        expect(core.f32(plane.weights.f32, rows)).toEqual(Float32Array.from(order, (row) => own[row] as number));
      }
    }
    const made = dataset.bytes;
    finish(dataset.plane("codes", true, true));
    expect(dataset.bytes).toBe(made);
    dataset.dispose();
    engine.dispose();
  });

  /** 16 bytes of rows and 32 of codes each. */
  function narrow(rows: number, options: Options = {}): { problem: Problem; dispose: () => void } {
    const engine = createEngine({ variant });
    const { below } = dice(8);
    const data = Int8Array.from({ length: rows }, () => below(100) - 50);
    const dataset = engine.dataset({ data, rows, cols: 1 }, Float64Array.from(data), options);
    return { problem: engine.problem(dataset, { loss: "squared" }), dispose: () => engine.dispose() };
  }
  const last = (solver: Solver, problem: Problem, options: Options): StepReport =>
    [...solver(problem, { outerSteps: 1, innerSteps: 500, seed: 4, ...options })].at(-1) as StepReport;
  /** Which of the two the default has taken. */
  function taken(solver: Solver, problem: Problem): string {
    const [own, uniform, blocks] = ["auto", "uniform", "blocks"].map((sampling) => {
      const { coef, objective, gradientNorm } = last(solver, problem, { sampling });
      return [...coef, objective, gradientNorm].join(" ");
    });
    expect(uniform).not.toBe(blocks);
    expect(last(solver, problem, {}).coef.join(" ")).toBe(own?.split(" ")[0]);
    return own === blocks ? "blocks" : own === uniform ? "uniform" : "neither";
  }

  it("are taken for codes above 32 MiB, and only for those", () => {
    const limit = 2 ** 25 / 32;
    for (const [rows, expected] of [
      [limit, "uniform"],
      [limit + 1, "blocks"],
    ] as const) {
      const { problem, dispose } = narrow(rows);
      expect(taken(SOLVERS["halp"] as Solver, problem), `halp, ${rows} rows`).toBe(expected);
      const onGrid: Solver = (p, options) => (SOLVERS["lpSgd"] as Solver)(p, { ...options, range: 1 });
      expect(taken(onGrid, problem), `lpSgd, ${rows} rows`).toBe(expected);
      dispose();
    }
  });

  it("count the bytes of what the steps read: four times as many for float32", () => {
    const { problem, dispose } = narrow(2 ** 25 / 128 + 1);
    for (const name of ["svrg", "sgd"]) {
      expect(taken(SOLVERS[name] as Solver, problem), name).toBe("blocks");
      expect(taken((p, options) => (SOLVERS[name] as Solver)(p, { ...options, data: "codes" }), problem)).toBe(
        "uniform",
      );
    }
    dispose();
  });

  it("are not made beside codes that are part of the exact copy, unless asked for", () => {
    const { problem, dispose } = narrow(2 ** 25 / 32 + 1, { exact: "rounded16" });
    expect(taken(SOLVERS["halp"] as Solver, problem)).toBe("uniform");
    dispose();
  });

  it("say what the option may be", () => {
    const { problem, dispose } = narrow(50);
    for (const [name, solver] of Object.entries(SOLVERS)) {
      for (const sampling of ["random", "block", 32, true, null]) {
        expect(() => solver(problem, { sampling }), name).toThrow(BitcenterError);
        expect(() => solver(problem, { sampling })).toThrow(
          `${name}: sampling must be "auto" or "uniform" or "blocks", given`,
        );
      }
    }
    dispose();
  });
});

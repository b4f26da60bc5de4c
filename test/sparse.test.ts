// Sparse rows: the same answers as dense ones, to the tolerance of the solver; the same objective and gradient as the oracle's, to their derived rounding; never a dense row.
import { afterAll, describe, expect, it } from "vitest";
import {
  auto,
  BitcenterError,
  createEngine,
  type Dataset,
  type DatasetOptions,
  type Engine,
  type MatrixInput,
  type NewtonReport,
  newton,
  type Problem,
  type SparseMatrix,
  zipml,
} from "../bindings/index.js";
import { autoSteps } from "../bindings/solvers/newton/newton.js";
import { lossDerivative } from "./oracle/loss.js";
import {
  type Problem as Exact,
  gradient,
  joinParameters,
  marginsOf,
  norm,
  normalisedWeights,
  objective,
} from "./oracle/objective.js";
import { sparseCode } from "./oracle/sparse.js";
import { LOSS_NAMES } from "./support/data.js";
import { Dice } from "./support/random.js";
import { compress, KINDS, labelsFor, type SparseSample, sparseSample } from "./support/sparse.js";
import { describeVariants } from "./support/variants.js";

const u = 2 ** -53;
const TAU = 0.8;
const TOL = 1e-6;

const last = <T>(items: Iterable<T>): T => [...items].at(-1) as T;

/** The same problem for the oracle. */
function oracleOf(
  sample: SparseSample,
  loss: Exact["loss"],
  l2: number,
  intercept: boolean,
  isWeighted: boolean,
): Exact {
  const { X, dense, margins, weights } = sample;
  const labels = labelsFor(loss, margins);
  const isSigned = loss === "logistic" || loss === "squaredHinge" || loss === "hinge";
  return {
    values: dense,
    rows: X.rows,
    cols: X.cols,
    labels: isSigned ? labels.map((y) => 2 * y - 1) : labels,
    loss,
    tau: TAU,
    classes: loss === "softmax" ? 3 : 1,
    l2,
    intercept,
    ...(isWeighted ? { weights } : {}),
  };
}

/**
 * Bounds of what rounding does to objective and gradient norm, twice (ours and the oracle's): a margin of at most `cols + 1` terms is off by γ(cols + 3)·Σ|x·w|, which a loss of slope
 * |c| and curvature ≤ 1 passes on; sums over the rows and the library functions of the losses (a few roundings) come on top.
 */
function roundingOf(exact: Exact, theta: Float64Array): { readonly objective: number; readonly gradient: number } {
  const { rows, cols, classes, loss, tau, labels, l2 } = exact;
  const omega = normalisedWeights(exact);
  const width = theta.length / classes;
  const steps = 4 * (rows + cols + 40) * u;
  let value = 0;
  const column = new Float64Array(classes * width);
  for (let i = 0; i < rows; i++) {
    const m = marginsOf(exact, theta, i);
    const c = lossDerivative(loss, m, labels[i] as number, tau);
    let reach = 0;
    for (let k = 0; k < classes; k++) {
      for (let j = 0; j < width; j++) {
        const x = j < cols ? (exact.values[i * cols + j] as number) : 1;
        reach += Math.abs(x * (theta[k * width + j] as number));
      }
    }
    const most = Math.max(...Array.from(c, Math.abs), ...Array.from(m, Math.abs), 1);
    value += (omega[i] as number) * (most + reach) * (most + reach);
    for (let k = 0; k < classes; k++) {
      for (let j = 0; j < width; j++) {
        const x = j < cols ? (exact.values[i * cols + j] as number) : 1;
        const at = k * width + j;
        column[at] = (column[at] as number) + (omega[i] as number) * (most + reach) * Math.abs(x);
      }
    }
  }
  const penalty = l2 * theta.reduce((sum, w) => sum + w * w, 0);
  const own = column.map((sum, at) => sum / rows + l2 * Math.abs(theta[at] as number));
  return { objective: steps * (value / rows + penalty), gradient: steps * norm(own) };
}

describeVariants("sparse rows", (variant) => {
  const engine: Engine = createEngine({ variant });
  afterAll(() => engine.dispose());

  const indices = Array.from({ length: 24 }, (_, i) => i);

  describe.each(LOSS_NAMES)("%s", (loss) => {
    it.each(indices)("problem %d: objective, gradient and optimum are those of the dense rows", (index) => {
      const sample = sparseSample(index);
      const isWeighted = index % 3 === 0;
      const fitIntercept = index % 2 === 0;
      const size = Math.max(1, ...sample.dense.map(Math.abs));
      const l2 = 1e-3 * size * size;
      const labels = labelsFor(loss, sample.margins);
      const options = isWeighted ? { sampleWeight: sample.weights } : {};
      const exact = oracleOf(sample, loss, l2, fitIntercept, isWeighted);
      const pose = (storage: "dense" | "sparse"): Problem => {
        const dataset = engine.dataset(sample.X, labels, { ...options, storage });
        expect(dataset.storage).toBe(storage);
        return engine.problem(dataset, { loss, l2, fitIntercept, epsilon: TAU });
      };
      const [sparse, dense] = [pose("sparse"), pose("dense")] as const;

      // at weights that somebody has drawn
      const dice = new Dice(index);
      const coef = Float64Array.from({ length: sparse.outputs * sample.X.cols }, () => dice.normal() / size);
      const intercept = Float64Array.from({ length: sparse.outputs }, () => (fitIntercept ? dice.normal() : 0));
      const theta = joinParameters(exact, coef, intercept);
      const bound = roundingOf(exact, theta);
      const evaluation = sparse.evaluate({ coef, intercept });
      expect(Math.abs(evaluation.objective - objective(exact, theta))).toBeLessThanOrEqual(bound.objective);
      expect(Math.abs(evaluation.gradientNorm - norm(gradient(exact, theta)))).toBeLessThanOrEqual(bound.gradient);
      const margins = sparse.margins({ coef, intercept });
      for (let i = 0; i < sample.X.rows; i++) {
        marginsOf(exact, theta, i).forEach((m, k) => {
          const got = margins[i * sparse.outputs + k] as number;
          expect(Math.abs(got - m)).toBeLessThanOrEqual(
            bound.objective + 4 * (sample.X.cols + 3) * u * (1 + Math.abs(m)),
          );
        });
      }

      // at the optimum
      const reports = [...auto(sparse, { tol: TOL })];
      const [mine, theirs] = [reports.at(-1) as NewtonReport, last(auto(dense, { tol: TOL }))];
      expect(mine.isConverged || mine.isStalled).toBe(true);
      const zero = (reports[0] as NewtonReport).objective;
      const span = zero - Math.min(mine.objective, theirs.objective);
      // both gaps are estimates: ten times what is left by them
      const gap = 10 * TOL * TOL * span + 2 * bound.objective;
      expect(Math.abs(mine.objective - theirs.objective)).toBeLessThanOrEqual(gap);
      // strong convexity in the weights: l2/2·‖w − w*‖² ≤ F(w) − F*, twice
      const distance = norm(mine.coef.map((w, i) => w - (theirs.coef[i] as number)));
      expect(distance).toBeLessThanOrEqual(2 * Math.sqrt((2 * gap) / l2));
      // the certificate, from outside
      const found = joinParameters(exact, mine.coef, mine.intercept);
      const rounding = roundingOf(exact, found);
      expect(Math.abs(mine.objective - objective(exact, found))).toBeLessThanOrEqual(rounding.objective);
      if (loss !== "hinge") {
        expect(Math.abs(mine.gradientNorm - norm(gradient(exact, found)))).toBeLessThanOrEqual(rounding.gradient);
      }
      for (const { dataset, ...problem } of [sparse, dense]) {
        expect(problem).toBeDefined();
        dataset.dispose();
      }
      sparse.dispose();
      dense.dispose();
    });
  });

  it("Newton's choices: a Gram matrix, a diagonal, parts of the rows, exact products, starts", () => {
    const dice = new Dice(5);
    const [rows, cols] = [6000, 25];
    const dense = Float64Array.from({ length: rows * cols }, () => (dice.uniform() < 0.15 ? dice.normal() : 0));
    const labels = Float64Array.from({ length: rows }, (_, i) =>
      Number((dense[i * cols] as number) + dice.normal() > 0),
    );
    const X = compress(dense, rows, cols);
    for (const loss of ["logistic", "softmax", "squaredHinge", "squared"] as const) {
      const classes = loss === "softmax" ? labels.map((y, i) => (i % 7 === 0 ? 2 : y)) : labels;
      const problem = engine.problem(engine.dataset(X, classes), { loss, l2: 1e-4 });
      const best = last(auto(problem)).objective;
      for (const preconditioner of ["gram", "diagonal"] as const) {
        for (const hessianShare of [1, 0.3]) {
          const report = last(newton(problem, { preconditioner, hessianShare }));
          expect(report.isConverged).toBe(true);
          expect(Math.abs(report.objective - best)).toBeLessThanOrEqual(1e-11);
        }
      }
      const start = last(auto(problem, { tol: 1e-2 }));
      const warm = [...auto(problem, { start })];
      expect((warm[0] as NewtonReport).objective).toBeLessThanOrEqual(start.objective * (1 + 1e-12));
      expect(Math.abs((warm.at(-1) as NewtonReport).objective - best)).toBeLessThanOrEqual(1e-11);
      problem.dataset.dispose();
      problem.dispose();
    }
  });

  it("keeps values losslessly in the narrowest form, codes apart where it is wider than a byte", () => {
    const dice = new Dice(11);
    const [rows, cols] = [300, 40];
    for (const { exact, draw } of KINDS) {
      const dense = Float64Array.from({ length: rows * cols }, () => (dice.uniform() < 0.3 ? draw(dice) : 0));
      const X = compress(dense, rows, cols);
      const dataset = engine.dataset(X, null, { storage: "sparse" });
      expect(dataset.exact).toBe(exact);
      const { sparse, core } = dataset;
      if (sparse === null) throw new Error("not sparse");
      const { csr } = sparse;
      const entries = X.data.length;
      expect(csr.entries).toBe(entries);
      // read back through the passes: the margins of a unit vector are a column
      const seen = new Float64Array(rows * cols);
      const one = core.arena.alloc(8, "a one");
      core.f64(one, 1)[0] = 1;
      const row = core.arena.alloc(cols * 8, "a row");
      for (let i = 0; i < rows; i++) {
        core.f64(row, cols).fill(0);
        dataset.exactRows.decode(i, one, row);
        seen.set(core.f64(row, cols), i * cols);
      }
      expect(seen).toEqual(dense);
      const codesWork = sparse.codes();
      let step = codesWork.next();
      while (!step.done) step = codesWork.next();
      const frameWork = sparse.frame(true);
      let made = frameWork.next();
      while (!made.done) made = frameWork.next();
      const scale = core.f64((made.value as { scale: number }).scale, cols);
      const codes = new Int8Array(core.bytes(step.value as number, entries).slice().buffer);
      for (let e = 0; e < entries; e++) {
        const unit = scale[X.indices[e] as number] as number;
        const x = X.data[e] as number;
        // whole columns within ±127 are exact; others are off by half a code, and by the rounding of the scale
        const code = codes[e] as number;
        const isWhole = exact === "int8";
        expect(Math.abs(code * unit - x)).toBeLessThanOrEqual(isWhole ? 0 : 0.5 * unit * (1 + 2 ** -40));
        if (exact === "float64") expect(code).toBe(sparseCode(x, 1 / unit));
      }
      for (const pointer of [one, row]) core.arena.free(pointer);
      dataset.dispose();
    }
  });

  it("takes every type of values and the forms of input", () => {
    const sample = sparseSample(1);
    const { rows, cols } = sample.X;
    const objectiveOf = (input: MatrixInput, options?: DatasetOptions): number => {
      const problem = engine.problem(engine.dataset(input, labelsFor("logistic", sample.margins), options), {
        loss: "logistic",
        l2: 0.01,
      });
      const { objective: value } = last(auto(problem));
      problem.dataset.dispose();
      problem.dispose();
      return value;
    };
    const whole = objectiveOf(sample.X, { storage: "sparse" });
    for (const make of [Float32Array, Int8Array, Int16Array]) {
      const X = { ...sample.X, data: make.from(sample.X.data) };
      expect(objectiveOf(X, { storage: "sparse" })).toBe(whole);
    }
    expect(objectiveOf({ data: sample.dense, rows, cols }, { storage: "sparse" })).toBe(whole);
    const asRows = Array.from({ length: rows }, (_, i) => Array.from(sample.dense.subarray(i * cols, (i + 1) * cols)));
    expect(objectiveOf(asRows, { storage: "sparse" })).toBe(whole);
    const dense = objectiveOf({ data: sample.dense, rows, cols });
    expect(objectiveOf(sample.X, { storage: "dense" })).toBe(dense);
  });

  it("changes nothing that it is given", () => {
    const { X, margins } = sparseSample(7);
    const copy = { data: X.data.slice(), indices: X.indices.slice(), indptr: X.indptr.slice() };
    const labels = margins.slice();
    const problem = engine.problem(engine.dataset(X, labels), { loss: "squared", l2: 0.1 });
    last(auto(problem));
    expect({ data: X.data, indices: X.indices, indptr: X.indptr }).toEqual(copy);
    expect(labels).toEqual(margins);
    problem.dataset.dispose();
    problem.dispose();
  });

  it("rows without an entry, and no entry at all", () => {
    const empty: SparseMatrix = {
      data: new Float64Array(0),
      indices: new Int32Array(0),
      indptr: new Int32Array(5),
      rows: 4,
      cols: 3,
    };
    const dataset = engine.dataset(empty, [0, 1, 1, 1]);
    const problem = engine.problem(dataset, { loss: "logistic", l2: 0.1 });
    const report = last(auto(problem));
    expect(report.isConverged).toBe(true);
    expect(Array.from(report.coef)).toEqual([0, 0, 0]);
    expect(report.intercept[0]).toBeCloseTo(Math.log(3), 6);
    dataset.dispose();
    problem.dispose();
  });

  it("stores sparse input dense where that is faster and at most twice as large", () => {
    const made = (density: number, draw: (dice: Dice) => number): Dataset => {
      const dice = new Dice(3);
      const [rows, cols] = [200, 50];
      const dense = Float64Array.from({ length: rows * cols }, () => (dice.uniform() < density ? draw(dice) : 0));
      return engine.dataset(compress(dense, rows, cols), null);
    };
    const [one, real] = [() => 1, (dice: Dice) => dice.normal()];
    expect(made(0.15, one).storage).toBe("sparse");
    expect(made(0.3, one).storage).toBe("dense");
    expect(made(0.3, real).storage).toBe("sparse");
    expect(made(0.6, real).storage).toBe("dense");
    expect(made(0.3, one).exact).toBe("int8");
  });

  it("100,000 columns at 0.1 %: trained without ever being dense", () => {
    const own = createEngine({ variant, maxBytes: 2 ** 25 });
    const [rows, cols, perRow] = [2000, 100_000, 100];
    const dice = new Dice(17);
    const data = new Float64Array(rows * perRow);
    const columns = new Int32Array(rows * perRow);
    const labels = new Float64Array(rows);
    for (let i = 0; i < rows; i++) {
      const chosen = new Set<number>();
      while (chosen.size < perRow) chosen.add(dice.below(cols));
      const sorted = [...chosen].sort((a, b) => a - b);
      columns.set(sorted, i * perRow);
      let margin = 0;
      sorted.forEach((j, e) => {
        data[i * perRow + e] = Math.log(2 + dice.below(6));
        margin += j % 3 === 0 ? 1 : j % 3 === 1 ? -1 : 0;
      });
      labels[i] = i < 2 ? i : Number(margin > 0);
    }
    const indptr = Int32Array.from({ length: rows + 1 }, (_, i) => i * perRow);
    const dataset = own.dataset({ data, indices: columns, indptr, rows, cols }, labels);
    expect(dataset.exact).toBe("table8");
    const problem = own.problem(dataset, { loss: "logistic", l2: 1e-3 });
    let peak = 0;
    let report: NewtonReport | undefined;
    for (const found of auto(problem)) {
      peak = Math.max(peak, own.bytes);
      report = found;
    }
    expect(report?.isConverged).toBe(true);
    const entries = data.length;
    // at most 3 bytes a value and 4 an index; starts of rows; three vectors of scales over the columns
    expect(dataset.bytes).toBeLessThanOrEqual(entries * (3 + 4) + 4 * (rows + 1) + 3 * 8 * (cols + 64) + 8 * 256);
    // vectors over columns and rows, and never the 200 MB of dense bytes: the engine could not have had them
    expect(peak).toBeLessThanOrEqual(dataset.bytes + 20 * 8 * (cols + 64) + 20 * 8 * rows);
    own.dispose();
  });

  it("pauses often, with the same answer", () => {
    const dice = new Dice(2);
    const [rows, cols] = [40_000, 60];
    const dense = Float64Array.from({ length: rows * cols }, () => (dice.uniform() < 0.1 ? dice.normal() : 0));
    const labels = Float64Array.from({ length: rows }, (_, i) =>
      Number((dense[i * cols] as number) + dice.normal() > 0),
    );
    const X = compress(dense, rows, cols);
    const problem = engine.problem(engine.dataset(X, labels), { loss: "logistic", l2: 1e-4 });
    const reports = [...auto(problem)];
    const steps = [...autoSteps(problem)];
    expect(steps.filter((step) => step === undefined).length).toBeGreaterThan(3);
    const found = steps.filter((step) => step !== undefined);
    expect(found.map(({ coef }) => coef)).toEqual(reports.map(({ coef }) => coef));
    problem.dataset.dispose();
    problem.dispose();
  });

  describe("refuses", () => {
    const good: SparseMatrix = {
      data: Float64Array.of(1, 2, 3),
      indices: Int32Array.of(0, 2, 1),
      indptr: Int32Array.of(0, 2, 3),
      rows: 2,
      cols: 3,
    };
    const labels = [0, 1];
    const refusal = (act: () => unknown): { code: string; message: string } => {
      try {
        act();
      } catch (error) {
        expect(error).toBeInstanceOf(BitcenterError);
        const { code, message } = error as BitcenterError;
        expect(message.includes("\n")).toBe(false);
        return { code, message };
      }
      throw new Error("nothing was refused");
    };
    const CASES: readonly [name: string, change: object, code: string, message: RegExp][] = [
      ["data of another type", { data: [1, 2, 3] }, "BAD_SHAPE", /data of sparse rows must be a Float32Array/],
      ["indices of another type", { indices: Float64Array.of(0, 2, 1) }, "BAD_SHAPE", /indices must be an Int32Array/],
      ["no indptr", { indptr: undefined }, "BAD_SHAPE", /indptr must be an Int32Array, given undefined/],
      ["too few indices", { indices: Int32Array.of(0, 2) }, "BAD_SHAPE", /data holds 3 values, but indices 2/],
      ["too few places", { indptr: Int32Array.of(0, 3) }, "BAD_SHAPE", /indptr holds 2 places, but 2 rows need 3/],
      ["no shape", { rows: 1.5 }, "BAD_SHAPE", /rows and cols must be whole numbers, given rows: 1.5, cols: 3/],
      ["no rows", { rows: 0, indptr: Int32Array.of(0) }, "EMPTY", /data has no rows/],
      ["no columns", { cols: 0 }, "EMPTY", /data has no columns/],
      [
        "a start that is not 0",
        { indptr: Int32Array.of(1, 2, 3) },
        "BAD_VALUE",
        /indptr must lead from 0 to the 3 values of data, given 1 to 3/,
      ],
      [
        "an end that is not",
        { indptr: Int32Array.of(0, 2, 2) },
        "BAD_VALUE",
        /lead from 0 to the 3 values of data, given 0 to 2/,
      ],
      [
        "rows that end before they begin",
        { indptr: Int32Array.of(0, 4, 3) },
        "BAD_VALUE",
        /row 1 begins at 4 and ends before that, at 3/,
      ],
      [
        "a column too large",
        { indices: Int32Array.of(0, 3, 1) },
        "BAD_VALUE",
        /row 0, place 1: expected a column from 0 to 2, given 3/,
      ],
      [
        "a negative column",
        { indices: Int32Array.of(0, 2, -1) },
        "BAD_VALUE",
        /row 1, place 0: expected a column from 0 to 2, given -1/,
      ],
      [
        "a column twice",
        { indices: Int32Array.of(2, 2, 1) },
        "BAD_VALUE",
        /row 0, place 1: expected columns in ascending order, each once, given 2 after 2/,
      ],
      ["columns that descend", { indices: Int32Array.of(2, 1, 1) }, "BAD_VALUE", /given 1 after 2/],
      [
        "NaN",
        { data: Float64Array.of(1, 2, Number.NaN) },
        "BAD_VALUE",
        /row 1, place 0 \(column 1\): expected a finite number, given NaN/,
      ],
      [
        "infinity",
        { data: Float32Array.of(1, Number.NEGATIVE_INFINITY, 2) },
        "BAD_VALUE",
        /row 0, place 1 \(column 2\): expected a finite number, given -Infinity/,
      ],
    ];
    it.each(CASES)("%s", (_name, change, code, message) => {
      const before = engine.bytes;
      const input = { ...good, ...change } as SparseMatrix;
      const found = refusal(() => engine.dataset(input, labels, { storage: "sparse" }));
      expect(found.code).toBe(code);
      expect(found.message).toMatch(message);
      expect(engine.bytes).toBe(before);
      // as dense rows just the same
      const other = refusal(() => engine.dataset(input, labels, { storage: "dense" }));
      expect(other.code).toBe(code);
    });

    it("what sparse rows cannot be", () => {
      for (const options of [{ bits: 4 }, { bits: 2 }, { bits: 16 }, { exact: "rounded16" }] as const) {
        const { code, message } = refusal(() => engine.dataset(good, labels, { ...options, storage: "sparse" }));
        expect(code).toBe("UNSUPPORTED");
        expect(message).toMatch(
          /sparse rows are kept with bits: 8 and exact: "auto", given (bits: \d+|exact: "rounded16"); use storage: "dense"/,
        );
        expect(engine.dataset(good, labels, { ...options, storage: "dense" }).storage).toBe("dense");
      }
      expect(refusal(() => engine.dataset(good, labels, { storage: "wide" as "dense" })).code).toBe("BAD_OPTION");
      const wide = { ...good, cols: 2_000_000 };
      expect(refusal(() => engine.dataset(wide, labels, { storage: "dense" })).code).toBe("UNSUPPORTED");
      expect(engine.dataset(wide, labels).storage).toBe("sparse");
    });

    it("solvers that need dense rows, at once", () => {
      const problem = engine.problem(engine.dataset(good, labels, { storage: "sparse" }), { loss: "logistic" });
      const { code, message } = refusal(() => zipml(problem));
      expect(code).toBe("UNSUPPORTED");
      expect(message).toBe(
        'zipml works on dense rows, and this dataset\'s are sparse: use another solver, or make the dataset with storage: "dense"',
      );
    });

    it("a dataset that is disposed", () => {
      const dataset = engine.dataset(good, labels);
      const problem = engine.problem(dataset, { loss: "logistic" });
      dataset.dispose();
      expect(dataset.bytes).toBe(0);
      expect(refusal(() => problem.evaluate({ coef: [0, 0, 0], intercept: [0] })).code).toBe("DISPOSED");
      expect(refusal(() => last(auto(problem))).code).toBe("DISPOSED");
    });
  });

  it("frees everything when memory runs out anywhere", () => {
    const sample = sparseSample(15);
    const labels = labelsFor("softmax", sample.margins);
    const own = createEngine({ variant });
    const key = own.dataset([[1]], [1]);
    const before = own.bytes;
    const { arena } = key.core;
    const { take } = arena;
    let failures = 0;
    for (let allowed = 0; ; allowed++) {
      let count = 0;
      arena.take = function (bytes, what) {
        if (count++ >= allowed) throw new BitcenterError("OUT_OF_MEMORY", `out of memory: ${what}`);
        return take.call(this, bytes, what);
      };
      try {
        const dataset = own.dataset(sample.X, labels, { sampleWeight: sample.weights });
        try {
          const problem = own.problem(dataset, { loss: "softmax", l2: 0.1 });
          try {
            last(auto(problem));
          } finally {
            problem.dispose();
          }
        } finally {
          dataset.dispose();
        }
        break;
      } catch (error) {
        expect((error as BitcenterError).code).toBe("OUT_OF_MEMORY");
        failures++;
      } finally {
        arena.take = take;
      }
      expect(own.bytes).toBe(before);
    }
    expect(failures).toBeGreaterThan(30);
    expect(own.bytes).toBe(before);
    own.dispose();
  });

  // huber without l2: a column that is 0 wherever the residual is small has a slope and no curvature there. The preconditioner of the first point knows nothing of it
  it("a column without curvature at the start: the optimum, and no convergence claimed before it", () => {
    const dice = new Dice(5);
    const [indptr, indices, data, targets]: [number[], number[], number[], number[]] = [[0], [], [], []];
    for (let i = 0; i < 200; i++) {
      const target = 10 * (dice.uniform() - 0.5);
      targets.push(target);
      indices.push(0);
      data.push(dice.uniform());
      if (Math.abs(target) > 1) {
        indices.push(1);
        data.push(target + 0.3 * dice.uniform());
      }
      indptr.push(indices.length);
    }
    const X = {
      rows: 200,
      cols: 2,
      indptr: Int32Array.from(indptr),
      indices: Int32Array.from(indices),
      data: Float64Array.from(data),
    };
    const engine = createEngine({ variant });
    const [sparse, dense] = (["sparse", "dense"] as const).map((storage) => {
      const problem = engine.problem(engine.dataset(X, targets, { storage }), { loss: "huber", l2: 0 });
      const reports = [...auto(problem, { tol: 1e-8 })];
      const final = reports.at(-1) as NewtonReport;
      // what is claimed to be left is at least a part of what is left
      for (const { objective: F, gap } of reports.slice(1, -1)) {
        expect(gap).toBeGreaterThan(
          (1e-3 * (F - final.objective)) / ((reports[0] as NewtonReport).objective - final.objective),
        );
      }
      expect(final.isConverged).toBe(true);
      return final;
    }) as [NewtonReport, NewtonReport];
    expect(Math.abs(sparse.objective - dense.objective)).toBeLessThan(1e-14 * dense.objective);
    sparse.coef.forEach((w, j) => {
      expect(Math.abs(w - (dense.coef[j] as number))).toBeLessThan(1e-6);
    });
    engine.dispose();
  });

  // the scales of the coordinates come from 1000 rows: a column that they do not show has l2 alone there, and its gradient would count a million-fold
  it.each(["squared", "logistic"] as const)("columns of few rows and hardly any l2: %s, converged", (loss) => {
    const dice = new Dice(11);
    const [rows, cols] = [4000, 12];
    const [indptr, indices, data, targets]: [number[], number[], number[], number[]] = [[0], [], [], []];
    for (let i = 0; i < rows; i++) {
      let m = 0;
      for (let j = 0; j < cols; j++) {
        if (j > 1 && i % 1999 !== 7 * j) continue;
        indices.push(j);
        data.push(2 * dice.uniform() - 1);
        m += (j + 1) * (data.at(-1) as number);
      }
      const noisy = m + 4 * (dice.uniform() - 0.5);
      targets.push(loss === "squared" ? noisy : Number(noisy > 0));
      indptr.push(indices.length);
    }
    const X = {
      rows,
      cols,
      indptr: Int32Array.from(indptr),
      indices: Int32Array.from(indices),
      data: Float64Array.from(data),
    };
    const engine = createEngine({ variant });
    for (const storage of ["sparse", "dense"] as const) {
      const problem = engine.problem(engine.dataset(X, targets, { storage }), { loss, l2: 1e-9 });
      const final = [...auto(problem, { tol: 1e-8, outerSteps: 60 })].at(-1) as NewtonReport;
      expect(final.isConverged).toBe(true);
    }
    engine.dispose();
  });
});

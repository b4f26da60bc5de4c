// Batches of rows on tiles (docs/numerics.md §5): engine against oracle/batch.ts, code for code and step by step; what the option may be; convergence.

import { afterAll, expect, it } from "vitest";
import { Scope } from "../bindings/engine/core.js";
import { finish } from "../bindings/engine/work.js";
import {
  BitcenterError,
  createEngine,
  type Engine,
  type HalpOptions,
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
import { InnerRun } from "../bindings/solvers/stochastic/inner-run.js";
import { type BatchInput, runBatches } from "./oracle/batch.js";
import { dice, readPlane, sampleFor } from "./support/data.js";
import { describeVariants } from "./support/variants.js";

const LOSSES = ["squared", "logistic", "squaredHinge", "hinge", "huber"] as const;
const SIZES = [8, 16, 32] as const;

interface Setting {
  readonly loss: LossName;
  readonly rows: number;
  readonly cols: number;
  readonly fitIntercept?: boolean;
  readonly isWeighted?: boolean;
  readonly l2?: number;
  readonly exact?: "auto" | "rounded16";
}

function problemFor(engine: Engine, setting: Setting): Problem {
  const { loss, rows, cols, fitIntercept = true, isWeighted = false, l2 = 0.01, exact = "auto" } = setting;
  const { data, labels, weights } = sampleFor(loss, rows, cols, 1000 * rows + cols);
  const dataset = engine.dataset({ data, rows, cols }, labels, { exact, ...(isWeighted && { sampleWeight: weights }) });
  return engine.problem(dataset, { loss, l2, fitIntercept, epsilon: 0.7 });
}

interface Run {
  readonly batchSize: number;
  readonly steps: number;
  readonly flushEvery?: number;
  readonly rounding?: "stochastic" | "nearest";
  readonly option?: "I" | "II";
  readonly seed?: number;
  readonly rowsPerDraw?: number;
  /** Unit of z against one that ten gradient steps fill. */
  readonly unit?: number;
  /** Size of the gradient against the true one at a random anchor. */
  readonly size?: number;
  /** Makes the oracle's run another one. */
  readonly spoil?: (input: BatchInput) => BatchInput;
}

interface Outcome {
  /** The first code that differs, null when all agree. */
  readonly difference: string | null;
  readonly saturated: number;
  readonly moved: number;
}

/** The same inner run by the engine and by the oracle. */
function compare(problem: Problem, run: Run): Outcome {
  const { batchSize, steps, flushEvery = 5, rounding = "stochastic", option = "I", seed = 7 } = run;
  const { rowsPerDraw = batchSize, unit = 1, size = 1, spoil = (input: BatchInput) => input } = run;
  const { core, dataset } = problem;
  const { rows, weights } = dataset;
  const plane = finish(dataset.plane("codes", problem.fitIntercept));
  const { codes, columns } = readPlane(dataset, plane);
  const alpha = batchSize / (2 * (finish(problem.smoothness(plane)) || 1)) / 127 ** 2;
  const random = dice(seed + 17 * rows + columns);
  const scope = new Scope(core);
  try {
    const inner = finish(
      InnerRun.create(scope, problem, {
        plane,
        model: "I16",
        alpha,
        flushEvery,
        isStochastic: rounding === "stochastic",
        isCentred: true,
        hasBase: false,
        isPublished: false,
        rowsPerDraw,
        batchSize,
      }),
    );
    const v = scope.alloc(inner.size * 8, "anchor");
    const g = scope.alloc(inner.size * 8, "gradient");
    for (let j = 0; j < columns; j++) core.f64(v, inner.size)[j] = random.uniform() / 254;
    const { codeNorm } = finish(problem.exactPass(plane, v, g, inner.values));
    finish(inner.takeStates());
    const dense = core.f64(g, inner.size).map((x) => x * size);
    core.f64(inner.gradientTarget, inner.size).set(dense);
    const delta = (unit * 10 * alpha * codeNorm * size) / 32767 || 1e-3;
    const input: BatchInput = {
      codes: Int8Array.from(codes),
      z: new Int16Array(columns),
      rows,
      columns,
      classes: 1,
      loss: problem.loss,
      tau: problem.epsilon,
      labels: core.f64(problem.labels.f64, rows).slice(),
      state: core.f32(inner.values.state, rows).slice(),
      gradient: dense.slice(0, columns),
      ridge: core.f64(inner.ridge, columns).slice(),
      alpha,
      deltaScale: delta,
      flushEvery,
      innerSteps: steps,
      option,
      rounding,
      seed,
      outerStep: 3,
      rowsPerDraw,
      batchSize,
      ...(weights.f64 !== 0 && { omega: core.f64(weights.f64, rows).slice() }),
    };
    const done = finish(inner.advance(seed, 3, steps, delta, option === "II"));
    const expected = runBatches(spoil(input));
    const z = new Int16Array(core.view().buffer as ArrayBuffer, inner.z, inner.size).slice();
    const found: string[] = [];
    z.forEach((code, j) => {
      const want = j < columns ? expected.z[j] : 0;
      if (code !== want) found.push(`z[${j}]: engine ${code}, oracle ${want}`);
    });
    if (done.steps !== expected.steps) found.push(`steps: engine ${done.steps}, oracle ${expected.steps}`);
    if (done.saturated !== expected.saturated) found.push(`saturated: ${done.saturated}, oracle ${expected.saturated}`);
    return { difference: found[0] ?? null, saturated: done.saturated, moved: z.filter((code) => code !== 0).length };
  } finally {
    scope.release();
  }
}

describeVariants("batches agree with the oracle code for code", (variant) => {
  const engine = createEngine({ variant });
  afterAll(() => engine.dispose());
  /** Runs that differ, and that the comparison was not one of zeros. */
  function judge(cases: readonly (readonly [setting: Setting, run: Run])[]): number {
    const wrong: string[] = [];
    let [moved, saturated] = [0, 0];
    for (const [setting, run] of cases) {
      const problem = problemFor(engine, setting);
      const outcome = compare(problem, run);
      if (outcome.difference !== null) wrong.push(`${JSON.stringify({ ...setting, ...run })}: ${outcome.difference}`);
      if (outcome.moved > 0) moved++;
      saturated += outcome.saturated;
      problem.dispose();
      problem.dataset.dispose();
    }
    expect(wrong).toEqual([]);
    expect(moved).toBeGreaterThan(0.6 * cases.length);
    return saturated;
  }

  it.each(LOSSES)("%s: after every single step", (loss) => {
    judge(
      SIZES.flatMap((batchSize) =>
        Array.from(
          { length: 20 },
          (_, i) =>
            [
              { loss, rows: 101, cols: 33, isWeighted: batchSize === 16 },
              { batchSize, steps: i + 1 },
            ] as const,
        ),
      ),
    );
  });

  it.each(LOSSES)("%s: every combination of options", (loss) => {
    let turn = 0;
    judge(
      SIZES.flatMap((batchSize) =>
        [true, false].flatMap((fitIntercept) =>
          [true, false].flatMap((isWeighted) =>
            (["stochastic", "nearest"] as const).flatMap((rounding) =>
              [1, 7, 64].map((flushEvery) => {
                turn++;
                const rows = [50, 97, 300, 64][turn % 4] as number;
                const setting = { loss, rows, cols: [5, 33, 100][turn % 3] as number, fitIntercept, isWeighted };
                const option = turn % 5 === 0 ? "II" : "I";
                return [
                  { ...setting, l2: turn % 2 === 0 ? 0 : 0.01 },
                  { batchSize, steps: 60, flushEvery, rounding, option, seed: turn },
                ] as const;
              }),
            ),
          ),
        ),
      ),
    );
  });

  it("1 to 33 columns, rows that fill neither group nor batch", () => {
    judge(
      Array.from(
        { length: 33 },
        (_, i) =>
          [
            {
              loss: "logistic",
              rows: 20 + 7 * i,
              cols: i + 1,
              fitIntercept: i % 2 === 0,
              isWeighted: i % 3 === 0,
            } as const,
            { batchSize: SIZES[i % 3] as number, steps: 40 },
          ] as const,
      ),
    );
  });

  it("fewer rows than a batch", () => {
    judge(
      [1, 2, 3, 4, 5, 7, 9].flatMap((rows) =>
        SIZES.map((batchSize) => [{ loss: "squared", rows, cols: 5 } as const, { batchSize, steps: 30 }] as const),
      ),
    );
  });

  it("codes that are part of the exact copy", () => {
    judge(
      SIZES.map(
        (batchSize) =>
          [
            { loss: "logistic", rows: 101, cols: 33, isWeighted: true, exact: "rounded16" },
            { batchSize, steps: 40 },
          ] as const,
      ),
    );
  });

  it("in blocks", () => {
    judge(
      SIZES.flatMap((batchSize) =>
        [30, 101].map(
          (rows) =>
            [
              { loss: "logistic", rows, cols: 9, isWeighted: true } as const,
              { batchSize, steps: 100, rowsPerDraw: 32 },
            ] as const,
        ),
      ),
    );
  });

  it("more columns than a window of the plain dots, and than two", () => {
    judge(
      [2047, 2049, 4200].map(
        (cols) => [{ loss: "squared", rows: 21, cols } as const, { batchSize: 8, steps: 12 }] as const,
      ),
    );
  });

  it("over 2000 steps", () => {
    judge(
      LOSSES.map(
        (loss) => [{ loss, rows: 301, cols: 33 } as const, { batchSize: 16, steps: 2000, flushEvery: 8 }] as const,
      ),
    );
  });

  it.each([
    { title: "saturating", unit: 1e-3, size: 1, saturates: true },
    { title: "saturating hard", unit: 1e-7, size: 1, saturates: true },
    { title: "coarse", unit: 1e3, size: 1, saturates: false },
    { title: "very coarse", unit: 1e7, size: 1, saturates: false },
    { title: "late in convergence", unit: 1, size: 1e-10, saturates: false },
    { title: "later still", unit: 1, size: 1e-30, saturates: false },
  ])("$title", ({ unit, size, saturates }) => {
    const wrong: string[] = [];
    let saturated = 0;
    for (const loss of LOSSES) {
      const problem = problemFor(engine, { loss, rows: 53, cols: 33, isWeighted: true });
      for (const rounding of ["stochastic", "nearest"] as const) {
        const outcome = compare(problem, { batchSize: 8, steps: 150, flushEvery: 16, rounding, unit, size });
        if (outcome.difference !== null) wrong.push(`${loss}, ${rounding}: ${outcome.difference}`);
        saturated += outcome.saturated;
      }
    }
    expect(wrong).toEqual([]);
    if (saturates) expect(saturated).toBeGreaterThan(0);
  });

  /** Batches that somebody might take for the right ones. */
  const OTHERS: Readonly<Record<string, (input: BatchInput) => BatchInput>> = {
    "the sum of the gradients": (input) => ({ ...input, alpha: input.alpha * input.batchSize }),
    "one batch for every two": (input) => ({ ...input, innerSteps: input.innerSteps >> 1 }),
    "half a batch": (input) => ({ ...input, batchSize: input.batchSize / 2, rowsPerDraw: input.batchSize / 2 }),
    "a group drawn for each batch of a block": (input) => ({ ...input, rowsPerDraw: input.batchSize }),
    "rows in their own order": (input) => ({ ...input, codes: input.codes.slice().reverse() as Int8Array }),
    "labels in another order": (input) => ({ ...input, labels: Array.from(input.labels).reverse() }),
    "weights left out": ({ omega: _omega, ...input }) => input,
    "states in another order": (input) => ({ ...input, state: (input.state as Float32Array).slice().reverse() }),
    "a row more than there are": (input) => ({ ...input, ...oneMore(input) }),
    "dots of a fourth of the unit": (input) => ({ ...input, deltaScale: input.deltaScale / 4, alpha: input.alpha / 4 }),
  };
  /** The group of zeros is not empty: its first row is the last one again. */
  const oneMore = ({ codes, rows, columns, labels, state, omega }: BatchInput): Partial<BatchInput> => {
    const last = (rows - 1) * columns;
    return {
      rows: rows + 1,
      codes: Int8Array.from([...codes, ...codes.subarray(last)]),
      labels: [...Array.from(labels), labels[rows - 1] as number],
      state: Float32Array.from([...(state as Float32Array), (state as Float32Array)[rows - 1] as number]),
      omega: [...Array.from(omega as ArrayLike<number>), 1],
    };
  };
  it.each(Object.keys(OTHERS))("another batch is noticed: %s", (name) => {
    const problem = problemFor(engine, { loss: "squaredHinge", rows: 50, cols: 33, isWeighted: true });
    const run: Run = { batchSize: 16, steps: 60, rowsPerDraw: 32 };
    expect(compare(problem, run).difference).toBe(null);
    expect(compare(problem, { ...run, spoil: OTHERS[name] as (input: BatchInput) => BatchInput }).difference).not.toBe(
      null,
    );
  });
});

// ---- whole solvers -----------------------------------------------------------------------------------------------

type Options = Record<string, unknown>;

describeVariants("halp in batches", (variant) => {
  const engine = createEngine({ variant });
  afterAll(() => engine.dispose());

  /** Reports of halp against the oracle's inner runs around the engine's own exact passes. */
  function replay(problem: Problem, options: Options, batchSize: number, mu: number): string[] {
    const wrong: string[] = [];
    const expectSame = (what: string, got: ArrayLike<number>, want: ArrayLike<number>): void => {
      Array.from(want).forEach((value, i) => {
        if (!Object.is(got[i], value)) wrong.push(`${what}[${i}]: ${got[i]}, expected ${value}`);
      });
    };
    const { core, dataset } = problem;
    const { rows, weights } = dataset;
    const plane = finish(dataset.plane("codes", problem.fitIntercept));
    const { codes, columns, scale } = readPlane(dataset, plane);
    const reports = [...halp(problem, { batchSize, mu, outerSteps: 4, seed: 5, ...options } as HalpOptions)];
    const lambda = finish(problem.largestEigenvalue(plane));
    const stepSize = Math.min(batchSize / (2 * finish(problem.smoothness(plane))), 1 / lambda);
    const innerSteps = Math.ceil((2 * rows) / batchSize);
    const scope = new Scope(core);
    const [v, g] = [scope.alloc(plane.padded * 8, "anchor"), scope.alloc(plane.padded * 8, "gradient")];
    const values = finish(problem.allocRows(scope));
    let visited = 0;
    reports.forEach((report, k) => {
      const { codeNorm } = finish(problem.exactPass(plane, v, g, values));
      const at = `outer step ${k}: `;
      expectSame(`${at}coef`, report.coef, problem.toWeights(plane, v).coef);
      expectSame(`${at}step size and passes`, [report.stepSize, report.passes], [stepSize, visited / rows]);
      const delta = codeNorm / 127 / (mu * 32767) / 127;
      const run = runBatches({
        codes: Int8Array.from(codes),
        z: new Int16Array(columns),
        rows,
        columns,
        classes: 1,
        loss: problem.loss,
        tau: problem.epsilon,
        labels: core.f64(problem.labels.f64, rows).slice(),
        state: core.f32(values.state, rows).slice(),
        gradient: core.f64(g, columns).slice(),
        ridge: scale.map((one, j) => (j < dataset.cols ? problem.l2 / one / one : 0)),
        alpha: stepSize / 127 ** 2,
        deltaScale: delta,
        flushEvery: Math.max(1, Math.min(64, Math.floor(1 / (stepSize * lambda)))),
        innerSteps,
        option: options["option"] === "II" ? "II" : "I",
        rounding: options["rounding"] === "nearest" ? "nearest" : "stochastic",
        seed: 5,
        outerStep: k,
        batchSize,
        rowsPerDraw: options["sampling"] === "blocks" ? 32 : batchSize,
        ...(weights.f64 !== 0 && { omega: core.f64(weights.f64, rows).slice() }),
      });
      const model = core.f64(v, columns);
      run.z.forEach((code, j) => {
        model[j] = (model[j] as number) + delta * code;
      });
      visited += run.steps * batchSize;
    });
    scope.release();
    return wrong;
  }

  it.each(LOSSES)("replays the oracle: %s", (loss) => {
    const wrong: string[] = [];
    let turn = 0;
    for (const batchSize of SIZES) {
      for (const sampling of ["uniform", "blocks"]) {
        for (const isWeighted of [false, true]) {
          turn++;
          const problem = problemFor(engine, {
            loss,
            rows: 150 + turn,
            cols: 7,
            isWeighted,
            fitIntercept: turn % 3 > 0,
          });
          const options = {
            sampling,
            option: turn % 4 === 0 ? "II" : "I",
            rounding: turn % 5 === 0 ? "nearest" : "stochastic",
          };
          for (const found of replay(problem, options, batchSize, 0.2))
            wrong.push(`${JSON.stringify(options)}: ${found}`);
        }
      }
    }
    expect(wrong.slice(0, 10)).toEqual([]);
  });

  it("goes to the end, and stays there", () => {
    for (const loss of ["squared", "logistic", "squaredHinge", "huber"] as const) {
      const problem = problemFor(engine, { loss, rows: 403, cols: 9 });
      const { gradientNorm } = [...halp(problem, { batchSize: 16, outerSteps: 60 })].at(-1) as StepReport;
      expect(gradientNorm, loss).toBeLessThan(1e-12);
    }
  });

  it("takes blocks for codes above 32 MiB, without a shuffled plane", () => {
    for (const more of [0, 1]) {
      const rows = 2 ** 25 / 32 + more;
      const { below } = dice(8);
      const own = createEngine({ variant });
      const data = Int8Array.from({ length: rows }, () => below(100) - 50);
      const dataset = own.dataset({ data, rows, cols: 1 }, Float64Array.from(data));
      const problem = own.problem(dataset, { loss: "squared" });
      const last = (sampling: "auto" | "uniform" | "blocks"): number => {
        const reports = [
          ...halp(problem, { sampling, batchSize: 8, innerSteps: 50, outerSteps: 1, stepSize: 1, seed: 4 }),
        ];
        return reports.at(-1)?.objective as number;
      };
      const [taken, uniform, blocks] = [last("auto"), last("uniform"), last("blocks")];
      expect(uniform).not.toBe(blocks);
      expect(taken).toBe(more === 0 ? uniform : blocks);
      // exact copy (16 bytes a row), codes, the order
      expect(dataset.bytes).toBeLessThan(rows * (16 + 32 + 4) + 2 ** 16);
      own.dispose();
    }
  });

  it("gives its memory back", () => {
    const problem = problemFor(engine, { loss: "logistic", rows: 403, cols: 9 });
    const use = (): void => void [...halp(problem, { batchSize: 32, outerSteps: 2 })];
    use();
    const before = engine.bytes;
    use();
    expect(engine.bytes).toBe(before);
  });

  it("says what it needs", () => {
    const { data, labels } = sampleFor("logistic", 40, 5, 3);
    const fine = engine.problem(engine.dataset({ data, rows: 40, cols: 5 }, labels), { loss: "logistic" });
    const wide = engine.problem(engine.dataset({ data, rows: 40, cols: 5 }, labels, { bits: 16 }), {
      loss: "logistic",
    });
    const classes = engine.problem(engine.dataset({ data, rows: 40, cols: 5 }, labels), { loss: "softmax" });
    const flat = engine.dataset({ data: new Int8Array(2 * 131_072), rows: 2, cols: 131_072 }, [0, 1]);
    const cases: readonly (readonly [Problem, Options, string])[] = [
      [fine, { batchSize: 4 }, "halp: batchSize must be 1 or 8 or 16 or 32, given 4"],
      [fine, { batchSize: 64 }, "halp: batchSize must be 1 or 8 or 16 or 32, given 64"],
      [fine, { batchSize: "auto" }, "halp: batchSize must be 1 or 8 or 16 or 32, given"],
      [fine, { batchSize: 8, bits: 8 }, "halp: batchSize: 8 needs bits: 16, given bits: 8; use batchSize: 1"],
      [wide, { batchSize: 8 }, "halp: batchSize: 8 needs a dataset of 8 bits, given one of 16; use batchSize: 1"],
      [
        classes,
        { batchSize: 16 },
        'halp: batchSize: 16 needs a loss with one output, given loss: "softmax"; use batchSize: 1',
      ],
      [
        engine.problem(flat, { loss: "squared" }),
        { batchSize: 8 },
        "halp: batchSize: 8 needs at most 131072 columns with the intercept, given 131073; use batchSize: 1",
      ],
    ];
    for (const [problem, options, sentence] of cases) {
      expect(() => halp(problem, options as HalpOptions)).toThrow(BitcenterError);
      expect(() => halp(problem, options as HalpOptions)).toThrow(sentence);
    }
    expect([
      ...halp(engine.problem(flat, { loss: "squared", fitIntercept: false }), { batchSize: 8, outerSteps: 1 }),
    ]).toHaveLength(1);
    for (const [name, solver] of Object.entries({ saga, svrg, sgd, lpSgd, lpSvrg })) {
      const call = (): unknown => (solver as (problem: Problem, options: Options) => unknown)(fine, { batchSize: 8 });
      expect(call, name).toThrow(BitcenterError);
      expect(call, name).toThrow(`${name}: unknown option "batchSize"`);
    }
  });
});

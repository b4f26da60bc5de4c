// Hinge on more columns than a Gram matrix has: the preconditioner in the space of rows (docs/decisions/0024). It is held against its definition, M itself in plain float64, and the answers against the oracle's
// bound of F*, which comes from a narrow problem with the same optimum: rows turned into the space they span, or columns that share one weight.
import { describe, expect, it } from "vitest";
import { Scope } from "../bindings/engine/core.js";
import { finish } from "../bindings/engine/work.js";
import { auto, BitcenterError, createEngine, type NewtonReport, newton } from "../bindings/index.js";
import { BYTE_ARITHMETIC } from "../bindings/solvers/newton/byte-products.js";
import { autoSteps } from "../bindings/solvers/newton/newton.js";
import { newtonMemory } from "../bindings/solvers/newton/newton-memory.js";
import { RowSpace } from "../bindings/solvers/newton/row-space.js";
import { SPARSE_ARITHMETIC } from "../bindings/solvers/newton/sparse-products.js";
import { minimiseHinge } from "./oracle/interior.js";
import { type Problem as Exact, joinParameters, norm, objective } from "./oracle/objective.js";
import { dice } from "./support/data.js";
import { compress, exactOf } from "./support/estimating.js";
import { VARIANTS } from "./support/variants.js";

const at = (values: ArrayLike<number>, i: number): number => values[i] as number;
const GAP = 1e-9;

interface Wide {
  readonly data: Float64Array;
  readonly rows: number;
  readonly cols: number;
  readonly labels: Float64Array;
  readonly weights: Float64Array;
}

/** Rows of about `filled` entries, the first columns in more rows than the others; labels of a noisy linear model. */
function wide(rows: number, cols: number, filled: number, seed: number): Wide {
  const { normal, uniform, below } = dice(seed);
  const data = new Float64Array(rows * cols);
  const truth = Float64Array.from({ length: cols }, normal);
  const labels = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let margin = 0.3 * normal();
    for (let e = 0; e < filled; e++) {
      const j = e % 2 === 0 ? below(cols) : below(Math.ceil(cols / 50));
      data[i * cols + j] = normal() / Math.sqrt(filled);
      margin += at(data, i * cols + j) * at(truth, j);
    }
    labels[i] = i < 2 ? 2 * i - 1 : margin > 0 ? 1 : -1;
  }
  return { data, rows, cols, labels, weights: Float64Array.from({ length: rows }, () => 1.25 + 0.75 * uniform()) };
}

// ---- M ---------------------------------------------------------------------------------------------------------------

describe.each(VARIANTS)("M of the rows, %s", (variant) => {
  const cases = [true, false].flatMap((isSparse) =>
    [true, false].flatMap((fitIntercept) =>
      ([Float64Array, Float32Array, Int8Array] as const).map((Type) => ({ isSparse, fitIntercept, Type })),
    ),
  );
  it.each(cases)(
    "sparse $isSparse, intercept $fitIntercept, $Type.name: M·(M⁻¹r) = r",
    ({ isSparse, fitIntercept, Type }) => {
      const { data, rows, cols, labels } = wide(37, 61, 12, 5);
      const values = new Type(data.map((x) => (Type === Int8Array ? Math.round(40 * x) : x)));
      const engine = createEngine({ variant });
      const input = isSparse ? compress(values, rows, Type as never) : { data: values, rows, cols };
      const l2 = 0.05;
      const problem = engine.problem(engine.dataset(input, labels), { loss: "hinge", l2, fitIntercept });
      const { core, dataset } = problem;
      const arithmetic = isSparse ? SPARSE_ARITHMETIC : BYTE_ARITHMETIC;
      const scope = new Scope(core);
      const view = finish(arithmetic.view(problem));
      const { frame } = view;
      const memory = finish(newtonMemory(scope, problem, arithmetic, view, 0));
      const space = finish(RowSpace.create(problem, frame, memory.products, memory.ridge));
      const f64 = (pointer: number, count: number): Float64Array => core.f64(pointer, count).slice();
      const [scale, offset, ridge] = [frame.scale, frame.offset, memory.ridge].map((p) => f64(p, cols)) as [
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      const code = (i: number, j: number): number => (at(values, i * cols + j) - at(offset, j)) / at(scale, j);
      const least = Float64Array.from({ length: cols }, (_, j) => {
        let sum = 0;
        for (let i = 0; i < rows; i++) sum += code(i, j) ** 2;
        return at(ridge, j) + 1e-8 * (sum / rows + at(ridge, j));
      });
      const weigh = (h: ArrayLike<number>, i: number): number => {
        let sum = 0;
        for (let j = 0; j < cols; j++) sum += code(i, j) ** 2 / at(least, j);
        return (sum * at(h, i)) / rows;
      };
      const { uniform } = dice(6);
      const chosen = new Set<number>();
      // rows without curvature, all heavy, heavy ones among others that count for nothing or for little; and once more, with what was built before gone
      for (const [even, odd] of [
        [0, 0],
        [1e2, 1e4],
        [0, 1e3],
        [1e-8, 1e3],
        [1e-8, 1e-8],
      ] as const) {
        const h = Float32Array.from({ length: rows }, (_, i) => (i % 2 === 0 ? even : odd) * (1 + 0.5 * uniform()));
        core.f32(memory.buffers.h, rows).set(h);
        expect(finish(space.choose(memory.buffers.h, 0))).toBe(false);
        expect(space.isBuilt).toBe(false);
        finish(space.build(memory.buffers.h));
        const inside = Array.from(h, (_, i) => weigh(h, i) >= 1);
        const count = inside.filter(Boolean).length;
        chosen.add(count);
        expect(space.isBuilt).toBe(count > 0);
        if (count === 0) continue;
        const size = cols + (fitIntercept ? 1 : 0);
        const r = Float64Array.from({ length: frame.padded }, (_, j) => (j < size ? uniform() : 0));
        core.f64(memory.buffers.r, frame.padded).set(r);
        finish(space.solve(memory.buffers.r));
        const z = f64(memory.buffers.r, frame.padded);
        // M·z: least·z, the diagonal of the rows outside, the rows inside, and all rows' part of the intercept's own entry
        const c = frame.intercept;
        const back = new Float64Array(size);
        for (let j = 0; j < cols; j++) back[j] = at(least, j) * at(z, j);
        for (let i = 0; i < rows; i++) {
          const share = at(h, i) / rows;
          let margin = fitIntercept ? c * at(z, cols) : 0;
          for (let j = 0; j < cols; j++) margin += code(i, j) * at(z, j);
          for (let j = 0; j < cols; j++) {
            back[j] = at(back, j) + share * code(i, j) * (inside[i] === true ? margin : code(i, j) * at(z, j));
          }
          if (fitIntercept) back[cols] = at(back, cols) + share * c * (inside[i] === true ? margin : c * at(z, cols));
        }
        // rounding is magnified by the condition of B and by that of D; what rows outside S add to D is seen through codes, and is less than 10⁻⁶ of it
        const weight = inside.reduce((sum, isInside, i) => sum + (isInside ? weigh(h, i) : 0), 1);
        const spread = Math.sqrt(Math.max(...least) / Math.min(...least));
        const outside = even === 1e-8 ? 1e-6 : 0;
        const error = norm(back.map((x, j) => x - at(r, j))) / norm(r);
        expect(error, `${count} rows`).toBeLessThan(rows * 2 ** -53 * weight * spread + outside);
        expect(rows * 2 ** -53 * weight * spread).toBeLessThan(1e-4);
      }
      expect([...chosen].sort((a, b) => a - b)).toEqual([0, 18, 37]);
      space.release();
      memory.preconditioner.release();
      scope.release();
      problem.dispose();
      dataset.dispose();
      expect(engine.bytes).toBe(0);
      engine.dispose();
    },
  );
});

// ---- answers -----------------------------------------------------------------------------------------------------------

/** The same problem in the space that its rows span: margins and norms of weights are the same. Gram and Schmidt, twice. */
function turned({ data, rows, cols }: Wide): { values: Float64Array; cols: number } {
  const basis: Float64Array[] = [];
  const values = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) {
    const row = data.slice(i * cols, (i + 1) * cols);
    const whole = norm(row);
    for (let round = 0; round < 2; round++) {
      for (const [k, b] of basis.entries()) {
        const part = b.reduce((sum, x, j) => sum + x * at(row, j), 0);
        values[i * rows + k] = at(values, i * rows + k) + part;
        row.forEach((x, j) => {
          row[j] = x - part * at(b, j);
        });
      }
    }
    const left = norm(row);
    if (left <= 1e-12 * whole) continue;
    values[i * rows + basis.length] = left;
    basis.push(row.map((x) => x / left));
  }
  return { values, cols: rows };
}

/** `times` columns, a square number, for every one: weights that they share are the best, each 1/√times of it. */
function repeated(sample: Wide, times: number): Wide {
  const { data, rows, cols } = sample;
  const all = new Float64Array(rows * cols * times);
  for (const [i, x] of data.entries()) all.fill(x / Math.sqrt(times), i * times, (i + 1) * times);
  return { ...sample, data: all, cols: cols * times };
}

function certify(
  sample: Wide,
  narrow: Exact,
  l2: number,
  fitIntercept: boolean,
  isSparse: boolean,
  isWeighted: boolean,
): NewtonReport {
  const { data, rows, cols, labels, weights } = sample;
  expect(cols).toBeGreaterThan(2048);
  const engine = createEngine();
  const input = isSparse ? compress(data, rows) : { data, rows, cols };
  const dataset = engine.dataset(input, labels, isWeighted ? { sampleWeight: weights } : {});
  const problem = engine.problem(dataset, { loss: "hinge", l2, fitIntercept });
  // codes are made on first use, and stay with the dataset
  for (const _ of auto(problem, { outerSteps: 1 }));
  const held = engine.bytes;
  const reports = [...auto(problem, { tol: 1e-8 })];
  const final = reports.at(-1) as NewtonReport;
  expect(engine.bytes).toBe(held);
  expect(final).toMatchObject({ isConverged: true, isStalled: false });
  expect(final.gap).toBeLessThanOrEqual(1e-16);
  const { lower, zero, objective: best } = minimiseHinge(narrow);
  expect((best - lower) / (zero - lower)).toBeLessThan(GAP / 2);
  const whole = exactOf(data, rows, "hinge", labels, { l2, intercept: fitIntercept, ...(isWeighted && { weights }) });
  const found = objective(whole, joinParameters(whole, final.coef, final.intercept));
  expect(Math.abs(found - final.objective)).toBeLessThan(1e-12 * zero);
  expect((found - lower) / (zero - lower)).toBeLessThan(GAP);
  engine.dispose();
  return final;
}

describe("hinge on more than 2048 columns", () => {
  const kinds = [true, false].flatMap((fitIntercept) =>
    [true, false].map((isWeighted) => ({ fitIntercept, isWeighted })),
  );

  it.each(kinds)(
    "fewer rows than columns: intercept $fitIntercept, weights $isWeighted",
    ({ fitIntercept, isWeighted }) => {
      const sample = wide(110, 2200, 24, 3);
      const { labels, weights, rows } = sample;
      const { values } = turned(sample);
      const seen = new Set<string>();
      for (const l2 of [1e-2, 1e-4]) {
        const narrow = exactOf(values, rows, "hinge", labels, {
          l2,
          intercept: fitIntercept,
          ...(isWeighted && { weights }),
        });
        for (const isSparse of [true, false]) {
          seen.add(certify(sample, narrow, l2, fitIntercept, isSparse, isWeighted).preconditioner);
        }
      }
      expect(seen).toContain("rows");
    },
  );

  it.each(kinds)(
    "more rows than columns: intercept $fitIntercept, weights $isWeighted",
    ({ fitIntercept, isWeighted }) => {
      const base = wide(2300, 34, 6, 4);
      const { data, labels, weights, rows } = base;
      const l2 = 1e-3;
      const narrow = exactOf(data, rows, "hinge", labels, {
        l2,
        intercept: fitIntercept,
        ...(isWeighted && { weights }),
      });
      certify(repeated(base, 64), narrow, l2, fitIntercept, true, isWeighted);
    },
  );

  it("left in any pause, a run gives everything back", () => {
    const { data, rows, labels } = repeated(wide(2300, 34, 6, 4), 64);
    const engine = createEngine();
    const problem = engine.problem(engine.dataset(compress(data, rows), labels), { loss: "hinge", l2: 1e-3 });
    const all = [...autoSteps(problem)];
    const held = engine.bytes;
    expect(all.at(-1)).toMatchObject({ preconditioner: "rows" });
    // many more pauses than reports
    expect(all.length).toBeGreaterThan(5 * all.filter((report) => report !== undefined).length);
    for (let stop = 1; stop < all.length; stop += Math.ceil(all.length / 40)) {
      const run = autoSteps(problem);
      for (let i = 0; i < stop; i++) run.next();
      run.return();
      expect(engine.bytes, `after ${stop}`).toBe(held);
    }
    engine.dispose();
  });

  it("a diagonal when told, and a tolerance beyond float64 ends", () => {
    const { data, rows, labels } = wide(110, 2200, 24, 3);
    const engine = createEngine();
    const problem = engine.problem(engine.dataset(compress(data, rows), labels), { loss: "hinge", l2: 1e-2 });
    for (const { preconditioner } of newton(problem, { preconditioner: "diagonal" }))
      expect(preconditioner).toBe("diagonal");
    const endless = [...auto(problem, { tol: 1e-100 })].at(-1) as NewtonReport;
    expect(endless).toMatchObject({ isConverged: false, isStalled: true });
    expect(endless.outerStep).toBeLessThan(200);
    engine.dispose();
  });

  it("an engine disposed during a run", () => {
    const { data, rows, labels } = wide(110, 2200, 24, 3);
    const engine = createEngine();
    const problem = engine.problem(engine.dataset(compress(data, rows), labels), { loss: "hinge", l2: 1e-4 });
    const run = auto(problem);
    for (let i = 0; i < 6; i++) run.next();
    engine.dispose();
    expect(() => run.next()).toThrow(BitcenterError);
  });
});

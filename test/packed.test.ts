// Datasets of 4 and 2 bits: the codes are those of the oracle, what they weigh, what is refused, and that what is trained from them is as good as from
// any other width: the gap is that of the oracle's own float64 objective.

import { beforeEach, describe, expect, it } from "vitest";
import { eachUnpacked } from "../bindings/data/packed.js";
import { strideFor } from "../bindings/data/raw-rows.js";
import { finish } from "../bindings/engine/work.js";
import {
  auto,
  BitcenterError,
  createEngine,
  type DataBits,
  type Dataset,
  type DatasetOptions,
  halp,
  type LossName,
  lpSgd,
  lpSvrg,
  type NumericArray,
  newton,
  type Problem,
  type StepReport,
  saga,
  sgd,
  svrg,
} from "../bindings/index.js";
import { gradient, joinParameters, minimise, norm, objective } from "./oracle/objective.js";
import { bytesOf, indicesOf, levelCodes, type PackedColumn, packColumn } from "./oracle/packed.js";
import { weightedMean } from "./oracle/quantize.js";
import { dice, LOSS_NAMES, readPlane, type Sample, sampleFor } from "./support/data.js";
import { type Posed, pose } from "./support/posed.js";
import { wildProblem } from "./support/problems.js";
import { VARIANTS } from "./support/variants.js";

type Bits = 2 | 4;
type Levels = NonNullable<DatasetOptions["levels"]>;

const BITS: readonly Bits[] = [4, 2];
const u = 2 ** -53;
const at = (values: ArrayLike<number>, i: number): number => values[i] as number;

/** Tables that somebody might give: with a level 0 and without, uneven, fewer levels than there are codes, two levels on one int8 code. */
const TABLES: Readonly<Record<Bits, Readonly<Record<string, Levels>>>> = {
  4: {
    uniform: "uniform",
    "without 0": [-2.9, -2.1, -1.6, -1.2, -0.9, -0.6, -0.35, -0.1, 0.12, 0.33, 0.6, 0.95, 1.3, 1.7, 2.2, 3.1],
    "two on one code": Float32Array.of(-2, -1, -0.01, 0.01, 0.5, 1.1, 2.3),
    "beyond int8": [-9, -5, -1, 0, 1, 7],
  },
  2: { uniform: "uniform", "without 0": [-1.5, -0.4, 0.45, 1.4], two: [-1, 1], "with 0": [-1.2, 0, 1.3] },
};
/** What "uniform" stands for: 15 levels up to 2.5 root mean squares, 3 up to 1.4. */
const uniform = (bits: Bits): number[] =>
  bits === 4 ? Array.from({ length: 15 }, (_, i) => ((i - 7) * 2.5) / 7) : [-1.4, 0, 1.4];
const levelsOf = (bits: Bits, levels: Levels): number[] =>
  levelCodes(levels === "uniform" ? uniform(bits) : (levels as ArrayLike<number>));

let engine = createEngine();
beforeEach(() => {
  engine = createEngine();
});
const labelsFor = (rows: number): Float64Array => Float64Array.from({ length: rows }, (_, i) => (i * 37) % 11);

/** The level that stands for the intercept: the largest by size, of two the positive one. */
const largestOf = (levels: readonly number[]): number =>
  levels.reduce((best, level) => (Math.abs(level) >= Math.abs(best) ? level : best), 0);

/** The codes of a packed plane, decoded here; masked columns 0. */
function readPacked(
  made: Dataset,
  intercept: boolean,
  isShuffled = false,
): { codes: number[][]; indices: number[][]; mask: boolean[]; levels: number[] } {
  const plane = finish(made.plane("codes", intercept, isShuffled));
  const { packed, padded } = plane;
  if (packed === null) throw new Error("not packed");
  const mask = Array.from(made.core.bytes(packed.mask, padded), (byte) => byte === 0);
  const levels = Array.from(packed.levels);
  const indices = Array.from({ length: made.rows }, (_, i) =>
    indicesOf(made.core.bytes(plane.codes + i * plane.strideBytes, bytesOf(packed.bits, padded)), packed.bits, padded),
  );
  const codes = indices.map((row) => row.map((index, j) => (mask[j] ? 0 : at(levels, index))));
  return { codes, indices, mask, levels };
}

/** Values of every storage type: skewed, some columns on other scales, one that is 0 and one that is constant (not 0). */
const STORAGES: Readonly<Record<string, (count: number, cols: number) => NumericArray>> = {
  float64: (count, cols) => draw(count, cols, (x, j) => x * 10 ** ((j % 5) - 2) + (j % 3)),
  float32: (count, cols) => Float32Array.from(draw(count, cols, (x, j) => x * 10 ** ((j % 5) - 2))),
  int16: (count, cols) => Int16Array.from(draw(count, cols, (x) => 3000 * x)),
  uint8: (count, cols) => Uint8Array.from(draw(count, cols, (x) => 128 + 40 * x)),
  int8: (count, cols) => Int8Array.from(draw(count, cols, (x) => 30 * x)),
};
function draw(count: number, cols: number, value: (x: number, j: number) => number): Float64Array {
  const { normal } = dice(count + cols);
  return Float64Array.from({ length: count }, (_, i) => {
    const j = i % cols;
    if (cols > 3 && j === 1) return 0;
    return cols > 3 && j === 2 ? 3 : value(normal(), j);
  });
}

describe("codes are those of the oracle", () => {
  const SHAPES = [
    [1, 1],
    [1, 40],
    [2, 5],
    [60, 1],
    [7, 31],
    [33, 32],
    [150, 33],
    [90, 64],
    [40, 130],
  ] as const;
  /** One dataset against the oracle, every column and code of it. */
  function judge(bits: Bits, levels: Levels, data: NumericArray, rows: number, cols: number, turn: number): void {
    const [intercept, center, isWeighted] = [turn % 2 === 0, turn % 3 !== 0, turn % 4 === 1];
    const { weights } = sampleFor("squared", rows, 1, turn);
    const made = engine.dataset({ data, rows, cols }, labelsFor(rows), {
      bits,
      levels,
      center,
      ...(isWeighted && { sampleWeight: weights }),
    });
    const plane = finish(made.plane("codes", intercept));
    const found = readPacked(made, intercept);
    const columns = cols + (intercept ? 1 : 0);
    const own = levelsOf(bits, levels);
    expect(found.levels).toEqual(own);
    expect(plane.storage).toBe(`U${bits}`);
    expect(plane.largest).toBe(127);
    expect(plane.intercept).toBe(intercept ? largestOf(own) : 0);
    expect(plane.padded).toBe(Math.ceil(columns / (128 / bits)) * (128 / bits));
    const scale = made.core.f64(plane.scale, plane.padded);
    const offset = made.core.f64(plane.offset, plane.padded);
    for (let j = 0; j < cols; j++) {
      const x = Float64Array.from({ length: rows }, (_, i) => at(data, i * cols + j));
      const centre = at(offset, j);
      const isWhole = x.every(Number.isInteger);
      const mean = weightedMean(x, isWeighted ? weights : undefined);
      const size = x.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
      if (!(intercept && center)) expect(centre).toBe(0);
      else if (x.every((value) => value === x[0])) expect(centre).toBe(x[0]);
      else if (isWhole) expect(centre).toBe(Math.floor(mean + 0.5));
      else expect(Math.abs(centre - mean)).toBeLessThanOrEqual(2 * (rows + 2) * u * size);
      const want: PackedColumn = packColumn(x, centre, own);
      expect(found.mask[j], `mask of column ${j}`).toBe(want.isMasked);
      expect(found.codes.map((row) => row[j])).toEqual(want.codes);
      expect(at(scale, j), `scale of column ${j}`).toBe(want.scale);
      // the codes keep the column's sum of squares
      if (!want.isMasked && want.codes.some((code) => code !== 0)) {
        const squares = x.reduce((sum, value) => sum + (value - centre) ** 2, 0);
        const kept = want.codes.reduce((sum, code) => sum + (want.scale * code) ** 2, 0);
        expect(Math.abs(kept / squares - 1)).toBeLessThan(4 * (rows + 8) * u);
      }
    }
    for (const row of found.codes) {
      if (intercept) expect(row[cols]).toBe(largestOf(own));
      expect(row.slice(columns).every((code) => code === 0)).toBe(true);
    }
    if (intercept) expect(at(scale, cols)).toBe(1 / largestOf(own));
    expect(found.mask.slice(columns).every(Boolean)).toBe(true);
    // the int8 plane holds the codes they stand for
    const wide = finish(made.plane("int8", intercept));
    const bytes = readPlane(made, wide);
    expect(wide.packed).toBe(null);
    expect(bytes.codes).toEqual(found.codes.flatMap((row) => row.slice(0, columns)));
    expect(bytes.isPadded).toBe(true);
    expect(wide.intercept).toBe(plane.intercept);
    made.dispose();
    expect(engine.bytes).toBe(0);
  }

  for (const bits of BITS) {
    it.each(Object.entries(TABLES[bits]))(`${bits} bits, %s`, (name, levels) => {
      let turn = 0;
      for (const make of Object.values(STORAGES)) {
        for (const [rows, cols] of SHAPES) judge(bits, levels, make(rows * cols, cols), rows, cols, turn++);
      }
      if (name !== "uniform") return;
      // more rows than one block, a row that is longer than one
      judge(bits, levels, (STORAGES["float64"] as (n: number, c: number) => NumericArray)(4000 * 3, 3), 4000, 3, 2);
      judge(bits, levels, (STORAGES["uint8"] as (n: number, c: number) => NumericArray)(3 * 9000, 9000), 3, 9000, 2);
    });

    it(`${bits} bits, lloydMax: ascending levels, as many as there may be`, () => {
      const { data, rows, cols } = sampleFor("squared", 500, 6, 3);
      const made = engine.dataset({ data, rows, cols }, labelsFor(rows), { bits });
      const { levels, codes } = readPacked(made, true);
      expect(levels.length).toBeLessThanOrEqual(2 ** bits);
      expect(levels).toEqual([...new Set(levels)].sort((a, b) => a - b));
      expect(levels.every((level) => Math.abs(level) <= 127)).toBe(true);
      // all of them are in use
      expect(new Set(codes.flatMap((row) => row.slice(0, cols)))).toEqual(new Set(levels));
    });
  }

  it.each(BITS)("fitted levels leave something of every column, one negative one among many, %s bits", (bits) => {
    const { uniform } = dice(31);
    const [rows, cols] = [400, 200];
    const data = Float64Array.from({ length: rows * cols }, (_, i) => {
      if (i % cols === 7) return -1 - 0.01 * uniform();
      return Math.abs(uniform()) < 0.3 ? 3 * uniform() ** 2 : 0;
    });
    const tables = [
      { data, rows, cols },
      { data: new Float64Array(12).fill(-3), rows: 12, cols: 1 },
      { data: Float64Array.of(-5), rows: 1, cols: 1 },
    ];
    for (const table of tables) {
      const labels = labelsFor(table.rows).map((y) => y + 5);
      const made = engine.dataset(table, labels, { bits });
      const { codes } = readPacked(made, false);
      for (let j = 0; j < table.cols; j++) expect(codes.some((row) => row[j] !== 0)).toBe(true);
      const problem = engine.problem(made, { loss: "squared", fitIntercept: false, l2: 0.01 });
      const start = problem.evaluate({ coef: new Float64Array(table.cols) }).objective;
      const best = [...auto(problem)].at(-1) as { objective: number };
      // steps without curvature along the column would diverge
      const end = [...svrg(problem, { data: "codes", outerSteps: 60 })].at(-1) as StepReport;
      expect(end.objective - best.objective).toBeLessThanOrEqual(0.01 * (start - best.objective));
      made.dispose();
    }
  });

  it.each(BITS)("fitted levels know nothing of columns that do not vary, %s bits", (bits) => {
    const { normal } = dice(32);
    const rows = 400;
    const narrow = Float64Array.from({ length: rows * 2 }, normal);
    const wide = Float64Array.from({ length: rows * 9 }, (_, i) =>
      i % 9 === 2 || i % 9 === 5 ? at(narrow, 2 * Math.floor(i / 9) + (i % 9 === 2 ? 0 : 1)) : i % 9,
    );
    const levels = [narrow, wide].map(
      (data) =>
        readPacked(engine.dataset({ data, rows, cols: data.length / rows }, labelsFor(rows), { bits }), true).levels,
    );
    expect(levels[1]).toEqual(levels[0]);
  });

  it("in the middle between two levels the upper one is taken", () => {
    // root mean square 1: the codes are 32·x, levels 0 and ±32 and ±64
    const data = Float64Array.of(0.5, -0.5, 1.5, -1.5, Math.sqrt(0.9), -Math.sqrt(0.9), 0.75, -0.75, 0, 0);
    const squares = data.reduce((sum, x) => sum + x * x, 0);
    const rest = Math.sqrt((12 - squares) / 2);
    const x = Float64Array.of(...data, rest, -rest);
    const made = engine.dataset({ data: x, rows: 12, cols: 1 }, labelsFor(12), { bits: 4, levels: [-2, -1, 0, 1, 2] });
    const { codes } = readPacked(made, false);
    expect(codes.map((row) => row[0]).slice(0, 4)).toEqual([32, 0, 64, -32]);
  });

  it.each(BITS)("the shuffled plane holds the same rows in the dataset's order, %s bits", (bits) => {
    const { data, rows, cols, weights } = sampleFor("squared", 201, 37, 4);
    const options = { bits, levels: "uniform", sampleWeight: weights } as const;
    const made = engine.dataset({ data, rows, cols }, labelsFor(rows), options);
    const plain = readPacked(made, true);
    const { order } = finish(made.plane("codes", true, true));
    const places = Array.from({ length: rows }, (_, i) => made.core.view().getUint32(order + 4 * i, true));
    expect([...places].sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, i) => i));
    expect(places).not.toEqual(Array.from({ length: rows }, (_, i) => i));
    const moved = readPacked(made, true, true);
    expect(moved.codes).toEqual(places.map((row) => plain.codes[row]));
    expect(made.core.f64(finish(made.plane("codes", true, true)).scale, cols).slice()).toEqual(
      made.core.f64(finish(made.plane("codes", true)).scale, cols).slice(),
    );
    const wide = readPlane(made, finish(made.plane("int8", true, true)));
    expect(wide.codes).toEqual(moved.codes.flatMap((row) => row.slice(0, cols + 1)));
  });
});

describe("more rows than one block of unpacked ones", () => {
  it.each(BITS)("every row is visited once, in order; L is that of its weighted rows, %s bits", (bits) => {
    const [rows, cols] = [5000, 40];
    const { data, weights } = sampleFor("squared", rows, cols, 8);
    const made = engine.dataset({ data, rows, cols }, labelsFor(rows), {
      bits,
      levels: TABLES[bits]["without 0"] as Levels,
      sampleWeight: weights,
    });
    const { codes } = readPacked(made, true);
    const plane = finish(made.plane("codes", true));
    const { packed, padded, strideBytes } = plane;
    if (packed === null) throw new Error("not packed");
    for (const block of [undefined, 1, 256, rows, 2 * rows]) {
      const visited: number[] = [];
      const source = { codes: plane.codes, strideBytes, padded, packed };
      const visit = (pointer: number, stride: number, first: number, count: number): void => {
        for (let i = 0; i < count; i++) {
          const row = new Int8Array(made.core.view().buffer as ArrayBuffer, pointer + i * stride, padded);
          if (row.some((code, j) => code !== at(codes[first + i] as number[], j))) expect.fail(`row ${first + i}`);
          visited.push(first + i);
        }
      };
      finish(eachUnpacked(made.core, source, rows, visit, ...(block === undefined ? [] : [block])));
      expect(visited).toEqual(Array.from({ length: rows }, (_, i) => i));
    }
    const mean = weights.reduce((sum, weight) => sum + weight, 0) / rows;
    const problem = engine.problem(made, { loss: "squared" });
    const largest = codes.map((row, i) => (at(weights, i) / mean) * row.reduce((sum, code) => sum + code * code, 0));
    const L = Math.max(...largest) / 127 ** 2;
    // ω: n·weight/Σ weight, a sum of n terms
    expect(Math.abs(finish(problem.smoothness(plane)) / L - 1)).toBeLessThan(2 * (rows + 8) * u);
    // the heaviest row is not in the first block: an L that forgets where a block's weights begin would be another one
    const shifted = codes.map(
      (row, i) => (at(weights, i % 1024) / mean) * row.reduce((sum, code) => sum + code * code, 0),
    );
    expect(Math.max(...shifted) / 127 ** 2).not.toBeCloseTo(L, 6);
  });
});

describe("memory", () => {
  it.each([
    [1000, 127],
    [300, 31],
    [50, 1023],
  ])("%d × %d: half and a quarter of the bytes of int8 codes, all of them counted", (rows, cols) => {
    const { data } = sampleFor("squared", rows, cols, 6);
    const planes = ([8, 4, 2] as const).map((bits) => {
      const made = engine.dataset({ data, rows, cols }, labelsFor(rows), {
        bits,
        ...(bits < 8 && { levels: "uniform" as const }),
      });
      const before = made.bytes;
      const told = made.planeBytes("codes", true);
      const plane = finish(made.plane("codes", true));
      expect(told).toBe(rows * plane.strideBytes);
      const after = made.bytes;
      // scale and offset per column (8 bits: its inverse, too); mask and table
      const columns = plane.padded * (bits === 8 ? 24 : 17) + (bits === 8 ? 0 : 64);
      expect(after - before).toBe(told + columns);
      finish(made.plane("codes", true));
      expect(made.bytes).toBe(after);
      for (const kind of ["int8", "float32"] as const) {
        const wide = finish(made.plane(kind, true));
        expect(made.planeBytes(kind, true)).toBe(rows * wide.strideBytes);
      }
      // a block is rounded up to 64 bytes
      expect(engine.bytes - made.bytes).toBeLessThan(64 * 24);
      made.dispose();
      expect(made.bytes).toBe(0);
      expect(engine.bytes).toBe(0);
      return plane.strideBytes;
    });
    const [eight, four, two] = planes as [number, number, number];
    expect(eight).toBe(strideFor(Math.ceil((cols + 1) / 32) * 32));
    expect(four).toBe(strideFor(Math.ceil((cols + 1) / 32) * 16));
    expect(two).toBe(strideFor(Math.ceil((cols + 1) / 64) * 16));
    if (cols === 127) expect([four, two]).toEqual([eight / 2, eight / 4]);
  });

  it("a run gives back what it takes", () => {
    for (const bits of BITS) {
      const { data, rows, cols, labels } = sampleFor("logistic", 300, 20, 7);
      const made = engine.dataset({ data, rows, cols }, labels, { bits });
      const problem = engine.problem(made, { loss: "logistic", l2: 0.01 });
      for (const solver of [auto, halp, saga, lpSvrg, lpSgd, svrg, sgd] as ((p: Problem, o: object) => Generator)[]) {
        const run = (): void => {
          for (const _report of solver(problem, { outerSteps: 2 }));
        };
        run();
        const bytes = engine.bytes;
        run();
        expect(engine.bytes).toBe(bytes);
      }
      problem.dispose();
      made.dispose();
      expect(engine.bytes).toBe(0);
    }
  });
});

describe("options", () => {
  const tell = (action: () => unknown): string => {
    try {
      action();
    } catch (error) {
      if (!(error instanceof BitcenterError)) throw error;
      expect(engine.bytes).toBe(0);
      return `${error.code} ${error.message}`;
    }
    return "nothing";
  };
  const make = (options: object): unknown =>
    engine.dataset(
      Array.from({ length: 4 }, (_, i) => [i, i * i]),
      [1, 2, 3, 4],
      options as DatasetOptions,
    );

  it.each([
    [{ bits: 3 }, /^BAD_OPTION .*bits must be 2 or 4 or 8 or 16.*3/],
    [{ bits: 1 }, /^BAD_OPTION .*bits/],
    [{ bits: "4" }, /^BAD_OPTION .*bits/],
    [{ bits: 4, exact: "rounded16" }, /^BAD_OPTION .*rounded16.*bits: 8/],
    [{ bits: 2, exact: "rounded16" }, /^BAD_OPTION .*rounded16.*bits: 8/],
    [{ levels: "uniform" }, /^BAD_OPTION .*levels.*bits: 4 or 2.*8/],
    [{ bits: 16, levels: [0, 1] }, /^BAD_OPTION .*levels.*bits: 4 or 2.*16/],
    [{ bits: 4, levels: "gauss" }, /^BAD_OPTION .*levels.*lloydMax.*"gauss"/],
    [{ bits: 4, levels: null }, /^BAD_OPTION .*levels.*null/],
    [{ bits: 4, levels: 3 }, /^BAD_OPTION .*levels.*3/],
    [{ bits: 4, levels: {} }, /^BAD_OPTION .*levels.*object/],
    [{ bits: 4, levels: [] }, /^BAD_OPTION .*2 to 16 ascending.*\[\]/],
    [{ bits: 4, levels: [1] }, /^BAD_OPTION .*2 to 16 ascending.*\[1\]/],
    [{ bits: 4, levels: Array.from({ length: 17 }, (_, i) => i) }, /^BAD_OPTION .*2 to 16 ascending/],
    [{ bits: 2, levels: [-2, -1, 0, 1, 2] }, /^BAD_OPTION .*2 to 4 ascending.*\[-2, -1, 0, 1, 2\]/],
    [{ bits: 2, levels: [0, 1, 1] }, /^BAD_OPTION .*ascending.*\[0, 1, 1\]/],
    [{ bits: 2, levels: [1, 0] }, /^BAD_OPTION .*ascending.*\[1, 0\]/],
    [{ bits: 2, levels: [0, Number.NaN] }, /^BAD_OPTION .*ascending.*NaN/],
    [{ bits: 2, levels: [0, Number.POSITIVE_INFINITY] }, /^BAD_OPTION .*ascending.*Infinity/],
    [{ bits: 2, levels: ["0", "1"] }, /^BAD_OPTION .*ascending.*"0"/],
    [{ bits: 2, levels: [0.001, 0.002] }, /^BAD_OPTION .*1\/32.*two levels at least.*0\.001, 0\.002/],
    [{ bits: 2, levels: [5, 6, 7] }, /^BAD_OPTION .*two levels at least.*5, 6, 7/],
  ])("%j is refused", (options, expected) => {
    expect(tell(() => make(options))).toMatch(expected);
  });

  it("levels of the caller that leave nothing of a column are refused, by its number", () => {
    const data = Float64Array.from({ length: 60 }, (_, i) => (i % 3 === 1 ? -1 - (i % 7) / 10 : (i % 5) + 1));
    const before = engine.bytes;
    const made = engine.dataset({ data, rows: 20, cols: 3 }, labelsFor(20), { bits: 2, levels: [0, 1, 2] });
    const problem = engine.problem(made, { loss: "squared", fitIntercept: false, l2: 0.1 });
    expect(() => [...halp(problem)]).toThrow(
      expect.objectContaining({
        code: "BAD_OPTION",
        message: expect.stringMatching(/0, 1, 2 leave nothing of column 1/),
      }),
    );
    problem.dispose();
    made.dispose();
    expect(engine.bytes).toBe(before);
  });

  it("levels without a positive one: the lowest stands for the intercept", () => {
    const made = make({ bits: 2, levels: [-2, -1, 0] }) as Dataset;
    const problem = engine.problem(made, { loss: "squared", l2: 0.1 });
    expect(finish(made.plane("codes", true)).intercept).toBe(-64);
    // a table that loses half of the data: solvers without a line search would crawl; a given share keeps Newton on the codes
    const reports = [...newton(problem, { hessianShare: 1, tol: 1e-6 })];
    const best = [...auto(problem)].at(-1) as { objective: number };
    const start = (reports[0] as { objective: number }).objective;
    const end = (reports.at(-1) as { objective: number }).objective;
    expect((end - best.objective) / (start - best.objective)).toBeLessThan(1e-9);
  });

  it("batches need 8 bits, and say so", () => {
    const made = make({ bits: 4 }) as Dataset;
    const problem = engine.problem(made, { loss: "squared" });
    expect(() => halp(problem, { batchSize: 8 }).next()).toThrow(
      expect.objectContaining({ code: "BAD_OPTION", message: expect.stringMatching(/8 bits.*4/) }),
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("%s is no value", (bad) => {
    expect(() => engine.dataset([[1], [bad], [2]], [1, 2, 3], { bits: 4 })).toThrow(
      expect.objectContaining({ code: "BAD_VALUE" }),
    );
    expect(engine.bytes).toBe(0);
  });
});

describe("hard data", () => {
  interface Hard {
    readonly rows: number;
    readonly cols: number;
    readonly value: (i: number, j: number, random: ReturnType<typeof dice>) => number;
    /** Decrements of 1e-220 say nothing: no width comes within 1e-9 of the optimum. */
    readonly isBeyond?: boolean;
  }
  const HARD: Readonly<Record<string, Hard>> = {
    "columns of 1e8 and 1e-8": {
      rows: 80,
      cols: 3,
      value: (_i, j, { normal }) => normal() * at([1, 1e8, 1e-8], j),
    },
    "columns of 1e150 and 1e-150": {
      rows: 80,
      cols: 3,
      isBeyond: true,
      value: (_i, j, { normal }) => normal() * at([1, 1e150, 1e-150], j),
    },
    "one row": { rows: 1, cols: 5, value: (_i, j) => j - 1.5 },
    "one column": { rows: 90, cols: 1, value: (_i, _j, { normal }) => normal() },
    "one row, one column": { rows: 1, cols: 1, value: () => 2 },
    "one distinct value": { rows: 50, cols: 4, value: () => 0.3 },
    "nothing but zeros": { rows: 50, cols: 4, value: () => 0 },
    "heavy tails": { rows: 400, cols: 4, value: (_i, _j, { normal }) => normal() / (Math.abs(normal()) + 1e-3) ** 3 },
    "one outlier of 1e12": { rows: 400, cols: 3, value: (i, _j, { normal }) => (i === 7 ? 1e12 : normal()) },
    "rare ones": { rows: 3000, cols: 6, value: (i, j, { below }) => (i === 3 * j || below(1000) === 0 ? 1 : 0) },
    "far from 0": { rows: 100, cols: 3, value: (_i, _j, { normal }) => 1e8 + normal() },
    "more columns than rows": { rows: 12, cols: 150, value: (_i, _j, { normal }) => normal() },
    "collinear columns": { rows: 100, cols: 4, value: (i, j) => (i % 10) * (j + 1) },
  };
  const SOLVERS = { auto, newton, halp, saga, lpSvrg, lpSgd, svrg, sgd } as unknown as Record<
    string,
    (problem: Problem, options: object) => Generator<StepReport>
  >;
  it.each(Object.entries(HARD))(
    "%s: no error, no NaN, and auto ends where 8 bits end",
    (_name, { rows, cols, value, isBeyond }) => {
      const random = dice(rows + cols);
      const data = Float64Array.from({ length: rows * cols }, (_, i) => value(Math.floor(i / cols), i % cols, random));
      const labels = Float64Array.from({ length: rows }, (_, i) => (i + (random.uniform() > 0 ? 1 : 0)) % 2);
      const optima: number[] = [];
      for (const bits of [8, 4, 2] as const) {
        for (const levels of bits === 8 ? [null] : (["lloydMax", "without 0"] as const)) {
          for (const fitIntercept of [true, false]) {
            const options = {
              bits,
              ...(levels !== null && { levels: levels === "lloydMax" ? levels : TABLES[bits as Bits]["without 0"] }),
            };
            const made = engine.dataset({ data, rows, cols }, labels, options as DatasetOptions);
            const problem = engine.problem(made, { loss: "squared", l2: 1e-3, fitIntercept });
            for (const [name, solver] of Object.entries(SOLVERS)) {
              if (name !== "auto" && bits === 8) continue;
              const reports = [...solver(problem, { outerSteps: name === "auto" ? 60 : 2 })];
              for (const report of reports) {
                const numbers = [...report.coef, ...report.intercept];
                expect(numbers.every(Number.isFinite), `${name}, ${bits} bits, ${levels}`).toBe(true);
                expect(Number.isNaN(report.objective)).toBe(false);
              }
              if (name === "auto" && isBeyond !== true) {
                const first = at(
                  reports.map(({ objective }) => objective),
                  0,
                );
                const end = reports.at(-1) as StepReport;
                const place = fitIntercept ? 0 : 1;
                if (bits === 8) optima[place] = end.objective;
                // relative to what there is to gain
                const gained = first - at(optima, place);
                expect(end.objective - at(optima, place)).toBeLessThanOrEqual(1e-9 * gained + 64 * u * first);
              }
            }
            problem.dispose();
            made.dispose();
          }
        }
      }
      expect(engine.bytes).toBe(0);
    },
  );

  it.each(["squared", "logistic", "huber", "hinge"] as const)(
    "wild problems, %s: auto ends where 8 bits end",
    (loss) => {
      for (let index = 0; index < 25; index++) {
        const { name, data, rows, cols, labels, weights, l2, fitIntercept } = wildProblem(index);
        const ends = ([8, ...BITS] as readonly DataBits[]).map((bits) => {
          const own = createEngine();
          const made = own.dataset({ data, rows, cols }, labels, {
            bits,
            ...(weights !== null && { sampleWeight: weights }),
          });
          const reports = [...auto(own.problem(made, { loss, l2, fitIntercept }))];
          own.dispose();
          const [first, end] = [reports[0], reports.at(-1)] as (typeof reports)[number][];
          return {
            value: end?.objective ?? Number.NaN,
            zero: first?.objective ?? Number.NaN,
            isConverged: end?.isConverged,
          };
        });
        const lowest = Math.min(...ends.map(({ value }) => value));
        for (const { value, zero, isConverged } of ends) {
          expect(isConverged, name).toBe(true);
          // the objective of zero weights has rounding errors of its own
          expect(value - lowest, name).toBeLessThanOrEqual(1e-9 * (zero - lowest) + (rows + 8) * u * zero);
        }
      }
    },
  );

  it("values at the end of float64 are scaled or refused in one sentence", () => {
    for (const size of [5e-324, 1e-320, 1e-310, 1e-306, 1e-300, 1e300, 1.7e308]) {
      for (const bits of BITS) {
        const data = Float64Array.of(1, size, 2, size, 3, -size, 4, 0);
        const made = engine.dataset({ data, rows: 4, cols: 2 }, labelsFor(4), { bits, levels: "uniform" });
        try {
          const { scale } = readPlane(made, finish(made.plane("int8", true)));
          expect(scale.every((unit) => unit > 0 && unit < Number.POSITIVE_INFINITY)).toBe(true);
          expect(size).toBeGreaterThan(1e-308);
        } catch (error) {
          expect((error as BitcenterError).message).toMatch(/column 1 spans .* rescale it/);
          expect(size < 1e-305 || size > 1e305).toBe(true);
        }
        made.dispose();
      }
    }
    expect(engine.bytes).toBe(0);
  });
});

describe("certificates", () => {
  interface Certificate {
    readonly loss: LossName;
    readonly rows: number;
    readonly cols: number;
    readonly l2: number;
  }
  const TASKS: readonly Certificate[] = [
    { loss: "squared", rows: 300, cols: 30, l2: 0.05 },
    { loss: "logistic", rows: 300, cols: 10, l2: 0.01 },
    { loss: "softmax", rows: 200, cols: 6, l2: 0.02 },
    { loss: "squaredHinge", rows: 250, cols: 12, l2: 0.02 },
    { loss: "huber", rows: 250, cols: 5, l2: 0.02 },
  ];
  const GAP = 1e-9;
  /** F* and F(0) of a task, by the oracle's Newton method; the same for every width and table. */
  const optima = new Map<string, { readonly value: number; readonly zero: number; readonly steepness: number }>();

  interface Setting {
    readonly fitIntercept: boolean;
    readonly isWeighted: boolean;
    readonly center: boolean;
  }
  const SETTINGS: readonly Setting[] = [
    { fitIntercept: true, isWeighted: false, center: true },
    { fitIntercept: true, isWeighted: true, center: false },
    { fitIntercept: false, isWeighted: true, center: true },
  ];

  function posedAs(task: Certificate, setting: Setting, dataset: DatasetOptions): Posed & { sample: Sample } {
    const { loss, rows, cols, l2 } = task;
    const sample = sampleFor(loss, rows, cols, rows + cols);
    const { fitIntercept, isWeighted, center } = setting;
    const options = { ...dataset, center, ...(isWeighted && { sampleWeight: sample.weights }) };
    return {
      ...pose(loss, sample, { data: sample.data, rows, cols }, sample.data, { l2, fitIntercept, dataset: options }),
      sample,
    };
  }
  /** (F − F*)/(F(0) − F*), and ‖∇F‖/‖∇F(0)‖, by the oracle. */
  function judged(
    { exact }: Posed,
    key: string,
    report: Pick<StepReport, "coef" | "intercept">,
  ): { gap: number; slope: number } {
    let optimum = optima.get(key);
    const theta = joinParameters(exact, report.coef, report.intercept);
    if (optimum === undefined) {
      const zero = new Float64Array(theta.length);
      const value = exact.loss === "hinge" ? Number.NaN : minimise(exact).objective;
      optimum = { value, zero: objective(exact, zero), steepness: norm(gradient(exact, zero)) };
      optima.set(key, optimum);
    }
    const { value, zero, steepness } = optimum;
    return { gap: (objective(exact, theta) - value) / (zero - value), slope: norm(gradient(exact, theta)) / steepness };
  }
  /** ‖∇F‖² ≤ 2·L·(F − F*): a gap of 1e-9 leaves some 3e-5·√(conditions) of the slope, and no more. */
  const SLOPE = 1e-3;

  const tablesOf = (bits: Bits): readonly Levels[] => ["lloydMax", "uniform", TABLES[bits]["without 0"] as Levels];

  it.each(TASKS)("auto, $loss: gap 1e-9 from 4 and 2 bits, whatever the table", (task) => {
    for (const setting of SETTINGS) {
      for (const bits of BITS) {
        for (const levels of tablesOf(bits)) {
          const posed = posedAs(task, setting, { bits, levels });
          const reports = [...auto(posed.problem)];
          const end = reports.at(-1) as (typeof reports)[number];
          const { gap, slope } = judged(posed, JSON.stringify([task, setting]), end);
          const what = `${bits} bits, ${levels}, ${JSON.stringify(setting)}`;
          expect(end.isConverged, what).toBe(true);
          expect(gap, what).toBeLessThan(GAP);
          expect(slope, what).toBeLessThan(SLOPE);
          posed.engine.dispose();
        }
      }
    }
  });

  it("auto, hinge: within 1e-9 of what 8 bits find (certified in hinge.test.ts)", () => {
    const task: Certificate = { loss: "hinge", rows: 250, cols: 8, l2: 0.01 };
    for (const setting of SETTINGS) {
      const ends = ([8, ...BITS] as readonly DataBits[]).map((bits) => {
        const posed = posedAs(
          task,
          setting,
          bits === 8 ? {} : { bits, levels: TABLES[bits as Bits]["without 0"] as Levels },
        );
        const reports = [...auto(posed.problem)];
        const end = reports.at(-1) as (typeof reports)[number];
        expect(end.isConverged).toBe(true);
        const at0 = objective(posed.exact, new Float64Array(task.cols + (setting.fitIntercept ? 1 : 0)));
        const value = objective(posed.exact, joinParameters(posed.exact, end.coef, end.intercept));
        posed.engine.dispose();
        return { value, zero: at0 };
      });
      const lowest = Math.min(...ends.map(({ value }) => value));
      for (const { value, zero } of ends) expect((value - lowest) / (zero - lowest)).toBeLessThan(GAP);
    }
  });

  // z of 16 bits, on all of the losses that these solvers are for
  it.each(TASKS)("halp and saga, $loss: gap 1e-9", (task) => {
    SETTINGS.forEach((setting, turn) => {
      for (const bits of BITS) {
        for (const [name, solver] of Object.entries({ halp, saga })) {
          const levels = at(tablesOf(bits) as unknown as ArrayLike<number>, (turn + bits) % 3) as unknown as Levels;
          const posed = posedAs(task, setting, { bits, levels });
          const key = JSON.stringify([task, setting]);
          let [best, slope, steps] = [1, 1, 0];
          for (const report of solver(posed.problem, { bits: 16, outerSteps: 80 })) {
            const now = judged(posed, key, report);
            if (now.gap < best) [best, slope] = [now.gap, now.slope];
            steps = report.outerStep;
            if (best < GAP) break;
          }
          const what = `${name}, ${bits} bits, ${levels}, ${JSON.stringify(setting)}, ${steps} outer steps`;
          expect(best, what).toBeLessThan(GAP);
          expect(slope, what).toBeLessThan(SLOPE);
          posed.engine.dispose();
        }
      }
    });
  });

  it.each([
    { loss: "logistic", rows: 5000, cols: 8, l2: 1e-4 },
    { loss: "softmax", rows: 5000, cols: 4, l2: 1e-4 },
  ] as const)("auto, $loss on $rows rows: samples of the rows, a rougher problem first", (task) => {
    const setting = SETTINGS[1] as Setting;
    for (const bits of BITS) {
      for (const preconditioner of ["auto", "diagonal"] as const) {
        const posed = posedAs(task, setting, { bits, levels: TABLES[bits]["without 0"] as Levels });
        const reports = [...newton(posed.problem, { preconditioner })];
        const { gap, slope } = judged(
          posed,
          JSON.stringify([task, setting]),
          reports.at(-1) as (typeof reports)[number],
        );
        expect(reports.some(({ hessianShare }) => hessianShare > 0 && hessianShare < 1)).toBe(true);
        expect(gap).toBeLessThan(GAP);
        expect(slope).toBeLessThan(SLOPE);
        posed.engine.dispose();
      }
    }
  });

  it("int8 models, and float32 ones on the codes that packed ones stand for", () => {
    const task = TASKS[1] as Certificate;
    const setting = SETTINGS[0] as Setting;
    for (const bits of BITS) {
      const posed = posedAs(task, setting, { bits, levels: TABLES[bits]["without 0"] as Levels });
      const { problem } = posed;
      const gapOf = (run: Iterable<StepReport>): number => {
        let best = 1;
        for (const report of run) best = Math.min(best, judged(posed, JSON.stringify([task, setting]), report).gap);
        return best;
      };
      expect(gapOf(halp(problem, { bits: 8, outerSteps: 60 }))).toBeLessThan(1e-6);
      expect(gapOf(svrg(problem, { data: "codes", outerSteps: 60 }))).toBeLessThan(GAP);
      // these have noise floors
      expect(gapOf(sgd(problem, { data: "codes", outerSteps: 20 }))).toBeLessThan(0.3);
      expect(gapOf(lpSvrg(problem, { outerSteps: 20 }))).toBeLessThan(1e-2);
      expect(gapOf(lpSgd(problem, { outerSteps: 20 }))).toBeLessThan(0.3);
      posed.engine.dispose();
    }
  });

  it("a start on a column that does not vary is no obstacle", () => {
    const { data, rows, cols, labels } = sampleFor("squared", 200, 5, 9);
    const fixed = data.map((x, i) => (i % cols === 2 ? 0.1 : x));
    for (const bits of BITS) {
      const made = engine.dataset({ data: fixed, rows, cols }, labels, {
        bits,
        levels: TABLES[bits]["without 0"] as Levels,
      });
      const problem = engine.problem(made, { loss: "squared", l2: 0.01 });
      const optimum = [...auto(problem)].at(-1) as { objective: number; coef: Float64Array };
      expect(at(optimum.coef, 2)).toBe(0);
      const start = { coef: new Float64Array(cols).fill(2), intercept: Float64Array.of(1) };
      const first = problem.evaluate(start).objective;
      for (const solver of [halp, saga, lpSvrg, lpSgd] as ((p: Problem, o: object) => Generator<StepReport>)[]) {
        const isReduced = solver === (halp as unknown) || solver === (saga as unknown);
        const reports = [...solver(problem, { start, outerSteps: 40, bits: 16, ...(!isReduced && { range: 16 }) })];
        for (const report of reports) expect(at(report.coef, 2)).toBe(0);
        const end = reports.at(-1) as StepReport;
        expect((end.objective - optimum.objective) / (first - optimum.objective)).toBeLessThan(isReduced ? 1e-9 : 0.1);
      }
      made.dispose();
    }
  });
});

describe("both modules", () => {
  it.skipIf(VARIANTS.length < 2)("give the same bits", () => {
    for (const bits of BITS) {
      for (const loss of LOSS_NAMES) {
        const { data, rows, cols, labels } = sampleFor(loss, 150, 20, 11);
        const ends = VARIANTS.map((variant) => {
          const own = createEngine({ variant });
          const problem = own.problem(own.dataset({ data, rows, cols }, labels, { bits }), { loss, l2: 0.01 });
          const runs = [
            ...auto(problem, { outerSteps: 6 }),
            ...(loss === "hinge" ? [] : halp(problem, { bits: 8, outerSteps: 3 })),
            ...(loss === "hinge" ? [] : saga(problem, { outerSteps: 3 })),
            ...lpSvrg(problem, { bits: 8, outerSteps: 3 }),
          ].map(({ coef, intercept, objective: F }) => [...coef, ...intercept, F]);
          own.dispose();
          return runs;
        });
        expect(ends[1]).toEqual(ends[0]);
      }
    }
  });
});

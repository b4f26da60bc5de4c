// Bad input, as a table: every case gives one BitcenterError with its code and a sentence that says where, what was given and what was
// expected; nothing leaks, and the engine then trains to the same bits as a fresh one.

import { describe, expect, it } from "vitest";
import { Scope } from "../bindings/engine/core.js";
import { decode } from "../bindings/engine/load.js";
import { baselineText, relaxedText } from "../bindings/engine/wasm.js";
import { finish } from "../bindings/engine/work.js";
import {
  auto,
  BitcenterError,
  type BitcenterErrorCode,
  createEngine,
  type Dataset,
  type Engine,
  halp,
  lpSgd,
  lpSvrg,
  type Problem,
  type StepReport,
  saga,
  sgd,
  svrg,
} from "../bindings/index.js";

/** A value of the wrong type on purpose. */
const wrong = (value: unknown): never => value as never;

const ROWS = 12;
const COLS = 3;
const rowsOf = (): number[][] =>
  Array.from({ length: ROWS }, (_, i) => Array.from({ length: COLS }, (_, j) => Math.sin(1 + 7 * i + 3 * j)));
const targets = (): number[] => Array.from({ length: ROWS }, (_, i) => Math.cos(i));
const binary = (): number[] => Array.from({ length: ROWS }, (_, i) => (i % 3 === 0 ? 1 : 0));
const flat = (): Float64Array => Float64Array.from(rowsOf().flat());
const zeros = (coef = COLS, intercept = 1) => ({
  coef: new Float64Array(coef),
  intercept: new Float64Array(intercept),
});

type Solver = (problem: Problem, options?: never) => Generator<StepReport, void, undefined>;
const SOLVERS: Record<string, Solver> = { sgd, svrg, lpSgd, lpSvrg, halp, saga };

/** The bits of a short run on an engine of the caller; leaves nothing behind. */
function fingerprint(engine: Engine): string {
  const dataset = engine.dataset(rowsOf(), targets());
  const problem = engine.problem(dataset, { loss: "squared", l2: 0.01 });
  let text = "";
  for (const { objective, coef, intercept } of halp(problem, { outerSteps: 2, seed: 3 })) {
    text = [objective, ...coef, ...intercept].map((value) => value.toString(36)).join(" ");
  }
  problem.dispose();
  dataset.dispose();
  return text;
}

const healthy = fingerprint(createEngine());

/** The one error that `act` throws; fails when it throws none or one of another type. */
function errorOf(act: () => unknown): BitcenterError {
  let error: unknown;
  try {
    act();
  } catch (caught) {
    error = caught;
  }
  expect(error, "no error was thrown").toBeDefined();
  expect(error, `${error}`).toBeInstanceOf(BitcenterError);
  return error as BitcenterError;
}

interface Bench {
  readonly engine: Engine;
  readonly dataset: Dataset;
  readonly wide: Dataset;
  readonly regression: Problem;
  readonly logistic: Problem;
  readonly wideProblem: Problem;
}

function bench(): Bench {
  const engine = createEngine();
  const dataset = engine.dataset(rowsOf(), targets());
  const labelled = engine.dataset(rowsOf(), binary());
  const wide = engine.dataset(rowsOf(), targets(), { bits: 16 });
  const regression = engine.problem(dataset, { loss: "squared", l2: 0.01 });
  const logistic = engine.problem(labelled, { loss: "logistic", l2: 0.01 });
  const wideProblem = engine.problem(wide, { loss: "squared", l2: 0.01 });
  // codes are made once and stay with their dataset: make them now, so that what a case leaves behind can be seen
  for (const problem of [regression, logistic, wideProblem]) {
    finish(problem.dataset.plane("codes", true));
    finish(problem.dataset.plane("float32", true));
  }
  return { engine, dataset, wide, regression, logistic, wideProblem };
}

/** name, code, parts of the sentence, the misdeed. */
type Case = readonly [string, BitcenterErrorCode, readonly (string | RegExp)[], (bench: Bench) => unknown];

function runTable(cases: readonly Case[]): void {
  const shared = bench();
  it.each(cases)("%s: %s", (_name, code, parts, act) => {
    const { engine } = shared;
    const before = engine.bytes;
    const error = errorOf(() => act(shared));
    expect(error.code, error.message).toBe(code);
    expect(error.name).toBe("BitcenterError");
    for (const part of parts) expect(error.message).toMatch(part);
    expect(error.message).not.toMatch(/\n|\[object|undefined (labels|sampleWeight)|NaN bytes/);
    expect(error.message.length).toBeLessThan(300);
    expect(engine.bytes, "bytes leaked").toBe(before);
    expect(fingerprint(engine)).toBe(healthy);
    expect(engine.bytes).toBe(before);
  });
}

describe("rows", () => {
  const with1 = (row: number, column: number, value: unknown): never => {
    const rows: unknown[][] = rowsOf();
    (rows[row] as unknown[])[column] = value;
    return rows as never;
  };
  const flatWith = (index: number, value: number): Float64Array => {
    const data = flat();
    data[index] = value;
    return data;
  };
  const input =
    (rows: unknown, labels: unknown = targets()) =>
    ({ engine }: Bench) =>
      engine.dataset(wrong(rows), wrong(labels));
  const sized =
    (data: unknown, rows: unknown, cols: unknown) =>
    ({ engine }: Bench) =>
      engine.dataset(wrong({ data, rows, cols }), targets());

  runTable([
    ["undefined", "BAD_SHAPE", [/^dataset: /, "undefined", "array of rows"], input(undefined)],
    ["null", "BAD_SHAPE", [/^dataset: /, "null"], input(null)],
    ["a number", "BAD_SHAPE", [/^dataset: /, "5"], input(5)],
    ["a string", "BAD_SHAPE", [/^dataset: /, '"rows"'], input("rows")],
    ["a bare typed array", "BAD_SHAPE", [/^dataset: /, "Float64Array(36)"], input(flat())],
    ["an object without data", "BAD_SHAPE", [/^dataset: /, "data, rows, cols"], input({ rows: 2, cols: 2 })],
    ["data null", "BAD_SHAPE", [/^dataset: /, "null", "Float32Array"], sized(null, ROWS, COLS)],
    ["data a string", "BAD_SHAPE", [/^dataset: /, '"1,2"'], sized("1,2", ROWS, COLS)],
    ["data a Uint16Array", "BAD_SHAPE", ["Uint16Array(36)", "Float32Array"], sized(new Uint16Array(36), ROWS, COLS)],
    ["data a BigInt64Array", "BAD_SHAPE", ["BigInt64Array"], sized(new BigInt64Array(36), ROWS, COLS)],
    ["data a DataView", "BAD_SHAPE", ["DataView"], sized(new DataView(new ArrayBuffer(36)), ROWS, COLS)],
    ["data an ArrayBuffer", "BAD_SHAPE", ["ArrayBuffer"], sized(new ArrayBuffer(36 * 8), ROWS, COLS)],
    ["data too short", "BAD_SHAPE", ["35", "12 rows", "3 columns", "36"], sized(flat().subarray(1), ROWS, COLS)],
    ["data too long", "BAD_SHAPE", ["36", "11 rows", "33"], sized(flat(), ROWS - 1, COLS)],
    ["rows and cols swapped into too many", "BAD_SHAPE", ["36", "144"], sized(flat(), ROWS, ROWS)],
    ["rows negative", "BAD_SHAPE", ["rows: -12", "whole"], sized(flat(), -ROWS, -COLS)],
    ["rows fractional", "BAD_SHAPE", ["rows: 1.5", "whole"], sized(flat(), 1.5, 24)],
    ["rows NaN", "BAD_SHAPE", ["rows: NaN"], sized(flat(), Number.NaN, COLS)],
    ["rows infinite", "BAD_SHAPE", ["rows: Infinity"], sized(flat(), Number.POSITIVE_INFINITY, 0)],
    ["rows a string", "BAD_SHAPE", ['rows: "12"'], sized(flat(), "12", COLS)],
    ["rows missing", "BAD_SHAPE", ["rows: undefined"], sized(flat(), undefined, COLS)],
    ["cols missing", "BAD_SHAPE", ["cols: undefined"], sized(flat(), ROWS, undefined)],
    ["zero rows, typed", "EMPTY", [/^dataset: /, "no rows"], sized(new Float64Array(0), 0, COLS)],
    ["zero columns, typed", "EMPTY", [/^dataset: /, "no columns"], sized(new Float64Array(0), ROWS, 0)],
    ["zero rows, nested", "EMPTY", [/^dataset: /, "no rows"], input([])],
    ["zero columns, nested", "EMPTY", [/^dataset: /, "no columns"], input(Array.from({ length: ROWS }, () => []))],
    ["nested rows against rows", "BAD_SHAPE", ["12 rows of 3", "rows: 11"], sized(rowsOf(), 11, COLS)],
    ["nested rows against cols", "BAD_SHAPE", ["12 rows of 3", "cols: 4"], sized(rowsOf(), ROWS, 4)],
    ["a short row", "BAD_SHAPE", ["row 7", "2", "3"], input(rowsOf().map((row, i) => (i === 7 ? row.slice(1) : row)))],
    ["a long row", "BAD_SHAPE", ["row 7", "4", "3"], input(rowsOf().map((row, i) => (i === 7 ? [...row, 1] : row)))],
    ["a row that is null", "BAD_SHAPE", ["row 7"], input(rowsOf().map((row, i) => (i === 7 ? null : row)))],
    ["a row that is a number", "BAD_SHAPE", ["row 7"], input(rowsOf().map((row, i) => (i === 7 ? 3 : row)))],
    [
      "a row that is a hole",
      "BAD_SHAPE",
      ["row 7"],
      ({ engine }) => {
        const rows = rowsOf();
        delete rows[7];
        return engine.dataset(rows, targets());
      },
    ],
    [
      "a row that is text of the right length",
      "BAD_VALUE",
      ["row 7", '"a"'],
      input(rowsOf().map((row, i) => (i === 7 ? "abc" : row))),
    ],
    ["first row a number", "BAD_SHAPE", ["row 0", "5"], input([5, 6, 7])],
    ["first row null", "BAD_SHAPE", ["row 0", "null"], input([null, [1]])],
    ["first row an object", "BAD_SHAPE", ["row 0", "Object"], input([{ 0: 1, length: 1 }])],
    ["first row a DataView", "BAD_SHAPE", ["row 0", "DataView"], input([new DataView(new ArrayBuffer(8))], [1])],
    ["rows of bigints", "BAD_VALUE", ["row 0, column 0", "1"], input([new BigInt64Array([1n, 2n])], [1])],
    ["a string in a row", "BAD_VALUE", ["row 2, column 1", '"3"', "number"], input(with1(2, 1, "3"))],
    ["a boolean in a row", "BAD_VALUE", ["row 2, column 1", "true"], input(with1(2, 1, true))],
    ["null in a row", "BAD_VALUE", ["row 2, column 1", "null"], input(with1(2, 1, null))],
    ["a bigint in a row", "BAD_VALUE", ["row 2, column 1", "3"], input(with1(2, 1, 3n))],
    ["an object in a row", "BAD_VALUE", ["row 2, column 1", "Date"], input(with1(2, 1, new Date(0)))],
    [
      "a hole in a row",
      "BAD_VALUE",
      ["row 2, column 1", "undefined"],
      ({ engine }) => {
        const rows = rowsOf();
        delete (rows[2] as number[])[1];
        return engine.dataset(rows, targets());
      },
    ],
    ["NaN in nested rows", "BAD_VALUE", ["row 11, column 2", "NaN", "finite"], input(with1(11, 2, Number.NaN))],
    [
      "infinity in nested rows",
      "BAD_VALUE",
      ["row 0, column 0", "-Infinity"],
      input(with1(0, 0, Number.NEGATIVE_INFINITY)),
    ],
    [
      "NaN in a Float64Array",
      "BAD_VALUE",
      ["row 3, column 1", "NaN", "finite"],
      sized(flatWith(10, Number.NaN), ROWS, COLS),
    ],
    [
      "infinity in a Float64Array",
      "BAD_VALUE",
      ["row 11, column 2", "Infinity"],
      sized(flatWith(35, Number.POSITIVE_INFINITY), ROWS, COLS),
    ],
    [
      "NaN in a Float32Array",
      "BAD_VALUE",
      ["row 3, column 1", "NaN"],
      sized(Float32Array.from(flatWith(10, Number.NaN)), ROWS, COLS),
    ],
    [
      "infinity in a Float32Array",
      "BAD_VALUE",
      ["row 0, column 2", "-Infinity"],
      sized(Float32Array.from(flatWith(2, -1e39)), ROWS, COLS),
    ],
    [
      "NaN, rounded copy",
      "BAD_VALUE",
      ["row 3, column 1", "NaN"],
      ({ engine }) =>
        engine.dataset({ data: flatWith(10, Number.NaN), rows: ROWS, cols: COLS }, targets(), { exact: "rounded16" }),
    ],
    [
      "16 GiB told, forty bytes given",
      "BAD_SHAPE",
      ["10", "4294967296"],
      sized(new Float32Array(10), 2 ** 20, 2 ** 12),
    ],
    ["rows × cols past 2⁵³", "BAD_SHAPE", ["10 values"], sized(new Float32Array(10), 2 ** 52, 2 ** 52)],
  ]);

  it("names the first of several bad values", () => {
    const rows = rowsOf();
    (rows[9] as number[])[0] = Number.NaN;
    (rows[4] as number[])[2] = Number.POSITIVE_INFINITY;
    expect(errorOf(() => createEngine().dataset(rows, targets())).message).toContain("row 4, column 2");
  });
});

describe("labels and weights", () => {
  const labels =
    (value: unknown) =>
    ({ engine }: Bench) =>
      engine.dataset(rowsOf(), wrong(value));
  const weights =
    (value: unknown) =>
    ({ engine }: Bench) =>
      engine.dataset(rowsOf(), targets(), { sampleWeight: wrong(value) });
  const ones = (at: number, value: unknown): unknown[] => {
    const list: unknown[] = new Array(ROWS).fill(1);
    list[at] = value;
    return list;
  };
  const classes =
    (loss: string, list: readonly number[]) =>
    ({ engine }: Bench) => {
      const dataset = engine.dataset(
        rowsOf(),
        Array.from({ length: ROWS }, (_, i) => list[i % list.length] as number),
      );
      try {
        return engine.problem(dataset, { loss: wrong(loss) });
      } finally {
        dataset.dispose();
      }
    };

  runTable([
    ["labels missing", "BAD_SHAPE", [/^dataset: labels/, "undefined"], labels(undefined)],
    ["labels a string", "BAD_SHAPE", [/^dataset: labels/, '"0101"'], labels("0101")],
    ["labels too few", "BAD_SHAPE", ["11 labels", "12 rows"], labels(targets().slice(1))],
    ["labels too many", "BAD_SHAPE", ["13 labels", "12 rows"], labels([...targets(), 1])],
    ["labels empty", "BAD_SHAPE", ["0 labels", "12 rows"], labels([])],
    ["labels a DataView", "BAD_SHAPE", [/labels/, "DataView"], labels(new DataView(new ArrayBuffer(ROWS)))],
    ["a label NaN", "BAD_VALUE", ["labels", "row 5", "NaN", "finite"], labels(ones(5, Number.NaN))],
    ["a label infinite", "BAD_VALUE", ["labels", "row 5", "Infinity"], labels(ones(5, Number.POSITIVE_INFINITY))],
    ["a label a string", "BAD_VALUE", ["labels", "row 5", '"cat"'], labels(ones(5, "cat"))],
    ["a label null", "BAD_VALUE", ["labels", "row 5", "null"], labels(ones(5, null))],
    ["a label undefined", "BAD_VALUE", ["labels", "row 5", "undefined"], labels(ones(5, undefined))],
    ["a label a boolean", "BAD_VALUE", ["labels", "row 0", "true"], labels(ones(0, true))],
    ["labels bigints", "BAD_VALUE", ["labels", "row 0"], labels(new BigInt64Array(ROWS))],
    ["weights null", "BAD_SHAPE", ["sampleWeight", "null"], weights(null)],
    ["weights a number", "BAD_SHAPE", ["sampleWeight", "2"], weights(2)],
    ["weights too few", "BAD_SHAPE", ["sampleWeight", "11", "12"], weights(new Float64Array(11).fill(1))],
    ["a weight negative", "BAD_VALUE", ["sampleWeight", "row 4", "-1", ">= 0"], weights(ones(4, -1))],
    ["a weight NaN", "BAD_VALUE", ["sampleWeight", "row 4", "NaN"], weights(ones(4, Number.NaN))],
    [
      "a weight infinite",
      "BAD_VALUE",
      ["sampleWeight", "row 4", "Infinity"],
      weights(ones(4, Number.POSITIVE_INFINITY)),
    ],
    ["a weight a string", "BAD_VALUE", ["sampleWeight", "row 4", '"1"'], weights(ones(4, "1"))],
    ["weights all zero", "BAD_VALUE", ["sampleWeight", "sum", "0"], weights(new Float64Array(ROWS))],
    ["weights that sum to infinity", "BAD_VALUE", ["sampleWeight", "Infinity"], weights(new Array(ROWS).fill(1e308))],
    ["one class, logistic", "ONE_CLASS", ["logistic", "two classes", "7"], classes("logistic", [7])],
    ["one class, softmax", "ONE_CLASS", ["softmax", "two classes", "7"], classes("softmax", [7])],
    ["one class, hinge", "ONE_CLASS", ["hinge"], classes("hinge", [0])],
    ["one class of two zeros", "ONE_CLASS", ["squaredHinge"], classes("squaredHinge", [0, -0])],
    ["three labels, logistic", "BAD_VALUE", ["logistic", "3", "two", "softmax"], classes("logistic", [0, 1, 2])],
    ["three labels, hinge", "BAD_VALUE", ["hinge", "3", "softmax"], classes("hinge", [0, 1, 2])],
    ["three labels, squaredHinge", "BAD_VALUE", ["squaredHinge", "3", "softmax"], classes("squaredHinge", [0, 1, 2])],
    [
      "1025 labels, softmax",
      "BAD_VALUE",
      ["softmax", "1025", "1024"],
      ({ engine }) => {
        const data = new Float32Array(1025);
        const dataset = engine.dataset(
          { data, rows: 1025, cols: 1 },
          Float64Array.from(data, (_, i) => i),
        );
        try {
          return engine.problem(dataset, { loss: "softmax" });
        } finally {
          dataset.dispose();
        }
      },
    ],
  ]);
});

describe("options of engine, dataset and problem", () => {
  const dataset =
    (options: unknown) =>
    ({ engine }: Bench) =>
      engine.dataset(rowsOf(), targets(), wrong(options));
  const problem =
    (options: unknown) =>
    ({ engine, dataset }: Bench) =>
      engine.problem(dataset, wrong(options));
  const engine = (options: unknown) => () => createEngine(wrong(options));
  /** An empty module; one that imports a.b; one that exports a function heapBase and nothing else. */
  const module = (...bytes: number[]) =>
    new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...bytes]));
  const importing = [1, 4, 1, 0x60, 0, 0, 2, 7, 1, 1, 0x61, 1, 0x62, 0, 0];
  const name = [..."heapBase"].map((letter) => letter.charCodeAt(0));
  const lookalike = [1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 7, 12, 1, 8, ...name, 0, 0, 10, 6, 1, 4, 0, 0x41, 0, 0x0b];

  runTable([
    ["dataset: unknown option", "BAD_OPTION", [/^dataset: /, '"bit"', "bits"], dataset({ bit: 8 })],
    ["dataset: options a number", "BAD_OPTION", [/^dataset: /, "object", "8"], dataset(8)],
    ["dataset: options null", "BAD_OPTION", [/^dataset: /, "object", "null"], dataset(null)],
    ["dataset: options an array", "BAD_OPTION", [/^dataset: /, "object", "array"], dataset([8])],
    ["dataset: options a function", "BAD_OPTION", [/^dataset: /, "function"], dataset(() => 8)],
    ["dataset: bits 3", "BAD_OPTION", ["bits", "2 or 4 or 8 or 16", "3"], dataset({ bits: 3 })],
    ["dataset: bits 12", "BAD_OPTION", ["bits", "8 or 16", "12"], dataset({ bits: 12 })],
    ["dataset: bits a string", "BAD_OPTION", ["bits", "8 or 16", '"8"'], dataset({ bits: "8" })],
    ["dataset: bits null", "BAD_OPTION", ["bits", "null"], dataset({ bits: null })],
    ["dataset: exact unknown", "BAD_OPTION", ["exact", '"rounded16"', '"int16"'], dataset({ exact: "int16" })],
    [
      "dataset: exact rounded with 16 bits",
      "BAD_OPTION",
      ["rounded16", "bits: 8"],
      dataset({ exact: "rounded16", bits: 16 }),
    ],
    ["dataset: center a number", "BAD_OPTION", ["center", "true or false", "1"], dataset({ center: 1 })],
    ["problem: options missing", "BAD_OPTION", [/^problem: /, "loss"], problem(undefined)],
    ["problem: options null", "BAD_OPTION", [/^problem: /, "object", "null"], problem(null)],
    ["problem: options a string", "BAD_OPTION", [/^problem: /, "object", '"squared"'], problem("squared")],
    ["problem: no loss", "BAD_OPTION", [/^problem: /, "loss", "logistic"], problem({ l2: 1 })],
    ["problem: loss unknown", "BAD_OPTION", [/^problem: /, "loss", '"log"', "logistic"], problem({ loss: "log" })],
    ["problem: loss of Object.prototype", "BAD_OPTION", ["loss", '"constructor"'], problem({ loss: "constructor" })],
    ["problem: loss null", "BAD_OPTION", ["loss", "null"], problem({ loss: null })],
    ["problem: unknown option", "BAD_OPTION", ['"L2"', "l2"], problem({ loss: "squared", L2: 1 })],
    ["problem: l2 negative", "BAD_OPTION", ["l2", "-1", ">= 0"], problem({ loss: "squared", l2: -1 })],
    ["problem: l2 NaN", "BAD_OPTION", ["l2", "NaN", "finite"], problem({ loss: "squared", l2: Number.NaN })],
    [
      "problem: l2 infinite",
      "BAD_OPTION",
      ["l2", "Infinity", "finite"],
      problem({ loss: "squared", l2: Number.POSITIVE_INFINITY }),
    ],
    ["problem: l2 a string", "BAD_OPTION", ["l2", '"1"'], problem({ loss: "squared", l2: "1" })],
    ["problem: l2 null", "BAD_OPTION", ["l2", "null"], problem({ loss: "squared", l2: null })],
    [
      "problem: fitIntercept a number",
      "BAD_OPTION",
      ["fitIntercept", "true or false", "0"],
      problem({ loss: "squared", fitIntercept: 0 }),
    ],
    ["problem: epsilon zero", "BAD_OPTION", ["epsilon", "> 0", "0"], problem({ loss: "huber", epsilon: 0 })],
    ["problem: epsilon negative", "BAD_OPTION", ["epsilon", "> 0", "-2"], problem({ loss: "huber", epsilon: -2 })],
    ["problem: epsilon NaN", "BAD_OPTION", ["epsilon", "NaN"], problem({ loss: "huber", epsilon: Number.NaN })],
    [
      "problem: no dataset",
      "BAD_OPTION",
      [/^problem: /, "dataset", "undefined"],
      ({ engine }) => engine.problem(wrong(undefined), { loss: "squared" }),
    ],
    [
      "problem: rows for a dataset",
      "BAD_OPTION",
      [/^problem: /, "dataset", "array"],
      ({ engine }) => engine.problem(wrong(rowsOf()), { loss: "squared" }),
    ],
    [
      "problem: dataset of another engine",
      "BAD_OPTION",
      [/^problem: /, "another engine"],
      ({ dataset }) => createEngine().problem(dataset, { loss: "squared" }),
    ],
    ["createEngine: options null", "BAD_OPTION", [/^createEngine: /, "object", "null"], engine(null)],
    ["createEngine: options a string", "BAD_OPTION", [/^createEngine: /, "object", '"baseline"'], engine("baseline")],
    [
      "createEngine: unknown option",
      "BAD_OPTION",
      [/^createEngine: /, '"variants"', "variant"],
      engine({ variants: "baseline" }),
    ],
    [
      "createEngine: variant unknown",
      "BAD_OPTION",
      ["variant", '"fast"', '"baseline" or "relaxed"'],
      engine({ variant: "fast" }),
    ],
    ["createEngine: maxBytes 0", "BAD_OPTION", ["maxBytes", "from 131072", "0"], engine({ maxBytes: 0 })],
    ["createEngine: maxBytes negative", "BAD_OPTION", ["maxBytes", "-1"], engine({ maxBytes: -1 })],
    ["createEngine: maxBytes NaN", "BAD_OPTION", ["maxBytes", "NaN"], engine({ maxBytes: Number.NaN })],
    ["createEngine: maxBytes a string", "BAD_OPTION", ["maxBytes", '"1 GB"'], engine({ maxBytes: "1 GB" })],
    [
      "createEngine: maxBytes of 5 GiB",
      "BAD_OPTION",
      ["maxBytes", "4294967296", "5368709120"],
      engine({ maxBytes: 5 * 2 ** 30 }),
    ],
    [
      "createEngine: module not a module",
      "BAD_OPTION",
      ["module", "Uint8Array"],
      engine({ module: new Uint8Array(8) }),
    ],
    ["createEngine: an empty module", "BAD_OPTION", ["module", "bitcenter"], engine({ module: module() })],
    [
      "createEngine: a module with imports",
      "BAD_OPTION",
      ["module", "bitcenter"],
      engine({ module: module(...importing) }),
    ],
    [
      "createEngine: a module that only looks like ours",
      "BAD_OPTION",
      ["module", "bitcenter"],
      engine({ module: module(...lookalike) }),
    ],
  ]);
});

describe("modules", () => {
  const compiled = (text: string) => new WebAssembly.Module(decode(text));
  const hasRelaxed = WebAssembly.validate(decode(relaxedText));

  it("a module compiled by the caller gives the same bits", () => {
    const engine = createEngine({ module: compiled(baselineText) });
    expect(engine.variant).toBe("baseline");
    expect(fingerprint(engine)).toBe(healthy);
    expect(fingerprint(createEngine({ variant: "baseline" }))).toBe(healthy);
  });

  it("variant relaxed runs, or says that this host has none", () => {
    try {
      const engine = createEngine({ variant: "relaxed" });
      expect(engine.variant).toBe("relaxed");
      expect(fingerprint(engine)).toBe(healthy);
    } catch (error) {
      expect(error).toBeInstanceOf(BitcenterError);
      expect((error as BitcenterError).code).toBe("UNSUPPORTED");
      expect((error as BitcenterError).message).toMatch(/createEngine: variant "relaxed".*baseline/);
    }
  });

  it.runIf(hasRelaxed)("the relaxed module, compiled by the caller, is called relaxed", () => {
    expect(createEngine({ module: compiled(relaxedText) }).variant).toBe("relaxed");
  });
});

describe("options of the solvers, thrown at the call", () => {
  const NUMBERS: [string, unknown[]][] = [
    ["stepSize", [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "big", null, true]],
    ["innerSteps", [0, -1, 1.5, 2 ** 33, Number.NaN, "many", null]],
    ["outerSteps", [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "3", null]],
    ["flushEvery", [0, -1, 1.5, 2 ** 33, Number.NaN, "often", null]],
    ["seed", [-1, 1.5, 2 ** 32, Number.NaN, "7", null]],
  ];
  const OWN: Record<string, [string, unknown[]][]> = {
    sgd: [["data", ["int8", 8, null]]],
    svrg: [
      ["data", ["int8", 8, null]],
      ["option", ["III", 1, null]],
    ],
    lpSgd: [
      ["bits", [4, 12, "8", null]],
      ["range", [0, -1, Number.NaN, "big", null]],
      ["rounding", ["up", 0, null]],
    ],
    lpSvrg: [
      ["bits", [4, 12, "8", null]],
      ["range", [0, -1, Number.NaN, "big", null]],
      ["rounding", ["up", 0, null]],
      ["option", ["III", 2]],
    ],
    halp: [
      ["bits", [4, 12, "8", null]],
      ["mu", [0, -1, Number.NaN, "big", null]],
      ["rounding", ["up", 0, null]],
      ["option", ["III", 2]],
    ],
  };
  // an option of another solver is unknown here
  const FOREIGN: Record<string, string[]> = {
    sgd: ["mu", "bits", "range", "rounding", "option", "l2", "tol"],
    svrg: ["mu", "bits", "range", "rounding", "innersteps"],
    lpSgd: ["mu", "data", "option", "StepSize"],
    lpSvrg: ["mu", "data", "delta"],
    halp: ["range", "data", "toString"],
  };
  const shown = (value: unknown): string => (typeof value === "string" ? `"${value}"` : String(value));

  const cases: Case[] = [];
  for (const [name, solver] of Object.entries(SOLVERS)) {
    for (const [option, values] of [...NUMBERS, ...(OWN[name] ?? [])]) {
      for (const value of values) {
        cases.push([
          `${name} ${option} ${shown(value)}`,
          "BAD_OPTION",
          [new RegExp(`^${name}: .*${option}`), shown(value), "must be"],
          ({ regression }) => solver(regression, wrong({ [option]: value })),
        ]);
      }
    }
    for (const option of FOREIGN[name] ?? []) {
      cases.push([
        `${name} unknown option ${option}`,
        "BAD_OPTION",
        [new RegExp(`^${name}: `), `"${option}"`, "stepSize"],
        ({ regression }) => solver(regression, wrong({ [option]: 1 })),
      ]);
    }
    for (const options of [null, 5, "fast", [1], () => 1]) {
      cases.push([
        `${name} options ${typeof options} ${shown(options).slice(0, 9)}`,
        "BAD_OPTION",
        [new RegExp(`^${name}: `), "object"],
        ({ regression }) => solver(regression, wrong(options)),
      ]);
    }
    for (const given of [undefined, null, {}, "problem"]) {
      cases.push([
        `${name} on ${shown(given)}`,
        "BAD_OPTION",
        [new RegExp(`^${name}: `), "problem"],
        () => solver(wrong(given)),
      ]);
    }
    cases.push([
      `${name} on a dataset`,
      "BAD_OPTION",
      [new RegExp(`^${name}: `), "problem", "Dataset"],
      ({ dataset }) => solver(wrong(dataset)),
    ]);
    if (name === "halp" || name.startsWith("lp")) {
      cases.push([
        `${name} bits 8 on 16-bit data`,
        "BAD_OPTION",
        [new RegExp(`^${name}: `), "bits: 8", "16"],
        ({ wideProblem }) => solver(wideProblem, wrong({ bits: 8 })),
      ]);
    }
    const starts: [string, BitcenterErrorCode, RegExp, unknown][] = [
      ["of too many columns", "BAD_SHAPE", /start.*3.*4/, zeros(COLS + 1)],
      ["of too few columns", "BAD_SHAPE", /start.*3.*2/, zeros(COLS - 1)],
      ["without an intercept", "BAD_SHAPE", /start.*1.*0/, zeros(COLS, 0)],
      ["that is empty", "BAD_SHAPE", /start.*3/, {}],
      ["that is a number", "BAD_SHAPE", /start.*3/, 5],
      [
        "with NaN",
        "BAD_VALUE",
        /start.*NaN/,
        { coef: Float64Array.of(0, Number.NaN, 0), intercept: new Float64Array(1) },
      ],
      [
        "with an infinite intercept",
        "BAD_VALUE",
        /start.*Infinity/,
        { coef: new Float64Array(COLS), intercept: Float64Array.of(Number.POSITIVE_INFINITY) },
      ],
    ];
    for (const [what, code, sentence, start] of starts) {
      cases.push([`${name} start ${what}`, code, [sentence], ({ regression }) => solver(regression, wrong({ start }))]);
    }
  }
  runTable(cases);

  it("takes undefined for any option as absent", () => {
    const { regression } = bench();
    const names = [
      "stepSize",
      "innerSteps",
      "outerSteps",
      "flushEvery",
      "sampling",
      "seed",
      "start",
      "bits",
      "mu",
      "rounding",
      "option",
    ];
    const options = Object.fromEntries(names.map((name) => [name, undefined]));
    expect(halp(regression, wrong(options)).next().done).toBe(false);
  });
});

describe("evaluate and margins", () => {
  const other = (engine: Engine, cols: number): Dataset =>
    engine.dataset({ data: new Float32Array(2 * cols).fill(0.5), rows: 2, cols }, [0, 1]);
  const cases: Case[] = [];
  const shapes: [string, unknown][] = [
    ["too many columns", zeros(COLS + 1)],
    ["too few columns", zeros(COLS - 1)],
    ["no intercept", zeros(COLS, 0)],
    ["two intercepts", zeros(COLS, 2)],
    ["an empty object", {}],
    ["null coef", { coef: null, intercept: new Float64Array(1) }],
    ["undefined", undefined],
    ["null", null],
    ["a number", 5],
  ];
  for (const [what, weights] of shapes) {
    cases.push([
      `evaluate, ${what}`,
      "BAD_SHAPE",
      ["coef", "3", "intercept"],
      ({ regression }) => regression.evaluate(wrong(weights)),
    ]);
    cases.push([
      `margins, ${what}`,
      "BAD_SHAPE",
      ["coef", "3", "intercept"],
      ({ regression }) => regression.margins(wrong(weights)),
    ]);
  }
  const bad = { coef: Float64Array.of(0, Number.NaN, 0), intercept: new Float64Array(1) };
  cases.push(
    ["evaluate, NaN", "BAD_VALUE", ["coef", "NaN"], ({ regression }) => regression.evaluate(bad)],
    ["margins, NaN", "BAD_VALUE", ["coef", "NaN"], ({ regression }) => regression.margins(bad)],
    [
      "margins, rows for a dataset",
      "BAD_OPTION",
      ["dataset", "array"],
      ({ regression }) => regression.margins(zeros(), wrong(rowsOf())),
    ],
    [
      "margins, null for a dataset",
      "BAD_OPTION",
      ["dataset", "null"],
      ({ regression }) => regression.margins(zeros(), wrong(null)),
    ],
    [
      "margins, other columns",
      "BAD_SHAPE",
      ["4 columns", "3"],
      ({ engine, regression }) => {
        const dataset = other(engine, 4);
        try {
          return regression.margins(zeros(), dataset);
        } finally {
          dataset.dispose();
        }
      },
    ],
    [
      "margins, another engine",
      "BAD_OPTION",
      ["another engine"],
      ({ regression }) => regression.margins(zeros(), other(createEngine(), COLS)),
    ],
    [
      "margins, a disposed dataset",
      "DISPOSED",
      ["dataset"],
      ({ engine, regression }) => {
        const dataset = other(engine, COLS);
        dataset.dispose();
        return regression.margins(zeros(), dataset);
      },
    ],
  );
  runTable(cases);

  it("takes plain arrays as weights in both, with the same result", () => {
    const { regression } = bench();
    const plain = { coef: [1, -2, 0.5], intercept: [0.25] };
    const typed = { coef: Float64Array.from(plain.coef), intercept: Float64Array.from(plain.intercept) };
    expect(regression.evaluate(wrong(plain))).toEqual(regression.evaluate(typed));
    expect(regression.margins(wrong(plain))).toEqual(regression.margins(typed));
  });
});

describe("after dispose", () => {
  const SENTENCE = { engine: /engine was disposed/, dataset: /dataset was disposed/, problem: /problem was disposed/ };

  it("an engine refuses everything, and says so", () => {
    const { engine, dataset, regression, logistic } = bench();
    engine.dispose();
    engine.dispose();
    expect(engine.bytes).toBe(0);
    const acts: (() => unknown)[] = [
      () => engine.dataset(rowsOf(), targets()),
      () => engine.problem(dataset, { loss: "squared" }),
      () => regression.evaluate(zeros()),
      () => regression.margins(zeros()),
      ...Object.values(SOLVERS).map((solver) => () => solver(logistic).next()),
    ];
    for (const act of acts) {
      const error = errorOf(act);
      expect(error.code).toBe("DISPOSED");
      expect(error.message).toMatch(SENTENCE.engine);
    }
    // dropping what is left is allowed in any order
    regression.dispose();
    dataset.dispose();
    logistic.dispose();
    expect(fingerprint(createEngine())).toBe(healthy);
  });

  it("a dataset refuses new problems and its old ones", () => {
    const { engine, dataset, regression } = bench();
    dataset.dispose();
    const before = engine.bytes;
    dataset.dispose();
    expect(engine.bytes).toBe(before);
    expect(dataset.bytes).toBe(0);
    const acts: (() => unknown)[] = [
      () => engine.problem(dataset, { loss: "squared" }),
      () => regression.evaluate(zeros()),
      () => regression.margins(zeros()),
      ...Object.values(SOLVERS).map((solver) => () => solver(regression)),
    ];
    for (const act of acts) {
      const error = errorOf(act);
      expect(error.code).toBe("DISPOSED");
      expect(error.message).toMatch(SENTENCE.dataset);
    }
    expect(engine.bytes).toBe(before);
    expect(fingerprint(engine)).toBe(healthy);
  });

  it("a problem refuses solvers, its dataset lives on", () => {
    const { engine, dataset, regression } = bench();
    const before = engine.bytes;
    const extra = engine.problem(dataset, { loss: "squared" });
    extra.dispose();
    extra.dispose();
    expect(engine.bytes).toBe(before);
    for (const solver of Object.values(SOLVERS)) {
      const error = errorOf(() => solver(extra));
      expect(error.code).toBe("DISPOSED");
      expect(error.message).toMatch(SENTENCE.problem);
    }
    expect(errorOf(() => extra.evaluate(zeros())).code).toBe("DISPOSED");
    expect(Number.isFinite(regression.evaluate(zeros()).objective)).toBe(true);
    expect(fingerprint(engine)).toBe(healthy);
  });

  for (const [name, solver] of Object.entries(SOLVERS)) {
    for (const part of ["problem", "dataset", "engine"] as const) {
      it(`${name}: the ${part} goes away in the middle of a run`, () => {
        for (const reportsBefore of [0, 1, 3]) {
          const engine = createEngine();
          const dataset = engine.dataset(rowsOf(), targets());
          const problem = engine.problem(dataset, { loss: "squared", l2: 0.01 });
          const bystander = engine.dataset(rowsOf(), targets());
          const bytes = engine.bytes - dataset.bytes;
          const run = solver(problem);
          for (let i = 0; i < reportsBefore; i++) expect(run.next().done).toBe(false);
          ({ engine, dataset, problem })[part].dispose();
          // somebody else takes the memory at once
          if (part !== "engine") finish(bystander.plane("codes", true));
          const error = errorOf(() => run.next());
          expect(error.code).toBe("DISPOSED");
          expect(error.message).toMatch(SENTENCE[part]);
          expect(run.next()).toEqual({ done: true, value: undefined });
          if (part !== "engine") {
            problem.dispose();
            dataset.dispose();
            bystander.dispose();
            expect(engine.bytes).toBe(0);
            expect(bytes).toBeGreaterThan(0);
            expect(fingerprint(engine)).toBe(healthy);
          }
        }
      });
    }
  }

  it("has Symbol.dispose where the host has it", () => {
    if (typeof Symbol.dispose !== "symbol") return;
    const { engine, dataset, regression } = bench();
    const before = engine.bytes;
    regression[Symbol.dispose]();
    dataset[Symbol.dispose]();
    expect(engine.bytes).toBeLessThan(before);
    engine[Symbol.dispose]();
    expect(engine.bytes).toBe(0);
  });
});

describe("out of memory", () => {
  it("says what was wanted, had and allowed, and leaves the engine usable", () => {
    const engine = createEngine({ maxBytes: 2 ** 21 });
    const small = engine.dataset(rowsOf(), targets());
    const before = engine.bytes;
    const data = new Float32Array(2 ** 20).fill(0.1);
    const error = errorOf(() => engine.dataset({ data, rows: 2 ** 10, cols: 2 ** 10 }, new Float32Array(2 ** 10)));
    expect(error.code).toBe("OUT_OF_MEMORY");
    expect(error.message).toMatch(/1024 × 1024 dataset/);
    expect(error.message).toMatch(/4\.\d\d MiB/);
    expect(error.message).toMatch(/2\.00 MiB/);
    expect(engine.bytes).toBe(before);
    small.dispose();
    expect(fingerprint(engine)).toBe(healthy);
  });

  it("grows up to its limit, not past it", () => {
    const engine = createEngine({ maxBytes: 2 ** 22 });
    const data = new Float32Array(2 ** 14).fill(0.1);
    const kept: Dataset[] = [];
    const error = errorOf(() => {
      for (;;) kept.push(engine.dataset({ data, rows: 2 ** 7, cols: 2 ** 7 }, new Float32Array(2 ** 7)));
    });
    expect(error.code).toBe("OUT_OF_MEMORY");
    expect(engine.bytes).toBeLessThanOrEqual(2 ** 22);
    expect(engine.bytes).toBeGreaterThan(2 ** 21);
    for (const dataset of kept) dataset.dispose();
    expect(engine.bytes).toBe(0);
    expect(fingerprint(engine)).toBe(healthy);
  });

  /** Lets allocation number `allowed` and all later ones fail while `act` runs; true when act came through. */
  function starve(engine: Engine, dataset: Dataset, allowed: number, act: () => unknown): boolean {
    const { arena } = dataset.core;
    const take = arena.take;
    let count = 0;
    arena.take = function (bytes, what) {
      if (count++ >= allowed) throw new BitcenterError("OUT_OF_MEMORY", `out of memory: ${what}`);
      return take.call(this, bytes, what);
    };
    try {
      act();
      return true;
    } catch (error) {
      expect(error, `${error}`).toBeInstanceOf(BitcenterError);
      expect((error as BitcenterError).code).toBe("OUT_OF_MEMORY");
      return false;
    } finally {
      arena.take = take;
      expect(engine.bytes).toBeGreaterThanOrEqual(0);
    }
  }

  /** Every allocation of `act` fails once; afterwards `engine.bytes` is what it was. */
  function failEverywhere(engine: Engine, key: Dataset, act: () => void): number {
    const before = engine.bytes;
    let allowed = 0;
    while (!starve(engine, key, allowed, act)) {
      expect(engine.bytes, `allocation ${allowed} failed`).toBe(before);
      allowed++;
      expect(allowed).toBeLessThan(200);
    }
    expect(engine.bytes).toBe(before);
    return allowed;
  }

  it("at any allocation of a dataset frees what was built so far", () => {
    const engine = createEngine();
    const key = engine.dataset([[1]], [1]);
    const inputs = [
      rowsOf(),
      { data: Int16Array.from(flat(), (x) => 999 * x), rows: ROWS, cols: COLS },
      rowsOf().map((row) => row.map((x) => Math.round(9 * x))),
    ];
    for (const input of inputs) {
      for (const exact of ["auto", "rounded16"] as const) {
        const sampleWeight = targets().map(Math.abs);
        const count = failEverywhere(engine, key, () =>
          engine.dataset(input, targets(), { exact, sampleWeight }).dispose(),
        );
        expect(count).toBeGreaterThan(3);
      }
    }
    expect(fingerprint(engine)).toBe(healthy);
  });

  it("at any allocation of a problem, a plane or a solver frees what was built so far", () => {
    for (const exact of ["auto", "rounded16"] as const) {
      const engine = createEngine();
      const key = engine.dataset([[1]], [1]);
      const rows = rowsOf();
      (rows[3] as number[])[1] = 1e4; // so that robust clipping looks
      const dataset = engine.dataset(rows, targets(), { exact });
      const labelled = engine.dataset(rows, binary(), { exact });
      failEverywhere(engine, key, () => engine.problem(dataset, { loss: "squared", l2: 0.1 }).dispose());
      for (const [kind, intercept] of [
        ["codes", true],
        ["codes", false],
        ["float32", true],
        ["float32", false],
      ] as const) {
        const before = engine.bytes;
        const told = dataset.bytes;
        for (let allowed = 0; !starve(engine, key, allowed, () => finish(dataset.plane(kind, intercept))); allowed++) {
          expect(engine.bytes).toBe(before);
          expect(dataset.bytes).toBe(told);
        }
      }
      for (const fitIntercept of [true, false]) {
        const problem = engine.problem(dataset, { loss: "squared", l2: 0.1, fitIntercept });
        failEverywhere(engine, key, () => problem.evaluate(zeros()));
        failEverywhere(engine, key, () => problem.margins(zeros()));
        for (const solver of Object.values(SOLVERS)) {
          failEverywhere(engine, key, () => {
            // the flush interval needs scratch memory once per problem: a fresh one each time
            const fresh = engine.problem(dataset, { loss: "squared", l2: 0.1, fitIntercept });
            try {
              for (const _ of solver(fresh, wrong({ outerSteps: 2 })));
            } finally {
              fresh.dispose();
            }
          });
        }
        // a Newton run allocates at every outer step: wherever it fails, nothing stays behind
        failEverywhere(engine, key, () => {
          for (const _ of auto(problem, { outerSteps: 2 }));
        });
        problem.dispose();
        finish(labelled.plane("codes", fitIntercept)); // codes stay with their dataset
        const hinge = engine.problem(labelled, { loss: "hinge", l2: 0.1, fitIntercept });
        failEverywhere(engine, key, () => {
          for (const _ of auto(hinge, { outerSteps: 2 }));
        });
        hinge.dispose();
      }
      dataset.dispose();
      labelled.dispose();
      key.dispose();
      expect(engine.bytes).toBe(0);
      expect(fingerprint(engine)).toBe(healthy);
    }
  });

  it("frees nothing twice", () => {
    const engine = createEngine();
    const key = engine.dataset([[1]], [1]);
    const before = engine.bytes;
    const scope = new Scope(key.core);
    const pointer = scope.alloc(100, "a test");
    scope.free(pointer);
    scope.free(pointer);
    scope.release();
    scope.release();
    key.core.arena.free(0);
    key.core.arena.free(pointer);
    expect(engine.bytes).toBe(before);
  });
});

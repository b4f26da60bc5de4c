// npm run bench:sparse [-- --data DIR] [-- --out FILE] [-- --rounds N]
// Sparse rows against the same rows forced to be dense, trained by `auto` in turn: Reuters (tf-idf of rows of unit length, 8315 columns), and n-grams of the speeches of tinyshakespeare in
// 55,000 columns, as counts and as tf-idf. Dense rows of 55,000 columns have to fit into linear memory of 4 GiB: all speeches do as counts, which are bytes (400 MB); of tf-idf, float64 with
// codes, the first 2000 speeches do (1 GB). Data are looked for in --data (default ../shared/data); what is absent is skipped. Written to bench/results/sparse.json.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { auto, createEngine, type LossName, type SparseMatrix } from "../bindings/index.js";
import { median } from "../reproduce/measures.js";
import { environment } from "./rounds.js";
import { sparseTable } from "./sparse-report.js";
import type { SparseCase, SparseResults } from "./sparse-results.js";

const { values: args } = parseArgs({
  options: {
    data: { type: "string", default: "../shared/data" },
    out: { type: "string", default: "bench/results/sparse.json" },
    rounds: { type: "string", default: "3" },
  },
});
const ROUNDS = Number(args.rounds);
const COLUMNS = 55_000;
/** A loss of the two storages may differ by twice what `auto` leaves, tol² = 1e-12, with some margin: its gap is an estimate. */
const MOST_DIFFERENCE = 1e-11;

interface TextSet {
  readonly name: string;
  readonly X: SparseMatrix;
  readonly labels: Float64Array;
}

// ---- sets ------------------------------------------------------------------------------------------------------------

const text = (path: string): string => gunzipSync(readFileSync(join(args.data, path))).toString();

/** LIBSVM lines: a label, then column:value with columns from 1. */
function reuters(): TextSet {
  const lines = text("libsvm/reuters_money-fx.gz").trim().split("\n");
  const indptr = [0];
  const indices: number[] = [];
  const values: number[] = [];
  const labels = lines.map((line) => {
    const [label, ...entries] = line.split(" ");
    for (const entry of entries) {
      const [column, value] = entry.split(":") as [string, string];
      indices.push(Number(column) - 1);
      values.push(Number(value));
    }
    indptr.push(values.length);
    return Number(label);
  });
  const cols = indices.reduce((top, column) => Math.max(top, column + 1), 0);
  const X = {
    data: Float64Array.from(values),
    indices: Int32Array.from(indices),
    indptr: Int32Array.from(indptr),
    rows: lines.length,
    cols,
  };
  return { name: "Reuters money-fx", X, labels: Float64Array.from(labels) };
}

/** Words and sequences of 3 to 5 letters, counted; the most frequent ones are the columns. The label: whether a speech asks something (question marks are not among the letters). */
function speeches(): TextSet {
  const all = text("text/tinyshakespeare.txt.gz")
    .split("\n\n")
    .map((speech) => speech.slice(speech.indexOf("\n") + 1).toLowerCase())
    .filter((speech) => speech.length > 0);
  const counted = all.map((speech) => {
    const letters = speech.replace(/[^a-z' ]+/g, " ");
    const counts = new Map<string, number>();
    const add = (gram: string): void => {
      counts.set(gram, (counts.get(gram) ?? 0) + 1);
    };
    for (const word of letters.split(/\s+/)) if (word !== "") add(`=${word}`);
    for (let n = 3; n <= 5; n++) for (let i = 0; i + n <= letters.length; i++) add(letters.slice(i, i + n));
    return counts;
  });
  const totals = new Map<string, number>();
  for (const counts of counted) for (const gram of counts.keys()) totals.set(gram, (totals.get(gram) ?? 0) + 1);
  const chosen = [...totals].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, COLUMNS);
  const columnOf = new Map(chosen.map(([gram], j) => [gram, j]));
  const indptr = [0];
  const indices: number[] = [];
  const values: number[] = [];
  for (const counts of counted) {
    const row = [...counts].flatMap(([gram, count]): [number, number][] => {
      const column = columnOf.get(gram);
      return column === undefined ? [] : [[column, count]];
    });
    for (const [column, count] of row.sort(([a], [b]) => a - b)) {
      indices.push(column);
      values.push(count);
    }
    indptr.push(values.length);
  }
  const X = {
    data: Uint8Array.from(values),
    indices: Int32Array.from(indices),
    indptr: Int32Array.from(indptr),
    rows: all.length,
    cols: COLUMNS,
  };
  return { name: "n-grams, counts", X, labels: Float64Array.from(all, (speech) => Number(speech.includes("?"))) };
}

/** log(1 + count)·log(rows/rows with the column), of the first rows. */
function inverseFrequencies({ X, labels }: TextSet, rows: number): TextSet {
  const end = X.indptr[rows] as number;
  const seen = new Float64Array(X.cols);
  for (const column of X.indices) seen[column] = (seen[column] as number) + 1;
  const data = Float64Array.from({ length: end }, (_, e) => {
    const rarity = Math.log((1 + X.rows) / (seen[X.indices[e] as number] as number));
    return Math.log(1 + (X.data[e] as number)) * rarity;
  });
  const part = { data, indices: X.indices.slice(0, end), indptr: X.indptr.slice(0, rows + 1), rows, cols: X.cols };
  return { name: `n-grams, tf-idf, ${rows} speeches`, X: part, labels: labels.slice(0, rows) };
}

// ---- runs ------------------------------------------------------------------------------------------------------------

interface Run {
  readonly load: number;
  readonly fit: number;
  readonly objective: number;
  readonly zero: number;
  readonly bytes: number;
  readonly exact: string;
  readonly isConverged: boolean;
}

function train({ X, labels }: TextSet, loss: LossName, l2: number, storage: "dense" | "sparse"): Run {
  const engine = createEngine();
  try {
    const start = performance.now();
    const dataset = engine.dataset(X, labels, { storage });
    const problem = engine.problem(dataset, { loss, l2 });
    const loaded = performance.now();
    const reports = [...auto(problem)];
    const done = performance.now();
    const [first, report] = [reports[0], reports.at(-1)];
    if (first === undefined || report === undefined) throw new Error("no report");
    const { objective, isConverged } = report;
    const { bytes, exact } = dataset;
    return {
      load: (loaded - start) / 1000,
      fit: (done - loaded) / 1000,
      objective,
      zero: first.objective,
      bytes,
      exact,
      isConverged,
    };
  } finally {
    engine.dispose();
  }
}

/** Bytes of a value with its code. */
const VALUE_BYTES: Readonly<Record<string, number>> = {
  int8: 1,
  uint8: 1,
  table8: 1,
  int16: 3,
  table16: 3,
  float32: 5,
  float64: 9,
};

function compare(set: TextSet, loss: LossName, l2: number): SparseCase {
  const { rows, cols, data } = set.X;
  const runs: { sparse: Run; dense: Run }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    runs.push({ sparse: train(set, loss, l2, "sparse"), dense: train(set, loss, l2, "dense") });
  }
  const { sparse, dense } = runs[0] as { sparse: Run; dense: Run };
  const difference = Math.abs(sparse.objective - dense.objective) / (sparse.zero - sparse.objective);
  if (!sparse.isConverged || !dense.isConverged || !(difference <= MOST_DIFFERENCE)) {
    throw new Error(`${set.name}, ${loss}: the optima differ by ${difference} of what training gains`);
  }
  const both = (value: (run: Run) => number): { sparse: number; dense: number } => ({
    sparse: median(runs.map((run) => value(run.sparse))),
    dense: median(runs.map((run) => value(run.dense))),
  });
  const found: SparseCase = {
    name: set.name,
    loss,
    rows,
    cols,
    entries: data.length,
    exact: { sparse: sparse.exact, dense: dense.exact },
    bytes: { sparse: sparse.bytes, dense: dense.bytes },
    bytesPerEntry: { all: sparse.bytes / data.length - 4, values: VALUE_BYTES[sparse.exact] as number },
    load: both((run) => run.load),
    fit: both((run) => run.fit),
    difference,
  };
  console.log(
    sparseTable({ cases: [found] })
      .split("\n")
      .at(-1),
  );
  return found;
}

const cases: SparseCase[] = [];
const LOSSES: readonly LossName[] = ["logistic", "squaredHinge"];
const has = (path: string): boolean => {
  const isThere = existsSync(join(args.data, path));
  if (!isThere) console.log(`skipped: ${path} is not in ${args.data}; the rest is unaffected`);
  return isThere;
};
if (has("libsvm/reuters_money-fx.gz")) {
  const set = reuters();
  for (const loss of LOSSES) cases.push(compare(set, loss, 1e-4));
}
if (has("text/tinyshakespeare.txt.gz")) {
  const counts = speeches();
  for (const loss of LOSSES) cases.push(compare(counts, loss, 1e-1));
  cases.push(compare(inverseFrequencies(counts, 2000), "logistic", 1e-1));
}
if (cases.length > 0) {
  console.log(`\n${sparseTable({ cases })}`);
  mkdirSync(dirname(args.out), { recursive: true });
  const results: SparseResults = { environment: environment(createEngine().variant), rounds: ROUNDS, cases };
  writeFileSync(args.out, `${JSON.stringify(results, null, 2)}\n`);
}

// The sets of the time-to-objective benchmark: read from files or drawn from a seed, and handed over to the competitors' processes.
// All have a last column of ones in place of an intercept, regularised like the others, so that every competitor minimises the same
//   F(w) = 1/n Σ loss(w·xᵢ, yᵢ) + l2/2 ‖w‖²
import { closeSync, existsSync, openSync, readFileSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { readLibsvm, type Table } from "../reproduce/libsvm.js";
import { Draws } from "../reproduce/random.js";
import { mnist } from "../reproduce/tasks.js";

export type SetLoss = "softmax" | "logistic" | "squared";

export interface SetFacts {
  readonly name: string;
  readonly description: string;
  readonly rows: number;
  /** The column of ones included. */
  readonly cols: number;
  /** Classes for softmax, else 1. */
  readonly outputs: number;
  readonly loss: SetLoss;
  /** For `values`. */
  readonly l2: number;
  /** Raw value that is 1 in `values`: the column of ones holds it. */
  readonly top: number;
  /** Share of values that are not 0. */
  readonly density: number;
}

export interface BenchSet extends SetFacts {
  /** As a user has them in memory: bytes where the data are bytes. */
  readonly raw: Float32Array | Uint8Array;
  /** raw/top: what float32 competitors see. */
  readonly values: Float32Array;
  /** 0 … outputs − 1 for softmax, ±1 for logistic, real for squared. */
  readonly labels: Float64Array;
}

/** Strength of the regulariser of every set. */
const L2 = 1e-4;

export const SET_NAMES = ["digits", "mnist", "a9a", "ijcnn1", "cadata", "cpusmall", "dense", "long", "ill"] as const;
export type SetName = (typeof SET_NAMES)[number];
/** Those of --quick. */
export const QUICK_SETS: readonly SetName[] = ["digits", "a9a", "ijcnn1", "cpusmall", "dense", "long", "ill"];

/** The file or folder under --data that a set is read from; null: drawn from a seed. */
const SOURCES: Record<SetName, string | null> = {
  digits: "csv/digits.csv.gz",
  mnist: "idx/mnist",
  a9a: "libsvm/a9a.gz",
  ijcnn1: "libsvm/ijcnn1.gz",
  cadata: "libsvm/cadata.gz",
  cpusmall: "libsvm/cpusmall.gz",
  dense: null,
  long: null,
  ill: null,
};

/** Where the set would be read from when that is absent; null: it can be loaded. */
export function missingSource(name: SetName, folder: string): string | null {
  const source = SOURCES[name];
  if (source === null) return null;
  const path = join(folder, source);
  return existsSync(path) ? null : path;
}

function densityOf(values: Float32Array): number {
  let count = 0;
  for (let at = 0; at < values.length; at++) if (values[at] !== 0) count++;
  return count / values.length;
}

function finish(name: SetName, description: string, loss: SetLoss, table: Table, top = 1): BenchSet {
  const { raw, labels, rows, cols } = table;
  for (let i = 0; i < rows; i++) raw[i * cols + cols - 1] = top;
  const values = raw instanceof Float32Array ? raw : Float32Array.from(raw, (value) => value / top);
  const outputs = loss === "softmax" ? new Set(labels).size : 1;
  const density = densityOf(values);
  return { name, description, rows, cols, outputs, loss, l2: L2, top, density, raw, values, labels };
}

/** The same bytes with one more column. */
function widen(data: Uint8Array, rows: number, cols: number): Uint8Array {
  const wide = new Uint8Array(rows * (cols + 1));
  for (let i = 0; i < rows; i++) wide.set(data.subarray(i * cols, (i + 1) * cols), i * (cols + 1));
  return wide;
}

function digits(path: string): BenchSet {
  const lines = gunzipSync(readFileSync(path)).toString().trim().split("\n");
  const table = lines.map((line) => line.split(",").map(Number));
  const [rows, cols] = [table.length, (table[0] as number[]).length - 1];
  const data = Uint8Array.from(table.flatMap((row) => row.slice(0, cols)));
  const labels = Float64Array.from(table, (row) => row[cols] as number);
  const raw = widen(data, rows, cols);
  return finish("digits", "8 × 8 digits (UCI), bytes", "softmax", { raw, labels, rows, cols: cols + 1 }, 16);
}

function mnistImages(folder: string): BenchSet {
  const { data, labels, rows, cols } = mnist(folder, false).train;
  const raw = widen(data as Uint8Array, rows, cols);
  const table = { raw, labels: Float64Array.from(labels), rows, cols: cols + 1 };
  return finish("mnist", "MNIST's training images, bytes", "softmax", table, 255);
}

/** Rows with room for the column of ones. */
const libsvm = (path: string, makeRaw: (length: number) => Float32Array | Uint8Array): Table =>
  readLibsvm(gunzipSync(readFileSync(path)).toString(), makeRaw, 1);

/** Mean 0 and variance 1, targets too: float32 competitors could do nothing with columns in the millions. */
function standardise({ raw, labels, rows, cols }: Table): Table {
  const scaled = (get: (i: number) => number): Float64Array => {
    const column = Float64Array.from({ length: rows }, (_, i) => get(i));
    const mean = column.reduce((sum, x) => sum + x, 0) / rows;
    const deviation = Math.sqrt(column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / rows) || 1;
    return column.map((x) => (x - mean) / deviation);
  };
  for (let j = 0; j < cols - 1; j++) {
    const column = scaled((i) => raw[i * cols + j] as number);
    for (let i = 0; i < rows; i++) raw[i * cols + j] = column[i] as number;
  }
  return { raw, labels: scaled((i) => labels[i] as number), rows, cols };
}

// --- drawn from a seed ---

/** Normal numbers by Box–Muller, as these sets have always been drawn. */
class Random extends Draws {
  #spare = Number.NaN;

  override normal(): number {
    const spare = this.#spare;
    if (!Number.isNaN(spare)) {
      this.#spare = Number.NaN;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}

const RHO = 0.9;

/** Neighbouring columns correlate by RHO; ±1 labels from a linear model with logistic noise. */
function correlated(name: SetName, rows: number, inputs: number, seed: number): BenchSet {
  const random = new Random(seed);
  const cols = inputs + 1;
  const raw = new Float32Array(rows * cols);
  const labels = new Float64Array(rows);
  const truth = Float64Array.from({ length: inputs }, () => random.normal() / Math.sqrt(inputs));
  const fresh = Math.sqrt(1 - RHO * RHO);
  for (let i = 0; i < rows; i++) {
    let x = random.normal();
    let margin = 0;
    for (let j = 0; j < inputs; j++) {
      if (j > 0) x = RHO * x + fresh * random.normal();
      raw[i * cols + j] = x;
      margin += x * (truth[j] as number);
    }
    const u = random.uniform();
    labels[i] = margin + 0.5 * Math.log(u / (1 - u)) > 0 ? 1 : -1;
  }
  const description = `drawn: normal columns, neighbours correlated by ${RHO}; labels from a linear model with noise`;
  return finish(name, description, "logistic", { raw, labels, rows, cols });
}

const CONDITION = 1e6;
/** Smallest eigenvalue of the Hessian, l2 included. */
const LEAST_EIGENVALUE = 2 * L2;

/** Least squares whose Hessian's eigenvalues fall geometrically, in a random basis. */
function illConditioned(name: SetName, rows: number, inputs: number, seed: number): BenchSet {
  const random = new Random(seed);
  const cols = inputs + 1;
  // Householder reflections of a diagonal: x = D·normal, then reflected, has the covariance Q·D²·Qᵀ
  const reflections = Array.from({ length: 8 }, () => {
    const v = Float64Array.from({ length: inputs }, () => random.normal());
    const norm = Math.sqrt(v.reduce((sum, one) => sum + one * one, 0));
    return v.map((one) => one / norm);
  });
  const deviations = Float64Array.from({ length: inputs }, (_, k) =>
    Math.sqrt(LEAST_EIGENVALUE * CONDITION ** (1 - k / (inputs - 1)) - L2),
  );
  // every direction explains the same part of the targets: the flat ones matter as much as the steep ones
  const truth = Float64Array.from({ length: inputs }, () => random.normal() / Math.sqrt(inputs));
  const raw = new Float32Array(rows * cols);
  const labels = new Float64Array(rows);
  const x = new Float64Array(inputs);
  for (let i = 0; i < rows; i++) {
    let target = 0.1 * random.normal();
    for (let k = 0; k < inputs; k++) {
      const z = random.normal();
      target += z * (truth[k] as number);
      x[k] = z * (deviations[k] as number);
    }
    for (const v of reflections) {
      let dot = 0;
      for (let k = 0; k < inputs; k++) dot += (v[k] as number) * (x[k] as number);
      for (let k = 0; k < inputs; k++) x[k] = (x[k] as number) - 2 * dot * (v[k] as number);
    }
    raw.set(x, i * cols);
    labels[i] = target;
  }
  const description = `drawn: least squares, condition number of the Hessian ${CONDITION.toExponential(0)}`;
  return finish(name, description, "squared", { raw, labels, rows, cols });
}

/** `isSmall`: drawn sets with a tenth of their rows. The file must be there: see `missingSource`. */
export function loadSet(name: SetName, folder: string, isSmall: boolean): BenchSet {
  const path = join(folder, SOURCES[name] ?? "");
  const rows = (count: number): number => (isSmall ? count / 10 : count);
  const floats = (length: number): Float32Array => new Float32Array(length);
  const unit = "columns and targets scaled to mean 0 and variance 1, float32";
  switch (name) {
    case "digits":
      return digits(path);
    case "mnist":
      return mnistImages(path);
    case "a9a": {
      const table = libsvm(path, (length) => new Uint8Array(length));
      return finish(name, "Adult (UCI), binary columns, bytes", "logistic", table);
    }
    case "ijcnn1":
      return finish(name, "IJCNN 2001 challenge, float32", "logistic", libsvm(path, floats));
    case "cadata":
      return finish(name, `Californian houses (StatLib): ${unit}`, "squared", standardise(libsvm(path, floats)));
    case "cpusmall":
      return finish(name, `Computer activity (DELVE): ${unit}`, "squared", standardise(libsvm(path, floats)));
    case "dense":
      return correlated(name, rows(100_000), 512, 1);
    case "long":
      return correlated(name, rows(1_000_000), 128, 2);
    case "ill":
      return illConditioned(name, rows(20_000), 100, 3);
  }
}

// --- to the competitors' processes ---

/** set.json, values.f32, labels.f64 and, where the raw data are bytes, raw.u8. */
export function writeSet(folder: string, set: BenchSet): void {
  const { raw, values, labels, ...facts } = set;
  writeFileSync(join(folder, "set.json"), JSON.stringify(facts));
  writeFileSync(join(folder, "values.f32"), new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  writeFileSync(join(folder, "labels.f64"), new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength));
  if (raw instanceof Uint8Array) writeFileSync(join(folder, "raw.u8"), raw);
}

function fill<T extends Float32Array | Float64Array | Uint8Array>(path: string, into: T): T {
  const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
  const file = openSync(path, "r");
  try {
    for (let at = 0; at < bytes.length; ) {
      const count = readSync(file, bytes, at, Math.min(bytes.length - at, 1 << 28), at);
      if (count === 0) throw new Error(`${path} ends after ${at} of ${bytes.length} bytes`);
      at += count;
    }
  } finally {
    closeSync(file);
  }
  return into;
}

export function readSet(folder: string): BenchSet {
  const facts = JSON.parse(readFileSync(join(folder, "set.json"), "utf8")) as SetFacts;
  const length = facts.rows * facts.cols;
  const values = fill(join(folder, "values.f32"), new Float32Array(length));
  const labels = fill(join(folder, "labels.f64"), new Float64Array(facts.rows));
  const bytes = join(folder, "raw.u8");
  return { ...facts, values, labels, raw: existsSync(bytes) ? fill(bytes, new Uint8Array(length)) : values };
}

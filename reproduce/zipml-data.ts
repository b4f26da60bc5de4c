// The data of `npm run reproduce:zipml`: drawn from a seed, or read from a folder where it is there. Rows are in unit coordinates: columns within ±1.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { renderDigits } from "./digits.js";
import { readLibsvm, type Table } from "./libsvm.js";
import { Draws, exponential } from "./random.js";
import { mnist, type Rows } from "./tasks.js";
import type { Distribution, StudySet } from "./zipml-studies.js";

/** Something that could not be studied, and why. */
export interface Missing {
  readonly name: string;
  /** Where it would have been. */
  readonly path: string;
}

/** Columns to mean 0 and largest magnitude 1, targets to mean 0 and variance 1: no intercept is needed then, and the rows are unit values as they stand. */
function toUnit(name: string, description: string, { raw, labels, rows, cols }: Table): StudySet {
  const data = new Float32Array(rows * cols);
  for (let j = 0; j < cols; j++) {
    let mean = 0;
    for (let i = 0; i < rows; i++) mean += (raw[i * cols + j] as number) / rows;
    let reach = 0;
    for (let i = 0; i < rows; i++) reach = Math.max(reach, Math.abs((raw[i * cols + j] as number) - mean));
    for (let i = 0; i < rows; i++) data[i * cols + j] = ((raw[i * cols + j] as number) - mean) / (reach || 1);
  }
  const mean = labels.reduce((sum, y) => sum + y, 0) / rows;
  const deviation = Math.sqrt(labels.reduce((sum, y) => sum + (y - mean) ** 2, 0) / rows) || 1;
  return { name, description, data, labels: labels.map((y) => (y - mean) / deviation), rows, cols };
}

const CONDITION = 10;
/** Standard deviation of the targets' noise, that of what the columns explain being 1. */
const NOISE = 0.1;

/** Normal columns in a random basis whose covariance has eigenvalues from 1 down to 1/CONDITION; targets with a little noise. */
export function gaussian(seed: number, isQuick: boolean): StudySet {
  const [rows, cols] = [isQuick ? 2000 : 10_000, 100];
  const draws = new Draws(seed + 1);
  const normals = (): Float64Array => Float64Array.from({ length: cols }, () => draws.normal());
  const reflections = Array.from({ length: 8 }, () => {
    const v = normals();
    const length = Math.sqrt(v.reduce((sum, one) => sum + one * one, 0));
    return v.map((one) => one / length);
  });
  // CONDITION^(−1/(cols − 1)) per column, without a power of the host
  const fall = exponential(-2.302585092994046 / (cols - 1));
  const deviations = Float64Array.from({ length: cols }, () => 1);
  for (let k = 1; k < cols; k++) deviations[k] = (deviations[k - 1] as number) * Math.sqrt(fall);
  const truth = normals();
  const explained = Math.sqrt(truth.reduce((sum, w, k) => sum + (w * (deviations[k] as number)) ** 2, 0));
  const raw = new Float32Array(rows * cols);
  const labels = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const x = normals().map((z, k) => z * (deviations[k] as number));
    labels[i] = x.reduce((sum, z, k) => sum + z * (truth[k] as number), 0) / explained + NOISE * draws.normal();
    for (const v of reflections) {
      const dot = x.reduce((sum, z, k) => sum + z * (v[k] as number), 0);
      for (let k = 0; k < cols; k++) x[k] = (x[k] as number) - 2 * dot * (v[k] as number);
    }
    raw.set(x, i * cols);
  }
  const description = `Drawn: normal columns, covariance with eigenvalues from 1 to 1/${CONDITION}, targets with noise of ${NOISE} times what the columns explain`;
  return toUnit("Gaussian regression", description, { raw, labels, rows, cols });
}

/** Real regressions: LIBSVM files under the folder. */
const FILES = [
  { name: "cadata", file: "libsvm/cadata.gz", what: "Californian houses (StatLib), columns scaled" },
  { name: "cpusmall", file: "libsvm/cpusmall.gz", what: "Computer activity (DELVE), columns scaled" },
] as const;
/** Rows of --quick. */
const QUICK_ROWS = 2000;

/** Evenly spaced rows: the files may be sorted. */
function some({ raw, labels, rows, cols }: Table, most: number): Table {
  if (rows <= most) return { raw, labels, rows, cols };
  const kept = new Float32Array(most * cols);
  const keptLabels = new Float64Array(most);
  for (let i = 0; i < most; i++) {
    const row = Math.floor((i * rows) / most);
    kept.set(raw.subarray(row * cols, (row + 1) * cols), i * cols);
    keptLabels[i] = labels[row] as number;
  }
  return { raw: kept, labels: keptLabels, rows: most, cols };
}

export function realRegressions(folder: string, isQuick: boolean): { sets: StudySet[]; missing: Missing[] } {
  const sets: StudySet[] = [];
  const missing: Missing[] = [];
  for (const { name, file, what } of FILES) {
    const path = join(folder, file);
    if (!existsSync(path)) {
      missing.push({ name, path });
      continue;
    }
    const table = readLibsvm(gunzipSync(readFileSync(path)).toString(), (length) => new Float32Array(length));
    sets.push(toUnit(name, what, some(table, isQuick ? QUICK_ROWS : Number.POSITIVE_INFINITY)));
  }
  return { sets, missing };
}

/** Two classes with logistic noise: normal columns, margins of standard deviation `spread`. */
export function twoClasses(seed: number, isQuick: boolean, spread: number): StudySet {
  const [rows, cols] = [isQuick ? 2000 : 10_000, 100];
  const draws = new Draws(seed + 2);
  const raw = Float32Array.from({ length: rows * cols }, () => draws.normal());
  const truth = Float64Array.from({ length: cols }, () => (spread * draws.normal()) / Math.sqrt(cols));
  const labels = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let margin = 0;
    for (let j = 0; j < cols; j++) margin += (raw[i * cols + j] as number) * (truth[j] as number);
    labels[i] = draws.uniform() < 1 / (1 + exponential(-margin)) ? 1 : -1;
  }
  const set = toUnit("Two classes", `Drawn: normal columns, margins of standard deviation ${spread}, logistic noise`, {
    raw,
    labels,
    rows,
    cols,
  });
  return { ...set, labels };
}

/** Uniform columns and a model whose margins have standard deviation `spread`; labels are the signs of noisy margins. */
export function uniformColumns(seed: number, isQuick: boolean, spread: number): StudySet & { truth: Float64Array } {
  const [rows, cols] = [isQuick ? 2000 : 10_000, 100];
  const draws = new Draws(seed + 3);
  const data = Float32Array.from({ length: rows * cols }, () => 2 * draws.uniform() - 1);
  const direction = Float64Array.from({ length: cols }, () => draws.normal());
  // a uniform number on ±1 has variance 1/3
  const length = Math.sqrt(direction.reduce((sum, w) => sum + w * w, 0) / 3);
  const truth = direction.map((w) => (spread * w) / length);
  const labels = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let margin = 0;
    for (let j = 0; j < cols; j++) margin += (data[i * cols + j] as number) * (truth[j] as number);
    labels[i] = draws.uniform() < 1 / (1 + exponential(-margin)) ? 1 : -1;
  }
  const description = `Drawn: uniform columns, margins of standard deviation ${spread}, logistic noise`;
  return { name: "Uniform columns", description, data, labels, rows, cols, truth };
}

/** Rows enough to be read from memory rather than from a private cache, 256 uniform columns: no format of codes pads them. */
export function wide(seed: number, isQuick: boolean): StudySet {
  const [rows, cols] = [isQuick ? 8000 : 60_000, 256];
  const draws = new Draws(seed + 5);
  const truth = Float64Array.from({ length: cols }, () => draws.normal());
  const raw = new Float32Array(rows * cols);
  const labels = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let target = 0;
    for (let j = 0; j < cols; j++) {
      const x = 2 * draws.uniform() - 1;
      raw[i * cols + j] = x;
      target += x * (truth[j] as number);
    }
    // a uniform number on ±1 has variance 1/3
    labels[i] = target + NOISE * Math.sqrt(cols / 3) * draws.normal();
  }
  return toUnit("Wide regression", "Drawn: uniform columns, targets with noise", { raw, labels, rows, cols });
}

/** MNIST's files under the folder, or where they would be. */
export function handwritten(folder: string): { train: Rows; test: Rows } | Missing {
  const path = join(folder, "idx/mnist");
  if (!existsSync(path)) return { name: "MNIST", path };
  const { train, test } = mnist(path, false);
  return { train, test: test as Rows };
}

function pixels({ data }: Pick<Rows, "data">, count: number, draws: Draws): Float64Array {
  return Float64Array.from({ length: count }, () => (data[Math.floor(draws.uniform() * data.length)] as number) / 255);
}

/** Numbers whose levels are compared. Pixels are those of the digits that the program draws and, where they are there, of MNIST. */
export function distributions(seed: number, isQuick: boolean, images: Rows | null): Distribution[] {
  const count = isQuick ? 10_000 : 50_000;
  const draws = new Draws(seed + 4);
  const drawn = (name: string, draw: () => number): Distribution => ({
    name,
    values: Float64Array.from({ length: count }, draw),
  });
  const all = [
    drawn("normal", () => draws.normal()),
    drawn("Laplace", () => draws.laplace()),
    drawn("Student t, 3 degrees", () => draws.t3()),
    drawn("log-normal", () => draws.logNormal()),
    drawn("uniform", () => draws.uniform()),
    { name: "pixels, drawn digits", values: pixels(renderDigits(isQuick ? 100 : 1000, seed + 20250), count, draws) },
  ];
  return images === null ? all : [...all, { name: "pixels, MNIST", values: pixels(images, count, draws) }];
}

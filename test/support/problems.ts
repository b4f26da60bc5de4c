// Random problems of every kind that users bring, for the solvers that promise to solve them all: condition numbers 1 to 1e6, l2 from 1e-8 to 1e-1, five laws
// of features, column scales over six decades, label noise from faint to strong, with and without an intercept.
import type { LossName } from "../../bindings/index.js";
import { Dice } from "./random.js";

export interface RandomProblem {
  readonly name: string;
  readonly data: Float32Array;
  readonly rows: number;
  readonly cols: number;
  readonly labels: Float64Array;
  readonly loss: LossName;
  readonly l2: number;
  readonly classes: number;
  readonly fitIntercept: boolean;
}

const KINDS = ["squared", "logistic", "softmax", "squaredHinge"] as const;
const LAWS = ["gauss", "lognorm", "binary", "uniform", "t3"] as const;
/** Reflections that mix the columns: enough for condition numbers to show in every column. */
const REFLECTIONS = 30;

export interface Limits {
  /** log10 of the number of rows and of columns, least and most. */
  readonly rows: readonly [number, number];
  readonly cols: readonly [number, number];
}

/** As wide as the published tables: 316 to 20,000 rows, 6 to 250 columns. */
export const WIDE: Limits = { rows: [2.5, 4.3], cols: [0.8, 2.4] };

function column(data: Float64Array, rows: number, cols: number, j: number): { mean: number; deviation: number } {
  let mean = 0;
  for (let i = 0; i < rows; i++) mean += data[i * cols + j] as number;
  mean /= rows;
  let squares = 0;
  for (let i = 0; i < rows; i++) squares += ((data[i * cols + j] as number) - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / rows) };
}

/** Problem number `index`; null when a class came out empty. The loss goes round with the index. */
export function randomProblem(index: number, limits: Limits = WIDE): RandomProblem | null {
  const dice = new Dice(9000 + index);
  const between = (low: number, high: number): number => low + (high - low) * dice.uniform();
  const rows = Math.floor(10 ** between(...limits.rows));
  const cols = Math.floor(10 ** between(...limits.cols));
  const loss = KINDS[index % KINDS.length] as (typeof KINDS)[number];
  const classes = loss === "softmax" ? 3 + dice.below(5) : 1;
  const condition = 10 ** between(0, 6);
  const strength = 10 ** between(-8, -1);
  const law = dice.pick(LAWS);
  const fitIntercept = dice.below(2) === 1;
  const spread = between(0, 3);
  const noise = 10 ** between(-1.5, 0.3);

  const mirrors = Array.from({ length: Math.min(cols, REFLECTIONS) }, () => {
    const mirror = Float64Array.from({ length: cols }, () => dice.normal());
    const length = Math.sqrt(mirror.reduce((sum, x) => sum + x * x, 0));
    return mirror.map((x) => x / length);
  });
  const spectrum = Float64Array.from({ length: cols }, (_, j) => condition ** (cols > 1 ? (-0.5 * j) / (cols - 1) : 0));
  const data = new Float64Array(rows * cols);
  for (let i = 0; i < rows; i++) {
    const row = data.subarray(i * cols, (i + 1) * cols);
    for (let j = 0; j < cols; j++) row[j] = dice.normal() * (spectrum[j] as number);
    for (const mirror of mirrors) {
      let along = 0;
      for (let j = 0; j < cols; j++) along += (mirror[j] as number) * (row[j] as number);
      for (let j = 0; j < cols; j++) row[j] = (row[j] as number) - 2 * along * (mirror[j] as number);
    }
  }
  const stretch = Float64Array.from({ length: cols }, () => 10 ** between(-spread, spread));
  const deviations = Float64Array.from({ length: cols }, (_, j) => column(data, rows, cols, j).deviation);
  for (let i = 0; i < rows; i++) {
    const chi = law === "t3" ? Math.sqrt((dice.normal() ** 2 + dice.normal() ** 2 + dice.normal() ** 2) / 3) : 1;
    for (let j = 0; j < cols; j++) {
      const z = (data[i * cols + j] as number) / (deviations[j] as number);
      const x =
        law === "lognorm"
          ? Math.exp(z)
          : law === "binary"
            ? Number(z > 1.5)
            : law === "uniform"
              ? Math.abs(z) % 1
              : z / chi;
      data[i * cols + j] = Math.fround(x * (stretch[j] as number));
    }
  }
  const facts = Array.from({ length: cols }, (_, j) => column(data, rows, cols, j));
  const truth = Float64Array.from({ length: classes * cols }, () => dice.normal() / Math.sqrt(cols));
  const margins = new Float64Array(rows * classes);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < classes; k++) {
      let sum = 0;
      facts.forEach(({ mean, deviation }, j) => {
        const x = ((data[i * cols + j] as number) - mean) / (deviation + 1e-300);
        sum += (truth[k * cols + j] as number) * x;
      });
      margins[i * classes + k] = sum;
    }
  }
  const scale = Math.max(column(margins, margins.length, 1, 0).deviation, 1e-9);
  const labels = Float64Array.from({ length: rows }, (_, i) => {
    const own = margins.subarray(i * classes, (i + 1) * classes);
    const first = own[0] as number;
    if (loss === "squared") return first + noise * dice.normal();
    if (loss === "softmax") {
      const noisy = own.map((m) => m / scale - noise * Math.log(-Math.log(dice.uniform() + 2 ** -33)));
      return noisy.indexOf(Math.max(...noisy));
    }
    return first / scale + noise * dice.normal() > 0 ? 1 : -1;
  });
  if (loss !== "squared" && new Set(labels).size < Math.max(2, classes)) return null;
  const variances = facts.map(({ deviation }) => deviation ** 2).sort((a, b) => a - b);
  const l2 = strength * ((variances[variances.length >> 1] as number) + 1e-300);
  const name = `${index}: ${loss}${classes > 1 ? ` of ${classes}` : ""}, ${rows} × ${cols}, ${law}, condition ${condition.toExponential(0)}, l2 ${strength.toExponential(0)}, scales 10^±${spread.toFixed(1)}${fitIntercept ? ", intercept" : ""}`;
  return { name, data: Float32Array.from(data), rows, cols, labels, loss, l2, classes, fitIntercept };
}

export interface WildProblem {
  readonly name: string;
  readonly data: Float64Array | Float32Array | Uint8Array | Int16Array;
  readonly rows: number;
  readonly cols: number;
  /** 0 and 1, both of them. */
  readonly labels: Float64Array;
  readonly weights: Float64Array | null;
  readonly l2: number;
  readonly fitIntercept: boolean;
}

/**
 * Little problems that nobody has prepared: two rows to three hundred, fewer than columns or not; heavy tails, constant columns and duplicates, column
 * scales over four decades, bytes and shorts cut off at their limits; weights of 0 or over eight decades; l2 over eight decades.
 */
export function wildProblem(index: number): WildProblem {
  const dice = new Dice(index);
  const rows = 2 + dice.below(dice.pick([5, 30, 150, 300]));
  const cols = 1 + dice.below(dice.pick([2, 8, 30]));
  const law = dice.below(6);
  const scale = Float64Array.from({ length: cols }, () => (dice.below(2) ? 10 ** (4 * dice.uniform() - 2) : 1));
  const offset = Float64Array.from({ length: cols }, () => (dice.below(2) ? 3 * dice.normal() : 0));
  const kind = Array.from({ length: cols }, () => dice.below(12));
  const draw = [
    () => dice.normal(),
    () => Number(dice.uniform() < 0.2),
    () => dice.uniform(),
    () => dice.cauchy(),
    () => Math.round(2 * dice.normal()),
    () => Math.exp(dice.normal()),
  ][law] as () => number;
  const values = new Float64Array(rows * cols);
  values.forEach((_, i) => {
    const j = i % cols;
    const x = (draw() + (offset[j] as number)) * (scale[j] as number);
    const isCopy = kind[j] === 1 && j > 0;
    values[i] = kind[j] === 0 ? (offset[j] as number) : isCopy ? (values[i - 1] as number) : x;
  });
  const within = (low: number, high: number, x: number): number => Math.min(high, Math.max(low, x));
  const data = [
    values,
    Float32Array.from(values),
    Uint8Array.from(values, (x) => within(0, 255, 128 + 20 * x)),
    Int16Array.from(values, (x) => within(-32768, 32767, 100 * x)),
  ][dice.below(4)] as WildProblem["data"];
  const truth = Float64Array.from({ length: cols }, () => dice.normal());
  const noise = dice.pick([0, 0.3, 3]);
  const labels = Float64Array.from({ length: rows }, (_, i) => {
    let margin = noise * dice.normal();
    truth.forEach((w, j) => {
      margin += w * ((values[i * cols + j] as number) / (scale[j] as number) - (offset[j] as number));
    });
    return i < 2 ? i : Number(margin > 0);
  });
  const weighing = dice.below(4);
  const weights = Float64Array.from({ length: rows }, (_, i) =>
    weighing === 0 ? (i === 0 ? 1 : dice.below(3)) : 10 ** (8 * dice.uniform() - 4),
  );
  const l2 = 10 ** (8 * dice.uniform() - 7);
  const fitIntercept = dice.below(2) === 1;
  const name = `wild ${index}: ${data.constructor.name}, ${rows} × ${cols}, l2 ${l2.toExponential(0)}${weighing < 2 ? ", weights" : ""}${fitIntercept ? ", intercept" : ""}`;
  return { name, data, rows, cols, labels, weights: weighing < 2 ? weights : null, l2, fitIntercept };
}

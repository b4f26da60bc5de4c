// The two tasks of `npm start`, from a seed or from MNIST's files.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { BitcenterError, type LossName } from "../bindings/index.js";
import { isGzip, parseIdx } from "../bindings/io/index.js";
import { renderDigits } from "./digits.js";

export interface Rows {
  readonly data: Float32Array | Uint8Array;
  readonly labels: ArrayLike<number>;
  readonly rows: number;
  readonly cols: number;
}

export interface TaskInput {
  readonly name: string;
  readonly description: string;
  readonly train: Rows;
  readonly test: Rows | null;
  readonly loss: LossName;
  /** As the problem takes it, in the units of the raw columns. */
  readonly l2: number;
  /** As a reader thinks of it, for columns scaled to [0, 1]. */
  readonly l2Scaled: number;
  readonly fitIntercept: boolean;
  readonly outerSteps: number;
}

/** Uniform numbers in [0, 1) and nearly normal ones, with + − * / alone: the same on every engine. */
function generator(seed: number): { uniform: () => number; normal: () => number } {
  let state = (seed * 2654435761) >>> 0 || 1;
  const uniform = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  // twelve uniforms have variance 1
  const normal = (): number => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += uniform();
    return sum;
  };
  return { uniform, normal };
}

/**
 * The papers' synthetic task: n rows of normal columns, half of them informative with coefficients in [0, 100), unit noise, targets scaled to
 * variance 1. The noise matters: without it plain SGD converges as well.
 */
export function regression(seed: number, isQuick: boolean): TaskInput {
  const [rows, cols] = [1000, 100];
  const { uniform, normal } = generator(seed + 1);
  const coefficients = Array.from({ length: cols }, (_, j) => (j < cols / 2 ? 100 * uniform() : 0));
  const data = new Float32Array(rows * cols);
  const labels = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let target = normal();
    for (let j = 0; j < cols; j++) {
      const value = Math.fround(normal());
      data[i * cols + j] = value;
      target += value * (coefficients[j] as number);
    }
    labels[i] = target;
  }
  const mean = labels.reduce((sum, y) => sum + y, 0) / rows;
  const deviation = Math.sqrt(labels.reduce((sum, y) => sum + (y - mean) ** 2, 0) / rows);
  return {
    name: "Linear regression",
    description: `${rows} rows × ${cols} normal columns, half of them informative, with noise; no intercept`,
    train: { data, labels: labels.map((y) => y / deviation), rows, cols },
    test: null,
    loss: "squared",
    l2: 0,
    l2Scaled: 0,
    fitIntercept: false,
    outerSteps: isQuick ? 8 : 30,
  };
}

const PIXEL = 255;
/** λ for pixels in [0, 1]; a pixel is 255 of our units, and w·x must stay the same: l2 = λ·255². */
const DIGITS_L2 = 1e-2;

function digitsTask(name: string, description: string, train: Rows, test: Rows, isQuick: boolean): TaskInput {
  return {
    name,
    description,
    train,
    test,
    loss: "softmax",
    l2: DIGITS_L2 * PIXEL * PIXEL,
    l2Scaled: DIGITS_L2,
    fitIntercept: true,
    outerSteps: isQuick ? 4 : 25,
  };
}

/** Softmax regression on 28 × 28 images of digits that the program draws itself. */
export function renderedDigits(seed: number, isQuick: boolean): TaskInput {
  const [trainRows, testRows] = isQuick ? [2000, 500] : [20_000, 4000];
  const { data, labels, cols } = renderDigits(trainRows + testRows, seed + 20250);
  const split = trainRows * cols;
  return digitsTask(
    "Digits, softmax regression",
    `${trainRows} rendered 28 × 28 images for training, ${testRows} for testing, 10 classes`,
    { data: data.subarray(0, split), labels: labels.subarray(0, trainRows), rows: trainRows, cols },
    { data: data.subarray(split), labels: labels.subarray(trainRows), rows: testRows, cols },
    isQuick,
  );
}

function readIdxFile(folder: string, name: string): { data: Uint8Array; shape: readonly number[] } {
  const path = [join(folder, name), join(folder, `${name}.gz`)].find((candidate) => existsSync(candidate));
  if (path === undefined) {
    throw new BitcenterError("BAD_FILE", `--data ${folder}: neither ${name} nor ${name}.gz is there`);
  }
  const bytes = readFileSync(path);
  const { data, shape } = parseIdx(isGzip(bytes) ? decompress(bytes, path) : bytes, path);
  if (!(data instanceof Uint8Array)) throw new BitcenterError("BAD_FILE", `${path}: expected unsigned bytes`);
  return { data, shape };
}

function decompress(bytes: Uint8Array, path: string): Uint8Array {
  try {
    return gunzipSync(bytes);
  } catch (error) {
    throw new BitcenterError("BAD_FILE", `${path}: ${(error as Error).message}`);
  }
}

function readPair(folder: string, prefix: string): Rows {
  const images = readIdxFile(folder, `${prefix}-images-idx3-ubyte`);
  const labels = readIdxFile(folder, `${prefix}-labels-idx1-ubyte`);
  const [rows = 0, ...size] = images.shape;
  const cols = size.reduce((product, one) => product * one, 1);
  if (labels.shape[0] !== rows) {
    throw new BitcenterError("BAD_FILE", `--data ${folder}: ${rows} ${prefix} images but ${labels.shape[0]} labels`);
  }
  if (cols !== 784) {
    throw new BitcenterError("BAD_FILE", `--data ${folder}: images must be 28 × 28, given ${size.join(" × ")}`);
  }
  return { data: images.data, labels: labels.data, rows, cols };
}

/** MNIST from a folder. */
export function mnist(folder: string, isQuick: boolean): TaskInput {
  const train = readPair(folder, "train");
  const test = readPair(folder, "t10k");
  const description = `${train.rows} images for training, ${test.rows} for testing, 10 classes, from ${folder}`;
  return digitsTask("MNIST, softmax regression", description, train, test, isQuick);
}

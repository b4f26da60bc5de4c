// Where SGD on rounded rows ends, in closed form (float64): the normal equations of what the steps see. Rows are in unit coordinates, row-major.
import type { Draws } from "./random.js";

export interface UnitRows {
  /** rows × cols, within ±1. */
  readonly data: Float32Array;
  readonly labels: Float64Array;
  readonly rows: number;
  readonly cols: number;
}

/** matrix·w = right: cols × cols, and cols. */
export interface Equations {
  readonly matrix: Float64Array;
  readonly right: Float64Array;
}

/** ½(AᵀB + BᵀA)/n and ½(A + B)ᵀy/n: what steps see that use A in one place and B in the other. */
export function normalEquations({ labels, rows, cols }: UnitRows, a: Float32Array, b: Float32Array): Equations {
  const matrix = new Float64Array(cols * cols);
  const right = new Float64Array(cols);
  for (let i = 0; i < rows; i++) {
    const at = i * cols;
    const y = labels[i] as number;
    for (let j = 0; j < cols; j++) {
      const [aj, bj] = [a[at + j] as number, b[at + j] as number];
      right[j] = (right[j] as number) + 0.5 * (aj + bj) * y;
      const row = j * cols;
      for (let k = 0; k <= j; k++) {
        matrix[row + k] = (matrix[row + k] as number) + 0.5 * (aj * (b[at + k] as number) + bj * (a[at + k] as number));
      }
    }
  }
  for (let j = 0; j < cols; j++) {
    right[j] = (right[j] as number) / rows;
    for (let k = 0; k <= j; k++) {
      const value = (matrix[j * cols + k] as number) / rows;
      matrix[j * cols + k] = value;
      matrix[k * cols + j] = value;
    }
  }
  return { matrix, right };
}

/** The same equations with `diagonal` added to the matrix. */
export function withDiagonal({ matrix, right }: Equations, diagonal: Float64Array): Equations {
  const cols = right.length;
  const sum = matrix.slice();
  for (let j = 0; j < cols; j++) sum[j * (cols + 1)] = (sum[j * (cols + 1)] as number) + (diagonal[j] as number);
  return { matrix: sum, right };
}

/** The solution by Cholesky's method; null where the matrix is not positive definite: SGD then has no fixed point to go to. */
export function solve({ matrix, right }: Equations): Float64Array | null {
  const cols = right.length;
  const factor = matrix.slice();
  const w = right.slice();
  for (let j = 0; j < cols; j++) {
    for (let k = 0; k <= j; k++) {
      let sum = factor[j * cols + k] as number;
      for (let l = 0; l < k; l++) sum -= (factor[j * cols + l] as number) * (factor[k * cols + l] as number);
      if (k < j) factor[j * cols + k] = sum / (factor[k * (cols + 1)] as number);
      else if (!(sum > 0)) return null;
      else factor[j * (cols + 1)] = Math.sqrt(sum);
    }
    let sum = w[j] as number;
    for (let l = 0; l < j; l++) sum -= (factor[j * cols + l] as number) * (w[l] as number);
    w[j] = sum / (factor[j * (cols + 1)] as number);
  }
  for (let j = cols - 1; j >= 0; j--) {
    let sum = w[j] as number;
    for (let l = j + 1; l < cols; l++) sum -= (factor[l * cols + j] as number) * (w[l] as number);
    w[j] = sum / (factor[j * (cols + 1)] as number);
  }
  return w;
}

/** vᵀ·matrix·v. */
export function energy({ matrix }: Equations, v: ArrayLike<number>): number {
  let sum = 0;
  for (let j = 0; j < v.length; j++) {
    let row = 0;
    for (let k = 0; k < v.length; k++) row += (matrix[j * v.length + k] as number) * (v[k] as number);
    sum += row * (v[j] as number);
  }
  return sum;
}

/** 2^bits evenly spaced levels from low to high. */
export function evenLevels(bits: number, low = -1, high = 1): Float64Array {
  const intervals = 2 ** bits - 1;
  return Float64Array.from({ length: intervals + 1 }, (_, k) => low + ((high - low) * k) / intervals);
}

/** Index of the interval that holds x: the last level not above it, but not the last of all. */
function intervalOf(levels: Float64Array, x: number): number {
  let [low, high] = [0, levels.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((levels[middle] as number) <= x) low = middle;
    else high = middle;
  }
  return low;
}

/** Every value to the nearest level, the upper one of two. */
export function roundNearest(data: Float32Array, levels: Float64Array): Float32Array {
  return data.map((x) => {
    const k = intervalOf(levels, x);
    const [low, high] = [levels[k] as number, levels[k + 1] as number];
    return x - low < high - x ? low : high;
  });
}

/** Every value to the middle of its interval, 2^bits of them over ±1. */
export function roundToMiddles(data: Float32Array, bits: number): Float32Array {
  const width = 2 / 2 ** bits;
  return data.map((x) => -1 + (Math.min(Math.floor((x + 1) / width), 2 ** bits - 1) + 0.5) * width);
}

/** Every value to one of the levels around it, so that its mean is kept. */
export function roundStochastic(data: Float32Array, levels: Float64Array, draws: Draws): Float32Array {
  return data.map((x) => {
    const k = intervalOf(levels, x);
    const [low, high] = [levels[k] as number, levels[k + 1] as number];
    return draws.uniform() * (high - low) < x - low ? high : low;
  });
}

/** D̄: mean variance (u − x)(x − l) of stochastic rounding, per column. */
export function meanVariances({ data, rows, cols }: UnitRows, levels: Float64Array): Float64Array {
  const sums = new Float64Array(cols);
  data.forEach((x, at) => {
    const k = intervalOf(levels, x);
    const j = at % cols;
    sums[j] = (sums[j] as number) + ((levels[k + 1] as number) - x) * (x - (levels[k] as number));
  });
  return sums.map((sum) => sum / rows);
}

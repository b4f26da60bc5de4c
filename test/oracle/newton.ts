// The passes of the Newton solvers in plain loops (docs/numerics.md §10): products of bytes with int16 codes, rounding to int16 with a unit per
// block of rows, weighted Gram matrices, curvature. Integers stay below 2⁵³, so that sums of them are exact in float64 whatever the order.

import { type Loss, lossDerivative, lossSecondDerivative, nearestEven } from "./loss.js";
import { xorshift32 } from "./random.js";

type Vector = ArrayLike<number>;

/** One kind of array for the inner loops: engines compile them for it alone. */
const flat = (x: Vector): Float64Array => (x instanceof Float64Array ? x : new Float64Array(x));

/** A = X·Pᵀ: rows × classes, from X rows × columns and P classes × columns. */
export function product(x: Vector, rows: number, columns: number, p: Vector, classes: number): Float64Array {
  const a = new Float64Array(rows * classes);
  const [xs, ps] = [flat(x), flat(p)];
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < classes; k++) {
      let sum = 0;
      for (let j = 0; j < columns; j++) sum += xs[i * columns + j]! * ps[k * columns + j]!;
      a[i * classes + k] = sum;
    }
  }
  return a;
}

/** S = TᵀX: classes × columns, from T rows × classes, over the rows first … end − 1. */
export function transposedProduct(
  x: Vector,
  columns: number,
  t: Vector,
  classes: number,
  first: number,
  end: number,
): Float64Array {
  const s = new Float64Array(classes * columns);
  const [xs, ts] = [flat(x), flat(t)];
  for (let i = first; i < end; i++) {
    for (let k = 0; k < classes; k++) {
      const factor = ts[i * classes + k]!;
      if (factor === 0) continue;
      for (let j = 0; j < columns; j++) s[k * columns + j]! += factor * xs[i * columns + j]!;
    }
  }
  return s;
}

/** Σ dᵢ·xᵢxᵢᵀ over the rows first … end − 1: columns², the part right of and on the diagonal; 0 below. */
export function upperGram(x: Vector, columns: number, d: Vector, first: number, end: number): Float64Array {
  const g = new Float64Array(columns * columns);
  const xs = flat(x);
  for (let i = first; i < end; i++) {
    for (let j = 0; j < columns; j++) {
      const factor = (d[i] as number) * xs[i * columns + j]!;
      if (factor === 0) continue;
      for (let k = j; k < columns; k++) g[j * columns + k]! += factor * xs[i * columns + k]!;
    }
  }
  return g;
}

/**
 * Which tiles (2 rows × 8 columns) of X rows × columns hold anything but zeros, strip by strip of 64 rows: per 8 columns a word with a bit per pair of rows,
 * then per pair of rows a bit per 8 columns, in words of 32. Columns left over have no tile.
 */
export function tileMap(x: Vector, rows: number, columns: number): Int32Array {
  const [across, words] = [Math.floor(columns / 8), Math.ceil(columns / 256)];
  const size = across + 32 * words;
  const map = new Int32Array(Math.ceil(rows / 64) * size);
  for (let i = 0; i < rows; i++) {
    const [strip, pair] = [Math.floor(i / 64) * size, (i % 64) >> 1];
    for (let j = 0; j < 8 * across; j++) {
      if (x[i * columns + j] === 0) continue;
      const tile = j >> 3;
      const row = strip + across + pair * words + (tile >> 5);
      map[strip + tile] = (map[strip + tile] as number) | (1 << pair);
      map[row] = (map[row] as number) | (1 << (tile & 31));
    }
  }
  return map;
}

/** Smallest power of two ≥ x, for normal x > 0; else NaN. */
export function powerAbove(x: number): number {
  if (!(x > 0) || !Number.isFinite(x)) return Number.NaN;
  let power = 2 ** Math.ceil(Math.log2(x));
  while (power < x) power *= 2;
  while (power / 2 >= x) power /= 2;
  return power;
}

/**
 * int16 codes of one block of numbers: unit = 2⁻¹⁵ of the power of two at or above the largest, code = nearest (ties to even), and 32767
 * where that would be 32768. All zero: unit 0.
 */
export function blockCodes(values: Vector): { unit: number; codes: Int16Array } {
  let top = 0;
  for (let i = 0; i < values.length; i++) top = Math.max(top, Math.abs(values[i] as number));
  const unit = top > 0 ? powerAbove(top) / 32768 : 0;
  const codes = new Int16Array(values.length);
  if (unit > 0) {
    for (let i = 0; i < codes.length; i++) codes[i] = Math.min(nearestEven((values[i] as number) / unit), 32767);
  }
  return { unit, codes };
}

/** t = D·m per row: h·m for one class (weights are in h already), ω(diag(p) − ppᵀ)·m for more. m: rows × classes. */
export function curved(
  m: Vector,
  rows: number,
  classes: number,
  h: Vector | null,
  p: Vector | null,
  weights: Vector | null,
): Float64Array {
  const t = new Float64Array(rows * classes);
  for (let i = 0; i < rows; i++) {
    if (classes === 1) {
      t[i] = ((h as Vector)[i] as number) * (m[i] as number);
      continue;
    }
    const share = (k: number): number => (p as Vector)[i * classes + k] as number;
    let mean = 0;
    for (let k = 0; k < classes; k++) mean += share(k) * (m[i * classes + k] as number);
    const weight = weights === null ? 1 : (weights[i] as number);
    for (let k = 0; k < classes; k++) {
      t[i * classes + k] = weight * (share(k) * ((m[i * classes + k] as number) - mean));
    }
  }
  return t;
}

/** What a plane search sums over one row: loss′ and loss″ after a move of the margins, along the directions v₁ and v₂. */
export interface PlaneTerms {
  /** loss′(m + δ) − loss′(m), K numbers. */
  readonly d: Float64Array;
  /** loss″(m + δ), K × K. */
  readonly h: Float64Array;
}

export function planeTerms(loss: Loss, m: Vector, delta: Vector, y: number, tau: number): PlaneTerms {
  const moved = Float64Array.from({ length: m.length }, (_, k) => (m[k] as number) + (delta[k] as number));
  const before = lossDerivative(loss, m, y, tau);
  const after = lossDerivative(loss, moved, y, tau);
  return { d: after.map((value, k) => value - (before[k] as number)), h: lossSecondDerivative(loss, moved, y, tau) };
}

export interface SampledRows {
  readonly index: Uint32Array;
  readonly scale: Float32Array;
  /** The generator's last state. */
  readonly state: number;
}

/**
 * Rows in proportion to weight (null: all alike). A stratum is Σ weight/count. Rows of at least a stratum come once, with share 1; the others lie
 * end to end in the order of their numbers, and stratum i of them is hit at (i + draw/2³²)·stratum: every hit gives its row a share of
 * stratum/weight. scale = share·size/rows, stored as float32 before and after the product.
 */
export function sampleRows(state: number, weight: Vector | null, rows: number, count: number): SampledRows {
  const weightOf = (i: number): number => (weight === null ? 1 : (weight[i] as number));
  let total = 0;
  for (let i = 0; i < rows; i++) total += weightOf(i);
  const stratum = total / count;
  const shares = new Map<number, number>();
  let [draw, stratumNumber, edge] = [xorshift32(state), 0, 0];
  for (let i = 0; i < rows; i++) {
    const own = weightOf(i);
    if (own >= stratum) {
      if (own > 0) shares.set(i, 1);
      continue;
    }
    edge += own;
    while ((stratumNumber + draw / 2 ** 32) * stratum < edge) {
      shares.set(i, (shares.get(i) ?? 0) + stratum / own);
      stratumNumber++;
      draw = xorshift32(draw);
    }
  }
  const part = shares.size / rows;
  return {
    index: Uint32Array.from(shares.keys()),
    scale: Float32Array.from(shares.values(), (share) => Math.fround(share) * part),
    state: draw,
  };
}

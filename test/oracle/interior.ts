// The hinge loss in plain float64: the rows of the interior-point method as the header of assembly/loss/interior.ts states them (docs/numerics.md §12), and, on
// its own, the optimum by a dense primal-dual method after Mehrotra 1992 with a lower bound of F* from the dual variables.

import { normalisedWeights, objective, type Problem } from "./objective.js";

/** Per row: dual variables a and e = 1 − a, slacks s and ξ, right-hand sides f and g. */
export interface Rows {
  readonly a: Float64Array;
  readonly e: Float64Array;
  readonly s: Float64Array;
  readonly xi: Float64Array;
  readonly f: Float64Array;
  readonly g: Float64Array;
}

export const PARTS = ["a", "e", "s", "xi", "f", "g"] as const;

/** Margins, labels ±1 and the change u of the margins. */
export interface Line {
  readonly m: Float64Array;
  readonly y: Float64Array;
  readonly u: Float64Array;
}

export interface Direction {
  readonly da: number;
  readonly ds: number;
  readonly dxi: number;
}

export function emptyRows(count: number): Rows {
  const part = (): Float64Array => new Float64Array(count);
  return { a: part(), e: part(), s: part(), xi: part(), f: part(), g: part() };
}

export function copyRows({ a, e, s, xi, f, g }: Rows): Rows {
  return { a: a.slice(), e: e.slice(), s: s.slice(), xi: xi.slice(), f: f.slice(), g: g.slice() };
}

const weightOf = (weights: Float64Array | null, i: number): number => (weights === null ? 1 : weights[i]!);

/** da = (f − g − r − y·u)/(s/a + ξ/e + γ), r = ξ − 1 + y·m − s; ds = f − (s/a)·da; dξ = g + (ξ/e)·da. */
export function directionOf({ a, e, s, xi, f, g }: Rows, { m, y, u }: Line, i: number, gamma: number): Direction {
  const lower = s[i]! / a[i]!;
  const upper = xi[i]! / e[i]!;
  const r = xi[i]! - 1 + y[i]! * m[i]! - s[i]!;
  const da = (f[i]! - g[i]! - r - y[i]! * u[i]!) / (lower + upper + gamma);
  return { da, ds: f[i]! - lower * da, dxi: g[i]! + upper * da };
}

/** a = e = ½, ξ = max(0, 1 − t) + ½, s = ξ − 1 + t; f and g are not touched. */
export function startRows(rows: Rows, m: Float64Array, y: Float64Array): void {
  for (let i = 0; i < m.length; i++) {
    const t = y[i]! * m[i]!;
    rows.a[i] = 0.5;
    rows.e[i] = 0.5;
    rows.xi[i] = Math.max(0, 1 - t) + 0.5;
    rows.s[i] = rows.xi[i]! - 1 + t;
  }
}

/** h = ω/(s/a + ξ/e + γ), rounded once. */
export function curvatureOfRows({ a, e, s, xi }: Rows, weights: Float64Array | null, gamma: number): Float32Array {
  return Float32Array.from(a, (_, i) => weightOf(weights, i) / (s[i]! / a[i]! + xi[i]! / e[i]! + gamma));
}

/** f = (µ − da·ds)/a − s and g = (µ − de·dξ)/e − ξ with de = −da; the products only when the present direction is to be corrected. */
export function aimRows(rows: Rows, line: Line, gamma: number, mu: number, isCorrected: boolean): void {
  const { a, e, s, xi, f, g } = rows;
  for (let i = 0; i < a.length; i++) {
    let [first, second] = [0, 0];
    if (isCorrected) {
      const { da, ds, dxi } = directionOf(rows, line, i, gamma);
      first = da * ds;
      second = -da * dxi;
    }
    f[i] = (mu - first) / a[i]! - s[i]!;
    g[i] = (mu - second) / e[i]! - xi[i]!;
  }
}

/** c = −ω·y·(a + part·da); nothing of the direction is read when part is 0. */
export function derivativesOfRows(
  rows: Rows,
  line: Line,
  weights: Float64Array | null,
  gamma: number,
  part: number,
): Float64Array {
  return rows.a.map((a, i) => {
    const after = part === 0 ? a : a + part * directionOf(rows, line, i, gamma).da;
    return -weightOf(weights, i) * line.y[i]! * after;
  });
}

/** Longest step up to `most` that keeps a, e, s and ξ of the rows with weight at or above 0. */
export function reachOfRows(rows: Rows, line: Line, weights: Float64Array | null, gamma: number, most: number): number {
  let reach = most;
  for (let i = 0; i < rows.a.length; i++) {
    if (!(weightOf(weights, i) > 0)) continue;
    const { da, ds, dxi } = directionOf(rows, line, i, gamma);
    const walls = [
      [rows.a[i]!, da],
      [rows.e[i]!, -da],
      [rows.s[i]!, ds],
      [rows.xi[i]!, dxi],
    ] as const;
    for (const [value, slope] of walls) if (value + reach * slope < 0) reach = -value / slope;
  }
  return reach;
}

/** The row after the part of its direction. */
function after(rows: Rows, line: Line, i: number, gamma: number, part: number) {
  const [a, e, s, xi] = [rows.a[i]!, rows.e[i]!, rows.s[i]!, rows.xi[i]!];
  if (part === 0) return { a, e, s, xi };
  const { da, ds, dxi } = directionOf(rows, line, i, gamma);
  return { a: a + part * da, e: e - part * da, s: s + part * ds, xi: xi + part * dxi };
}

/** Σ ω·(a·s + e·ξ) after the part of the direction, row after row. */
export function productsOfRows(
  rows: Rows,
  line: Line,
  weights: Float64Array | null,
  gamma: number,
  part: number,
): number {
  let sum = 0;
  for (let i = 0; i < rows.a.length; i++) {
    const { a, e, s, xi } = after(rows, line, i, gamma, part);
    sum += weightOf(weights, i) * (a * s + e * xi);
  }
  return sum;
}

/** The part of the direction is taken: rows, and the margins by part·u. */
export function moveRows(rows: Rows, line: Line, gamma: number, part: number): void {
  for (let i = 0; i < rows.a.length; i++) {
    const { da, ds, dxi } = directionOf(rows, line, i, gamma);
    rows.a[i]! += part * da;
    rows.e[i]! -= part * da;
    rows.s[i]! += part * ds;
    rows.xi[i]! += part * dxi;
    line.m[i]! += part * line.u[i]!;
  }
}

/** Σ ω·(max(0, z) − a·z), z = 1 − y·m: that is e·z above 0 and −a·z below. */
export function gapOfRows({ a, e }: Rows, m: Float64Array, y: Float64Array, weights: Float64Array | null): number {
  let sum = 0;
  for (let i = 0; i < m.length; i++) {
    const z = 1 - y[i]! * m[i]!;
    sum += weightOf(weights, i) * (z > 0 ? e[i]! * z : -a[i]! * z);
  }
  return sum;
}

// ---- the optimum -------------------------------------------------------------------------------------------------------

const U = 2 ** -53;
/** Part of the way to the nearest wall. */
const TO_THE_WALL = 0.99;
/** Rows that lie on the kink together would leave the system singular: a step in a is held back by this much, which does not move where the steps end. */
const PROXIMAL = 1e-6;
const MOST_STEPS = 250;
/** Steps without a better point or a better bound. */
const MOST_FAILURES = 8;
/** l2 = 0: the bound holds for weights up to so many times as long as those found. */
const BALL = 100;

export interface HingeOptimum {
  /** w and then b, in the user's coordinates. */
  readonly theta: Float64Array;
  /** F(theta) ≥ F*. */
  readonly objective: number;
  /** At most F*, rounding included. With l2 = 0: at most F of all weights up to a hundred times as long as theta's. */
  readonly lower: number;
  /** The dual variables of that bound, n of them between 0 and 1; with an intercept Σ ω·a·y = 0 up to rounding. */
  readonly dual: Float64Array;
  /** F(0). */
  readonly zero: number;
  readonly steps: number;
}

/** Sum and what it may be off by: compensated (Neumaier), so that the terms' own roundings are what is left. */
class Sum {
  #high = 0;
  #low = 0;
  #size = 0;
  #count = 0;

  add(x: number): void {
    const high = this.#high + x;
    this.#low += Math.abs(this.#high) >= Math.abs(x) ? this.#high - high + x : x - high + this.#high;
    this.#high = high;
    this.#size += Math.abs(x);
    this.#count++;
  }

  get value(): number {
    return this.#high + this.#low;
  }

  /** Terms of up to `roundings` roundings each, one of the result, and count² of second order. */
  error(roundings: number): number {
    return (roundings + 2) * U * this.#size + (this.#count * U) ** 2 * this.#size;
  }
}

/** In place L·Lᵀ, lower triangle; a pivot that is lost in rounding gets no part in the solution. */
function factor(H: Float64Array, size: number): void {
  for (let p = 0; p < size; p++) {
    const own = H[p * size + p]!;
    for (let q = 0; q <= p; q++) {
      let sum = H[p * size + q]!;
      for (let k = 0; k < q; k++) sum -= H[p * size + k]! * H[q * size + k]!;
      if (p > q) H[p * size + q] = sum / H[q * size + q]!;
      else H[p * size + p] = Math.sqrt(Math.max(sum, U * own)) || Number.POSITIVE_INFINITY;
    }
  }
}

/** L·Lᵀ·x = b in place. */
function solve(L: Float64Array, size: number, b: Float64Array): void {
  for (let p = 0; p < size; p++) {
    let sum = b[p]!;
    for (let k = 0; k < p; k++) sum -= L[p * size + k]! * b[k]!;
    b[p] = sum / L[p * size + p]!;
  }
  for (let p = size - 1; p >= 0; p--) {
    let sum = b[p]!;
    for (let k = p + 1; k < size; k++) sum -= L[k * size + p]! * b[k]!;
    b[p] = sum / L[p * size + p]!;
  }
}

/**
 * The hinge problem's optimum between two bounds. Columns are centred (where the intercept makes up for it) and scaled to deviation 1; then, row by row,
 * Newton's equations for  ξ ≥ 0 (multiplier ω(1 − a)/n),  s = ξ − 1 + t ≥ 0 (multiplier ω·a/n),  l2·w = Σ ω·a·y·x/n,  Σ ω·a·y = 0, predicted and corrected.
 */
export function minimiseHinge(problem: Problem): HingeOptimum {
  const { rows: all, cols, l2, intercept, labels, values } = problem;
  const omega = normalisedWeights(problem);
  const kept = Array.from({ length: all }, (_, i) => i).filter((i) => omega[i]! > 0);
  const rows = kept.length;
  const width = cols + (intercept ? 1 : 0);
  const mean = new Float64Array(width);
  const scale = new Float64Array(width).fill(1);
  for (let j = 0; j < cols; j++) {
    const first = values[kept[0]! * cols + j]!;
    if (intercept) {
      // any centre will do, and this one makes a constant column vanish
      for (const i of kept) mean[j]! += (values[i * cols + j]! - first) / rows;
      mean[j]! += first;
    }
    let squares = 0;
    for (const i of kept) squares += (values[i * cols + j]! - mean[j]!) ** 2 / rows;
    scale[j] = Math.sqrt(squares) || 1;
  }
  // rows times label: t = X·w
  const x = new Float64Array(rows * width);
  const weight = Float64Array.from(kept, (i) => omega[i]! / all);
  const isPositive = kept.map((i) => (labels[i] as number) > 0);
  kept.forEach((i, row) => {
    const y = isPositive[row] ? 1 : -1;
    for (let j = 0; j < cols; j++) x[row * width + j] = (y * (values[i * cols + j]! - mean[j]!)) / scale[j]!;
    if (intercept) x[row * width + cols] = y;
  });
  const ridge = Float64Array.from(scale, (unit, j) => (j < cols ? l2 / unit / unit : 0));

  const w = new Float64Array(width);
  const t = new Float64Array(rows);
  const xi = new Float64Array(rows).fill(1.5);
  const s = new Float64Array(rows).fill(0.5);
  const a = new Float64Array(rows).fill(0.5);
  const e = new Float64Array(rows).fill(0.5);
  const total = weight.reduce((sum, v) => sum + v, 0);

  /** The user's weights. */
  const thetaOf = (): Float64Array => {
    const theta = w.map((v, j) => v / scale[j]!);
    if (intercept) for (let j = 0; j < cols; j++) theta[cols]! -= theta[j]! * mean[j]!;
    return theta;
  };

  const zero = objective(problem, new Float64Array(width));
  let best: { theta: Float64Array; objective: number } = { theta: new Float64Array(width), objective: zero };
  // 0 is a bound, and its dual variables are 0
  let lower = 0;
  let dual = new Float64Array(rows);
  let failures = 0;
  let steps = 0;

  const evaluate = (): void => {
    const theta = thetaOf();
    const found = objective(problem, theta);
    const bound = lowerBound(x, rows, width, { weight, isPositive, a, ridge, intercept }, w);
    failures = found < best.objective || bound.value > lower ? 0 : failures + 1;
    if (found < best.objective) best = { theta, objective: found };
    if (bound.value > lower) ({ value: lower, dual } = bound);
  };

  const H = new Float64Array(width * width);
  const inverse = new Float64Array(rows);
  const f = new Float64Array(rows);
  const g = new Float64Array(rows);
  const dw = new Float64Array(width);
  const u = new Float64Array(rows);
  const da = new Float64Array(rows);
  const ds = new Float64Array(rows);
  const dxi = new Float64Array(rows);

  /** dw for the right-hand sides, and the rows' directions from it; twice more for what rounding has left. */
  const direct = (): void => {
    dw.fill(0);
    u.fill(0);
    for (let round = 0; round < 3; round++) {
      // Σ weight·x·(a + da) − ridge·(w + dw) must vanish
      const rest = Float64Array.from(ridge, (r, j) => -r * (w[j]! + dw[j]!));
      for (let i = 0; i < rows; i++) {
        const open = s[i]! - xi[i]! + 1 - t[i]!;
        da[i] = (f[i]! - g[i]! + open - u[i]!) * inverse[i]!;
        const c = weight[i]! * (a[i]! + da[i]!);
        for (let j = 0; j < width; j++) rest[j]! += c * x[i * width + j]!;
      }
      if (round === 2) break;
      solve(H, width, rest);
      for (let j = 0; j < width; j++) dw[j]! += rest[j]!;
      for (let i = 0; i < rows; i++) {
        let sum = 0;
        for (let j = 0; j < width; j++) sum += dw[j]! * x[i * width + j]!;
        u[i] = sum;
      }
    }
    for (let i = 0; i < rows; i++) {
      ds[i] = f[i]! - (s[i]! / a[i]!) * da[i]!;
      dxi[i] = g[i]! + (xi[i]! / e[i]!) * da[i]!;
    }
  };

  const reach = (most: number): number => {
    let length = most;
    for (let i = 0; i < rows; i++) {
      if (da[i]! < 0) length = Math.min(length, -a[i]! / da[i]!);
      if (da[i]! > 0) length = Math.min(length, e[i]! / da[i]!);
      if (ds[i]! < 0) length = Math.min(length, -s[i]! / ds[i]!);
      if (dxi[i]! < 0) length = Math.min(length, -xi[i]! / dxi[i]!);
    }
    return length;
  };

  const complementarity = (length: number): number => {
    let sum = 0;
    for (let i = 0; i < rows; i++) {
      const below = (a[i]! + length * da[i]!) * (s[i]! + length * ds[i]!);
      sum += weight[i]! * (below + (e[i]! - length * da[i]!) * (xi[i]! + length * dxi[i]!));
    }
    return sum / (2 * total);
  };

  evaluate();
  for (; steps < MOST_STEPS && failures < MOST_FAILURES && best.objective - lower > 4 * U * zero; steps++) {
    H.fill(0);
    for (let i = 0; i < rows; i++) {
      inverse[i] = 1 / (s[i]! / a[i]! + xi[i]! / e[i]! + PROXIMAL);
      const h = weight[i]! * inverse[i]!;
      for (let j = 0; j < width; j++) {
        const hx = h * x[i * width + j]!;
        for (let k = 0; k <= j; k++) H[j * width + k]! += hx * x[i * width + k]!;
      }
    }
    for (let j = 0; j < width; j++) H[j * width + j]! += ridge[j]!;
    factor(H, width);
    for (let i = 0; i < rows; i++) {
      f[i] = -s[i]!;
      g[i] = -xi[i]!;
    }
    direct();
    const now = complementarity(0);
    const aim = now * (complementarity(reach(1)) / now) ** 3;
    for (let i = 0; i < rows; i++) {
      f[i] = (aim - da[i]! * ds[i]!) / a[i]! - s[i]!;
      g[i] = (aim + da[i]! * dxi[i]!) / e[i]! - xi[i]!;
    }
    direct();
    const length = Math.min(1, TO_THE_WALL * reach(1 / TO_THE_WALL));
    if (!(length > 0) || !dw.every(Number.isFinite)) break;
    for (let j = 0; j < width; j++) w[j]! += length * dw[j]!;
    for (let i = 0; i < rows; i++) {
      t[i]! += length * u[i]!;
      a[i]! += length * da[i]!;
      e[i]! -= length * da[i]!;
      s[i]! += length * ds[i]!;
      xi[i]! += length * dxi[i]!;
    }
    evaluate();
  }
  const allDual = new Float64Array(all);
  kept.forEach((i, row) => {
    allDual[i] = dual[row]!;
  });
  return { ...best, lower, dual: allDual, zero, steps };
}

interface Dual {
  /** ω/n. */
  readonly weight: Float64Array;
  readonly isPositive: readonly boolean[];
  readonly a: Float64Array;
  readonly ridge: Float64Array;
  readonly intercept: boolean;
}

/**
 * min over w and b of the Lagrangian at dual variables a, made feasible and rounded down: Σ weight·a − Σⱼ vⱼ²/(2·ridgeⱼ), v = Σ weight·a·x. The intercept asks for
 * Σ weight·a·y = 0: the heavier class is scaled down to the lighter. What is left of that, δ, is rounding; scaling by 1 − δ/Σ makes it vanish and moves the bound
 * by no more than is subtracted. Without l2 the minimum over a ball, Σ weight·a − radius·‖v‖.
 */
function lowerBound(
  x: Float64Array,
  rows: number,
  width: number,
  { weight, isPositive, a, ridge, intercept }: Dual,
  w: Float64Array,
): { readonly value: number; readonly dual: Float64Array<ArrayBuffer> } {
  const own = Float64Array.from(a, (value) => Math.min(1, Math.max(0, value)));
  const share = (sign: boolean): Sum => {
    const sum = new Sum();
    for (let i = 0; i < rows; i++) if (isPositive[i] === sign) sum.add(weight[i]! * own[i]!);
    return sum;
  };
  let slip = 0;
  if (intercept) {
    const [up, down] = [share(true).value, share(false).value];
    if (!(up > 0 && down > 0)) return { value: 0, dual: new Float64Array(rows) };
    for (let i = 0; i < rows; i++) {
      const [mine, other] = isPositive[i] ? [up, down] : [down, up];
      if (mine > other) own[i]! *= other / mine;
    }
    const [first, second] = [share(true), share(false)];
    const left = Math.abs(first.value - second.value) + first.error(2) + second.error(2);
    slip = left / Math.min(first.value, second.value);
  }
  const linear = new Sum();
  for (let i = 0; i < rows; i++) linear.add(weight[i]! * own[i]!);
  const gained = Math.max(0, linear.value - linear.error(2) - slip * linear.value);
  let lost = 0;
  let length = 0;
  let reach = 0;
  for (let j = 0; j < width; j++) {
    if (intercept && j === width - 1) continue;
    const sum = new Sum();
    let size = 0;
    for (let i = 0; i < rows; i++) {
      const term = weight[i]! * own[i]! * x[i * width + j]!;
      sum.add(term);
      size += Math.abs(term);
    }
    // five roundings: ω/n, centred, scaled, two products
    const v = Math.abs(sum.value) + sum.error(5) + slip * size;
    lost += ridge[j]! > 0 ? (v * v) / (2 * ridge[j]!) : 0;
    length += v * v;
    reach += w[j]! ** 2;
  }
  if (ridge.some((r, j) => r === 0 && !(intercept && j === width - 1))) lost = BALL * Math.sqrt(reach * length);
  // the best multiple of a, which is feasible as well
  const part = lost > 0 && ridge[0]! > 0 ? Math.min(1, gained / (2 * lost)) : 1;
  // both terms are at most the larger one: a sum over columns of four roundings each, and a few more
  const value = part * gained - part * part * lost - (width + 16) * U * gained;
  return { value, dual: own.map((a) => part * a) };
}

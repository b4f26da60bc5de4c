// The inner loop over sparse rows (docs/numerics.md, "Sparse rows, lazy dense terms"), twice:
//
//   runEager   what is meant: every step moves every column. Float64, no codes; `round` may round after each writing. Costs rows × columns.
//   runLazy    what is done, bit for bit: a column is brought up to date when a row has it, and at the end. Costs the entries of the rows.
//
// Rows are CSR: starts (n + 1), indices and codes (int8) of the entries. Column `cols` is the intercept, the same code in every row (0: none).

import { derivativeFloat32, differenceFloat32, type Loss } from "./loss.js";
import { RandomStream } from "./random.js";

export interface SparseRows {
  readonly rows: number;
  /** without the intercept */
  readonly cols: number;
  readonly starts: ArrayLike<number>;
  readonly indices: ArrayLike<number>;
  readonly codes: ArrayLike<number>;
  /** code of the intercept in every row, 0 without one */
  readonly intercept: number;
}

export type Model = Int8Array | Int16Array | Float32Array;

export interface LazyInput extends SparseRows {
  /** K × width codes at the start, not changed; its type tells the format. width = cols + 1, intercept or not */
  readonly z: Model;
  /** K */
  readonly classes: number;
  readonly loss: Loss;
  /** huber only */
  readonly tau?: number;
  readonly labels: ArrayLike<number>;
  /** n sample weights; none: 1 */
  readonly omega?: ArrayLike<number>;
  /** n × K; given: derivative differences; none: derivatives */
  readonly state?: Float32Array;
  /** n × K dots at the anchor; none: 0 */
  readonly base?: ArrayLike<number>;
  /** stepSize / Q² */
  readonly alpha: number;
  /** value of one code of z, 1 for float32 */
  readonly deltaScale: number;
  /** G, K × width; none: 0 */
  readonly gradient?: ArrayLike<number>;
  /** r = l2/scale² per column, width of them; none: 0 */
  readonly ridge?: ArrayLike<number>;
  /** SAGA */
  readonly table?: boolean;
  readonly innerSteps: number;
  readonly option: "I" | "II";
  readonly rounding: "stochastic" | "nearest";
  readonly seed: number;
  readonly outerStep: number;
}

export interface LazyResult {
  readonly z: Model;
  readonly steps: number;
  /** Columns looked at by the steps, an intercept counted every time. */
  readonly touched: number;
  /** Columns brought up to date at the end. */
  readonly settled: number;
  /** Rows in the order they came. */
  readonly order: readonly number[];
}

const f = Math.fround;
const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);
/** Largest float32. */
const LARGEST_FLOAT32 = (2 - 2 ** -23) * 2 ** 127;

/** (1 − e⁻ˣ)/x below ½, the series to x⁷ in a fixed order of operations. */
function series(x: number): number {
  const square = x * x;
  const low = 1 + x * -0.5 + square * (1 / 6 + x * (-1 / 24));
  const high = 1 / 120 + x * (-1 / 720) + square * (1 / 5040 + x * (-1 / 40320));
  return low + square * square * high;
}

/**
 * W = (1 − e^(−p·a))/a, the weight of p steps missed at the rate a: the sum of the geometric series whose terms shrink by e⁻ᵃ, each step's own being
 * (1 − e⁻ᵃ)/a. Halve p until p·a < ½, then double: W(2p) = W(p)·(2 − a·W(p)).
 */
export function weightOf(p: number, a: number): number {
  if (p * a >= 64) return 1 / a;
  let part = p;
  let doublings = 0;
  for (; part * a >= 0.5; doublings++) part /= 2;
  let weight = part * series(part * a);
  for (; doublings > 0; doublings--) weight = weight * (2 - a * weight);
  return weight;
}

/** z after `missed` dense steps at the rate a and the drift h per step: float64, not rounded. */
export function caughtUp(z: number, a: number, h: number, missed: number): number {
  return z - weightOf(missed, a) * (a * z + h);
}

/** Limits of the codes of a model; none for float32. */
export function limitsOf(z: Model): readonly [number, number] | null {
  if (z instanceof Int8Array) return [-128, 127];
  return z instanceof Int16Array ? [-32768, 32767] : null;
}

/** What is stored of a value: a code, rounded with the offset u in [0, 1) and saturated, or a float32. */
export function storedAs(value: number, u: number, limits: readonly [number, number] | null): number {
  return limits === null ? f(value) : clamp(Math.floor(value + u), ...limits);
}

/** The rate a of a column: float32, at most 1e30. */
export const rateOf = (alpha: number, ridge: number): number => f(Math.min(alpha * ridge, 1e30));

/** The drift h per step of a column and class: float32, at most 1e30 in size. */
export const driftOf = (alpha: number, gradient: number, delta: number): number =>
  f(clamp((alpha * gradient) / delta, -1e30, 1e30));

/** Columns and codes of a row, the intercept last. */
export function entriesOf({ starts, indices, codes, cols, intercept }: SparseRows, row: number): [number, number][] {
  const entries: [number, number][] = [];
  for (let e = starts[row] as number; e < (starts[row + 1] as number); e++) {
    entries.push([indices[e] as number, codes[e] as number]);
  }
  if (intercept !== 0) entries.push([cols, intercept]);
  return entries;
}

/** Stop and rows of a run: a stream that nothing else draws from. */
export function rowsOf(input: Pick<LazyInput, "seed" | "outerStep" | "option" | "innerSteps" | "rows">): {
  rows: number[];
  lanes: Uint16Array;
} {
  const random = new RandomStream(input.seed, input.outerStep);
  const lanes = random.lanes.slice();
  const stop = input.option === "II" ? random.index(input.innerSteps) : input.innerSteps;
  return { rows: Array.from({ length: stop }, () => random.index(input.rows)), lanes };
}

/** The rounding stream: an LCG of 32 bits that starts at the first two lanes and advances before every row that writes, and before the end. */
export const firstOffset = (lanes: ArrayLike<number>): number =>
  ((lanes[0] as number) | ((lanes[1] as number) << 16)) >>> 0;
export const nextOffset = (state: number): number => (Math.imul(state, 1664525) + 1013904223) >>> 0;
/** u of a column: turned by the golden ratio from one column to the next. */
export const offsetOf = (state: number, column: number): number =>
  ((state + Math.imul(column, 0x9e3779b9)) >>> 0) / 2 ** 32;

/** The dot of a row: with one class sums of even and of odd entries, then what has no partner, then the intercept; with several one after the other. */
export function dotOf(terms: readonly number[], hasIntercept: boolean, classes: number): number {
  const own = hasIntercept ? terms.length - 1 : terms.length;
  if (classes > 1) return terms.reduce((sum, term) => sum + term, 0);
  const paired = own - (own % 2);
  let even = 0;
  let odd = 0;
  for (let e = 0; e < paired; e += 2) {
    even += terms[e] as number;
    odd += terms[e + 1] as number;
  }
  return terms.slice(paired).reduce((sum, term) => sum + term, even + odd);
}

/** Runs the inner loop of one outer step. */
export function runLazy(input: LazyInput): LazyResult {
  const { rows: n, cols, classes: K, loss, omega, state, base, alpha, deltaScale, gradient, ridge } = input;
  const width = cols + 1;
  const isFloat = input.z instanceof Float32Array;
  const limits = limitsOf(input.z);
  const { rows: order, lanes } = rowsOf(input);
  const isStochastic = input.rounding === "stochastic";
  let offset = firstOffset(lanes);
  const factor32 = f(Math.max(-alpha / deltaScale, -LARGEST_FLOAT32));
  const delta32 = f(deltaScale);
  const tau = input.tau ?? 1;

  // per column: the step it stands at, rate a; per column and class: drift h, z
  const last = new Uint32Array(width);
  const a = Float32Array.from({ length: width }, (_, j) => rateOf(alpha, ridge?.[j] ?? 0));
  const h = Float32Array.from({ length: K * width }, (_, i) => driftOf(alpha, gradient?.[i] ?? 0, deltaScale));
  const z = Float32Array.from(input.z);
  const seen = new Float32Array(n * K);

  /** z of a column at step t. */
  const valueAt = (c: number, j: number, t: number): number =>
    caughtUp(z[c * width + j] as number, a[j] as number, h[c * width + j] as number, t - (last[j] as number));
  const stored = (value: number, j: number): number =>
    storedAs(value, isStochastic ? offsetOf(offset, j) : 0.5, limits);

  const change = new Float32Array(K);
  const dc = new Float32Array(K);
  let touched = 0;
  for (const [t, row] of order.entries()) {
    const entries = entriesOf(input, row);
    touched += entries.length;
    // 1. the row's columns at this step, and the dots with them
    const values = Array.from({ length: K }, (_, c) => entries.map(([j]) => valueAt(c, j, t)));
    for (let c = 0; c < K; c++) {
      const terms = entries.map(([, code], e) => code * (values[c]?.[e] as number));
      const moved = f(dotOf(terms, input.intercept !== 0, K) - (base?.[row * K + c] ?? 0));
      change[c] = isFloat ? moved : f(delta32 * moved);
    }
    // 2. the derivative difference, or the derivative
    const y = f(input.labels[row] as number);
    if (state !== undefined) differenceFloat32(loss, state, row * K, change, y, tau, dc);
    else derivativeFloat32(loss, change, y, tau, dc);
    if (input.table === true) {
      for (let c = 0; c < K; c++) {
        const now = dc[c] as number;
        dc[c] = now - (seen[row * K + c] as number);
        seen[row * K + c] = now;
      }
    }
    if (omega !== undefined) for (let c = 0; c < K; c++) dc[c] = (dc[c] as number) * f(omega[row] as number);
    // 3. the coefficients
    const kappa = Array.from(dc, (d) => {
      const product = f(factor32 * d);
      return Number.isNaN(product) ? 0 : clamp(product, -LARGEST_FLOAT32, LARGEST_FLOAT32);
    });
    if (kappa.every((k) => k === 0)) continue; // nothing written, nothing lost: the columns stay where they stand
    // 4. the columns, with what they have missed and the row's own term, rounded once
    if (limits !== null) offset = nextOffset(offset);
    for (const [e, [j, code]] of entries.entries()) {
      for (let c = 0; c < K; c++) {
        const at = c * width + j;
        z[at] = stored((values[c]?.[e] as number) + (kappa[c] as number) * code, j);
        if (input.table === true) h[at] = (h[at] as number) - ((kappa[c] as number) / n) * code;
      }
      last[j] = t;
    }
  }
  // 5. every column, up to the end
  if (limits !== null) offset = nextOffset(offset);
  const out = input.z.slice() as Model;
  const settled = input.intercept !== 0 ? width : cols;
  for (let c = 0; c < K; c++)
    for (let j = 0; j < settled; j++) out[c * width + j] = stored(valueAt(c, j, order.length), j);
  return { z: out, steps: order.length, touched, settled, order };
}

export interface EagerInput extends SparseRows {
  readonly classes: number;
  /** K × width values at the start */
  readonly start: ArrayLike<number>;
  readonly alpha: number;
  readonly gradient: ArrayLike<number>;
  readonly ridge: ArrayLike<number>;
  /** rows in the order they come */
  readonly order: readonly number[];
  /** the derivative (difference) of each class from the dots, weight included */
  readonly derivative: (row: number, dots: readonly number[]) => readonly number[];
  /** SAGA: what `derivative` gave last for a row is taken off, and the gradient follows its mean */
  readonly table?: boolean;
}

/** The same steps in float64, units of value, every column at every step: z ← z − alpha·dc·code, then the exact flow of z′ = −r·z − G over alpha. */
export function runEager(input: EagerInput): { z: Float64Array; touched: number } {
  const { classes: K, cols, rows: n, alpha, ridge } = input;
  const width = cols + 1;
  const z = Float64Array.from(input.start);
  const G = Float64Array.from(input.gradient);
  const seen = new Float64Array(n * K);
  let touched = 0;
  for (const row of input.order) {
    const entries = entriesOf(input, row);
    const dots = Array.from({ length: K }, (_, c) =>
      entries.reduce((sum, [j, code]) => sum + code * (z[c * width + j] as number), 0),
    );
    const dc = input.derivative(row, dots).map((now, c) => {
      if (input.table !== true) return now;
      const difference = now - (seen[row * K + c] as number);
      seen[row * K + c] = now;
      return difference;
    });
    for (let c = 0; c < K; c++) {
      for (const [j, code] of entries) {
        const term = (dc[c] as number) * code;
        z[c * width + j] = (z[c * width + j] as number) - alpha * term;
        if (input.table === true) G[c * width + j] = (G[c * width + j] as number) + term / n;
      }
      for (let j = 0; j < width; j++) {
        const at = c * width + j;
        const rate = alpha * (ridge[j] as number);
        const share = rate === 0 ? 1 : -Math.expm1(-rate) / rate;
        z[at] = (z[at] as number) - share * (rate * (z[at] as number) + alpha * (G[at] as number));
        touched++;
      }
    }
  }
  return { z, touched };
}

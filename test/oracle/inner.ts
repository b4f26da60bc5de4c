// The inner loop of docs/numerics.md section 5, bit for bit, for every combination of data and z.
//
//   codes  n × d     int8, int16 or float32 (row-major, no padding: a padded code is 0 and changes nothing)
//   z      K × d     int8, int16 or float32; a[c] = Σ_j codes[row][j]·z[c][j]
//
// One call is the inner loop of one outer step k. Order of everything that is drawn:
//   seeds of step k | stop (option II) | first row | per step: one uniform per class with k ≠ 0 …, then the next row (in blocks: where one begins)
// Lanes advance once per step (before the rounding) and once per flush (after it).

import { derivativeFloat32, differenceFloat32, type Loss } from "./loss.js";
import { moved, updatesOf } from "./packed.js";
import { permutation, RandomStream } from "./random.js";

export type Codes = Int8Array | Int16Array | Float32Array;

export interface InnerInput {
  /** n × d; Int8Array, Int16Array or Float32Array tells the format */
  codes: Codes;
  /** K × d codes of z at the start, not changed; Int8Array, Int16Array or Float32Array tells the format */
  z: Codes;
  /** n */
  rows: number;
  /** d: columns of codes, the intercept included */
  columns: number;
  /** K */
  classes: number;
  loss: Loss;
  /** huber only */
  tau?: number;
  /** n labels */
  labels: ArrayLike<number>;
  /** n sample weights ω (mean 1); none: 1 */
  omega?: ArrayLike<number>;
  /** n × K, cached at the anchor; given: derivative differences (HALP, SVRG, LP-SVRG); none: the derivative itself (SGD, LP-SGD) */
  state?: Float32Array;
  /** n × K, Σ codes·z at the anchor; none: 0 */
  base?: ArrayLike<number>;
  /** alpha = stepSize / Q² */
  alpha: number;
  /** delta: value of one code of z; 1 for float32 z */
  deltaScale: number;
  /** G, K × d: dense gradient in code coordinates; none: zero */
  gradient?: ArrayLike<number>;
  /** r = l2/scale², d of them; none: no l2 */
  ridge?: ArrayLike<number>;
  /** adjacent rows visited per row drawn; none: 1, every row is drawn */
  rowsPerDraw?: number;
  /** steps between two flushes */
  flushEvery: number;
  /** SAGA: every row's derivative difference last seen takes the place of its anchor's, and G follows their mean */
  table?: boolean;
  /** T */
  innerSteps: number;
  option: "I" | "II";
  rounding: "stochastic" | "nearest";
  seed: number;
  /** k of the seeding */
  outerStep: number;
  /** LM-HALP's step: one rounding for both terms; int8 data and int8 z only */
  published?: boolean;
  /** packed codes: a step looks its updates up, one per level */
  packed?: PackedLevels;
  /** called after each step (and its flush) with views that live until the next step */
  trace?: (step: InnerStep) => void;
}

export interface PackedLevels {
  /** ascending int8, at most 16; `codes` holds them, and 0 in masked columns */
  levels: readonly number[];
  /** per column: its z is 0 and stays 0 */
  isMasked: readonly boolean[];
}

export interface InnerStep {
  /** 0 … stop − 1 */
  t: number;
  row: number;
  /** the row after this one */
  next: number;
  /** K float32 numbers */
  change: Float32Array;
  /** K float32 numbers, weight included */
  dc: Float32Array;
  /** K coefficients: integers, or float32 for float32 z */
  k: Float64Array;
  /** K shifts (0 for float32 z and the published step) */
  shift: Int32Array;
  /** steps applied by the flush of this step, 0 without one */
  flushed: number;
  /** K × d codes of z */
  z: Codes;
  /** K dots of z with row `next` */
  a: Float64Array;
  /** lanes after the step and its flush */
  lanes: Uint16Array;
}

export interface InnerResult {
  z: Codes;
  /** codes found at a limit of their type, summed over all flushes */
  saturated: number;
  /** steps done: T, or the stop of option II */
  steps: number;
}

const f = Math.fround;
const clamp = (x: number, low: number, high: number): number => (x < low ? low : x > high ? high : x);
const sat8 = (x: number): number => clamp(x, -128, 127);
const sat16 = (x: number): number => clamp(x, -32768, 32767);

const exponentView = new DataView(new ArrayBuffer(4));

/** floor(log2 |x|) of a float32 from its exponent bits; −127 for subnormals, 128 for infinities. */
export function exponentOf(x: number): number {
  exponentView.setFloat32(0, x);
  return ((exponentView.getUint32(0) >>> 23) & 0xff) - 127;
}

/** Coefficient formats of the table of section 5. */
export interface CoefficientFormat {
  kMax: number;
  kMaxBits: number;
  sMax: number;
}

/** The row of the table for a pair of formats. */
export function coefficientFormat(codes: Codes, z: Codes): CoefficientFormat {
  if (codes instanceof Int8Array && z instanceof Int16Array) return { kMax: 127, kMaxBits: 7, sMax: 14 };
  if (codes instanceof Int8Array && z instanceof Int8Array) return { kMax: 127, kMaxBits: 7, sMax: 7 };
  if (codes instanceof Int16Array && z instanceof Int16Array) return { kMax: 32767, kMaxBits: 15, sMax: 29 };
  throw new Error("no such combination of data and z");
}

/** s of step 4: the largest shift at which |kappa|·2^s is still at most kMax, within 0 … sMax. kappa is not 0. */
export function shiftOf(kappa: number, { kMax, kMaxBits, sMax }: CoefficientFormat): number {
  const e = exponentOf(kappa);
  if (e === -127) return sMax; // subnormal
  let s = kMaxBits - 1 - e;
  if (Math.abs(kappa) * 2 ** s > kMax) s -= 1;
  return clamp(s, 0, sMax);
}

/** k of step 4: clamp(floor(fround(fround(kappa·2^s) + u)), −kMax, kMax). */
export function coefficientOf(kappa: number, s: number, u: number, kMax: number): number {
  return clamp(Math.floor(f(f(kappa * 2 ** s) + u)), -kMax, kMax);
}

/** r of one lane for a shift s: the top s bits of the lane, or the half for nearest. */
export function roundingBits(lane: number, s: number, stochastic: boolean): number {
  if (s === 0) return 0;
  if (!stochastic) return 2 ** (s - 1);
  return s <= 16 ? lane >>> (16 - s) : lane << (s - 16);
}

/** Exact Σ_j codes[row][j]·z[c][j]: integers below 2^53 in float64. */
function dotInteger(codes: Codes, row: number, z: Codes, c: number, d: number): number {
  let sum = 0;
  const x = row * d;
  const w = c * d;
  for (let j = 0; j < d; j++) sum += (codes[x + j] as number) * (z[w + j] as number);
  return sum;
}

const partial = new Float32Array(16);

/** The float32 dot: 16 partial sums p[j mod 16], then q[l] = (p[l] + p[4+l]) + (p[8+l] + p[12+l]), then (q0 + q2) + (q1 + q3). */
export function dotFloat32(codes: Codes, row: number, z: Codes, c: number, d: number): number {
  partial.fill(0);
  const x = row * d;
  const w = c * d;
  // Storing into a Float32Array is the outer fround.
  for (let j = 0; j < d; j++)
    partial[j & 15] = (partial[j & 15] as number) + f((z[w + j] as number) * (codes[x + j] as number));
  const p = (l: number): number => partial[l] as number;
  const q = (l: number): number => f(f(p(l) + p(4 + l)) + f(p(8 + l) + p(12 + l)));
  return f(f(q(0) + q(2)) + f(q(1) + q(3)));
}

/** Runs the inner loop of one outer step. */
export function runInner(input: InnerInput): InnerResult {
  const { codes, rows: n, columns: d, classes: K, loss, labels, omega, state, base, alpha, deltaScale } = input;
  const { ridge, flushEvery, innerSteps, trace } = input;
  // SAGA changes it
  const G = input.gradient === undefined ? undefined : Float64Array.from(input.gradient);
  const tau = input.tau ?? 1;
  const stochastic = input.rounding === "stochastic";
  const published = input.published ?? false;
  const z = input.z.slice() as Codes;
  const packed = input.packed;
  const isMasked = (i: number): boolean => packed?.isMasked[i % d] === true;
  for (let i = 0; i < z.length; i++) if (isMasked(i)) z[i] = 0;
  const isFloat = z instanceof Float32Array;
  if (isFloat !== codes instanceof Float32Array) throw new Error("no such combination of data and z");
  if (published && !(codes instanceof Int8Array && z instanceof Int8Array))
    throw new Error("published: int8 and int8 only");
  const format = isFloat ? { kMax: 0, kMaxBits: 0, sMax: 0 } : coefficientFormat(codes, z);
  const low = z instanceof Int8Array ? -128 : -32768;
  const high = z instanceof Int8Array ? 127 : 32767;
  const hasRidge = ridge !== undefined && Array.from(ridge).some((r) => r > 0);
  const isDense = published ? hasRidge : G !== undefined || hasRidge;

  const alpha32 = f(alpha);
  const delta32 = f(deltaScale);
  const factor32 = f(-alpha / deltaScale);
  const labels32 = Float32Array.from(labels);
  const omega32 = omega === undefined ? undefined : Float32Array.from(omega);

  // Published step: h = clamp(floor(alpha·G/delta·256 + 0.5), −32768, 32767), once.
  const h = new Int16Array(published ? K * d : 0);
  if (published && G !== undefined) {
    for (let i = 0; i < h.length; i++) {
      h[i] = clamp(Math.floor(((alpha * (G[i] as number)) / deltaScale) * 256 + 0.5), -32768, 32767);
    }
  }

  const random = new RandomStream(input.seed, input.outerStep);
  const lanes = random.lanes;
  const stop = input.option === "II" ? random.index(innerSteps) : innerSteps;
  const rowsPerDraw = input.rowsPerDraw ?? 1;
  let first = 0; // row drawn last
  let visited = rowsPerDraw; // rows of its block visited so far
  const nextRow = (): number => {
    if (visited === rowsPerDraw) {
      first = random.index(n);
      visited = 0;
    }
    return (first + visited++) % n;
  };
  let row = nextRow();

  const dot = isFloat ? dotFloat32 : dotInteger;
  const a = new Float64Array(K);
  const change = new Float32Array(K);
  const dc = new Float32Array(K);
  const k = new Float64Array(K);
  const shift = new Int32Array(K);

  const dots = (i: number): void => {
    for (let c = 0; c < K; c++) a[c] = dot(codes, i, z, c, d);
  };

  /** z = sat16(z + ((k·q + r) >> s)) and its two relatives. */
  const rounds = new Int32Array(8);
  const update = (c: number): void => {
    const kc = k[c] as number;
    const s = shift[c] as number;
    for (let l = 0; l < 8; l++) rounds[l] = roundingBits(lanes[l] as number, s, stochastic);
    const x = row * d;
    const w = c * d;
    if (packed !== undefined) {
      const isByte = z instanceof Int8Array;
      const updates = updatesOf(packed.levels, kc, s, rounds, isByte);
      for (let j = 0; j < d; j++) {
        const level = packed.levels.indexOf(codes[x + j] as number);
        z[w + j] = moved(z[w + j] as number, updates[level] as number, isMasked(j), isByte);
      }
    } else if (codes instanceof Int16Array) {
      for (let j = 0; j < d; j++) {
        const u = sat16((kc * (codes[x + j] as number) + (rounds[j & 7] as number)) >> s);
        z[w + j] = sat16((z[w + j] as number) + u);
      }
    } else if (z instanceof Int16Array) {
      for (let j = 0; j < d; j++) {
        const u = (kc * (codes[x + j] as number) + (rounds[j & 7] as number)) >> s;
        z[w + j] = sat16((z[w + j] as number) + u);
      }
    } else {
      const size = Math.abs(kc);
      for (let j = 0; j < d; j++) {
        const u = sat8((size * (codes[x + j] as number) + (rounds[j & 7] as number)) >> s);
        z[w + j] = sat8(kc > 0 ? (z[w + j] as number) + u : (z[w + j] as number) - u);
      }
    }
  };

  /** z = fround(z + fround(k·x)). */
  const updateFloat = (c: number): void => {
    for (let j = 0; j < d; j++)
      z[c * d + j] = (z[c * d + j] as number) + f((k[c] as number) * (codes[row * d + j] as number));
  };

  /** m = sat16(k·q + h);  y = sat16(256·z − m);  z = sat16(y + r) >> 8. */
  const updatePublished = (c: number): void => {
    for (let j = 0; j < d; j++) {
      const at = c * d + j;
      const m = sat16((k[c] as number) * (codes[row * d + j] as number) + (h[at] as number));
      const y = sat16(256 * (z[at] as number) - m);
      z[at] = sat16(y + (stochastic ? (lanes[j & 7] as number) >>> 8 : 128)) >> 8;
    }
  };

  const seen = input.table ? new Float32Array(n * K) : undefined;
  let previous = z.slice();

  /** FLUSH(p); the published step has its gradient in h, so its drift is 0. */
  const flush = (p: number): void => {
    if (seen !== undefined && G !== undefined) {
      const factor = -deltaScale / (alpha * n);
      for (let i = 0; i < G.length; i++) {
        G[i] = (G[i] as number) + factor * ((z[i] as number) - (previous[i] as number));
      }
    }
    for (let c = 0; c < K; c++) {
      for (let j = 0; j < d; j++) {
        const at = c * d + j;
        if (isMasked(at)) continue;
        const drift = published || G === undefined ? 0 : f((alpha * p * (G[at] as number)) / deltaScale);
        const shrink = f(1 / (1 + alpha * p * (ridge === undefined ? 0 : (ridge[j] as number))));
        const y = f(f((z[at] as number) - drift) * shrink);
        if (isFloat) {
          z[at] = y;
          continue;
        }
        const u = stochastic ? ((lanes[j & 7] as number) + 0.5) / 65536 : 0.5;
        const code = clamp(Math.floor(f(y + u)), low, high);
        z[at] = code;
      }
    }
    random.advanceLanes();
    previous = z.slice();
  };

  const opening = Math.floor(Math.min(flushEvery, stop) / 2);
  if (isDense && opening > 0) flush(opening);
  dots(row);
  for (let t = 0; t < stop; t++) {
    // 1. the change of the margin
    for (let c = 0; c < K; c++) {
      const codeChange = f((a[c] as number) - (base === undefined ? 0 : (base[row * K + c] as number)));
      change[c] = isFloat ? codeChange : f(delta32 * codeChange);
    }
    // 2. the derivative difference, or the derivative
    const y = labels32[row] as number;
    if (state !== undefined) differenceFloat32(loss, state, row * K, change, y, tau, dc);
    else derivativeFloat32(loss, change, y, tau, dc);
    if (seen !== undefined) {
      for (let c = 0; c < K; c++) {
        const now = dc[c] as number;
        dc[c] = now - (seen[row * K + c] as number);
        seen[row * K + c] = now;
      }
    }
    if (omega32 !== undefined) for (let c = 0; c < K; c++) dc[c] = (dc[c] as number) * (omega32[row] as number);
    // 3. the lanes
    random.advanceLanes();
    // 4. the coefficients
    for (let c = 0; c < K; c++) {
      k[c] = 0;
      shift[c] = 0;
      const dcc = dc[c] as number;
      if (isFloat) {
        k[c] = f(-alpha32 * dcc);
      } else if (published) {
        if (dcc === 0) continue;
        const u = stochastic ? random.uniform() : 0.5;
        k[c] = clamp(Math.floor(f(f(factor32 * 256 * -dcc) + u)), -128, 127);
      } else {
        const kappa = f(factor32 * dcc);
        if (kappa === 0) continue;
        const s = shiftOf(kappa, format);
        const u = stochastic ? random.uniform() : 0.5;
        shift[c] = s;
        k[c] = coefficientOf(kappa, s, u, format.kMax);
      }
    }
    // 5. the next row
    const next = nextRow();
    // 6. the update with this row
    for (let c = 0; c < K; c++) {
      if (published) updatePublished(c);
      else if (k[c] === 0) continue;
      else if (isFloat) updateFloat(c);
      else update(c);
    }
    // 7. the dense part: the second half of the block that ends here and the first half of the next
    let flushed = 0;
    const opened = Math.floor(t / flushEvery) * flushEvery;
    const block = Math.min(flushEvery, stop - opened);
    if (isDense && t + 1 === opened + block) {
      const following = Math.min(flushEvery, stop - t - 1);
      flushed = Math.ceil(block / 2) + Math.floor(following / 2);
      flush(flushed);
    }
    dots(next);
    if (trace !== undefined) trace({ t, row, next, change, dc, k, shift, flushed, z, a, lanes });
    row = next;
  }
  const saturated = isFloat ? 0 : z.filter((code) => code === low || code === high).length;
  return { z, saturated, steps: stop };
}

/** Seed of the order of shuffled planes, and rows per draw on them (section 4). */
export const SHUFFLE_SEED = 0x9e3779b9;
export const BLOCK_ROWS = 32;

/** The same run on shuffled rows: codes and everything that is kept per row, in the order of the places. */
export function shuffled(input: InnerInput): InnerInput {
  const { codes, rows, columns, classes, labels, omega, state, base } = input;
  const order = permutation(SHUFFLE_SEED, rows);
  const moved = <T extends Codes | Float64Array>(from: ArrayLike<number>, to: T): T => {
    const width = to.length / rows;
    order.forEach((row, place) => {
      for (let j = 0; j < width; j++) to[place * width + j] = from[row * width + j] as number;
    });
    return to;
  };
  return {
    ...input,
    rowsPerDraw: BLOCK_ROWS,
    codes: moved(codes, codes.slice(0, rows * columns) as Codes),
    labels: moved(labels, new Float64Array(rows)),
    ...(omega !== undefined && { omega: moved(omega, new Float64Array(rows)) }),
    ...(state !== undefined && { state: moved(state, new Float32Array(rows * classes)) }),
    ...(base !== undefined && { base: moved(base, new Float64Array(rows * classes)) }),
  };
}

// ZipML from docs/numerics.md section 14: the solver bit for bit (float32 by Math.fround, in the documented order), and the estimators in float64 with
// every outcome of their coins enumerated. Source: ZipML, Zhang et al. 2017 (arXiv 1611.05402), sections 2 to 4.
import { dotFloat32 } from "./inner.js";
import { derivativeFloat32, type Loss } from "./loss.js";
import { scaleDraw, seedState, uniformFromDraw, xorshift32 } from "./random.js";

const f = Math.fround;
const at = (values: ArrayLike<number>, i: number): number => values[i] as number;

// ---- levels and coins ------------------------------------------------------------------------------------------------------

export interface Levels {
  readonly low: number;
  readonly width: number;
  readonly intervals: number;
  readonly table: ArrayLike<number> | null;
}

/** MurmurHash3's finaliser, 0 becomes 1. */
export function hashed(word: number): number {
  let x = word >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b) >>> 0;
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35) >>> 0;
  x = (x ^ (x >>> 16)) >>> 0;
  return x === 0 ? 1 : x;
}

/** The row indices' stream and the coins' eight. */
export class Coins {
  #rows: number;
  readonly #streams: number[] = [];

  constructor(seed: number, epoch: number) {
    this.#rows = seedState(seed, epoch);
    for (let i = 0; i < 16; i++) this.#rows = xorshift32(this.#rows);
    for (let l = 0; l < 8; l++) {
      this.#rows = xorshift32(this.#rows);
      this.#streams.push(hashed(this.#rows));
    }
  }

  row(count: number): number {
    this.#rows = xorshift32(this.#rows);
    return scaleDraw(this.#rows, count);
  }

  /** One coin per column. */
  flip(columns: number): Float32Array {
    return Float32Array.from({ length: columns }, (_, j) => {
      const next = xorshift32(at(this.#streams, j & 7));
      this.#streams[j & 7] = next;
      return uniformFromDraw(next);
    });
  }
}

export interface Place {
  readonly base: number;
  readonly fraction: number;
}

/** Where x stands between its levels. */
export function placeOf(x: number, { low, width, intervals, table }: Levels): Place {
  if (table !== null) {
    let base = 0;
    for (let k = 1; k < intervals; k++) if (at(table, k) <= x) base = k;
    const a = at(table, base);
    return { base, fraction: f(f(x - a) / f(at(table, base + 1) - a)) };
  }
  const p = f(f(x - low) * f(1 / width));
  const base = Math.min(Math.max(Math.floor(p), 0), intervals - 1);
  return { base, fraction: f(p - base) };
}

export function levelValue(index: number, scale: number, { low, width, table }: Levels): number {
  if (table === null) return f(f(low + f(width * index)) * scale);
  const k = Math.floor(index);
  return k === index ? at(table, k) : f(0.5 * f(at(table, k) + at(table, k + 1)));
}

/** Code of the any-precision copy. */
export const weavedCode = (x: number): number => Math.min(Math.max(Math.floor(f(f(x + 1) * 128)), 0), 255);

// ---- the solver ------------------------------------------------------------------------------------------------------------

export interface ZipmlInput {
  /** rows × columns unit values, float32, the intercept's ones and padding included. */
  readonly x: Float32Array;
  readonly rows: number;
  /** Padded, a multiple of 32. */
  readonly columns: number;
  /** Columns of data; the intercept follows. */
  readonly cols: number;
  readonly hasIntercept: boolean;
  /** Whether a column is rounded. */
  readonly isRounded: (column: number) => boolean;
  readonly labels: ArrayLike<number>;
  readonly weights: ArrayLike<number> | null;
  readonly loss: Loss;
  readonly epsilon: number;
  readonly estimator: "exact" | "single" | "double" | "symmetrised" | "polynomial";
  /** Samples per row. */
  readonly samples: number;
  readonly source: "fresh" | "stored" | "weaved";
  readonly isNearest: boolean;
  readonly scaling: "column" | "rowMax" | "rowL2";
  readonly levels: Levels;
  readonly bits: number;
  /** Subtract D̄∘ŵ. */
  readonly isCorrected: boolean;
  readonly modelLimit: number;
  readonly gradientLimit: number;
  readonly isNorm: boolean;
  readonly batch: number;
  readonly stepSize: number;
  /** r = l2/reach² per column. */
  readonly ridge: ArrayLike<number>;
  readonly polynomial: {
    readonly coefficients: ArrayLike<number>;
    readonly radius: number;
    readonly ball: number;
  } | null;
  readonly refetch: {
    readonly rule: "l1" | "midpoint" | "hoeffding" | "sketch";
    readonly failure: number;
    readonly widest: number;
    /** Numbers of a sketch, a multiple of 16. */
    readonly size: number;
  } | null;
  readonly seed: number;
  readonly epochs: number;
  readonly steps: number;
}

export interface ZipmlResult {
  readonly w: Float32Array;
  readonly refetched: number;
  readonly outside: number;
  /** Kept rows on the other side of the kink than their sample says. */
  readonly wrong: number;
}

interface Split {
  readonly places: readonly (Place | null)[];
  readonly scale: number;
}

export function runZipml(input: ZipmlInput): ZipmlResult {
  const { x, rows, columns, cols, hasIntercept, levels, estimator, batch, seed } = input;
  const rowOf = (i: number): Float32Array => x.subarray(i * columns, (i + 1) * columns);
  const isRounded = Array.from({ length: columns }, (_, j) => j < cols && input.isRounded(j));
  const dot = (a: Float32Array, b: Float32Array): number => dotFloat32(a, 0, b, 0, columns);
  const norm = (a: Float32Array): number => f(Math.sqrt(dot(a, a)));
  const sizeOf = (a: Float32Array, isNorm: boolean): number => (isNorm ? norm(a) : Math.max(...a.map(Math.abs)));
  const withoutIntercept = (a: Float32Array): Float32Array =>
    a.map((value, j) => (hasIntercept && j === cols ? 0 : value));

  const split = (i: number): Split => {
    let row = rowOf(i);
    let scale = 1;
    if (input.scaling !== "column") {
      row = withoutIntercept(row);
      scale = sizeOf(row, input.scaling === "rowL2");
      if (scale !== 0) row = row.map((value) => f(value / scale));
    }
    return { scale, places: Array.from(row, (value, j) => (isRounded[j] ? placeOf(value, levels) : null)) };
  };
  const settle = ({ places }: Split, coins: Coins): number[] => {
    const u = input.isNearest ? null : coins.flip(columns);
    return places.map((place, j) => {
      if (place === null) return 0;
      return place.base + Number(u === null ? place.fraction >= 0.5 : at(u, j) < place.fraction);
    });
  };
  const decode = (indices: readonly number[], scale: number): Float32Array =>
    Float32Array.from(indices, (index, j) => {
      if (hasIntercept && j === cols) return 1;
      return isRounded[j] ? levelValue(index, scale, levels) : 0;
    });

  // what is stored: indices of every sample
  const packed: number[][][] = [];
  if (input.source === "stored" && input.samples > 0) {
    const coins = new Coins(seed, 0xffffffff);
    for (let i = 0; i < rows; i++) {
      const place = split(i);
      packed.push(Array.from({ length: input.samples }, () => settle(place, coins)));
    }
  }
  const indicesOf = (i: number, place: Split, coins: Coins): number[][] => {
    if (input.source === "stored") return packed[i] as number[][];
    if (input.source === "fresh") return Array.from({ length: input.samples }, () => settle(place, coins));
    return [Array.from(rowOf(i), (value) => weavedCode(value) >> (8 - input.bits))];
  };

  const correction = new Float32Array(columns);
  if (input.isCorrected) {
    const sums = new Float64Array(columns);
    for (let i = 0; i < rows; i++) {
      const { places, scale } = split(i);
      const factor = (input.weights === null ? 1 : f(at(input.weights, i))) * scale * scale;
      places.forEach((place, j) => {
        if (place === null) return;
        const { base, fraction } = place;
        const part = Math.max(0, Math.min(1, fraction));
        const { table } = levels;
        const width = table === null ? f(levels.width) : at(table, base + 1) - at(table, base);
        sums[j] = at(sums, j) + factor * (part * (1 - part) * (width * width));
      });
    }
    correction.set(sums.map((sum) => sum / rows));
  }

  const w = new Float32Array(columns);
  const roundVector = (v: Float32Array, limit: number, coins: Coins): Float32Array => {
    const plain = withoutIntercept(v);
    const unit = f(sizeOf(plain, input.isNorm) / limit);
    if (unit === 0) return v.slice();
    const u = coins.flip(columns);
    return plain.map((value, j) => {
      if (hasIntercept && j === cols) return at(v, j);
      const p = Math.min(Math.max(f(value / unit), -limit), limit);
      const k = Math.floor(p) + Number(at(u, j) < f(p - Math.floor(p)));
      return f(unit * k);
    });
  };
  const derivative = new Float32Array(1);
  const alpha = f(input.stepSize);
  const shrink = Float32Array.from(input.ridge, (r) => 1 / (1 + input.stepSize * r));
  let [refetched, outside, wrong] = [0, 0, 0];
  const sketching =
    input.refetch?.rule === "sketch" ? sketcher(input.refetch.failure, input.refetch.size, columns) : null;

  for (let epoch = 0; epoch < input.epochs; epoch++) {
    const coins = new Coins(seed, epoch);
    for (let s = 0; s < input.steps; s++) {
      const seen = input.modelLimit === 0 ? w : roundVector(w, input.modelLimit, coins);
      const g = new Float32Array(columns);
      const add = (k: number, q: Float32Array): void => {
        if (k === 0) return;
        for (let j = 0; j < columns; j++) g[j] = at(g, j) + f(k * at(q, j));
      };
      const weighed = (i: number, value: number): number => {
        const weighted = input.weights === null ? value : f(value * f(at(input.weights, i)));
        return f(weighted * f(1 / batch));
      };
      const slope = (i: number, margin: number, side: number): number => {
        const y = f(at(input.labels, i));
        if (side < 0) return 0;
        if (side > 0) return weighed(i, input.loss === "hinge" ? -y : f(margin - y));
        derivativeFloat32(input.loss, [margin], y, f(input.epsilon), derivative);
        return weighed(i, at(derivative, 0));
      };
      for (let b = 0; b < batch; b++) {
        const i = coins.row(rows);
        const y = f(at(input.labels, i));
        const exact = rowOf(i);
        const plain = (): void => add(slope(i, dot(exact, seen), 0), exact);
        if (estimator === "exact") {
          plain();
          continue;
        }
        const place = input.samples === 0 ? { places: [], scale: 1 } : split(i);
        const indices = input.samples === 0 ? [] : indicesOf(i, place, coins);
        const values = indices.map((one) => decode(one, place.scale));
        const sample = (k: number): Float32Array => (input.samples === 0 ? exact : (values[k] as Float32Array));
        if (estimator === "polynomial" && input.polynomial !== null) {
          const { coefficients, radius } = input.polynomial;
          const inverse = f(1 / radius);
          let [before, now, sum] = [0, 1, f(at(coefficients, 0))];
          for (let k = 1; k < coefficients.length; k++) {
            const tau = f(f(y * dot(sample(k - 1), seen)) * inverse);
            if (Math.abs(tau) > 1) outside++;
            const next = k === 1 ? tau : f(f(f(2 * tau) * now) - before);
            [before, now] = [now, next];
            sum = f(sum + f(f(at(coefficients, k)) * now));
          }
          add(weighed(i, f(-y * sum)), sample(coefficients.length - 1));
          continue;
        }
        let side = 0;
        if (input.refetch !== null) {
          const { rule, failure, widest } = input.refetch;
          let [spread, total] = [0, 0];
          for (let j = 0; j < columns; j++) {
            const size = Math.abs(at(seen, j));
            const part = f((isRounded[j] ? f(widest) : 0) * size);
            total = f(total + size);
            spread = f(spread + (rule === "hoeffding" ? f(part * part) : part));
          }
          if (rule === "hoeffding") spread = f(f(Math.sqrt(0.5 * Math.log(2 / failure))) * f(Math.sqrt(spread)));
          if (rule === "midpoint") spread = f(0.5 * spread);
          const slack = f(f(4 * columns * 2 ** -24) * total);
          let bound = f(f(place.scale * spread) + f(Math.max(place.scale, 1) * slack));
          const isMidpoint = rule === "midpoint" && estimator !== "single";
          const middle = place.places.map((one) => (one === null ? 0 : one.base + 0.5));
          let margin = dot(isMidpoint ? decode(middle, place.scale) : sample(0), seen);
          if (sketching !== null) {
            margin = dotFloat32(sketching.of(exact), 0, sketching.of(seen), 0, input.refetch.size);
            bound = f(norm(exact) * f(sketching.error * norm(seen)));
          }
          const h = f(1 - f(y * margin));
          side = h > bound ? 1 : h < -bound ? -1 : 0;
          if (side === 0) {
            refetched++;
            plain();
            continue;
          }
          let truth = 1;
          for (let j = 0; j < columns; j++) truth -= y * at(exact, j) * at(seen, j);
          if (truth !== 0 && Math.sign(truth) !== side) wrong++;
        }
        if (estimator === "single") {
          add(slope(i, dot(sample(0), seen), side), sample(0));
          continue;
        }
        const ahead = slope(i, dot(sample(1), seen), side);
        if (estimator === "double") {
          add(ahead, sample(0));
          continue;
        }
        const behind = slope(i, dot(sample(0), seen), side);
        add(f(0.5 * ahead), sample(0));
        add(f(0.5 * behind), sample(1));
      }
      if (input.isCorrected) for (let j = 0; j < columns; j++) g[j] = at(g, j) - f(at(correction, j) * at(seen, j));
      const moved = input.gradientLimit === 0 ? g : roundVector(g, input.gradientLimit, coins);
      for (let j = 0; j < columns; j++) w[j] = f(at(w, j) - f(alpha * at(moved, j))) * at(shrink, j);
      if (input.polynomial !== null && input.polynomial.ball > 0) {
        const size = norm(w);
        const ball = f(input.polynomial.ball);
        if (size > ball) {
          const factor = f(ball / size);
          for (let j = 0; j < columns; j++) w[j] = at(w, j) * factor;
        }
      }
    }
  }
  return { w, refetched, outside, wrong };
}

/** Random signs ÷ √size, and the relative error ε: 4·exp(−(ε² − ε³)·size/4) = failure, ε ≤ 2/3. */
function sketcher(failure: number, size: number, columns: number) {
  let state = 0x85ebca6b;
  const signs = Float32Array.from({ length: size * columns }, () => {
    state = xorshift32(state);
    return state >= 2 ** 31 ? -1 / Math.sqrt(size) : 1 / Math.sqrt(size);
  });
  let error = 0;
  // digit by digit in binary
  for (let bit = 0.5; bit > 2 ** -50; bit /= 2) {
    const tried = error + bit;
    if (tried <= 2 / 3 && 4 * Math.exp((-(tried ** 2 - tried ** 3) * size) / 4) >= failure) error = tried;
  }
  return {
    error: f(error),
    of: (v: Float32Array): Float32Array =>
      Float32Array.from({ length: size }, (_, k) => dotFloat32(signs, k, v, 0, columns)),
  };
}

// ---- estimators, every outcome of their coins ------------------------------------------------------------------------------

/** One outcome of rounding a vector: the value and its probability. */
export interface Outcome {
  readonly value: readonly number[];
  readonly chance: number;
}

/** All roundings of x, column j between low[j] and high[j]: 2^d outcomes. */
export function roundings(x: readonly number[], low: readonly number[], high: readonly number[]): Outcome[] {
  let all: Outcome[] = [{ value: [], chance: 1 }];
  x.forEach((value, j) => {
    const [a, b] = [at(low, j), at(high, j)];
    const up = b > a ? (value - a) / (b - a) : 0;
    all = all.flatMap(({ value: done, chance }) => [
      { value: [...done, a], chance: chance * (1 - up) },
      { value: [...done, b], chance: chance * up },
    ]);
  });
  return all;
}

export const product = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, j) => sum + value * at(b, j), 0);

/** E g over all pairs of outcomes, and E‖g‖². */
export function momentsOfPairs(
  first: readonly Outcome[],
  second: readonly Outcome[],
  g: (a: readonly number[], b: readonly number[]) => readonly number[],
): { readonly mean: number[]; readonly square: number } {
  const mean: number[] = [];
  let square = 0;
  for (const a of first) {
    for (const b of second) {
      const chance = a.chance * b.chance;
      const value = g(a.value, b.value);
      value.forEach((part, j) => {
        mean[j] = (mean[j] ?? 0) + chance * part;
      });
      square += chance * product(value, value);
    }
  }
  return { mean, square };
}

/** One sample used twice. */
export const naive =
  (w: readonly number[], y: number) =>
  (q: readonly number[]): number[] =>
    q.map((value) => value * (product(q, w) - y));

/** Q1·(Q2·w − y). */
export const double =
  (w: readonly number[], y: number) =>
  (a: readonly number[], b: readonly number[]): number[] =>
    a.map((value) => value * (product(b, w) - y));

export const symmetrised =
  (w: readonly number[], y: number) =>
  (a: readonly number[], b: readonly number[]): number[] =>
    a.map((value, j) => 0.5 * (value * (product(b, w) - y) + at(b, j) * (product(a, w) - y)));

/** The trap of counted ups: from two outcomes only the number of ups per column is kept, and the first sample takes them first. */
export const counted = (
  a: readonly number[],
  b: readonly number[],
): { readonly first: number[]; readonly second: number[] } => ({
  first: a.map((value, j) => Math.max(value, at(b, j))),
  second: a.map((value, j) => Math.min(value, at(b, j))),
});

/** The solution of m·w = b by elimination with pivots; rows of m end in b. */
function eliminate(m: number[][]): number[] {
  const columns = m.length;
  for (let c = 0; c < columns; c++) {
    let pivot = c;
    for (let r = c + 1; r < columns; r++) {
      if (Math.abs(at(m[r] as number[], c)) > Math.abs(at(m[pivot] as number[], c))) pivot = r;
    }
    [m[c], m[pivot]] = [m[pivot] as number[], m[c] as number[]];
    const head = m[c] as number[];
    for (let r = 0; r < columns; r++) {
      if (r === c) continue;
      const row = m[r] as number[];
      const factor = at(row, c) / at(head, c);
      for (let k = c; k <= columns; k++) row[k] = at(row, k) - factor * at(head, k);
    }
  }
  return m.map((row, c) => at(row, columns) / at(row, c));
}

/** ½(AᵀB + BᵀA)/n of two roundings of the same rows, rows × columns. */
export function pairMatrix(a: ArrayLike<number>, b: ArrayLike<number>, rows: number, columns: number): number[][] {
  return Array.from({ length: columns }, (_, j) =>
    Array.from({ length: columns }, (_, k) => {
      let sum = 0;
      for (let i = 0; i < rows; i++) {
        const at1 = i * columns;
        sum += at(a, at1 + j) * at(b, at1 + k) + at(b, at1 + j) * at(a, at1 + k);
      }
      return sum / (2 * rows);
    }),
  );
}

/** Where symmetrised steps on a stored pair end: ½(AᵀB + BᵀA)·w = ½(A + B)ᵀy. */
export function pairSolution(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  y: ArrayLike<number>,
  rows: number,
  columns: number,
): number[] {
  return eliminate(
    pairMatrix(a, b, rows, columns).map((row, j) => {
      let sum = 0;
      for (let i = 0; i < rows; i++) sum += (at(a, i * columns + j) + at(b, i * columns + j)) * at(y, i);
      return [...row, sum / (2 * rows)];
    }),
  );
}

/** The solution of (XᵀX/n + diag(extra))·w = Xᵀy/n. x: rows × columns. */
export function normalSolution(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  rows: number,
  columns: number,
  extra: readonly number[],
): number[] {
  return eliminate(
    Array.from({ length: columns }, (_, j) =>
      Array.from({ length: columns + 1 }, (_, k) => {
        let sum = 0;
        for (let i = 0; i < rows; i++) {
          sum += at(x, i * columns + j) * (k === columns ? at(y, i) : at(x, i * columns + k));
        }
        return sum / rows + (k === j ? at(extra, j) : 0);
      }),
    ),
  );
}

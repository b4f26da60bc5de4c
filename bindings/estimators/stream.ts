// partialFit: rows that come in batches, are learnt from once and forgotten.
//   minimise  F(w, b) = 1/n Σ ωᵢ loss(w·xᵢ + b, yᵢ) + l2/2 ‖w‖²  over all rows seen so far
// docs/decisions/0022.
// Kept      w, and of all earlier batches their quadratic model around w: gradient r and Hessian A
// Each batch:  w ← argmin  r·d + ½ dᵀAd + Σ_batch ωᵢ lossᵢ(w + d) + penalty, by Newton's method with conjugate gradients; then the batch joins r and A
// For the squared loss the model is exact: the optimum of all rows, whatever the batches (recursive least squares). For the others it is the renewable estimator of Luo & Song
// 2020 (J. R. Stat. Soc. B 82, §3): asymptotically as good as all rows at once, whatever the number of batches. No step size, no order of rows, no random numbers.
// Above FULL coordinates A is too large, and a diagonal model would be stiff where it should be soft: there each batch is joined to the last point by
// a diagonal proximal term that grows as √n, and the model is the mean of the points (minibatch-prox: Wang, Wang & Srebro 2017, COLT, §3; means: Polyak & Juditsky 1992).
import { checkMatrix, isSparse, type SparseMatrix } from "../data/matrix.js";
import type { LossName, Weights } from "../data/problem.js";
import type { Work } from "../engine/work.js";
import { BitcenterError, show } from "../errors.js";
import { exp } from "./elementary.js";
import type { Label } from "./labels.js";
import type { Settings } from "./options.js";
import { blocksOf, type RowsInput, shapeOf } from "./rows.js";
import { lossOf } from "./scores.js";

/** Coordinates (outputs × columns, intercepts included) up to which all of A is kept: 2 MiB. */
const FULL = 512;
/** Newton steps and halvings per batch. */
const MOST_STEPS = 50;
const MOST_HALVINGS = 40;
/** Conjugate gradients stop when the residual has fallen to this part. */
const FORCING = 0.1;
/** A step must bring this part of what its slope promises (Armijo). */
const SUFFICIENT = 1e-4;
/** Part of the curvature of huber's touching parabola (see #touching) that rows beyond its bend have. */
const TOUCH = 0.05;
/** Part of the objective below which a promise is not seen in it any more. */
const NOISE = 2 ** -52;

/** A batch: margins, their transpose, and squares. Coordinates: columns, then the intercept if there is one. */
interface Batch {
  readonly rows: number;
  /** out[i] = Σⱼ xᵢⱼ p[at + j]. */
  multiply(p: Float64Array, at: number, out: Float64Array): void;
  /** out[at + j] += Σᵢ c[i] xᵢⱼ. */
  transposed(c: Float64Array, out: Float64Array, at: number): void;
  /** out[at + j] += Σᵢ c[i] xᵢⱼ². */
  squares(c: Float64Array, out: Float64Array, at: number): void;
  /** A[a + j][b + l] += Σᵢ c[i] xᵢⱼ xᵢₗ for a whole block; A is size × size. */
  gram(c: Float64Array, A: Float64Array, size: number, a: number, b: number): void;
}

/** Rows with a stored 1 for the intercept: compressed, or dense with no list of columns. */
class Rows implements Batch {
  readonly rows: number;
  readonly #values: Float64Array;
  readonly #columns: Int32Array | null;
  readonly #starts: Int32Array | null;
  readonly #width: number;

  constructor(
    rows: number,
    width: number,
    values: Float64Array,
    columns: Int32Array | null,
    starts: Int32Array | null,
  ) {
    this.rows = rows;
    this.#width = width;
    this.#values = values;
    this.#columns = columns;
    this.#starts = starts;
  }

  #start(i: number): number {
    return this.#starts === null ? i * this.#width : (this.#starts[i] as number);
  }

  multiply(p: Float64Array, at: number, out: Float64Array): void {
    const values = this.#values;
    const columns = this.#columns;
    for (let i = 0; i < this.rows; i++) {
      const [first, end] = [this.#start(i), this.#start(i + 1)];
      let sum = 0;
      if (columns === null)
        for (let e = first; e < end; e++) sum += (values[e] as number) * (p[at + e - first] as number);
      else for (let e = first; e < end; e++) sum += (values[e] as number) * (p[at + (columns[e] as number)] as number);
      out[i] = sum;
    }
  }

  transposed(c: Float64Array, out: Float64Array, at: number): void {
    this.#scatter(c, out, at, false);
  }

  squares(c: Float64Array, out: Float64Array, at: number): void {
    this.#scatter(c, out, at, true);
  }

  #scatter(c: Float64Array, out: Float64Array, at: number, isSquared: boolean): void {
    const values = this.#values;
    const columns = this.#columns;
    for (let i = 0; i < this.rows; i++) {
      const factor = c[i] as number;
      if (factor === 0) continue;
      const [first, end] = [this.#start(i), this.#start(i + 1)];
      for (let e = first; e < end; e++) {
        const x = values[e] as number;
        const j = at + (columns === null ? e - first : (columns[e] as number));
        out[j] = (out[j] as number) + factor * (isSquared ? x * x : x);
      }
    }
  }

  gram(c: Float64Array, A: Float64Array, size: number, a: number, b: number): void {
    const values = this.#values;
    const columns = this.#columns;
    for (let i = 0; i < this.rows; i++) {
      const factor = c[i] as number;
      if (factor === 0) continue;
      const [first, end] = [this.#start(i), this.#start(i + 1)];
      for (let e = first; e < end; e++) {
        const x = factor * (values[e] as number);
        if (x === 0) continue;
        const row = (a + (columns === null ? e - first : (columns[e] as number))) * size + b;
        if (columns === null) {
          for (let f = first; f < end; f++)
            A[row + f - first] = (A[row + f - first] as number) + x * (values[f] as number);
        } else {
          for (let f = first; f < end; f++) {
            const to = row + (columns[f] as number);
            A[to] = (A[to] as number) + x * (values[f] as number);
          }
        }
      }
    }
  }
}

/** The caller's rows as float64 with the intercept's 1 at the end of each. */
function* readBatch(where: string, input: RowsInput, fitIntercept: boolean): Work<Rows> {
  const { rows, cols } = shapeOf(where, input);
  const more = fitIntercept ? 1 : 0;
  const width = cols + more;
  if (isSparse(input)) return yield* readSparse(where, input, more);
  const values = new Float64Array(rows * width);
  for (const { x, first, count } of blocksOf(yield* checkMatrix(where, input))) {
    for (let i = 0; i < count; i++) {
      const at = (first + i) * width;
      values.set(x.subarray(i * cols, (i + 1) * cols), at);
      if (more === 1) values[at + cols] = 1;
    }
    yield;
  }
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw notFinite(where, Math.floor(bad / width), bad % width, values[bad] as number);
  return new Rows(rows, width, values, null, null);
}

function* readSparse(where: string, { data, indices, indptr, rows, cols }: SparseMatrix, more: number): Work<Rows> {
  const stored = data.length + more * rows;
  const [values, columns, starts] = [new Float64Array(stored), new Int32Array(stored), new Int32Array(rows + 1)];
  let to = 0;
  for (let i = 0; i < rows; i++) {
    for (let at = indptr[i] as number; at < (indptr[i + 1] as number); at++) {
      const value = data[at] as number;
      if (!Number.isFinite(value)) throw notFinite(where, i, indices[at] as number, value);
      values[to] = value;
      columns[to++] = indices[at] as number;
    }
    if (more === 1) {
      values[to] = 1;
      columns[to++] = cols;
    }
    starts[i + 1] = to;
  }
  yield;
  return new Rows(rows, cols + more, values, columns, starts);
}

function notFinite(where: string, row: number, column: number, value: number): BitcenterError {
  return new BitcenterError(
    "BAD_VALUE",
    `${where}: row ${row}, column ${column}: expected a finite number, given ${value}`,
  );
}

const dotOf = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += (a[j] as number) * (b[j] as number);
  return sum;
};

/** to += factor·by. */
function add(to: Float64Array, factor: number, by: Float64Array): void {
  for (let j = 0; j < to.length; j++) to[j] = (to[j] as number) + factor * (by[j] as number);
}

/** Lower Cholesky factor in place of a symmetric positive definite matrix (only its lower triangle is read); a pivot that vanishes is replaced by its diagonal. */
function factorise(L: Float64Array, size: number): void {
  for (let j = 0; j < size; j++) {
    const diagonal = L[j * size + j] as number;
    let pivot = diagonal;
    for (let k = 0; k < j; k++) pivot -= (L[j * size + k] as number) * (L[j * size + k] as number);
    // it preconditions: any positive number will do
    const root = Math.sqrt(pivot > NOISE * diagonal ? pivot : diagonal > 0 ? diagonal : 1);
    L[j * size + j] = root;
    for (let i = j + 1; i < size; i++) {
      let sum = L[i * size + j] as number;
      for (let k = 0; k < j; k++) sum -= (L[i * size + k] as number) * (L[j * size + k] as number);
      L[i * size + j] = sum / root;
    }
  }
}

function solve(L: Float64Array, size: number, b: Float64Array): Float64Array {
  const x = b.slice();
  for (let i = 0; i < size; i++) {
    let sum = x[i] as number;
    for (let k = 0; k < i; k++) sum -= (L[i * size + k] as number) * (x[k] as number);
    x[i] = sum / (L[i * size + i] as number);
  }
  for (let i = size - 1; i >= 0; i--) {
    const value = (x[i] as number) / (L[i * size + i] as number);
    x[i] = value;
    for (let k = 0; k < i; k++) x[k] = (x[k] as number) - (L[i * size + k] as number) * value;
  }
  return x;
}

/** Derivative and second derivative of the losses with one score; y: ±1 or a target. */
function slopes(loss: LossName, m: number, y: number, tau: number): readonly [number, number] {
  switch (loss) {
    case "logistic": {
      const small = exp(-Math.abs(m));
      const wrong = y * m >= 0 ? small / (1 + small) : 1 / (1 + small);
      return [-y * wrong, small / ((1 + small) * (1 + small))];
    }
    case "squaredHinge": {
      const slack = 1 - y * m;
      return slack > 0 ? [-y * slack, 1] : [0, 0];
    }
    case "squared":
      return [m - y, 1];
    default: {
      // beyond the bend there is no curvature; with a little of the touching parabola's, rows out there can still be told apart
      const r = m - y;
      return Math.abs(r) <= tau ? [r, 1] : [r > 0 ? tau : -tau, (TOUCH * tau) / Math.abs(r)];
    }
  }
}

/** One problem of a stream: logistic, squared, …: one output; softmax: one per class. */
class Stream {
  readonly size: number;
  readonly isFull: boolean;
  /** The point, and (not full) the mean of the points. */
  readonly w: Float64Array;
  readonly mean: Float64Array;
  readonly #loss: LossName;
  readonly #outputs: number;
  readonly #width: number;
  readonly #cols: number;
  readonly #l2: number;
  readonly #tau: number;
  readonly #tol: number;
  /** Of all batches: Hessian (size × size, or its diagonal), gradient and value of their model at w; weight of their rows. */
  readonly #A: Float64Array;
  readonly #r: Float64Array;
  #value = 0;
  /** The sum of all losses at zero weights: what errors are measured by. */
  #zero = 0;
  #weight = 0;
  #meanWeight = 0;
  passes = 0;
  objective = 0;
  gradientNorm = 0;
  isConverged = true;

  constructor(loss: LossName, outputs: number, cols: number, { l2, fitIntercept, epsilon, tol }: Settings) {
    this.#loss = loss;
    this.#outputs = outputs;
    this.#cols = cols;
    this.#width = cols + (fitIntercept ? 1 : 0);
    this.#l2 = l2;
    this.#tau = epsilon;
    this.#tol = tol;
    this.size = outputs * this.#width;
    this.isFull = this.size <= FULL;
    this.w = new Float64Array(this.size);
    this.mean = this.isFull ? this.w : new Float64Array(this.size);
    this.#A = new Float64Array(this.isFull ? this.size * this.size : this.size);
    this.#r = new Float64Array(this.size);
  }

  /** Bytes that stay between batches. */
  get bytes(): number {
    return 8 * (this.#A.length + 3 * this.size);
  }

  /** Takes in a batch. y: per row ±1, a target, or the place of the class. omega: rows, or null. */
  *take(batch: Rows, y: Float64Array, omega: Float64Array | null): Work<void> {
    const { size, w } = this;
    const { rows } = batch;
    const added = omega === null ? rows : omega.reduce((sum, weight) => sum + weight, 0);
    // rows that weigh nothing say nothing, and means of them are no numbers
    if (added === 0) return;
    const outputs = this.#outputs;
    const margins = Array.from({ length: outputs }, () => new Float64Array(rows));
    const first = Array.from({ length: outputs }, () => new Float64Array(rows));
    const second = Array.from({ length: outputs }, () => new Float64Array(rows));
    const zeros = new Float64Array(outputs);
    for (let i = 0; i < rows; i++) {
      this.#zero += (omega?.[i] ?? 1) * lossOf(this.#loss, zeros, 0, outputs, y[i] as number, this.#tau);
    }
    // how strongly the last point holds: the model itself, or its diagonal that grows as √n
    const hold = this.isFull ? 1 : this.#weight > 0 ? Math.sqrt(added / this.#weight) : 0;
    const penalised = this.#l2 * added;
    const last = w.slice();
    const d = new Float64Array(size);
    const Ad = new Float64Array(size);

    const evaluate = (): number => {
      let value = 0;
      this.#margins(batch, w, margins);
      const scores = new Float64Array(outputs);
      for (let i = 0; i < rows; i++) {
        for (let k = 0; k < outputs; k++) scores[k] = (margins[k] as Float64Array)[i] as number;
        value += (omega?.[i] ?? 1) * lossOf(this.#loss, scores, 0, outputs, y[i] as number, this.#tau);
      }
      d.set(w);
      add(d, -1, last);
      this.#past(d, hold, Ad);
      return value + 0.5 * penalised * this.#squares(w) + (this.isFull ? dotOf(this.#r, d) : 0) + 0.5 * dotOf(d, Ad);
    };

    let value = evaluate();
    const g = new Float64Array(size);
    const slope = (): void => {
      this.#slopes(margins, y, omega, first, second);
      g.set(Ad);
      if (this.isFull) add(g, 1, this.#r);
      this.#ridge(w, penalised, g);
      for (let k = 0; k < outputs; k++) batch.transposed(first[k] as Float64Array, g, k * this.#width);
    };
    slope();
    this.isConverged = false;
    for (let step = 0; step < MOST_STEPS; step++) {
      yield;
      // Newton's steps end quickly; those of reweighted squares get there from anywhere
      const curved = step % 2 === 0 ? this.#touching(margins, y, omega, second) : second;
      const p = this.#direction(batch, g, curved, omega, hold, penalised);
      const promise = -dotOf(g, p);
      this.isConverged = !(0.5 * promise > Math.max(NOISE, this.#tol * this.#tol) * this.#zero);
      if (this.isConverged) break;
      const from = w.slice();
      const before = value;
      let length = 1;
      for (let halving = 0; ; halving++) {
        w.set(from);
        add(w, length, p);
        value = evaluate();
        if (value <= before - SUFFICIENT * length * promise) break;
        if (halving === MOST_HALVINGS) {
          // what is promised is below what the sum can show
          w.set(from);
          value = evaluate();
          break;
        }
        length *= 0.5;
      }
      slope();
      if (value >= before) {
        this.isConverged = 0.5 * promise <= 16 * NOISE * this.#zero;
        break;
      }
    }
    // the batch joins the model of the past
    this.#value += this.isFull ? value : value - 0.5 * dotOf(d, Ad);
    if (this.isFull) {
      this.#r.set(g);
      this.#join(batch, second, omega, penalised);
    } else {
      this.#diagonal(batch, second, omega, penalised, this.#A);
      // later points are better: a point's weight grows with the rows behind it
      const share = added * (this.#weight + added);
      this.#meanWeight += share;
      add(d.fill(0), 1, w);
      add(d, -1, this.mean);
      add(this.mean, share / this.#meanWeight, d);
    }
    this.#weight += added;
    this.objective = this.#value / this.#weight;
    this.gradientNorm = Math.sqrt(dotOf(g, g)) / this.#weight;
  }

  #margins(batch: Rows, p: Float64Array, out: readonly Float64Array[]): void {
    out.forEach((margins, k) => {
      batch.multiply(p, k * this.#width, margins);
    });
    this.passes++;
  }

  /** out = (the past's Hessian)·p, times `hold`. */
  #past(p: Float64Array, hold: number, out: Float64Array): void {
    const A = this.#A;
    const { size } = this;
    for (let i = 0; i < size; i++) {
      let sum = 0;
      if (this.isFull) for (let j = 0, at = i * size; j < size; j++) sum += (A[at + j] as number) * (p[j] as number);
      else sum = hold * (A[i] as number) * (p[i] as number);
      out[i] = sum;
    }
  }

  /** Coordinates that are penalised: all but the intercepts. */
  #isPenalised(j: number): boolean {
    return j % this.#width < this.#cols;
  }

  #squares(w: Float64Array): number {
    return w.reduce((sum, x, j) => (this.#isPenalised(j) ? sum + x * x : sum), 0);
  }

  /** out += penalised·p. */
  #ridge(p: Float64Array, penalised: number, out: Float64Array): void {
    if (penalised === 0) return;
    for (let j = 0; j < p.length; j++) {
      if (this.#isPenalised(j)) out[j] = (out[j] as number) + penalised * (p[j] as number);
    }
  }

  /** Derivatives of the batch's losses, times ωᵢ; softmax: `second` holds the probabilities. */
  #slopes(
    margins: readonly Float64Array[],
    y: Float64Array,
    omega: Float64Array | null,
    first: readonly Float64Array[],
    second: readonly Float64Array[],
  ): void {
    const outputs = margins.length;
    y.forEach((label, i) => {
      const weight = omega?.[i] ?? 1;
      if (this.#loss !== "softmax") {
        const [slope, curvature] = slopes(this.#loss, (margins[0] as Float64Array)[i] as number, label, this.#tau);
        (first[0] as Float64Array)[i] = weight * slope;
        (second[0] as Float64Array)[i] = weight * curvature;
        return;
      }
      let top = Number.NEGATIVE_INFINITY;
      for (const m of margins) top = Math.max(top, m[i] as number);
      let total = 0;
      for (let k = 0; k < outputs; k++) {
        const value = exp(((margins[k] as Float64Array)[i] as number) - top);
        (second[k] as Float64Array)[i] = value;
        total += value;
      }
      for (let k = 0; k < outputs; k++) {
        const share = ((second[k] as Float64Array)[i] as number) / total;
        (second[k] as Float64Array)[i] = share;
        (first[k] as Float64Array)[i] = weight * (share - (k === label ? 1 : 0));
      }
    });
  }

  /**
   * Beyond its bend huber has no curvature, and a first batch is often all out there: instead that of the parabola which touches the loss at the row's error and lies above it
   * (Huber 1981, Robust Statistics, §7.8: iteratively reweighted least squares). The other losses: `second` as it is.
   */
  #touching(
    margins: readonly Float64Array[],
    y: Float64Array,
    omega: Float64Array | null,
    second: readonly Float64Array[],
  ): readonly Float64Array[] {
    if (this.#loss !== "huber") return second;
    const scores = margins[0] as Float64Array;
    const touch = (target: number, i: number): number =>
      (omega?.[i] ?? 1) * Math.min(1, this.#tau / Math.abs((scores[i] as number) - target));
    return [y.map(touch)];
  }

  /** out += Hessian of the batch · p. */
  #curve(
    batch: Rows,
    p: Float64Array,
    second: readonly Float64Array[],
    omega: Float64Array | null,
    out: Float64Array,
  ): void {
    const turned = second.map(() => new Float64Array(batch.rows));
    this.#margins(batch, p, turned);
    for (let i = 0; i < batch.rows; i++) {
      if (this.#loss !== "softmax") {
        const [own, h] = [turned[0] as Float64Array, second[0] as Float64Array];
        own[i] = (own[i] as number) * (h[i] as number);
        continue;
      }
      let mean = 0;
      for (const [k, share] of second.entries())
        mean += (share[i] as number) * ((turned[k] as Float64Array)[i] as number);
      const weight = omega?.[i] ?? 1;
      for (const [k, share] of second.entries()) {
        const own = turned[k] as Float64Array;
        own[i] = weight * (share[i] as number) * ((own[i] as number) - mean);
      }
    }
    turned.forEach((c, k) => {
      batch.transposed(c, out, k * this.#width);
    });
  }

  /** Curvature of the rows in coordinates of outputs a and b: ωᵢ·∂²loss/∂m_a∂m_b. */
  #block(second: readonly Float64Array[], omega: Float64Array | null, a: number, b: number): Float64Array {
    const [of, other] = [second[a] as Float64Array, second[b] as Float64Array];
    if (this.#loss !== "softmax") return of;
    return of.map((share, i) => (omega?.[i] ?? 1) * share * ((a === b ? 1 : 0) - (other[i] as number)));
  }

  /** out += the diagonal of the batch's Hessian and the penalty's. */
  #diagonal(
    batch: Rows,
    second: readonly Float64Array[],
    omega: Float64Array | null,
    penalised: number,
    out: Float64Array,
  ): void {
    for (let k = 0; k < this.#outputs; k++) batch.squares(this.#block(second, omega, k, k), out, k * this.#width);
    this.#ridge(new Float64Array(this.size).fill(1), penalised, out);
  }

  /** A += the batch's Hessian and the penalty's. */
  #join(batch: Rows, second: readonly Float64Array[], omega: Float64Array | null, penalised: number): void {
    const { size } = this;
    for (let a = 0; a < this.#outputs; a++) {
      for (let b = 0; b < this.#outputs; b++) {
        batch.gram(this.#block(second, omega, a, b), this.#A, size, a * this.#width, b * this.#width);
      }
    }
    for (let j = 0; j < size; j++) {
      if (this.#isPenalised(j)) this.#A[j * size + j] = (this.#A[j * size + j] as number) + penalised;
    }
  }

  /** −H⁻¹g, roughly: conjugate gradients, preconditioned by the past (full) and the diagonal of the batch. */
  #direction(
    batch: Rows,
    g: Float64Array,
    second: readonly Float64Array[],
    omega: Float64Array | null,
    hold: number,
    penalised: number,
  ): Float64Array {
    const { size } = this;
    const diagonal = new Float64Array(size);
    this.#diagonal(batch, second, omega, penalised, diagonal);
    let precondition: (b: Float64Array) => Float64Array;
    if (this.isFull) {
      const L = this.#A.slice();
      for (let j = 0; j < size; j++) L[j * size + j] = (L[j * size + j] as number) + (diagonal[j] as number);
      factorise(L, size);
      precondition = (b) => solve(L, size, b);
    } else {
      add(diagonal, hold, this.#A);
      precondition = (b) => b.map((x, j) => ((diagonal[j] as number) > 0 ? x / (diagonal[j] as number) : 0));
    }
    const x = new Float64Array(size);
    const residual = g.map((slope) => -slope);
    const product = new Float64Array(size);
    let z = precondition(residual);
    const p = z.slice();
    let rho = dotOf(residual, z);
    const goal = FORCING * FORCING * rho;
    for (let k = 0; k < 2 * size && rho > goal; k++) {
      this.#past(p, hold, product);
      this.#ridge(p, penalised, product);
      this.#curve(batch, p, second, omega, product);
      const curvature = dotOf(p, product);
      if (!(curvature > 0)) break;
      const length = rho / curvature;
      add(x, length, p);
      add(residual, -length, product);
      z = precondition(residual);
      const next = dotOf(residual, z);
      for (let j = 0; j < size; j++) p[j] = (z[j] as number) + (next / rho) * (p[j] as number);
      rho = next;
    }
    return x;
  }
}

export interface StreamStep {
  readonly weights: Weights;
  /** Of the model of all rows seen: their losses at the time, carried along quadratically. */
  readonly objective: number;
  readonly gradientNorm: number;
  readonly isConverged: boolean;
}

/** What an estimator keeps between two calls of partialFit. */
export class StreamState {
  readonly loss: LossName;
  readonly classes: readonly Label[] | null;
  readonly cols: number;
  rows = 0;
  batches = 0;
  readonly #fitIntercept: boolean;
  readonly #streams: readonly Stream[];

  constructor(
    where: string,
    settings: Settings,
    loss: LossName,
    classes: readonly Label[] | null,
    isOneAgainstRest: boolean,
    cols: number,
  ) {
    if (loss === "hinge") {
      throw new BitcenterError(
        "UNSUPPORTED",
        `${where}: loss "hinge" has no curvature to remember a batch by; use loss: "squaredHinge"`,
      );
    }
    if (settings.l1 > 0) throw new BitcenterError("UNSUPPORTED", `${where}: streams have penalty: "l2" only`);
    if (settings.classWeight === "balanced") {
      throw new BitcenterError(
        "UNSUPPORTED",
        `${where}: classWeight: ${show("balanced")} needs all rows at once; give weights by label`,
      );
    }
    this.loss = loss;
    this.classes = classes;
    this.cols = cols;
    this.#fitIntercept = settings.fitIntercept;
    const count = isOneAgainstRest && classes !== null ? classes.length : 1;
    const outputs = loss === "softmax" && classes !== null ? classes.length : 1;
    this.#streams = Array.from({ length: count }, () => new Stream(loss, outputs, cols, settings));
  }

  get passes(): number {
    return this.#streams.reduce((sum, { passes }) => sum + passes, 0);
  }

  get bytes(): number {
    return this.#streams.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** One batch. targets: per row the place of its class, or its target. */
  *take(where: string, X: RowsInput, targets: Float64Array, weights: Float64Array | null): Work<StreamStep> {
    const batch = yield* readBatch(where, X, this.#fitIntercept);
    const { loss } = this;
    const isBinary = loss === "logistic" || loss === "squaredHinge";
    for (const [k, stream] of this.#streams.entries()) {
      const positive = this.#streams.length > 1 ? k : 1;
      yield* stream.take(batch, isBinary ? targets.map((place) => (place === positive ? 1 : -1)) : targets, weights);
    }
    this.rows += batch.rows;
    this.batches++;
    const sum = (of: (stream: Stream) => number): number => this.#streams.reduce((total, s) => total + of(s), 0);
    return {
      weights: this.#weights(),
      objective: sum(({ objective }) => objective),
      gradientNorm: Math.sqrt(sum(({ gradientNorm }) => gradientNorm * gradientNorm)),
      isConverged: this.#streams.every(({ isConverged }) => isConverged),
    };
  }

  #weights(): Weights {
    const { cols } = this;
    const width = cols + (this.#fitIntercept ? 1 : 0);
    const all = this.#streams.flatMap(({ mean }) =>
      Array.from({ length: mean.length / width }, (_, k) => mean.subarray(k * width, (k + 1) * width)),
    );
    const coef = new Float64Array(all.length * cols);
    all.forEach((own, k) => {
      coef.set(own.subarray(0, cols), k * cols);
    });
    return { coef, intercept: Float64Array.from(all, (own) => (this.#fitIntercept ? (own[cols] as number) : 0)) };
  }
}

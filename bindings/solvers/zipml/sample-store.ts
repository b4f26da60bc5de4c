// One run of ZipML's solver in linear memory: the struct ZipmlRun, the levels, the packed samples, the model. docs/numerics.md §14.
import type { Frame, Plane } from "../../data/dataset.js";
import { NORM_PRICE, type Problem } from "../../data/problem.js";
import { eachBlock, type RawRows, roundUp } from "../../data/raw-rows.js";
import { type Core, Scope } from "../../engine/core.js";
import { maxAbs } from "../../engine/vectors.js";
import { eachPart, PIECE, type Work } from "../../engine/work.js";
import { readZipml, writeZipml, ZIPML_BYTES, type ZipmlField } from "../../engine/zipml-run.js";
import { BitcenterError } from "../../errors.js";
import { logisticCoefficients } from "./chebyshev.js";
import { datasetLevels } from "./dataset-levels.js";
import type { CheckedZipml } from "./options.js";

/** Numbers of assembly/solver/zipml-run.ts. */
const ESTIMATORS = { single: 0, double: 1, symmetrised: 2, polynomial: 3 } as const;
const SCALINGS = { column: 0, rowMax: 1, rowL2: 2 } as const;
const REFETCH = { none: 0, l1: 1, midpoint: 2, hoeffding: 3, sketch: 4 } as const;
/** The stream that stored samples are drawn from: no epoch has this number. */
const PACKING = 0xffffffff;
/** Stream of the random projection. */
const PROJECTION_SEED = 0x85ebca6b;
/** Multiply-adds that a value takes as long as: rounded at every visit, unpacked from its planes; rounded once and packed. */
const FRESH_PRICE = 4;
const STORED_PRICE = 2;
const PACK_PRICE = 8;
/** And to draw a sign. */
const SIGN_PRICE = 4;
const UNIT32 = 2 ** -24;

/** Levels of one run: value = low + width·index per rounded column, or a table. */
interface Levels {
  readonly low: number;
  readonly width: number;
  readonly intervals: number;
  readonly table: Float64Array | null;
  /** Widest interval. */
  readonly widest: number;
}

const uniform = (low: number, high: number, intervals: number): Levels => {
  const width = (high - low) / intervals;
  return { low, width, intervals, table: null, widest: width };
};

/** What is read per visit, and kept per row. */
interface Layout {
  readonly planes: number;
  readonly ups: number;
}

export class SampleStore {
  /** The coordinates of the model. */
  readonly frame: Frame;
  /** Model w: padded f32. */
  readonly w: number;
  #stepSize = Number.NaN;
  readonly #core: Core;
  readonly #problem: Problem;
  readonly #options: CheckedZipml;
  readonly #run: number;
  readonly #ridge: number;
  readonly #shrink: number;
  readonly #low: number;
  readonly #width: number;
  readonly #spread: number;
  readonly #inverse: number;
  readonly #sums: number;
  /** Multiply-adds of a visit to a row, and of what a step does besides. */
  readonly #visitCost: number;
  readonly #stepCost: number;
  readonly #samples: number;
  readonly #sketchBytes: number;
  /** Columns that are rounded. */
  readonly #live: readonly number[];
  /** Bytes of sample data that one visit reads, and that fetching the exact row adds. */
  #rowBytes = 0;
  readonly #exactBytes: number;
  #sampleBytes = 0;
  #bits = 0;
  #visits = 0;
  #refetched = 0;
  #outside = 0;

  private constructor(scope: Scope, problem: Problem, options: CheckedZipml, frame: Frame) {
    const { core, dataset, fitIntercept } = problem;
    const { rows, cols } = dataset;
    const { estimator, polynomial, refetch, sketchSize, scaling } = options;
    this.#core = core;
    this.#problem = problem;
    this.#options = options;
    const { padded } = frame;
    this.frame = frame;
    this.#exactBytes = 4 * padded;
    const empty = new Set(dataset.emptyColumns(fitIntercept));
    this.#live = Array.from({ length: cols }, (_, j) => j).filter((j) => !empty.has(j));

    const isExact = estimator === "exact";
    const perRow = polynomial !== null ? polynomial.degree + 1 : estimator === "double" ? 2 : 1;
    this.#samples = isExact ? 0 : perRow;
    const vector = (what: string): number => scope.alloc(padded * 4, what);
    this.w = vector("the model");
    this.#low = vector("levels");
    this.#width = vector("levels");
    this.#spread = vector("levels");
    this.#shrink = vector("the regulariser");
    this.#ridge = scope.alloc(padded * 8, "the regulariser");
    this.#sums = options.hasAverage ? scope.alloc(padded * 8, "the mean of the iterates") : 0;
    const gradient = vector("a gradient");
    const seen = options.modelLimit === 0 ? this.w : vector("the rounded model");
    const scratch = vector("a row");
    this.#inverse = vector("levels");
    const values = scope.alloc((this.#samples + 1) * padded * 4, "the samples of a row");
    const block = scope.alloc(3 * padded * 4 + 2 * padded, "the samples of a row");
    this.#run = scope.alloc(ZIPML_BYTES, "the state of a run");
    core.kernels.ridge(frame.scale, cols, padded, problem.l2, this.#ridge);
    this.#write({
      rows,
      columns: padded,
      cols,
      hasIntercept: fitIntercept ? 1 : 0,
      estimator: this.#estimator(),
      samples: this.#samples,
      rounding: estimator === "nearest" ? 0 : 1,
      scaling: SCALINGS[scaling],
      low: this.#low,
      width: this.#width,
      inverse: this.#inverse,
      spread: this.#spread,
      scaled: scratch,
      base: block,
      fraction: block + 4 * padded,
      index: block + 8 * padded,
      codes: block + 12 * padded,
      bits: block + 13 * padded,
      values,
      labels: problem.labels.f32,
      weights: dataset.weights.f32,
      loss: problem.lossId,
      threshold: problem.epsilon,
      w: this.w,
      seen,
      gradient,
      shrink: this.#shrink,
      modelLimit: options.modelLimit,
      gradientLimit: options.gradientLimit,
      isNorm: options.isNorm ? 1 : 0,
      share: 1 / options.batchSize,
      batch: options.batchSize,
      refetch: REFETCH[refetch],
      // two dots of padded products (16 partial sums, so far fewer roundings meet one term) and one more of the bound itself
      slack: 4 * padded * UNIT32,
      sketchSize,
      lanes: scope.alloc(32, "the coins"),
    });
    this.#sketchBytes = refetch === "sketch" ? 4 * (sketchSize + 1) : 0;
    this.#visitCost = padded * (perRow + 1) * (options.samples === "fresh" ? FRESH_PRICE : STORED_PRICE);
    this.#stepCost = refetch === "sketch" ? sketchSize * padded : padded;
  }

  /** bits: of the first epoch. */
  static *create(scope: Scope, problem: Problem, options: CheckedZipml, bits: number): Work<SampleStore> {
    const frame = yield* problem.dataset.unitFrame(problem.fitIntercept);
    const store = new SampleStore(scope, problem, options, frame);
    yield* store.#fill(scope, bits);
    return store;
  }

  /** Levels, samples and whatever else is made of the rows. */
  *#fill(scope: Scope, bits: number): Work<void> {
    const { dataset, fitIntercept } = this.#problem;
    const { estimator, samples, refetch } = this.#options;
    const isExact = estimator === "exact";
    const levels = samples === "weaved" || isExact ? null : yield* this.#chooseLevels();
    if (levels !== null) this.#writeLevels(levels, scope);
    const keepsRows = isExact || samples === "fresh" || refetch !== "none";
    const work = (rows: Scope): Work<number> => this.#useRows(rows, scope, levels, bits, keepsRows);
    this.#stepSize = keepsRows ? yield* work(scope) : yield* Scope.scratchWork(this.#core, work);
    if (samples === "weaved") {
      const { pointer, rowBytes, planeBytes } = yield* dataset.weaved(fitIntercept);
      this.#write({ store: pointer, rowBytes, planeBytes });
    } else if (isExact || samples === "fresh") this.#rowBytes = this.#exactBytes;
  }

  /** Everything that the float32 rows, in memory of `rows`, are needed for; gives the step size. */
  *#useRows(rows: Scope, scope: Scope, levels: Levels | null, bits: number, keepsRows: boolean): Work<number> {
    const { dataset, fitIntercept } = this.#problem;
    const { polynomial, refetch, samples, scaling, stepSize } = this.#options;
    const plane = yield* dataset.unitPlane(rows, fitIntercept);
    this.#write({ exact: keepsRows ? plane.codes : 0, strideBytes: plane.strideBytes });
    if (levels !== null) yield* this.#makeSamples(scope, plane, scaling !== "column");
    if (refetch === "sketch") yield* this.#makeSketches(scope, plane);
    if (polynomial !== null) yield* this.#makePolynomial(scope, plane, polynomial);
    const widest = samples === "weaved" ? 2 / 2 ** bits : (levels?.widest ?? 0);
    return stepSize ?? (yield* this.#automatic(plane, widest));
  }

  /** Step size of the first epoch, unit coordinates. */
  get stepSize(): number {
    return this.#stepSize;
  }

  #write(fields: Partial<Record<ZipmlField, number>>): void {
    writeZipml(this.#core.view(), this.#run, fields);
  }

  #estimator(): number {
    const { estimator, polynomial, isSymmetrised } = this.#options;
    if (polynomial !== null) return ESTIMATORS.polynomial;
    if (estimator !== "double") return ESTIMATORS.single;
    return isSymmetrised ? ESTIMATORS.symmetrised : ESTIMATORS.double;
  }

  *#chooseLevels(): Work<Levels> {
    const { levels, bits, scaling } = this.#options;
    const { dataset, fitIntercept } = this.#problem;
    const count = 2 ** bits(0);
    // rows: as many levels on either side of 0, which most entries of long rows are near
    if (scaling !== "column") return uniform(-1, 1, count - 2);
    if (levels === "uniform") return uniform(-1, 1, count - 1);
    const table = levels === "optimal" ? yield* datasetLevels(dataset, fitIntercept, count) : levels;
    const [low, high] = yield* dataset.unitRange(fitIntercept);
    const [first, last] = [table[0] as number, table[count - 1] as number];
    if (low < Math.fround(first) || high > Math.fround(last)) {
      throw new BitcenterError(
        "BAD_OPTION",
        `zipml: levels from ${first} to ${last} do not cover the unit values of this dataset, ${low} to ${high}`,
      );
    }
    // equally spaced levels need no table; in float32 they are the same numbers
    const even = uniform(first, last, count - 1);
    const [low32, width32] = [Math.fround(even.low), Math.fround(even.width)];
    const isEven = table.every((level, k) => Math.fround(level) === Math.fround(low32 + Math.fround(width32 * k)));
    if (isEven) return even;
    const widest = table.reduce(
      (top, level, k) => (k === 0 ? top : Math.max(top, level - (table[k - 1] as number))),
      0,
    );
    return { low: 0, width: 1, intervals: count - 1, table, widest };
  }

  /** Levels of the rounded columns; width 0 elsewhere. */
  #setColumns(low: number, width: number, widest: number): void {
    const { padded } = this.frame;
    for (const [pointer, value] of [
      [this.#low, low],
      [this.#width, width],
      [this.#spread, widest],
    ] as const) {
      const column = this.#core.f32(pointer, padded);
      for (const j of this.#live) column[j] = value;
    }
  }

  #writeLevels(levels: Levels, scope: Scope): void {
    const { low, width, intervals, table, widest } = levels;
    this.#setColumns(low, width, widest);
    const inverses = this.#core.f32(this.#inverse, this.frame.padded);
    for (const j of this.#live) inverses[j] = 1 / Math.fround(width);
    let pointer = 0;
    if (table !== null) {
      // kernels look up sixteen levels at a time
      pointer = scope.alloc(Math.max(64, table.length * 4), "levels");
      this.#core.f32(pointer, table.length).set(table);
    }
    this.#write({ last: intervals - 1, table: pointer, count: table?.length ?? 0 });
  }

  /** Planes of a base index (or of a level, where one sample is all there is) and up-bits behind them. */
  #layout(): Layout {
    const { bits, scaling } = this.#options;
    const intervals = 2 ** bits(0) - (scaling === "column" ? 1 : 2);
    const width = (count: number): number => 32 - Math.clz32(count - 1);
    return this.#samples === 1
      ? { planes: width(intervals + 1), ups: 0 }
      : { planes: width(intervals), ups: this.#samples };
  }

  /** Rounds and packs the rows, and finds the mean variances where they are subtracted. */
  *#makeSamples(scope: Scope, plane: Plane, isRowScaled: boolean): Work<void> {
    const { kernels } = this.#core;
    const { rows } = this.#problem.dataset;
    const { padded } = this.frame;
    const { estimator, samples, seed } = this.#options;
    if (samples === "stored") {
      const { planes, ups } = this.#layout();
      const planeBytes = padded / 8;
      const rowBytes = (planes + ups) * planeBytes;
      this.#write({
        planes,
        ups,
        planeBytes,
        rowBytes,
        store: yield* scope.allocWork(Math.max(1, rows * rowBytes), "the samples of a run"),
        scales: isRowScaled ? yield* scope.allocWork(rows * 4, "the scales of the rows") : 0,
      });
      this.#rowBytes = rowBytes + (isRowScaled ? 4 : 0);
      kernels.beginZipml(this.#run, seed, PACKING);
      const price = (PACK_PRICE * Math.max(1, ups)) / 4;
      yield* this.#eachBlock(plane, (from, first, count) => kernels.packZipml(this.#run, from, first, count), price);
    }
    if (estimator !== "corrected") return;
    const correction = scope.alloc(padded * 4, "the mean variances");
    const scratch = new Scope(this.#core);
    try {
      const sums = scratch.alloc(padded * 8, "the mean variances");
      yield* this.#eachBlock(
        plane,
        (from, first, count) => kernels.variancesZipml(this.#run, from, first, count, sums),
        PACK_PRICE / 4,
      );
      const total = this.#core.f64(sums, padded);
      for (let j = 0; j < padded; j++) total[j] = (total[j] as number) / rows;
      kernels.toFloat32(sums, correction, padded);
    } finally {
      scratch.release();
    }
    this.#write({ correction });
  }

  /** price: multiply-adds that a byte takes as long as. */
  #eachBlock(plane: Plane, visit: (pointer: number, first: number, count: number) => void, price: number): Work<void> {
    const { rows, cols } = this.#problem.dataset;
    const raw: RawRows = { storage: "F32", pointer: plane.codes, strideBytes: plane.strideBytes, rows, cols };
    return eachBlock(this.#core, raw, visit, price);
  }

  /** Chebyshev coefficients, and the ball that keeps margins within their radius. */
  *#makePolynomial(scope: Scope, plane: Plane, polynomial: NonNullable<CheckedZipml["polynomial"]>): Work<void> {
    const { degree, radius, ball } = polynomial;
    const coefficients = scope.alloc((degree + 1) * 4, "Chebyshev coefficients");
    this.#core.f32(coefficients, degree + 1).set(logisticCoefficients(this.#core, degree, radius));
    const top = yield* this.#longestRow(plane);
    const largest = ball ?? (top > 0 ? radius / Math.sqrt(top) : Number.POSITIVE_INFINITY);
    const isBounded = Math.fround(largest) < Number.POSITIVE_INFINITY;
    this.#write({ coefficients, degree, inverseRadius: 1 / radius, ball: isBounded ? largest : 0 });
  }

  /** Largest square of a row, whatever its weight. */
  *#longestRow({ codes, strideBytes, padded }: Plane): Work<number> {
    let top = 0;
    yield* eachPart(this.#core, this.#problem.dataset.rows, NORM_PRICE * padded, 1, (first, count) => {
      const from = codes + first * strideBytes;
      top = Math.max(top, this.#core.kernels.maxRowNormF32(from, strideBytes, count, padded, 0));
    });
    return top;
  }

  /** Random signs ÷ √sketchSize, and every row projected on them. */
  *#makeSketches(scope: Scope, plane: Plane): Work<void> {
    const { sketchSize } = this.#options;
    const { padded } = this.frame;
    const { rows } = this.#problem.dataset;
    const projection = yield* scope.allocWork(sketchSize * padded * 4, "a random projection");
    const size = 1 / Math.sqrt(sketchSize);
    let state = PROJECTION_SEED;
    yield* eachPart(this.#core, sketchSize * padded, SIGN_PRICE, 1, (first, count) => {
      const signs = this.#core.f32(projection + 4 * first, count);
      for (let i = 0; i < count; i++) {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        signs[i] = state < 0 ? -size : size;
      }
    });
    this.#write({
      projection,
      sketches: yield* scope.allocWork(rows * sketchSize * 4, "the sketches of the rows"),
      norms: scope.alloc(rows * 4, "the norms of the rows"),
      sketch: scope.alloc(sketchSize * 4, "the sketch of the model"),
    });
    yield* this.#eachBlock(
      plane,
      (from, first, count) => this.#core.kernels.outlineZipml(this.#run, from, first, count),
      sketchSize / 4,
    );
  }

  /** How sure a bound has to be: √(½ ln(2/failure)) for Hoeffding's; for a sketch its relative error ε, 4·exp(−(ε² − ε³)·size/4) = failure. */
  setConfidence(): void {
    const { refetch, failure, sketchSize } = this.#options;
    if (refetch === "hoeffding") this.#write({ confidence: Math.sqrt(0.5 * this.#core.kernels.log(2 / failure)) });
    if (refetch === "sketch") this.#write({ confidence: sketchError(this.#core, failure, sketchSize) });
  }

  /**
   * B/(2L), at most 1/λmax, L = h·max ω(‖x‖² + TV): what the samples add to a row's square is at most Σ width²/4, to an eigenvalue width²/4. Errors of nearest
   * rounding are not independent: they add to a row's length, and to the root of an eigenvalue, √(Σ width²/4). A rounded gradient is longer by 1 + columns/(4·intervals²).
   */
  *#automatic(plane: Plane, widest: number): Work<number> {
    const problem = this.#problem;
    const { core, dataset, curvature } = problem;
    const { batchSize, scaling, gradientLimit, estimator } = this.#options;
    const smoothness = yield* problem.smoothness(plane);
    if (!(smoothness > 0)) return 1;
    const { rows } = dataset;
    const heaviest = dataset.weights.f64 === 0 ? 1 : yield* maxAbs(core, dataset.weights.f64, rows);
    const reach = scaling === "rowL2" ? yield* this.#longestRow(plane) : 1;
    const variance = (curvature * heaviest * reach * widest * widest) / 4;
    const live = this.#live.length;
    const whole = live * variance;
    const eigenvalue = yield* problem.largestEigenvalue(plane);
    const isNearest = estimator === "nearest";
    // (√a + √b)² = a + b + 2√(ab)
    const longest = smoothness + whole + (isNearest ? 2 * Math.sqrt(smoothness * whole) : 0);
    const single = 1 / (2 * longest);
    const most = 1 / (isNearest ? eigenvalue + whole + 2 * Math.sqrt(eigenvalue * whole) : eigenvalue + variance);
    const longer = gradientLimit === 0 ? 1 : 1 + live / (4 * gradientLimit * gradientLimit);
    return Math.min(batchSize * single, most) / longer;
  }

  /** Bits of an epoch: the planes to read, decoded at midpoints. */
  setBits(bits: number): void {
    if (this.#options.samples !== "weaved" || bits === this.#bits) return;
    this.#bits = bits;
    const width = 2 / 2 ** bits;
    this.#setColumns(-1 + width / 2, width, width);
    this.#write({ planes: bits });
    this.#rowBytes = (bits * this.frame.padded) / 8;
  }

  /** Fractions of the visits so far that fetched the exact row, and of the margins that lay beyond the polynomial's radius. */
  get refetched(): number {
    return this.#visits === 0 ? 0 : this.#refetched / this.#visits;
  }

  get outside(): number {
    const { polynomial } = this.#options;
    return this.#visits === 0 || polynomial === null ? 0 : this.#outside / (this.#visits * polynomial.degree);
  }

  /** Bytes of sample data read so far. */
  get sampleBytes(): number {
    return this.#sampleBytes;
  }

  /** `steps` steps of size `alpha` as epoch `epoch`. */
  *advance(epoch: number, steps: number, alpha: number, isAveraged: boolean): Work<void> {
    const core = this.#core;
    const { batchSize, seed } = this.#options;
    const { padded } = this.frame;
    const shrink = core.f32(this.#shrink, padded);
    const ridge = core.f64(this.#ridge, padded);
    for (let j = 0; j < padded; j++) shrink[j] = 1 / (1 + alpha * (ridge[j] as number));
    this.#write({ alpha, average: isAveraged ? this.#sums : 0 });
    core.kernels.beginZipml(this.#run, seed, epoch);
    // short calls, since one long call would never leave the first compiler tier
    const cost = batchSize * this.#visitCost + this.#stepCost;
    if (cost <= PIECE) yield* eachPart(core, steps, cost, 1, (_, count) => core.kernels.advanceZipml(this.#run, count));
    else for (let step = 0; step < steps; step++) yield* this.#advanceLong();
    const visits = steps * batchSize;
    const refetched = readZipml(core.view(), this.#run, "refetched");
    this.#visits += visits;
    this.#refetched += refetched;
    this.#sampleBytes += visits * (this.#rowBytes + this.#sketchBytes) + refetched * this.#exactBytes;
    this.#outside += readZipml(core.view(), this.#run, "outside");
  }

  /** One step, a part of its batch at a time. */
  *#advanceLong(): Work<void> {
    const core = this.#core;
    if (core.isDue(this.#stepCost)) yield;
    yield* eachPart(core, this.#options.batchSize, this.#visitCost, 1, (first, count) => {
      core.kernels.advanceZipml(this.#run, 1, first, first + count);
    });
  }

  /** The point to report → v (padded f64): the mean of the iterates where there is one, else the model. */
  point(v: number): void {
    const { kernels } = this.#core;
    const { padded } = this.frame;
    const averaged = this.#sums === 0 ? 0 : readZipml(this.#core.view(), this.#run, "averaged");
    if (averaged === 0) kernels.foldF32(0, this.w, 1, v, padded);
    else {
      this.#core.f64(v, padded).fill(0);
      kernels.addScaled(v, 1 / averaged, this.#sums, padded);
    }
  }
}

/** Smallest ε with 4·exp(−(ε² − ε³)·size/4) ≤ failure, by bisection on [0, 2/3], where ε² − ε³ rises. */
function sketchError(core: Core, failure: number, size: number): number {
  const wanted = (4 * core.kernels.log(4 / failure)) / size;
  const excess = (e: number): number => e * e * (1 - e) - wanted;
  let [low, high] = [0, 2 / 3];
  if (excess(high) < 0) {
    const least = roundUp(Math.ceil(27 * core.kernels.log(4 / failure)), 16);
    throw new BitcenterError(
      "BAD_OPTION",
      `zipml: sketchSize: ${size} cannot keep failure: ${failure}; use at least ${least}`,
    );
  }
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (excess(middle) < 0) low = middle;
    else high = middle;
  }
  return high;
}

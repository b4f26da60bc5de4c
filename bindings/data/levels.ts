// Levels of least rounding variance: for stochastic rounding (optimalLevels, roundingVariance), and tables for nearest rounding (storageLevelsOf).
// docs/numerics.md §13, docs/decisions/0013-optimal-levels.md.
import { Core, Scope } from "../engine/core.js";
import { eachPart, finish, type Work } from "../engine/work.js";
import { BitcenterError, show } from "../errors.js";
import { checkNames, number, oneOf } from "../options.js";
import { isVector } from "./matrix.js";

/** How `optimalLevels` searches; see there. */
export type LevelMethod = "auto" | "exact" | "divideAndConquer" | "smawk" | "histogram" | "adaquant";

const METHODS = ["auto", "exact", "divideAndConquer", "smawk", "histogram", "adaquant"] as const;
const SEARCHES = { exact: "levelsExact", divideAndConquer: "levelsDivide", smawk: "levelsSmawk" } as const;

/** Values × levels up to which "auto" searches among all values. */
const SEARCHED = 2 ** 18;
const BUCKETS = 2048;
/** Most levels of one call: 16-bit codes. */
const MOST_LEVELS = 65_536;
const POINT_BYTES = 32;
const FRAME_BYTES = 32;

export interface LevelOptions {
  /** Number of levels, from 2 to 65 536; 2^b for codes of b bits. */
  readonly levels: number;
  /** Default "auto": by size alone, "divideAndConquer" up to 2¹⁸ values × levels, "histogram" beyond. */
  readonly method?: LevelMethod;
  /** One weight per value, ≥ 0 and not all 0; default: all alike. Only their ratios count. */
  readonly weights?: ArrayLike<number> | null;
  /** "histogram" only: number of buckets, from 2 to 2²⁰ (default 2048). */
  readonly buckets?: number;
}

/** What to search for, checked. @internal */
export interface LevelSearch {
  readonly levels: number;
  readonly method: LevelMethod;
  readonly buckets: number;
}

/** Sorted values as points, in linear memory. */
interface SortedPoints {
  readonly points: number;
  /** Distinct values in ascending order, f64. */
  readonly origins: number;
  readonly frame: number;
  readonly count: number;
}

/** Multiply-adds that a value takes as long as: in a pass of the sort, made a point, put in a cell; and a pair of points when their cost is looked at. */
const SORT_PRICE = 4;
const POINT_PRICE = 8;
const CELL_PRICE = 8;
const SEARCH_PRICE = 4;
/** Passes of the sort: to keys, a digit each, and back. */
const SORT_PASSES = 8;
/** Values that the histogram looks up at a time. */
const CELL_VALUES = 256;

/** Sorts a copy of the values (and of their weights). */
function* sortedPoints(core: Core, scope: Scope, values: number, weights: number, count: number): Work<SortedPoints> {
  const { kernels } = core;
  const origins = scope.alloc(8 * count, "sorted values");
  core.f64(origins, count).set(core.f64(values, count));
  let ordered = 0;
  if (weights !== 0) {
    ordered = scope.alloc(8 * count, "sorted weights");
    core.f64(ordered, count).set(core.f64(weights, count));
  }
  const scratch = scope.alloc(kernels.sortScratchBytes(count, weights === 0 ? 0 : 1), "sorting");
  yield* eachPart(core, SORT_PASSES, SORT_PRICE * count, 1, (first, passes) => {
    kernels.sortAscending(origins, ordered, count, scratch, first, first + passes);
  });
  scope.free(scratch);
  const frame = scope.alloc(FRAME_BYTES, "a frame");
  const points = yield* scope.allocWork(POINT_BYTES * count, "points of the sorted values");
  if (core.isDue(POINT_PRICE * count)) yield;
  return { points, origins, frame, count: kernels.pointsOfSorted(origins, ordered, count, frame, points) };
}

/** The values of the best levels among the points; all of them where they are no more than that. */
function* search(
  core: Core,
  scope: Scope,
  { points, origins, count }: Omit<SortedPoints, "frame">,
  levels: number,
  kernel: (typeof SEARCHES)[keyof typeof SEARCHES],
): Work<Float64Array> {
  const { kernels } = core;
  if (count <= levels) return core.f64(origins, count).slice();
  const intervals = levels - 1;
  const bytes = kernels.levelScratchBytes(count, intervals);
  // the kernel counts bytes in 32 bits
  const whole = 16 * (count - intervals) + 4 * (count - intervals) * Math.max(intervals - 2, 0);
  const scratch = scope.alloc(Math.max(bytes >>> 0, whole), `a search for ${levels} levels among ${count} values`);
  const found = scope.alloc(4 * levels, "levels");
  if (kernel === "levelsDivide" && intervals > 2) {
    // a layer per interval but the first and the last; a row of it is searched for among some rows of the layer before
    const rows = count - intervals;
    yield* eachPart(core, intervals - 2, SEARCH_PRICE * rows * Math.ceil(Math.log2(rows + 1)), 1, (first, layers) => {
      kernels.levelsDivide(points, count, intervals, scratch, found, first + 2, first + 2 + layers);
    });
  } else {
    if (core.isDue(SEARCH_PRICE * count)) yield;
    kernels[kernel](points, count, intervals, scratch, found);
  }
  const values = core.f64(origins, count);
  return Float64Array.from(core.u32(found, levels), (index) => values[index] as number);
}

/** Levels among the smallest and largest values of buckets; null where fewer of these than levels tell the values apart. */
function* searchBuckets(
  core: Core,
  scope: Scope,
  values: number,
  weights: number,
  count: number,
  { levels, buckets }: LevelSearch,
): Work<Float64Array | null> {
  const { kernels } = core;
  const frame = scope.alloc(FRAME_BYTES, "a frame");
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  yield* eachPart(core, count, 1, 2, (first, some) => {
    kernels.valueRange(values + 8 * first, some, frame);
    const [least, most] = core.f64(frame, 2) as unknown as [number, number];
    low = Math.min(low, least);
    high = Math.max(high, most);
  });
  if (low === high) return Float64Array.of(low);
  const mass = scope.alloc(8 * buckets, "buckets");
  const parts = function* (visit: (at: number, weight: number, first: number, some: number) => void): Work<void> {
    yield* eachPart(core, count, CELL_PRICE, CELL_VALUES, (first, some) => {
      visit(values + 8 * first, weights === 0 ? 0 : weights + 8 * first, first, some);
    });
  };
  yield* parts((at, weight, _first, some) => {
    kernels.weighCells(at, weight, some, low, high, buckets, frame, mass);
  });
  kernels.centreCells(mass, buckets, frame);
  const starts = scope.alloc(4 * (buckets + 1), "buckets");
  const split = kernels.splitCells(mass, buckets, buckets, starts);
  const scratch = scope.alloc(1024, "buckets");
  const fineMass = scope.alloc(8 * split, "buckets");
  yield* parts((at, weight, _first, some) => {
    kernels.weighFineCells(at, weight, some, buckets, frame, starts, fineMass, scratch);
  });
  const finer = scope.alloc(4 * (split + 1), "buckets");
  const fine = kernels.splitCells(fineMass, split, buckets, finer);
  const cells = scope.alloc(kernels.cellBytes(buckets), "buckets");
  yield* parts((at, weight, first, some) => {
    const isAdded = first > 0 ? 1 : 0;
    kernels.fillCells(at, weight, some, buckets, frame, starts, finer, fine, cells, scratch, isAdded);
  });
  const origins = scope.alloc(8 * 2 * fine, "candidates");
  const points = scope.alloc(POINT_BYTES * 2 * fine, "candidates");
  const candidates = kernels.pointsOfCells(cells, fine, frame, origins, points);
  return candidates > levels
    ? yield* search(core, scope, { points, origins, count: candidates }, levels, "levelsDivide")
    : null;
}

/** ADAQUANT with g = 1 and e = 2 for `intervals` = k: at most 4k + 2 intervals that cost at most twice the least of k; then the best levels among their ends. */
function* searchThinned(core: Core, scope: Scope, sorted: SortedPoints, levels: number): Work<Float64Array> {
  const { kernels } = core;
  const apart = 2 * (levels - 1);
  const most = 2 * apart + 2;
  const { count } = sorted;
  if (count - 1 <= most) return yield* search(core, scope, sorted, levels, "levelsDivide");
  const ends = scope.alloc(4 * count, "intervals");
  const scratch = scope.alloc(kernels.thinScratchBytes(count), "intervals");
  const left = kernels.thinPoints(sorted.points, count, apart, most, scratch, ends);
  const points = scope.alloc(POINT_BYTES * left, "ends of intervals");
  const origins = scope.alloc(8 * left, "ends of intervals");
  kernels.gather(sorted.points, POINT_BYTES, ends, left, POINT_BYTES, points, POINT_BYTES);
  kernels.gather(sorted.origins, 8, ends, left, 8, origins, 8);
  return yield* search(core, scope, { points, origins, count: left }, levels, "levelsDivide");
}

/**
 * `optimalLevels` for values that are in linear memory already: count f64 ≥ 1, finite, in any order; weights: count f64 ≥ 0, or 0. Neither is changed. @internal
 * @throws BitcenterError OUT_OF_MEMORY
 */
export function* optimalLevelsOf(
  core: Core,
  values: number,
  count: number,
  weights: number,
  { levels, method = "auto", buckets = BUCKETS }: Partial<LevelSearch> & Pick<LevelSearch, "levels">,
): Work<Float64Array> {
  const scope = new Scope(core);
  try {
    let scaled = 0;
    if (weights !== 0) {
      scaled = scope.alloc(8 * count, "weights");
      core.f64(scaled, count).set(core.f64(weights, count));
      core.kernels.scaleWeights(scaled, count);
    }
    let chosen = method;
    if (chosen === "auto") chosen = count * levels <= SEARCHED ? "divideAndConquer" : "histogram";
    if (chosen === "histogram") {
      const found = yield* searchBuckets(core, scope, values, scaled, count, { levels, method, buckets });
      if (found !== null) return found;
      chosen = "divideAndConquer";
    }
    const sorted = yield* sortedPoints(core, scope, values, scaled, count);
    if (chosen === "adaquant") return yield* searchThinned(core, scope, sorted, levels);
    return yield* search(core, scope, sorted, levels, SEARCHES[chosen]);
  } finally {
    scope.release();
  }
}

/** Iterations of Lloyd's method at most; smooth data settle slowly, each iteration is some binary searches per level. */
const LLOYD_TURNS = 2000;
/** Half widths of clipped uniform grids, in standard deviations. */
const CLIPS = [1, 2, 3, 4] as const;

/**
 * Levels for nearest rounding of least mean square error: Lloyd–Max from the levels of least variance, from uniform grids over the range (ends included, and
 * middles of cells) and from uniform grids clipped at 1 to 4 standard deviations; the best is kept. Ascending; no more than there are distinct values. Local
 * minima are many: from quantiles alone, data with an atom (pixels) end up worse than uniform. values: count f64 ≥ 1, finite, in any order; not changed. @internal
 * @throws BitcenterError OUT_OF_MEMORY
 */
export function* storageLevelsOf(core: Core, values: number, count: number, levels: number): Work<Float64Array> {
  const scope = new Scope(core);
  try {
    const sorted = yield* sortedPoints(core, scope, values, 0, count);
    const { points, origins, frame } = sorted;
    const distinct = sorted.count;
    if (distinct <= levels) return core.f64(origins, distinct).slice();
    const best = yield* optimalLevelsOf(core, values, count, 0, { levels });
    const [low, high] = [core.f64(origins, distinct)[0], core.f64(origins, distinct)[distinct - 1]] as [number, number];
    const [, alpha, beta, gamma] = core.f64(points + POINT_BYTES * (distinct - 1), 4) as unknown as number[] as [
      number,
      number,
      number,
      number,
    ];
    const [scale, centre] = core.f64(frame, 2) as unknown as [number, number];
    const mean = (centre + beta / alpha) / scale;
    const deviation = Math.sqrt(Math.max(gamma / alpha - (beta / alpha) ** 2, 0)) / scale;
    /** Halves first: a range may be wider than float64. */
    const uniform = (from: number, to: number): Float64Array =>
      Float64Array.from({ length: levels }, (_, k) => {
        const part = k / (levels - 1);
        return from * (1 - part) + to * part;
      });
    const half = 0.5 / levels;
    const starts = [best, uniform(low, high), uniform(low * (1 - half) + high * half, low * half + high * (1 - half))];
    for (const clip of CLIPS) {
      const [from, to] = [Math.max(low, mean - clip * deviation), Math.min(high, mean + clip * deviation)];
      if (from < to) starts.push(uniform(from, to));
    }
    const at = scope.alloc(8 * levels, "levels");
    const ends = scope.alloc(4 * levels, "levels");
    let least = Number.POSITIVE_INFINITY;
    let found = best;
    for (const start of starts) {
      if (core.isDue(LLOYD_TURNS * levels * SEARCH_PRICE * Math.ceil(Math.log2(distinct)))) yield;
      core.f64(at, levels).set(start);
      const error = core.kernels.lloydMax(points, origins, distinct, frame, at, levels, LLOYD_TURNS, ends);
      if (error < least) {
        least = error;
        found = core.f64(at, levels).slice();
      }
    }
    return found;
  } finally {
    scope.release();
  }
}

/** Numbers of a caller in linear memory, all of them finite. */
function load(core: Core, scope: Scope, where: string, name: string, input: unknown): { at: number; count: number } {
  if (!isVector(input) || input instanceof BigInt64Array || input instanceof BigUint64Array) {
    throw new BitcenterError("BAD_SHAPE", `${where}: ${name} must be an array of numbers, given ${show(input)}`);
  }
  const count = input.length;
  if (count === 0) throw new BitcenterError("EMPTY", `${where}: ${name} is empty`);
  const bad = (index: number): BitcenterError =>
    new BitcenterError(
      "BAD_VALUE",
      `${where}: ${name}: element ${index}: expected a finite number, given ${show(input[index])}`,
    );
  if (Array.isArray(input)) {
    for (let i = 0; i < count; i++) if (typeof input[i] !== "number") throw bad(i);
  }
  const at = scope.alloc(8 * count, name);
  core.f64(at, count).set(input as ArrayLike<number>);
  const index = core.kernels.firstNotFiniteF64(at, 8 * count, 1, count);
  if (index >= 0) throw bad(index);
  return { at, count };
}

/** Weights of a caller in linear memory, scaled; 0 without weights. */
function loadWeights(core: Core, scope: Scope, where: string, input: unknown, count: number): number {
  if (input === undefined || input === null) return 0;
  if (isVector(input) && input.length !== count) {
    throw new BitcenterError("BAD_SHAPE", `${where}: ${input.length} weights for ${count} values`);
  }
  const { at } = load(core, scope, where, "weights", input);
  const index = core.kernels.firstBadWeight(at, count);
  if (index >= 0) {
    throw new BitcenterError(
      "BAD_VALUE",
      `${where}: weights: element ${index}: expected a number >= 0, given ${show((input as ArrayLike<number>)[index])}`,
    );
  }
  if (core.kernels.scaleWeights(at, count) === 0) {
    throw new BitcenterError("BAD_VALUE", `${where}: weights: all are 0, one at least must be larger`);
  }
  return at;
}

/** Runs `work` with kernels and memory of its own. */
function withCore<T>(work: (core: Core, scope: Scope) => T): T {
  const core = new Core({});
  try {
    return work(core, new Scope(core));
  } finally {
    core.dispose();
  }
}

/**
 * The levels that make stochastic rounding of these values least noisy: they minimise Σ w(u − x)(x − l), l and u the levels around x, the smallest and the
 * largest value among them. An optimum needs no other levels than values, so all of them are values. (ZipML, arXiv 1611.05402, section 3.)
 *
 * | method | time | result |
 * |---|---|---|
 * | `"exact"` | O(levels·n²) | the optimum, by the dynamic programme as published |
 * | `"divideAndConquer"` | O(levels·n·log n) | the same optimum |
 * | `"smawk"` | O(levels·n + n log n) | the same optimum (QUIVER, arXiv 2402.03158) |
 * | `"histogram"` | O(n + levels·buckets·log buckets) | the optimum among the smallest and largest values of up to 3·buckets cells: with 2s − 2 levels at most the optimum of s levels plus Σw·(range/buckets)²/4; exact when each cell holds one value. Where the cells tell no more than `levels` values apart it is "divideAndConquer" |
 * | `"adaquant"` | O(n log n) | the best of the ends of at most 4k + 2 intervals, k = levels − 1, that together cost at most twice the optimum; the k that are picked of them have no such bound |
 *
 * @param values n ≥ 1 finite numbers in any order; never changed
 * @returns the levels, ascending, in the unit of the values: `levels` of them, or all distinct values where these are fewer
 * @throws BitcenterError BAD_SHAPE, EMPTY, BAD_VALUE (NaN, infinity, a negative weight, with its index; no positive weight), BAD_OPTION, OUT_OF_MEMORY
 */
export function optimalLevels(values: ArrayLike<number>, options: LevelOptions): Float64Array {
  const where = "optimalLevels";
  checkNames(where, options, ["levels", "method", "weights", "buckets"]);
  const range = { min: 2, max: MOST_LEVELS, integer: true } as const;
  // there is no default: null, which is no number, stands for nothing
  const levels = number(where, "levels", options?.levels === undefined ? null : options.levels, range, 0);
  const method = oneOf(where, "method", options.method, METHODS, "auto");
  const buckets = number(where, "buckets", options.buckets, { min: 2, max: 2 ** 20, integer: true }, BUCKETS);
  return withCore((core, scope) => {
    const { at, count } = load(core, scope, where, "values", values);
    const weights = loadWeights(core, scope, where, options.weights, count);
    return finish(optimalLevelsOf(core, at, count, weights, { levels, method, buckets }));
  });
}

/**
 * Mean variance of stochastic rounding to these levels, Σ w(u − x)(x − l)/Σ w: l and u are the levels around x, to which it is rounded with probabilities that
 * keep its mean. In the square of the values' unit.
 * @param values n ≥ 1 finite numbers, none outside the levels
 * @param levels finite numbers, each larger than the one before
 * @throws BitcenterError BAD_SHAPE, EMPTY, BAD_VALUE (also for a value outside the levels, with its index), BAD_OPTION, OUT_OF_MEMORY
 */
export function roundingVariance(
  values: ArrayLike<number>,
  levels: ArrayLike<number>,
  options?: { readonly weights?: ArrayLike<number> | null },
): number {
  const where = "roundingVariance";
  checkNames(where, options, ["weights"]);
  return withCore((core, scope) => {
    const { kernels } = core;
    const table = load(core, scope, where, "levels", levels);
    for (let k = 1; k < table.count; k++) {
      if (!((levels[k] as number) > (levels[k - 1] as number))) {
        throw new BitcenterError(
          "BAD_VALUE",
          `${where}: levels must ascend, but level ${k} is ${levels[k]} after ${levels[k - 1]}`,
        );
      }
    }
    const { at, count } = load(core, scope, where, "values", values);
    const weights = loadWeights(core, scope, where, options?.weights, count);
    const [low, high] = [levels[0] as number, levels[table.count - 1] as number];
    const index = kernels.firstOutside(at, count, low, high);
    if (index >= 0) {
      throw new BitcenterError(
        "BAD_VALUE",
        `${where}: values: element ${index} is ${values[index]}, outside the levels from ${low} to ${high}`,
      );
    }
    return kernels.levelVariance(at, weights, count, table.at, table.count);
  });
}

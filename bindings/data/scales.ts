// Offset and scale of every column: where code 0 lies and what one code is worth. docs/numerics.md §2.
import { type Core, Scope } from "../engine/core.js";
import type { Work } from "../engine/work.js";
import { BitcenterError } from "../errors.js";
import { BYTES, eachBlock, type RawRows, type Statistics } from "./raw-rows.js";

/** x = offset + scale·code, one of each per column; inverseScale is 1/scale, a whole number for whole columns. */
export interface Scales {
  readonly scale: Float64Array;
  readonly inverseScale: Float64Array;
  readonly offset: Float64Array;
  /** Largest |x − offset| that a code can stand for. */
  readonly reach: Float64Array;
}

/** Rows looked at for the median absolute deviation. */
const SAMPLE_ROWS = 4096;
/**
 * Part of a column's sum of squares that clipping must leave. Codes that keep the share s of a column's curvature make an outer step along it too long
 * by 1/s, an error factor of 1/s − 1: at most 1/3 here. Solvers without a line search diverge from s = 1/2 down.
 */
const KEPT_SHARE = 0.75;
/** Robust range: 20 standard deviations; 1.4826·MAD estimates one for a normal column. */
const ROBUST_RANGE = 20 * 1.4826;

/** Columns looked at between two pauses, and multiply-adds that one takes as long as. */
const COLUMNS = 2 ** 12;
const COLUMN_PRICE = 2 ** 7;

/**
 * Scales for codes up to ±largest. Float columns with outliers are clipped at 20 robust standard deviations where that keeps most of the column's
 * curvature and touches at most 1 % of the rows (all columns or none); raw null: never.
 * @throws BitcenterError BAD_VALUE for a column that float64 cannot scale
 */
export function* chooseScales(
  core: Core,
  statistics: Statistics,
  raw: RawRows | null,
  isCentred: boolean,
  largest: number,
): Work<Scales> {
  const { low, high, mean, isWhole } = statistics;
  const offset = new Float64Array(mean.length);
  for (let j = 0; j < mean.length && isCentred; j++) {
    if (j % COLUMNS === 0 && core.isDue(COLUMNS * COLUMN_PRICE)) yield;
    const value = mean[j] as number;
    // the mean of n equal values may differ from them in the last bit
    if (low[j] === high[j]) offset[j] = low[j] as number;
    else offset[j] = isWhole[j] ? Math.floor(value + 0.5) : value;
  }
  const plain = yield* scalesFor(core, statistics, offset, null, largest);
  if (raw === null || (raw.storage !== "F64" && raw.storage !== "F32")) return plain;
  const limits = yield* robustLimits(core, statistics, raw, plain, isCentred);
  if (limits === null) return plain;
  const clipped = yield* scalesFor(core, statistics, limits.offset, limits.reach, largest);
  return (yield* countClipped(core, raw, clipped, largest)) * 100 > raw.rows ? plain : clipped;
}

/** Scales for given offsets; limits: a smaller reach per column where it is finite. */
function* scalesFor(
  core: Core,
  { low, high, isWhole }: Statistics,
  offset: Float64Array,
  limits: Float64Array | null,
  largest: number,
): Work<Scales> {
  const scale = new Float64Array(offset.length);
  const inverseScale = new Float64Array(offset.length);
  const reach = new Float64Array(offset.length);
  for (let j = 0; j < offset.length; j++) {
    if (j % COLUMNS === 0 && core.isDue(COLUMNS * COLUMN_PRICE)) yield;
    const centre = offset[j] as number;
    const full = Math.max((high[j] as number) - centre, centre - (low[j] as number));
    const far = Math.min(full > 0 ? full : 1, limits?.[j] ?? Number.POSITIVE_INFINITY);
    reach[j] = far;
    if (isWhole[j] && far <= largest) {
      const multiplier = Math.floor(largest / far);
      inverseScale[j] = multiplier;
      scale[j] = 1 / multiplier;
    } else {
      scale[j] = far / largest;
      inverseScale[j] = largest / far;
    }
    const isScaled =
      (scale[j] as number) > 0 &&
      Number.isFinite(centre) &&
      Number.isFinite(scale[j]) &&
      Number.isFinite(inverseScale[j]);
    if (!isScaled) {
      throw new BitcenterError(
        "BAD_VALUE",
        `dataset: column ${j} spans ${low[j]} to ${high[j]}, which float64 cannot scale to codes: rescale it`,
      );
    }
  }
  return { scale, inverseScale, offset, reach };
}

/** Multiply-adds that a value takes as long as in the search for a median and for the deviation from it. */
const MEDIAN_PRICE = 32;
/** Columns and sampled rows per call: bins and scales stay in cache, and calls are short enough to be replaced by better code meanwhile. */
const BIN_COLUMNS = 512;
const BIN_ROWS = 64;
/** Multiply-adds that the counting of a value takes as long as. */
const BIN_PRICE = 8;

/**
 * Columns whose robust range may be smaller than their reach; most columns of most data are not among them, and need no median.
 * The values of the sample are counted in bins 0.1 % wider than twice the median absolute deviation at which the range would be the reach. Were
 * the true one smaller, half of the sample would lie within less than a bin's width: in one bin, or in two neighbouring ones.
 */
function* crowdedColumns(core: Core, raw: RawRows, step: number, { offset, reach }: Scales): Work<number[]> {
  const { pointer, strideBytes, rows, cols } = raw;
  const width = Math.min(cols, BIN_COLUMNS);
  const count = Math.ceil(rows / step);
  const most = (count - 1) >> 1;
  const floats = raw.storage as "F64" | "F32";
  const found: number[] = [];
  for (let first = 0; first < cols; first += width) {
    const columns = Math.min(width, cols - first);
    const scratch = new Scope(core);
    try {
      const offsets = scratch.alloc(columns * 8, "column scales");
      const widths = scratch.alloc(columns * 8, "column scales");
      const bins = scratch.alloc(columns * 64, "bins of columns");
      core.f64(offsets, columns).set(offset.subarray(first, first + columns));
      // a reach near either end of float64 has no width: one bin takes all, and the column is looked at
      const inverse = reach.subarray(first, first + columns).map((top) => ROBUST_RANGE / (2.002 * top));
      core.f64(widths, columns).set(inverse.map((value) => (value > 1e-290 && value < 1e290 ? value : 0)));
      const x = pointer + first * BYTES[floats];
      for (let i = 0; i < count; i += BIN_ROWS) {
        const from = x + i * step * strideBytes;
        const many = Math.min(BIN_ROWS, count - i);
        if (core.isDue(BIN_PRICE * many * columns)) yield;
        core.kernels[`countBins${floats}`](from, step * strideBytes, many, columns, offsets, widths, bins);
      }
      const next = (from: number): number => core.kernels.nextCrowded(bins, from, columns, most);
      for (let j = next(0); j >= 0; j = next(j + 1)) found.push(first + j);
    } finally {
      scratch.release();
    }
  }
  return found;
}

/** Reach cut to 20 robust standard deviations (and offset moved to the median) where a float column exceeds them; null when none does. */
function* robustLimits(
  core: Core,
  { isWhole }: Statistics,
  raw: RawRows,
  plain: Scales,
  isCentred: boolean,
): Work<{ offset: Float64Array; reach: Float64Array } | null> {
  const { pointer, strideBytes, rows, cols } = raw;
  const step = Math.ceil(rows / SAMPLE_ROWS);
  const floats = raw.storage as "F64" | "F32";
  const cuts: Cut[] = [];
  const crowded = yield* crowdedColumns(core, raw, step, plain);
  const scratch = new Scope(core);
  try {
    const values = scratch.alloc(Math.ceil(rows / step) * 8, "a sample of a column");
    for (const column of crowded) {
      if (isWhole[column]) continue;
      if (core.isDue(MEDIAN_PRICE * Math.ceil(rows / step))) yield;
      const count = core.kernels[`sample${floats}`](pointer, strideBytes, rows, step, column, values);
      const median = core.kernels.lowerMedian(values, count);
      const reach = ROBUST_RANGE * core.kernels.deviation(values, count, median);
      const top = plain.reach[column] as number;
      if (reach > 0 && top > reach) cuts.push({ column, offset: isCentred ? median : 0, reach, top });
    }
  } finally {
    scratch.release();
  }
  if (cuts.length === 0) return null;
  const shares = yield* keptShares(core, raw, cuts);
  const made = cuts.filter((_, k) => (shares[k] as number) >= KEPT_SHARE);
  if (made.length === 0) return null;
  const offset = plain.offset.slice();
  const reach = new Float64Array(cols).fill(Number.POSITIVE_INFINITY);
  for (const cut of made) {
    offset[cut.column] = cut.offset;
    reach[cut.column] = cut.reach;
  }
  return { offset, reach };
}

/** A column that may be clipped at `reach` around `offset`; top: its largest |x − offset|, or more. */
interface Cut {
  readonly column: number;
  readonly offset: number;
  readonly reach: number;
  readonly top: number;
}

/** Per cut, the part of its column's sum of squares that it leaves (1 for a column of zeros): one walk over the rows serves all. */
function* keptShares(core: Core, raw: RawRows, cuts: readonly Cut[]): Work<Float64Array> {
  // an even number of them: the last one twice
  const all = cuts.length % 2 === 0 ? cuts : [...cuts, cuts.at(-1) as Cut];
  const count = all.length;
  const scratch = new Scope(core);
  try {
    const list = scratch.alloc(count * 4, "columns to clip");
    const block = scratch.alloc(5 * count * 8, "columns to clip");
    const [offset, reach, top, kept, sum] = [0, 1, 2, 3, 4].map((i) => block + i * count * 8) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const view = core.view();
    all.forEach((cut, k) => {
      view.setInt32(list + 4 * k, cut.column, true);
      view.setFloat64(offset + 8 * k, cut.offset, true);
      view.setFloat64(reach + 8 * k, cut.reach, true);
      view.setFloat64(top + 8 * k, cut.top, true);
    });
    const kernel = core.kernels[`keptSquares${raw.storage as "F64" | "F32"}`];
    yield* eachBlock(core, raw, (from, _first, rows) => {
      kernel(from, raw.strideBytes, rows, count, list, offset, reach, top, kept, sum);
    });
    const squares = core.f64(sum, count);
    return core.f64(kept, count).map((part, k) => ((squares[k] as number) > 0 ? part / (squares[k] as number) : 1));
  } finally {
    scratch.release();
  }
}

/** Rows that hold a value beyond the codes of `scales`. */
function* countClipped(core: Core, raw: RawRows, scales: Scales, largest: number): Work<number> {
  const { strideBytes, cols } = raw;
  const scratch = new Scope(core);
  try {
    const offset = scratch.alloc(cols * 8, "column scales");
    const inverse = scratch.alloc(cols * 8, "column scales");
    core.f64(offset, cols).set(scales.offset);
    core.f64(inverse, cols).set(scales.inverseScale);
    const kernel = core.kernels[`countClipped${raw.storage as "F64" | "F32"}`];
    let clipped = 0;
    yield* eachBlock(core, raw, (from, _first, count) => {
      clipped += kernel(from, strideBytes, count, cols, offset, inverse, largest);
    });
    return clipped;
  } finally {
    scratch.release();
  }
}

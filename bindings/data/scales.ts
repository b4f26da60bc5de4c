// Offset and scale of every column: where code 0 lies and what one code is worth. docs/numerics.md §2.
import { type Core, Scope } from "../engine/core.js";
import { BitcenterError } from "../errors.js";
import type { RawRows, Statistics } from "./raw-rows.js";

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

/**
 * Scales for codes up to ±largest. Float columns with outliers are clipped at 20 robust standard deviations where that keeps most of the column's
 * curvature and touches at most 1 % of the rows (all columns or none); raw null: never.
 * @throws BitcenterError BAD_VALUE for a column that float64 cannot scale
 */
export function chooseScales(
  core: Core,
  statistics: Statistics,
  raw: RawRows | null,
  isCentred: boolean,
  largest: number,
): Scales {
  const { low, high, mean, isWhole } = statistics;
  const offset = mean.map((value, j) => {
    if (!isCentred) return 0;
    if (low[j] === high[j]) return low[j] as number; // the mean of n equal values may differ from them in the last bit
    return isWhole[j] ? Math.floor(value + 0.5) : value;
  });
  const plain = scalesFor(statistics, offset, null, largest);
  if (raw === null || (raw.storage !== "F64" && raw.storage !== "F32")) return plain;
  const limits = robustLimits(core, statistics, raw, plain, isCentred);
  if (limits === null) return plain;
  const clipped = scalesFor(statistics, limits.offset, limits.reach, largest);
  return countClipped(core, raw, clipped, largest) * 100 > raw.rows ? plain : clipped;
}

/** Scales for given offsets; limits: a smaller reach per column where it is finite. */
function scalesFor(
  { low, high, isWhole }: Statistics,
  offset: Float64Array,
  limits: Float64Array | null,
  largest: number,
): Scales {
  const scale = new Float64Array(offset.length);
  const inverseScale = new Float64Array(offset.length);
  const reach = new Float64Array(offset.length);
  offset.forEach((centre, j) => {
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
    if (!(scale[j] as number) || ![centre, scale[j], inverseScale[j]].every(Number.isFinite)) {
      throw new BitcenterError(
        "BAD_VALUE",
        `dataset: column ${j} spans ${low[j]} to ${high[j]}, which float64 cannot scale to codes: rescale it`,
      );
    }
  });
  return { scale, inverseScale, offset, reach };
}

/** Reach cut to 20 robust standard deviations (and offset moved to the median) where a float column exceeds them; null when none does. */
function robustLimits(
  core: Core,
  { isWhole }: Statistics,
  raw: RawRows,
  plain: Scales,
  isCentred: boolean,
): { offset: Float64Array; reach: Float64Array } | null {
  const { pointer, strideBytes, rows, cols } = raw;
  const step = Math.ceil(rows / SAMPLE_ROWS);
  const offset = plain.offset.slice();
  const reach = new Float64Array(cols).fill(Number.POSITIVE_INFINITY);
  let isCut = false;
  Scope.scratch(core, (scratch) => {
    const values = scratch.alloc(Math.ceil(rows / step) * 8, "a sample of a column");
    const floats = raw.storage as "F64" | "F32";
    const sample = core.kernels[`sample${floats}`];
    const keptShare = core.kernels[`keptShare${floats}`];
    for (let j = 0; j < cols; j++) {
      if (isWhole[j]) continue;
      const count = sample(pointer, strideBytes, rows, step, j, values);
      const median = core.kernels.lowerMedian(values, count);
      const limit = ROBUST_RANGE * core.kernels.deviation(values, count, median);
      const top = plain.reach[j] as number;
      if (!(limit > 0 && top > limit)) continue;
      const centre = isCentred ? median : 0;
      if (keptShare(pointer, strideBytes, rows, j, centre, limit, top) < KEPT_SHARE) continue;
      reach[j] = limit;
      offset[j] = centre;
      isCut = true;
    }
  });
  return isCut ? { offset, reach } : null;
}

/** Rows that hold a value beyond the codes of `scales`. */
function countClipped(core: Core, raw: RawRows, scales: Scales, largest: number): number {
  const { pointer, strideBytes, rows, cols } = raw;
  return Scope.scratch(core, (scratch) => {
    const offset = scratch.alloc(cols * 8, "column scales");
    const inverse = scratch.alloc(cols * 8, "column scales");
    core.f64(offset, cols).set(scales.offset);
    core.f64(inverse, cols).set(scales.inverseScale);
    const kernel = core.kernels[`countClipped${raw.storage as "F64" | "F32"}`];
    return kernel(pointer, strideBytes, rows, cols, offset, inverse, largest);
  });
}

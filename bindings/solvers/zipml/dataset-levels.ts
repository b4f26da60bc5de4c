// Variance-optimal levels of a dataset's unit values, for stochastic rounding. See ZipML, Zhang et al. 2017 (arXiv 1611.05402), §3; docs/numerics.md §13, §14.
import type { Dataset } from "../../data/dataset.js";
import { optimalLevelsOf } from "../../data/levels.js";
import { gatherTo, randomOrder, takeColumns } from "../../data/raw-rows.js";
import { Scope } from "../../engine/core.js";
import { toFloat64 } from "../../engine/vectors.js";
import type { Work } from "../../engine/work.js";

/** Values looked at, at most. */
const SAMPLE_VALUES = 2 ** 20;

/**
 * `count` ascending levels that cover the unit values of `dataset`, least in mean variance under stochastic rounding: exactly those of all values, or, of more than
 * 2²⁰ values, those of random rows with the smallest and the largest value of all. Columns that are never rounded have no part in it.
 * @throws BitcenterError OUT_OF_MEMORY
 */
export function* datasetLevels(dataset: Dataset, hasIntercept: boolean, count: number): Work<Float64Array> {
  const { core, rows, cols } = dataset;
  const sampled = Math.min(rows, Math.max(1, Math.floor(SAMPLE_VALUES / cols)));
  const empty = new Set(dataset.emptyColumns(hasIntercept));
  const live = Array.from({ length: cols }, (_, j) => j).filter((j) => !empty.has(j));
  const some = sampled * live.length;
  let found: number[];
  const scratch = new Scope(core);
  try {
    const wide = scratch.alloc((some + 2) * 8, "a sample of values");
    const values = scratch.alloc(sampled * cols * 4, "a sample of values");
    const { codes, strideBytes } = yield* dataset.unitPlane(scratch, hasIntercept);
    const order = yield* randomOrder(core, scratch, rows);
    yield* gatherTo(core, codes, strideBytes, order, sampled, values, cols * 4);
    const taken = yield* takeColumns(core, scratch, values, sampled, cols, live);
    yield* toFloat64(core, taken, wide, some);
    const range = yield* dataset.unitRange(hasIntercept);
    core.f64(wide + some * 8, 2).set(range);
    found = Array.from(yield* optimalLevelsOf(core, wide, some + 2, 0, { levels: count }));
  } finally {
    scratch.release();
  }
  // fewer distinct values than levels: all of them are levels already, more do no harm; between neighbours in float32 there is no room for one
  while (found.length < count) {
    const gaps = found.slice(1).map((level, k) => level - (found[k] as number));
    const widest = gaps.indexOf(Math.max(...gaps));
    const [low, high] = [found[widest], found[widest + 1]] as [number, number];
    const middle = Math.fround((low + high) / 2);
    if (middle > low && middle < high) found.splice(widest + 1, 0, middle);
    else found.push((found.at(-1) as number) + 1);
  }
  return Float64Array.from(found);
}

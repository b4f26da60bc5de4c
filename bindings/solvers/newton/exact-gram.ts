// The weighted Gram matrix of rows of the exact copy, in float64: for weak directions that the codes do not show.
import type { Frame } from "../../data/dataset.js";
import type { Problem } from "../../data/problem.js";
import { eachSparse, gatherSparse, SparsePasses } from "../../data/sparse-rows.js";
import type { SparseSource } from "../../data/sparse-source.js";
import { Scope } from "../../engine/core.js";
import { eachPart, type Work } from "../../engine/work.js";

/** Rows at a time: as float64 they stay in the second-level cache. */
const BLOCK = 256;
/** Rows that a gradient pass takes at a time. */
const GRADIENT_ROWS = 32;
/** Multiply-adds that a value takes as long as on its way to code coordinates. */
const DECODE_PRICE = 4;
/** Columns that meet all columns from themselves on at a time: a multiple of 4, and of the kernel's five vectors. */
const GROUP = 20;

/** exactGram for sparse rows: as much work as pairs of entries. */
function* sparseGram(
  { core, dataset }: Problem,
  source: SparseSource,
  frame: Frame,
  weight: number,
  index: number,
  count: number,
  out: number,
): Work<void> {
  const { kernels } = core;
  const { cols, exactRows } = dataset;
  const { padded, scale, offset, intercept } = frame;
  const scratch = new Scope(core);
  try {
    const csr = index === 0 ? source.csr : yield* gatherSparse(core, scratch, source.csr, index, count);
    const { storage, starts, indices, values, table } = csr;
    const sums = yield* scratch.allocWork(cols * cols * 8, "a Gram matrix");
    const first = scratch.alloc(cols * 8, "column sums");
    const total = scratch.alloc(8, "column sums");
    const d = scratch.alloc(count * 8, "row weights");
    const none = scratch.alloc(padded * 8, "a regulariser");
    const factor = scratch.alloc(padded * 8, "column maps");
    const shift = scratch.alloc(padded * 8, "column maps");
    kernels.frameMaps(scale, offset, exactRows.passScale, exactRows.passOffset, cols, padded, factor, shift);
    const kernel = kernels[`sparseGram${storage}`];
    yield* eachSparse(core, csr, 1 + csr.entries / count, (row, rows) => {
      kernel(starts + 4 * row, indices, values, table, rows, weight + 4 * row, cols, sums);
    });
    if (core.isDue(count)) yield;
    kernels.toFloat64(weight, d, count);
    kernels.columnSums(d, count, 1, total);
    yield* new SparsePasses(core, scratch, { ...csr, rows: count }, 1).gradient(d, first);
    if (core.isDue(cols * cols)) yield;
    const all = core.f64(total, 1)[0] as number;
    kernels.assembleGram(sums, cols, first, all, factor, shift, intercept, count, none, cols, out);
  } finally {
    scratch.release();
  }
}

/**
 * out = Σ weightᵢ·codeᵢcodeᵢᵀ/count in code coordinates, the upper part (dimension × dimension f64); weight: `count` f32.
 * index: numbers of the rows, u32, or 0 for the first `count`. dimension: columns, with the intercept's where the frame has one.
 */
export function* exactGram(
  problem: Problem,
  frame: Frame,
  weight: number,
  index: number,
  count: number,
  dimension: number,
  out: number,
): Work<void> {
  const { core, dataset } = problem;
  if (dataset.sparse !== null) {
    yield* sparseGram(problem, dataset.sparse, frame, weight, index, count, out);
    return;
  }
  const { kernels } = core;
  const { cols, exactRows: stored } = dataset;
  const { scale, offset, intercept } = frame;
  const pitch = 4 * Math.ceil(Math.max(dimension, stored.width) / 4);
  const groups = Array.from({ length: Math.ceil(dimension / GROUP) }, (_, i) => i * GROUP);
  const scratch = new Scope(core);
  try {
    const factor = scratch.alloc(pitch * 8, "column maps");
    const shift = scratch.alloc(pitch * 8, "column maps");
    const one = scratch.alloc(8, "a one");
    const most = Math.min(count, BLOCK);
    const x = scratch.alloc(most * pitch * 8, "a block of rows");
    const weighed = scratch.alloc(most * GROUP * 8, "a block of rows");
    // per group GROUP × (pitch − first) sums
    const sums = groups.map((first) => scratch.alloc(GROUP * (pitch - first) * 8, "a Gram matrix"));
    core.f64(one, 1)[0] = 1;
    groups.forEach((first, i) => {
      core.f64(sums[i] as number, GROUP * (pitch - first)).fill(0);
    });
    kernels.frameMaps(scale, offset, stored.passScale, stored.passOffset, cols, pitch, factor, shift);
    // code = factor·stored + factor·shift
    kernels.scaleColumns(shift, factor, 0, pitch, 1, shift);
    if (intercept !== 0) core.f64(shift, pitch)[cols] = intercept;
    // loops inside a generator are never optimised while they run: these have functions of their own
    const fetch = (start: number, rows: number): void => {
      core.f64(x, rows * pitch).fill(0);
      const numbers = index === 0 ? null : core.u32(index, count);
      for (let i = 0; i < rows; i++) {
        const row = numbers === null ? start + i : (numbers[start + i] as number);
        stored.decode(row, one, x + i * pitch * 8);
      }
      kernels.scaleColumns(x, factor, 0, pitch, rows, x);
      for (let i = 0; i < rows; i++) kernels.addScaled(x + i * pitch * 8, 1, shift, pitch);
    };
    const weigh = (start: number, rows: number, first: number, width: number): void => {
      const d = core.f32(weight + start * 4, rows);
      for (let i = 0; i < rows; i++) {
        const part = (d[i] as number) / count;
        kernels.combine(weighed + i * width * 8, 0, part, x + (i * pitch + first) * 8, width);
      }
    };
    for (let start = 0; start < count; start += BLOCK) {
      const rows = Math.min(BLOCK, count - start);
      if (core.isDue(DECODE_PRICE * rows * pitch)) yield;
      fetch(start, rows);
      for (const [g, first] of groups.entries()) {
        const width = Math.min(GROUP, pitch - first);
        if (core.isDue(rows * GROUP)) yield;
        weigh(start, rows, first, width);
        // and one of all rows for as many classes as the group has columns their Gram matrix
        const columns = pitch - first;
        const part = x + first * 8;
        yield* eachPart(core, rows, width * columns, GRADIENT_ROWS, (row, some) => {
          const own = weighed + row * width * 8;
          kernels.gradientF64(part + row * pitch * 8, 0, pitch * 8, some, columns, own, width, sums[g] as number);
        });
      }
    }
    for (let j = 0; j < dimension; j++) {
      if (core.isDue(dimension)) yield;
      const first = j - (j % GROUP);
      const row = (sums[first / GROUP] as number) + (j - first) * (pitch - first) * 8;
      core.f64(out + (j * dimension + first) * 8, dimension - first).set(core.f64(row, dimension - first));
    }
  } finally {
    scratch.release();
  }
}

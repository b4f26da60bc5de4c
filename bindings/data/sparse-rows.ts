// Sparse rows in linear memory: copied in once, values in the smallest storage that loses nothing, looked over column by column. Never dense.
import { type Core, Scope } from "../engine/core.js";
import type { SparseStorage } from "../engine/kernels.js";
import { eachPart, type Work } from "../engine/work.js";
import { BitcenterError } from "../errors.js";
import { badColumn, type CheckedSparse, placeOf } from "./matrix.js";
import type { Statistics } from "./raw-rows.js";

/** Sparse rows as the kernels read them: assembly/kernel/sparse.ts. Pointers are byte offsets. */
export interface SparseRows {
  readonly storage: SparseStorage;
  readonly rows: number;
  readonly cols: number;
  readonly entries: number;
  /** (rows + 1) u32. */
  readonly starts: number;
  /** Columns: entries u32. */
  readonly indices: number;
  /** Entries of `storage`. */
  readonly values: number;
  /** Distinct values, f64, of T8 and T16; else 0. */
  readonly table: number;
}

/** What loading gives. Columns that not every row has an entry in have the value 0 as well. */
export interface LoadedSparse {
  readonly csr: SparseRows;
  readonly statistics: Statistics;
}

export const SPARSE_BYTES: Record<SparseStorage, number> = { F64: 8, F32: 4, I16: 2, U8: 1, I8: 1, T8: 1, T16: 2 };

/** Entries that are looked at while they are in cache. */
const CHUNK = 1 << 14;
/** Multiply-adds that one look at an entry takes as long as; of several outputs each. */
const ENTRY_PRICE = 2;
/** Places that one and two bytes tell apart. */
const SHORT_TABLE = 2 ** 8;
const LONG_TABLE = 2 ** 16;

/** Visits rows in parts that fit a piece. `price`: multiply-adds that an entry takes as long as. */
export function eachSparse(
  core: Core,
  { rows, entries }: Pick<SparseRows, "rows" | "entries">,
  price: number,
  visit: (first: number, count: number) => void,
): Work<void> {
  return eachPart(core, rows, price * (1 + entries / rows), 1, visit);
}

/** Visits entries a chunk at a time. */
function* eachChunk(core: Core, entries: number, visit: (first: number, count: number) => void): Work<void> {
  for (let first = 0; first < entries; first += CHUNK) {
    const count = Math.min(CHUNK, entries - first);
    if (core.isDue(ENTRY_PRICE * count)) yield;
    visit(first, count);
  }
}

/** The caller's values, a chunk at a time as float64. */
interface Source {
  readonly entries: number;
  readonly what: string;
  /** CHUNK f64. */
  readonly chunk: number;
  read(first: number, count: number): void;
}

/**
 * Copies checked rows into `scope`.
 * @throws BitcenterError BAD_VALUE for columns out of range or order, for NaN and infinity, with row and place; OUT_OF_MEMORY
 */
export function* loadSparse(core: Core, scope: Scope, matrix: CheckedSparse): Work<LoadedSparse> {
  const { indices, indptr, rows, cols, data } = matrix;
  const entries = data.length;
  const what = `a sparse ${rows} × ${cols} dataset of ${entries} entries`;
  const starts = yield* scope.allocWork((rows + 1) * 4, what);
  const columns = yield* scope.allocWork(entries * 4, what);
  yield* eachPart(core, rows + 1, 1, 1, (first, count) => {
    core.u32(starts + 4 * first, count).set(indptr.subarray(first, first + count));
  });
  yield* eachPart(core, entries, 1, 1, (first, count) => {
    core.u32(columns + 4 * first, count).set(indices.subarray(first, first + count));
  });
  yield* eachSparse(core, { rows, entries }, 1, (first, count) => {
    const bad = core.kernels.sparseFirstBad(starts + 4 * first, columns, count, cols);
    if (bad >= 0) throw badColumn("dataset", matrix, bad);
  });
  const scratch = new Scope(core);
  try {
    const chunk = scratch.alloc(CHUNK * 8, "a chunk of values");
    const read = (first: number, count: number): void => {
      core.f64(chunk, count).set(data.subarray(first, first + count));
    };
    const source = { entries, what, chunk, read };
    const { statistics, fitsFloat32 } = yield* lookOver(core, scratch, matrix, columns, source);
    const values = yield* keep(core, scope, scratch, statistics, fitsFloat32, source);
    return { csr: { ...values, starts, indices: columns, rows, cols, entries }, statistics };
  } finally {
    scratch.release();
  }
}

/** Statistics of the columns; whether float32 holds every value. */
function* lookOver(
  core: Core,
  scratch: Scope,
  { data, indices: columns, indptr, rows, cols }: CheckedSparse,
  indices: number,
  { chunk, read }: Source,
): Work<{ readonly statistics: Statistics; readonly fitsFloat32: boolean }> {
  const low = scratch.alloc(cols * 8, "column statistics");
  const high = scratch.alloc(cols * 8, "column statistics");
  const counts = scratch.alloc(cols * 4, "column statistics");
  const whole = scratch.alloc(cols, "column statistics");
  core.f64(low, cols).fill(Number.POSITIVE_INFINITY);
  core.f64(high, cols).fill(Number.NEGATIVE_INFINITY);
  core.bytes(whole, cols).fill(1);
  let fitsFloat32 = true;
  yield* eachChunk(core, data.length, (first, count) => {
    read(first, count);
    const bad = core.kernels.sparseColumns(indices + 4 * first, chunk, count, low, high, counts, whole);
    if (bad >= 0) {
      const { row, place } = placeOf(indptr, first + bad);
      throw new BitcenterError(
        "BAD_VALUE",
        `dataset: row ${row}, place ${place} (column ${columns[first + bad]}): expected a finite number, given ${data[first + bad]}`,
      );
    }
    fitsFloat32 &&= core.kernels.fitsFloat32(chunk, count) === 1;
  });
  const seen = core.u32(counts, cols);
  const withZero = (end: number, towards: (a: number, b: number) => number): Float64Array =>
    core.f64(end, cols).map((x, j) => (seen[j] === rows ? x : towards(x, 0)) + 0);
  return {
    statistics: {
      low: withZero(low, Math.min),
      high: withZero(high, Math.max),
      mean: new Float64Array(cols),
      isWhole: Array.from(core.bytes(whole, cols), (flag) => flag === 1),
    },
    fitsFloat32,
  };
}

type Kept = Pick<SparseRows, "storage" | "values" | "table">;

/** The values in the smallest storage that holds each exactly. */
function* keep(
  core: Core,
  scope: Scope,
  scratch: Scope,
  { low, high, isWhole }: Statistics,
  fitsFloat32: boolean,
  source: Source,
): Work<Kept> {
  const { entries } = source;
  const least = low.reduce((a, b) => Math.min(a, b), 0);
  const most = high.reduce((a, b) => Math.max(a, b), 0);
  const isAllWhole = isWhole.every(Boolean);
  // codes are symmetric, and where they can be the values themselves they are
  if (isAllWhole && least >= -127 && most <= 127) return yield* narrow(core, scope, "I8", source);
  if (isAllWhole && least >= 0 && most <= 255) return yield* narrow(core, scope, "U8", source);
  const isShort = isAllWhole && least >= -32768 && most <= 32767;
  const wide = isShort ? "I16" : fitsFloat32 ? "F32" : "F64";
  // a table has to pay for itself
  const paid = (bytes: number): number => Math.floor((entries * (SPARSE_BYTES[wide] - bytes)) / 8);
  const room = Math.min(LONG_TABLE, Math.max(paid(2), Math.min(SHORT_TABLE, paid(1))));
  return (yield* tabulate(core, scope, scratch, room, source)) ?? (yield* narrow(core, scope, wide, source));
}

function* narrow(
  core: Core,
  scope: Scope,
  storage: Exclude<SparseStorage, "T8" | "T16">,
  { entries, what, chunk, read }: Source,
): Work<Kept> {
  const values = yield* scope.allocWork(entries * SPARSE_BYTES[storage], what);
  yield* eachChunk(core, entries, (first, count) => {
    read(first, count);
    const to = values + first * SPARSE_BYTES[storage];
    if (storage === "F64") core.f64(to, count).set(core.f64(chunk, count));
    else core.kernels[`narrowF64${storage}`](chunk, 0, 1, count, to, 0);
  });
  return { storage, values, table: 0 };
}

/** The values as places in a table of at most `most` distinct ones, or null when there are more. */
function* tabulate(
  core: Core,
  scope: Scope,
  scratch: Scope,
  most: number,
  { entries, what, chunk, read }: Source,
): Work<Kept | null> {
  if (most < 1) return null;
  const { kernels } = core;
  const slots = scratch.alloc(kernels.sparseSlotBytes(), "a table of values");
  const table = scratch.alloc(most * 8, "a table of values");
  const places = yield* scope.allocWork(entries * 2, what);
  let found = 0;
  for (let first = 0; first < entries && found >= 0; first += CHUNK) {
    const count = Math.min(CHUNK, entries - first);
    if (core.isDue(ENTRY_PRICE * count)) yield;
    read(first, count);
    found = kernels.sparseDistinct(chunk, count, table, slots, found, most, places + 2 * first);
  }
  if (found < 0) {
    scope.free(places);
    return null;
  }
  const kept = scope.alloc(found * 8, "a table of values");
  core.f64(kept, found).set(core.f64(table, found));
  if (found > SHORT_TABLE) return { storage: "T16", values: places, table: kept };
  const values = yield* scope.allocWork(entries, what);
  yield* eachPart(core, entries, 1, 1, (first, count) => {
    kernels.sparseToBytes(places + 2 * first, values + first, count);
  });
  scope.free(places);
  return { storage: "T8", values, table: kept };
}

/** int8 codes of all entries, in `scope`: the values themselves where they are int8. inverse: 1/scale, cols f64. */
export function* sparseCodes(core: Core, scope: Scope, csr: SparseRows, inverse: number): Work<number> {
  return csr.storage === "I8" ? csr.values : yield* quantizeSparse(core, scope, csr, inverse);
}

/** The same, always a copy. */
export function* quantizeSparse(core: Core, scope: Scope, csr: SparseRows, inverse: number): Work<number> {
  const { storage, indices, values, table, entries, rows, cols } = csr;
  const codes = yield* scope.allocWork(entries, `the codes of a sparse ${rows} × ${cols} dataset`);
  const kernel = core.kernels[`sparseQuantize${storage}`];
  yield* eachPart(core, entries, ENTRY_PRICE, 1, (first, count) => {
    const from = values + first * SPARSE_BYTES[storage];
    kernel(indices + 4 * first, from, table, count, inverse, codes + first);
  });
  return codes;
}

/** Some rows side by side, in `scope`. index: numbers of the rows, u32. */
export function* gatherSparse(
  core: Core,
  scope: Scope,
  csr: SparseRows,
  index: number,
  rows: number,
): Work<SparseRows> {
  const { kernels } = core;
  const { storage, starts, indices, values } = csr;
  const what = "a sample of rows";
  const at = scope.alloc((rows + 1) * 4, what);
  if (core.isDue(ENTRY_PRICE * rows)) yield;
  const entries = kernels.sparseStarts(starts, index, rows, at);
  const taken = { ...csr, rows, entries, starts: at };
  const take = function* (from: number, bytes: number): Work<number> {
    const to = yield* scope.allocWork(entries * bytes, what);
    yield* eachSparse(core, taken, 1, (first, count) => {
      const place = core.u32(at, rows + 1)[first] as number;
      kernels.sparseGather(starts, index + 4 * first, count, from, bytes, to + place * bytes);
    });
    return to;
  };
  return { ...taken, indices: yield* take(indices, 4), values: yield* take(values, SPARSE_BYTES[storage]) };
}

/** Products of sparse rows with vectors: float64, sums in a fixed order. Buffers for `outputs` live in `scope`. */
export class SparsePasses {
  readonly #core: Core;
  readonly #csr: SparseRows;
  readonly #outputs: number;
  /** Outputs that lie side by side: assembly/kernel/sparse.ts. */
  readonly #pitch: number;
  /** cols × pitch f64, of several outputs only. */
  readonly #beside: number;

  constructor(core: Core, scope: Scope, csr: SparseRows, outputs: number) {
    this.#core = core;
    this.#csr = csr;
    this.#outputs = outputs;
    this.#pitch = outputs === 1 ? 1 : outputs + (outputs & 1);
    this.#beside = outputs === 1 ? 0 : scope.alloc(csr.cols * this.#pitch * 8, "vectors side by side");
  }

  /** margins ← X·wᵀ + bias: rows × outputs f64. w: outputs × cols f64, bias: outputs f64. */
  *margins(w: number, bias: number, margins: number): Work<void> {
    const { kernels } = this.#core;
    const { storage, starts, indices, values, table, cols } = this.#csr;
    const outputs = this.#outputs;
    const pitch = this.#pitch;
    const from = outputs > 1 ? this.#beside : w;
    if (outputs > 1) {
      if (this.#core.isDue(cols * outputs)) yield;
      kernels.interleave(w, cols, outputs, from, pitch);
    }
    const kernel = kernels[`sparseMargins${storage}`];
    yield* eachSparse(this.#core, this.#csr, ENTRY_PRICE * outputs, (first, count) => {
      const to = margins + first * outputs * 8;
      kernel(starts + 4 * first, indices, values, table, count, from, pitch, bias, outputs, to);
    });
  }

  /** sums ← cᵀ·X: outputs × cols f64. c: rows × outputs f64. */
  *gradient(c: number, sums: number): Work<void> {
    const core = this.#core;
    const { kernels } = core;
    const { storage, starts, indices, values, table, cols } = this.#csr;
    const outputs = this.#outputs;
    const pitch = this.#pitch;
    const to = outputs > 1 ? this.#beside : sums;
    if (core.isDue(cols * outputs)) yield;
    core.f64(to, cols * pitch).fill(0);
    const kernel = kernels[`sparseGradient${storage}`];
    yield* eachSparse(core, this.#csr, ENTRY_PRICE * outputs, (first, count) => {
      kernel(starts + 4 * first, indices, values, table, count, c + first * outputs * 8, outputs, to, pitch);
    });
    if (outputs > 1) kernels.separate(to, cols, outputs, sums, pitch);
  }
}

// Sparse rows in linear memory: copied in once, values in the smallest storage that loses nothing, looked over column by column. Never dense.
import { type Core, Scope } from "../engine/core.js";
import type { SparseStorage } from "../engine/kernels.js";
import { BitcenterError } from "../errors.js";
import { type CheckedSparse, placeOf } from "./matrix.js";
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
/** Work of one kernel call: entries times outputs. */
const PIECE = 1 << 20;
/** Places that one and two bytes tell apart. */
const SHORT_TABLE = 2 ** 8;
const LONG_TABLE = 2 ** 16;

/** Visits rows a few at a time, so that calls stay short; `outputs`: how often an entry is worked on. */
export function* eachRows(
  { rows, entries }: Pick<SparseRows, "rows" | "entries">,
  outputs: number,
): Generator<{ readonly first: number; readonly count: number }> {
  const most = Math.max(1, Math.floor((PIECE * rows) / ((entries + rows) * outputs)));
  for (let first = 0; first < rows; first += most) yield { first, count: Math.min(most, rows - first) };
}

/** Visits entries a chunk at a time. */
function eachChunk(entries: number, visit: (first: number, count: number) => void): void {
  for (let first = 0; first < entries; first += CHUNK) visit(first, Math.min(CHUNK, entries - first));
}

/**
 * Copies checked rows into `scope`.
 * @throws BitcenterError BAD_VALUE for columns out of range or order, for NaN and infinity, with row and place; OUT_OF_MEMORY
 */
export function loadSparse(core: Core, scope: Scope, matrix: CheckedSparse): LoadedSparse {
  const { indices, indptr, rows, cols, data } = matrix;
  const entries = data.length;
  const what = `a sparse ${rows} × ${cols} dataset of ${entries} entries`;
  const places = {
    starts: scope.alloc((rows + 1) * 4, what),
    indices: scope.alloc(entries * 4, what),
  };
  core.u32(places.starts, rows + 1).set(indptr);
  core.u32(places.indices, entries).set(indices);
  checkIndices(core, matrix, places);
  return Scope.scratch(core, (scratch) => {
    const chunk = scratch.alloc(CHUNK * 8, "a chunk of values");
    const read = (first: number, count: number): void => {
      core.f64(chunk, count).set(data.subarray(first, first + count));
    };
    const { statistics, fitsFloat32 } = lookOver(core, scratch, matrix, places.indices, chunk, read);
    const values = keep(core, scope, scratch, statistics, fitsFloat32, entries, chunk, read, what);
    return { csr: { ...places, ...values, rows, cols, entries }, statistics };
  });
}

function checkIndices(
  core: Core,
  { indices, indptr, rows, cols }: CheckedSparse,
  places: { readonly starts: number; readonly indices: number },
): void {
  for (const { first, count } of eachRows({ rows, entries: indices.length }, 1)) {
    const bad = core.kernels.sparseFirstBad(places.starts + 4 * first, places.indices, count, cols);
    if (bad < 0) continue;
    const { row, place } = placeOf(indptr, bad);
    const column = indices[bad] as number;
    const isInside = column >= 0 && column < cols;
    throw new BitcenterError(
      "BAD_VALUE",
      `dataset: indices: row ${row}, place ${place}: ${
        isInside
          ? `expected columns in ascending order, each once, given ${column} after ${indices[bad - 1]}`
          : `expected a column from 0 to ${cols - 1}, given ${column}`
      }`,
    );
  }
}

/** Statistics of the columns; whether float32 holds every value. */
function lookOver(
  core: Core,
  scratch: Scope,
  { data, indices: columns, indptr, rows, cols }: CheckedSparse,
  indices: number,
  chunk: number,
  read: (first: number, count: number) => void,
): { readonly statistics: Statistics; readonly fitsFloat32: boolean } {
  const low = scratch.alloc(cols * 8, "column statistics");
  const high = scratch.alloc(cols * 8, "column statistics");
  const counts = scratch.alloc(cols * 4, "column statistics");
  const whole = scratch.alloc(cols, "column statistics");
  core.f64(low, cols).fill(Number.POSITIVE_INFINITY);
  core.f64(high, cols).fill(Number.NEGATIVE_INFINITY);
  core.bytes(whole, cols).fill(1);
  let fitsFloat32 = true;
  eachChunk(data.length, (first, count) => {
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
  const isFull = core.u32(counts, cols);
  const withZero = (end: number, towards: (a: number, b: number) => number): Float64Array =>
    core.f64(end, cols).map((x, j) => (isFull[j] === rows ? x : towards(x, 0)) + 0);
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

/** The values in the smallest storage that holds each exactly. */
function keep(
  core: Core,
  scope: Scope,
  scratch: Scope,
  { low, high, isWhole }: Statistics,
  fitsFloat32: boolean,
  entries: number,
  chunk: number,
  read: (first: number, count: number) => void,
  what: string,
): Pick<SparseRows, "storage" | "values" | "table"> {
  const least = low.reduce((a, b) => Math.min(a, b), 0);
  const most = high.reduce((a, b) => Math.max(a, b), 0);
  const isAllWhole = isWhole.every(Boolean);
  const narrow = (storage: "I8" | "U8" | "I16" | "F32" | "F64") => {
    const values = scope.alloc(entries * SPARSE_BYTES[storage], what);
    eachChunk(entries, (first, count) => {
      read(first, count);
      const to = values + first * SPARSE_BYTES[storage];
      if (storage === "F64") core.f64(to, count).set(core.f64(chunk, count));
      else core.kernels[`narrowF64${storage}`](chunk, 0, 1, count, to, 0);
    });
    return { storage, values, table: 0 };
  };
  // codes are symmetric, and where they can be the values themselves they are
  if (isAllWhole && least >= -127 && most <= 127) return narrow("I8");
  if (isAllWhole && least >= 0 && most <= 255) return narrow("U8");
  const isShort = isAllWhole && least >= -32768 && most <= 32767;
  const wide = isShort ? "I16" : fitsFloat32 ? "F32" : "F64";
  // a table has to pay for itself
  const saved = (bytes: number): number => Math.floor((entries * (SPARSE_BYTES[wide] - bytes)) / 8);
  const room = Math.min(LONG_TABLE, Math.max(saved(2), Math.min(SHORT_TABLE, saved(1))));
  return tabulate(core, scope, scratch, room, entries, chunk, read, what) ?? narrow(wide);
}

/** The values as places in a table of at most `most` distinct ones, or null when there are more. */
function tabulate(
  core: Core,
  scope: Scope,
  scratch: Scope,
  most: number,
  entries: number,
  chunk: number,
  read: (first: number, count: number) => void,
  what: string,
): Pick<SparseRows, "storage" | "values" | "table"> | null {
  if (most < 1) return null;
  const { kernels } = core;
  const slots = scratch.alloc(kernels.sparseSlotBytes(), "a table of values");
  const table = scratch.alloc(most * 8, "a table of values");
  const places = scope.alloc(entries * 2, what);
  let found = 0;
  for (let first = 0; first < entries && found >= 0; first += CHUNK) {
    const count = Math.min(CHUNK, entries - first);
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
  const values = scope.alloc(entries, what);
  kernels.sparseToBytes(places, values, entries);
  scope.free(places);
  return { storage: "T8", values, table: kept };
}

/** int8 codes of all entries, in `scope`: the values themselves where they are int8. inverse: 1/scale, cols f64. */
export function sparseCodes(core: Core, scope: Scope, csr: SparseRows, inverse: number): number {
  const { storage, indices, values, table, entries, rows, cols } = csr;
  if (storage === "I8") return values;
  const codes = scope.alloc(entries, `the codes of a sparse ${rows} × ${cols} dataset`);
  const kernel = core.kernels[`sparseQuantize${storage}`];
  eachChunk(entries, (first, count) => {
    const from = values + first * SPARSE_BYTES[storage];
    kernel(indices + 4 * first, from, table, count, inverse, codes + first);
  });
  return codes;
}

/** Some rows side by side, in `scope`. index: numbers of the rows, u32. */
export function gatherSparse(core: Core, scope: Scope, csr: SparseRows, index: number, rows: number): SparseRows {
  const { kernels } = core;
  const { storage, starts, indices, values } = csr;
  const what = "a sample of rows";
  const at = scope.alloc((rows + 1) * 4, what);
  const entries = kernels.sparseStarts(starts, index, rows, at);
  const take = (from: number, bytes: number): number => {
    const to = scope.alloc(entries * bytes, what);
    kernels.sparseGather(starts, index, rows, from, bytes, to);
    return to;
  };
  return {
    ...csr,
    rows,
    entries,
    starts: at,
    indices: take(indices, 4),
    values: take(values, SPARSE_BYTES[storage]),
  };
}

/** Products of sparse rows with vectors, float64, sums in a fixed order. Buffers for `outputs` live in `scope`. */
export class SparsePasses {
  readonly #core: Core;
  readonly #csr: SparseRows;
  readonly #outputs: number;
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
  margins(w: number, bias: number, margins: number): void {
    const { kernels } = this.#core;
    const { storage, starts, indices, values, table, cols } = this.#csr;
    const outputs = this.#outputs;
    const pitch = this.#pitch;
    if (outputs > 1) kernels.interleave(w, cols, outputs, this.#beside, pitch);
    const from = outputs > 1 ? this.#beside : w;
    const kernel = kernels[`sparseMargins${storage}`];
    for (const { first, count } of eachRows(this.#csr, outputs)) {
      const to = margins + first * outputs * 8;
      kernel(starts + 4 * first, indices, values, table, count, from, pitch, bias, outputs, to);
    }
  }

  /** sums ← Xᵀ·c: outputs × cols f64. c: rows × outputs f64. */
  gradient(c: number, sums: number): void {
    const core = this.#core;
    const { kernels } = core;
    const { storage, starts, indices, values, table, cols } = this.#csr;
    const outputs = this.#outputs;
    const pitch = this.#pitch;
    const to = outputs > 1 ? this.#beside : sums;
    core.f64(to, cols * pitch).fill(0);
    const kernel = kernels[`sparseGradient${storage}`];
    for (const { first, count } of eachRows(this.#csr, outputs)) {
      kernel(starts + 4 * first, indices, values, table, count, c + first * outputs * 8, outputs, to, pitch);
    }
    if (outputs > 1) kernels.separate(this.#beside, cols, outputs, sums, pitch);
  }
}

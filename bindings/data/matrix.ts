// What a caller may hand over as rows, checked and brought into one form. Inputs are read, never changed.
import type { RawStorage } from "../engine/kernels.js";
import type { Work } from "../engine/work.js";
import { BitcenterError, show } from "../errors.js";

export type NumericArray = Float32Array | Float64Array | Int8Array | Uint8Array | Uint8ClampedArray | Int16Array;

/** rows × cols values, row-major. */
export interface DenseMatrix {
  readonly data: NumericArray | readonly (readonly number[])[];
  readonly rows: number;
  readonly cols: number;
}

/** Rows of few entries, compressed (CSR, with scipy's names): row i holds the entries from indptr[i] to indptr[i + 1], all others are 0. Explicit zeros are allowed and mean 0. */
export interface SparseMatrix {
  /** One value per entry. */
  readonly data: NumericArray;
  /** Its column; those of a row ascend strictly. */
  readonly indices: Int32Array;
  /** rows + 1 places, from 0 to the number of entries. */
  readonly indptr: Int32Array;
  readonly rows: number;
  readonly cols: number;
}

export type MatrixInput = DenseMatrix | SparseMatrix | readonly (readonly number[])[];

export interface CheckedMatrix {
  readonly data: NumericArray;
  readonly storage: RawStorage;
  readonly rows: number;
  readonly cols: number;
}

export interface CheckedSparse extends SparseMatrix {
  readonly storage: RawStorage;
}

function storageOf(data: unknown): RawStorage | null {
  if (data instanceof Float64Array) return "F64";
  if (data instanceof Float32Array) return "F32";
  if (data instanceof Int16Array) return "I16";
  if (data instanceof Uint8Array || data instanceof Uint8ClampedArray) return "U8";
  if (data instanceof Int8Array) return "I8";
  return null;
}

/** Numbers of a caller that are looked at between two pauses: some nanoseconds each. */
const PIECE_NUMBERS = 2 ** 18;

function* fromRows(where: string, rows: readonly (readonly number[])[], expected?: DenseMatrix): Work<CheckedMatrix> {
  const count = rows.length;
  if (count === 0) throw new BitcenterError("EMPTY", `${where}: data has no rows`);
  const first: unknown = rows[0];
  const width = isVector(first) ? first.length : -1;
  if (width < 0) {
    throw new BitcenterError("BAD_SHAPE", `${where}: row 0 must be an array of numbers, given ${show(first)}`);
  }
  if (width === 0) throw new BitcenterError("EMPTY", `${where}: data has no columns`);
  if (expected !== undefined && (expected.rows !== count || expected.cols !== width)) {
    throw new BitcenterError(
      "BAD_SHAPE",
      `${where}: data has ${count} rows of ${width} values, but rows: ${show(expected.rows)}, cols: ${show(expected.cols)} were given`,
    );
  }
  checkColumns(where, width);
  const data = new Float64Array(count * width);
  const most = Math.ceil(PIECE_NUMBERS / width);
  for (let i = 0; i < count; i++) {
    if (i > 0 && i % most === 0) yield;
    const row = rows[i] as readonly number[];
    if (row?.length !== width) {
      throw new BitcenterError("BAD_SHAPE", `${where}: row ${i} has ${row?.length ?? 0} values, row 0 has ${width}`);
    }
    for (let j = 0; j < width; j++) {
      const value: unknown = row[j];
      if (typeof value !== "number") {
        throw new BitcenterError(
          "BAD_VALUE",
          `${where}: row ${i}, column ${j}: expected a number, given ${show(value)}`,
        );
      }
      data[i * width + j] = value;
    }
  }
  return { data, storage: "F64", rows: count, cols: width };
}

/** Eight int32 lanes of int8 products: 127·128·columns/8 < 2³¹ (docs/numerics.md §9). */
export const MOST_COLUMNS = 1_000_000;

function checkColumns(where: string, cols: number): void {
  if (cols > MOST_COLUMNS) {
    throw new BitcenterError(
      "UNSUPPORTED",
      `${where}: ${cols} columns are too many, at most ${MOST_COLUMNS} can be dense`,
    );
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Checks shapes and types; finiteness is checked on the way into linear memory. */
export function* checkMatrix(where: string, input: unknown): Work<CheckedMatrix> {
  if (Array.isArray(input)) return yield* fromRows(where, input);
  if (typeof input !== "object" || input === null || !("data" in input)) {
    throw new BitcenterError(
      "BAD_SHAPE",
      `${where}: rows must be { data, rows, cols } or an array of rows, given ${show(input)}`,
    );
  }
  const { data, rows, cols } = input as DenseMatrix;
  if (Array.isArray(data)) return yield* fromRows(where, data, input as DenseMatrix);
  const storage = storageOf(data);
  if (storage === null) {
    throw new BitcenterError(
      "BAD_SHAPE",
      `${where}: data must be a Float32Array, Float64Array, Int8Array, Uint8Array, Int16Array or number[][], given ${show(data)}`,
    );
  }
  if (!isCount(rows) || !isCount(cols)) {
    throw new BitcenterError(
      "BAD_SHAPE",
      `${where}: rows and cols must be whole numbers, given rows: ${show(rows)}, cols: ${show(cols)}`,
    );
  }
  const values = data as NumericArray;
  if (values.length !== rows * cols) {
    throw new BitcenterError(
      "BAD_SHAPE",
      `${where}: data holds ${values.length} values, but ${rows} rows × ${cols} columns need ${rows * cols}`,
    );
  }
  if (rows === 0) throw new BitcenterError("EMPTY", `${where}: data has no rows`);
  if (cols === 0) throw new BitcenterError("EMPTY", `${where}: data has no columns`);
  checkColumns(where, cols);
  return { data: values, storage, rows, cols };
}

/** Whether rows are meant to be sparse. */
export function isSparse(input: unknown): input is SparseMatrix {
  return typeof input === "object" && input !== null && ("indptr" in input || "indices" in input);
}

/** Most entries: places are 32 bits, and beyond 4 GiB of memory there is no room for them anyway. */
const MOST_ENTRIES = 2 ** 30;

/** Checks shapes and types, and that rows follow one another; columns and values are checked on the way into linear memory. */
export function checkSparse(where: string, { data, indices, indptr, rows, cols }: SparseMatrix): CheckedSparse {
  const storage = storageOf(data);
  if (storage === null) {
    throw new BitcenterError(
      "BAD_SHAPE",
      `${where}: data of sparse rows must be a Float32Array, Float64Array, Int8Array, Uint8Array or Int16Array, given ${show(data)}`,
    );
  }
  for (const [name, values] of Object.entries({ indices, indptr }) as [string, unknown][]) {
    if (!(values instanceof Int32Array)) {
      throw new BitcenterError("BAD_SHAPE", `${where}: ${name} must be an Int32Array, given ${show(values)}`);
    }
  }
  if (!isCount(rows) || !isCount(cols)) {
    throw new BitcenterError(
      "BAD_SHAPE",
      `${where}: rows and cols must be whole numbers, given rows: ${show(rows)}, cols: ${show(cols)}`,
    );
  }
  const entries = data.length;
  if (indices.length !== entries) {
    throw new BitcenterError("BAD_SHAPE", `${where}: data holds ${entries} values, but indices ${indices.length}`);
  }
  if (indptr.length !== rows + 1) {
    throw new BitcenterError(
      "BAD_SHAPE",
      `${where}: indptr holds ${indptr.length} places, but ${rows} rows need ${rows + 1}`,
    );
  }
  if (rows === 0) throw new BitcenterError("EMPTY", `${where}: data has no rows`);
  if (cols === 0) throw new BitcenterError("EMPTY", `${where}: data has no columns`);
  if (cols >= MOST_ENTRIES || entries >= MOST_ENTRIES) {
    throw new BitcenterError(
      "UNSUPPORTED",
      `${where}: ${cols} columns and ${entries} entries are too many, expected fewer than ${MOST_ENTRIES} of each`,
    );
  }
  if (indptr[0] !== 0 || indptr[rows] !== entries) {
    throw new BitcenterError(
      "BAD_VALUE",
      `${where}: indptr must lead from 0 to the ${entries} values of data, given ${indptr[0]} to ${indptr[rows]}`,
    );
  }
  for (let i = 0; i < rows; i++) {
    if ((indptr[i + 1] as number) < (indptr[i] as number)) {
      throw new BitcenterError(
        "BAD_VALUE",
        `${where}: indptr: row ${i} begins at ${indptr[i]} and ends before that, at ${indptr[i + 1]}`,
      );
    }
  }
  return { data, indices, indptr, rows, cols, storage };
}

/** The row of an entry, and its place in it. */
export function placeOf(indptr: Int32Array, entry: number): { readonly row: number; readonly place: number } {
  let [low, high] = [0, indptr.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((indptr[middle] as number) <= entry) low = middle;
    else high = middle;
  }
  return { row: low, place: entry - (indptr[low] as number) };
}

/** What is wrong with the column of an entry that is out of range or order. */
export function badColumn(where: string, { indices, indptr, cols }: CheckedSparse, entry: number): BitcenterError {
  const { row, place } = placeOf(indptr, entry);
  const column = indices[entry] as number;
  const isInside = column >= 0 && column < cols;
  return new BitcenterError(
    "BAD_VALUE",
    `${where}: indices: row ${row}, place ${place}: ${
      isInside
        ? `expected columns in ascending order, each once, given ${column} after ${indices[entry - 1]}`
        : `expected a column from 0 to ${cols - 1}, given ${column}`
    }`,
  );
}

/** Checks the columns of checked rows, for those who read them outside of linear memory. */
export function checkEntries(where: string, matrix: CheckedSparse): void {
  const { indices, indptr, rows, cols } = matrix;
  for (let i = 0; i < rows; i++) {
    let least = 0;
    for (let e = indptr[i] as number; e < (indptr[i + 1] as number); e++) {
      const column = indices[e] as number;
      if (column < least || column >= cols) throw badColumn(where, matrix, e);
      least = column + 1;
    }
  }
}

/** The same rows dense, in the storage they have. Columns are checked here. */
export function denseFrom(where: string, matrix: CheckedSparse): CheckedMatrix {
  const { data, indices, indptr, rows, cols, storage } = matrix;
  checkColumns(where, cols);
  checkEntries(where, matrix);
  const values = new (data.constructor as new (length: number) => NumericArray)(rows * cols);
  for (let i = 0; i < rows; i++) {
    for (let e = indptr[i] as number; e < (indptr[i + 1] as number); e++) {
      values[i * cols + (indices[e] as number)] = data[e] as number;
    }
  }
  return { data: values, storage, rows, cols };
}

/** The same rows sparse: the values other than 0. */
export function sparseFrom({ data, storage, rows, cols }: CheckedMatrix): CheckedSparse {
  const indptr = new Int32Array(rows + 1);
  for (let i = 0; i < rows; i++) {
    let entries = indptr[i] as number;
    for (let at = i * cols; at < (i + 1) * cols; at++) if (data[at] !== 0) entries++;
    indptr[i + 1] = entries;
  }
  const entries = indptr[rows] as number;
  const indices = new Int32Array(entries);
  const values = new (data.constructor as new (length: number) => NumericArray)(entries);
  for (let at = 0, e = 0; at < data.length; at++) {
    if (data[at] === 0) continue;
    indices[e] = at % cols;
    values[e++] = data[at] as number;
  }
  return { data: values, indices, indptr, rows, cols, storage };
}

/** Arrays and typed arrays; a DataView is neither. */
export function isVector(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/** One finite number per row, copied. Accepts any array of numbers. */
export function* checkVector(where: string, name: string, input: unknown, rows: number): Work<Float64Array> {
  if (!isVector(input)) {
    throw new BitcenterError("BAD_SHAPE", `${where}: ${name} must be an array of numbers, given ${show(input)}`);
  }
  const values = input;
  if (values.length !== rows) {
    throw new BitcenterError(
      "BAD_SHAPE",
      `${where}: ${values.length} ${name === "labels" ? name : `values of ${name}`} for ${rows} rows`,
    );
  }
  const out = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    if (i > 0 && i % PIECE_NUMBERS === 0) yield;
    const value = values[i];
    if (typeof value !== "number" || !Number.isFinite(value)) {
      throw new BitcenterError(
        "BAD_VALUE",
        `${where}: ${name}: row ${i}: expected a finite number, given ${show(value)}`,
      );
    }
    out[i] = value;
  }
  return out;
}

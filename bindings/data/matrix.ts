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

export type MatrixInput = DenseMatrix | readonly (readonly number[])[];

export interface CheckedMatrix {
  readonly data: NumericArray;
  readonly storage: RawStorage;
  readonly rows: number;
  readonly cols: number;
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
const MOST_COLUMNS = 1_000_000;

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

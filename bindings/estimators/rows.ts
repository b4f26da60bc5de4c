// Rows as estimators handle them: their shape, some of them by index, a few at a time as float64. Values stay in the caller's storage: bytes are never
// made floats of, but for the block that is being scored.
import {
  type CheckedMatrix,
  checkEntries,
  checkMatrix,
  checkSparse,
  type DenseMatrix,
  isSparse,
  type MatrixInput,
  type NumericArray,
  type SparseMatrix,
} from "../data/matrix.js";
import { finish, type Work } from "../engine/work.js";
import { BitcenterError, show } from "../errors.js";

/** Rows as a caller may give them. */
export type RowsInput = MatrixInput;

export interface Shape {
  readonly rows: number;
  readonly cols: number;
}

/** Values per block of float64 rows, and bytes copied between two pauses. */
const BLOCK_VALUES = 1 << 14;
const COPIED = 1 << 20;

function isList(input: unknown): input is readonly (readonly number[])[] {
  return Array.isArray(input);
}

/** Rows and columns, checked no further than that they are there: whoever reads the values checks the rest. */
export function shapeOf(where: string, input: RowsInput): Shape {
  const given: unknown = input;
  const { data, rows, cols } = (typeof given === "object" && given !== null ? given : {}) as Partial<DenseMatrix>;
  if (isSparse(given)) checkEntries(where, checkSparse(where, given));
  else if (isList(given)) {
    if (given.length === 0) throw new BitcenterError("EMPTY", `${where}: data has no rows`);
    const width: unknown = given[0]?.length;
    if (typeof width !== "number") {
      throw new BitcenterError("BAD_SHAPE", `${where}: row 0 must be an array of numbers, given ${show(given[0])}`);
    }
    return { rows: given.length, cols: width };
  } else if (!Number.isSafeInteger(rows) || !Number.isSafeInteger(cols) || data === undefined)
    finish(checkMatrix(where, given));
  if (rows === 0) throw new BitcenterError("EMPTY", `${where}: data has no rows`);
  return { rows: rows as number, cols: cols as number };
}

/** Some rows, in the order of `index`, in storage of their own but of the same type. */
export function* takeRows(where: string, input: RowsInput, index: Uint32Array): Work<RowsInput> {
  if (isList(input)) return Array.from(index, (i) => input[i] as readonly number[]);
  if (isSparse(input)) return yield* takeSparse(input, index);
  if (isList(input.data)) {
    const { data } = input;
    return Array.from(index, (i) => data[i] as readonly number[]);
  }
  const { data, cols } = yield* checkMatrix(where, input);
  const taken = sameType(data, index.length * cols);
  const step = Math.max(1, Math.floor(COPIED / (cols * data.BYTES_PER_ELEMENT)));
  for (let i = 0; i < index.length; i++) {
    const from = (index[i] as number) * cols;
    taken.set(data.subarray(from, from + cols), i * cols);
    if (i % step === step - 1) yield;
  }
  return { data: taken, rows: index.length, cols };
}

function sameType(data: NumericArray, length: number): NumericArray {
  return new (data.constructor as new (length: number) => NumericArray)(length);
}

function* takeSparse({ data, indices, indptr, cols }: SparseMatrix, index: Uint32Array): Work<SparseMatrix> {
  const places = new Int32Array(index.length + 1);
  for (let i = 0; i < index.length; i++) {
    const row = index[i] as number;
    places[i + 1] = (places[i] as number) + (indptr[row + 1] as number) - (indptr[row] as number);
  }
  const stored = places[index.length] as number;
  const taken = { data: sameType(data, stored), indices: new Int32Array(stored) };
  let copied = 0;
  for (let i = 0; i < index.length; i++) {
    const row = index[i] as number;
    const [from, to] = [indptr[row] as number, indptr[row + 1] as number];
    taken.data.set(data.subarray(from, to), places[i] as number);
    taken.indices.set(indices.subarray(from, to), places[i] as number);
    copied += (to - from) * 12;
    if (copied >= COPIED) {
      copied = 0;
      yield;
    }
  }
  return { ...taken, indptr: places, rows: index.length, cols };
}

/** A block of rows as float64: row i of it starts at x[i·cols]. */
export interface DenseBlock {
  readonly x: Float64Array;
  readonly first: number;
  readonly count: number;
}

/** Dense rows block by block; float64 values where they lie, others through one small buffer that the next block uses again. */
export function* blocksOf({ data, rows, cols }: CheckedMatrix): Generator<DenseBlock, void, undefined> {
  const step = Math.max(1, Math.floor(BLOCK_VALUES / cols));
  const buffer = data instanceof Float64Array ? null : new Float64Array(Math.min(step, rows) * cols);
  for (let first = 0; first < rows; first += step) {
    const count = Math.min(step, rows - first);
    const values = data.subarray(first * cols, (first + count) * cols);
    if (buffer !== null) buffer.set(values);
    yield { x: buffer ?? (values as Float64Array), first, count };
  }
}

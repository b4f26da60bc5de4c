// Rows in linear memory: copied in once, narrowed to the smallest storage that loses nothing, looked over column by column.
// docs/numerics.md §3.
import { type Core, Scope } from "../engine/core.js";
import type { CodeStorage, PackedStorage, RawStorage } from "../engine/kernels.js";
import { eachPart, partOf, type Work } from "../engine/work.js";
import { BitcenterError } from "../errors.js";
import type { CheckedMatrix } from "./matrix.js";

/** rows × strideBytes values of one storage type; every row padded with zeros to a multiple of 4 columns at least. */
export interface RawRows {
  readonly storage: RawStorage;
  readonly pointer: number;
  readonly strideBytes: number;
  readonly rows: number;
  readonly cols: number;
}

/** Per column: smallest and largest value, (weighted) mean, whether every value is an integer. */
export interface Statistics {
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly mean: Float64Array;
  readonly isWhole: readonly boolean[];
}

export const BYTES: Record<RawStorage | CodeStorage | PackedStorage, number> = {
  F64: 8,
  F32: 4,
  I16: 2,
  U8: 1,
  I8: 1,
  U4: 1 / 2,
  U2: 1 / 4,
};

export const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;

/** Row strides are multiples of 16 bytes and never of 4096: those thrash the L1 cache column-wise. */
export function strideFor(bytes: number): number {
  const stride = roundUp(bytes, 16);
  return stride % 4096 === 0 ? stride + 64 : stride;
}

/** Stride of raw rows: kernels read four columns at a time. */
export function rawStride(storage: RawStorage, cols: number): number {
  return strideFor(roundUp(cols, 4) * BYTES[storage]);
}

/** Bytes of raw rows per call of a kernel that reads them once. */
const BLOCK = 1 << 16;

/** Wherever rows are wanted in a random order, it is this one. */
const ORDER_SEED = 0x9e3779b9;

/** Multiply-adds that exchanging two places anywhere takes as long as. */
const EXCHANGE_PRICE = 16;

/** A random order of the rows, the same for every dataset of so many: rows u32 in `scope`. */
export function* randomOrder(core: Core, scope: Scope, rows: number): Work<number> {
  const order = yield* scope.allocWork(rows * 4, "the order of the rows");
  yield* eachPart(core, rows, 1, 1, (first, count) => {
    const numbers = core.u32(order + 4 * first, count);
    for (let i = 0; i < count; i++) numbers[i] = first + i;
  });
  let state = ORDER_SEED;
  yield* eachPart(core, rows, EXCHANGE_PRICE, 1, (done, count) => {
    // kernels answer i32
    state = core.kernels.permutation(state, rows, order, rows - done, rows - done - count) >>> 0;
  });
  return order;
}

/** Multiply-adds that fetching a row from anywhere takes as long as, besides its bytes. */
const FETCH_PRICE = 16;

/** Rows of `bytes` bytes in another order, side by side: rows × bytes in `scope`; index: u32 numbers. Address 0 (no such rows) gives 0. */
export function* gatherRows(
  core: Core,
  scope: Scope,
  from: number,
  bytes: number,
  index: number,
  rows: number,
  what: string,
): Work<number> {
  if (from === 0) return 0;
  const to = yield* scope.allocWork(rows * bytes, what);
  yield* gatherTo(core, from, bytes, index, rows, to);
  return to;
}

/** The first `bytes` bytes of rows `strideBytes` apart, in another order, side by side at `to`. */
export function* gatherTo(
  core: Core,
  from: number,
  strideBytes: number,
  index: number,
  rows: number,
  to: number,
  bytes = strideBytes,
): Work<void> {
  yield* eachPart(core, rows, FETCH_PRICE + bytes, 1, (first, count) => {
    core.kernels.gather(from, strideBytes, index + 4 * first, count, bytes, to + first * bytes, bytes);
  });
}

/** Rows per block, at most. */
export function blockRows(strideBytes: number): number {
  return Math.max(1, Math.floor(BLOCK / strideBytes));
}

/**
 * Visits rows block by block, each fetched into cache beforehand; kernel calls stay short, and long ones never leave the engine's first tier. price: multiply-adds
 * that a byte takes as long as.
 */
export function* eachBlock(
  core: Core,
  raw: RawRows,
  visit: (pointer: number, first: number, count: number) => void,
  price = 1,
): Work<void> {
  const { pointer, strideBytes, rows } = raw;
  const step = Math.min(blockRows(strideBytes), partOf(price * strideBytes, 1));
  for (let first = 0; first < rows; first += step) {
    const count = Math.min(step, rows - first);
    const from = pointer + first * strideBytes;
    if (core.isDue(price * count * strideBytes)) yield;
    core.kernels.touch(from, Math.floor((count * strideBytes) / 512) * 512);
    visit(from, first, count);
  }
}

/** Some columns of packed float32 rows, side by side. x: rows × cols; returns rows × live.length in `scope`, or x itself where all are wanted. */
export function* takeColumns(
  core: Core,
  scope: Scope,
  x: number,
  rows: number,
  cols: number,
  live: readonly number[],
): Work<number> {
  const count = live.length;
  if (count === cols) return x;
  const index = scope.alloc(count * 4, "a list of columns");
  core.u32(index, count).set(live);
  const taken = scope.alloc(rows * count * 4, "a sample of values");
  for (let i = 0; i < rows; i++) {
    if (core.isDue(count)) yield;
    core.kernels.gather(x + 4 * i * cols, 4, index, count, 4, taken + 4 * i * count, 4);
  }
  return taken;
}

/** What loading gives: rows as they are kept, and what is known about their columns. */
export interface LoadedRows {
  readonly raw: RawRows;
  readonly statistics: Statistics;
}

/** Bytes of the caller's rows that are copied, looked over and narrowed while they are in cache. */
const CHUNK = 1 << 18;
/** Rows per chunk at least: what is done once per chunk and column stays small beside it. */
const CHUNK_ROWS = 16;
/** Multiply-adds that the statistics of a column take as long as when they are taken out. */
const COLUMN_PRICE = 32;
/** Columns come in multiples of these where they come in parts. */
const COLUMNS = 16;
/** Multiply-adds that statistics of a value and its narrowing take as long as. */
const STATISTICS_PRICE = 2;
const NARROW_PRICE = 1;
/** Bytes that are copied in the time of a multiply-add. */
const COPIED_BYTES = 2;

/**
 * Copies checked rows into `scope`, in the narrowest storage that holds every value exactly, or (`isNarrowed` false) as they are. The storage is
 * guessed from the rows seen so far; a row that breaks the guess starts the copy again with the next wider one.
 * weights: rows f64 that sum to the number of rows, or 0 for none.
 * @throws BitcenterError BAD_VALUE for NaN and infinity, with row and column; OUT_OF_MEMORY
 */
export function* loadRows(
  core: Core,
  scope: Scope,
  matrix: CheckedMatrix,
  isNarrowed: boolean,
  weights: number,
): Work<LoadedRows> {
  const scratch = new Scope(core);
  try {
    const totals = new Totals(core, scratch, matrix, weights);
    const isFloat = matrix.storage === "F64" || matrix.storage === "F32";
    const narrow = isFloat && isNarrowed ? yield* narrowRows(core, scope, matrix, totals) : null;
    const raw = narrow ?? (yield* copyRows(core, scope, matrix, totals));
    const statistics = yield* totals.statistics(raw.storage !== "F64" && raw.storage !== "F32");
    if (!statistics.mean.every(Number.isFinite)) yield* checkFinite(core, raw);
    return { raw, statistics };
  } finally {
    scratch.release();
  }
}

/** Column statistics of the rows taken in so far: each row once, in order. */
class Totals {
  /** Rows taken in. */
  rows = 0;
  readonly #core: Core;
  readonly #matrix: CheckedMatrix;
  readonly #weights: number;
  readonly #width: number;
  readonly #block: number;
  /** Whether float64 values are float32 values so far. */
  #fitsFloat32 = true;

  constructor(core: Core, scratch: Scope, matrix: CheckedMatrix, weights: number) {
    this.#core = core;
    this.#matrix = matrix;
    this.#weights = weights;
    this.#width = roundUp(matrix.cols, 16);
    this.#block = scratch.alloc(4 * this.#width * 8, "column statistics");
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 1].forEach((start, i) => {
      core.f64(this.#at(i), this.#width).fill(start);
    });
  }

  #at(i: number): number {
    return this.#block + i * this.#width * 8;
  }

  #values(i: number): Float64Array {
    return this.#core.f64(this.#at(i), this.#matrix.cols);
  }

  /** Takes in the rows from `this.rows` to `end`, of which `first` is at `pointer`. */
  *take(pointer: number, strideBytes: number, first: number, end: number): Work<void> {
    const { storage, cols } = this.#matrix;
    const from = pointer + (this.rows - first) * strideBytes;
    const weights = this.#weights === 0 ? 0 : this.#weights + this.rows * 8;
    const width = roundUp(cols, Math.max(4, 16 / BYTES[storage]));
    const kernel = this.#core.kernels[`statistics${storage}`];
    const rows = end - this.rows;
    yield* eachPart(this.#core, width, STATISTICS_PRICE * rows, COLUMNS, (column, count) => {
      const [low, high, sum, whole] = [0, 1, 2, 3].map((i) => this.#at(i) + 8 * column) as [
        number,
        number,
        number,
        number,
      ];
      kernel(from + column * BYTES[storage], strideBytes, rows, count, weights, low, high, sum, whole);
    });
    this.rows = end;
  }

  /** Narrowest storage of the rows taken in; `pointer`: the last `count` values of them, packed. */
  narrowest(pointer: number, count: number): RawStorage {
    const { storage } = this.#matrix;
    if (this.#values(3).every((flag) => flag === 1)) {
      const least = this.#values(0).reduce((a, b) => Math.min(a, b), 0);
      const most = this.#values(1).reduce((a, b) => Math.max(a, b), 0);
      if (least >= -128 && most <= 127) return "I8";
      if (least >= 0 && most <= 255) return "U8";
      if (least >= -32768 && most <= 32767) return "I16";
    }
    if (storage === "F32") return storage;
    this.#fitsFloat32 &&= this.#core.kernels.fitsFloat32(pointer, count) === 1;
    return this.#fitsFloat32 ? "F32" : storage;
  }

  /** hasNoSign: the rows are kept as integers, which have no −0. */
  *statistics(hasNoSign: boolean): Work<Statistics> {
    const { rows, cols } = this.#matrix;
    const [low, high, mean] = [new Float64Array(cols), new Float64Array(cols), new Float64Array(cols)];
    const isWhole: boolean[] = [];
    yield* eachPart(this.#core, cols, COLUMN_PRICE, 1, (first, count) => {
      const [lows, highs, sums, flags] = [0, 1, 2, 3].map((i) => this.#values(i)) as [
        Float64Array,
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      for (let j = first; j < first + count; j++) {
        low[j] = hasNoSign ? (lows[j] as number) + 0 : (lows[j] as number);
        high[j] = hasNoSign ? (highs[j] as number) + 0 : (highs[j] as number);
        mean[j] = (sums[j] as number) / rows;
        isWhole.push(flags[j] === 1);
      }
    });
    return { low, high, mean, isWhole };
  }
}

function* place(scope: Scope, storage: RawStorage, { rows, cols }: CheckedMatrix): Work<RawRows> {
  const strideBytes = rawStride(storage, cols);
  const pointer = yield* scope.allocWork(strideBytes * rows, `a ${rows} × ${cols} dataset`);
  return { storage, pointer, strideBytes, rows, cols };
}

/** Visits the caller's rows as bytes, a chunk at a time. */
function* eachChunk(
  { data, rows, cols }: CheckedMatrix,
  visit: (bytes: Uint8Array, first: number, end: number) => Work<boolean>,
): Work<boolean> {
  const rowBytes = cols * data.BYTES_PER_ELEMENT;
  const step = chunkRows(rows, rowBytes);
  for (let first = 0; first < rows; first += step) {
    const end = Math.min(first + step, rows);
    const bytes = new Uint8Array(data.buffer, data.byteOffset + first * rowBytes, (end - first) * rowBytes);
    if (!(yield* visit(bytes, first, end))) return false;
  }
  return true;
}

/** Bytes of a caller → linear memory. */
function* copyBytes(core: Core, bytes: Uint8Array, to: number): Work<void> {
  yield* eachPart(core, bytes.length, 1 / COPIED_BYTES, 1, (first, count) => {
    core.bytes(to + first, count).set(bytes.subarray(first, first + count));
  });
}

const chunkRows = (rows: number, rowBytes: number): number =>
  Math.min(rows, Math.max(CHUNK_ROWS, Math.floor(CHUNK / rowBytes)));

/** The rows as they are. */
function* copyRows(core: Core, scope: Scope, matrix: CheckedMatrix, totals: Totals): Work<RawRows> {
  const raw = yield* place(scope, matrix.storage, matrix);
  const { strideBytes } = raw;
  yield* eachChunk(matrix, function* (bytes, first, end) {
    const pointer = raw.pointer + first * strideBytes;
    const room = (end - first) * strideBytes;
    // packed at the end of their place, from where they are moved apart
    const packed = pointer + room - bytes.length;
    yield* copyBytes(core, bytes, packed);
    if (bytes.length < room) {
      const rowBytes = bytes.length / (end - first);
      yield* eachPart(core, end - first, strideBytes / COPIED_BYTES, 1, (row, count) => {
        core.kernels.spread(packed + row * rowBytes, rowBytes, count, pointer + row * strideBytes, strideBytes);
      });
    }
    if (end > totals.rows) yield* totals.take(pointer, strideBytes, first, end);
    return true;
  });
  return raw;
}

/** The rows in narrower storage, or null when only their own holds them. */
function* narrowRows(core: Core, scope: Scope, matrix: CheckedMatrix, totals: Totals): Work<RawRows | null> {
  const { storage, rows, cols } = matrix;
  const rowBytes = cols * BYTES[storage];
  const scratch = new Scope(core);
  try {
    // kernels read up to 16 columns beyond the last packed row
    const chunk = scratch.alloc(chunkRows(rows, rowBytes) * rowBytes + 16 * 8, "a chunk of rows");
    let guess: RawStorage | null = null;
    let narrow: RawRows | null = null;
    const visit = function* (bytes: Uint8Array, first: number, end: number): Work<boolean> {
      yield* copyBytes(core, bytes, chunk);
      if (end > totals.rows) {
        yield* totals.take(chunk, rowBytes, first, end);
        const narrowest = totals.narrowest(chunk, (end - first) * cols);
        if (narrowest !== guess) {
          if (narrow !== null) scope.free(narrow.pointer);
          narrow = null;
          guess = narrowest;
          // rows before this chunk have to be copied again, if at all
          if (narrowest === storage || first > 0) return false;
        }
      }
      narrow ??= yield* place(scope, guess as RawStorage, matrix);
      const kernel = core.kernels[`narrow${storage as "F64"}${narrow.storage as "F32"}`];
      const { pointer, strideBytes, storage: narrowest } = narrow;
      const to = pointer + first * strideBytes;
      yield* eachPart(core, cols, NARROW_PRICE * (end - first), COLUMNS, (column, count) => {
        const [from, out] = [chunk + column * BYTES[storage], to + column * BYTES[narrowest]];
        kernel(from, rowBytes, end - first, count, out, strideBytes);
      });
      return true;
    };
    while (!(yield* eachChunk(matrix, visit))) if (guess === storage) return null;
    return narrow;
  } finally {
    scratch.release();
  }
}

/** Throws for the first value that is NaN or infinite. Sums of finite values may overflow: then there is none. */
function* checkFinite(core: Core, { storage, pointer, strideBytes, rows, cols }: RawRows): Work<void> {
  if (storage !== "F64" && storage !== "F32") return;
  const kernel = core.kernels[`firstNotFinite${storage}`];
  let bad = -1;
  yield* eachPart(core, rows, cols, 1, (first, count) => {
    if (bad >= 0) return;
    const found = kernel(pointer + first * strideBytes, strideBytes, count, cols);
    if (found >= 0) bad = first * cols + found;
  });
  if (bad < 0) return;
  const row = Math.floor(bad / cols);
  const column = bad % cols;
  const at = pointer + row * strideBytes + column * BYTES[storage];
  const value = storage === "F64" ? core.f64(at, 1)[0] : core.f32(at, 1)[0];
  throw new BitcenterError(
    "BAD_VALUE",
    `dataset: row ${row}, column ${column}: expected a finite number, given ${value}`,
  );
}

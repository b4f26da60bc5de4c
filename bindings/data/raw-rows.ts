// Rows in linear memory: copied in once, narrowed to the smallest storage that loses nothing, looked over column by column.
// docs/numerics.md §3.
import { type Core, Scope } from "../engine/core.js";
import type { CodeStorage, RawStorage } from "../engine/kernels.js";
import { BitcenterError } from "../errors.js";
import type { CheckedMatrix, NumericArray } from "./matrix.js";

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

export const BYTES: Record<RawStorage | CodeStorage, number> = { F64: 8, F32: 4, I16: 2, U8: 1, I8: 1 };

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

function copyRows(core: Core, data: NumericArray, { pointer, strideBytes, rows, cols }: RawRows): void {
  const rowBytes = cols * data.BYTES_PER_ELEMENT;
  const source = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const target = core.bytes(pointer, strideBytes * rows);
  if (strideBytes === rowBytes) target.set(source);
  else {
    for (let i = 0; i < rows; i++) target.set(source.subarray(i * rowBytes, (i + 1) * rowBytes), i * strideBytes);
  }
}

/**
 * Copies checked rows into `scope`, in the narrowest storage that holds every value exactly, or (`isNarrowed` false) as they are.
 * @throws BitcenterError BAD_VALUE for NaN and infinity, with row and column; OUT_OF_MEMORY
 */
export function loadRows(core: Core, scope: Scope, matrix: CheckedMatrix, isNarrowed: boolean): RawRows {
  const { rows, cols, storage } = matrix;
  const what = `a ${rows} × ${cols} dataset`;
  const place = (into: Scope, kind: RawStorage): RawRows => {
    const strideBytes = rawStride(kind, cols);
    return { storage: kind, pointer: into.alloc(strideBytes * rows, what), strideBytes, rows, cols };
  };
  return Scope.scratch(core, (given) => {
    const raw = place(given, storage);
    copyRows(core, matrix.data, raw);
    const narrowest = narrowestStorage(core, raw);
    if (narrowest === storage || !isNarrowed) {
      scope.adopt(given);
      return raw;
    }
    const narrow = place(scope, narrowest);
    const kernel = core.kernels[`narrow${storage as "F64"}${narrowest as "F32"}`];
    kernel(raw.pointer, raw.strideBytes, rows, cols, narrow.pointer, narrow.strideBytes);
    return narrow;
  });
}

/** Narrowest storage that holds every value exactly; throws for NaN and infinity. */
function narrowestStorage(core: Core, raw: RawRows): RawStorage {
  const { storage, pointer, strideBytes, rows, cols } = raw;
  if (storage !== "F64" && storage !== "F32") return storage;
  const bad = core.kernels[`firstNotFinite${storage}`](pointer, strideBytes, rows, cols);
  if (bad >= 0) {
    const row = Math.floor(bad / cols);
    const column = bad % cols;
    const at = pointer + row * strideBytes + column * BYTES[storage];
    const value = storage === "F64" ? core.f64(at, 1)[0] : core.f32(at, 1)[0];
    throw new BitcenterError(
      "BAD_VALUE",
      `dataset: row ${row}, column ${column}: expected a finite number, given ${value}`,
    );
  }
  const { low, high, isWhole } = collectStatistics(core, raw, 0);
  if (isWhole.every((whole) => whole)) {
    const least = low.reduce((a, b) => Math.min(a, b), 0);
    const most = high.reduce((a, b) => Math.max(a, b), 0);
    if (least >= -128 && most <= 127) return "I8";
    if (least >= 0 && most <= 255) return "U8";
    if (least >= -32768 && most <= 32767) return "I16";
  }
  if (storage === "F64" && core.kernels.fitsFloat32(pointer, (strideBytes / 8) * rows) === 1) return "F32";
  return storage;
}

/** weights: rows f64 that sum to the number of rows, or 0 for none. */
export function collectStatistics(core: Core, raw: RawRows, weights: number): Statistics {
  const { storage, pointer, strideBytes, rows, cols } = raw;
  const width = roundUp(cols, 4);
  return Scope.scratch(core, (scratch) => {
    const block = scratch.alloc(4 * width * 8, "column statistics");
    const at = (i: number): number => block + i * width * 8;
    core.kernels[`statistics${storage}`](pointer, strideBytes, rows, width, weights, at(0), at(1), at(2), at(3));
    return {
      low: core.f64(at(0), cols).slice(),
      high: core.f64(at(1), cols).slice(),
      mean: core.f64(at(2), cols).map((sum) => sum / rows),
      isWhole: Array.from(core.f64(at(3), cols), (flag) => flag === 1),
    };
  });
}

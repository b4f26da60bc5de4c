// Dataset: rows enter linear memory once, losslessly, and are quantised once per coordinate system that a problem asks for.
// Formats: docs/numerics.md §1–3. Sources: HALP §2 (formats), ZipML §2.2 (column scaling).
import { type Core, Scope } from "../engine/core.js";
import type { CodeStorage, RawStorage } from "../engine/kernels.js";
import { BitcenterError } from "../errors.js";
import { checkNames, oneOf } from "../options.js";
import { type CheckedMatrix, checkMatrix, checkVector, type MatrixInput, type NumericArray } from "./matrix.js";

export type DataBits = 8 | 16;
export type ExactCopy = "float64" | "float32" | "int16" | "uint8" | "int8" | "rounded16";

export interface DatasetOptions {
  /** Bits of a data code: 8 (±127, default) or 16 (±32767). */
  readonly bits?: DataBits;
  /** The exact copy that objective and gradient are computed from. "auto": the narrowest form without any loss. "rounded16": 16 bits a
   *  value, per column, sharing memory with the codes (2 bytes a value in all; needs bits 8). */
  readonly exact?: "auto" | "rounded16";
  /** Subtract the column means where an intercept is fitted (default true): an exact change of coordinates. */
  readonly center?: boolean;
  /** One weight ≥ 0 per row, not all zero. Only their ratios matter. */
  readonly sampleWeight?: ArrayLike<number>;
}

/** A coordinate system with its codes in linear memory. Pointers are byte offsets. */
export interface Plane {
  readonly storage: CodeStorage;
  /** Largest code Q: 127, 32767, or 1 for the float32 plane. */
  readonly largest: number;
  /** rows × strideBytes. */
  readonly codes: number;
  readonly strideBytes: number;
  /** Columns with padding, a multiple of 32; the intercept's, if any, is at index `cols`. */
  readonly padded: number;
  readonly hasIntercept: boolean;
  /** padded f64 each: x = offset + scale·code. */
  readonly scale: number;
  readonly offset: number;
}

/** The exact copy in linear memory: x = passOffset + passScale·stored. */
export interface StoredCopy {
  readonly storage: RawStorage | "Planes";
  readonly pointer: number;
  /** Distance in bytes from a high to its low plane (Planes only). */
  readonly low: number;
  readonly strideBytes: number;
  /** Columns with padding, a multiple of 4. */
  readonly width: number;
  /** cols f64 each. */
  readonly passScale: number;
  readonly passOffset: number;
}

interface Raw {
  readonly storage: RawStorage;
  readonly pointer: number;
  readonly strideBytes: number;
}

interface Statistics {
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly mean: Float64Array;
  readonly isWhole: boolean[];
}

interface Scales {
  readonly scale: Float64Array;
  readonly inverseScale: Float64Array;
  readonly offset: Float64Array;
  /** Largest |x − offset| that a code can stand for. */
  readonly reach: Float64Array;
}

const BYTES: Record<RawStorage | CodeStorage, number> = { F64: 8, F32: 4, I16: 2, U8: 1, I8: 1 };
const EXACT_NAMES: Record<RawStorage | "Planes", ExactCopy> = {
  F64: "float64",
  F32: "float32",
  I16: "int16",
  U8: "uint8",
  I8: "int8",
  Planes: "rounded16",
};
/** Rows looked at for the median absolute deviation. */
const SAMPLE_ROWS = 4096;
/** Robust range: 20 standard deviations; 1.4826·MAD estimates one for a normal column. */
const ROBUST_RANGE = 20 * 1.4826;

const NONE = new Float64Array(0);

const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;

/** Row strides are multiples of 16 bytes and never of 4096: those thrash the L1 cache column-wise. */
export function strideFor(bytes: number): number {
  const stride = roundUp(bytes, 16);
  return stride % 4096 === 0 ? stride + 64 : stride;
}

/** Sample weights, checked and scaled so that they sum to the number of rows. */
function checkWeights(input: ArrayLike<number>, rows: number): Float64Array {
  const weights = checkVector("dataset", "sampleWeight", input, rows);
  const negative = weights.findIndex((weight) => weight < 0);
  if (negative >= 0) {
    throw new BitcenterError(
      "BAD_VALUE",
      `dataset: sampleWeight: row ${negative}: expected a number >= 0, given ${weights[negative]}`,
    );
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0) || !Number.isFinite(total)) {
    throw new BitcenterError("BAD_VALUE", `dataset: sampleWeight must have a finite sum > 0, given a sum of ${total}`);
  }
  return weights.map((weight) => (weight / total) * rows);
}

export class Dataset {
  readonly rows: number;
  readonly cols: number;
  readonly bits: DataBits;
  /** Storage of the exact copy. */
  readonly exact: ExactCopy;
  /** Whether columns are centred where an intercept is fitted. */
  readonly isCentred: boolean;
  /** @internal */
  readonly core: Core;
  /** Labels as given: rows. @internal */
  readonly labels: Float64Array;
  /** ωᵢ = n·weightᵢ/Σ weight: rows f64 and rows f32 in linear memory, or 0 without weights. @internal */
  readonly weights: { readonly f64: number; readonly f32: number };
  /** @internal */
  readonly stored: StoredCopy;
  readonly #scope: Scope;
  #statistics: Statistics = { low: NONE, high: NONE, mean: NONE, isWhole: [] };
  readonly #planes = new Map<string, Plane>();
  #bytes = 0;
  #isDisposed = false;

  /** @internal Use engine.dataset. */
  constructor(core: Core, input: MatrixInput, labels: ArrayLike<number>, options: DatasetOptions = {}) {
    const where = "dataset";
    checkNames(where, options, ["bits", "exact", "center", "sampleWeight"]);
    this.bits = oneOf(where, "bits", options.bits, [8, 16] as const, 8);
    const exact = oneOf(where, "exact", options.exact, ["auto", "rounded16"] as const, "auto");
    this.isCentred = oneOf(where, "center", options.center, [true, false] as const, true);
    if (exact === "rounded16" && this.bits === 16) {
      throw new BitcenterError("BAD_OPTION", 'dataset: exact: "rounded16" shares memory with 8-bit codes: use bits: 8');
    }
    const matrix = checkMatrix(where, input);
    this.rows = matrix.rows;
    this.cols = matrix.cols;
    this.core = core;
    this.labels = checkVector(where, "labels", labels, matrix.rows);
    const weights = options.sampleWeight === undefined ? null : checkWeights(options.sampleWeight, matrix.rows);

    const built = Scope.guard(core, (scope) => {
      const weightPointers = this.#writeWeights(scope, weights);
      const raw = this.#load(scope, matrix, exact === "auto");
      this.#statistics = this.#collect(raw, weightPointers.f64);
      const stored = exact === "auto" ? this.#keep(scope, raw) : this.#round(scope, raw);
      return { scope, weightPointers, stored };
    });
    this.#scope = built.scope;
    this.weights = built.weightPointers;
    this.stored = built.stored;
    this.exact = EXACT_NAMES[built.stored.storage];
  }

  /** Bytes of linear memory: exact copy, codes made so far, weights. */
  get bytes(): number {
    return this.#isDisposed || this.core.isDisposed ? 0 : this.#bytes;
  }

  /** Frees the memory. Problems on this dataset can no longer be used. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#planes.clear();
    this.#scope.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal */
  checkLive(): void {
    if (this.#isDisposed) throw new BitcenterError("DISPOSED", "this dataset was disposed; create another one");
  }

  #alloc(scope: Scope, bytes: number, what: string): number {
    const pointer = scope.alloc(bytes, what);
    this.#bytes += bytes;
    return pointer;
  }

  /** Rows into linear memory, float64 and float32 in the narrowest form that loses nothing (`isKept`; else only checked). */
  #load(scope: Scope, matrix: CheckedMatrix, isKept: boolean): Raw {
    const { rows, cols, storage } = matrix;
    const what = `a ${rows} × ${cols} dataset`;
    const given = new Scope(this.core);
    try {
      const strideBytes = this.#rawStride(storage);
      const pointer = given.alloc(strideBytes * rows, what);
      this.#copyRows(matrix.data, pointer, strideBytes);
      const raw = { storage, pointer, strideBytes };
      const narrowest = this.#narrowest(raw);
      if (narrowest === storage || !isKept) {
        scope.adopt(given);
        return raw;
      }
      const narrowStride = this.#rawStride(narrowest);
      const narrow = scope.alloc(narrowStride * rows, what);
      const name = `narrow${storage as "F64"}${narrowest as "F32"}` as const;
      this.core.kernels[name](pointer, strideBytes, rows, cols, narrow, narrowStride);
      return { storage: narrowest, pointer: narrow, strideBytes: narrowStride };
    } finally {
      given.release();
    }
  }

  #rawStride(storage: RawStorage): number {
    // kernels read four columns at a time
    return strideFor(roundUp(this.cols, 4) * BYTES[storage]);
  }

  #copyRows(data: NumericArray, pointer: number, strideBytes: number): void {
    const { rows, cols } = this;
    const rowBytes = cols * data.BYTES_PER_ELEMENT;
    const source = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const target = this.core.bytes(pointer, strideBytes * rows);
    if (strideBytes === rowBytes) target.set(source);
    else {
      for (let i = 0; i < rows; i++) target.set(source.subarray(i * rowBytes, (i + 1) * rowBytes), i * strideBytes);
    }
  }

  /** Narrowest storage that holds every value exactly; throws for NaN and infinity, with row and column. */
  #narrowest(raw: Raw): RawStorage {
    const { storage, pointer, strideBytes } = raw;
    if (storage !== "F64" && storage !== "F32") return storage;
    const { core, rows, cols } = this;
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
    const { low, high, isWhole } = this.#collect(raw, 0);
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

  #collect(raw: Raw, weights: number): Statistics {
    const { core, rows, cols } = this;
    const width = roundUp(cols, 4);
    return Scope.scratch(core, (scratch) => {
      const block = scratch.alloc(4 * width * 8, "column statistics");
      const at = (i: number): number => block + i * width * 8;
      const kernel = core.kernels[`statistics${raw.storage}`];
      kernel(raw.pointer, raw.strideBytes, rows, width, weights, at(0), at(1), at(2), at(3));
      return {
        low: core.f64(at(0), cols).slice(),
        high: core.f64(at(1), cols).slice(),
        // the weights sum to n
        mean: core.f64(at(2), cols).map((sum) => sum / rows),
        isWhole: Array.from(core.f64(at(3), cols), (flag) => flag === 1),
      };
    });
  }

  #writeWeights(scope: Scope, weights: Float64Array | null): { f64: number; f32: number } {
    if (weights === null) return { f64: 0, f32: 0 };
    const f64 = this.#alloc(scope, weights.length * 8, "sample weights");
    const f32 = this.#alloc(scope, weights.length * 4, "sample weights");
    this.core.f64(f64, weights.length).set(weights);
    this.core.kernels.toFloat32(f64, f32, weights.length);
    return { f64, f32 };
  }

  #vector(scope: Scope, values: Float64Array, length: number, fill: number): number {
    const pointer = this.#alloc(scope, length * 8, "column scales");
    const view = this.core.f64(pointer, length);
    view.fill(fill);
    view.set(values);
    return pointer;
  }

  /** The rows themselves as the exact copy. */
  #keep(scope: Scope, raw: Raw): StoredCopy {
    this.#bytes += raw.strideBytes * this.rows;
    const { cols } = this;
    return {
      ...raw,
      low: 0,
      width: roundUp(cols, 4),
      passScale: this.#vector(scope, new Float64Array(cols).fill(1), cols, 1),
      passOffset: this.#vector(scope, new Float64Array(cols), cols, 0),
    };
  }

  /** Two int8 planes as the exact copy; the high one serves as the codes of problems with an intercept. */
  #round(scope: Scope, raw: Raw): StoredCopy {
    const { core, rows, cols } = this;
    const scales = this.#scales(this.isCentred, 127, null);
    const strideBytes = strideFor(roundUp(cols + 1, 32));
    const high = this.#alloc(scope, 2 * strideBytes * rows, `the 16-bit copy of a ${rows} × ${cols} dataset`);
    const low = strideBytes * rows;
    const passScale = this.#vector(
      scope,
      scales.scale.map((scale) => scale / 256),
      cols,
      1,
    );
    const passOffset = this.#vector(scope, scales.offset, cols, 0);
    const inverse = this.#vector(scope, scales.inverseScale, cols, 1);
    const kernel = core.kernels[`planes${raw.storage}`];
    kernel(raw.pointer, raw.strideBytes, rows, cols, passOffset, inverse, high, high + low, strideBytes, 127);
    scope.free(raw.pointer);
    return { storage: "Planes", pointer: high, low, strideBytes, width: roundUp(cols, 4), passScale, passOffset };
  }

  /** Codes (or the float32 plane) in coordinates with or without an intercept; made on first use, then kept. @internal */
  plane(kind: "codes" | "float32", hasIntercept: boolean): Plane {
    this.checkLive();
    const storage: CodeStorage = kind === "float32" ? "F32" : this.bits === 8 ? "I8" : "I16";
    const key = `${storage} ${hasIntercept}`;
    let plane = this.#planes.get(key);
    if (plane === undefined) {
      const before = this.#bytes;
      try {
        plane = Scope.guard(this.core, (scope) => {
          const made = this.#quantise(scope, storage, hasIntercept);
          this.#scope.adopt(scope);
          return made;
        });
      } catch (error) {
        this.#bytes = before;
        throw error;
      }
      this.#planes.set(key, plane);
    }
    return plane;
  }

  #quantise(scope: Scope, storage: CodeStorage, hasIntercept: boolean): Plane {
    const { core, rows, cols, stored } = this;
    const integers = this.bits === 8 ? 127 : 32767;
    const isPlanes = stored.storage === "Planes";
    const scales = this.#scales(hasIntercept && this.isCentred, integers, isPlanes ? null : stored);
    const padded = roundUp(cols + (hasIntercept ? 1 : 0), 32);
    const largest = storage === "F32" ? 1 : integers;
    // the float32 plane divides by its scale; integer codes multiply by the inverse, which is exact for whole columns
    const unit = storage === "F32" ? integers : 1;
    const scale = this.#vector(
      scope,
      scales.scale.map((value) => value * unit),
      padded,
      1,
    );
    const offset = this.#vector(scope, scales.offset, padded, 0);
    if (hasIntercept) core.f64(scale, padded)[cols] = 1 / largest;
    if (isPlanes && storage === "I8" && hasIntercept) {
      const { pointer, strideBytes } = stored;
      return { storage, largest, codes: pointer, strideBytes, padded, hasIntercept, scale, offset };
    }
    const strideBytes = strideFor(padded * BYTES[storage]);
    const codes = this.#alloc(scope, strideBytes * rows, `the codes of a ${rows} × ${cols} dataset`);
    const factor = storage === "F32" ? scale : this.#vector(scope, scales.inverseScale, padded, 1);
    const intercept = hasIntercept ? largest : 0;
    const write = (source: Raw, count: number, to: number): void => {
      const kernel = core.kernels[`quantize${source.storage}${storage}`];
      kernel(source.pointer, source.strideBytes, count, cols, offset, factor, to, strideBytes, intercept);
    };
    if (isPlanes) this.#decodeBlocks((block, first, count) => write(block, count, codes + first * strideBytes));
    else write(stored as Raw, rows, codes);
    return { storage, largest, codes, strideBytes, padded, hasIntercept, scale, offset };
  }

  /** Walks the two planes as float64 rows, a block at a time. */
  #decodeBlocks(visit: (block: Raw, firstRow: number, count: number) => void): void {
    const { core, rows, cols, stored } = this;
    const strideBytes = this.#rawStride("F64");
    const most = Math.max(1, Math.floor((1 << 20) / strideBytes));
    Scope.scratch(core, (scratch) => {
      const pointer = scratch.alloc(strideBytes * Math.min(most, rows), "a block of decoded rows");
      for (let first = 0; first < rows; first += most) {
        const count = Math.min(most, rows - first);
        const high = stored.pointer + first * stored.strideBytes;
        const { low, passScale, passOffset } = stored;
        core.kernels.decodePlanes(
          high,
          high + low,
          stored.strideBytes,
          count,
          cols,
          passScale,
          passOffset,
          pointer,
          strideBytes,
        );
        visit({ storage: "F64", pointer, strideBytes }, first, count);
      }
    });
  }

  /**
   * Offset and scale of every column (docs/numerics.md §2). `raw` is looked at again for robust clipping of float columns; null: none.
   */
  #scales(isCentred: boolean, largest: number, raw: StoredCopy | null): Scales {
    const { low, high, mean, isWhole } = this.#statistics;
    const offset = mean.map((value, j) => {
      if (!isCentred) return 0;
      if (low[j] === high[j]) return low[j] as number; // the mean of n equal values may differ from them in the last bit
      return isWhole[j] ? Math.floor(value + 0.5) : value;
    });
    const plain = this.#scalesFor(offset, null, largest);
    if (raw === null || (raw.storage !== "F64" && raw.storage !== "F32")) return plain;
    const robust = this.#robust(raw as Raw, plain, isCentred);
    if (robust === null) return plain;
    const clipped = this.#scalesFor(robust.offset, robust.reach, largest);
    return this.#countClipped(raw as Raw, clipped, largest) * 100 > this.rows ? plain : clipped;
  }

  /** Scales for given offsets; limits: a smaller reach per column where it is finite. */
  #scalesFor(offset: Float64Array, limits: Float64Array | null, largest: number): Scales {
    const { low, high, isWhole } = this.#statistics;
    const scale = new Float64Array(this.cols);
    const inverseScale = new Float64Array(this.cols);
    const reach = new Float64Array(this.cols);
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
  #robust(raw: Raw, plain: Scales, isCentred: boolean): { offset: Float64Array; reach: Float64Array } | null {
    const { core, rows, cols } = this;
    const { isWhole } = this.#statistics;
    const step = Math.ceil(rows / SAMPLE_ROWS);
    const offset = plain.offset.slice();
    const reach = new Float64Array(cols).fill(Number.POSITIVE_INFINITY);
    let isCut = false;
    Scope.scratch(core, (scratch) => {
      const values = scratch.alloc(Math.ceil(rows / step) * 8, "a sample of a column");
      const sample = core.kernels[`sample${raw.storage as "F64" | "F32"}`];
      for (let j = 0; j < cols; j++) {
        if (isWhole[j]) continue;
        const count = sample(raw.pointer, raw.strideBytes, rows, step, j, values);
        const median = core.kernels.lowerMedian(values, count);
        const limit = ROBUST_RANGE * core.kernels.deviation(values, count, median);
        if (limit > 0 && (plain.reach[j] as number) > limit) {
          reach[j] = limit;
          if (isCentred) offset[j] = median;
          isCut = true;
        }
      }
    });
    return isCut ? { offset, reach } : null;
  }

  #countClipped(raw: Raw, scales: Scales, largest: number): number {
    const { core, rows, cols } = this;
    return Scope.scratch(core, (scratch) => {
      const offset = scratch.alloc(cols * 8, "column scales");
      const inverse = scratch.alloc(cols * 8, "column scales");
      core.f64(offset, cols).set(scales.offset);
      core.f64(inverse, cols).set(scales.inverseScale);
      const kernel = core.kernels[`countClipped${raw.storage as "F64" | "F32"}`];
      return kernel(raw.pointer, raw.strideBytes, rows, cols, offset, inverse, largest);
    });
  }
}

// Dense rows of a dataset: they enter linear memory once, losslessly, and are quantised once per coordinate system that a problem asks for.
// Formats: docs/numerics.md §1–3. Sources: HALP §2 (formats), ZipML §2.2 (column scaling).
import { type Core, Scope } from "../engine/core.js";
import type { ByteStorage, CodeStorage, PackedStorage, RawStorage } from "../engine/kernels.js";
import { toFloat64 } from "../engine/vectors.js";
import { eachPart, type Work } from "../engine/work.js";
import { BitcenterError } from "../errors.js";
import type { DatasetMemory } from "./dataset-memory.js";
import { type ExactRows, type StoredCopy, StoredRows } from "./exact-rows.js";
import type { ExactCopy, Frame } from "./frame.js";
import { storageLevelsOf } from "./levels.js";
import type { CheckedMatrix } from "./matrix.js";
import {
  CODES_PER_RMS,
  type CodeLevels,
  eachUnpacked,
  interceptCode,
  losesColumn,
  type PackedBits,
  type PackedCodes,
  type PackedRows,
  packedColumns,
  sampleRows,
  uniformLevels,
  withZero,
  writeCuts,
  writeTable,
} from "./packed.js";
import {
  BYTES,
  blockRows,
  eachBlock,
  gatherRows,
  gatherTo,
  loadRows,
  type RawRows,
  randomOrder,
  rawStride,
  roundUp,
  type Statistics,
  strideFor,
  takeColumns,
} from "./raw-rows.js";
import type { RowSource } from "./row-source.js";
import { chooseScales } from "./scales.js";

export type DataBits = 2 | 4 | 8 | 16;
/** A coordinate system with its codes, rounded, in linear memory. */
export interface Plane extends Frame {
  readonly storage: CodeStorage | PackedStorage;
  /** Levels and mask of packed codes, or null. */
  readonly packed: PackedCodes | null;
  /** rows × strideBytes. */
  readonly codes: number;
  readonly strideBytes: number;
  /** Which row stands at each place: rows u32, or 0 where the rows stand in their own order. */
  readonly order: number;
  /** Weights ωᵢ in the plane's order, as Dataset.weights. */
  readonly weights: RowWeights;
  /** Float32 columns divided by their whole reach: every value within ±1. */
  readonly isUnit?: boolean;
}

/** All columns as eight bit-planes, most significant first, each of all rows; code = floor((x + 1)·128), x the unit values of a unit plane. */
export interface Weaved {
  readonly pointer: number;
  readonly rowBytes: number;
  readonly planeBytes: number;
}

/** rows f64 and rows f32 in linear memory, or 0 without weights. */
export interface RowWeights {
  readonly f64: number;
  readonly f32: number;
}

/** What the stochastic steps read: the codes; int8 ones (of packed codes the same ones, a byte each); or a float32 copy of the columns. */
export type PlaneKind = "codes" | "int8" | "float32";

/** Bytes of rows put side by side at a time: they stay in cache until they are quantised. */
const GATHERED = 1 << 16;

/** Multiply-adds that a value takes as long as to be gathered and decoded from two planes. */
const DECODE_PRICE = 2;
/** To be rounded, packed, unpacked and added to the moments of its column; and to be squared, with a division. */
const PACK_PRICE = 6;
const SQUARE_PRICE = 4;

/** Rows of bytes b (or of 16 bits in two planes, b = 256·high + low) with x = passOffset + passScale·b. */
export interface ByteMatrix {
  /** F32: the rows of the float32 twin (bench/twin), never made here. */
  readonly storage: ByteStorage | "F32";
  /** How to read rows of packed codes: `storage` and `columns` are then those of the int8 codes that come out. */
  readonly packed?: Omit<PackedRows, "codes" | "strideBytes">;
  readonly pointer: number;
  /** Distance in bytes to the low plane, 0 for plain bytes. */
  readonly low: number;
  readonly strideBytes: number;
  readonly rows: number;
  /** Columns the kernels walk, a multiple of 16; bytes beyond `cols` are met with zero weights. */
  readonly columns: number;
  /** Bound of |b| per plane. */
  readonly largest: number;
  /** cols f64 each. */
  readonly passScale: number;
  readonly passOffset: number;
}

/** What the Newton solvers work on: coordinates, the bytes of the Hessian products, and those of the exact passes where they are bytes too. */
export interface ByteView {
  readonly frame: Frame;
  readonly inner: ByteMatrix;
  /** Null: the exact copy is wider than 16 bits, its passes are float64. */
  readonly exact: ByteMatrix | null;
}

export function isPacked(bits: DataBits): bits is PackedBits {
  return bits < 8;
}

const EXACT_NAMES: Record<RawStorage | "Planes", ExactCopy> = {
  F64: "float64",
  F32: "float32",
  I16: "int16",
  U8: "uint8",
  I8: "int8",
  Planes: "rounded16",
};
/** How rows are to be kept. */
export interface DenseSettings {
  readonly bits: DataBits;
  readonly exact: "auto" | "rounded16";
  readonly isCentred: boolean;
  readonly levels: CodeLevels;
}

/** Rows in memory. */
interface BuiltRows {
  readonly statistics: Statistics;
  readonly stored: StoredCopy;
}

/** `values`, then `fill`, up to `length`: f64 in `scope`. */
export function columnVector(core: Core, scope: Scope, values: Float64Array, length: number, fill: number): number {
  const pointer = scope.alloc(length * 8, "column scales");
  const view = core.f64(pointer, length);
  view.fill(fill);
  view.set(values);
  return pointer;
}

/** The rows themselves as the exact copy. */
function keepRows(core: Core, scope: Scope, raw: RawRows): StoredCopy {
  const { cols } = raw;
  return {
    ...raw,
    low: 0,
    width: roundUp(cols, 4),
    passScale: columnVector(core, scope, new Float64Array(cols).fill(1), cols, 1),
    passOffset: columnVector(core, scope, new Float64Array(cols), cols, 0),
  };
}

/** Two int8 planes as the exact copy; the high one serves as the codes of problems with an intercept. */
function* roundRows(
  core: Core,
  scope: Scope,
  raw: RawRows,
  statistics: Statistics,
  isCentred: boolean,
): Work<StoredCopy> {
  const { rows, cols } = raw;
  const scales = yield* chooseScales(core, statistics, null, isCentred, 127);
  const strideBytes = strideFor(roundUp(cols + 1, 32));
  const high = yield* scope.allocWork(2 * strideBytes * rows, `the 16-bit copy of a ${rows} × ${cols} dataset`);
  const low = strideBytes * rows;
  const passScale = columnVector(
    core,
    scope,
    scales.scale.map((scale) => scale / 256),
    cols,
    1,
  );
  const passOffset = columnVector(core, scope, scales.offset, cols, 0);
  const inverse = columnVector(core, scope, scales.inverseScale, cols, 1);
  const kernel = core.kernels[`planes${raw.storage}`];
  yield* eachBlock(core, raw, (from, first, count) => {
    const to = high + first * strideBytes;
    kernel(from, raw.strideBytes, count, cols, passOffset, inverse, to, to + low, strideBytes, 127);
  });
  scope.free(raw.pointer);
  return {
    storage: "Planes",
    pointer: high,
    rows,
    cols,
    low,
    strideBytes,
    width: roundUp(cols, 4),
    passScale,
    passOffset,
  };
}

export class DenseRows implements RowSource {
  readonly rows: number;
  readonly cols: number;
  readonly bits: DataBits;
  readonly exact: ExactCopy;
  readonly isCentred: boolean;
  readonly core: Core;
  readonly weights: RowWeights;
  readonly stored: StoredCopy;
  readonly exactRows: ExactRows;
  readonly #memory: DatasetMemory;
  readonly #statistics: Statistics;
  readonly #levels: CodeLevels;
  readonly #planes = new Map<string, Plane>();
  readonly #frames = new Map<boolean, Frame>();
  readonly #unitFrames = new Map<boolean, Frame>();
  readonly #weaved = new Map<boolean, Weaved>();
  /** The random order, under `true`. */
  readonly #orders = new Map<true, Pick<Plane, "order" | "weights">>();

  private constructor(memory: DatasetMemory, weights: RowWeights, settings: DenseSettings, built: BuiltRows) {
    this.#memory = memory;
    this.core = memory.core;
    this.bits = settings.bits;
    this.isCentred = settings.isCentred;
    this.#levels = settings.levels;
    this.rows = built.stored.rows;
    this.cols = built.stored.cols;
    this.weights = weights;
    this.#statistics = built.statistics;
    this.stored = built.stored;
    this.exactRows = new StoredRows(this.core, built.stored);
    this.exact = EXACT_NAMES[built.stored.storage];
  }

  /** Takes checked rows into the dataset's memory. `convert`: what becomes of the loaded rows. */
  static *create(
    memory: DatasetMemory,
    matrix: CheckedMatrix,
    weights: RowWeights,
    settings: DenseSettings,
    convert: (scope: Scope, raw: RawRows) => RawRows,
  ): Work<DenseRows> {
    const { core, scope } = memory;
    const { exact, isCentred } = settings;
    const { raw: loaded, statistics } = yield* loadRows(core, scope, matrix, exact === "auto", weights.f64);
    const raw = convert(scope, loaded);
    const stored =
      exact === "auto" ? keepRows(core, scope, raw) : yield* roundRows(core, scope, raw, statistics, isCentred);
    return new DenseRows(memory, weights, settings, { statistics, stored });
  }

  #vector(scope: Scope, values: Float64Array, length: number, fill: number): number {
    return columnVector(this.core, scope, values, length, fill);
  }

  #storageOf(kind: PlaneKind): CodeStorage | PackedStorage {
    if (kind === "float32") return "F32";
    if (kind === "int8" || this.bits === 8) return "I8";
    return this.bits === 16 ? "I16" : `U${this.bits}`;
  }

  /** Whether the plane is part of the exact copy. */
  #isShared(storage: CodeStorage | PackedStorage, hasIntercept: boolean): boolean {
    return this.stored.storage === "Planes" && storage === "I8" && hasIntercept;
  }

  /** Bytes of its own that a plane takes, made or not: 0 where it is part of the exact copy. */
  planeBytes(kind: PlaneKind, hasIntercept: boolean): number {
    const storage = this.#storageOf(kind);
    if (this.#isShared(storage, hasIntercept)) return 0;
    const columns = this.cols + (hasIntercept ? 1 : 0);
    // the int8 plane of packed codes has their columns
    const isNarrow = isPacked(this.bits) && kind !== "float32";
    const padded = isNarrow ? packedColumns(this.bits as PackedBits, columns) : roundUp(columns, 32);
    return this.rows * strideFor(padded * BYTES[storage]);
  }

  /** Codes (or the float32 plane) in coordinates with or without an intercept, shuffled or not; made on first use, then kept. */
  *plane(kind: PlaneKind, hasIntercept: boolean, isShuffled = false): Work<Plane> {
    this.#memory.checkLive();
    const storage = this.#storageOf(kind);
    const key = `${storage} ${hasIntercept} ${isShuffled}`;
    return yield* this.#memory.once(this.#planes, key, (scope) =>
      this.#makePlane(scope, storage, hasIntercept, isShuffled),
    );
  }

  *#makePlane(
    scope: Scope,
    storage: CodeStorage | PackedStorage,
    hasIntercept: boolean,
    isShuffled: boolean,
  ): Work<Plane> {
    const { order, weights } = isShuffled ? yield* this.shuffled() : { order: 0, weights: this.weights };
    return { ...(yield* this.#quantise(scope, storage, hasIntercept, order)), order, weights };
  }

  /** The random order of the shuffled planes, and the weights in it. */
  *shuffled(): Work<Pick<Plane, "order" | "weights">> {
    return yield* this.#memory.once(this.#orders, true, (scope) => this.#shuffle(scope));
  }

  *#shuffle(scope: Scope): Work<Pick<Plane, "order" | "weights">> {
    const { core, rows, weights } = this;
    const order = yield* randomOrder(core, scope, rows);
    return {
      order,
      weights: {
        f64: yield* gatherRows(core, scope, weights.f64, 8, order, rows, "sample weights"),
        f32: yield* gatherRows(core, scope, weights.f32, 4, order, rows, "sample weights"),
      },
    };
  }

  /** Statistics of the values as they are stored: those of 16 bits are rounded, the ends of a column with them. */
  *#storedStatistics(): Work<Statistics> {
    const { low, high } = this.#statistics;
    const { storage, passScale, passOffset } = this.stored;
    if (storage !== "Planes") return this.#statistics;
    const { inverseScale } = yield* chooseScales(this.core, this.#statistics, null, this.isCentred, 127);
    const [scale, offset] = [this.core.f64(passScale, this.cols), this.core.f64(passOffset, this.cols)];
    const rounded = (x: number, j: number): number => {
      const code = Math.floor((x - (offset[j] as number)) * (256 * (inverseScale[j] as number)) + 0.5);
      return (offset[j] as number) + (scale[j] as number) * Math.max(-32512, Math.min(32512, code));
    };
    return { ...this.#statistics, low: low.map(rounded), high: high.map(rounded) };
  }

  /** Coordinates of unit planes: scale is the reach of a column, never clipped, so that every value is within ±1; made on first use, then kept. */
  *unitFrame(hasIntercept: boolean): Work<Frame> {
    return yield* this.#memory.once(this.#unitFrames, hasIntercept, (scope) =>
      this.#makeUnitFrame(scope, hasIntercept),
    );
  }

  *#makeUnitFrame(scope: Scope, hasIntercept: boolean): Work<Frame> {
    const { core, cols } = this;
    const statistics = yield* this.#storedStatistics();
    const { offset, reach } = yield* chooseScales(core, statistics, null, hasIntercept && this.isCentred, 1);
    const padded = roundUp(cols + (hasIntercept ? 1 : 0), 32);
    return {
      largest: 1,
      padded,
      intercept: hasIntercept ? 1 : 0,
      scale: this.#vector(scope, reach, padded, 1),
      offset: this.#vector(scope, offset, padded, 0),
    };
  }

  /** Unit values as float32 rows, in memory of `scope`: fround((x − offset)/reach), within ±1. */
  *unitPlane(scope: Scope, hasIntercept: boolean): Work<Plane> {
    this.#memory.checkLive();
    const { rows, weights } = this;
    const frame = yield* this.unitFrame(hasIntercept);
    const strideBytes = strideFor(frame.padded * BYTES.F32);
    const codes = yield* scope.allocWork(strideBytes * rows, `the float32 rows of a ${rows} × ${this.cols} dataset`);
    yield* this.#writeRows("F32", { ...frame, codes, strideBytes }, frame.scale, frame.intercept, 0);
    return { ...frame, storage: "F32", packed: null, codes, strideBytes, order: 0, weights, isUnit: true };
  }

  /** Smallest and largest unit value of all columns that are not constant; [0, 0] where all are. */
  *unitRange(hasIntercept: boolean): Work<readonly [number, number]> {
    const { low, high } = yield* this.#storedStatistics();
    const frame = yield* this.unitFrame(hasIntercept);
    const [scale, offset] = [this.core.f64(frame.scale, this.cols), this.core.f64(frame.offset, this.cols)];
    const empty = new Set(this.emptyColumns(hasIntercept));
    const range: [number, number] = [0, 0];
    let isFirst = true;
    for (let j = 0; j < this.cols; j++) {
      if (empty.has(j)) continue;
      const [bottom, top] = [low, high].map((end) =>
        Math.fround(((end[j] as number) - (offset[j] as number)) / (scale[j] as number)),
      ) as [number, number];
      range[0] = isFirst ? bottom : Math.min(range[0], bottom);
      range[1] = isFirst ? top : Math.max(range[1], top);
      isFirst = false;
    }
    return range;
  }

  /** The any-precision copy: one for all runs, made on first use, then kept. */
  *weaved(hasIntercept: boolean): Work<Weaved> {
    this.#memory.checkLive();
    return yield* this.#memory.once(this.#weaved, hasIntercept, (scope) => this.#weave(scope, hasIntercept));
  }

  *#weave(scope: Scope, hasIntercept: boolean): Work<Weaved> {
    const { core, rows } = this;
    const { padded } = yield* this.unitFrame(hasIntercept);
    const rowBytes = padded / 8;
    const planeBytes = roundUp(rowBytes * rows, 64);
    const pointer = yield* scope.allocWork(8 * planeBytes, `the bit-planes of a ${rows} × ${this.cols} dataset`);
    const scratch = new Scope(core);
    try {
      const plane = yield* this.unitPlane(scratch, hasIntercept);
      const codes = scratch.alloc(padded, "a row of codes");
      const block = { ...(this.stored as RawRows), pointer: plane.codes, strideBytes: plane.strideBytes };
      yield* eachBlock(core, block, (from, first, count) => {
        const to = pointer + first * rowBytes;
        core.kernels.weaveUnits(from, plane.strideBytes, count, padded, codes, to, rowBytes, planeBytes);
      });
    } finally {
      scratch.release();
    }
    return { pointer, rowBytes, planeBytes };
  }

  /** Columns whose codes are all 0, whatever the width of the codes: constant ones, which a centred offset takes along. */
  emptyColumns(hasIntercept: boolean): readonly number[] {
    const { low, high } = this.#statistics;
    const isCentred = hasIntercept && this.isCentred;
    const empty: number[] = [];
    for (let j = 0; j < this.cols; j++) if (low[j] === high[j] && (isCentred || low[j] === 0)) empty.push(j);
    return empty;
  }

  /**
   * Bytes for the Newton solvers. 8-bit data serve as they are, for Hessian products and exact passes alike: centring and column scales
   * are then algebra (assembly/solver/frame.ts). Other data get int8 codes; two planes of 16 bits are exact bytes too.
   */
  *byteView(hasIntercept: boolean): Work<ByteView> {
    this.#memory.checkLive();
    const { stored, rows, cols } = this;
    const columns = roundUp(cols, 16);
    if (!isPacked(this.bits) && (stored.storage === "I8" || stored.storage === "U8")) {
      const frame = yield* this.frame(hasIntercept);
      const { storage, pointer, strideBytes, passScale, passOffset } = stored;
      const largest = storage === "I8" ? 128 : 255;
      const bytes: ByteMatrix = {
        storage,
        pointer,
        low: 0,
        strideBytes,
        rows,
        columns,
        largest,
        passScale,
        passOffset,
      };
      return { frame, inner: bytes, exact: bytes };
    }
    const plane = yield* this.plane(isPacked(this.bits) ? "codes" : "int8", hasIntercept);
    const { packed, padded } = plane;
    const inner: ByteMatrix = {
      storage: "I8",
      ...(packed === null ? {} : { packed: { packed, padded } }),
      pointer: plane.codes,
      low: 0,
      strideBytes: plane.strideBytes,
      rows,
      columns,
      largest: 127,
      passScale: plane.scale,
      passOffset: plane.offset,
    };
    if (stored.storage !== "Planes") return { frame: plane, inner, exact: null };
    const { pointer, low, strideBytes, passScale, passOffset } = stored;
    const exact: ByteMatrix = { ...inner, pointer, low, strideBytes, largest: 128, passScale, passOffset };
    return { frame: plane, inner, exact };
  }

  /** A coordinate system without codes of its own; made on first use, then kept. */
  *frame(hasIntercept: boolean): Work<Frame> {
    return yield* this.#memory.once(this.#frames, hasIntercept, (scope) => this.#frame(scope, 127, hasIntercept));
  }

  /** Scales and offsets in linear memory for codes up to `integers`. */
  *#frame(scope: Scope, integers: number, hasIntercept: boolean): Work<Frame & { readonly inverseScale: number }> {
    const { core, cols, stored } = this;
    const raw = stored.storage === "Planes" ? null : (stored as RawRows);
    const scales = yield* chooseScales(core, this.#statistics, raw, hasIntercept && this.isCentred, integers);
    const padded = roundUp(cols + (hasIntercept ? 1 : 0), 32);
    const scale = this.#vector(scope, scales.scale, padded, 1);
    const offset = this.#vector(scope, scales.offset, padded, 0);
    const inverseScale = this.#vector(scope, scales.inverseScale, padded, 1);
    if (hasIntercept) core.f64(scale, padded)[cols] = 1 / integers;
    return { largest: integers, padded, intercept: hasIntercept ? integers : 0, scale, offset, inverseScale };
  }

  *#quantise(
    scope: Scope,
    storage: CodeStorage | PackedStorage,
    hasIntercept: boolean,
    order: number,
  ): Work<Omit<Plane, "order" | "weights">> {
    if (storage === "U4" || storage === "U2") return yield* this.#pack(scope, storage, hasIntercept, order);
    if (storage === "I8" && isPacked(this.bits)) return yield* this.#unpack(scope, hasIntercept, order !== 0);
    const { core, rows, cols, stored } = this;
    // the float32 plane has the scales of the dataset's codes
    const integers = storage === "I16" || (storage === "F32" && this.bits === 16) ? 32767 : 127;
    const frame = yield* this.#frame(scope, integers, hasIntercept);
    const { padded, scale, offset, inverseScale } = frame;
    const packed = null;
    if (this.#isShared(storage, hasIntercept)) {
      const { pointer, strideBytes } = stored;
      if (order === 0) return { ...frame, storage, packed, codes: pointer, strideBytes };
      const codes = yield* scope.allocWork(strideBytes * rows, `the codes of a ${rows} × ${cols} dataset`);
      yield* gatherTo(core, pointer, strideBytes, order, rows, codes);
      return { ...frame, storage, packed, codes, strideBytes };
    }
    const isReal = storage === "F32";
    const largest = isReal ? 1 : integers;
    if (isReal) {
      const units = core.f64(scale, padded);
      for (let j = 0; j < cols; j++) units[j] = (units[j] as number) * integers;
      if (hasIntercept) units[cols] = 1;
    }
    const strideBytes = strideFor(padded * BYTES[storage]);
    const codes = yield* scope.allocWork(strideBytes * rows, `the codes of a ${rows} × ${cols} dataset`);
    // the float32 plane divides by its scale; integer codes multiply by the inverse, which is exact for whole columns
    const factor = isReal ? scale : inverseScale;
    const intercept = hasIntercept ? largest : 0;
    yield* this.#writeRows(storage, { codes, strideBytes, offset }, factor, intercept, order);
    return { storage, packed, largest, codes, strideBytes, padded, intercept, scale, offset };
  }

  /** Quantises all rows, in their own order (0) or another (rows u32). factor: inverse scales for integers, scales for float32. */
  *#writeRows(
    storage: CodeStorage,
    { codes, strideBytes, offset }: Pick<Plane, "codes" | "strideBytes" | "offset">,
    factor: number,
    intercept: number,
    order: number,
  ): Work<void> {
    const { core, cols } = this;
    // what is written costs more than what is read
    const price = (1 + BYTES[storage]) / 2;
    yield* this.#eachRaw(order, price, ({ storage: source, pointer, strideBytes: bytes, rows: count }, first) => {
      const to = codes + first * strideBytes;
      const kernel = core.kernels[`quantize${source}${storage}`];
      kernel(pointer, bytes, count, cols, offset, factor, to, strideBytes, intercept);
    });
  }

  /** Packed codes: int8 ones in units of a column's root mean square, then the nearest level of the table. */
  *#pack(
    scope: Scope,
    storage: PackedStorage,
    hasIntercept: boolean,
    order: number,
  ): Work<Omit<Plane, "order" | "weights">> {
    const { core, rows, cols, stored } = this;
    const bits = this.bits as PackedBits;
    const columns = cols + (hasIntercept ? 1 : 0);
    const padded = packedColumns(bits, columns);
    const { offset, reach } = yield* chooseScales(core, this.#statistics, null, hasIntercept && this.isCentred, 127);
    const offsets = this.#vector(scope, offset, padded, 0);
    const squares = yield* this.#squares(offsets, reach);
    // columns that do not vary have any unit: their codes are masked
    const rms = reach.map((top, j) => (squares[j] ? top * Math.sqrt((squares[j] as number) / rows) : 1));
    const levels = this.#levels === "lloydMax" ? yield* this.#lloydMax(bits, offsets, rms, squares) : this.#levels;
    const chosen = levels === "uniform" ? uniformLevels(bits) : levels;
    const packed = writeTable(core, scope, bits, chosen, squares, hasIntercept);
    const intercept = hasIntercept ? interceptCode(packed) : 0;
    const strideBytes = strideFor((padded * bits) / 8);
    const codes = yield* scope.allocWork(strideBytes * rows, `the codes of a ${rows} × ${cols} dataset`);
    let lengths: Float64Array;
    const scratch = new Scope(core);
    try {
      const inverse = this.#vector(
        scratch,
        rms.map((unit) => CODES_PER_RMS / unit),
        padded,
        1,
      );
      const cuts = writeCuts(core, scratch, packed);
      const most = blockRows(stored.strideBytes);
      const wide = scratch.alloc(most * padded, "a block of rows");
      const found = scratch.alloc(most * padded, "a block of rows");
      const sums = scratch.alloc(2 * cols * 8, "column sums");
      yield* this.#eachRaw(
        order,
        PACK_PRICE,
        ({ storage: source, pointer, strideBytes: bytes, rows: count }, first) => {
          const to = codes + first * strideBytes;
          const { table, mask } = packed;
          core.kernels[`quantize${source}I8`](pointer, bytes, count, cols, offsets, inverse, wide, padded, intercept);
          core.kernels[`pack${storage}`](wide, padded, count, padded, cuts, packed.levels.length, to, strideBytes);
          core.kernels[`unpack${storage}`](to, strideBytes, count, padded, table, mask, found, padded);
          core.kernels.momentsI8(found, padded, count, cols, 0, 4, sums, sums + cols * 8);
        },
      );
      lengths = core.f64(sums, cols).slice();
    } finally {
      scratch.release();
    }
    const lost = rms.findIndex((_, j) => (squares[j] as number) > 0 && lengths[j] === 0);
    if (lost >= 0 && chosen === this.#levels) {
      throw new BitcenterError(
        "BAD_OPTION",
        `dataset: levels ${Array.from(chosen).join(", ")} leave nothing of column ${lost}: all its values are nearest to 0; they are in root mean squares of a column`,
      );
    }
    // codes keep each column's sum of squares: with less of it than the data have, steps would be too long
    const scale = rms.map((unit, j) =>
      squares[j] && lengths[j] ? (unit * Math.sqrt(rows)) / Math.sqrt(lengths[j] as number) : unit / CODES_PER_RMS,
    );
    const scales = this.#vector(scope, scale, padded, 1);
    if (hasIntercept) core.f64(scales, padded)[cols] = 1 / intercept;
    return { storage, packed, largest: 127, codes, strideBytes, padded, intercept, scale: scales, offset: offsets };
  }

  /** Σ ((x − offset)/reach)² per column. */
  *#squares(offsets: number, reach: Float64Array): Work<Float64Array> {
    const { core, cols } = this;
    const scratch = new Scope(core);
    try {
      const tops = this.#vector(scratch, reach, cols, 1);
      const sums = scratch.alloc(cols * 8, "column sums");
      yield* this.#eachRaw(0, SQUARE_PRICE, ({ storage, pointer, strideBytes, rows }) => {
        core.kernels[`squares${storage}`](pointer, strideBytes, rows, cols, offsets, tops, sums);
      });
      return core.f64(sums, cols).slice();
    } finally {
      scratch.release();
    }
  }

  /**
   * The levels of least square error for a sample of the rows, in root mean squares; masked columns, which no level stands for, are left out. Where they put every
   * value of a column on 0 (of few negative columns among many positive ones, say) steps would see no curvature along it: then uniform ones, which cannot.
   */
  *#lloydMax(bits: PackedBits, offsets: number, rms: Float64Array, squares: Float64Array): Work<ArrayLike<number>> {
    const { core, rows, cols } = this;
    const stored = this.stored as RawRows;
    const live = Array.from({ length: cols }, (_, j) => j).filter((j) => (squares[j] as number) > 0);
    if (live.length === 0) return [0, 1];
    const scratch = new Scope(core);
    try {
      const { index, count } = yield* sampleRows(core, scratch, rows, cols);
      const inverse = this.#vector(
        scratch,
        rms.map((unit) => CODES_PER_RMS / unit),
        cols,
        1,
      );
      const none = this.#vector(scratch, new Float64Array(cols), cols, 0);
      const ones = this.#vector(scratch, new Float64Array(cols).fill(CODES_PER_RMS), cols, 0);
      // as int8 codes first: a level beyond them could not be kept
      const codes = scratch.alloc(count * cols + 16, "a sample of values");
      const values = scratch.alloc(count * cols * 4 + 16, "a sample of values");
      yield* this.#gatherBlocks(
        { ...stored, rows: count },
        index,
        1,
        ({ storage, pointer, strideBytes, rows: some }, first) => {
          const to = codes + first * cols;
          core.kernels[`quantize${storage}I8`](pointer, strideBytes, some, cols, offsets, inverse, to, cols, 0);
        },
      );
      yield* eachPart(core, count, cols, 1, (first, some) => {
        const [from, to] = [codes + first * cols, values + first * cols * 4];
        core.kernels.quantizeI8F32(from, cols, some, cols, none, ones, to, cols * 4, 0);
      });
      const found = count * live.length;
      const wide = scratch.alloc(found * 8, "a sample of values");
      yield* toFloat64(core, yield* takeColumns(core, scratch, values, count, cols, live), wide, found);
      const fitted = yield* storageLevelsOf(core, wide, found, 2 ** bits);
      // one value alone has no second level to be found
      const whole = fitted.length === 1 ? [0, 1] : fitted;
      const levels = bits === 4 ? withZero(whole, 16) : whole;
      const [offset, { low, high }] = [core.f64(offsets, cols), this.#statistics];
      const ends = live.map((j): [number, number] => {
        const codeOf = (x: number): number =>
          Math.floor((x - (offset[j] as number)) * (CODES_PER_RMS / (rms[j] as number)) + 0.5);
        return [codeOf(low[j] as number), codeOf(high[j] as number)];
      });
      return losesColumn(levels, ends) ? uniformLevels(bits) : levels;
    } finally {
      scratch.release();
    }
  }

  /** Packed codes as the int8 codes they stand for. */
  *#unpack(scope: Scope, hasIntercept: boolean, isShuffled: boolean): Work<Omit<Plane, "order" | "weights">> {
    const { core, rows, cols } = this;
    const plane = yield* this.plane("codes", hasIntercept, isShuffled);
    const strideBytes = strideFor(plane.padded);
    const codes = yield* scope.allocWork(strideBytes * rows, `the codes of a ${rows} × ${cols} dataset`);
    yield* eachUnpacked(core, plane as PackedRows, rows, (pointer, bytes, first, count) => {
      core.kernels.spread(pointer, bytes, count, codes + first * strideBytes, strideBytes);
    });
    return { ...plane, storage: "I8", packed: null, codes, strideBytes };
  }

  /**
   * Visits the stored rows in their own order (0) or another (rows u32), a block in cache at a time; `visit` gets the first one's place.
   * price: multiply-adds that a value takes as long as.
   */
  *#eachRaw(order: number, price: number, visit: (block: RawRows, first: number) => void): Work<void> {
    const { core, stored } = this;
    const blocks = (source: RawRows, firstRow: number): Work<void> =>
      eachBlock(
        core,
        source,
        (pointer, first, rows) => visit({ ...source, pointer, rows }, firstRow + first),
        Math.max(1, price / BYTES[source.storage]),
      );
    if (stored.storage === "Planes") yield* this.#decodeBlocks(order, blocks);
    else if (order === 0) yield* blocks(stored as RawRows, 0);
    else yield* this.#gatherBlocks(stored as RawRows, order, price, visit);
  }

  /** Walks the rows in another order, a block at a time. order: rows u32; price: as for #eachRaw. */
  *#gatherBlocks(
    source: RawRows,
    order: number,
    price: number,
    visit: (block: RawRows, firstRow: number) => void,
  ): Work<void> {
    const { core } = this;
    const { strideBytes, rows } = source;
    const most = Math.max(1, Math.floor(GATHERED / strideBytes));
    const scratch = new Scope(core);
    try {
      const pointer = scratch.alloc(strideBytes * Math.min(most, rows), "a block of rows");
      for (let first = 0; first < rows; first += most) {
        const count = Math.min(most, rows - first);
        if (core.isDue((1 + Math.max(1, price / BYTES[source.storage])) * count * strideBytes)) yield;
        core.kernels.gather(source.pointer, strideBytes, order + 4 * first, count, strideBytes, pointer, strideBytes);
        visit({ ...source, pointer, rows: count }, first);
      }
    } finally {
      scratch.release();
    }
  }

  /** Walks the two planes as float64 rows, a block at a time, in their own order (0) or another (rows u32). */
  *#decodeBlocks(order: number, visit: (block: RawRows, firstRow: number) => Work<void>): Work<void> {
    const { core, rows, cols, stored } = this;
    const { kernels } = core;
    const strideBytes = rawStride("F64", cols);
    const most = Math.min(rows, Math.max(1, Math.floor((1 << 20) / strideBytes)));
    const planeBytes = most * stored.strideBytes;
    const scratch = new Scope(core);
    try {
      const pointer = scratch.alloc(strideBytes * most, "a block of decoded rows");
      const gathered = order === 0 ? 0 : scratch.alloc(2 * planeBytes, "a block of rows");
      for (let first = 0; first < rows; first += most) {
        const count = Math.min(most, rows - first);
        if (core.isDue(DECODE_PRICE * count * cols)) yield;
        let high = stored.pointer + first * stored.strideBytes;
        let low = high + stored.low;
        if (order !== 0) {
          const { strideBytes: bytes } = stored;
          const index = order + 4 * first;
          kernels.gather(stored.pointer, bytes, index, count, bytes, gathered, bytes);
          kernels.gather(stored.pointer + stored.low, bytes, index, count, bytes, gathered + planeBytes, bytes);
          high = gathered;
          low = gathered + planeBytes;
        }
        const { passScale, passOffset } = stored;
        kernels.decodePlanes(high, low, stored.strideBytes, count, cols, passScale, passOffset, pointer, strideBytes);
        yield* visit({ storage: "F64", pointer, strideBytes, rows: count, cols }, first);
      }
    } finally {
      scratch.release();
    }
  }
}

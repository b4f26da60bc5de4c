/// <reference lib="esnext.disposable" preserve="true" />
// Dataset: rows with their labels and weights in linear memory, dense (dense-rows.ts) or sparse (sparse-source.ts).
import { type Core, Scope } from "../engine/core.js";
import type { SparseStorage } from "../engine/kernels.js";
import { eachPart, type Work } from "../engine/work.js";
import { BitcenterError } from "../errors.js";
import { checkNames, oneOf } from "../options.js";
import { DatasetMemory } from "./dataset-memory.js";
import {
  type ByteView,
  type DataBits,
  DenseRows,
  type DenseSettings,
  isPacked,
  type Plane,
  type PlaneKind,
  type RowWeights,
  type Weaved,
} from "./dense-rows.js";
import type { ExactRows, StoredCopy } from "./exact-rows.js";
import type { ExactCopy, Frame } from "./frame.js";
import {
  type CheckedSparse,
  checkMatrix,
  checkSparse,
  checkVector,
  denseFrom,
  isSparse,
  type MatrixInput,
  MOST_COLUMNS,
  sparseFrom,
} from "./matrix.js";
import { type CodeLevels, checkLevels } from "./packed.js";
import type { RawRows } from "./raw-rows.js";
import type { RowSource } from "./row-source.js";
import { loadSparse, SPARSE_BYTES } from "./sparse-rows.js";
import { SparseSource } from "./sparse-source.js";

export type {
  ByteMatrix,
  ByteView,
  DataBits,
  Plane,
  PlaneKind,
  RowWeights,
  Weaved,
} from "./dense-rows.js";
export type { StoredCopy } from "./exact-rows.js";
export type { ExactCopy, Frame } from "./frame.js";

export interface DatasetOptions {
  /** Bits of a data code: 8 (±127, default), 16 (±32767), or 4 or 2: packed, a half or a quarter of a byte per value, and the same optimum in more steps. Sparse rows have 8. */
  readonly bits?: DataBits;
  /** bits 4 and 2: the 2^bits levels that codes stand for, one table for all columns, in root mean squares of a column around its mean (or around 0 where columns are
   *  not centred). "lloydMax" (default): those of least square error on a sample of the data; "uniform": evenly spaced; or 2 to 2^bits ascending numbers.
   *  They decide how fast solvers come to the optimum, not where it is. */
  readonly levels?: CodeLevels;
  /** The exact copy that objective and gradient are computed from. "auto": the narrowest form without any loss. "rounded16": 16 bits a
   *  value, per column, sharing memory with the codes (2 bytes a value in all; needs bits 8 and dense rows). */
  readonly exact?: "auto" | "rounded16";
  /** Subtract the column means where an intercept is fitted (default true): an exact change of coordinates. Sparse rows are never centred: their zeros stay zeros. */
  readonly center?: boolean;
  /** How rows are kept. "auto" (default): dense input dense; sparse input sparse, unless so much of it is filled that dense rows are faster and not much larger. */
  readonly storage?: "auto" | "dense" | "sparse";
  /** One weight ≥ 0 per row, not all zero. Only their ratios matter. */
  readonly sampleWeight?: ArrayLike<number>;
}

interface CheckedDataset extends DenseSettings {
  readonly storage: "auto" | "dense" | "sparse";
}

function checkOptions(where: string, options: DatasetOptions): CheckedDataset {
  checkNames(where, options, ["bits", "levels", "exact", "center", "storage", "sampleWeight"]);
  const bits = oneOf(where, "bits", options.bits, [2, 4, 8, 16] as const, 8);
  const exact = oneOf(where, "exact", options.exact, ["auto", "rounded16"] as const, "auto");
  const isCentred = oneOf(where, "center", options.center, [true, false] as const, true);
  const storage = oneOf(where, "storage", options.storage, ["auto", "dense", "sparse"] as const, "auto");
  if (exact === "rounded16" && bits !== 8) {
    throw new BitcenterError("BAD_OPTION", 'dataset: exact: "rounded16" shares memory with 8-bit codes: use bits: 8');
  }
  if (options.levels !== undefined && !isPacked(bits)) {
    throw new BitcenterError("BAD_OPTION", `dataset: levels belong to bits: 4 or 2, given bits: ${bits}`);
  }
  const levels = isPacked(bits)
    ? checkLevels(where, bits, options.levels === undefined ? "lloydMax" : options.levels)
    : "uniform";
  return { bits, exact, isCentred, levels, storage };
}

/** What sparse rows cannot be. */
function checkSparseOptions(where: string, { bits, exact }: CheckedDataset): void {
  const given = bits !== 8 ? `bits: ${bits}` : exact !== "auto" ? `exact: "${exact}"` : null;
  if (given === null) return;
  throw new BitcenterError(
    "UNSUPPORTED",
    `${where}: sparse rows are kept with bits: 8 and exact: "auto", given ${given}; use storage: "dense"`,
  );
}

/** Sample weights, checked and scaled so that they sum to the number of rows. */
function* checkWeights(input: ArrayLike<number>, rows: number): Work<Float64Array> {
  const weights = yield* checkVector("dataset", "sampleWeight", input, rows);
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

/** Multiply-adds that copying a weight to both of its places takes as long as. */
const WEIGHT_PRICE = 8;

function* writeWeights(core: Core, scope: Scope, weights: Float64Array | null): Work<RowWeights> {
  if (weights === null) return { f64: 0, f32: 0 };
  const f64 = yield* scope.allocWork(weights.length * 8, "sample weights");
  const f32 = yield* scope.allocWork(weights.length * 4, "sample weights");
  yield* eachPart(core, weights.length, WEIGHT_PRICE, 1, (first, count) => {
    core.f64(f64 + 8 * first, count).set(weights.subarray(first, first + count));
    core.kernels.toFloat32(f64 + 8 * first, f32 + 4 * first, count);
  });
  return { f64, f32 };
}

/** Part of the values that are stored, from which dense rows may be faster, and times the bytes that they may take then: docs/decisions/0017. */
const DENSE_SHARE = 0.2;
const DENSE_BYTES = 2;
/** Bytes per value of dense rows that hold what sparse ones hold, codes included. */
const DENSE_VALUE: Record<SparseStorage, number> = { I8: 1, U8: 1, I16: 3, F32: 5, F64: 9, T8: 9, T16: 9 };

/** Whether rows that are given sparse are better kept dense. */
function* isBetterDense(core: Core, matrix: CheckedSparse): Work<boolean> {
  const { rows, cols, data } = matrix;
  const entries = data.length;
  if (cols > MOST_COLUMNS || entries < DENSE_SHARE * rows * cols) return false;
  const scratch = new Scope(core);
  try {
    const { storage } = (yield* loadSparse(core, scratch, matrix)).csr;
    const codes = SPARSE_BYTES[storage] === 1 ? 0 : 1;
    const sparseBytes = entries * (4 + SPARSE_BYTES[storage] + codes) + 4 * rows;
    return DENSE_VALUE[storage] * rows * cols <= DENSE_BYTES * sparseBytes;
  } finally {
    scratch.release();
  }
}

/** What a dataset is made of. */
interface BuiltDataset {
  readonly memory: DatasetMemory;
  readonly labels: Float64Array | null;
  readonly weights: RowWeights;
  readonly rows: DenseRows | SparseSource;
}

function* build(
  core: Core,
  scope: Scope,
  input: MatrixInput,
  givenLabels: ArrayLike<number> | null,
  givenWeights: ArrayLike<number> | undefined,
  settings: CheckedDataset,
  convert: (scope: Scope, raw: RawRows) => RawRows,
): Work<BuiltDataset> {
  const where = "dataset";
  const { storage } = settings;
  const sparse = isSparse(input) ? checkSparse(where, input) : null;
  const matrix = sparse ?? (yield* checkMatrix(where, input));
  const isKeptSparse =
    storage === "sparse" || (sparse !== null && storage === "auto" && !(yield* isBetterDense(core, sparse)));
  if (isKeptSparse) checkSparseOptions(where, settings);
  const labels = givenLabels === null ? null : yield* checkVector(where, "labels", givenLabels, matrix.rows);
  const values = givenWeights === undefined ? null : yield* checkWeights(givenWeights, matrix.rows);
  const weights = yield* writeWeights(core, scope, values);
  const memory = new DatasetMemory(core, scope);
  const rows = isKeptSparse
    ? yield* SparseSource.create(memory, sparse ?? sparseFrom(matrix))
    : yield* DenseRows.create(memory, sparse === null ? matrix : denseFrom(where, sparse), weights, settings, convert);
  return { memory, labels, weights, rows };
}

export class Dataset {
  readonly rows: number;
  readonly cols: number;
  readonly bits: DataBits;
  /** Storage of the exact copy. */
  readonly exact: ExactCopy;
  /** Whether columns are centred where an intercept is fitted. */
  readonly isCentred: boolean;
  /** How the rows are kept. */
  readonly storage: "dense" | "sparse";
  /** @internal */
  readonly core: Core;
  /** Labels as given: rows, or null for rows that are only predicted. @internal */
  readonly labels: Float64Array | null;
  /** ωᵢ = n·weightᵢ/Σ weight: rows f64 and rows f32 in linear memory, or 0 without weights. @internal */
  readonly weights: RowWeights;
  readonly #memory: DatasetMemory;
  readonly #source: RowSource;
  readonly #dense: DenseRows | null;
  readonly #sparse: SparseSource | null;

  private constructor(bits: DataBits, { memory, labels, weights, rows }: BuiltDataset) {
    this.core = memory.core;
    this.bits = bits;
    this.rows = rows.rows;
    this.cols = rows.cols;
    this.exact = rows.exact;
    this.isCentred = rows.isCentred;
    this.labels = labels;
    this.weights = weights;
    this.#memory = memory;
    this.#source = rows;
    this.#dense = rows instanceof DenseRows ? rows : null;
    this.#sparse = rows instanceof SparseSource ? rows : null;
    this.storage = this.#sparse === null ? "dense" : "sparse";
  }

  /** @internal Use engine.dataset. `convert`: what becomes of the loaded rows, for the float32 twin of the benchmark. */
  static *create(
    core: Core,
    input: MatrixInput,
    labels: ArrayLike<number> | null,
    options: DatasetOptions = {},
    convert: (scope: Scope, raw: RawRows) => RawRows = (_scope, raw) => raw,
  ): Work<Dataset> {
    const checked = checkOptions("dataset", options);
    const built = yield* Scope.guardWork(core, (scope) =>
      build(core, scope, input, labels, options.sampleWeight, checked, convert),
    );
    return new Dataset(checked.bits, built);
  }

  /** Bytes of linear memory: exact copy, codes made so far, weights. */
  get bytes(): number {
    return this.#memory.bytes;
  }

  /** Frees the memory. Problems on this dataset can no longer be used. */
  dispose(): void {
    this.#memory.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal */
  checkLive(): void {
    this.#memory.checkLive();
  }

  /** Passes over the exact copy. @internal */
  get exactRows(): ExactRows {
    return this.#source.exactRows;
  }

  /** A coordinate system without codes of its own; made on first use, then kept. @internal */
  frame(hasIntercept: boolean): Work<Frame> {
    return this.#source.frame(hasIntercept);
  }

  /** Columns whose codes are all 0, whatever the width of the codes: constant ones, which a centred offset takes along. @internal */
  emptyColumns(hasIntercept: boolean): readonly number[] {
    return this.#source.emptyColumns(hasIntercept);
  }

  /** The rows, sparse; null where they are dense. @internal */
  get sparse(): SparseSource | null {
    return this.#sparse;
  }

  /** The rows, dense. @internal */
  dense(where: string): DenseRows {
    this.checkLive();
    if (this.#dense !== null) return this.#dense;
    throw new BitcenterError(
      "UNSUPPORTED",
      `${where} works on dense rows, and this dataset's are sparse: use another solver, or make the dataset with storage: "dense"`,
    );
  }

  // What only dense rows have: dense-rows.ts.

  /** @internal */
  get stored(): StoredCopy {
    return this.dense("this solver").stored;
  }

  /** @internal */
  planeBytes(kind: PlaneKind, hasIntercept: boolean): number {
    return this.dense("this solver").planeBytes(kind, hasIntercept);
  }

  /** @internal */
  plane(kind: PlaneKind, hasIntercept: boolean, isShuffled = false): Work<Plane> {
    return this.dense("this solver").plane(kind, hasIntercept, isShuffled);
  }

  /** @internal */
  shuffled(): Work<Pick<Plane, "order" | "weights">> {
    return this.dense("this solver").shuffled();
  }

  /** @internal */
  unitFrame(hasIntercept: boolean): Work<Frame> {
    return this.dense("this solver").unitFrame(hasIntercept);
  }

  /** @internal */
  unitPlane(scope: Scope, hasIntercept: boolean): Work<Plane> {
    return this.dense("this solver").unitPlane(scope, hasIntercept);
  }

  /** @internal */
  unitRange(hasIntercept: boolean): Work<readonly [number, number]> {
    return this.dense("this solver").unitRange(hasIntercept);
  }

  /** @internal */
  weaved(hasIntercept: boolean): Work<Weaved> {
    return this.dense("this solver").weaved(hasIntercept);
  }

  /** @internal */
  byteView(hasIntercept: boolean): Work<ByteView> {
    return this.dense("this solver").byteView(hasIntercept);
  }
}

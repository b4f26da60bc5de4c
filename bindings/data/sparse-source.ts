// Sparse rows of a dataset: coordinates without centring, so that zeros stay zeros; int8 codes where the exact copy is wider.
import type { Core } from "../engine/core.js";
import { Scope } from "../engine/core.js";
import type { SparseByteStorage } from "../engine/kernels.js";
import type { Work } from "../engine/work.js";
import type { DatasetMemory } from "./dataset-memory.js";
import { columnVector } from "./dense-rows.js";
import type { ExactRows } from "./exact-rows.js";
import type { ExactCopy, Frame } from "./frame.js";
import type { CheckedSparse } from "./matrix.js";
import { roundUp, type Statistics } from "./raw-rows.js";
import type { RowSource } from "./row-source.js";
import { chooseScales } from "./scales.js";
import {
  gatherSparse,
  loadSparse,
  quantizeSparse,
  SPARSE_BYTES,
  SparsePasses,
  type SparseRows,
  sparseCodes,
} from "./sparse-rows.js";

/** Sparse rows with one byte a value, x = passOffset + passScale·b. */
export interface SparseBytes {
  readonly csr: SparseRows & { readonly storage: SparseByteStorage };
  readonly rows: number;
  /** Columns of the vectors over bytes. */
  readonly columns: number;
  /** cols f64 each; the offset is 0. */
  readonly passScale: number;
  readonly passOffset: number;
}

/** What the stochastic steps read: codes of the entries, all columns of about one reach. Pointers are byte offsets. */
export interface SparsePlane extends Frame {
  readonly starts: number;
  readonly indices: number;
  /** entries i8. */
  readonly codes: number;
  readonly entries: number;
  /** Entries of the longest row. */
  readonly longest: number;
}

/** What the Newton solvers work on. */
export interface SparseView {
  readonly frame: Frame;
  readonly inner: SparseBytes;
  /** The same, or null: the exact copy is wider than a byte. */
  readonly exact: SparseBytes | null;
}

/** Largest code. */
const LARGEST = 127;

const EXACT_NAMES: Record<SparseRows["storage"], ExactCopy> = {
  F64: "float64",
  F32: "float32",
  I16: "int16",
  U8: "uint8",
  I8: "int8",
  T16: "table16",
  T8: "table8",
};

/** Column vectors in linear memory: padded f64 each. Of columns the whole world is 1 and 0, but for the scales of codes. */
interface Columns {
  readonly padded: number;
  /** 1 for every column, the intercept's scale at `cols`. */
  readonly ones: number;
  readonly zeros: number;
}

/** Codes of the stochastic steps, with or without an intercept. */
interface Stretched {
  readonly scale: number;
  readonly codes: number;
  readonly largest: number;
  readonly longest: number;
}

export class SparseSource implements RowSource {
  readonly rows: number;
  readonly cols: number;
  readonly exact: ExactCopy;
  readonly isCentred = false;
  readonly csr: SparseRows;
  readonly exactRows: ExactRows;
  readonly #memory: DatasetMemory;
  readonly #statistics: Statistics;
  readonly #columns: Columns;
  readonly #scales = new Map<true, { readonly scale: number; readonly codes: number }>();
  readonly #planes = new Map<true, Stretched>();

  private constructor(memory: DatasetMemory, csr: SparseRows, statistics: Statistics, columns: Columns) {
    this.#memory = memory;
    this.#statistics = statistics;
    this.#columns = columns;
    this.csr = csr;
    this.rows = csr.rows;
    this.cols = csr.cols;
    this.exact = EXACT_NAMES[csr.storage];
    this.exactRows = new ExactSparse(memory.core, csr, columns);
  }

  /** Takes checked rows into the dataset's memory. */
  static *create(memory: DatasetMemory, matrix: CheckedSparse): Work<SparseSource> {
    const { core, scope } = memory;
    const { csr, statistics } = yield* loadSparse(core, scope, matrix);
    const { cols } = csr;
    const padded = roundUp(cols + 1, 32);
    const ones = columnVector(core, scope, new Float64Array(0), padded, 1);
    core.f64(ones, padded)[cols] = 1 / LARGEST;
    const zeros = columnVector(core, scope, new Float64Array(0), padded, 0);
    return new SparseSource(memory, csr, statistics, { padded, ones, zeros });
  }

  /** Columns without a value other than 0. */
  emptyColumns(): readonly number[] {
    const { low, high } = this.#statistics;
    return Array.from({ length: this.cols }, (_, j) => j).filter((j) => low[j] === 0 && high[j] === 0);
  }

  *frame(hasIntercept: boolean): Work<Frame> {
    const { scale } = yield* this.#coded();
    const { padded, zeros } = this.#columns;
    return { largest: LARGEST, padded, intercept: hasIntercept ? LARGEST : 0, scale, offset: zeros };
  }

  /** int8 codes of the entries, of `frame`: made on first use, then kept; the values themselves where they are int8. */
  *codes(): Work<number> {
    return (yield* this.#coded()).codes;
  }

  /** Bytes for the Newton solvers: the values themselves where one byte holds them, else codes. */
  *view(hasIntercept: boolean): Work<SparseView> {
    this.#memory.checkLive();
    const { csr, rows, cols } = this;
    const { ones, zeros } = this.#columns;
    const frame = yield* this.frame(hasIntercept);
    const common = { rows, columns: cols, passOffset: zeros };
    if (SPARSE_BYTES[csr.storage] === 1) {
      const own: SparseBytes = { ...common, csr: csr as SparseBytes["csr"], passScale: ones };
      return { frame, inner: own, exact: own };
    }
    const codes = { ...csr, storage: "I8" as const, values: yield* this.codes(), table: 0 };
    return { frame, inner: { ...common, csr: codes, passScale: frame.scale }, exact: null };
  }

  /**
   * Codes for steps of one size in all columns. Where int8 values are their own codes but their columns reach differently far (by twice or more), the columns are multiplied by whole
   * numbers, as dense ones are (docs/numerics.md §2.4); else the largest reach is the largest code.
   */
  *plane(hasIntercept: boolean): Work<SparsePlane> {
    const { starts, indices, entries } = this.csr;
    const { padded, zeros } = this.#columns;
    const { largest, scale, codes, longest } = yield* this.#memory.once(this.#planes, true, (scope) =>
      this.#stretch(scope),
    );
    const intercept = hasIntercept ? largest : 0;
    return { largest, padded, intercept, scale, offset: zeros, starts, indices, codes, entries, longest };
  }

  *#stretch(scope: Scope): Work<Stretched> {
    const { csr, cols, rows } = this;
    const { core } = this.#memory;
    const { padded } = this.#columns;
    const longest = core.kernels.longestRow(csr.starts, rows);
    if (csr.storage !== "I8") return { ...(yield* this.#coded()), largest: LARGEST, longest };
    const { low, high } = this.#statistics;
    const reaches = Array.from({ length: cols }, (_, j) => Math.max(high[j] as number, -(low[j] as number)));
    const most = reaches.reduce((a, b) => Math.max(a, b), 0);
    const least = reaches.reduce((a, b) => (b > 0 ? Math.min(a, b) : a), most);
    if (2 * least > most || most === 0) {
      const largest = most === 0 ? LARGEST : most;
      const scale = columnVector(core, scope, new Float64Array(0), padded, 1);
      core.f64(scale, padded)[cols] = 1 / largest;
      return { scale, codes: csr.values, largest, longest };
    }
    return { ...(yield* this.#quantize(scope, quantizeSparse)), largest: LARGEST, longest };
  }

  #coded(): Work<{ readonly scale: number; readonly codes: number }> {
    return this.#memory.once(this.#scales, true, (scope) => this.#encode(scope));
  }

  *#encode(scope: Scope): Work<{ readonly scale: number; readonly codes: number }> {
    const { csr } = this;
    if (csr.storage === "I8") return { scale: this.#columns.ones, codes: csr.values };
    return yield* this.#quantize(scope, sparseCodes);
  }

  *#quantize(scope: Scope, quantize: typeof sparseCodes): Work<{ readonly scale: number; readonly codes: number }> {
    const { csr, cols } = this;
    const { core } = this.#memory;
    const { padded } = this.#columns;
    const scales = yield* chooseScales(core, this.#statistics, null, false, LARGEST);
    const scale = columnVector(core, scope, scales.scale, padded, 1);
    core.f64(scale, padded)[cols] = 1 / LARGEST;
    const scratch = new Scope(core);
    try {
      const inverse = columnVector(core, scratch, scales.inverseScale, cols, 1);
      return { scale, codes: yield* quantize(core, scope, csr, inverse) };
    } finally {
      scratch.release();
    }
  }
}

/** Passes over the exact copy of sparse rows. */
class ExactSparse implements ExactRows {
  readonly width: number;
  readonly passScale: number;
  readonly passOffset: number;
  readonly #core: Core;
  readonly #csr: SparseRows;

  constructor(core: Core, csr: SparseRows, { ones, zeros }: Columns) {
    this.#core = core;
    this.#csr = csr;
    this.width = csr.cols;
    this.passScale = ones;
    this.passOffset = zeros;
  }

  *margins(w: number, bias: number, outputs: number, margins: number): Work<void> {
    const scratch = new Scope(this.#core);
    try {
      yield* new SparsePasses(this.#core, scratch, this.#csr, outputs).margins(w, bias, margins);
    } finally {
      scratch.release();
    }
  }

  *gradient(derivatives: number, outputs: number, sums: number): Work<void> {
    const scratch = new Scope(this.#core);
    try {
      yield* new SparsePasses(this.#core, scratch, this.#csr, outputs).gradient(derivatives, sums);
    } finally {
      scratch.release();
    }
  }

  /** A gradient of one row with derivative 1 is the row. */
  decode(row: number, one: number, x: number): void {
    const { storage, starts, indices, values, table } = this.#csr;
    this.#core.kernels[`sparseGradient${storage}`](starts + 4 * row, indices, values, table, 1, one, 1, x, 1);
  }

  part(first: number, rows: number): ExactSparse {
    const { starts, entries } = this.#csr;
    // as many entries as rows of the usual length have: pauses alone depend on it
    const share = (entries / this.#csr.rows) * rows;
    return this.#with({ ...this.#csr, starts: starts + 4 * first, rows, entries: share });
  }

  *gather(scope: Scope, index: number, rows: number): Work<ExactSparse> {
    return this.#with(yield* gatherSparse(this.#core, scope, this.#csr, index, rows));
  }

  #with(csr: SparseRows): ExactSparse {
    const { passScale, passOffset } = this;
    return new ExactSparse(this.#core, csr, { padded: 0, ones: passScale, zeros: passOffset });
  }
}

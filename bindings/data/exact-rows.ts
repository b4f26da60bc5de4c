// Passes over the exact copy, whatever it is stored as: x = passOffset + passScale·stored.
import type { Core, Scope } from "../engine/core.js";
import type { RawStorage } from "../engine/kernels.js";
import { eachPart, type Work } from "../engine/work.js";
import { gatherRows } from "./raw-rows.js";

/** The exact copy in linear memory: x = passOffset + passScale·stored. */
export interface StoredCopy {
  readonly storage: RawStorage | "Planes";
  readonly pointer: number;
  readonly rows: number;
  readonly cols: number;
  /** Distance in bytes from a high to its low plane (Planes only). */
  readonly low: number;
  readonly strideBytes: number;
  /** Columns with padding, a multiple of 4. */
  readonly width: number;
  /** cols f64 each. */
  readonly passScale: number;
  readonly passOffset: number;
}

/** Rows that a gradient pass takes at a time. */
const GRADIENT_ROWS = 32;

export interface ExactRows {
  /** Columns of its vectors, with padding. */
  readonly width: number;
  /** cols f64 each. */
  readonly passScale: number;
  readonly passOffset: number;
  /** margins ← stored·wᵀ + bias: rows × outputs f64; w: outputs × width f64, padding 0, bias: outputs f64. */
  margins(w: number, bias: number, outputs: number, margins: number): Work<void>;
  /** sums += derivativesᵀ·stored: outputs × width f64; derivatives: rows × outputs f64. */
  gradient(derivatives: number, outputs: number, sums: number): Work<void>;
  /** x += one row: width f64. one: pointer to the number 1. */
  decode(row: number, one: number, x: number): void;
  /** `rows` rows from `first` on, where they are. */
  part(first: number, rows: number): ExactRows;
  /** Some rows side by side, in `scope`. index: numbers of the rows, u32. */
  gather(scope: Scope, index: number, rows: number): Work<ExactRows>;
}

/** Dense rows. */
export class StoredRows implements ExactRows {
  readonly #core: Core;
  readonly #stored: StoredCopy;

  constructor(core: Core, stored: StoredCopy) {
    this.#core = core;
    this.#stored = stored;
  }

  get width(): number {
    return this.#stored.width;
  }

  get passScale(): number {
    return this.#stored.passScale;
  }

  get passOffset(): number {
    return this.#stored.passOffset;
  }

  margins(w: number, bias: number, outputs: number, margins: number): Work<void> {
    const { storage, pointer, low, strideBytes, rows, width } = this.#stored;
    const pass = this.#core.kernels[`margins${storage}`];
    return eachPart(this.#core, rows, width * outputs, outputs === 1 ? 4 : 1, (first, count) => {
      const to = margins + first * outputs * 8;
      pass(pointer + first * strideBytes, low, strideBytes, count, width, w, bias, outputs, to);
    });
  }

  gradient(derivatives: number, outputs: number, sums: number): Work<void> {
    const { storage, pointer, low, strideBytes, rows, width } = this.#stored;
    const pass = this.#core.kernels[`gradient${storage}`];
    return eachPart(this.#core, rows, width * outputs, GRADIENT_ROWS, (first, count) => {
      const c = derivatives + first * outputs * 8;
      pass(pointer + first * strideBytes, low, strideBytes, count, width, c, outputs, sums);
    });
  }

  /** A gradient of one row with derivative 1 is the row. */
  decode(row: number, one: number, x: number): void {
    const { storage, pointer, low, strideBytes, width } = this.#stored;
    this.#core.kernels[`gradient${storage}`](pointer + row * strideBytes, low, strideBytes, 1, width, one, 1, x);
  }

  part(first: number, rows: number): StoredRows {
    const { pointer, strideBytes } = this.#stored;
    return new StoredRows(this.#core, { ...this.#stored, pointer: pointer + first * strideBytes, rows });
  }

  *gather(scope: Scope, index: number, rows: number): Work<StoredRows> {
    const { pointer, low, strideBytes } = this.#stored;
    const take = (from: number): Work<number> =>
      gatherRows(this.#core, scope, from, strideBytes, index, rows, "some of the rows");
    const to = yield* take(pointer);
    // the low plane of 16 bits has the same distance from row to row
    const toLow = low === 0 ? to : yield* take(pointer + low);
    return new StoredRows(this.#core, { ...this.#stored, pointer: to, low: toLow - to, rows });
  }
}

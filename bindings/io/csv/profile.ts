// What the columns of a table hold, column by column, and no matrix: text and missing values are facts here, not errors.
import { decimalOf } from "../decimal.js";
import { isMissing } from "./dialect.js";
import { findColumn, type Rows } from "./head.js";
import { trimmed } from "./records.js";
import type { TableOptions } from "./table.js";

/** Different values of a column that are told apart. */
const MOST_VALUES = 1 << 12;

export interface ColumnProfile {
  /** By the header, or null. */
  readonly name: string | null;
  /** Rows that hold a number, text, nothing. */
  readonly numbers: number;
  readonly texts: number;
  readonly missing: number;
  /** Of the numbers; 0 where there are none. */
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly nonzeros: number;
  /** Rows by what is written in them (not where there is nothing), in the order of their first; null: more different ones than are told apart. */
  readonly counts: ReadonlyMap<string, number> | null;
}

export interface CsvProfile {
  readonly rows: number;
  readonly columns: readonly ColumnProfile[];
  /** Place of the label's column, or null. */
  readonly label: number | null;
  /** The narrowest type that holds every number of the other columns exactly. */
  readonly storage: string;
}

class Column {
  numbers = 0;
  texts = 0;
  missing = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  sum = 0;
  nonzeros = 0;
  isWhole = true;
  isFloat32 = true;
  counts: Map<string, number> | null = new Map();

  push(text: string): void {
    if (isMissing(text)) {
      this.missing++;
      return;
    }
    const value = decimalOf(text);
    // what float64 cannot hold is no number to any reader
    if (!Number.isFinite(value)) this.texts++;
    else {
      this.numbers++;
      this.sum += value;
      if (value < this.min) this.min = value;
      if (value > this.max) this.max = value;
      if (value !== 0) this.nonzeros++;
      if (!Number.isInteger(value)) this.isWhole = false;
      if (Math.fround(value) !== value) this.isFloat32 = false;
    }
    if (this.counts === null) return;
    const count = this.counts.get(text);
    if (count === undefined && this.counts.size === MOST_VALUES) this.counts = null;
    // an own text: a part of a longer one would keep all of that in memory
    else this.counts.set(count === undefined ? [...text].join("") : text, (count ?? 0) + 1);
  }
}

/** As NarrowValues chooses (../growing.ts). */
function storageOf(columns: readonly Column[]): string {
  const filled = columns.filter(({ numbers }) => numbers > 0);
  const min = Math.min(0, ...filled.map((column) => column.min));
  const max = Math.max(0, ...filled.map((column) => column.max));
  const isWithin = (low: number, high: number): boolean =>
    filled.every(({ isWhole }) => isWhole) && min >= low && max <= high;
  if (isWithin(0, 255)) return "Uint8Array";
  if (isWithin(-128, 127)) return "Int8Array";
  if (isWithin(-32768, 32767)) return "Int16Array";
  return filled.every(({ isFloat32 }) => isFloat32) ? "Float32Array" : "Float64Array";
}

export class Profile implements Rows<CsvProfile> {
  readonly #name: string;
  readonly #options: TableOptions;
  #header: readonly string[] | null = null;
  #columns: Column[] = [];
  #label: number | null = null;
  #rows = 0;

  constructor(name: string, options: TableOptions) {
    this.#name = name;
    this.#options = options;
  }

  begin(header: readonly string[] | null, first: readonly string[]): void {
    this.#header = header;
    this.#columns = first.map(() => new Column());
    const { label } = this.#options;
    if (label !== null) this.#label = findColumn(this.#name, "label", label, header, first.length);
  }

  row(fields: readonly string[]): void {
    for (let j = 0; j < fields.length; j++) (this.#columns[j] as Column).push(trimmed(fields[j] as string));
    this.#rows++;
  }

  end(): CsvProfile {
    const columns = this.#columns.map(({ numbers, texts, missing, min, max, sum, nonzeros, counts }, j) => {
      const range = numbers === 0 ? { min: 0, max: 0, mean: 0 } : { min, max, mean: sum / numbers };
      return { name: this.#header?.[j] ?? null, numbers, texts, missing, ...range, nonzeros, counts };
    });
    const storage = storageOf(this.#columns.filter((_, j) => j !== this.#label));
    return { rows: this.#rows, columns, label: this.#label, storage };
  }
}

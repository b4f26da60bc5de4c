// Rows of a table → a dense matrix, labels and names. The first row decides what the columns are.
import type { DenseMatrix, NumericArray } from "../../data/matrix.js";
import { BitcenterError } from "../../errors.js";
import { decimalOf } from "../decimal.js";
import { allocate, NarrowValues } from "../growing.js";
import { badFile, quote } from "../source.js";
import { CategoryColumn, LabelColumn } from "./columns.js";
import { isMissing } from "./dialect.js";
import { findColumn, MOST_COLUMNS, type Rows } from "./head.js";
import { trimmed } from "./records.js";

/** Columns of text that become columns of 0 and 1: all that are text in the first row, or some, by name or index, or those with the categories to expect. */
export type OneHot = true | readonly (string | number)[] | Readonly<Record<string, readonly string[]>>;

export interface TableOptions {
  readonly label: string | number | null;
  readonly oneHot: OneHot | null;
}

export interface CsvData {
  readonly X: DenseMatrix;
  /** Numbers if all labels are numbers, else the texts; null without a label column. */
  readonly y: Float64Array | string[] | null;
  /** One per column of X, `name=category` for those made from text; null without a header. */
  readonly featureNames: string[] | null;
  /** Categories of the columns that were read as text: `oneHot` of the next file with the same columns. */
  readonly categories: Record<string, string[]> | null;
}

/** All of the engine's memory. */
const MOST_BYTES = 2 ** 32;

export class Table implements Rows<CsvData> {
  readonly #name: string;
  readonly #options: TableOptions;
  #header: readonly string[] | null = null;
  #width = 0;
  #rows = 0;
  #label = -1;
  readonly #labels = new LabelColumn();
  readonly #categories = new Map<number, CategoryColumn>();
  readonly #values = new NarrowValues();

  constructor(name: string, options: TableOptions) {
    this.#name = name;
    this.#options = options;
  }

  begin(header: readonly string[] | null, fields: readonly string[]): void {
    this.#header = header;
    this.#width = fields.length;
    const { label, oneHot } = this.#options;
    if (label !== null) this.#label = this.#find("label", label);
    if (oneHot === true) {
      fields.forEach((field, j) => {
        const text = trimmed(field);
        if (j !== this.#label && !isMissing(text) && Number.isNaN(decimalOf(text))) this.#makeText(j, null);
      });
    } else if (Array.isArray(oneHot)) {
      for (const column of oneHot) this.#makeText(this.#find("oneHot", column), null);
    } else if (oneHot !== null) {
      for (const [column, categories] of Object.entries(oneHot as Record<string, readonly string[]>)) {
        this.#makeText(this.#find("oneHot", header === null ? Number(column) : column), categories);
      }
    }
  }

  #makeText(column: number, categories: readonly string[] | null): void {
    if (column === this.#label) {
      throw new BitcenterError("BAD_OPTION", `readCsv: oneHot names column ${column}, which is the label`);
    }
    this.#categories.set(column, new CategoryColumn(categories));
  }

  #find(option: "label" | "oneHot", column: string | number): number {
    return findColumn(this.#name, option, column, this.#header, this.#width);
  }

  row(fields: readonly string[], line: number): void {
    for (let j = 0; j < fields.length; j++) {
      const field = fields[j] as string;
      const category = this.#categories.size > 0 ? this.#categories.get(j) : undefined;
      if (j === this.#label) {
        this.#labels.push(trimmed(field), (found, expected) => this.#fail(fields, j, line, found, expected));
      } else if (category !== undefined) {
        category.push(trimmed(field), (found, expected) => this.#fail(fields, j, line, found, expected));
      } else {
        let value = decimalOf(field);
        if (Number.isNaN(value)) value = decimalOf(trimmed(field));
        if (value - value !== 0) this.#fail(fields, j, line, trimmed(field), "a number");
        this.#values.push(value);
      }
    }
    this.#rows++;
  }

  #fail(fields: readonly string[], column: number, line: number, text: string, expected: string): never {
    // A quoted field before this one may have put it on a later line.
    const own = fields.slice(0, column).reduce((sum, field) => sum + field.split("\n").length - 1, line);
    const name = this.#header === null ? "" : ` ${quote(this.#header[column] as string)}`;
    const found = isMissing(text) ? `a missing value${text === "" ? "" : ` (${quote(text)})`}` : quote(text);
    const isText = expected === "a number" && !isMissing(text) && Number.isNaN(decimalOf(text));
    const size = expected === "a number" && !isMissing(text) && !isText ? " that float64 can hold" : "";
    const advice = isText ? "; columns of text can be read with oneHot" : "";
    badFile(
      this.#name,
      `line ${own} (row ${this.#rows}), column ${column}${name}: found ${found}, expected ${expected}${size}${advice}`,
    );
  }

  end(): CsvData {
    const columns = new Map([...this.#categories].map(([j, column]) => [j, column.finish()]));
    const plain = this.#width - (this.#label >= 0 ? 1 : 0) - columns.size;
    let cols = plain;
    for (const { categories } of columns.values()) cols += categories.length;
    const X = { data: this.#data(columns, plain, cols), rows: this.#rows, cols };
    const names = (j: number): string => (this.#header === null ? String(j) : (this.#header[j] as string));
    const features = Array.from({ length: this.#width }, (_, j) => j).filter((j) => j !== this.#label);
    return {
      X,
      y: this.#label >= 0 ? this.#labels.finish() : null,
      featureNames:
        this.#header === null
          ? null
          : features.flatMap((j) => columns.get(j)?.categories.map((text) => `${names(j)}=${text}`) ?? [names(j)]),
      categories:
        columns.size === 0
          ? null
          : Object.fromEntries(
              [...columns].toSorted(([a], [b]) => a - b).map(([j, { categories }]) => [names(j), categories]),
            ),
    };
  }

  /** The numbers, with columns of 0 and 1 where columns of text were. */
  #data(columns: Map<number, { categories: string[]; places: Int32Array }>, plain: number, cols: number): NumericArray {
    const numbers = this.#values.finish();
    if (columns.size === 0) return numbers;
    const type = plain === 0 ? Uint8Array : (numbers.constructor as typeof Float64Array);
    const bytes = this.#rows * cols * type.BYTES_PER_ELEMENT;
    if (cols > MOST_COLUMNS || bytes > MOST_BYTES) {
      throw new BitcenterError(
        "OUT_OF_MEMORY",
        `${this.#name}: ${this.#rows} rows × ${cols} columns with one for every category are too many (${bytes} bytes, at most ${MOST_BYTES})`,
      );
    }
    const data = allocate<NumericArray>(type, this.#rows * cols);
    let from = 0;
    let to = 0;
    for (let i = 0; i < this.#rows; i++) {
      for (let j = 0; j < this.#width; j++) {
        if (j === this.#label) continue;
        const column = columns.get(j);
        if (column === undefined) data[to++] = numbers[from++] as number;
        else {
          data[to + (column.places[i] as number)] = 1;
          to += column.categories.length;
        }
      }
    }
    return data;
  }
}

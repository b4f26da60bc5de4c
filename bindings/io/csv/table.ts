// Records → a dense matrix, labels and names. The first records decide what the columns are.
import type { DenseMatrix, NumericArray } from "../../data/matrix.js";
import { BitcenterError, show } from "../../errors.js";
import { decimalOf } from "../decimal.js";
import { allocate, NarrowValues } from "../growing.js";
import { badFile, quote } from "../source.js";
import { CategoryColumn, LabelColumn } from "./columns.js";
import { findHeader, isMissing } from "./dialect.js";
import { trimmed } from "./records.js";

/** Columns of text that become columns of 0 and 1: all that are text in the first row, or some, by name or index, or those with the categories to expect. */
export type OneHot = true | readonly (string | number)[] | Readonly<Record<string, readonly string[]>>;

export interface TableOptions {
  readonly header: "auto" | boolean;
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

/** As in the engine: more columns cannot be dense. */
const MOST_COLUMNS = 1_000_000;
/** All of the engine's memory. */
const MOST_BYTES = 2 ** 32;

export class Table {
  readonly #name: string;
  readonly #options: TableOptions;
  #header: readonly string[] | null = null;
  /** The first record, while it may be a header. */
  #waiting: { fields: string[]; line: number } | null = null;
  #firstLine = 0;
  #width = -1;
  #rows = 0;
  #label = -1;
  readonly #labels = new LabelColumn();
  readonly #categories = new Map<number, CategoryColumn>();
  readonly #values = new NarrowValues();

  constructor(name: string, options: TableOptions) {
    this.#name = name;
    this.#options = options;
  }

  take(fields: string[], line: number): void {
    if (this.#width >= 0) this.#addRow(fields, line);
    else if (this.#options.header === false) this.#begin(null, fields, line);
    else if (this.#waiting === null) this.#waiting = { fields, line };
    else this.#decide(fields, line);
  }

  #decide(second: string[], line: number): void {
    const first = this.#waiting as { fields: string[]; line: number };
    const { header } = this.#options;
    if (header === true || findHeader(this.#name, first.fields, second, first.line)) {
      this.#firstLine = first.line;
      this.#begin(
        first.fields.map((field) => trimmed(field)),
        second,
        line,
      );
    } else {
      // Before the values of the first: a line of something else above the table is told best by its length.
      if (second.length !== first.fields.length)
        this.#badWidth(second.length, first.fields.length, line, 1, first.line);
      this.#begin(null, first.fields, first.line);
      this.#addRow(second, line);
    }
  }

  #begin(header: readonly string[] | null, fields: string[], line: number): void {
    this.#header = header;
    if (header === null) this.#firstLine = line;
    const width = (header ?? fields).length;
    if (width > MOST_COLUMNS) badFile(this.#name, `found ${width} columns, expected at most ${MOST_COLUMNS}`);
    this.#width = width;
    this.#checkWidth(fields, line);
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
    this.#addRow(fields, line);
  }

  #makeText(column: number, categories: readonly string[] | null): void {
    if (column === this.#label) {
      throw new BitcenterError("BAD_OPTION", `readCsv: oneHot names column ${column}, which is the label`);
    }
    this.#categories.set(column, new CategoryColumn(categories));
  }

  /** The column that an option means. */
  #find(option: string, column: string | number): number {
    const fail = (text: string): never => {
      throw new BitcenterError("BAD_OPTION", `readCsv: ${option} ${show(column)}: ${this.#name} ${text}`);
    };
    if (typeof column === "number") {
      if (Number.isInteger(column) && column >= 0 && column < this.#width) return column;
      fail(`has columns 0 to ${this.#width - 1}`);
    }
    const named = (this.#header ?? []).flatMap((name, j) => (name === column ? [j] : []));
    const place = option === "label" ? { first: 0, last: this.#width - 1 }[column as string] : undefined;
    if (place !== undefined) {
      if (named.some((j) => j !== place)) fail("has a column of that name elsewhere; give its index");
      return place;
    }
    if (this.#header === null) fail("has no header; give an index");
    if (named.length > 1) fail("has several columns of that name; give an index");
    const names = (this.#header ?? []).slice(0, 20).map((name) => quote(name));
    return named[0] ?? fail(`has no such column, but ${names.join(", ")}${this.#width > 20 ? ", …" : ""}`);
  }

  #checkWidth(fields: readonly string[], line: number): void {
    if (fields.length !== this.#width) this.#badWidth(fields.length, this.#width, line, this.#rows, this.#firstLine);
  }

  #badWidth(found: number, expected: number, line: number, row: number, firstLine: number): never {
    badFile(
      this.#name,
      `line ${line} (row ${row}): found ${found} fields, expected ${expected} as on line ${firstLine}`,
    );
  }

  #addRow(fields: readonly string[], line: number): void {
    this.#checkWidth(fields, line);
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

  finish(): CsvData {
    if (this.#waiting !== null && this.#width < 0) {
      // A single record: it is data unless it was said to be a header.
      const { fields, line } = this.#waiting;
      if (this.#options.header !== true) this.#begin(null, fields, line);
    }
    if (this.#rows === 0) badFile(this.#name, "holds no rows");
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

// Records of a table → its header, if it has one, and its rows, all of the same width.
import { BitcenterError, show } from "../../errors.js";
import { badFile, quote } from "../source.js";
import { findHeader } from "./dialect.js";
import { trimmed } from "./records.js";

/** Takes the rows of a table and makes a result of them. */
export interface Rows<T> {
  /** Before the first row, once. header: the names of the columns, or null; first: the fields of the first row. */
  begin(header: readonly string[] | null, first: readonly string[]): void;
  /** line: from 1. */
  row(fields: readonly string[], line: number): void;
  end(): T;
}

/** As in the engine: more columns cannot be dense. */
export const MOST_COLUMNS = 1_000_000;

export class TableReader<T> {
  readonly #name: string;
  readonly #header: "auto" | boolean;
  readonly #to: Rows<T>;
  /** The first record, while it may be a header. */
  #waiting: { fields: string[]; line: number } | null = null;
  #firstLine = 0;
  #width = -1;
  #rows = 0;

  constructor(name: string, header: "auto" | boolean, to: Rows<T>) {
    this.#name = name;
    this.#header = header;
    this.#to = to;
  }

  take(fields: string[], line: number): void {
    if (this.#width >= 0) this.#row(fields, line);
    else if (this.#header === false) this.#begin(null, fields, line);
    else if (this.#waiting === null) this.#waiting = { fields, line };
    else this.#decide(fields, line);
  }

  #decide(second: string[], line: number): void {
    const first = this.#waiting as { fields: string[]; line: number };
    if (this.#header === true || findHeader(this.#name, first.fields, second, first.line)) {
      this.#firstLine = first.line;
      this.#begin(
        first.fields.map((field) => trimmed(field)),
        second,
        line,
      );
    } else {
      // Before the values of the first: a line of something else above the table is told best by its length.
      if (second.length !== first.fields.length) {
        const advice = "; lines above the table are passed over with skipLines";
        this.#badWidth(second.length, first.fields.length, line, 1, first.line, advice);
      }
      this.#begin(null, first.fields, first.line);
      this.#row(second, line);
    }
  }

  #begin(header: readonly string[] | null, fields: string[], line: number): void {
    if (header === null) this.#firstLine = line;
    const width = (header ?? fields).length;
    if (width > MOST_COLUMNS) badFile(this.#name, `found ${width} columns, expected at most ${MOST_COLUMNS}`);
    this.#width = width;
    this.#checkWidth(fields, line);
    this.#to.begin(header, fields);
    this.#row(fields, line);
  }

  #checkWidth(fields: readonly string[], line: number): void {
    if (fields.length !== this.#width) this.#badWidth(fields.length, this.#width, line, this.#rows, this.#firstLine);
  }

  #badWidth(found: number, expected: number, line: number, row: number, firstLine: number, advice = ""): never {
    badFile(
      this.#name,
      `line ${line} (row ${row}): found ${found} fields, expected ${expected} as on line ${firstLine}${advice}`,
    );
  }

  #row(fields: readonly string[], line: number): void {
    this.#checkWidth(fields, line);
    this.#to.row(fields, line);
    this.#rows++;
  }

  end(): T {
    if (this.#waiting !== null && this.#width < 0) {
      // A single record: it is data unless it was said to be a header.
      const { fields, line } = this.#waiting;
      if (this.#header !== true) this.#begin(null, fields, line);
    }
    if (this.#rows === 0) badFile(this.#name, "holds no rows");
    return this.#to.end();
  }
}

/** The column that an option means: a name, an index, for labels also "first" or "last". */
export function findColumn(
  file: string,
  option: "label" | "oneHot",
  column: string | number,
  header: readonly string[] | null,
  width: number,
): number {
  const fail = (text: string): never => {
    throw new BitcenterError("BAD_OPTION", `readCsv: ${option} ${show(column)}: ${file} ${text}`);
  };
  if (typeof column === "number") {
    if (Number.isInteger(column) && column >= 0 && column < width) return column;
    fail(`has columns 0 to ${width - 1}`);
  }
  const named = (header ?? []).flatMap((name, j) => (name === column ? [j] : []));
  const place = option === "label" ? { first: 0, last: width - 1 }[column as string] : undefined;
  if (place !== undefined) {
    if (named.some((j) => j !== place)) fail("has a column of that name elsewhere; give its index");
    return place;
  }
  if (header === null) fail("has no header; give an index");
  if (named.length > 1) fail("has several columns of that name; give an index");
  const names = (header ?? []).slice(0, 20).map((name) => quote(name));
  return named[0] ?? fail(`has no such column, but ${names.join(", ")}${width > 20 ? ", …" : ""}`);
}

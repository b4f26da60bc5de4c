// CSV, TSV and text between blanks: bytes → text → records → table.
import { BitcenterError, show } from "../../errors.js";
import { checkNames, number, oneOf } from "../../options.js";
import { type ByteSource, badFile, drain, nameOf, type Sink } from "../source.js";
import { findDelimiter } from "./dialect.js";
import { type Rows, TableReader } from "./head.js";
import { type CsvProfile, Profile } from "./profile.js";
import { RecordReader } from "./records.js";
import { type CsvData, type OneHot, Table, type TableOptions } from "./table.js";

export interface CsvOptions {
  /** One character; " " means any number of blanks and tabs; "auto" (default) finds tab, semicolon, bar, comma or blanks. */
  readonly delimiter?: string;
  /** Whether the first record names the columns; "auto" (default): it is text, and what follows has numbers. */
  readonly header?: "auto" | boolean;
  /** The column with the labels: its name, its index from 0, "first" or "last"; null (default): none. */
  readonly label?: string | number | null;
  /** Columns of text to read as one column of 0 and 1 per category; default: text is an error. */
  readonly oneHot?: OneHot | null;
  /** Lines to pass over before the table begins; default 0. */
  readonly skipLines?: number;
  /** What errors call the file. */
  readonly name?: string;
}

/** The delimiter is found in that much text. */
const SAMPLE = 2 ** 16;

const isName = (value: unknown): value is string | number => typeof value === "string" || typeof value === "number";

function checkOneHot(value: unknown): OneHot | null {
  if (value === undefined || value === null || value === false) return null;
  if (value === true) return true;
  if (Array.isArray(value) && value.every(isName)) return value;
  const isMap = typeof value === "object" && !Array.isArray(value);
  if (isMap) {
    const isRight = (list: unknown): boolean =>
      Array.isArray(list) && list.every((one) => typeof one === "string") && new Set(list).size === list.length;
    if (Object.values(value).every(isRight)) return value as Record<string, string[]>;
  }
  throw new BitcenterError(
    "BAD_OPTION",
    `readCsv: oneHot must be true, an array of columns or an object of different categories by column, given ${show(value)}`,
  );
}

class CsvSink<T> implements Sink<T> {
  readonly #name: string;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  readonly #table: TableReader<T>;
  #delimiter: string;
  #skip: number;
  #line = 1;
  /** Text before the delimiter is known. */
  #head = "";
  #records: RecordReader | null = null;

  constructor(name: string, options: CsvOptions, rowsOf: (options: TableOptions) => Rows<T>) {
    checkNames("readCsv", options, ["delimiter", "header", "label", "oneHot", "skipLines", "name"]);
    this.#name = name;
    const { delimiter = "auto", label = null } = options;
    const isDelimiter = delimiter === "auto" || (typeof delimiter === "string" && /^[^"\r\n\ufeff]$/u.test(delimiter));
    if (!isDelimiter) {
      throw new BitcenterError(
        "BAD_OPTION",
        `readCsv: delimiter must be one character other than a quote or the end of a line, or "auto", given ${show(delimiter)}`,
      );
    }
    if (label !== null && !isName(label)) {
      throw new BitcenterError("BAD_OPTION", `readCsv: label must be a name, an index or null, given ${show(label)}`);
    }
    this.#delimiter = delimiter;
    this.#skip = number("readCsv", "skipLines", options.skipLines, { min: 0, integer: true }, 0);
    const header = oneOf("readCsv", "header", options.header, ["auto", true, false] as const, "auto");
    this.#table = new TableReader(name, header, rowsOf({ label, oneHot: checkOneHot(options.oneHot) }));
  }

  write(chunk: Uint8Array): void {
    this.#text(this.#decode(chunk));
  }

  end(): T {
    this.#text(this.#decode(null));
    if (this.#records === null) this.#begin();
    this.#records?.end();
    return this.#table.end();
  }

  #decode(chunk: Uint8Array | null): string {
    try {
      return chunk === null ? this.#decoder.decode() : this.#decoder.decode(chunk, { stream: true });
    } catch {
      return badFile(this.#name, "found bytes that are not UTF-8, expected text in UTF-8");
    }
  }

  #text(text: string): void {
    if (this.#records !== null) {
      this.#records.write(text);
      return;
    }
    this.#head += text;
    while (this.#skip > 0) {
      const end = this.#head.indexOf("\n");
      if (end < 0) {
        // What is passed over need not be kept.
        this.#head = "";
        return;
      }
      this.#head = this.#head.slice(end + 1);
      this.#line++;
      this.#skip--;
    }
    if (this.#head.length >= SAMPLE) this.#begin();
  }

  #begin(): void {
    // The same characters decide, in whatever pieces they arrive.
    if (this.#delimiter === "auto") this.#delimiter = findDelimiter(this.#head.slice(0, SAMPLE));
    this.#records = new RecordReader(this.#name, this.#delimiter, this.#line, (fields, line) =>
      this.#table.take(fields, line),
    );
    this.#records.write(this.#head);
    this.#head = "";
  }
}

export const csvSink = (name: string, options: CsvOptions): Sink<CsvData> =>
  new CsvSink(name, options, (table) => new Table(name, table));

/** What the columns of a table hold, whatever it is. */
export async function profileCsv(source: ByteSource, options: CsvOptions = {}): Promise<CsvProfile> {
  const name = nameOf(source, options?.name, "CSV text");
  return drain(source, name, new CsvSink(name, options, (table) => new Profile(name, table)));
}

/**
 * Reads CSV, TSV or text between blanks of any length, plain or gzip, in UTF-8: a dense matrix in the narrowest type that holds all values exactly.
 * Quoted fields may hold delimiters, line ends and doubled quotes; blanks around a field do not count; blank lines are passed over.
 * @throws BitcenterError BAD_FILE with line, row and column: ragged rows, missing values, text where numbers are expected, quotes that do not end
 */
export async function readCsv(source: ByteSource, options: CsvOptions = {}): Promise<CsvData> {
  const name = nameOf(source, options?.name, "CSV text");
  return drain(source, name, csvSink(name, options));
}

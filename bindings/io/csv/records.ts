// Text in pieces → records with the lines they begin on. papaparse splits records into fields; where a piece ends within a record, that waits for more.
/// <reference path="./papaparse.d.ts" />
import papaparse from "papaparse";
import { badFile, quote } from "../source.js";

/** Fields of one record; `line` counts from 1. */
export type TakeRecord = (fields: string[], line: number) => void;

/** Text that is gathered before it is parsed. */
const PIECE = 2 ** 16;
const LONGEST_RECORD = 2 ** 26;

/** Separates fields by any number of blanks and tabs; such text has no quotes. */
export const BLANKS = " ";

export function linesIn(text: string, end = text.length): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at >= 0 && at < end; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}

/** `text` without the blanks around it. A line end may stand behind it, not before: what looks like one in there is part of the text. */
export const trimmed = (text: string): string => text.trimEnd().replace(/^[^\S\r\n]+/, "");

export class RecordReader {
  readonly #name: string;
  readonly #take: TakeRecord;
  readonly #delimiter: string;
  #pending = "";
  /** Of the first character of #pending. */
  #line: number;
  #threshold = PIECE;

  constructor(name: string, delimiter: string, line: number, take: TakeRecord) {
    this.#name = name;
    this.#delimiter = delimiter;
    this.#line = line;
    this.#take = take;
  }

  write(text: string): void {
    this.#pending += text;
    if (this.#pending.length < this.#threshold) return;
    this.#parse(false);
    // A record that does not end is looked at again when it is twice as long: the work stays proportional to the text.
    this.#threshold = Math.max(PIECE, 2 * this.#pending.length);
    if (this.#pending.length > LONGEST_RECORD) {
      badFile(
        this.#name,
        `line ${this.#line}: a record longer than ${LONGEST_RECORD} characters (a quote not closed?)`,
      );
    }
  }

  end(): void {
    if (this.#pending !== "" && !this.#pending.endsWith("\n")) this.#pending += "\n";
    this.#parse(true);
  }

  #parse(isLast: boolean): void {
    if (this.#delimiter === BLANKS) this.#parseBlanks();
    else this.#parseFields(isLast);
  }

  #parseBlanks(): void {
    const text = this.#pending;
    const end = text.lastIndexOf("\n") + 1;
    for (let start = 0; start < end; ) {
      const stop = text.indexOf("\n", start);
      const line = trimmed(text.slice(start, stop));
      if (line !== "") {
        if (line.includes('"')) {
          badFile(
            this.#name,
            `line ${this.#line}: found a quote, expected none between blanks (or give the delimiter)`,
          );
        }
        this.#take(line.split(/[ \t]+/), this.#line);
      }
      this.#line++;
      start = stop + 1;
    }
    this.#pending = text.slice(end);
  }

  #parseFields(isLast: boolean): void {
    const text = this.#pending;
    const parser = new papaparse.Parser({ delimiter: this.#delimiter, newline: "\n" });
    const { data, errors, meta } = parser.parse(text, 0, !isLast);
    const mayWrap = text.includes('"');
    const begin = this.#line;
    // What is wrong in a record that has not ended is looked at again when it has.
    const error = errors.find(({ row }) => isLast || row < data.length);
    data.forEach((fields, row) => {
      if (row === error?.row) {
        const line = begin + linesIn(text, error.index);
        const field = text.slice(error.index - 1, error.index + 40);
        const [found, expected] =
          error.code === "MissingQuotes"
            ? ["a quoted field that does not end", "its closing quote"]
            : [`the quoted field ${quote(field)}`, "the delimiter or the end of the line behind its closing quote"];
        badFile(this.#name, `line ${line}: found ${found}, expected ${expected}`);
      }
      // Blanks around a field never count, so neither does a carriage return at its end.
      if (fields.length > 1 || trimmed(fields[0] as string) !== "") this.#take(fields, this.#line);
      this.#line++;
      if (mayWrap) for (const field of fields) this.#line += linesIn(field);
    });
    this.#pending = isLast ? "" : text.slice(meta.cursor);
  }
}

// LIBSVM and SVMlight text: `label [qid:number] index:value … [# comment]`, one row per line, indices ascending.
import type { SparseMatrix } from "../data/matrix.js";
import { checkNames, number, oneOf } from "../options.js";
import { ascii, DecimalReader } from "./decimal.js";
import { Growing, GrowingBytes, NarrowValues } from "./growing.js";
import { type ByteSource, badFile, drain, nameOf, quote, type Sink } from "./source.js";

export interface LibsvmOptions {
  /** Number of columns; default: as many as the largest index needs. A model needs its test file as wide as its training file. */
  readonly cols?: number;
  /** What the first column is called: 0, 1, or "auto" (default): 0 if index 0 occurs, else 1. */
  readonly firstIndex?: "auto" | 0 | 1;
  /** What errors call the file. */
  readonly name?: string;
}

export interface LibsvmData {
  readonly X: SparseMatrix;
  readonly y: Float64Array;
  /** Query of every row, for ranking data; null if the file has none. */
  readonly qid: Float64Array | null;
  /** What the first column was called. */
  readonly firstIndex: 0 | 1;
}

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const HASH = 35;
const ZERO = 48;
const COLON = 58;
const LETTER_Q = 113;

/** indptr and indices are int32. */
const MOST = 2 ** 31 - 1;
const LONGEST_LINE = 2 ** 28;
/** Entries that are read before they are stored. */
const BLOCK = 2 ** 12;
/** Of a piece of text in an error. */
const SHOWN = 60;

/** Whether a token ends before `at`. */
function isEnd(bytes: Uint8Array, at: number): boolean {
  const c = bytes[at] as number;
  return c === SPACE || c === LF || c === TAB || c === HASH || (c === CR && bytes[at + 1] === LF);
}

class LibsvmSink implements Sink<LibsvmData> {
  readonly #name: string;
  readonly #cols: number | null;
  readonly #base: "auto" | 0 | 1;
  readonly #decimal = new DecimalReader();
  readonly #carry = new GrowingBytes(LONGEST_LINE);
  readonly #blockValues = new Float64Array(BLOCK);
  readonly #blockIndices = new Int32Array(BLOCK);
  /** Entries in the block. */
  #count = 0;
  readonly #values = new NarrowValues();
  readonly #indices = new Growing(Int32Array);
  readonly #starts = new Growing(Int32Array);
  readonly #labels = new Growing(Float64Array);
  readonly #queries = new Growing(Float64Array);
  /** From 1, as editors count. */
  #line = 1;
  #row = 0;
  #largest = -1;
  /** Where the largest index was seen first. */
  #largestPlace = "";
  #hasZero = false;

  constructor(name: string, options: LibsvmOptions) {
    checkNames("readLibsvm", options, ["cols", "firstIndex", "name"]);
    this.#name = name;
    this.#cols = number("readLibsvm", "cols", options.cols, { min: 1, max: MOST, integer: true }, null);
    this.#base = oneOf("readLibsvm", "firstIndex", options.firstIndex, ["auto", 0, 1] as const, "auto");
  }

  /** Whole lines are read where they lie; what is behind the last one waits for the next chunk. */
  write(chunk: Uint8Array): void {
    let start = 0;
    if (this.#carry.length > 0) {
      const first = chunk.indexOf(LF);
      this.#keep(first < 0 ? chunk : chunk.subarray(0, first + 1));
      if (first < 0) return;
      const line = this.#carry.view();
      this.#carry.clear();
      this.#read(line, line.length);
      start = first + 1;
    }
    const end = chunk.lastIndexOf(LF) + 1;
    if (end > start) this.#read(chunk.subarray(start, end), end - start);
    this.#keep(chunk.subarray(Math.max(start, end)));
  }

  end(): LibsvmData {
    if (this.#carry.length > 0) {
      this.#keep(Uint8Array.of(LF));
      const line = this.#carry.view();
      this.#read(line, line.length);
    }
    if (this.#row === 0) badFile(this.#name, "holds no rows");
    const firstIndex = this.#base === "auto" ? (this.#hasZero ? 0 : 1) : this.#base;
    const needed = this.#largest < 0 ? 0 : this.#largest + 1 - firstIndex;
    const cols = this.#cols ?? needed;
    if (needed > cols) badFile(this.#name, `${this.#largestPlace}${this.#tooWide(this.#largest, firstIndex)}`);
    this.#store(this.#count);
    this.#starts.push(this.#indices.length);
    const indices = this.#indices.finish();
    if (firstIndex === 1) for (let at = 0; at < indices.length; at++) (indices[at] as number)--;
    const data = this.#values.finish();
    const indptr = this.#starts.finish();
    const y = this.#labels.finish();
    const qid = this.#queries.length > 0 ? this.#queries.finish() : null;
    return { X: { data, indices, indptr, rows: this.#row, cols }, y, qid, firstIndex };
  }

  #keep(bytes: Uint8Array): void {
    if (!this.#carry.append(bytes)) {
      badFile(this.#name, `line ${this.#line} is longer than ${LONGEST_LINE} bytes`);
    }
  }

  #where(): string {
    return `line ${this.#line} (row ${this.#row}): `;
  }

  /** Lines that end in LF, all of them: so no bound is checked before it. */
  #read(bytes: Uint8Array, end: number): void {
    const decimal = this.#decimal;
    const values = this.#blockValues;
    const indices = this.#blockIndices;
    let count = this.#count;
    // A byte order mark is no part of the text.
    let p = this.#line === 1 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
    while (p < end) {
      let c = bytes[p] as number;
      while (c === SPACE || c === TAB) c = bytes[++p] as number;
      if (c === CR && bytes[p + 1] === LF) c = bytes[++p] as number;
      if (c === HASH) {
        p = bytes.indexOf(LF, p);
        c = LF;
      }
      if (c !== LF) {
        this.#count = count;
        p = this.#head(bytes, p);
        let previous = -1;
        for (;;) {
          c = bytes[p] as number;
          while (c === SPACE || c === TAB) c = bytes[++p] as number;
          if (c === LF) break;
          if (c === CR && bytes[p + 1] === LF) {
            p++;
            break;
          }
          if (c === HASH) {
            p = bytes.indexOf(LF, p);
            break;
          }
          const token = p;
          let index = 0;
          while (c >= ZERO && c <= ZERO + 9 && index <= MOST) {
            index = index * 10 + (c - ZERO);
            c = bytes[++p] as number;
          }
          if (c !== COLON || p === token || index > MOST) this.#badIndex(bytes, token, index);
          if (index <= previous) this.#badOrder(index, previous);
          if (index === 0) this.#seeZero(bytes, token);
          previous = index;
          if (count === BLOCK) {
            this.#store(count);
            count = 0;
          }
          indices[count] = index;
          const at = p + 1;
          c = bytes[at] as number;
          const next = bytes[at + 1] as number;
          if (c >= ZERO && c <= ZERO + 9 && (next === SPACE || next === LF)) {
            // one digit: the values of binary features and counts
            values[count++] = c - ZERO;
            p = at + 1;
          } else {
            const value = decimal.read(bytes, at);
            p = decimal.end;
            c = bytes[p] as number;
            if ((c !== SPACE && c !== LF && !isEnd(bytes, p)) || value - value !== 0)
              this.#badNumber(bytes, token, at, "a value");
            values[count++] = value;
          }
        }
        if (previous > this.#largest) this.#seeLargest(previous);
        this.#row++;
      }
      this.#line++;
      p++;
    }
    this.#count = count;
  }

  #store(count: number): void {
    this.#values.append(this.#blockValues, count);
    this.#indices.append(this.#blockIndices, count);
    this.#count = 0;
  }

  /** Label and query; gives the place behind them. */
  #head(bytes: Uint8Array, at: number): number {
    const label = this.#decimal.read(bytes, at);
    let p = this.#decimal.end;
    if (!isEnd(bytes, p) || label - label !== 0) this.#badNumber(bytes, at, at, "a label");
    if (this.#row === MOST) badFile(this.#name, `${this.#where()}more than ${MOST} rows`);
    this.#labels.push(label);
    const entries = this.#indices.length + this.#count;
    if (entries > MOST - LONGEST_LINE) badFile(this.#name, `${this.#where()}too many entries`);
    this.#starts.push(entries);
    while (bytes[p] === SPACE || bytes[p] === TAB) p++;
    const hasQuery = bytes[p] === LETTER_Q && ascii(bytes, p, p + 4) === "qid:";
    if (hasQuery !== this.#queries.length > 0 && this.#row > 0) {
      const [found, expected] = hasQuery ? ["a qid", "none"] : ["no qid", "one"];
      badFile(this.#name, `${this.#where()}found ${found}, expected ${expected} as in the rows before`);
    }
    if (!hasQuery) return p;
    const query = this.#decimal.read(bytes, p + 4);
    if (!isEnd(bytes, this.#decimal.end) || !Number.isSafeInteger(query)) {
      this.#badToken(bytes, p, "qid: and a whole number");
    }
    this.#queries.push(query);
    return this.#decimal.end;
  }

  #seeZero(bytes: Uint8Array, token: number): void {
    if (this.#base === 1) this.#badToken(bytes, token, "indices from 1 (firstIndex: 1 was given)");
    this.#hasZero = true;
  }

  #seeLargest(index: number): void {
    // Whether the last index can be right at all is known now; whether the base is 0 only at the end.
    if (this.#cols !== null && index > this.#cols - 1 + (this.#base === 0 ? 0 : 1)) {
      badFile(this.#name, this.#where() + this.#tooWide(index, this.#base === 0 ? 0 : 1));
    }
    this.#largest = index;
    this.#largestPlace = this.#where();
  }

  #tooWide(index: number, firstIndex: number): string {
    return `found index ${index}, expected at most ${(this.#cols as number) - 1 + firstIndex} (${this.#cols} columns, the first is ${firstIndex})`;
  }

  #badToken(bytes: Uint8Array, at: number, expected: string): never {
    let end = at;
    while (!isEnd(bytes, end) && end < at + SHOWN) end++;
    const found = end === at ? "nothing" : quote(ascii(bytes, at, end));
    badFile(this.#name, `${this.#where()}found ${found}, expected ${expected}`);
  }

  #badIndex(bytes: Uint8Array, token: number, index: number): never {
    if (index > MOST) this.#badToken(bytes, token, `an index of at most ${MOST}`);
    this.#badToken(bytes, token, "index:value with a whole number as index");
  }

  #badOrder(index: number, previous: number): never {
    badFile(this.#name, `${this.#where()}found index ${index} after ${previous}, expected ascending indices`);
  }

  #badNumber(bytes: Uint8Array, token: number, at: number, what: string): never {
    if (isEnd(bytes, this.#decimal.end) && this.#decimal.end > at) {
      this.#badToken(bytes, token, `${what} that float64 can hold`);
    }
    const isList = what === "a label" && bytes[this.#decimal.end] === 44;
    this.#badToken(bytes, token, isList ? "one label (several per row are not read)" : `${what} in decimal`);
  }
}

export const libsvmSink = (name: string, options: LibsvmOptions): Sink<LibsvmData> => new LibsvmSink(name, options);

/**
 * Reads LIBSVM or SVMlight text of any length, plain or gzip: rows in CSR with values in the narrowest type that holds them exactly, labels as they
 * are written. Comments (`#`) and blank lines are passed over.
 * @throws BitcenterError BAD_FILE with line and row: what was found, what was expected
 */
export async function readLibsvm(source: ByteSource, options: LibsvmOptions = {}): Promise<LibsvmData> {
  const name = nameOf(source, options?.name, "LIBSVM text");
  return drain(source, name, libsvmSink(name, options));
}

// IDX files (MNIST's format): big-endian header [0, 0, type, dimensions], one 32-bit size per dimension, then the values.
import type { NumericArray } from "../data/matrix.js";
import { checkNames } from "../options.js";
import { GrowingBytes, NarrowValues } from "./growing.js";
import { type ByteSource, badFile, drain, isGzip, nameOf, type Sink } from "./source.js";

export interface IdxArray {
  /** Row-major; bytes stay bytes, int32 become the narrowest type that holds them all. */
  readonly data: NumericArray;
  /** Size of every dimension, the first one counts items. */
  readonly shape: readonly number[];
}

export interface IdxOptions {
  /** What errors call the file. */
  readonly name?: string;
}

/** Bytes of a value, by IDX's number of its type. */
const SIZES: Readonly<Record<number, number>> = { 8: 1, 9: 1, 11: 2, 12: 4, 13: 4, 14: 8 };
/** 255 dimensions. */
const LONGEST_HEADER = 4 + 4 * 255;

/** Brings values of `size` bytes from big-endian to little-endian order, in place. */
function swapBytes(bytes: Uint8Array, size: number): void {
  for (let start = 0; start < bytes.length; start += size) {
    for (let a = start, b = start + size - 1; a < b; a++, b--) {
      const byte = bytes[a] as number;
      bytes[a] = bytes[b] as number;
      bytes[b] = byte;
    }
  }
}

class IdxSink implements Sink<IdxArray> {
  readonly #name: string;
  readonly #head = new GrowingBytes(LONGEST_HEADER);
  #type = 0;
  #shape: number[] = [];
  #expected = 0;
  /** Null until the header is complete. */
  #values: GrowingBytes | null = null;

  constructor(name: string) {
    this.#name = name;
  }

  write(chunk: Uint8Array): void {
    let at = 0;
    // The header's own length is known from its fourth byte.
    while (this.#values === null && at < chunk.length) {
      const needed = this.#head.length < 4 ? 4 : 4 + 4 * (this.#head.view()[3] as number);
      const end = Math.min(chunk.length, at + needed - this.#head.length);
      this.#head.append(chunk.subarray(at, end));
      at = end;
      if (this.#head.length === needed) this.#readHeader();
    }
    if (this.#values?.append(chunk.subarray(at)) === false) {
      badFile(this.#name, `has more bytes of values than the ${this.#claim()} of its header`);
    }
  }

  #claim(): string {
    return `${this.#shape.join(" × ")} = ${this.#expected}`;
  }

  /** Called with 4 bytes, and again with all of the header. */
  #readHeader(): void {
    const head = this.#head.view();
    if (head.length === 4) {
      if (isGzip(head)) badFile(this.#name, "is compressed by gzip; decompress it first");
      if (head[0] !== 0 || head[1] !== 0) badFile(this.#name, "is not an IDX file (it must begin with two zero bytes)");
      this.#type = head[2] as number;
      if (SIZES[this.#type] === undefined) {
        badFile(this.#name, `holds values of type ${this.#type}, expected one of IDX's: 8, 9, 11, 12, 13, 14`);
      }
      if (head[3] === 0) badFile(this.#name, "has no dimensions, expected at least one");
      return;
    }
    const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
    this.#shape = Array.from({ length: head[3] as number }, (_, i) => view.getUint32(4 + 4 * i));
    const count = this.#shape.includes(0) ? 0 : this.#shape.reduce((product, size) => product * size, 1);
    this.#expected = count * (SIZES[this.#type] as number);
    if (count > Number.MAX_SAFE_INTEGER)
      badFile(this.#name, `claims ${this.#shape.join(" × ")} values, which are too many`);
    this.#values = new GrowingBytes(this.#expected);
  }

  end(): IdxArray {
    const values = this.#values;
    if (values === null) {
      const head = this.#head.view();
      if (head.length < 4) badFile(this.#name, "is not an IDX file (it must begin with two zero bytes and a type)");
      badFile(this.#name, "is truncated in its header");
    }
    if (values.length !== this.#expected) {
      badFile(this.#name, `has ${values.length} bytes of values, its header says ${this.#claim()}`);
    }
    const shape = this.#shape;
    const bytes = values.view();
    const count = values.length / (SIZES[this.#type] as number);
    if (this.#type === 8) return { data: bytes, shape };
    if (this.#type === 9) return { data: new Int8Array(bytes.buffer, 0, count), shape };
    swapBytes(bytes, SIZES[this.#type] as number);
    if (this.#type === 11) return { data: new Int16Array(bytes.buffer, 0, count), shape };
    if (this.#type === 13) return { data: new Float32Array(bytes.buffer, 0, count), shape };
    if (this.#type === 14) return { data: new Float64Array(bytes.buffer, 0, count), shape };
    const narrow = new NarrowValues();
    for (const value of new Int32Array(bytes.buffer, 0, count)) narrow.push(value);
    return { data: narrow.finish(), shape };
  }
}

export const idxSink = (name: string): Sink<IdxArray> => new IdxSink(name);

/**
 * An IDX file in memory, not compressed; `name` is used in errors.
 * @throws BitcenterError BAD_FILE for an unknown type, a wrong length or a truncated file
 */
export function parseIdx(bytes: Uint8Array, name = "IDX data"): IdxArray {
  const sink = idxSink(name);
  sink.write(bytes);
  return sink.end();
}

/**
 * Reads an IDX file of any type and rank, plain or gzip.
 * @throws BitcenterError BAD_FILE for an unknown type, a wrong length or a truncated file
 */
export async function readIdx(source: ByteSource, options: IdxOptions = {}): Promise<IdxArray> {
  checkNames("readIdx", options, ["name"]);
  const name = nameOf(source, options.name, "IDX data");
  return drain(source, name, idxSink(name));
}

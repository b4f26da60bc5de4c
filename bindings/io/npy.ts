// NumPy's .npy files: magic, version, a Python dictionary of three entries, then the values.
import type { DenseMatrix, NumericArray } from "../data/matrix.js";
import { BitcenterError, show } from "../errors.js";
import { checkNames } from "../options.js";
import { GrowingBytes, NarrowValues } from "./growing.js";
import { type ByteSource, badFile, drain, nameOf, quote, type Sink } from "./source.js";

export interface NpyOptions {
  /** What errors call the file. */
  readonly name?: string;
}

const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);
/** Up to the length of the header: 8 + 2 bytes for version 1, 8 + 4 for 2 and 3. */
const PREFIX = { 1: 10, 2: 12, 3: 12 } as const;
/** NumPy's own limit is 10,000 characters. */
const LONGEST_HEADER = 2 ** 16;

/** From bytes, aligned at 0 and little-endian, to numbers; `place` says where one is in an error. */
type Decode = (
  bytes: Uint8Array<ArrayBuffer>,
  count: number,
  fail: (at: number, text: string) => never,
) => NumericArray;

function narrow(values: Iterable<number>): NumericArray {
  const all = new NarrowValues();
  for (const value of values) all.push(value);
  return all.finish();
}

/** IEEE half precision. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function bools(bytes: Uint8Array<ArrayBuffer>, fail: (at: number, text: string) => never): Uint8Array {
  const wrong = bytes.findIndex((byte) => byte > 1);
  if (wrong >= 0) fail(wrong, `found the byte ${bytes[wrong]}, expected 0 or 1 for a bool`);
  return bytes;
}

function whole(values: BigInt64Array | BigUint64Array, fail: (at: number, text: string) => never): NumericArray {
  const all = new NarrowValues();
  values.forEach((value, at) => {
    const number = Number(value);
    if (!Number.isSafeInteger(number))
      fail(at, `found ${value}, expected a whole number that float64 holds (below 2⁵³)`);
    all.push(number);
  });
  return all.finish();
}

const TYPES: Readonly<Record<string, { readonly size: number; readonly decode: Decode }>> = {
  b1: { size: 1, decode: (bytes, _, fail) => bools(bytes, fail) },
  u1: { size: 1, decode: (bytes) => bytes },
  i1: { size: 1, decode: (bytes, count) => new Int8Array(bytes.buffer, 0, count) },
  i2: { size: 2, decode: (bytes, count) => new Int16Array(bytes.buffer, 0, count) },
  u2: { size: 2, decode: (bytes, count) => narrow(new Uint16Array(bytes.buffer, 0, count)) },
  i4: { size: 4, decode: (bytes, count) => narrow(new Int32Array(bytes.buffer, 0, count)) },
  u4: { size: 4, decode: (bytes, count) => narrow(new Uint32Array(bytes.buffer, 0, count)) },
  i8: { size: 8, decode: (bytes, count, fail) => whole(new BigInt64Array(bytes.buffer, 0, count), fail) },
  u8: { size: 8, decode: (bytes, count, fail) => whole(new BigUint64Array(bytes.buffer, 0, count), fail) },
  f2: { size: 2, decode: (bytes, count) => Float32Array.from(new Uint16Array(bytes.buffer, 0, count), half) },
  f4: { size: 4, decode: (bytes, count) => new Float32Array(bytes.buffer, 0, count) },
  f8: { size: 8, decode: (bytes, count) => new Float64Array(bytes.buffer, 0, count) },
};

const ENTRY = /\s*(['"])(\w+)\1\s*:\s*(?:(['"])([^'"\\]*)\3|(True|False)|\(([^()]*)\)|(\[[\s\S]*\]))\s*(,|$)/y;
const SHAPE = /^\s*(?:\d+L?\s*,\s*)+(?:\d+L?\s*)?$|^\s*$/;

interface Header {
  readonly descr: string;
  readonly isFortran: boolean;
  readonly shape: readonly number[];
}

/** The dictionary of the header; null if it is none. */
function parseHeader(text: string): Header | null {
  const body = /^\s*\{([\s\S]*)\}\s*$/.exec(text)?.[1]?.trimEnd();
  if (body === undefined) return null;
  let descr: string | undefined;
  let isFortran: boolean | undefined;
  let shape: number[] | undefined;
  ENTRY.lastIndex = 0;
  while (ENTRY.lastIndex < body.length) {
    const match = ENTRY.exec(body);
    if (match === null) return null;
    const [, , key, , string, bool, tuple, list] = match;
    if (key === "descr" && descr === undefined && (string ?? list) !== undefined) descr = string ?? list;
    else if (key === "fortran_order" && isFortran === undefined && bool !== undefined) isFortran = bool === "True";
    else if (key === "shape" && shape === undefined && tuple !== undefined && SHAPE.test(tuple)) {
      shape = [...tuple.matchAll(/\d+/g)].map(([digits]) => Number(digits));
    } else return null;
  }
  return descr === undefined || isFortran === undefined || shape === undefined ? null : { descr, isFortran, shape };
}

class NpySink implements Sink<DenseMatrix> {
  readonly #name: string;
  readonly #head = new GrowingBytes(LONGEST_HEADER + 12);
  /** Of all of the header, as far as it is known. */
  #needed = 8;
  #rows = 0;
  #cols = 0;
  #shape = "";
  #type = TYPES["u1"] as (typeof TYPES)[string];
  #values: GrowingBytes | null = null;

  constructor(name: string) {
    this.#name = name;
  }

  write(chunk: Uint8Array): void {
    let at = 0;
    while (this.#values === null && at < chunk.length) {
      const end = Math.min(chunk.length, at + this.#needed - this.#head.length);
      this.#head.append(chunk.subarray(at, end));
      at = end;
      if (this.#head.length === this.#needed) this.#readHead();
    }
    if (this.#values?.append(chunk.subarray(at)) === false) {
      badFile(this.#name, `has more values than its header's ${this.#shape} of ${this.#type.size} bytes each`);
    }
  }

  #readHead(): void {
    const head = this.#head.view();
    const [major, minor] = [head[6] as number, head[7] as number];
    if (head.length === 8) {
      if (MAGIC.some((byte, i) => head[i] !== byte)) {
        badFile(this.#name, `is not an NPY file (it must begin with \\x93NUMPY)`);
      }
      if (!(major in PREFIX) || minor !== 0) {
        badFile(this.#name, `is NPY version ${major}.${minor}, expected 1.0, 2.0 or 3.0`);
      }
    }
    const prefix = PREFIX[major as keyof typeof PREFIX];
    if (head.length < prefix) {
      this.#needed = prefix;
      return;
    }
    if (head.length === prefix) {
      const view = new DataView(head.buffer, head.byteOffset);
      const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
      if (length === 0 || length > LONGEST_HEADER) {
        badFile(this.#name, `has a header of ${length} bytes, expected 1 to ${LONGEST_HEADER}`);
      }
      this.#needed = prefix + length;
      return;
    }
    this.#readHeader(new TextDecoder().decode(head.subarray(prefix)));
  }

  #readHeader(text: string): void {
    const header = parseHeader(text);
    if (header === null) {
      badFile(this.#name, `has the header ${quote(text)}, expected a dictionary of descr, fortran_order and shape`);
    }
    const { descr, isFortran, shape } = header;
    const [order, code] = [descr[0] ?? "", descr.slice(1)];
    const type = Object.hasOwn(TYPES, code) ? TYPES[code] : undefined;
    if (type === undefined || !"<>|=".includes(order)) {
      badFile(this.#name, `holds values of type ${quote(descr)}, expected bool, int, uint or float of at most 64 bits`);
    }
    if (type.size > 1 && order !== "<") {
      const kind = order === ">" ? "big-endian values" : "values of unknown byte order";
      badFile(this.#name, `holds ${kind} (${quote(descr)}), expected little-endian: save array.astype("<${code}")`);
    }
    if (isFortran) badFile(this.#name, "is in Fortran order, expected C order: save numpy.ascontiguousarray(array)");
    this.#shape = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
    if (shape.length !== 1 && shape.length !== 2) {
      badFile(this.#name, `has ${shape.length} dimensions, ${this.#shape}, expected 1 or 2`);
    }
    const [rows, cols] = [shape[0] as number, shape[1] ?? 1];
    const bytes = rows * cols * type.size;
    if (![rows, cols, bytes].every(Number.isSafeInteger)) {
      badFile(this.#name, `claims a shape of ${this.#shape}, which is too large`);
    }
    this.#rows = rows;
    this.#cols = cols;
    this.#type = type;
    this.#values = new GrowingBytes(bytes);
  }

  end(): DenseMatrix {
    const values = this.#values;
    if (values === null) badFile(this.#name, "is truncated in its header, or no NPY file");
    const count = this.#rows * this.#cols;
    if (values.length !== count * this.#type.size) {
      badFile(
        this.#name,
        `has ${values.length} bytes of values, its header says ${this.#shape} of ${this.#type.size} bytes each = ${count * this.#type.size}`,
      );
    }
    const data = this.#type.decode(values.view(), count, (at, text) => {
      const row = Math.floor(at / this.#cols);
      return badFile(this.#name, `row ${row}, column ${at - row * this.#cols}: ${text}`);
    });
    return { data, rows: this.#rows, cols: this.#cols };
  }
}

export const npySink = (name: string): Sink<DenseMatrix> => new NpySink(name);

/**
 * Reads an NPY file (versions 1 to 3, C order, little-endian) of one or two dimensions, plain or gzip. Types that the engine takes stay as they are; wider
 * integers become the narrowest type that holds them all, float16 becomes float32. One dimension gives one column.
 * @throws BitcenterError BAD_FILE saying what was found and what was expected
 */
export async function readNpy(source: ByteSource, options: NpyOptions = {}): Promise<DenseMatrix> {
  checkNames("readNpy", options, ["name"]);
  const name = nameOf(source, options.name, "NPY data");
  return drain(source, name, npySink(name));
}

const CODES: readonly (readonly [new (length: number) => NumericArray, string])[] = [
  [Uint8Array, "|u1"],
  [Uint8ClampedArray, "|u1"],
  [Int8Array, "|i1"],
  [Int16Array, "<i2"],
  [Float32Array, "<f4"],
  [Float64Array, "<f8"],
];
/** Values begin at a multiple of this. */
const ALIGNMENT = 64;

/**
 * An NPY file (version 1.0) of a dense matrix, in its own type (number[][]: float64), or of one dimension from a typed array.
 * @throws BitcenterError BAD_SHAPE for anything else
 */
export function toNpy(matrix: DenseMatrix | NumericArray): Uint8Array<ArrayBuffer> {
  const isVector = ArrayBuffer.isView(matrix);
  const { data, rows, cols } = isVector ? { data: matrix, rows: matrix.length, cols: 1 } : (matrix ?? {});
  const values = Array.isArray(data) ? Float64Array.from(data.flat()) : (data as NumericArray | undefined);
  const code = CODES.find(([type]) => values instanceof type)?.[1];
  const isRagged = Array.isArray(data) && data.some((row) => row.length !== cols);
  if (values === undefined || code === undefined || values.length !== rows * cols || isRagged) {
    throw new BitcenterError(
      "BAD_SHAPE",
      `toNpy: expected { data, rows, cols } with rows × cols values, given ${show(isVector ? matrix : data)}, rows: ${show(rows)}, cols: ${show(cols)}`,
    );
  }
  const shape = isVector ? `${rows},` : `${rows}, ${cols}`;
  const text = `{'descr': '${code}', 'fortran_order': False, 'shape': (${shape}), }`;
  const length = Math.ceil((PREFIX[1] + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(length + values.byteLength);
  bytes.set(MAGIC);
  bytes.set([1, 0, (length - PREFIX[1]) & 255, (length - PREFIX[1]) >> 8], MAGIC.length);
  bytes.set(new TextEncoder().encode(`${text.padEnd(length - PREFIX[1] - 1)}\n`), PREFIX[1]);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), length);
  return bytes;
}

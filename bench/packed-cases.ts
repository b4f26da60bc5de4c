// Packed codes in bench/kernels.ts: dots with 4, 2 and 1 bits in cache and streamed from memory, and the axpy.
import { packedColumns } from "../bindings/data/packed.js";
import { strideFor } from "../bindings/data/raw-rows.js";
import type { Core, Scope } from "../bindings/engine/core.js";
import type { KernelName } from "../bindings/engine/kernels.js";
import type { Variant } from "../bindings/engine/load.js";
import type { Passes, PassName } from "./opponents.js";
import type { Case } from "./rounds.js";

const WIDTHS = [4, 2, 1] as const;
type Bits = (typeof WIDTHS)[number];

/** Levels of the tables: whole codes between ±127, unevenly spaced. */
function levelsOf(bits: Bits): Int8Array {
  const count = 2 ** bits;
  return Int8Array.from({ length: count }, (_, i) =>
    Math.round(127 * Math.sin((Math.PI * (i - (count - 1) / 2)) / count)),
  );
}

/** The 64 bytes that assembly/kernel/packed.ts reads. */
function tableOf(bits: Bits, levels: Int8Array): Uint8Array {
  const bytes = new Uint8Array(64);
  for (let i = 0; i < 16; i++) {
    const level = levels[Math.min(i, levels.length - 1)] as number;
    [level, Math.abs(level), level < 0 ? 255 : 0, 2 ** bits - 1].forEach((value, place) => {
      bytes[16 * place + i] = value;
    });
  }
  return bytes;
}

const padTo = (bits: Bits, columns: number): number =>
  bits === 1 ? Math.ceil(columns / 128) * 128 : packedColumns(bits, columns);

/** Index of column j in a packed row (assembly/kernel/packed.ts). */
function indexAt(row: Uint8Array, bits: Bits, j: number): number {
  const width = 128 / bits;
  const byte = row[16 * Math.floor(j / width) + (j % 16)] as number;
  return (byte >> (bits * Math.floor((j % width) / 16))) & (2 ** bits - 1);
}

/** The engine's kernels for one width, checked against plain sums. */
function checkedDots(
  core: Core,
  bits: Bits,
  levels: Int8Array,
  table: number,
  row: number,
  padded: number,
  z: readonly [pointer: number, values: Int8Array],
): void {
  const codes = core.bytes(row, (padded * bits) / 8).slice();
  let [byIndex, byLevel] = [0, 0];
  for (let j = 0; j < padded; j++) {
    const index = indexAt(codes, bits, j);
    byIndex += index * (z[1][j] as number);
    byLevel += (levels[index] as number) * (z[1][j] as number);
  }
  const storage = `U${bits}` as const;
  const given = [
    core.kernels[`indexDot${storage}`](row, z[0], padded, table),
    core.kernels[`dot${storage}I8`](row, z[0], padded, table),
  ];
  if (given[0] !== byIndex || given[1] !== byLevel) throw new Error(`packed dots of ${bits} bits are wrong: ${given}`);
}

/** z int8 and int16, random, zero beyond `columns`. */
function models(core: Core, scope: Scope, columns: number, padded: number, random: () => number) {
  const values = new Int8Array(padded);
  for (let j = 0; j < columns; j++) values[j] = Math.floor(256 * random()) - 128;
  const z8 = scope.alloc(padded, "z");
  const z16 = scope.alloc(2 * padded, "z");
  core.bytes(z8, padded).set(new Uint8Array(values.buffer));
  core.bytes(z16, 2 * padded).set(new Uint8Array(Int16Array.from(values, (value) => 16 * value).buffer));
  return { values, z8, z16 };
}

/** Dots over rows that fit the cache, one call a row. */
export function packedDotCases(core: Core, scope: Scope, rows: number, columns: number, random: () => number): Case[] {
  return WIDTHS.flatMap((bits) => {
    const padded = padTo(bits, columns);
    const stride = strideFor((padded * bits) / 8);
    const codes = scope.alloc(rows * stride, "rows");
    const bytes = core.bytes(codes, rows * stride);
    for (let i = 0; i < bytes.length; i++) bytes[i] = 256 * random();
    const levels = levelsOf(bits);
    const table = scope.alloc(64, "a table of levels");
    core.bytes(table, 64).set(tableOf(bits, levels));
    const { values, z8, z16 } = models(core, scope, columns, padded, random);
    checkedDots(core, bits, levels, table, codes, padded, [z8, values]);
    const storage = `U${bits}` as const;
    const sweep = (kernel: KernelName, z: number) => (): void => {
      const dot = core.kernels[kernel];
      for (let i = 0, row = codes; i < rows; i++, row += stride) dot(row, z, padded, table);
    };
    const work = rows * columns;
    return [
      { name: `${bits}-bit, evenly spaced × int8`, work, run: sweep(`indexDot${storage}`, z8) },
      { name: `${bits}-bit, any levels × int8`, work, run: sweep(`dot${storage}I8`, z8) },
      { name: `${bits}-bit, any levels × int16`, work, run: sweep(`dot${storage}I16`, z16) },
    ];
  });
}

/** z += k·x with every row, in one call: float32 against packed codes with their updates looked up. */
export function axpyCases(
  { memory, heapBase, pass }: Passes,
  variant: Variant,
  rows: number,
  columns: number,
  random: () => number,
): Case[] {
  const work = rows * columns;
  let top = Math.ceil(heapBase() / 64) * 64;
  const place = (bytes: number): number => {
    const pointer = top;
    top = Math.ceil((top + bytes) / 64) * 64;
    return pointer;
  };
  const wide = Math.ceil(columns / 16) * 16;
  const stride = strideFor(4 * wide);
  const [x, z] = [place(rows * stride), place(4 * wide)];
  const values = new Float32Array(memory.buffer, x, (rows * stride) / 4);
  for (let i = 0; i < values.length; i++) values[i] = random() - 0.5;
  const forms = variant === "relaxed" ? (["axpyRowsMulAdd", "axpyRowsMadd"] as const) : (["axpyRowsMulAdd"] as const);
  const floats = forms.map((form): Case => {
    const sum = new Float32Array(memory.buffer, z, wide);
    sum.fill(0);
    pass[form](z, x, stride, 1, wide);
    if (sum.some((value, j) => value !== Math.fround(0.125 * (values[j] as number))))
      throw new Error(`${form} is wrong`);
    const run = (): void => void pass[form](z, x, stride, rows, wide);
    return { name: form === "axpyRowsMulAdd" ? "float32, mul + add" : "float32, relaxed madd", work, run };
  });
  const packed = WIDTHS.map((bits): Case => {
    const padded = padTo(bits, columns);
    const bytesPerRow = strideFor((padded * bits) / 8);
    const [codes, z8, offsets, table] = [place(rows * bytesPerRow), place(padded), place(16), place(64)];
    const bytes = new Uint8Array(memory.buffer, codes, rows * bytesPerRow);
    for (let i = 0; i < bytes.length; i++) bytes[i] = 256 * random();
    const lanes = new Uint16Array(memory.buffer, offsets, 8);
    for (let i = 0; i < 8; i++) lanes[i] = 128 * random();
    const levels = levelsOf(bits);
    new Uint8Array(memory.buffer, table, 64).set(tableOf(bits, levels));
    const given = new Int8Array(memory.buffer, z8, padded);
    given.fill(0);
    const kernel = pass[`axpyRowsU${bits}`];
    kernel(z8, codes, bytesPerRow, 1, padded, offsets, table);
    given.forEach((value, j) => {
      const index = indexAt(bytes, bits, j);
      const expected = Math.floor((100 * (levels[index] as number) + (lanes[index & 7] as number)) / 128);
      if (value !== expected)
        throw new Error(`axpy of ${bits} bits is wrong at column ${j}: ${value}, expected ${expected}`);
    });
    const run = (): void => void kernel(z8, codes, bytesPerRow, rows, padded, offsets, table);
    return { name: `${bits}-bit × int8, updates looked up`, work, run };
  });
  return [...floats, ...packed];
}

/** Rows of a streamed set are brought into cache this many bytes at a time, as the solvers do. */
const FETCHED = 1 << 14;
/** Values per call of a streamed set: every call goes on where the last one ended. */
const STREAMED = 2 ** 22;

/** Sums of dots over all rows in one call, of a set in cache; or, `isStreamed`, over a part of one that is larger than it. An instance of its own: linear memory never shrinks. */
export function sweepCases(
  { memory, heapBase, pass }: Passes,
  values: number,
  columns: number,
  isStreamed: boolean,
): Case[] {
  const rows = Math.floor(values / columns);
  const most = isStreamed ? Math.floor(STREAMED / columns) : rows;
  let top = Math.ceil(heapBase() / 64) * 64;
  const place = (bytes: number): number => {
    const pointer = top;
    top = Math.ceil((top + bytes) / 64) * 64;
    const missing = top - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65_536));
    return pointer;
  };
  const z = place(4 * columns);
  new Float32Array(memory.buffer, z, columns).fill(0.5);
  const seen = new Int8Array(memory.buffer, z, columns).slice();
  const tables = place(64 * WIDTHS.length);
  WIDTHS.forEach((bits, k) => {
    new Uint8Array(memory.buffer, tables + 64 * k + 48, 16).fill(2 ** bits - 1);
  });
  // bytes that are small floats, codes of seven bits and mixed indices alike; 1 MiB of them again and again, for speed
  const piece = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i % 4 === 3 ? 60 : (i * 37 + (i >> 8)) & 127));
  const make = (name: string, kernel: PassName, bits: number, table: number): Case => {
    const stride = strideFor((columns * bits) / 8);
    const codes = place(rows * stride);
    const bytes = new Uint8Array(memory.buffer, codes, rows * stride);
    for (let at = 0; at < bytes.length; at += piece.length) bytes.set(piece.subarray(0, bytes.length - at), at);
    const fetched = isStreamed ? Math.max(1, Math.floor(FETCHED / stride)) : 0;
    const sweep = (first: number, count: number): number =>
      (pass[kernel] as (...args: number[]) => number)(
        codes + first * stride,
        stride,
        count,
        z,
        columns,
        fetched,
        table,
      );
    // checked on the first rows, integers exactly
    let expected = 0;
    let slack = 0;
    const reals = new Float32Array(memory.buffer, codes, (3 * stride) / 4);
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < columns; j++) {
        const at = i * stride;
        const width = 128 / bits;
        const packed = bits < 8 ? (bytes[at + 16 * Math.floor(j / width) + (j % 16)] as number) : 0;
        const code =
          bits < 8 ? (packed >> (bits * Math.floor((j % width) / 16))) & (2 ** bits - 1) : (bytes[at + j] as number);
        const product = bits === 32 ? 0.5 * (reals[at / 4 + j] as number) : code * (seen[j] as number);
        expected += product;
        if (bits === 32) slack += columns * 2 ** -24 * Math.abs(product);
      }
    }
    const given = sweep(0, 3);
    if (!(Math.abs(given - expected) <= slack)) throw new Error(`${kernel} gives ${given}, expected ${expected}`);
    let next = 0;
    const run = (): void => {
      if (next + most > rows) next = 0;
      sweep(next, most);
      next += most;
    };
    return { name, work: most * columns, run };
  };
  return [
    make("float32", "sweepF32", 32, 0),
    make("int8 (0..127) × int8", "sweepI7", 8, 0),
    ...WIDTHS.map((bits, k) => make(`${bits}-bit, evenly spaced × int8`, `sweepU${bits}`, bits, tables + 64 * k)),
  ];
}

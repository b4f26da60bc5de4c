// Packed codes in bench/kernels.ts: dots with 4, 2 and 1 bits in cache and streamed from memory, and the axpy.
import { packedColumns } from "../bindings/data/packed.js";
import { strideFor } from "../bindings/data/raw-rows.js";
import type { Core, Scope } from "../bindings/engine/core.js";
import type { KernelName } from "../bindings/engine/kernels.js";
import type { Variant } from "../bindings/engine/load.js";
import type { Passes } from "./opponents.js";
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

interface Table {
  readonly levels: Int8Array;
  readonly table: number;
  readonly mask: number;
}

function writeTable(core: Core, scope: Scope, bits: Bits, padded: number): Table {
  const levels = levelsOf(bits);
  const table = scope.alloc(64, "a table of levels");
  const mask = scope.alloc(padded, "a mask");
  const bytes = core.bytes(table, 64);
  for (let i = 0; i < 16; i++) {
    const level = levels[Math.min(i, levels.length - 1)] as number;
    [level, Math.abs(level), level < 0 ? 255 : 0, 2 ** bits - 1].forEach((value, place) => {
      bytes[16 * place + i] = value;
    });
  }
  core.bytes(mask, padded).fill(255);
  return { levels, table, mask };
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
  { levels, table }: Table,
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
    const table = writeTable(core, scope, bits, padded);
    const { values, z8, z16 } = models(core, scope, columns, padded, random);
    checkedDots(core, bits, table, codes, padded, [z8, values]);
    const storage = `U${bits}` as const;
    const sweep = (kernel: KernelName, z: number) => (): void => {
      const dot = core.kernels[kernel];
      for (let i = 0, row = codes; i < rows; i++, row += stride) dot(row, z, padded, table.table);
    };
    const work = rows * columns;
    return [
      { name: `${bits}-bit, evenly spaced × int8`, work, run: sweep(`indexDot${storage}`, z8) },
      { name: `${bits}-bit, any levels × int8`, work, run: sweep(`dot${storage}I8`, z8) },
      { name: `${bits}-bit, any levels × int16`, work, run: sweep(`dot${storage}I16`, z16) },
    ];
  });
}

/** z += k·x: float32 against packed codes with their updates looked up. */
export function axpyCases(
  core: Core,
  scope: Scope,
  { memory, heapBase, pass }: Passes,
  variant: Variant,
  rows: number,
  columns: number,
  random: () => number,
): Case[] {
  const work = rows * columns;
  const wide = Math.ceil(columns / 16) * 16;
  const stride = strideFor(4 * wide);
  const x = Math.ceil(heapBase() / 64) * 64;
  const z = x + rows * stride;
  const values = new Float32Array(memory.buffer, x, (rows * stride) / 4);
  for (let i = 0; i < values.length; i++) values[i] = random() - 0.5;
  const forms = variant === "relaxed" ? (["axpyMulAdd", "axpyMadd"] as const) : (["axpyMulAdd"] as const);
  const floats = forms.map((form): Case => {
    const run = (): void => {
      for (let i = 0, row = x; i < rows; i++, row += stride) pass[form](z, row, wide, i & 1 ? -0.125 : 0.125);
    };
    const sum = new Float32Array(memory.buffer, z, wide);
    sum.fill(0);
    pass[form](z, x, wide, 0.125);
    if (sum.some((value, j) => value !== Math.fround(0.125 * (values[j] as number))))
      throw new Error(`${form} is wrong`);
    return { name: form === "axpyMulAdd" ? "float32, mul + add" : "float32, relaxed madd", work, run };
  });
  const packed = WIDTHS.map((bits): Case => {
    const padded = padTo(bits, columns);
    const bytesPerRow = strideFor((padded * bits) / 8);
    const codes = scope.alloc(rows * bytesPerRow, "rows");
    const bytes = core.bytes(codes, rows * bytesPerRow);
    for (let i = 0; i < bytes.length; i++) bytes[i] = 256 * random();
    const { levels, table } = writeTable(core, scope, bits, padded);
    const z8 = scope.alloc(padded, "z");
    const offsets = scope.alloc(16, "offsets");
    const view = core.view();
    for (let i = 0; i < 8; i++) view.setUint16(offsets + 2 * i, Math.floor(128 * random()), true);
    const lanes = Array.from({ length: 8 }, (_, i) => view.getUint16(offsets + 2 * i, true));
    const kernel = core.kernels[`axpyWholeU${bits}`];
    kernel(z8, codes, padded, 100, 7, offsets, table);
    const row = core.bytes(codes, (padded * bits) / 8).slice();
    const given = new Int8Array(core.bytes(z8, padded).slice().buffer);
    given.forEach((value, j) => {
      const index = indexAt(row, bits, j);
      const expected = Math.floor((100 * (levels[index] as number) + (lanes[index & 7] as number)) / 128);
      if (value !== expected)
        throw new Error(`axpyWholeU${bits} is wrong at column ${j}: ${value}, expected ${expected}`);
    });
    const run = (): void => {
      for (let i = 0, at = codes; i < rows; i++, at += bytesPerRow) {
        kernel(z8, at, padded, i & 1 ? -100 : 100, 7, offsets, table);
      }
    };
    return { name: `${bits}-bit × int8, updates looked up`, work, run };
  });
  return [...floats, ...packed];
}

/** Parts that a streamed set is walked in: one a call. */
const PARTS = 64;

/** Dots over `values` values, in order, from memory: every call goes on where the last one ended. */
export function streamCases(core: Core, scope: Scope, values: number, columns: number): Case[] {
  const rows = Math.floor(values / columns / PARTS) * PARTS;
  const make = (
    name: string,
    padded: number,
    rowBytes: number,
    dot: (row: number, z: number) => number,
    z: number,
  ): Case => {
    const stride = strideFor(rowBytes);
    const codes = scope.alloc(rows * stride, "rows");
    // any bytes that are small floats, small codes and mixed indices; a copy of 1 MiB, for speed
    const bytes = core.bytes(codes, rows * stride);
    const piece = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i % 4 === 3 ? 60 : (i * 37) & 127));
    for (let at = 0; at < bytes.length; at += piece.length) bytes.set(piece.subarray(0, bytes.length - at), at);
    let part = 0;
    const run = (): void => {
      let row = codes + (part * rows * stride) / PARTS;
      for (let i = 0; i < rows / PARTS; i++, row += stride) dot(row, z);
      part = (part + 1) % PARTS;
    };
    return { name, work: (rows / PARTS) * padded, run };
  };
  const zReal = scope.alloc(4 * columns, "z");
  core.f32(zReal, columns).fill(0.5);
  const cases = [
    make("float32", columns, 4 * columns, (row, z) => core.kernels.dotF32F32(row, z, columns), zReal),
    make("int8 (0..127) × int8", columns, columns, (row, z) => core.kernels.dotI7I8(row, z, columns), zReal),
  ];
  for (const bits of WIDTHS) {
    const { table } = writeTable(core, scope, bits, columns);
    const kernel = core.kernels[`indexDotU${bits}`];
    const name = `${bits}-bit, evenly spaced × int8`;
    cases.push(make(name, columns, (columns * bits) / 8, (row, z) => kernel(row, z, columns, table), zReal));
  }
  return cases;
}
